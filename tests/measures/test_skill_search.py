"""Empowerment over skills in stochastic worlds, by branch and bound over all policies.

Known values come from an independent computation in nats, to the digits given here.
"""

import math
import os
import signal
import time
from itertools import product

import numpy as np
import pytest
from helpers import for_each, random_model, slip_grid

import empowerment as emp
from empowerment.actuation.budget import Budget
from empowerment.actuation.kernels import actuation_kernels
from empowerment.actuation.occupancy.branch_and_bound import bound_divergence, pair_lines
from empowerment.actuation.occupancy.choices import ReachableWorld
from empowerment.models.dead_ends import lasting_actions


def lake():
    return emp.from_gymnasium("FrozenLake-v1", is_slippery=True)


TWO = emp.MDP(np.array([[[0.9, 0.1], [0.2, 0.8]], [[0.1, 0.9], [0.7, 0.3]]]))
THREE = emp.MDP(
    np.array(
        [
            [[0.8, 0.1, 0.1], [0.1, 0.8, 0.1]],
            [[0.1, 0.1, 0.8], [0.6, 0.3, 0.1]],
            [[0.2, 0.2, 0.6], [0.3, 0.4, 0.3]],
        ]
    )
)
# model, discount, start, value, its digits, tolerance
SMALL = [
    (TWO, 0.5, 0, 0.102662175221, 1e-11, 1e-9),
    (TWO, 0.9, 0, 0.259311778372, 1e-11, 1e-9),
    (THREE, 0.5, 0, 0.068515033798, 1e-11, 1e-9),
    (THREE, 0.9, 0, 0.148185815484, 1e-11, 1e-9),
    (slip_grid(3, 0.1), 0.5, 4, 0.6522755360, 5e-10, 1e-6),
    (slip_grid(3, 0.1), 0.9, 4, 1.5065735735, 5e-7, 1e-6),
]
LARGER = [
    (lake(), 0.5, 0, 0.168942847, 5e-9, 1e-8),
    (lake(), 0.9, 0, 0.698236981, 5e-9, 1e-8),
    (lake(), 0.95, 0, 0.9527700095, 5e-10, 1e-8),
    (lake(), 0.99, 0, 1.410066761, 5e-9, 1e-8),
    (slip_grid(3, 0.1), 0.95, 0, 1.569034052, 5e-7, 1e-6),
]

on_both_kernels = for_each("backend", ["numba", "reference"])


def skills(model, discount, states=None, **options):
    return emp.skill_empowerment(model, discount, states=states, base="e", **options)


def holds(result, value, digits):
    """Whether the interval holds a value that is known to so many digits, and is as narrow as was asked for."""
    return bool(result.converged.all()) and result.lower[0] <= value + digits and value - digits <= result.upper[0]


def reachable(model, start, discount, apart=False):
    first = np.eye(model.n_states)[start]
    return ReachableWorld.around(model, lasting_actions(model), first, discount, apart=apart)


def all_occupancies(world):
    """The occupancies of all deterministic policies, one linear system each."""
    n_states = world.start.size
    moves = np.zeros((world.owner.size, n_states))
    moves[np.repeat(np.arange(world.owner.size), np.diff(world.indptr)), world.indices] = world.data
    policies = np.array(list(product(*(range(*world.first[s : s + 2]) for s in range(n_states)))))
    systems = np.eye(n_states) - world.discount * moves[policies].transpose(0, 2, 1)
    begin = np.broadcast_to((1 - world.discount) * world.start, (len(policies), n_states))
    return np.maximum(np.linalg.solve(systems, begin[:, :, None])[:, :, 0], 0.0)


def divergences(rows, q):
    return (rows * np.log(np.where(rows > 0, rows, 1.0) / q)).sum(axis=1)


def stochastic_world(seed):
    return random_model(seed, range(2, 8), range(1, 4), missing=[0.0, 0.2])


def skips(model):
    return not lasting_actions(model)[0].any()


def test_values_of_small_worlds_on_the_reference_kernel():
    for model, discount, start, value, digits, tol in SMALL:
        assert holds(skills(model, discount, start, tol=tol, backend="reference"), value, digits)


def test_values_of_small_worlds():
    for model, discount, start, value, digits, tol in SMALL + LARGER:
        result = skills(model, discount, start, tol=tol)
        assert holds(result, value, digits)
        assert result.method == "branch-and-bound"
        assert result.kind.tolist() == ["exact"]
        assert result.value[0] <= emp.skill_empowerment_bound(model, discount, states=start, base="e")[0]


@for_each("seed", range(350), first=15)
@on_both_kernels
def test_the_bound_on_the_divergence_is_that_of_all_policies(seed, backend):
    rng = np.random.default_rng(seed)
    model, discount = stochastic_world(seed), float(rng.uniform(0.05, 0.98))
    if skips(model):
        return
    world = reachable(model, 0, discount, apart=seed % 3 == 0).choices
    q = rng.dirichlet(np.ones(world.start.size)) + 1e-6
    best = float(divergences(all_occupancies(world), q).max())
    kernels = actuation_kernels(backend)
    lines = pair_lines(world, kernels)
    for above in (1e-9, 1e-4, 0.05):
        outcome = bound_divergence(world, lines, q, best + above, kernels, Budget(nodes=20_000))
        assert best - 1e-12 <= outcome.bound <= best + above + 1e-7
        assert not len(outcome.policies)
    # A cut below the largest divergence ends with a better policy.
    outcome = bound_divergence(world, lines, q, best - 1e-6, kernels, Budget(nodes=20_000))
    assert outcome.bound >= best - 1e-12
    if len(outcome.policies):
        assert outcome.bound > best - 1e-6


@for_each("seed", range(200), first=30)
def test_the_interval_is_that_of_all_deterministic_policies(seed):
    model, discount = stochastic_world(seed), float(np.random.default_rng(seed).uniform(0.05, 0.98))
    include_start = seed % 2 == 0
    result = skills(model, discount, 0, tol=1e-8, include_start=include_start)
    if skips(model):
        assert result.status[0] == emp.Status.NO_SEQUENCE
        assert result.upper[0] == 0
        return
    rows = all_occupancies(reachable(model, 0, discount, apart=not include_start).choices)
    known = emp.channel_capacity(emp.Channel(rows, normalize=True), base="e", tol=1e-11)
    scale = 1.0 if include_start else discount
    assert result.converged.all()
    assert result.lower[0] <= known.upper / scale + 1e-12
    assert known.lower / scale <= result.upper[0] + 1e-12


def test_both_ends_follow_from_the_skills_and_the_output_distribution():
    spread = np.zeros(3)
    spread[[0, 2]] = 0.25, 0.75
    for include_start in (True, False):
        for model, question in [(slip_grid(2, 0.1), {"states": [0, 3]}), (THREE, {"initial": spread})]:
            result = skills(model, 0.8, include_start=include_start, **question)
            lower, upper = result.verify(model)
            assert lower == pytest.approx(result.lower, abs=1e-11)
            assert (result.lower <= upper).all()
            assert (upper <= result.upper + 1e-9).all()
    with pytest.raises(ValueError, match="model has other states or actions than the result"):
        result.verify(TWO)


def test_skills_are_policies_whose_information_is_the_lower_end():
    for include_start in (True, False):
        model = THREE
        result = skills(model, 0.8, 0, include_start=include_start)
        tables, rows = result.policies(0), result.occupancies(0)
        found = result.skills(0)
        assert len(found) == len(tables) == len(rows)
        for skill, table, row in zip(found, tables, rows, strict=True):
            late = dict(zip(skill.states[-int((table >= 0).sum()) :], skill.actions, strict=False))
            assert set(late) == set(np.flatnonzero(table >= 0).tolist())
            moves = model.to_dense()[np.arange(3), np.maximum(table, 0)]
            begin = np.eye(3)[0] if include_start else model.to_dense()[0, model.actions.index(skill.actions[0])]
            assert row == pytest.approx(0.2 * begin @ np.linalg.inv(np.eye(3) - 0.8 * moves), abs=1e-12)
        chances = np.array([skill.probability for skill in found])
        q = chances @ rows
        assert float((chances * divergences(rows, q)).sum()) == pytest.approx(result.lower[0], abs=1e-3)


def test_a_limit_leaves_an_interval_and_a_status_that_names_it():
    model = slip_grid(3, 0.1)
    known = 1.569034052
    with pytest.warns(emp.ConvergenceWarning, match="the limit on sets of policies came first"):
        few = skills(model, 0.95, 0, options={"max_nodes": 20})
    again = skills(model, 0.95, 0, options={"max_nodes": 20}, on_failure="ignore")
    assert (few.lower[0], few.upper[0], few.table.nodes[0]) == (again.lower[0], again.upper[0], 20)
    short = skills(model, 0.95, 0, options={"max_seconds": 1e-9}, on_failure="ignore")
    for result, status in [(few, emp.Status.NODE_LIMIT), (short, emp.Status.TIME_LIMIT)]:
        assert result.status.tolist() == [status]
        assert result.kind.tolist() == ["interval"]
        assert result.lower[0] <= known <= result.upper[0]
        lower, upper = result.verify(model)
        assert lower[0] <= known <= upper[0] <= result.upper[0] + 1e-9


def test_a_distribution_of_starts_is_below_the_mean_of_its_starts():
    spread = np.array([[0.2, 0.5, 0.3], [1.0, 0.0, 0.0]])
    each, mixed = skills(THREE, 0.8), skills(THREE, 0.8, initial=spread)
    assert list(mixed) == [0, 1]
    assert mixed.lower[0] <= spread[0] @ each.upper
    assert mixed.value[1] == pytest.approx(each.value[0], abs=2e-6)
    ring = emp.MDP(np.stack([np.eye(3)[[2, 0, 1]], np.eye(3)[[1, 2, 0]]], axis=1))
    by_search = skills(ring, 0.9, initial=np.eye(3)[0])
    assert holds(by_search, 0.333240316328, 1e-11)
    assert by_search.method == "branch-and-bound"


def test_questions_that_are_not_answered_are_refused():
    with pytest.raises(ValueError, match="discount is 1 and the model is stochastic"):
        skills(TWO, 1.0)
    with pytest.raises(ValueError, match="discount is 1 and initial is given"):
        skills(TWO, 1.0, initial=[0.5, 0.5])
    with pytest.raises(ValueError, match="states and initial are given"):
        skills(TWO, 0.5, 0, initial=[0.5, 0.5])
    with pytest.raises(ValueError, match="initial has 3 probabilities, expected 2"):
        skills(TWO, 0.5, initial=[0.5, 0.5, 0.0])
    with pytest.raises(ValueError, match="unknown option 'nodes'"):
        skills(TWO, 0.5, options={"nodes": 3})
    with pytest.raises(ValueError, match="max_seconds is 0"):
        skills(TWO, 0.5, options={"max_seconds": 0})


def test_saved_results_and_parts_hold_the_same(tmp_path):
    result = skills(THREE, 0.9)
    result.save(tmp_path / "skills.npz")
    again = emp.SkillEmpowerment.load(tmp_path / "skills.npz")
    assert (again.lower == result.lower).all()
    assert again[2].skills(2) == result.skills(2)
    shared = skills(THREE, 0.9, n_jobs=2)
    assert (shared.value == result.value).all()
    assert math.isfinite(again.upper.max())


def test_a_search_splits_what_its_bound_is_too_large_by():
    """Here chords of narrow boxes are not what keeps the bound up, but choices that are mixed."""
    rows = random_model(434, range(2, 6), range(1, 4)).to_dense()
    model = emp.MDP(np.concatenate([rows, np.eye(5)[:, None]], axis=1))
    result = skills(model, 0.2976619903353468, 4)
    assert result.converged.all()
    assert result.table.nodes[0] < 1000
    assert holds(result, 0.1162738147, 1e-10)


@for_each("seed", range(int(os.environ.get("EMPOWERMENT_WORLDS", 60))), first=4)
def test_what_must_hold_in_every_world(seed):
    rng = np.random.default_rng(seed)
    model, discount = random_model(seed, range(2, 6), range(1, 4)), float(rng.uniform(0.1, 0.95))
    n_states, dense = model.n_states, model.to_dense()
    found, later = skills(model, discount), skills(model, discount, include_start=False)
    assert (found.lower <= math.log(n_states)).all()
    assert (found.lower <= emp.skill_empowerment_bound(model, discount, base="e")).all()
    # The start tells nothing, unless it is met again.
    assert (found.lower <= discount * later.upper + 1e-12).all()
    uniform = np.full((n_states, model.n_actions), 1 / model.n_actions)
    effective = emp.effective_empowerment(model, uniform, discount=discount, base="e")
    assert (effective.lower <= later.upper).all()
    order = rng.permutation(n_states)
    assert skills(emp.MDP(dense[order][:, :, order]), discount).value == pytest.approx(found.value[order], abs=2e-6)
    more = np.concatenate([dense, np.eye(n_states)[:, None]], axis=1)
    assert (found.lower <= skills(emp.MDP(more), discount).upper).all()
    noisier = emp.MDP(0.8 * dense + 0.2 * dense.mean(axis=1, keepdims=True))
    assert (skills(noisier, discount).lower <= found.upper).all()
    # Fewer states can be told apart at the time T, and by their readings, than at all times up to the last.
    few = 0.3
    steps = [
        emp.empowerment(model, t, feedback=True, base="e", on_failure="ignore").upper if t else 0.0 for t in range(5)
    ]
    each = sum((1 - few) * few**t * upper for t, upper in enumerate(steps)) + few**5 * math.log(n_states)
    assert (skills(model, few).lower <= each).all()


@pytest.mark.slow
def test_the_search_of_the_frozen_lake_is_that_of_two_million_policies():
    result = skills(lake(), 0.95, 0, tol=1e-8)
    world = reachable(lake(), 0, 0.95).choices
    moves = np.zeros((world.owner.size, world.start.size))
    moves[np.repeat(np.arange(world.owner.size), np.diff(world.indptr)), world.indices] = world.data
    counts = np.diff(world.first)
    assert counts.prod() == 2_359_296
    q, best = result.output_distribution[0], -math.inf
    for first in range(0, int(counts.prod()), 1 << 15):
        numbers = np.arange(first, min(first + (1 << 15), int(counts.prod())))
        policies = world.first[:-1] + np.stack(np.unravel_index(numbers, counts), axis=1)
        systems = np.eye(counts.size) - 0.95 * moves[policies].transpose(0, 2, 1)
        begin = np.broadcast_to(0.05 * world.start, (numbers.size, counts.size))
        rows = np.maximum(np.linalg.solve(systems, begin[:, :, None])[:, :, 0], 0.0)
        best = max(best, float(divergences(rows, q).max()))
    assert result.lower[0] <= best <= result.upper[0]


def test_starts_that_symmetries_map_to_each_other_have_the_same_skills():
    model = emp.worlds.open_grid(1, 3, slip=0.1)
    bare = emp.MDP(model.rows, states=model.states, actions=model.actions)
    mapped, each = skills(model, 0.8), skills(bare, 0.8)
    assert mapped.value == pytest.approx(each.value, abs=2e-6)
    lower, upper = mapped.verify(model)
    assert lower == pytest.approx(mapped.lower, abs=1e-10)
    assert (upper <= mapped.upper + 1e-9).all()


def test_an_interrupted_run_goes_on(tmp_path):
    whole = skills(THREE, 0.9, checkpoint=tmp_path)
    again = skills(THREE, 0.9, checkpoint=tmp_path)
    assert (again.lower == whole.lower).all()
    assert again.skills(1) == whole.skills(1)
    with pytest.raises(ValueError, match="checkpoint"):
        skills(THREE, 0.9, checkpoint=tmp_path, options={"max_nodes": 3})


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timer")
def test_ctrl_c_ends_a_search_at_once():
    skills(TWO, 0.5)  # compiled

    def interrupt(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.5)
        began = time.process_time()
        with pytest.raises(KeyboardInterrupt):
            skills(slip_grid(6, 0.1), 0.95, 0)
        assert time.process_time() - began < 3.0
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_a_bar_shows_the_open_interval(capsys):
    pytest.importorskip("tqdm")
    skills(slip_grid(3, 0.1), 0.9, 4, progress=True)
    assert "nats" in capsys.readouterr().err
