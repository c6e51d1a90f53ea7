"""The search of all policies of a stochastic world: its kernels against each other and against all policies."""

from itertools import product

import numpy as np
import pytest
from helpers import for_each, random_model

from empowerment.actuation.kernels import actuation_kernels
from empowerment.actuation.kernels.cpu import policy_bounds as compiled
from empowerment.actuation.kernels.reference import policy_bounds as plain
from empowerment.actuation.occupancy.branch_and_bound import Budget, bound_divergence, whole_set
from empowerment.actuation.occupancy.choices import ReachableWorld
from empowerment.actuation.occupancy.policies import occupancies, visited
from empowerment.models.dead_ends import lasting_actions

NUMBA, REFERENCE = actuation_kernels("numba"), actuation_kernels("reference")


def world_of(seed, largest=6):
    """A random world with at most so many states, the occupancies of all its policies and these, and a q."""
    rng = np.random.default_rng(seed)
    model = random_model(seed, range(2, largest + 1), range(2, 4))
    start = rng.dirichlet(np.ones(model.n_states)) if seed % 2 else np.eye(model.n_states)[0]
    found = ReachableWorld.around(model, lasting_actions(model), start, float(rng.uniform(0.05, 0.98)), apart=False)
    world = found.choices
    choices = (range(*world.first[s : s + 2]) for s in range(world.start.size))
    policies = np.array(list(product(*choices)))
    q = rng.dirichlet(np.ones(world.start.size)) + 1e-6
    return rng, world, policies, occupancies(world, policies).rows, q


def divergences(rows, q):
    return (rows * np.log(np.where(rows > 0, rows, 1.0) / q)).sum(axis=1)


@for_each("seed", range(60), first=20)
def test_lines_bound_the_occupancies_of_all_policies(seed):
    _, world, _, rows, _ = world_of(seed)
    for kernels in (NUMBA, REFERENCE):
        lines = kernels.tradeoffs(world, 7)
        for t, s in product(range(world.start.size), repeat=2):
            sums = rows[:, s, None] + lines[t, s, :, 0] * rows[:, t, None]
            assert (sums <= lines[t, s, :, 1]).all()
            touched = lines[t, s, :, 0] > 0
            assert sums.max(axis=0)[touched] == pytest.approx(lines[t, s, touched, 1], abs=1e-9)


@for_each("seed", range(60), first=20)
def test_every_set_keeps_its_best_policies_and_bounds_them(seed):
    rng, world, policies, rows, q = world_of(seed)
    costs, heights = -np.log(q), divergences(rows, q)
    for kernels in (NUMBA, REFERENCE):
        lines, part = kernels.tradeoffs(world, 7), whole_set(world)
        for _ in range(4):
            cut = float(np.quantile(heights, rng.uniform(0.0, 1.0)))
            found = kernels.bound_policies(world, lines, costs, cut, part)
            own = rows[np.arange(len(rows))[:, None], world.owner[policies]]
            inside = part.allowed[policies] & (part.low[policies] <= own) & (own <= part.high[policies])
            inside = inside.all(axis=1)
            assert found.bound >= heights[inside].max(initial=-np.inf) - 1e-13
            # Whatever has been left out has at most the divergence of the cut.
            assert heights[~inside].max(initial=-np.inf) <= cut + 1e-13
            part = whole_set(world)


@for_each("seed", range(60), first=20)
def test_both_certificates_are_the_same_and_bound_all_policies_for_any_values(seed):
    rng, world, _, rows, q = world_of(seed)
    part, costs = whole_set(world), -np.log(q)
    for scale in (0.0, 1.0, 100.0):
        values = scale * rng.standard_normal(world.start.size)
        found = [kernel.certificate(world, costs, part, values) for kernel in (compiled, plain)]
        assert found[0] == pytest.approx(found[1], rel=1e-12)
        assert min(found) >= divergences(rows, q).max()


@for_each("seed", range(60), first=20)
def test_both_kernels_bound_and_split_a_set_in_the_same_way(seed):
    _, world, _, rows, q = world_of(seed)
    costs, cut = -np.log(q), float(divergences(rows, q).max()) - 1e-3
    parts = [whole_set(world), whole_set(world)]
    found = [
        kernels.bound_policies(world, kernels.tradeoffs(world, 7), costs, cut, part)
        for kernels, part in zip((NUMBA, REFERENCE), parts, strict=True)
    ]
    assert found[0].bound == pytest.approx(found[1].bound, abs=0.02)
    assert found[0].bound >= cut
    # Hitting times are improved to within a thousandth, in an order of their own.
    assert parts[0].high == pytest.approx(parts[1].high, abs=0.02)
    assert parts[0].low == pytest.approx(parts[1].low, abs=0.02)


@for_each("seed", range(60), first=20)
def test_climbing_ends_at_policies_that_no_change_of_one_state_improves(seed):
    rng, world, policies, rows, q = world_of(seed)
    costs, heights = -np.log(q), divergences(rows, q)
    rewards = rng.standard_normal((5, world.start.size))
    for kernels in (NUMBA, REFERENCE):
        found, reached = kernels.ascend(world, costs, rewards)
        assert occupancies(world, found).rows == pytest.approx(reached, abs=1e-12)
        for policy, height in zip(found, divergences(reached, q), strict=True):
            near = (policies != policy).sum(axis=1) == 1
            assert heights[near].max(initial=-np.inf) <= height + 1e-9


def test_occupancies_are_those_of_powers_and_know_where_policies_go():
    _, world, policies, _, _ = world_of(3)
    moves = np.zeros((world.owner.size, world.start.size))
    moves[np.repeat(np.arange(world.owner.size), np.diff(world.indptr)), world.indices] = world.data
    found, met = occupancies(world, policies[:5]), visited(world, policies[:5])
    assert found.distance < 1e-12
    for row, policy, seen in zip(found.rows, policies, met, strict=False):
        where, total = world.start, np.zeros(world.start.size)
        for t in range(4000):
            total += (1 - world.discount) * world.discount**t * where
            where = where @ moves[policy]
        assert row == pytest.approx(total, abs=1e-12)
        assert ((total > 1e-15) == seen).all()


def test_a_search_that_is_ended_holds_and_one_below_the_best_finds_it():
    _, world, _, rows, q = world_of(11)
    best = float(divergences(rows, q).max())
    lines = NUMBA.tradeoffs(world, 7)
    short = bound_divergence(world, lines, q, best + 1e-9, NUMBA, Budget(nodes=1))
    assert short.bound >= best
    better = bound_divergence(world, lines, q, best - 0.05, NUMBA, Budget())
    assert better.bound >= best
    assert float(divergences(occupancies(world, better.policies).rows, q).max()) > best - 0.05
