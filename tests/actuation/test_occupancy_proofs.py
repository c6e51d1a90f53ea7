"""Occupancies of policies: every end that is said to hold does, in exact arithmetic."""

from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest
from helpers import for_each, random_model

import empowerment as emp
from empowerment.actuation.kernels import actuation_kernels
from empowerment.actuation.occupancy.closed_form import lasting_steps, later_distances, upper_bound
from empowerment.actuation.occupancy.lassos import Graph, LassoOracle
from empowerment.actuation.occupancy.next_action import NextAction, information


@pytest.fixture(autouse=True)
def forty_digits():
    with localcontext() as context:
        context.prec = 40
        yield


def drawn(seed):
    """Return a deterministic world, a discount, and the generator that drew it."""
    rng = np.random.default_rng(seed)
    return random_model(seed, range(2, 8), range(1, 4), deterministic=True), float(rng.uniform(0.05, 0.98)), rng


def exact_occupancy(states, closes, discount):
    """Return the occupancy of a walk of different states whose last step leads back to the place `closes`."""
    g, length = Decimal(discount), len(states)
    again = 1 - g ** (length - closes)
    return {s: (1 - g) * g**i / (again if i >= closes else 1) for i, s in enumerate(states)}


def exact_divergence(row, q):
    return sum(p * (p / q[state]).ln() for state, p in row.items())


@for_each("seed", range(60))
def test_no_lasso_exceeds_the_price_of_the_oracle(seed):
    model, discount, rng = drawn(seed)
    later = later_distances(lasting_steps(model), np.array([0]), again=False)[0]
    graph = Graph.around(lasting_steps(model), 0, later, apart=False)
    q = rng.dirichlet(np.ones(graph.states.size)) + 1e-6
    total = sum(Decimal(each) for each in q.tolist())
    shares = [Decimal(each) / total for each in q.tolist()]
    for backend in ("numba", "reference"):
        upper, columns = LassoOracle(graph, discount, actuation_kernels(backend)).price(q, -np.inf)
        best = Decimal("-inf")
        for row, walk in zip(columns.rows, columns.sequences.tolist(), strict=True):
            known = exact_occupancy([s for s in walk[1:] if s >= 0], walk[0], discount)
            assert row == pytest.approx([float(known.get(s, 0)) for s in range(q.size)], rel=1e-14)
            best = max(best, exact_divergence(known, shares))
        assert best <= Decimal(upper) <= best + Decimal("1e-11")


@for_each("seed", range(60))
def test_the_closed_form_is_rounded_up(seed):
    model, discount, _ = drawn(seed)
    later = later_distances(lasting_steps(model), np.arange(model.n_states), again=False)
    g = Decimal(discount)
    log_theta = g.ln() + (1 - g) / g * (1 - g).ln()
    for row, bound in zip(later.tolist(), upper_bound(later, discount, True).tolist(), strict=True):
        weights = [(int(d) * log_theta).exp() for d in row if d < np.inf]
        exact = (Decimal(1) + sum(weights)).ln()
        assert exact <= Decimal(bound) <= exact + Decimal("1e-13")


@for_each("seed", range(60))
def test_skills_carry_the_lower_end(seed):
    model, discount, _ = drawn(seed)
    result = emp.skill_empowerment(model, discount, base="e")
    verified = result.verify(model)[0]
    for number in range(model.n_states):
        own = result.walks.only(number)
        rows = [
            exact_occupancy([s for s in states if s >= 0], closes, discount)
            for states, closes in zip(own.states.tolist(), own.repeats.tolist(), strict=True)
        ]
        weights = [Decimal(each) for each in own.weights.tolist()]
        total = sum(weights)
        q = {}
        for weight, row in zip(weights, rows, strict=True):
            for state, p in row.items():
                q[state] = q.get(state, Decimal(0)) + weight / total * p
        exact = sum(w / total * exact_divergence(row, q) for w, row in zip(weights, rows, strict=True))
        assert Decimal(float(result.lower[number])) <= exact + Decimal("1e-35")
        assert Decimal(float(verified[number])) <= exact + Decimal("1e-35")


@for_each("seed", range(40))
def test_rows_of_next_actions_are_as_near_to_the_exact_ones_as_they_say(seed):
    rng = np.random.default_rng(seed)
    model = random_model(seed, range(2, 5), range(2, 4), deterministic=bool(seed % 2))
    discount = float(rng.choice([0.3, 0.9, 1 - 2.0**-20]))
    policy = rng.dirichlet(np.ones(model.n_actions), model.n_states)
    found, distance = NextAction(model, policy, None, discount).later(np.eye(model.n_states))
    known = exact_resolvent(model, policy, discount)
    apart = max(
        sum(abs(Fraction(x) - y) for x, y in zip(row, exact, strict=True))
        for row, exact in zip(found.tolist(), known, strict=True)
    )
    assert apart / 2 <= Fraction(distance)
    assert distance < 1e-13 / (1 - discount)


def exact_resolvent(model, policy, discount):
    """Return ``(1 - discount) * inv(1 - discount * P)`` in fractions, by Gauss-Jordan elimination."""
    n, g = model.n_states, Fraction(discount)
    dense, chosen = model.to_dense().tolist(), policy.tolist()
    rows = []
    for s in range(n):
        step = [
            sum(Fraction(chosen[s][a]) * Fraction(dense[s][a][t]) for a in range(model.n_actions)) for t in range(n)
        ]
        rows.append([(s == t) - g * step[t] for t in range(n)] + [(1 - g) * (s == t) for t in range(n)])
    for k in range(n):
        rows[k] = [each / rows[k][k] for each in rows[k]]
        for i in range(n):
            if i != k:
                rows[i] = [x - rows[i][k] * y for x, y in zip(rows[i], rows[k], strict=True)]
    return [row[n:] for row in rows]


def test_an_information_is_as_near_as_it_says_for_rows_that_are_moved():
    rng = np.random.default_rng(0)
    for distance in (1e-3, 1e-6, 1e-12):
        for _ in range(20):
            rows, weights = rng.dirichlet(np.ones(4), 3), rng.dirichlet(np.ones(3))
            other = rng.dirichlet(np.ones(4), 3)
            moved = (1 - distance) * rows + distance * other  # no row by more than this, in total variation
            value, error = information(moved, weights, distance)
            known, rounding = information(rows, weights, 0.0)
            assert abs(value - known) <= error + rounding
            assert error >= 2 * distance
