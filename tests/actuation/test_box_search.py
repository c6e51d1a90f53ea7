"""The search for the best policies over boxes of readings: its bounds hold, and meet."""

import math

import numpy as np
import pytest
from dead_end_oracles import random_world
from helpers import for_each, in_nats

import empowerment as emp
from empowerment.actuation.box_search.boxes import Boxes, Price, chords, tightened, within_mass
from empowerment.actuation.box_search.capacity import bounded_capacity, found_capacity
from empowerment.actuation.box_search.frontier import Frontier
from empowerment.actuation.box_search.polytope import divergence_terms
from empowerment.actuation.box_search.search import BoxSearch
from empowerment.actuation.budget import Budget
from empowerment.actuation.dynamics import Dynamics
from empowerment.actuation.feedback.best_policies import BestPolicies
from empowerment.actuation.feedback.information_states import information_states_of_model
from empowerment.actuation.feedback.listed_policies import rows_of_all_policies
from empowerment.actuation.feedback.markov_policies import MarkovPolicies
from empowerment.actuation.kernels import OUTSIDE, cpu, reference
from empowerment.actuation.sensor import make_sensor
from empowerment.actuation.task import NoSequenceError
from empowerment.core.status import Status

TOL = 1e-7  # nats
KERNELS = {"numba": cpu, "reference": reference}


def policies_of(model, horizon, start=0, sensor=None):
    dynamics = Dynamics.of(model, make_sensor(sensor, model))
    states = information_states_of_model(dynamics, start, horizon, "final")
    return BestPolicies(states), rows_of_all_policies(states, 10**6, 1e9)


def random_policies(seed):
    """The policies of a small random world, and the rows of all of them; None for both if there are none."""
    rng = np.random.default_rng(seed)
    n_states, n_actions, horizon = ((3, 2, 3), (4, 2, 3), (6, 2, 2), (5, 3, 2), (8, 6, 1))[seed % 5]
    sensor = (None, None, rng.dirichlet(np.full(3, 0.5), size=n_states))[seed % 3]
    rows = rng.dirichlet(np.full(n_states, (0.3, 1.0)[seed % 2]), size=(n_states, n_actions))
    rows = np.where(rows > 0.03, rows, 0.0)
    available = rng.random((n_states, n_actions)) >= (0.2 if seed % 4 == 3 else 0.0)
    model = emp.MDP(rows / rows.sum(axis=2, keepdims=True), available=available)
    try:
        return policies_of(model, horizon, 0, sensor)
    except NoSequenceError:
        return None, None


def exact_capacity(rows):
    return emp.channel_capacity(rows[:, rows.any(axis=0)], base=math.e, tol=1e-11, on_failure="ignore")


def no_rows(policies):
    return np.empty((0, policies.n_readings))


@for_each("seed", range(200), first=12)
def test_the_interval_holds_the_capacity_over_all_policies_and_is_narrow(seed):
    """At any budget; and with enough of it the ends meet."""
    policies, rows = random_policies(seed)
    if policies is None:
        return
    exact = exact_capacity(rows)
    for nodes in (1, 5, 100_000):
        found = bounded_capacity(policies, no_rows(policies), in_nats(TOL), cpu, Budget(nodes))
        assert found.lower <= exact.upper + 1e-12
        assert exact.lower <= found.upper + 1e-12
    assert found.upper - found.lower <= TOL


@for_each("seed", range(25), first=5)
@for_each("backend", list(KERNELS))
def test_the_largest_divergence_is_that_of_the_best_policy(seed, backend):
    """From any q, by both kernels, above or below any level."""
    policies, rows = random_policies(seed)
    if policies is None:
        return
    rng = np.random.default_rng(seed)
    q = rng.dirichlet(np.ones(policies.n_readings))
    largest = divergence_terms(rows[:, policies.readings], np.log(q)).sum(axis=1).max()
    for level in (largest + 1e-6, 0.5 * largest):
        search = BoxSearch(policies, KERNELS[backend], Budget(50_000))
        found = search.largest_divergence(q, level, no_rows(policies))
        assert found.bound >= min(largest, max(largest, level)) - 1e-12
        if level > largest:
            assert found.bound <= level + 1e-12
            assert not len(found.rows)
        else:  # it has found something better, or proved what is the best
            assert divergence_terms(found.rows, np.log(q)).sum(axis=1).min() > level


def random_boxes(seed, n_boxes=6):
    """Boxes around mixtures of rows, or beside all of them; the rows; and payoffs."""
    rng = np.random.default_rng(seed)
    n_readings = 2 + seed % 5
    rows = rng.dirichlet(np.full(n_readings, 0.5), size=12)
    centres = rng.dirichlet(np.ones(12), size=n_boxes) @ rows
    low = np.maximum(centres - rng.random((n_boxes, n_readings)) * 0.2, 0)
    high = np.minimum(centres + rng.random((n_boxes, n_readings)) * 0.2, 1)
    low[0], high[0] = 0.9 / n_readings, 0.91 / n_readings  # no distribution is in there
    candidates = np.array([rng.permutation(12) for _ in range(n_boxes)])
    candidates[1, 3:], candidates[2, 1:] = -1, -1
    return rows, candidates, low, high, rng.standard_normal((n_boxes, n_readings)) * 3


def dual_value(rows, low, high, payoffs, prices):
    """What the prices prove of the best mixture in a box."""
    gains = (payoffs - prices) * np.stack([low, high])
    return (rows @ prices).max() + gains.max(axis=0).sum()


@for_each("seed", range(60), first=20)
def test_both_kernels_solve_the_linear_program(seed):
    """Their prices prove the same value, which their mixtures attain; multipliers need not be unique."""
    rows, candidates, low, high, payoffs = random_boxes(seed)
    solved = {name: kernels.box_prices(rows, candidates, low, high, payoffs) for name, kernels in KERNELS.items()}
    for box in range(len(low)):
        known = candidates[box][candidates[box] >= 0]
        values = []
        for prices, weights in solved.values():
            own = weights[box, : known.size]
            assert own.min() >= -1e-9
            assert own.sum() == pytest.approx(1, abs=1e-9)
            point = own @ rows[known]
            outside = np.maximum(low[box] - point, 0) + np.maximum(point - high[box], 0)
            attained = payoffs[box] @ np.clip(point, low[box], high[box]) - OUTSIDE * outside.sum()
            values += [attained, dual_value(rows[known], low[box], high[box], payoffs[box], prices[box])]
        assert values == pytest.approx([values[0]] * 4, abs=1e-7)


def test_a_box_without_rows_is_proved_to_be_empty():
    """The prices of a box beside all rows bring the bound below anything."""
    rows, candidates, low, high, _ = random_boxes(3)
    q = np.full(low.shape[1], 1 / low.shape[1])
    for kernels in KERNELS.values():
        prices, _ = kernels.box_prices(rows, candidates[:1], low[:1], high[:1], chords(low[:1], high[:1], np.log(q)))
        gains = divergence_terms(np.stack([low[0], high[0]]), np.log(q)) - prices[0] * np.stack([low[0], high[0]])
        assert (rows @ prices[0]).max() + gains.max(axis=0).sum() < 0


def a_box(low, high):
    """One box, open and not yet split."""
    return Boxes(
        low=low[None],
        high=high[None],
        bounds=np.array([np.inf]),
        candidates=np.zeros((1, 1), dtype=np.int64),
        readings=np.zeros(1, dtype=np.int64),
        below=np.zeros(1),
        above=np.zeros(1),
        looseness=np.ones(1),
    )


@for_each("seed", range(60), first=20)
def test_no_row_above_the_level_is_lost(seed):
    """Whatever the prices: what is cut off, or lies in the hole where a box is split, stays below the level."""
    rng = np.random.default_rng(seed)
    rows = rng.dirichlet(np.full(4, 0.4), size=4000)
    q, prices = rng.dirichlet(np.ones(4)), rng.standard_normal(4) * rng.choice([0.3, 2.0])
    logs, level = np.log(q), rng.random()
    middle = rows[0]
    low, high = np.maximum(middle - 0.3 * rng.random(4), 0), np.minimum(middle + 0.3 * rng.random(4), 1)
    inside = rows[((low <= rows) & (rows <= high)).all(axis=1)]
    divergences = divergence_terms(inside, logs).sum(axis=1)
    price = Price(prices[None], np.array([(inside @ prices).max()]), middle[None])
    found = within_mass(tightened(a_box(low, high), price, logs, level), 1.0, 1.0)
    assert divergences.max() <= found.bounds[0] or divergences.max() <= level
    above = inside[divergences > level]
    if not np.isfinite(found.bounds[0]):
        assert not len(above)
        return
    halves = found.halves()
    held = ((halves.low <= above[:, None]) & (above[:, None] <= halves.high)).all(axis=2)
    assert held.any(axis=1).all()


def test_the_frontier_gives_the_largest_bounds_and_keeps_the_others():
    rng = np.random.default_rng(0)
    bounds = rng.permutation(200).astype(float)
    boxes = a_box(np.zeros(2), np.ones(2)).chosen(np.zeros(200, dtype=int))._replace(bounds=bounds)
    frontier = Frontier(boxes.chosen(np.arange(3)))
    frontier.add(boxes.chosen(np.arange(3, 200)))
    taken = []
    while len(frontier):
        assert frontier.bound == 199 - len(taken)
        taken += frontier.take(7).bounds.tolist()
    assert taken == sorted(bounds.tolist(), reverse=True)
    assert frontier.bound == -math.inf


@for_each("seed", range(12))
def test_policies_by_level_and_by_column_are_the_same_polytope(seed):
    world = random_world(np.random.default_rng(seed), n_states=3).seen()
    model = world.mdp()
    dynamics = Dynamics.of(model, make_sensor(None, model))
    try:
        best = BestPolicies(information_states_of_model(dynamics, 0, 3, "final"))
    except NoSequenceError:
        return
    slow = MarkovPolicies(dynamics, 0, 3, 1e3)
    payoffs = np.random.default_rng(1).standard_normal((20, model.n_states))
    values, rows = slow.support(payoffs[:, slow.readings])
    assert values == pytest.approx(best.support(payoffs[:, best.readings])[0], abs=1e-12)
    assert (rows * payoffs[:, slow.readings]).sum(axis=1) == pytest.approx(values, abs=1e-12)
    assert (values >= (rows * payoffs[:, slow.readings]).sum(axis=1)).all()


@pytest.fixture(scope="module")
def lake():
    pytest.importorskip("gymnasium")
    return emp.from_gymnasium("FrozenLake-v1")


def test_a_slippery_lake_of_three_steps_is_exact(lake):
    """Too many policies to list, but with ten readings few boxes."""
    policies, _ = policies_of(lake, 3)
    budget = Budget(2000)
    found = bounded_capacity(policies, no_rows(policies), in_nats(1e-9), cpu, budget)
    assert found.lower == pytest.approx(0.513556, abs=1e-6)
    assert found.upper - found.lower <= 1e-9
    assert budget.spent is None
    local = found_capacity(policies, no_rows(policies), in_nats(1e-9), 10)
    assert local.upper == math.inf
    assert found.lower - 1e-3 <= local.lower <= found.upper


def test_four_steps_are_bounded_from_both_sides_by_default(lake):
    result = emp.empowerment(lake, 4, states=0, feedback=True, method="interval", base="e")
    assert 0.6246 <= result.lower[0] <= 0.62510 <= result.upper[0] <= 0.68
    assert result.status.tolist() == [Status.NODE_LIMIT]


@pytest.mark.slow
def test_longer_ones_are_bounded_as_narrowly_as_was_ever_found(lake):
    """In nats."""
    for horizon, nodes, known in ((4, 6000, (0.62509, 0.63099)), (5, 8000, (0.71456, 0.75702))):
        options = {"method": "interval", "options": {"max_nodes": nodes}, "base": "e"}
        result = emp.empowerment(lake, horizon, states=0, feedback=True, **options)
        assert known[0] - 1e-5 <= result.lower[0] <= result.upper[0] <= known[1]
        assert result.status.tolist() == [Status.NODE_LIMIT]


def test_limits_are_named_and_kept(lake):
    ask = {"states": 0, "feedback": True, "method": "interval", "on_failure": "ignore"}
    first, again = (emp.empowerment(lake, 4, **ask, options={"max_nodes": 64}) for _ in range(2))
    assert (first.lower, first.upper) == (again.lower, again.upper)
    assert first.status.tolist() == [Status.NODE_LIMIT]
    timed = emp.empowerment(lake, 4, **ask, options={"max_seconds": 1e-9})
    assert timed.status.tolist() == [Status.TIME_LIMIT]
    assert timed.upper >= first.upper
    wide = emp.empowerment(lake, 4, **ask, tol=1.0)
    assert wide.status.tolist() == [Status.CERTIFIED]
    with pytest.warns(emp.ConvergenceWarning, match="sets of policies .* raise max_nodes or tol"):
        emp.empowerment(lake, 4, states=0, feedback=True, options={"max_nodes": 64, "memory": 5e8})
    for options, message in (({"max_nodes": 0}, "max_nodes is 0"), ({"max_seconds": 0}, "max_seconds is 0")):
        with pytest.raises(ValueError, match=message):
            emp.empowerment(lake, 4, **ask, options=options)
