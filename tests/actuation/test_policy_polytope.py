"""Feedback with one reading at the end, in worlds small enough to be exact: listed policies, and few readings."""

import math
import time

import numpy as np
import pytest
from dead_end_oracles import capacity, random_world, tree_rows
from helpers import LOG2, for_each, in_nats

import empowerment as emp
from empowerment.actuation.dynamics import Dynamics
from empowerment.actuation.feedback.best_policies import BestPolicies
from empowerment.actuation.feedback.information_states import information_states_of_model
from empowerment.actuation.feedback.listed_policies import rows_of_all_policies
from empowerment.actuation.feedback.policy_polytope import PolicyPolytope, solve_polytope
from empowerment.actuation.sensor import make_sensor
from empowerment.actuation.task import NoSequenceError, StateTask

TOL = 1e-9
PATIENT = StateTask(0, 0, in_nats(TOL), 10**7, 1e12)


def situations_of(transition, horizon, start=0, sensor=None):
    model = emp.MDP(transition)
    return information_states_of_model(Dynamics.of(model, make_sensor(sensor, model)), start, horizon, "final")


def dirichlet(n_states, n_actions, seed=0):
    return np.random.default_rng(seed).dirichlet(np.ones(n_states), size=(n_states, n_actions))


def listed(information_states):
    """The capacity over every policy, by the solver that other tests compare with its reference."""
    rows = rows_of_all_policies(information_states, 10**7, 1e9)
    return emp.channel_capacity(rows[:, rows.any(axis=0)], base=math.e, tol=1e-10, on_failure="ignore")


def test_four_states_two_actions_four_steps_take_less_than_a_second_for_all():
    """The values are those of all 8,192 policies of each state, listed apart from the library."""
    world = dirichlet(4, 2)
    emp.empowerment(world, 4, feedback=True)  # kernels are compiled, or loaded
    before = time.process_time()
    found = emp.empowerment(world, 4, feedback=True)
    assert time.process_time() - before < 1
    assert found.converged.all()
    assert set(found.method) == {"policy-trees"}
    assert found.value == pytest.approx([0.16748423699, 0.17222080265, 0.16101123289, 0.14812179739], abs=1e-9)


def test_a_wide_tolerance_stops_at_once():
    """Where so many policies or sequences that they take long are of no use: 8 states, 3 actions."""
    world = dirichlet(8, 3)
    hidden = emp.POMDP(world, dirichlet(8, 3)[:, 0, :3] + 1, initial=np.full(8, 1 / 8), normalize=True)
    asked = [
        (world, 4, {"feedback": True}),
        (world, 4, {"feedback": True, "sensor": lambda state: state % 2, "output": "trajectory"}),
        (hidden, 6, {"feedback": True, "output": "trajectory"}),
        (world, 16, {}),
        (world, 16, {"method": "interval"}),
        (world, 9, {"output": "trajectory"}),
    ]
    for _ in range(2):  # at first kernels are compiled, or loaded
        before = time.process_time()
        for model, horizon, options in asked:
            start = {} if model is hidden else {"states": 0}
            found = emp.empowerment(model, horizon, tol=1e300, **start, **options)
            assert found.converged.all()
            assert (found.lower <= found.value).all()
            assert (found.value <= found.upper).all()
            assert found.upper.max() <= horizon * 3 + 1e-9  # no more than is read
        spent = time.process_time() - before
    assert spent < 2


@for_each("seed", range(40), first=10)
def test_policies_that_go_by_the_situation_are_enough(seed):
    """Against every tree, among them those that remember; information states that are dead ends are none."""
    rng = np.random.default_rng(seed)
    world = random_world(rng, n_states=2 + seed % 2).seen()
    horizon, start = 3 - seed % 2, np.eye(len(world.transition))[0]
    expected = capacity(tree_rows(world, start, horizon, world.observation, "final"))
    model = world.mdp()
    dynamics = Dynamics.of(model, make_sensor(None, model))
    if expected is None:
        with pytest.raises(NoSequenceError):
            information_states_of_model(dynamics, 0, horizon, "final")
        return
    information_states = information_states_of_model(dynamics, 0, horizon, "final")
    exact = listed(information_states)
    assert exact.lower / LOG2 <= expected[1]
    assert expected[0] <= exact.upper / LOG2
    known = solve_polytope(information_states, PATIENT)
    assert known.upper - known.lower <= TOL
    assert known.lower <= exact.upper
    assert exact.lower <= known.upper


@for_each(
    ("n_states", "n_actions", "horizon"),
    [(2, 3, 4), (3, 2, 4), (3, 3, 3), (4, 2, 3), (4, 3, 2), (5, 2, 3), (6, 2, 2)],
)
def test_the_polytope_holds_the_capacity_of_all_policies(n_states, n_actions, horizon):
    """At any work, and as narrowly as wanted if it may take enough."""
    for seed in range(3):
        information_states = situations_of(dirichlet(n_states, n_actions, seed), horizon)
        exact = listed(information_states)
        for memory in (1.0, 1e6, 1e12):
            known = solve_polytope(information_states, PATIENT._replace(memory=memory))
            assert known.lower <= exact.upper
            assert exact.lower <= known.upper <= math.log(n_states) + TOL
        assert known.upper - known.lower <= TOL


def test_rows_that_differ_in_no_way_or_in_few():
    """Deterministic worlds, in which readings are corners of a simplex, and a sensor that tells little."""
    still = np.tile(np.eye(3)[:, None], (1, 2, 1))
    assert solve_polytope(situations_of(still, 3), PATIENT).upper <= 1e-9
    ring = emp.worlds.ring(5, slip=0)
    for horizon, count in ((1, 3), (2, 5), (3, 5)):
        found = solve_polytope(situations_of(ring.to_dense(), horizon), PATIENT)
        assert found.lower <= math.log(count) <= found.upper <= found.lower + TOL
    coarse = situations_of(dirichlet(12, 2), 2, sensor=lambda state: state < 6)
    polytope, exact = PolicyPolytope(BestPolicies(coarse)), listed(coarse)
    assert polytope.n_dimensions == 1
    found = solve_polytope(coarse, PATIENT)
    assert found.lower <= exact.upper
    assert exact.lower <= found.upper <= found.lower + TOL


def test_differences_too_small_for_facets_are_allowed_for():
    """The third reading is rare, and what actions do to it nearly nothing."""
    for size in (1e-3, 1e-7, 1e-9, 1e-12, 1e-15):
        rows = np.array([[0.7, 0.3, 0], [0.2, 0.8, 0], [0.5, 0.5, 0], [0.4, 0.6, 0]])
        rows[:, 2] = size * np.array([1, 2, 5, 3])
        rows[:, 0] -= rows[:, 2]
        world = np.zeros((3, 4, 3))
        world[:] = rows
        information_states = situations_of(world, 1)
        exact, found = listed(information_states), solve_polytope(information_states, PATIENT)
        assert found.lower <= exact.upper
        assert exact.lower <= found.upper <= found.lower + 1e-7


def test_many_readings_are_left_to_others():
    assert solve_polytope(situations_of(dirichlet(9, 3), 2), PATIENT) is None
    assert rows_of_all_policies(situations_of(dirichlet(9, 3), 3), 10**7, 1e9) is None
    assert rows_of_all_policies(situations_of(dirichlet(4, 2), 2), 31, 1e9) is None
    assert len(rows_of_all_policies(situations_of(dirichlet(4, 2), 2), 32, 1e9)) == 32


def test_the_best_policies_for_payoffs_are_the_best_of_all():
    """Values and rows against the list of all policies."""
    information_states = situations_of(dirichlet(4, 2), 3)
    payoffs = np.random.default_rng(1).standard_normal((50, 4))
    values, rows = BestPolicies(information_states).support(payoffs)
    assert (values >= (rows * payoffs).sum(axis=1)).all()
    every = rows_of_all_policies(information_states, 10**7, 1e9)
    assert values == pytest.approx((every @ payoffs.T).max(axis=0), abs=1e-13)
    assert (rows * payoffs).sum(axis=1) == pytest.approx(values, abs=1e-13)
    assert len(every) == 2**9
