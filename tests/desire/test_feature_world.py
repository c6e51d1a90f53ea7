"""Any MDP as a world of desires: draws, terminal states, missing actions, what is refused; and students."""

import dataclasses

import numpy as np
import pytest
from helpers import for_each
from scipy import sparse

import empowerment as emp
from empowerment.desire import (
    DesireAgent,
    DesireParameters,
    DesireTrace,
    FeatureWorld,
    Plans,
    Riders,
    Students,
    percentile,
    simulate_agents,
)
from empowerment.desire.simulation import random_numbers
from empowerment.desire.world import certain_from, drawn

ONE_CHANGE = DesireParameters(appraisal=[[0.5], [-0.5], [0.25]], change_scale=[1.0], threshold=0.4)


def random_model(seed, n_states=9, n_actions=3):
    rng = np.random.default_rng(seed)
    rows = rng.dirichlet(np.full(n_states, 0.3), size=(n_states, n_actions))
    rows[rows < 0.03] = 0
    available = rng.random((n_states, n_actions)) < 0.7
    available[:, rng.integers(n_actions)] = True
    initial = rng.dirichlet(np.ones(n_states))
    terminal = [int(rng.integers(n_states))] if seed % 2 else None
    return emp.MDP(rows, available=available, terminal=terminal, initial=initial, normalize=True)


def random_world(seed, **options):
    model, rng = random_model(seed), np.random.default_rng(seed + 1)
    features = rng.normal(size=(model.n_states, model.n_actions, 2))
    variables = rng.uniform(0, 2, (model.n_states, 2))
    return FeatureWorld(model, features, variables, wanted=[1.0, 1.5], **options)


def test_next_states_are_drawn_from_the_table():
    for seed in range(20):
        world = random_world(seed, n_agents=3)
        model, rng = world.model, np.random.default_rng(seed)
        state = rng.integers(0, model.n_states, (40, 3))
        action = model.available[state].argmax(axis=-1)
        uniforms = rng.random((40, 3, 1))
        uniforms[:3] = [[[0.0]], [[np.nextafter(1, 0)]], [[0.5]]]
        position = world.begin(np.zeros((40, 3, 2)))._replace(state=state)
        after, outcome = world.step(position, action, uniforms)
        dense = model.to_dense()[state, action]
        np.testing.assert_array_equal(after.state, drawn(certain_from(dense.cumsum(axis=-1)), uniforms[..., 0]))
        assert (np.take_along_axis(dense, after.state[..., None], axis=-1) > 0).all()
        np.testing.assert_array_equal(outcome.levels, world.variables[after.state])
        np.testing.assert_array_equal(outcome.changes, world.variables[after.state] - world.variables[state])
        np.testing.assert_array_equal(outcome.features, world.features[state, action])
        assert (outcome.rank == 0.5).all()
        first = drawn(certain_from(model.initial.cumsum()), uniforms[..., 0])
        np.testing.assert_array_equal(world.begin(np.repeat(uniforms, 2, axis=-1)).state, first)


def test_frequencies_are_those_of_a_long_row():
    """A row of 1,000 states, drawn at evenly spaced numbers, has the chances it has, to within one draw."""
    rng = np.random.default_rng(0)
    chances = rng.dirichlet(np.full(1000, 0.5))
    model = emp.MDP(np.tile(chances, (1000, 1, 1)), initial=np.eye(1000)[0])
    world = FeatureWorld(model, np.zeros((1000, 1, 1)), np.zeros((1000, 1)), wanted=[1.0], n_agents=1000)
    n = 200_000
    uniforms = ((np.arange(n) + 0.5) / n).reshape(200, 1000, 1)
    position = world.begin(np.zeros((200, 1000, 2)))
    after, _ = world.step(position, np.zeros((200, 1000), dtype=int), uniforms)
    counts = np.bincount(after.state.ravel(), minlength=1000)
    assert np.abs(counts - n * chances).max() <= 1 + 1e-6


def test_many_states_take_little_memory():
    """A ring of 300,000 states: what is made of its table has the size of its entries."""
    n = 300_000
    here = np.arange(n)
    steps = [sparse.csr_array((np.ones(n), (here, (here + move) % n)), shape=(n, n)) for move in (1, -1)]
    start = np.zeros(n)
    start[0] = 1.0
    model = emp.MDP(steps, initial=start)
    height = np.minimum(here, n - here).astype(float)[:, None]
    features = np.zeros((n, 2, 1))
    world = FeatureWorld(model, features, height, wanted=[10.0], n_agents=2)
    agent = DesireAgent.fixed([1.0], decide=lambda state, desire: [1.0, 0.0])
    trace = simulate_agents(world, agent, 12, parameters=ONE_CHANGE)
    assert trace.state_numbers[0, -1].tolist() == [12, 12]
    assert trace.levels[0, :, 0, 0].tolist() == list(range(1, 13))


def test_the_riders_world_is_one_of_them():
    """Expected features and values of the delivery world, with other draws than those of riders."""
    riders = Riders(1)
    health = riders.health.astype(float)
    world = FeatureWorld(
        riders.model,
        emp.worlds.delivery_features(),
        np.stack([health, health, health], axis=1),
        wanted=riders.wanted,
        desires=riders.desires,
        appraised=["health", "standing"],
    )
    will = np.array([0.7, 0.15, 0.15])
    np.testing.assert_allclose(
        Plans(world, 0.97, 0.05).action_values(will), Plans(riders, 0.97, 0.05).action_values(will)
    )
    rests = DesireAgent.fixed(decide=lambda state, desire: [0, 0, 1.0])
    found = simulate_agents(world, rests, 120, seeds=range(20))
    other = simulate_agents(riders, rests, 120, seeds=range(20))
    slots = [np.bincount(trace.state_numbers[:, 24:].ravel() % 4, minlength=4) for trace in (found, other)]
    np.testing.assert_allclose(slots[0] / slots[0].sum(), slots[1] / slots[1].sum(), atol=0.03)


def test_terminal_states_are_the_end():
    rows = np.array([[[0.0, 1.0], [1.0, 0.0]], [[0.0, 1.0], [0.0, 1.0]]])
    model = emp.MDP(rows, terminal=[1], initial=[1.0, 0.0], actions=["go", "stay"])
    features = np.array([[[3.0], [1.0]], [[np.nan], [5.0]]])
    world = FeatureWorld(model, features, [[2.0], [0.5]], wanted=[1.0])
    np.testing.assert_array_equal(world.features[:, :, 0], [[3, 1], [0, 0]])
    values = Plans(world, 0.5, 0.0).action_values([1.0])
    np.testing.assert_allclose(values, [[3.0, 2.5], [0.0, 0.0]], atol=1e-10)
    parameters = dataclasses.replace(ONE_CHANGE, discount=0.5)
    trace = simulate_agents(world, DesireAgent([1.0]), 5, parameters=parameters)
    assert trace.state_numbers[0, :, 0].tolist() == [0, 1, 1, 1, 1, 1]
    assert trace.levels[0, :, 0, 0].tolist() == [0.5] * 5
    assert trace.changes[0, :, 0, 0].tolist() == [-1.5, 0, 0, 0, 0]
    assert trace.features[0, :, 0, 0].tolist() == [3, 0, 0, 0, 0]
    np.testing.assert_allclose(trace.emotion[0, 1, 0], [-0.75, 0.75, -0.375])
    np.testing.assert_allclose(trace.emotion[0, 3, 0], np.array([-0.75, 0.75, -0.375]) / 4)


def test_missing_actions_are_never_taken_and_their_features_not_read():
    rows = [[[0.5, 0.5], None], [[0.5, 0.5], [1.0, 0.0]]]
    features = np.array([[[0.0], [np.inf]], [[0.0], [1.0]]])
    world = FeatureWorld(emp.MDP(rows, initial=[1.0, 0.0]), features, [[1.0], [2.0]], wanted=[1.0])
    for parameters in (ONE_CHANGE, dataclasses.replace(ONE_CHANGE, temperature=1e6)):
        trace = simulate_agents(world, DesireAgent([1.0]), 50, seeds=range(10), parameters=parameters)
        assert (trace.action_numbers[trace.state_numbers[:, :-1] == 0] == 0).all()
        assert (trace.action_numbers[trace.state_numbers[:, :-1] == 1] == 1).any()


def test_ranks_are_by_one_variable_and_changes_in_the_order_named():
    world = random_world(2, n_agents=5, desires=["a", "b"], appraised=["b", "a"], rank_by="b")
    trace = simulate_agents(world, DesireAgent([0.5, 0.5]), 20, seeds=[0, 1])
    np.testing.assert_array_equal(trace.rank, percentile(trace.levels[..., 1]))
    levels = world.variables[trace.state_numbers]
    np.testing.assert_array_equal(trace.changes, np.diff(levels, axis=1)[..., ::-1])
    assert trace.appraised == ("b", "a")
    assert (random_world(2).desires, random_world(2).appraised) == (("desire 0", "desire 1"),) * 2
    assert random_numbers(world, 3, [0]).shape == (4, 1, 5, 2)
    alone = simulate_agents(world, DesireAgent([0.5, 0.5]), 20, seeds=[1])
    np.testing.assert_array_equal(alone.state_numbers[0], trace[1].state_numbers[0])
    assert not trace.records


def test_a_trace_of_any_world_is_saved_and_read(tmp_path):
    world = random_world(3, n_agents=2)
    trace = simulate_agents(world, DesireAgent([0.5, 0.5]), 10, seeds=[4, 2])
    trace.save(tmp_path / "trace.npz")
    found = DesireTrace.load(tmp_path / "trace.npz")
    assert found.states == trace.states == tuple(range(9))
    np.testing.assert_array_equal(found.state_numbers, trace.state_numbers)
    assert repr(world) == "FeatureWorld(MDP(9 states, 3 actions, stochastic), 2 agents, desires desire 0, desire 1)"
    assert len(found.to_dataframe()) == 40


@for_each(
    ("changes", "kind", "words"),
    [
        ({"model": "plant"}, TypeError, "model is a str, expected an MDP"),
        ({"model": emp.MDP(np.full((2, 2, 2), 0.5))}, ValueError, "model has no initial distribution"),
        (
            {"model": emp.MDP([[[0.5, 0.5], None], [None, None]], states=["s", "t"], initial=[1, 0])},
            ValueError,
            "in state 't' of the model no action is available.*terminal",
        ),
        ({"features": np.zeros((2, 2, 3))}, ValueError, r"features has shape \(2, 2, 3\), expected .* = \(2, 2, 2\)"),
        ({"features": np.zeros((2, 2))}, ValueError, r"features has shape \(2, 2\), expected 3 axes"),
        ({"features": np.full((2, 2, 2), np.nan)}, ValueError, "features.* nan"),
        ({"features": np.full((2, 2, 2), np.inf)}, ValueError, "features.* inf"),
        ({"features": np.full((2, 2, 2), 1e300)}, ValueError, r"features holds 1e\+300"),
        ({"variables": np.zeros((3, 2))}, ValueError, r"variables has shape \(3, 2\), expected"),
        ({"variables": [[np.nan, 0], [0, 0]]}, ValueError, "variables.* nan"),
        ({"variables": "high"}, TypeError, "variables has dtype"),
        ({"wanted": [1.0]}, ValueError, "wanted has shape"),
        ({"wanted": [1.0, 0.0]}, ValueError, "wanted is .* above 0"),
        ({"wanted": [1.0, -np.inf]}, ValueError, "wanted"),
        ({"desires": ["a"]}, ValueError, "desires has 1 names, expected 2"),
        ({"desires": ["a", "a"]}, ValueError, "desires has 'a' twice"),
        ({"desires": "ab"}, TypeError, "desires"),
        ({"desires": [1, 2]}, TypeError, "desires"),
        ({"appraised": ["c"]}, ValueError, "unknown desire 'c'; the 2 desires are 'a', 'b'"),
        ({"appraised": []}, ValueError, "appraised is empty"),
        ({"rank_by": "income"}, ValueError, "unknown desire 'income'"),
        ({"n_agents": 0}, ValueError, "n_agents is 0"),
    ],
)
def test_wrong_worlds(changes, kind, words):
    arguments = {
        "model": emp.MDP(np.full((2, 2, 2), 0.5), initial=[1, 0]),
        "features": np.zeros((2, 2, 2)),
        "variables": np.ones((2, 2)),
        "wanted": [1.0, 1.0],
        "desires": ["a", "b"],
    }
    assert FeatureWorld(**arguments).n_agents == 1
    with pytest.raises(kind, match=words):
        FeatureWorld(**(arguments | changes))


# --- students


@pytest.fixture(scope="module")
def students():
    return Students()


def test_a_week_of_study():
    world, variables = emp.worlds.study(), emp.worlds.study_variables()
    assert (world.n_states, world.actions) == (1540, ("study", "rest", "meet"))
    np.testing.assert_array_equal(variables, [state[1:] for state in world.states])
    dense = world.to_dense()
    row = dict(zip(world.states, dense[world.state_index((6, 7, 1, 3)), 1], strict=True))
    # Rested before a test, tired: failed with .3, for 5 points, and with .25 one more is forgotten.
    assert row[(0, 2, 2, 3)] == pytest.approx(0.3 * 0.75 * 0.5 * 0.8)
    assert row[(0, 1, 3, 2)] == pytest.approx(0.3 * 0.25 * 0.5 * 0.2)
    assert row[(0, 8, 3, 3)] == pytest.approx(0.7 * 0.75 * 0.5 * 0.8)
    features = emp.worlds.study_features()
    here = world.state_index((3, 10, 4, 3))
    # To study costs half a point of sleep and .2 of standing; grades are at their most.
    np.testing.assert_allclose(features[here, 0], [1, 0.5 + 0.5 * (1 - 1 / 16), 0.8 + 0.2 * 2 / 3])
    assert np.abs(features).max() <= 1
    assert features.min() >= 0
    assert world.initial[world.state_index((0, 6, 3, 2))] == 1


def test_a_failed_test_frightens_and_students_study(students):
    agent = DesireAgent([0.2, 0.3, 0.5])
    trace = simulate_agents(students, agent, 70, seeds=range(20))
    fixed = simulate_agents(students, DesireAgent.fixed([0.2, 0.3, 0.5]), 70, seeds=range(20))
    failed = np.argwhere(trace.changes[..., 1] <= -4)
    run, day, student = failed.T
    assert len(failed) > 50
    assert (trace.emotion_names[run, day, student] == "fear").mean() > 0.9
    assert trace.event[run, day, student].mean() > 0.7
    rise = trace.desire[run, day + 1, student, 0] - trace.desire[run, day, student, 0]
    assert rise.mean() > 0.1
    changed = (trace.desire[:, 1:] != trace.desire[:, :-1]).any(axis=-1)
    np.testing.assert_array_equal(changed, trace.event)

    def share_of_study(runs):
        """Return by how much it grows from the week before a failed test to the week after."""
        places = np.argwhere((runs.changes[..., 1] <= -4)[:, 7:63]) + np.array([0, 7, 0])
        studied = runs.action_numbers == 0
        after = [studied[r, d + 1 : d + 8, s].mean() for r, d, s in places]
        return np.mean(after) - np.mean([studied[r, d - 7 : d, s].mean() for r, d, s in places])

    assert share_of_study(trace) > share_of_study(fixed) + 0.15
    np.testing.assert_array_equal(trace.rank, percentile(trace.levels[..., 0]))


def test_other_wants_and_numbers_of_students():
    world = Students(2, wanted=(9.0, 2.0, 1.0))
    assert (world.n_agents, world.wanted.tolist()) == (2, [9, 2, 1])
    assert world.desires == ("grades", "sleep", "standing")
    assert world.appraised == ("standing", "grades")
    with pytest.raises(ValueError, match=r"wanted is .* above 0"):
        Students(wanted=(0.0, 1.0, 1.0))
    with pytest.raises(ValueError, match="n_students is -1"):
        Students(-1)
