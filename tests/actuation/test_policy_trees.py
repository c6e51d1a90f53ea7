"""Feedback, one reading at the end: known values, orders, certificates, and intervals where trees are too many."""

import math
from functools import cache

import numpy as np
import pytest
from helpers import LOG2, MINI2, MINI3, dynamics_of, for_each, in_nats, on_every_backend, seven_states, small_model
from known_pomdps import AT_JUNCTION, CORRIDOR, TIGER, TMAZE, UNIFORM, random_pomdp
from pomdp_oracles import tree_rows

import empowerment as emp
from empowerment.actuation.feedback.bellman import feedback_values
from empowerment.actuation.feedback.bounds import bound_belief_feedback, bound_state_feedback
from empowerment.actuation.feedback.policy_trees import trees_of_beliefs, trees_of_states
from empowerment.actuation.open_loop.exact import solve_exactly
from empowerment.actuation.open_loop.layers import Kernels
from empowerment.actuation.task import NoSequenceError, StateSolution, StateTask, TooManySequencesError

TOL = 1e-9  # nats


def asked(start, horizon, backend="numba", max_sequences=10**6):
    return StateTask(start, horizon, in_nats(TOL, backend), max_sequences, 1e9)


NOTHING = StateSolution.without_sequences(0.0, 0.0, 0.0, 0)


def from_state(model, start, horizon, sensor=None, output="final", backend="numba"):
    try:
        ends = trees_of_states(asked(start, horizon, backend), dynamics_of(model, sensor), output)
    except NoSequenceError:
        return NOTHING
    assert ends.lower <= ends.value <= ends.upper <= ends.lower + 2 * TOL
    return ends


def from_belief(model, belief, horizon, reading="observation"):
    sensor = None if reading == "observation" else np.eye(model.n_states)
    ends = trees_of_beliefs(asked(0, horizon), model, model.belief(belief), sensor)
    assert ends.lower <= ends.value <= ends.upper <= ends.lower + 2 * TOL
    return ends


def tools(backend="numba"):
    return Kernels.of(backend)


def open_loop(model, start, horizon, sensor=None):
    try:
        return solve_exactly(asked(start, horizon), dynamics_of(model, sensor), tools())
    except NoSequenceError:
        return StateSolution.without_sequences(0.0, 0.0, 0.0, horizon)


@for_each(
    ("model", "bits"),
    [
        (MINI2, {1: 0.215055750, 2: 0.289557801, 3: 0.307090969}),
        (MINI3, {1: 0.332886673, 2: 0.230509867, 3: 0.197576765}),
        (seven_states(), {2: math.log2(1.25)}),
    ],
    ids=["mini2", "mini3", "seven-states"],
)
@on_every_backend
def test_reacting_to_the_state(model, bits, backend):
    for horizon, expected in bits.items():
        assert from_state(model, 0, horizon, backend=backend).value / LOG2 == pytest.approx(expected, abs=1e-9)


def test_the_ring_and_the_lake():
    assert from_state(emp.worlds.ring(), 0, 2).value / LOG2 == pytest.approx(1.981393, abs=6e-7)
    lake = emp.from_gymnasium(pytest.importorskip("gymnasium").make("FrozenLake-v1"))
    assert from_state(lake, 0, 2).value / LOG2 == pytest.approx(0.543573, abs=6e-7)


@for_each(
    ("model", "belief", "horizon", "observation", "state"),
    [
        (TIGER, [0.5, 0.5], 1, 0, 0),
        (TIGER, [0.5, 0.5], 2, 0.0437428, 0.0902639),
        (TIGER, [0.5, 0.5], 3, 0.0437428, 0.0902639),
        (TIGER, [0.85, 0.15], 1, 0.0467264, 0.1050910),
        (TIGER, [0.85, 0.15], 3, 0.1213293, 0.2679702),
        (TIGER, [1.0, 0.0], 1, 0.1050910, 0.3219281),
        (TIGER, [1.0, 0.0], 3, 0.1796345, 0.4780941),
        (CORRIDOR, UNIFORM, 1, 0.1691806, 0.2854412),
        (CORRIDOR, UNIFORM, 2, 0.3421083, 0.6675146),
        (CORRIDOR, 0, 2, 0.6501660, 1.2195940),
        (TMAZE, AT_JUNCTION, 1, 1.2592271, 1.6278458),
        (TMAZE, AT_JUNCTION, 2, 1.7737323, 2.1257758),
        (TMAZE, (2, "up"), 2, 2.1257758, 2.1257758),
    ],
)
def test_reacting_to_observations(model, belief, horizon, observation, state):
    assert from_belief(model, belief, horizon).value / LOG2 == pytest.approx(observation, abs=1e-7)
    assert from_belief(model, belief, horizon, "state").value / LOG2 == pytest.approx(state, abs=1e-7)


def test_reacting_to_the_state_instead():
    assert from_state(TIGER.mdp, 0, 2).value >= from_belief(TIGER, [1.0, 0.0], 2, "state").value
    # The belief of one half as one more state, left by whatever is done.
    rows = np.zeros((3, 3, 3))
    rows[:2, :, :2], rows[2, :, :2] = TIGER.mdp.to_dense(), 0.5
    assert from_state(emp.MDP(rows), 2, 2).value / LOG2 == pytest.approx(0.1887219, abs=1e-7)


def test_deterministic_worlds_count_states():
    maze = emp.worlds.klyubin_maze()
    assert from_state(maze, 0, 4).value == pytest.approx(
        float(emp.empowerment(maze, 4, states=maze.states[0], base=math.e))
    )


@for_each("seed", range(60), first=20)
def test_the_interval_holds_the_capacity_over_all_trees(seed):
    model, belief = random_pomdp(seed)
    horizon = 2 if model.n_actions * model.n_observations < 9 else 1 + seed % 2
    transition, observation = model.mdp.to_dense(), model.observation
    for reading in ("observation", "state"):
        trees = np.array(tree_rows(transition, observation, belief, horizon, reading))
        exact = emp.channel_capacity(trees, base=math.e, tol=1e-11, on_failure="ignore")
        found = from_belief(model, list(belief), horizon, reading)
        assert found.lower <= exact.upper
        assert exact.lower <= found.upper
        sensor = None if reading == "observation" else np.eye(model.n_states)
        nothing = StateSolution.without_sequences(0.0, 0.0, math.inf, horizon)
        bracket, _ = bound_belief_feedback(asked(0, horizon), model, belief, nothing, tools(), "final", sensor)
        assert bracket.lower <= exact.upper
        assert exact.lower <= bracket.upper <= exact.upper + 1e-6


@cache
def world(seed):
    """A random model of up to four states, sometimes with terminal states and missing actions, and a horizon."""
    n_states = 2 + seed % 3
    return small_model(seed, n_states, 2), 1 + seed // 3 % 3


def soft_value(model, horizon):
    """Soft value iteration, above all others."""
    value = np.zeros(model.n_states)
    for _ in range(horizon):
        worth = np.logaddexp.reduce(model.to_dense() @ value, axis=1, where=model.available, initial=-np.inf)
        value = np.where(model.available.any(axis=1), worth, 0.0)  # at a dead end one may stay: no less than none
    return value


@for_each("seed", range(200), first=40)
def test_orders(seed):
    """Without feedback <= with it <= over trajectories <= soft values, and the interval holds what it should."""
    model, horizon = world(seed)
    start, dynamics = seed % model.n_states, dynamics_of(model)
    reacting, blind = from_state(model, start, horizon), open_loop(model, start, horizon)
    before, value = (feedback_values(dynamics, k, in_nats(TOL)) for k in (horizon - 1, horizon))
    assert blind.lower <= reacting.upper
    assert (reacting is NOTHING) == np.isneginf(value.upper[start])
    if reacting is NOTHING:
        with pytest.raises(NoSequenceError, match="may lead to where no action is"):
            bound_state_feedback(asked(start, horizon), dynamics, blind, tools())
        return
    assert reacting.lower <= value.upper[start]
    if model.available.any(axis=1).all():
        assert (before.lower <= value.upper).all()
    assert (value.lower <= soft_value(model, horizon) + 1e-12).all()
    assert soft_value(model, horizon).max() <= horizon * LOG2 + 1e-12
    runs = emp.empowerment(model, horizon, states=start, output="trajectory", base=math.e)
    assert runs.lower[0] <= value.upper[start]
    if seed % 4 == 0:
        bracket, _ = bound_state_feedback(asked(start, horizon), dynamics, blind, tools())
        assert bracket.lower <= reacting.upper
        assert reacting.lower <= bracket.upper <= value.upper[start] + 1e-8
    if horizon == 1:
        assert reacting.value == pytest.approx(value.value[start], abs=3 * TOL)
        assert reacting.value == pytest.approx(blind.value, abs=3 * TOL)


@for_each("seed", range(40), first=12)
def test_more_steps_add_no_more_than_they_have_themselves(seed):
    model = world(seed)[0]
    dynamics, states = dynamics_of(model), range(model.n_states)
    one, two, three = (feedback_values(dynamics, k, in_nats(TOL)) for k in (1, 2, 3))
    assert (three.lower <= one.upper + two.upper.max()).all()
    last = [[from_state(model, start, k) for start in states] for k in (1, 2)]
    # With -inf, where every policy may be stuck, the first holds as well.
    assert all(
        long.lower <= short.upper + max(end.upper for end in last[0]) for short, long in zip(*last, strict=True)
    )


@for_each("seed", range(30))
def test_sensors(seed):
    """A coarser reading tells less; whole trajectories of readings tell more; those of states are worth V."""
    model, horizon = world(seed)[0], 1 + seed // 3 % 2
    noisy = np.random.default_rng(seed).dirichlet(np.ones(2), size=model.n_states)
    for start in {0, model.n_states - 1}:
        fine = from_state(model, start, horizon)
        value = feedback_values(dynamics_of(model), horizon, in_nats(TOL))
        runs = from_state(model, start, horizon, output="trajectory")
        if runs is NOTHING:
            assert fine is NOTHING
            continue
        assert runs.value == pytest.approx(value.value[start], abs=4 * TOL)
        for sensor in (lambda state: state % 2, noisy):
            coarse = from_state(model, start, horizon, sensor)
            assert coarse.lower <= fine.upper
            seen = from_state(model, start, horizon, sensor, "trajectory")
            assert coarse.lower <= seen.upper
            assert seen.lower <= runs.upper
            without = StateSolution.without_sequences(0.0, 0.0, math.inf, horizon)
            bracket, _ = bound_state_feedback(
                asked(start, horizon), dynamics_of(model, sensor), without, tools(), "trajectory"
            )
            assert seen.lower <= bracket.upper


@for_each("seed", range(12))
def test_reacting_to_observations_while_the_receiver_reads_the_states(seed):
    """Both readings of every tree of two steps, written out."""
    rng = np.random.default_rng(seed)
    transition, sensor = rng.dirichlet(np.full(2, 0.5), size=(2, 2)), rng.dirichlet(np.ones(2), size=2)
    model, belief = emp.POMDP(transition, rng.dirichlet(np.ones(2), size=(2, 2))), rng.dirichlet(np.ones(2))
    rows = []
    for first, *then in np.ndindex(2, 2, 2):
        after = transition[:, then].transpose(1, 0, 2)
        parts = belief, transition[:, first], model.observation[first], sensor, after, sensor
        rows.append(np.einsum("s,si,io,iy,oij,jz->yz", *parts).reshape(-1))
    exact = emp.channel_capacity(np.array(rows), base=math.e, tol=1e-11)
    found = trees_of_beliefs(asked(0, 2), model, belief, sensor, "trajectory")
    assert found.lower <= exact.upper
    assert exact.lower <= found.upper <= found.lower + 2 * TOL
    nothing = StateSolution.without_sequences(0.0, 0.0, math.inf, 2)
    bracket, status = bound_belief_feedback(asked(0, 2), model, belief, nothing, tools(), "trajectory", sensor)
    assert exact.lower <= bracket.upper
    assert status == emp.Status.BOUNDED


def test_trajectories_of_beliefs_say_where_they_belong():
    with pytest.raises(ValueError, match="directed_capacity solves trajectories of observations"):
        trees_of_beliefs(asked(0, 2), TIGER, TIGER.belief(), None, "trajectory")
    with pytest.raises(TooManySequencesError, match=r"there are 5\^12 trajectories of readings, which take"):
        trees_of_beliefs(asked(0, 12), CORRIDOR, CORRIDOR.belief(), np.eye(5), "trajectory")


def test_trajectories_and_feedback_are_not_ordered():
    runs = emp.empowerment(MINI2, 2, states=0, output="trajectory", base=math.e)
    assert runs.lower[0] > from_state(MINI2, 0, 2).upper
    runs = emp.empowerment(seven_states(), 2, states=0, output="trajectory", base=math.e)
    assert runs.upper[0] < from_state(seven_states(), 0, 2).lower
    entropy = -0.25 * math.log2(0.25) - 0.75 * math.log2(0.75)
    assert runs.value[0] / LOG2 == pytest.approx(entropy - 0.5, abs=2e-9)


def test_the_last_reading_may_tell_less_after_more_steps():
    assert from_state(MINI3, 0, 2).upper < from_state(MINI3, 0, 1).lower
    assert open_loop(MINI2, 0, 2).upper < open_loop(MINI2, 0, 1).lower


def test_missing_actions_and_terminal_states():
    """From the middle there is a choice of two; either side stays as it is, or is a dead end."""
    rows = np.zeros((3, 2, 3))
    rows[1, 0, 0] = rows[1, 1, 2] = 1
    stuck, ended = emp.MDP(rows, available=[[False] * 2, [True] * 2, [False] * 2]), emp.MDP(rows, terminal=[0, 2])
    for horizon in (1, 2, 5):
        assert from_state(ended, 1, horizon).value == pytest.approx(LOG2, abs=TOL)
        assert from_state(ended, 0, horizon).value == pytest.approx(0, abs=TOL)
        assert from_state(stuck, 0, horizon) is NOTHING
        assert (from_state(stuck, 1, horizon) is NOTHING) == (horizon > 1)
    assert from_state(stuck, 1, 1).value == pytest.approx(LOG2, abs=TOL)


def test_too_many_trees_are_refused_and_bracketed():
    lake = emp.from_gymnasium(pytest.importorskip("gymnasium").make("FrozenLake-v1"))
    task = asked(0, 4)
    with pytest.raises(TooManySequencesError, match=r"policies are left.*allowed are 1,000,000.*method='interval'"):
        trees_of_states(task, dynamics_of(lake))
    ends, status = bound_state_feedback(task, dynamics_of(lake), open_loop(lake, 0, 4), tools())
    assert ends.lower / LOG2 > 0.9012  # without feedback it is 0.796822774
    assert ends.lower < ends.upper <= 1.05 * LOG2  # the trajectory has 1.3542
    assert status == emp.Status.NODE_LIMIT
    task = task._replace(memory=1e4)  # too little to look for policies
    ends, _ = bound_state_feedback(task, dynamics_of(lake), open_loop(lake, 0, 4), tools())
    assert ends.lower / LOG2 == pytest.approx(0.796822774, abs=1e-8)
    with pytest.raises(TooManySequencesError, match="there are 4 beliefs, allowed are 2"):
        trees_of_beliefs(asked(0, 3, max_sequences=2), CORRIDOR, CORRIDOR.belief(0))


def test_intervals_close_in_where_there_is_little_to_react_to():
    """POST: at one step there is nothing to react to, and steering ends where a tree does."""
    ends, _ = bound_state_feedback(asked(0, 1), dynamics_of(MINI3), open_loop(MINI3, 0, 1), tools())
    assert ends.upper - ends.lower <= 2e-9
    steered, _ = bound_state_feedback(asked(0, 8), dynamics_of(MINI3), open_loop(MINI3, 0, 8), tools())
    assert steered.upper < 0.9 * feedback_values(dynamics_of(MINI3), 8, in_nats(TOL)).value[0]


@for_each(("model", "horizon"), [(MINI2, 3), (MINI3, 3), (emp.worlds.ring(), 3)])
def test_the_lower_end_reacts(model, horizon):
    exact = from_state(model, 0, horizon)
    ends, _ = bound_state_feedback(asked(0, horizon), dynamics_of(model), open_loop(model, 0, horizon), tools())
    assert exact.value - 1e-8 <= ends.lower <= exact.upper
    assert exact.lower <= ends.upper <= exact.value + 1e-8
    assert open_loop(model, 0, horizon).upper < ends.lower


def test_nothing_to_do():
    assert trees_of_states(asked(0, 0), dynamics_of(MINI2)).value == 0
    assert trees_of_beliefs(asked(0, 0), TIGER, TIGER.belief()).value == 0
    stuck = emp.POMDP(np.zeros((1, 1, 1)), [[1.0]], available=[[False]])
    for horizon in (1, 2):
        with pytest.raises(NoSequenceError, match="may lead to where no action is"):
            trees_of_beliefs(asked(0, horizon), stuck, np.ones(1))
