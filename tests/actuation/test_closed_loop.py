"""Feedback from observations, their trajectory read: known values, three methods, certificates, limits."""

import importlib.util
import math

import numpy as np
import pytest
from helpers import LOG2, for_each, in_nats, on_every_backend
from known_pomdps import AT_JUNCTION, CORRIDOR, TIGER, TMAZE, UNIFORM, random_pomdp
from pomdp_oracles import trajectory_rows, tree_rows

import empowerment as emp
from empowerment.actuation.dynamics import Dynamics
from empowerment.actuation.feedback import directed_capacity as module
from empowerment.actuation.feedback.bellman import feedback_values
from empowerment.actuation.feedback.bounds import bound_belief_feedback
from empowerment.actuation.feedback.directed_capacity import METHODS, directed_capacity
from empowerment.actuation.feedback.history_tree import HistoryTree
from empowerment.actuation.open_loop.layers import Kernels
from empowerment.actuation.sensor import make_sensor
from empowerment.actuation.task import NoSequenceError, StateSolution, StateTask

TOL = 1e-9  # nats

# Bits over the trajectory of observations, from the belief and the number of steps.
KNOWN = [
    ("tiger", TIGER, [0.5, 0.5], {1: 0, 2: 0.0467264, 3: 0.1209990, 4: 0.2111793}),
    ("tiger", TIGER, [0.85, 0.15], {1: 0.0467264, 3: 0.1951859}),
    ("tiger", TIGER, [1.0, 0.0], {1: 0.1050910, 3: 0.3294937, 4: 0.4440044}),
    ("corridor", CORRIDOR, UNIFORM, {1: 0.1691806, 2: 0.4831772, 3: 0.9233547}),
    ("corridor", CORRIDOR, 2, {3: 1.3998174}),
    ("corridor", CORRIDOR, 0, {2: 1.0678376}),
    ("tmaze", TMAZE, None, {3: 2.8112903}),
    ("tmaze", TMAZE, (0, "up"), {3: 2.8792142}),
    ("tmaze", TMAZE, AT_JUNCTION, {1: 1.2592271, 2: 2.2505110}),
    ("tmaze", TMAZE, (2, "up"), {2: 2.6210997}),
]
CASES = [
    pytest.param(model, belief, horizon, bits, id=f"{name}-{belief}-{horizon}")
    for name, model, belief, all_bits in KNOWN
    for horizon, bits in all_bits.items()
]
# Permuter, Cuff, Van Roy and Weissman (2008)
TRAPDOOR = [0.321928095, 1.082725741, 1.788830470, 2.492832455, 3.187342369, 3.882527609]


def solved(model, belief, horizon, method="auto", tol=TOL, backend="numba"):
    found = directed_capacity(
        model, model.belief(belief), horizon, options=in_nats(tol, backend), memory=1e9, method=method
    )
    assert found.lower <= found.value <= found.upper
    assert found.sequences.shape == (0, horizon)
    return found


@for_each(("model", "belief", "horizon", "bits"), CASES)
def test_known_values(model, belief, horizon, bits):
    found = solved(model, belief, horizon)
    assert found.upper - found.lower <= TOL
    assert found.value / LOG2 == pytest.approx(bits, abs=1e-7)


@for_each("horizon", range(1, 7))
def test_the_trapdoor_channel(horizon):
    found = solved(emp.worlds.trapdoor(), None, horizon)
    assert found.upper - found.lower <= TOL
    assert found.value / LOG2 == pytest.approx(TRAPDOOR[horizon - 1], abs=1e-9)


def test_the_trapdoor_channel_gains_the_golden_mean_a_step():
    values = [solved(emp.worlds.trapdoor(), None, horizon).value / LOG2 for horizon in (7, 8)]
    assert values[1] - values[0] == pytest.approx(math.log2((1 + math.sqrt(5)) / 2), abs=1e-3)


@for_each(
    ("model", "belief", "horizon", "bits"), [(TIGER, [1.0, 0.0], 4, 0.4440044), (CORRIDOR, UNIFORM, 2, 0.4831772)]
)
@on_every_backend
def test_on_every_backend(model, belief, horizon, bits, backend):
    found = solved(model, belief, horizon, backend=backend)
    assert found.upper - found.lower <= TOL
    assert found.value / LOG2 == pytest.approx(bits, abs=1e-7)


@for_each(("model", "belief", "horizon", "bits"), CASES)
def test_the_soft_dynamic_program_gets_there_too(model, belief, horizon, bits):
    found = solved(model, belief, horizon, "soft-dynamic-programming", tol=1e-7)
    assert found.upper - found.lower <= 1e-7
    assert found.value / LOG2 == pytest.approx(bits, abs=3e-7)


@for_each(("model", "belief", "horizon", "bits"), CASES)
def test_the_sequence_form_gets_there_too(model, belief, horizon, bits):
    pytest.importorskip("cvxpy")
    found = solved(model, belief, horizon, "sequence-form")
    assert found.upper - found.lower <= 1e-6
    assert found.value / LOG2 == pytest.approx(bits, abs=1e-6)


@for_each("seed", range(40), first=10)
def test_the_interval_holds_the_capacity_over_all_trees(seed):
    model, belief = random_pomdp(seed)
    horizon = 2 if model.n_actions * model.n_observations < 9 else 1 + seed % 2
    transition, observation = model.mdp.to_dense(), model.observation
    trees = np.array(tree_rows(transition, observation, belief, horizon, "trajectory"))
    exact = emp.channel_capacity(trees, base=math.e, tol=1e-11, on_failure="ignore")
    found = [solved(model, list(belief), horizon, method, tol) for method, tol in (("auto", TOL), (METHODS[2], 1e-6))]
    for ends in found:
        assert ends.lower <= exact.upper + 1e-12
        assert exact.lower <= ends.upper + 1e-12
    assert found[0].upper - found[0].lower <= TOL
    # Reacting does not lose what not reacting has, and seeing the states does not lose that.
    blind = emp.channel_capacity(trajectory_rows(transition, observation, belief, horizon), base=math.e)
    assert found[0].upper >= blind.lower
    task = StateTask(0, horizon, in_nats(TOL), 10**6, 1e9)
    without = StateSolution.without_sequences(float(blind.value), float(blind.lower), float(blind.upper), horizon)
    bracket, _ = bound_belief_feedback(task, model, belief, without, Kernels.of(None), "trajectory")
    assert bracket.lower <= exact.upper
    assert exact.lower <= bracket.upper


@for_each("seed", range(8))
def test_what_shows_the_state_is_feedback_from_the_state(seed):
    rng = np.random.default_rng(seed)
    transition = rng.dirichlet(np.full(3, 0.5), size=(3, 2))
    model = emp.MDP(transition, terminal=[2] if seed % 2 else None)
    seen = emp.POMDP(transition, np.eye(3), terminal=[2] if seed % 2 else None)
    values = feedback_values(Dynamics.of(model, make_sensor(None, model)), 4, in_nats(TOL)).value
    assert [solved(seen, state, 4).value for state in range(3)] == pytest.approx(values.tolist(), abs=2 * TOL)


def test_missing_actions_are_taken_where_every_possible_state_has_them():
    """Two states look alike; only after the first observation the agent may do what just one of them has."""
    rows = np.zeros((4, 2, 4))
    rows[0, 0, [1, 2]] = 0.5
    rows[1, :, 1], rows[1, 1, 1], rows[1, 1, 3] = [1, 0], 0, 1
    rows[2, 0, 2], rows[3, :, 3] = 1, 1
    available = np.array([[True, False], [True, True], [True, False], [True, True]])
    alike = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1]]
    apart = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    assert solved(emp.POMDP(rows, alike, available=available), 0, 2).value == pytest.approx(0, abs=TOL)
    # Half the time there is a choice of two, and then it can be read.
    assert solved(emp.POMDP(rows, apart, available=available), 0, 2).value == pytest.approx(0.5 * LOG2, abs=TOL)


def test_no_action_for_what_is_held_possible():
    rows = np.zeros((3, 2, 3))
    rows[0, 0, [1, 2]] = 0.5
    rows[1, 0, 1] = rows[2, 1, 2] = 1
    model = emp.POMDP(rows, [[1.0], [1.0], [1.0]], available=[[True, False], [True, False], [False, True]])
    assert solved(model, 0, 1).value == pytest.approx(0, abs=TOL)
    for belief, horizon in ((0, 2), ([0, 0.5, 0.5], 1)):
        with pytest.raises(NoSequenceError, match="may lead to where no action is, with steps left"):
            solved(model, belief, horizon)


def test_too_many_histories_are_refused_before_they_are_made():
    with pytest.raises(MemoryError, match=r"9\^30 = 4\.24e\+28 histories.*output='final'"):
        solved(CORRIDOR, 0, 30)
    small = 8 * (4 * 9**3 + 9**2 * 5 * 3) + 8 * 25 * 9
    directed_capacity(CORRIDOR, CORRIDOR.belief(0), 3, options=in_nats(1e-3), memory=small)
    with pytest.raises(MemoryError):
        directed_capacity(CORRIDOR, CORRIDOR.belief(0), 3, options=in_nats(1e-3), memory=small - 1)


def test_methods_are_named_and_extras_asked_for(monkeypatch):
    assert solved(TIGER, None, 0).value == 0
    with pytest.raises(ValueError, match="directed_capacity"):
        solved(TIGER, None, 1, "simplex")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r'install them with pip install "cvxpy>=1\.5" "clarabel>='):
        solved(TIGER, None, 1, "sequence-form")


def test_an_interval_holds_where_sweeps_run_out(monkeypatch):
    monkeypatch.setattr(module, "_SWEEPS", 3)
    found = solved(TIGER, None, 4, "soft-dynamic-programming")
    assert found.lower <= 0.2111793 * LOG2 <= found.upper
    assert found.upper - found.lower > 1e-6


def test_the_best_response_is_the_best_of_all_trees():
    model, belief = random_pomdp(7)
    tree = HistoryTree(model, belief, 2, 1e9)
    q = np.random.default_rng(0).dirichlet(np.ones(tree.n_outcomes))
    rows = np.array(tree_rows(model.mdp.to_dense(), model.observation, belief, 2, "trajectory"))
    with np.errstate(divide="ignore", invalid="ignore"):
        divergences = np.where(rows > 0, rows * np.log(rows / q), 0.0).sum(axis=1)
    values, choices = tree.best_response(q)
    assert values.max() == pytest.approx(divergences.max(), abs=1e-12)
    assert np.abs(rows - tree.row(choices)).max(axis=1).min() <= 1e-14
    assert tree.read(tree.played(tree.uniform_policy())) == pytest.approx(
        trajectory_rows(model.mdp.to_dense(), model.observation, belief, 2).mean(axis=0), abs=1e-14
    )
