"""Discounted empowerment and empowerment rates: known values, certificates, and where there is no rate."""

import math

import numpy as np
import pytest
from helpers import MINI2, MINI3, for_each, on_every_backend, small_model, solved_feedback

import empowerment as emp
from empowerment.actuation.dynamics import Dynamics
from empowerment.actuation.feedback.end_components import end_components, recurrent_classes
from empowerment.actuation.sensor import make_sensor
from empowerment.control.rates import discounted_empowerment, empowerment_rate


@for_each(
    ("model", "bits"),
    [
        (MINI2, [2.061972251, 2.032206386]),
        (MINI3, [1.795508614, 1.606533430, 1.427687039]),
        (emp.worlds.golden_mean(), [7.141377577540, 0.9 * 7.141377577540]),
    ],
    ids=["mini2", "mini3", "golden-mean"],
)
@on_every_backend
def test_discounted_values(model, bits, backend):
    found = discounted_empowerment(model, 0.9, backend=backend)
    assert found.value == pytest.approx(bits, abs=1e-9)
    assert found.converged.all()
    assert found.unit == "bits"


@for_each(
    ("model", "bits"),
    [
        (MINI2, 0.204941443),
        (MINI3, 0.159647124),
        (emp.worlds.golden_mean(), math.log2((1 + math.sqrt(5)) / 2)),
        (emp.worlds.golden_mean(0.1), 0.361533152282),
        (emp.worlds.post(), math.log2(1.25)),
        (emp.worlds.ring(), 1.259227060685),
        (emp.worlds.klyubin_maze(), 2.201918614),
    ],
    ids=["mini2", "mini3", "golden-mean", "noisy-golden-mean", "post", "ring", "maze"],
)
def test_rates(model, bits):
    found = empowerment_rate(model)
    assert found.lower - 1e-9 <= bits <= found.upper + 1e-9
    assert float(found) == pytest.approx(bits, abs=2e-9)
    assert found.converged


@on_every_backend
def test_rates_on_every_backend(backend):
    assert float(empowerment_rate(MINI3, backend=backend)) == pytest.approx(0.159647124, abs=2e-9)


@for_each("discount", [0.0, 0.5, 0.99])
@for_each("seed", range(6))
def test_many_steps_come_close_to_the_discounted_value(seed, discount):
    """Value iteration by hand: the interval holds it, and the fixed point it tends to."""
    model = small_model(seed)
    found = discounted_empowerment(model, discount, base=math.e, tol=1e-8)
    if discount == 0:
        assert found.value == pytest.approx(solved_feedback(model, 1).value, abs=2e-8)
    transition, value = model.to_dense(), found.value
    for state in np.flatnonzero(model.available.any(axis=1)):
        own = transition[state][model.available[state]]
        again = emp.channel_capacity(own, rewards=discount * own @ value, base=math.e).value
        assert again == pytest.approx(value[state], abs=3e-8)
    assert found.lower.max() <= math.log(2) / (1 - discount)


@for_each("seed", [1, 2])
def test_the_rate_is_what_one_more_step_brings(seed):
    model = emp.MDP(np.random.default_rng(seed).dirichlet(np.ones(4), size=(4, 3)))
    more = solved_feedback(model, 30).value - solved_feedback(model, 29).value
    assert more == pytest.approx(float(empowerment_rate(model, base=math.e)), abs=1e-8)


def test_a_period_and_policies_that_fall_apart():
    """Two rooms with a choice of two between: from either the agent may go on for ever without the other."""
    cycle = emp.MDP(np.eye(3)[[[1, 1], [2, 2], [0, 0]]])
    assert float(empowerment_rate(cycle)) == pytest.approx(0, abs=1e-9)
    rooms = emp.MDP(np.eye(4)[[[0, 1, 2], [1, 0, 0], [3, 2, 0], [2, 3, 3]]])
    counted = np.log2(np.abs(np.linalg.eigvals([[1, 1, 1, 0], [1, 1, 0, 0], [1, 0, 1, 1], [0, 0, 1, 1]])).max())
    assert float(empowerment_rate(rooms)) == pytest.approx(counted, abs=2e-9)


def test_transient_states_do_not_count():
    rows = np.zeros((3, 2, 3))
    rows[0, :, 1] = 1
    rows[1:, 0, 1] = rows[1:, 1, 2] = 1
    assert float(empowerment_rate(emp.MDP(rows))) == pytest.approx(1.0, abs=1e-9)


@for_each("leaves", [False, True])
def test_places_that_need_not_meet_are_named(leaves):
    rows = np.eye(4)[[[0, 1], [0, 2 if leaves else 1], [2, 3], [2, 3]]]
    with pytest.raises(ValueError, match=r"around state 'a' for ever and around state 'c'.*discounted_empowerment"):
        empowerment_rate(emp.MDP(rows, states="abcd"))


def test_terminal_states_end_the_world():
    rows = np.zeros((3, 2, 3))
    rows[0, 0, 1] = rows[0, 1, 2] = 1
    model = emp.MDP(rows, terminal=[1, 2])
    assert discounted_empowerment(model, 0.9).value == pytest.approx([1.0, 0.0, 0.0], abs=1e-9)
    with pytest.raises(ValueError, match="around state 1 for ever and around state 2"):
        empowerment_rate(model)
    # A dead end before them is none of the states that count, and does not change their names.
    rows = np.pad(rows, ((1, 0), (0, 0), (1, 0)))
    able = [[False] * 2, *[[True] * 2] * 3]
    with pytest.raises(ValueError, match="around state 2 for ever and around state 3"):
        empowerment_rate(emp.MDP(rows, terminal=[2, 3], available=able))


def test_classes():
    dynamics = Dynamics.of(emp.worlds.post(), make_sensor(None, emp.worlds.post()))
    assert [found.tolist() for found in end_components(dynamics)] == [[0, 1]]
    assert [found.tolist() for found in recurrent_classes(dynamics.actions[0])] == [[0]]


def test_what_cannot_be_reached_is_said():
    with pytest.warns(emp.ConvergenceWarning, match="the widest interval is"):
        found = discounted_empowerment(MINI3, 0.9, max_iter=1)
    assert not found.converged.all()
    exact = discounted_empowerment(MINI3, 0.9)
    assert (found.lower <= exact.value).all()
    assert (exact.value <= found.upper).all()
    with pytest.raises(RuntimeError, match=r"wanted 1\.00e-09"):
        empowerment_rate(MINI3, max_iter=1, on_failure="raise")
    with pytest.raises(ValueError, match="discount is 1, expected a number in"):
        discounted_empowerment(MINI3, 1)


def test_results_read_well():
    assert repr(empowerment_rate(emp.worlds.golden_mean())).startswith("EmpowermentRate(0.694241913")
    assert repr(discounted_empowerment(MINI2, 0.9)).startswith("BellmanResult(2 states: 2.03221")
