"""A person and an assistant: closed forms, the corridor, brute force."""

import itertools
import math

import numpy as np
import pytest
from helpers import for_each

import empowerment as emp

LAMP, DIMMER = emp.worlds.two_way_lamp(), emp.worlds.two_way_dimmer()
CORRIDOR = emp.worlds.shared_corridor()
UNIFORM, STILL = [1 / 3] * 3, [0, 0, 1]
BESIDE, APART = (0, 1), (0, 2)


def own_cell(state):
    return state[0]


def random_world(seed, n_states=3, n_person=2, n_assistant=3):
    rows = np.random.default_rng(seed).dirichlet(np.full(n_states, 0.5), size=(n_states, n_person, n_assistant))
    return emp.MultiAgentMDP(rows, {"person": n_person, "assistant": n_assistant}, normalize=True)


def beside(world, assistant):
    return world.for_agent("person", {"assistant": assistant})


def informed(world, horizon, assistant, **options):
    return emp.informed_empowerment(world, horizon, "person", {"assistant": assistant}, **options)


# --- the corridor


def test_moves_in_the_corridor():
    table = CORRIDOR.joint.successors
    for (state, pair), after in {
        ((0, 1), ("right", "stay")): (0, 1),  # the assistant is in the way
        ((0, 1), ("right", "right")): (0, 2),  # the person moves first, and was stopped
        ((0, 2), ("right", "left")): (1, 2),  # the person was faster
        ((1, 2), ("left", "left")): (0, 1),  # the cell is free by then
        ((0, 3), ("left", "right")): (0, 3),  # walls
    }.items():
        found = table[CORRIDOR.states.index(state), CORRIDOR.joint.actions.index(pair)]
        assert CORRIDOR.states[found] == after


def test_a_corridor_has_room_for_two():
    with pytest.raises(ValueError, match="length is 1, expected at least 2 cells"):
        emp.worlds.shared_corridor(1)
    assert emp.worlds.shared_corridor(2).n_states == 2


# --- closed forms


@for_each(
    ("world", "joint", "unseen", "seen", "independent"),
    [(LAMP, 1.0, 0.0, 1.0, 1.0), (DIMMER, math.log2(3), 0.5, 1.0, 1.5)],
    ids=["xor", "binary adder"],
)
def test_values_of_two_switches(world, joint, unseen, seen, independent):
    assert emp.empowerment(world.joint).value == pytest.approx(joint, abs=1e-9)
    assert emp.empowerment(world.for_agent("person")).value == pytest.approx(unseen, abs=1e-9)
    assert informed(world, 1, "uniform").value == pytest.approx(seen, abs=1e-9)
    assert emp.transfer_empowerment(world, 1, "assistant", "person").value == pytest.approx(unseen, abs=1e-9)
    assert float(emp.independent_sum_rate(world, 1, world.states[0], rng=0)) == pytest.approx(independent, abs=1e-9)
    assert emp.worst_case_empowerment(world, 1, "person", "assistant").value == pytest.approx(unseen, abs=1e-6)


@for_each(("state", "still", "random"), [(BESIDE, 0.0, 0.19931), (APART, 1.0, 1.10309)], ids=["(0, 1)", "(0, 2)"])
def test_values_of_the_corridor(state, still, random):
    for assistant, expected in ((STILL, still), (UNIFORM, random)):
        result = emp.empowerment(beside(CORRIDOR, assistant), 2, states=state, sensor=own_cell)
        assert float(result) == pytest.approx(expected, abs=5e-6)


def test_transfer_in_the_corridor():
    result = emp.transfer_empowerment(CORRIDOR, 2, "assistant", "person", states=BESIDE)
    assert float(result) == pytest.approx(0.19931, abs=5e-6)
    back = emp.transfer_empowerment(CORRIDOR, 2, "person", "assistant", {"assistant": STILL}, states=BESIDE)
    assert float(back) == 0.0
    with pytest.raises(ValueError, match="unknown agent 'robot'"):
        emp.transfer_empowerment(CORRIDOR, 1, "robot", "person")


# --- what the receiver sees


def brute_rows(world, state, horizon, assistant, sensor):
    """Rows over (assistant's sequence, reading), by every pair of sequences."""
    steps = world.joint.to_dense().reshape(world.n_states, len(world.actions["person"]), len(assistant), -1)
    rows = []
    for mine in itertools.product(range(steps.shape[1]), repeat=horizon):
        row = []
        for theirs in itertools.product(range(steps.shape[2]), repeat=horizon):
            where = np.eye(world.n_states)[state]
            for h, r in zip(mine, theirs, strict=True):
                where = where @ steps[:, h, r]
            row.append(math.prod(assistant[r] for r in theirs) * where @ sensor)
        rows.append(np.concatenate(row))
    return np.array(rows)


@for_each("horizon", [1, 2])
def test_a_receiver_who_sees_the_assistant_knows_more(horizon):
    world, assistant = random_world(3), [0.2, 0.5, 0.3]
    sensor = np.array([[1, 0], [0, 1], [0.5, 0.5]])
    seen = informed(world, horizon, assistant, sensor=sensor)
    for state in range(3):
        expected = emp.channel_capacity(brute_rows(world, state, horizon, assistant, sensor), tol=1e-10)
        assert seen.value[state] == pytest.approx(float(expected), abs=2e-9)
    unseen = emp.empowerment(beside(world, assistant), horizon, sensor=sensor)
    assert (seen.upper >= unseen.lower).all()


def test_the_assistants_sequence_may_be_given_as_a_whole():
    product = np.multiply.outer([0.2, 0.5, 0.3], [0.2, 0.5, 0.3])
    one, whole = (informed(random_world(3), 2, noise) for noise in ([0.2, 0.5, 0.3], product))
    assert np.allclose(one.value, whole.value, atol=2e-9)
    rows = np.random.default_rng(0).dirichlet(np.ones(3), 3)
    reacting = informed(random_world(3), 1, rows, states=[2, 1])
    alone = [float(informed(random_world(3), 1, rows[state], states=state)) for state in (2, 1)]
    assert np.allclose(reacting.value, alone, atol=2e-9)


def test_over_several_steps_the_seen_assistant_does_not_react():
    with pytest.raises(ValueError, match=r"expected probabilities of shape \(3,\) or \(3, 3\): over several steps"):
        informed(CORRIDOR, 2, np.full((12, 3), 1 / 3))
    with pytest.raises(ValueError, match=r"the policy of 'assistant' has shape \(2, 3\), expected \(n_states, n_act"):
        informed(CORRIDOR, 1, np.full((2, 3), 1 / 3))
    with pytest.raises(MemoryError, match=r"the 9\*\*10 joint sequences take 1.4e\+11 bytes, expected at most"):
        informed(CORRIDOR, 10, UNIFORM)


# --- together


def test_independent_agents_tell_no_more_than_one():
    found = emp.independent_sum_rate(CORRIDOR, 2, APART, sensor=own_cell, starts=3, rng=1)
    together = emp.empowerment(CORRIDOR.joint, 2, states=APART, sensor=own_cell)
    alone = emp.empowerment(beside(CORRIDOR, STILL), 2, states=APART, sensor=own_cell)
    assert float(alone) <= found.lower + 1e-9 <= float(together) + 2e-9
    assert found.upper == pytest.approx(float(together), abs=2e-9)
    assert found.distributions[0].sum() == pytest.approx(1)
    assert found.distributions[1].shape == (9,)
    assert repr(found).startswith("SumRate(")


@for_each("seed", range(3))
def test_the_sum_rate_is_the_best_of_a_grid(seed):
    world = random_world(seed, n_assistant=2)
    found, steps = emp.independent_sum_rate(world, 1, 0, rng=0), world.joint.to_dense()[0]
    grid = np.linspace(0, 1, 41)
    best = max(
        emp.mutual_information(steps, np.outer([1 - p, p], [1 - r, r]).reshape(-1)) for p in grid for r in grid
    )
    assert best - 1e-9 <= found.lower <= best + 1e-3
    again = emp.mutual_information(steps, np.outer(*found.distributions).reshape(-1))
    assert again == pytest.approx(found.lower, abs=1e-12)


# --- at worst


@for_each("seed", range(3))
def test_the_worst_case_is_the_least_of_a_grid(seed):
    world = random_world(seed, n_states=4, n_person=3)
    result = emp.worst_case_empowerment(world, 1, "person", "assistant")
    assert result.converged.all()
    grid = [np.array([i, j, 20 - i - j]) / 20 for i in range(21) for j in range(21 - i)]
    least = np.full(4, np.inf)
    for mixture in grid:
        least = np.minimum(least, emp.empowerment(beside(world, mixture)).upper)
    assert (result.lower <= least).all()
    assert (least <= result.upper + 0.01).all()
    attained = emp.empowerment(beside(world, result.policies[0]))
    assert (attained.lower <= result.upper).all()
    assert (attained.upper >= result.lower).all()
    assert np.allclose(attained.value, result.upper, atol=1e-7)


def test_a_worst_case_at_the_border_of_mixtures_is_found():
    world = emp.MultiAgentMDP(
        np.array([[[[1, 0], [0.5, 0.5]], [[0, 1], [0.5, 0.5]]]] * 2), {"person": 2, "assistant": 2}
    )
    result = emp.worst_case_empowerment(world, 1, "person", "assistant")
    assert result.value == pytest.approx(0.0, abs=1e-6)
    assert result.policies[0][:, 1] == pytest.approx(1.0, abs=1e-3)


def test_a_worst_case_cut_short_still_holds():
    world = random_world(1, n_states=4, n_person=3)
    exact = emp.worst_case_empowerment(world, 1, "person", "assistant")
    with pytest.warns(emp.ConvergenceWarning, match="wanted 1.00e-06: raise max_iter or tol"):
        short = emp.worst_case_empowerment(world, 1, "person", "assistant", max_iter=2)
    assert (short.lower <= exact.upper).all()
    assert (exact.lower <= short.upper).all()
    assert repr(short).startswith("CaseResult(4 states: ")
    with pytest.raises(RuntimeError, match="the widest interval is"):
        emp.worst_case_empowerment(world, 1, "person", "assistant", max_iter=2, on_failure="raise")


# --- helping


@pytest.fixture(scope="module")
def needs():
    return emp.empowerment(CORRIDOR.for_agent("person"), 2, sensor=own_cell)


def test_an_assistant_makes_room(needs):
    policy = emp.assistant_policy(CORRIDOR, "assistant", "uniform", needs, tie="stay")
    for state in CORRIDOR.states:
        away = "right" if state[0] < state[1] else "left"
        taken = policy.action(state)
        assert taken == away or (taken == "stay" and state[1] in (0, 3))
    against = emp.assistant_policy(CORRIDOR, "assistant", "uniform", needs, weight=-1.0)
    assert against.action((0, 2)) == "left"


def test_the_person_is_better_off_beside_a_helpful_assistant(needs):
    helpful = emp.assistant_policy(CORRIDOR, "assistant", "uniform", needs, tie="stay")
    mean, walk = {}, np.tile(UNIFORM, (12, 1))
    for name, assistant in {"helpful": helpful, "random": UNIFORM, "still": STILL}.items():
        run = emp.simulate(beside(CORRIDOR, assistant), walk, initial=BESIDE, steps=2000, rng=0)
        mean[name] = needs.value[run.state_numbers].mean()
    assert mean["helpful"] > mean["random"]
    assert mean["helpful"] > mean["still"]


def test_own_goals_weigh_against_help(needs):
    rewards = np.tile([1.0, 0.0, 0.0], (12, 1))  # it likes to go left
    selfish = emp.assistant_policy(CORRIDOR, "assistant", "uniform", needs, weight=0.01, rewards=rewards)
    assert {selfish.action_number(state) for state in CORRIDOR.states} == {0}
    kind = emp.assistant_policy(CORRIDOR, "assistant", "uniform", needs, weight=100.0, rewards=rewards)
    assert kind.action_number(BESIDE) == 1


def test_everything_that_takes_a_model_takes_one_agents_world(tmp_path):
    world = beside(CORRIDOR, STILL)
    options = {"sensor": own_cell}
    swept = emp.horizon_sweep(world, [1, 2], states=APART, **options)
    assert float(swept[2]) == pytest.approx(1.0)
    told = emp.empowerment(world, 2, states=APART, feedback=True, output="trajectory")
    assert float(told) == pytest.approx(2.0)
    belief = np.eye(12)[world.state_index(APART)]
    assert float(emp.empowerment(world, 2, beliefs=belief, **options)) == pytest.approx(1.0)
    kept = emp.empowerment(world, 2, checkpoint=tmp_path, **options)
    again = emp.empowerment(world, 2, checkpoint=tmp_path, **options)
    assert (kept.value == again.value).all()
    assert emp.skill_empowerment(world, 0.5, states=APART).lower[0] > 0
    assert emp.discounted_empowerment(world, 0.5).value[world.state_index(APART)] == pytest.approx(2.0)
    pytest.importorskip("matplotlib")
    assert kept.plot() is not None
