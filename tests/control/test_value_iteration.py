"""Optimal values: closed forms, linear systems, two kernels, and the bound that decides when to stop."""

import numpy as np
import pytest
from helpers import for_each
from scipy import sparse

import empowerment as emp
from empowerment.control.value_iteration import optimal_action_values
from empowerment.runtime import interrupts

BACKENDS = ("numba", "reference")


def random_world(seed):
    """A sparse world with missing actions and terminal states, and rewards."""
    rng = np.random.default_rng(seed)
    n_states, n_actions = int(rng.integers(1, 12)), int(rng.integers(1, 4))
    rows = rng.dirichlet(np.full(n_states, 0.3), size=(n_states, n_actions))
    rows[rows < 0.05] = 0
    available = rng.random((n_states, n_actions)) < 0.7
    available[np.arange(n_states), rng.integers(0, n_actions, n_states)] = True
    terminal = np.flatnonzero(rng.random(n_states) < 0.2).tolist()
    world = emp.MDP(rows, available=available, terminal=terminal, normalize=True)
    return world, rng.normal(size=(int(rng.integers(1, 4)), n_states, n_actions))


def by_policy_iteration(world, rewards, discount):
    """Return optimal values of states and actions by linear systems, one for each policy on the way."""
    rows = world.to_dense()
    rewards = np.where(world.available & ~world.is_terminal[:, None], rewards, 0.0)
    states = np.arange(world.n_states)
    policy = world.available.argmax(axis=1)
    for _ in range(1000):
        matrix = np.eye(world.n_states) - discount * rows[states, policy]
        values = np.linalg.solve(matrix, rewards[states, policy])
        found = np.where(world.available, rewards + discount * rows @ values, -np.inf)
        better = found.max(axis=1) > found[states, policy] + 1e-12
        if not better.any():
            return found
        policy = np.where(better, found.argmax(axis=1), policy)
    raise AssertionError("policy iteration does not end")


def test_both_kernels_agree_with_policy_iteration():
    kinds = set()
    for seed in range(60):
        world, rewards = random_world(seed)
        discount = (0.0, 0.5, 0.97)[seed % 3]
        wanted = np.array([by_policy_iteration(world, each, discount) for each in rewards])
        kinds |= {bool(world.is_terminal.any()), "all" if world.available.all() else "some"}
        for backend in BACKENDS:
            found = optimal_action_values(world, rewards, discount=discount, backend=backend)
            assert found.shape == rewards.shape
            np.testing.assert_array_equal(np.isinf(found), ~np.broadcast_to(world.available, found.shape))
            np.testing.assert_allclose(found, wanted, rtol=0, atol=1.1e-10, err_msg=f"{seed} {backend}")
            alone = optimal_action_values(world, rewards[0], discount=discount, backend=backend)
            np.testing.assert_array_equal(alone, found[0])  # tables do not meddle with each other
    assert kinds == {True, False, "all", "some"}


@for_each("backend", BACKENDS)
def test_closed_forms(backend):
    rewards = np.array([[1.0, 0.0], [0.0, 3.0]])
    stay, swap = np.eye(2), np.eye(2)[::-1]
    world = emp.MDP(np.stack([stay, swap], axis=1))
    # In state 0 one stays for 1 each time, or swaps for nothing; in state 1 one swaps for 3. So one stays in 0
    # for ever, or alternates for 3 every other step.
    for discount in (0.0, 0.3, 0.9, 0.99):
        first = max(1 / (1 - discount), discount * 3 / (1 - discount**2))
        second = 3 + discount * first
        found = optimal_action_values(world, rewards, discount=discount, backend=backend)
        wanted = [[1 + discount * first, discount * second], [discount * second, second]]
        np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-10)
    # Nothing more happens in a terminal state, whatever reward is named there.
    ended = emp.MDP(np.stack([stay, swap], axis=1), terminal=[1])
    found = optimal_action_values(ended, [[0.5, 2.0], [np.nan, 7.0]], discount=0.5, backend=backend)
    np.testing.assert_allclose(found, [[0.5 + 0.5 * 2.0, 2.0], [0.0, 0.0]], atol=1e-10)
    # One state for ever: r / (1 - d); rewards of missing actions are not read.
    one = emp.MDP(np.ones((1, 2, 1)), available=[[True, False]])
    found = optimal_action_values(one, [[2.0, np.inf]], discount=0.75, backend=backend)
    np.testing.assert_allclose(found, [[8.0, -np.inf]], rtol=1e-11)


def test_an_orbit_of_a_hundred_steps():
    n = 100
    ring = sparse.csr_array((np.ones(n), ((np.arange(n)), (np.arange(n) + 1) % n)))
    rewards = np.zeros((n, 1))
    rewards[0] = 1.0
    for discount in (0.9, 0.999):
        found = optimal_action_values(emp.MDP([ring]), rewards, discount=discount)
        wanted = discount ** ((n - np.arange(n)) % n) / (1 - discount**n)
        np.testing.assert_allclose(found[:, 0], wanted, rtol=0, atol=1e-10)


def test_a_wider_tolerance_is_met_and_the_order_does_not_matter():
    rng = np.random.default_rng(1)
    for seed in range(20):
        world, rewards = random_world(seed)
        exact = np.array([by_policy_iteration(world, each, 0.95) for each in rewards])
        errors = []
        for tol in (1.0, 1e-3, 1e-7):
            for backend in BACKENDS:
                order = rng.permutation(world.n_states)
                found = optimal_action_values(world, rewards, discount=0.95, tol=tol, order=order, backend=backend)
                there = np.isfinite(exact)
                error = np.abs(found[there] - exact[there]).max()
                assert error <= tol
                errors.append(error)
        assert errors[0] >= errors[-2]  # it stops early


def test_the_layout_of_rewards_in_memory_does_not_matter():
    rng = np.random.default_rng(11)
    world = emp.MDP(rng.dirichlet(np.ones(4), (4, 2)), normalize=True)
    rewards = rng.random((3, 4, 2))
    for backend in ("numba", "reference"):
        plain, turned = (
            optimal_action_values(world, each, discount=0.9, backend=backend)
            for each in (rewards, np.asfortranarray(rewards))
        )
        assert (plain == turned).all(), backend


def test_the_last_hour_first_needs_the_fewest_sweeps():
    n_hours = 24
    clock = emp.MDP(np.eye(n_hours)[(np.arange(n_hours) + 1) % n_hours][:, None, :])
    rewards = np.ones((n_hours, 1))
    order = np.arange(n_hours)
    options = {"discount": 0.9, "tol": 1e-6}
    few = {"max_iter": 12, **options}  # each sweep shrinks errors by 0.9 ** 24
    np.testing.assert_allclose(optimal_action_values(clock, rewards, **few), 10.0, atol=1e-6)
    with pytest.raises(
        RuntimeError, match=r"after 12 sweeps the values may be .* wanted are 1.00e-06: raise max_iter"
    ):
        optimal_action_values(clock, rewards, order=order, **few)
    np.testing.assert_allclose(optimal_action_values(clock, rewards, order=order, **options), 10.0, atol=1e-6)


def test_reference_values_of_the_delivery_world():
    world = emp.worlds.delivery()
    rewards = emp.worlds.delivery_features() @ [0.7, 0.15, 0.15]
    for backend in BACKENDS:
        values = optimal_action_values(world, rewards, discount=0.97, backend=backend)
        np.testing.assert_allclose(
            values[world.state_index((8, 0, "far"))], [19.699451, 18.956938, 19.053799], atol=6e-7
        )
        np.testing.assert_allclose(
            values[world.state_index((0, 4, "mid"))], [-np.inf, 17.054268, 17.504920], atol=6e-7
        )


def test_a_long_computation_is_the_same_in_a_thread_of_its_own(monkeypatch):
    world, rewards = random_world(8)
    found = []
    for soon in (1e30, -1.0):
        monkeypatch.setattr(interrupts, "_SOON", soon)
        found.append(optimal_action_values(world, rewards, discount=0.97))
    np.testing.assert_array_equal(*found)


def test_work_that_is_told_to_stop_stops():
    world, rewards = random_world(8)
    flag = interrupts.new_flag()
    flag[0] = 1
    with interrupts.stopped_by(flag), pytest.raises(interrupts.StoppedError):
        optimal_action_values(world, rewards, discount=0.97)


@for_each(
    ("changes", "kind", "words"),
    [
        ({"discount": 1.0}, ValueError, r"discount is 1, expected a number in \[0, 1\)"),
        ({"discount": np.nan}, ValueError, "discount is nan"),
        ({"rewards": np.ones((2, 3))}, ValueError, r"rewards has shape \(2, 3\), expected .* = \(..., 2, 2\)"),
        ({"rewards": [[1.0, np.nan], [0.0, 0.0]]}, ValueError, "rewards of state 's' and action 1 are nan"),
        ({"rewards": np.full((2, 2), 1e308)}, ValueError, r"rewards are up to 1e\+308"),
        ({"order": [0, 0]}, ValueError, "order"),
        ({"order": [0]}, ValueError, "order has 1"),
        ({"tol": 0}, ValueError, "tol is 0"),
        ({"max_iter": 0}, ValueError, "max_iter is 0"),
        ({"backend": "jax"}, ValueError, "unknown backend 'jax'; the known ones are 'numba', 'reference'"),
    ],
)
def test_wrong_arguments(changes, kind, words):
    world = emp.MDP(np.full((2, 2, 2), 0.5), states=["s", "t"])
    arguments = {"model": world, "rewards": np.ones((2, 2)), "discount": 0.9, **changes}
    with pytest.raises(kind, match=words):
        optimal_action_values(**arguments)


def test_dead_ends_are_refused_by_name():
    rows = [[[0.5, 0.5], [0.0, 1.0]], [None, None]]
    with pytest.raises(ValueError, match=r"in state 't' of the model no action is available.*terminal="):
        optimal_action_values(emp.MDP(rows, states=["s", "t"]), np.zeros((2, 2)), discount=0.9)
    mended = emp.MDP(rows, states=["s", "t"], terminal=["t"])
    found = optimal_action_values(mended, np.ones((2, 2)), discount=0.5)
    np.testing.assert_allclose(found, [[1 + 0.5 * 0.5 * 4 / 3, 1.0], [0, 0]], atol=1e-10)
