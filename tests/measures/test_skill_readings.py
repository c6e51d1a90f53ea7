"""Empowerment over skills where a sensor is read, by the search over boxes of readings.

Known values come from an independent computation in nats, to the digits given here.
"""

import math
from itertools import product

import numpy as np
import pytest
from helpers import for_each, slip_grid
from scipy import sparse

import empowerment as emp
from empowerment.actuation.occupancy.choices import ReachableWorld
from empowerment.actuation.occupancy.reading_policies import ReadingPolicies
from empowerment.models.dead_ends import lasting_actions

TOL = 1e-7


def read_skills(model, sensor, discount=0.95, states=0, **options):
    return emp.skill_empowerment(
        model, discount, **{"states": states, "base": "e", "tol": TOL} | options, sensor=sensor
    )


def random_world(seed):
    """A small world, its sensor, and a discount."""
    rng = np.random.default_rng(seed)
    n_states, n_actions = ((4, 3), (5, 2), (3, 4))[seed % 3]
    rows = rng.dirichlet(np.full(n_states, 0.4), size=(n_states, n_actions))
    if seed % 4 == 0:
        rows = np.eye(n_states)[rng.integers(n_states, size=(n_states, n_actions))]
    sensor = rng.dirichlet(np.full(3, 0.5), size=n_states) if seed % 2 else np.eye(2)[np.arange(n_states) % 2]
    return emp.MDP(rows), sensor, float(rng.choice([0.5, 0.9]))


def every_row(model, sensor, discount, start, include_start=True):
    """The distribution of the reading under every deterministic stationary policy, after any first action."""
    dense, n_states = model.to_dense(), model.n_states
    found = []
    for policy in product(range(model.n_actions), repeat=n_states):
        moves = dense[np.arange(n_states), policy]
        later = (1 - discount) * np.linalg.inv(np.eye(n_states) - discount * moves)
        found += [start @ later] if include_start else [start @ dense[:, a] @ later for a in range(model.n_actions)]
    return np.maximum(found, 0.0) @ sensor  # solves leave a few entries just below 0


def exact(rows):
    return emp.channel_capacity(rows[:, rows.any(axis=0)], base=math.e, tol=1e-11, on_failure="ignore")


def test_known_values():
    pytest.importorskip("gymnasium")
    slippery = read_skills(emp.from_gymnasium("FrozenLake-v1"), lambda state: state % 4)
    assert slippery.converged.all()
    assert slippery.lower[0] <= 0.633311574
    assert slippery.upper[0] >= 0.633311474
    for slip, low, high in ((0.0, 1.3710971285, 1.3710971295), (0.1, 1.229193309, 1.229193409)):
        found = read_skills(slip_grid(5, slip), lambda state: state % 5, states=12)
        assert found.converged.all()
        assert found.lower[0] <= high
        assert found.upper[0] >= low


@for_each("seed", range(40), first=10)
def test_the_interval_holds_the_capacity_over_all_policies(seed):
    """With T from 0 or from 1 on, by both kernels; and it can be verified."""
    model, sensor, discount = random_world(seed)
    for include_start, backend in ((True, "numba"), (False, "numba"), (True, "reference")):
        start = np.eye(model.n_states)[0]
        whole = exact(every_row(model, sensor, discount, start, include_start))
        options = {"include_start": include_start, "backend": backend}
        found = read_skills(model, sensor, discount, **options)
        assert found.converged.all()
        assert found.lower[0] <= whole.upper
        assert whole.lower <= found.upper[0]
        lower, upper = found.verify(model)
        assert found.lower[0] - 1e-9 <= lower[0] <= whole.upper
        assert whole.lower <= upper[0] <= found.upper[0] + 1e-9


@for_each("seed", range(20), first=6)
def test_no_policy_is_beyond_the_extent(seed):
    """In any direction, with and without initial states apart; the row that is returned attains it."""
    model, sensor, discount = random_world(seed)
    start = np.eye(model.n_states)[0]
    for apart in (False, True):
        world = ReachableWorld.around(model, lasting_actions(model), start, discount, apart=apart)
        policies = ReadingPolicies(world, sparse.csr_array(sensor))
        rows = every_row(model, sensor, discount, start, include_start=not apart)[:, policies.readings]
        if apart:
            rows = np.column_stack([discount * rows, np.full(len(rows), 1 - discount)])
        payoffs = np.random.default_rng(seed).standard_normal((30, policies.n_readings)) * 10.0 ** (seed % 3)
        values, best = policies.support(payoffs)
        largest = (rows @ payoffs.T).max(axis=0)
        assert (values >= largest).all()
        assert values == pytest.approx(largest, abs=1e-9)
        assert (best * payoffs).sum(axis=1) == pytest.approx(largest, abs=1e-9)
        assert policies.policies(best).shape == (30, world.states.size)


@for_each("seed", range(12), first=4)
def test_a_reading_tells_no_more_than_the_state(seed):
    model, sensor, discount = random_world(seed)
    whole = emp.skill_empowerment(model, discount, states=0, base="e", tol=TOL)
    assert read_skills(model, sensor, discount).lower[0] <= whole.upper[0]
    same = read_skills(model, "state", discount)
    assert same.value == pytest.approx(whole.value, abs=TOL)
    assert same.readings is None
    by_matrix = read_skills(model, np.eye(model.n_states), discount)
    assert by_matrix.lower[0] <= whole.upper[0]
    assert whole.lower[0] <= by_matrix.upper[0]
    assert read_skills(model, lambda state: "same", discount).upper[0] <= TOL


@for_each("seed", range(6), first=3)
def test_a_reading_that_lumps_states_leaves_the_lumped_world(seed):
    """Two copies of each state behave alike, up to which of the copies comes next."""
    rng = np.random.default_rng(seed)
    small = rng.dirichlet(np.full(3, 0.5), size=(3, 2))
    share = rng.random((6, 2, 3))
    large = np.repeat(small, 2, axis=0)
    large = np.stack([large * share, large * (1 - share)], axis=3).reshape(6, 2, 6)
    lumped = emp.skill_empowerment(emp.MDP(small), 0.9, states=1, base="e", tol=TOL)
    found = read_skills(emp.MDP(large), lambda state: state // 2, 0.9, states=2)
    assert found.value == pytest.approx(lumped.value, abs=2 * TOL)


def test_what_the_result_holds(tmp_path):
    grid = emp.worlds.open_grid(4, 3)
    found = read_skills(grid, lambda state: f"row {state[0]}", states=[(0, 0), (2, 1)])
    assert found.readings == ("row 0", "row 1", "row 2", "row 3")
    assert found.output_distribution.shape == (2, 4)
    assert found.output_distribution.sum(axis=1) == pytest.approx(1)
    assert found.sensor.shape == (12, 4)
    rows = found.occupancies((0, 0)) @ found.sensor
    weights = np.array([skill.probability for skill in found.skills((0, 0))])
    told = emp.mutual_information(rows, weights / weights.sum(), base="e")
    assert told == pytest.approx(found.value[0], abs=1e-5)
    assert found.policies((0, 0)).shape == (len(weights), 12)
    found.save(tmp_path / "result.npz")
    again = emp.SkillEmpowerment.load(tmp_path / "result.npz")
    assert again.readings == found.readings
    assert again.verify(grid)[1] == pytest.approx(found.verify(grid)[1], abs=1e-12)
    assert found[(2, 1)].verify(grid)[0] == pytest.approx(found.lower[1:], abs=1e-9)
    pytest.importorskip("matplotlib.pyplot")
    with pytest.raises(ValueError, match="readings of a sensor"):
        emp.plotting.plot_output(found, (0, 0))


def test_distributions_of_starts_and_dead_ends():
    model, sensor, discount = random_world(1)
    start = np.full(model.n_states, 1 / model.n_states)
    found = read_skills(model, sensor, discount, states=None, initial=start)
    whole = exact(every_row(model, sensor, discount, start))
    assert found.lower[0] <= whole.upper
    assert whole.lower <= found.upper[0] <= found.lower[0] + TOL
    pit = emp.MDP(np.tile([[0.5, 0.5]], (2, 1, 1)), available=[[True], [False]])
    stuck = read_skills(pit, np.eye(2), 0.9)
    assert stuck.status.tolist() == [emp.Status.NO_SEQUENCE]
    assert stuck.output_distribution.shape == (1, 2)


def test_limits_and_refusals(tmp_path):
    world = slip_grid(4, 0.2)
    few = {"options": {"max_nodes": 1}, "on_failure": "ignore"}
    first = read_skills(world, lambda state: state % 4, tol=1e-9, **few)
    assert first.status.tolist() == [emp.Status.NODE_LIMIT]
    enough = read_skills(world, lambda state: state % 4)
    assert first.lower[0] <= enough.upper[0]
    assert enough.lower[0] <= first.upper[0]
    with pytest.raises(ValueError, match="discount is 1 and sensor is given"):
        read_skills(emp.worlds.open_grid(3), lambda state: state[0], 1.0, states=(0, 0))
    with pytest.raises(ValueError, match="sensor"):
        read_skills(world, np.eye(3))
    path = tmp_path / "starts"
    read_skills(world, lambda state: state % 2, states=[0, 1], checkpoint=path)
    with pytest.raises(ValueError, match="sensor"):
        read_skills(world, lambda state: state // 8, states=[0, 1], checkpoint=path)
