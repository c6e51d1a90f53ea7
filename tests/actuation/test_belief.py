"""Empowerment from beliefs: what is sensed, who knows the start, and what the agent remembers."""

import numpy as np
import pytest
from helpers import for_each, on_every_backend, with_jax, without_jax
from hypothesis import given, settings
from hypothesis import strategies as st
from known_pomdps import OPEN_LOOP
from pomdp_oracles import latent_rows, observation_rows, receiver_knows_rows, trajectory_rows

import empowerment as emp
from empowerment.actuation.augmented import belief_mdp

TIGER = emp.worlds.tiger()
every_seed = for_each("seed", range(200), first=50)
SENSED = (
    {"sensor": "state"},
    {"sensor": "state", "known_to": "receiver"},
    {"sensor": "state", "known_to": "both"},
    {},
    {"output": "trajectory"},
)


def random_pomdp(seed, n_states=3, n_actions=2, n_observations=2, shared=False):
    """A model of full support, with one more zero here and there."""
    rng = np.random.default_rng(seed)
    transition = rng.dirichlet(np.full(n_states, 0.5), size=(n_states, n_actions))
    observation = rng.dirichlet(np.full(n_observations, 0.5), size=(n_states,) if shared else (n_actions, n_states))
    return emp.POMDP(transition, observation), rng.dirichlet(np.ones(n_states))


def value(model, horizon, belief, **options):
    result = emp.empowerment(model, horizon, beliefs=belief, **options)
    assert result.converged.all()
    return float(result)


@for_each(("model", "belief", "horizon", "known"), OPEN_LOOP, first=8)
@without_jax
def test_known_values(model, belief, horizon, known, backend):
    has_values(model, belief, horizon, known, backend)


@for_each(("model", "belief", "horizon", "known"), OPEN_LOOP, first=1)
@with_jax
def test_known_values_by_jax(model, belief, horizon, known, backend):
    pytest.importorskip("jax")
    has_values(model, belief, horizon, known, backend)


def has_values(model, belief, horizon, known, backend):
    found = [value(model, horizon, model.belief(belief), backend=backend, **options) for options in SENSED]
    assert found == pytest.approx(known, abs=1e-7)


@for_each(
    ("belief", "values"),
    [
        ([0.5, 0.5], (1, 1.3025746795, 1.4891203126, 1.6316000734)),
        ([0.85, 0.15], (0.5525610525, 1.2326830320, 1.4718850845, 1.6253653562)),
        ([1, 0], (1, np.log2(3), 1.7935575966, 1.9287218506)),
    ],
)
@on_every_backend
def test_the_memory_of_the_agent_knows_the_actions(belief, values, backend):
    """In the tiger's world listening and opening lead to other beliefs, though nothing is learnt from it."""
    found = [value(TIGER, n, belief, sensor="belief", backend=backend) for n in (1, 2, 3, 4)]
    assert found == pytest.approx(values, abs=1e-9)


def test_intervals_hold_against_rows_by_brute_force():
    for seed in range(25):
        model, belief = random_pomdp(seed)
        transition, observation = model.mdp.to_dense(), model.observation
        rows = (
            latent_rows(transition, belief, 2),
            receiver_knows_rows(transition, belief, 2),
            None,
            observation_rows(transition, observation, belief, 2),
            trajectory_rows(transition, observation, belief, 2),
        )
        for options, channel in zip(SENSED, rows, strict=True):
            if channel is not None:
                result = emp.empowerment(model, 2, beliefs=belief, **options)
                exact = emp.channel_capacity(channel, tol=1e-11)
                assert result.lower[0] <= exact.upper
                assert exact.lower <= result.upper[0]


@every_seed
def test_what_is_known_orders_the_values(seed):
    """Observation, state, receiver knows the start, everybody does; the last observation is part of all of them."""
    model, belief = random_pomdp(seed, shared=True)
    lat, receiver, omniscient, last, whole = (value(model, 2, belief, **options) for options in SENSED)
    assert last <= lat + 2e-9
    assert lat <= receiver + 2e-9
    assert receiver <= omniscient + 2e-9
    assert last <= whole + 2e-9


def test_observations_that_depend_on_the_action_may_tell_more_than_the_state():
    """Data processing needs a sensor of the state: the tiger's place says nothing at 0.5, what is heard does."""
    assert value(TIGER, 2, [0.5, 0.5], output="trajectory") > value(TIGER, 2, [0.5, 0.5], sensor="state") + 0.04


@every_seed
def test_to_know_more_never_lowers_the_expectation(seed):
    """Convexity in the belief, and with it the value of an observation."""
    model, one = random_pomdp(seed, shared=seed % 2 == 0)
    other = np.random.default_rng(seed + 1000).dirichlet(np.ones(3))
    rows = np.stack([one, other, (one + other) / 2])
    for options in (
        {"sensor": "state"},
        {},
        {"output": "trajectory"},
        {"sensor": "state", "known_to": "receiver"},
    ):
        ends = emp.empowerment(model, 2, beliefs=rows, **options).value
        assert ends[2] <= (ends[0] + ends[1]) / 2 + 2e-9


def test_to_know_more_may_lower_what_is_sensed_of_the_belief():
    known, middle = (value(TIGER, 1, belief, sensor="belief") for belief in ([0.15, 0.85], [0.5, 0.5]))
    assert known == pytest.approx(0.5525610525, abs=1e-9)
    assert middle == pytest.approx(1, abs=1e-9)


def test_an_observation_is_worth_something_on_average():
    model, belief = random_pomdp(3)
    chances = model.observation_probabilities(belief, 0)
    after = np.stack([model.update(belief, 0, o) for o in model.observations])
    results = emp.empowerment(model, 2, beliefs=after, sensor="state")
    assert float(results.average(chances)) >= value(model, 2, model.predict(belief, 0), sensor="state")
    assert results.average(chances).kind == "exact"
    assert results.average().value == pytest.approx(results.value.mean())
    assert results.average(chances).lower <= float(results.average(chances)) <= results.average(chances).upper


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.integers(1, 3))
def test_memory_tells_at_least_what_observations_of_the_state_do(seed, horizon):
    """What was observed last is part of what went into the belief; where beliefs tell observations apart it is so."""
    model, belief = random_pomdp(seed, shared=True)
    assert value(model, 1, belief) <= value(model, 1, belief, sensor="belief") + 2e-9
    world = belief_mdp(model, belief[None], horizon, 10_000)
    expected = model.reachable_beliefs(belief.tolist(), horizon)
    assert len(world.sensor.readings) == len(expected.beliefs)


def test_worlds_of_beliefs_move_as_the_model_says():
    model, belief = random_pomdp(7)
    world = belief_mdp(model, belief[None], 2, 1000)
    known = np.array(world.sensor.readings)
    for action in range(2):
        for o, chance in enumerate(model.observation_probabilities(belief, action)):
            place = np.flatnonzero(np.abs(known - model.update(belief, action, o)).max(axis=1) <= 1e-10)[0]
            assert world.model.to_dense()[world.starts[0], action, place] == pytest.approx(chance, abs=1e-12)


def test_an_mdp_has_beliefs_too():
    """And those of certainty are its states."""
    lake = emp.from_gymnasium("FrozenLake-v1")
    rows = np.eye(16)[[0, 6, 14]]
    states, beliefs = emp.empowerment(lake, 3, states=[0, 6, 14]), emp.empowerment(lake, 3, beliefs=rows)
    assert beliefs.value.tolist() == states.value.tolist()
    assert (beliefs.states, states.states) == ((0, 1, 2), (0, 6, 14))
    maze = emp.worlds.klyubin_maze()
    certain = np.eye(maze.n_states)[maze.state_index((5, 5))]
    assert emp.empowerment(maze, 5, beliefs=certain).methods == "counting"
    mixed = emp.empowerment(lake, 3, beliefs=np.vstack([rows, rows.mean(axis=0)]))
    assert mixed.value[3] < mixed.value[:3].mean()


def test_an_average_along_a_run_of_an_agent_with_memory():
    """It listens until it is sure, then opens the other door; the average is over what it believes on the way."""

    def careful(belief):
        sure = belief.max() > 0.95
        return [0, belief[1] > 0.5, belief[0] > 0.5] if sure else [1, 0, 0]

    run = emp.simulate(TIGER, careful, steps=300, rng=0)
    beliefs, counts = np.unique(run.beliefs.round(12), axis=0, return_counts=True)
    result = emp.empowerment(TIGER, 2, beliefs=beliefs / beliefs.sum(axis=1, keepdims=True), sensor="state")
    average = result.average(counts / counts.sum())
    assert average.converged
    assert average.kind == "exact"
    ignorant = float(emp.empowerment(TIGER, 2, sensor="state"))
    assert ignorant + 0.05 < float(average) < np.log2(1.25)


def test_states_of_a_model_whose_states_are_hidden():
    result = emp.empowerment(TIGER, 2, states="tiger-left", sensor="state")
    assert float(result["tiger-left"]) == pytest.approx(np.log2(1.25), abs=1e-9)
    assert result.beliefs is None
    with pytest.raises(ValueError, match="states and beliefs were both given"):
        emp.empowerment(TIGER, 2, states="tiger-left", beliefs=[0.5, 0.5])


def test_results_carry_their_beliefs(tmp_path):
    beliefs = np.array([[0.5, 0.5], [0.85, 0.15]])
    result = emp.empowerment(TIGER, 3, beliefs=beliefs, sensor="state", known_to="receiver")
    assert result.beliefs.tolist() == beliefs.tolist()
    assert result[1].beliefs.tolist() == [[0.85, 0.15]]
    assert result.known_to == "receiver"
    result.save(tmp_path / "result.npz")
    again = emp.EmpowermentResult.load(tmp_path / "result.npz")
    assert again.beliefs.tolist() == beliefs.tolist()
    assert again.known_to == "receiver"
    sequence, weight = result.sequences(0)[0]
    assert set(sequence) <= set(TIGER.actions)
    assert 0 < weight <= 1


def test_long_horizons_are_reached_from_beliefs():
    """What works for states works for beliefs: here an interval over 80 steps."""
    corridor = emp.worlds.aliased_corridor()
    result = emp.empowerment(corridor, 80, sensor="state", on_failure="ignore")
    from_state = emp.empowerment(corridor, 80, states=2, sensor="state", on_failure="ignore")
    assert result.lower[0] <= from_state.upper[0] + 1e-6
    assert result.upper[0] > result.lower[0] >= 0


def test_the_channel_itself():
    channel = emp.actuation_channel(TIGER, 2, None, output="trajectory")
    assert channel.outputs[0] == ("hear-left", "hear-left")
    assert channel.matrix.sum(axis=1) == pytest.approx(1)
    assert float(emp.channel_capacity(channel)) == pytest.approx(0.0467264, abs=1e-7)
    known = emp.actuation_channel(TIGER, horizon=1, belief=[0.85, 0.15], sensor="state", known_to="receiver")
    assert known.outputs[0] == ("tiger-left", "tiger-left")
    memory = emp.actuation_channel(TIGER, horizon=1, sensor="belief")
    assert (0.5, 0.5) in memory.outputs
    with pytest.raises(ValueError, match="2 states to start in, expected one"):
        emp.actuation_channel(TIGER.mdp)


def test_sweeps_over_horizons():
    sweep = emp.horizon_sweep(TIGER, [1, 2, 3], output="trajectory")
    assert sweep.value[:, 0] == pytest.approx([0, 0.0467264, 0.1101376], abs=1e-7)
    assert sweep.reachable[:, 0].tolist() == [1, 2, 3]
    both = emp.horizon_sweep(TIGER, [1, 2], sensor="state", known_to="both")
    assert both.value[:, 0] == pytest.approx([np.log2(1.25)] * 2, abs=1e-9)


def test_actions_that_are_missing_somewhere():
    """An agent that may be where an action is missing cannot plan it; its memory may rule that state out."""
    transition = np.zeros((2, 2, 2))
    transition[:, 0] = np.eye(2)
    transition[0, 1] = [0, 1]
    model = emp.POMDP(transition, np.eye(2), available=[[True, True], [True, False]])
    assert value(model, 1, [0.5, 0.5], sensor="state") == 0
    assert value(model, 1, [1, 0], sensor="state") == pytest.approx(1)
    assert value(model, 2, [0.5, 0.5], sensor="belief") == 0


@for_each(
    ("error", "options", "sentence"),
    [
        (ValueError, {"beliefs": [0.5, 0.4]}, r"beliefs\[0\] sums to 0.9"),
        (ValueError, {"beliefs": [1.0]}, r"beliefs has shape \(1, 1\), expected \(belief, state\) with 2 states"),
        (ValueError, {"beliefs": []}, "beliefs has shape"),
        (ValueError, {"known_to": "all"}, "unknown known_to 'all'; the known ones are"),
        (ValueError, {"sensor": "place"}, "unknown sensor of a POMDP 'place'"),
        (ValueError, {"stopping": True}, "nothing is observed before the first action"),
        (ValueError, {"sensor": "belief", "known_to": "both"}, "reads the agent's own memory"),
        (
            MemoryError,
            {"sensor": "belief", "horizon": 30, "options": {"memory": 1e3}},
            "shorten the horizon, raise memory in",
        ),
    ],
)
def test_what_is_refused(error, options, sentence):
    with pytest.raises(error, match=sentence):
        emp.empowerment(TIGER, **{"horizon": 2} | options)


def test_without_an_initial_distribution_a_belief_is_asked_for():
    with pytest.raises(ValueError, match="this model has no initial distribution, expected a belief"):
        emp.empowerment(random_pomdp(0)[0], 1)
