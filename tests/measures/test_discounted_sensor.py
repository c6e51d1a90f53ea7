"""The sensor of a geometric future."""

import math

import numpy as np
import pytest
from helpers import for_each, random_model

import empowerment as emp
from empowerment.actuation.occupancy.next_action import NextAction


def uniform(model):
    return model.available / np.maximum(model.available.sum(axis=1, keepdims=True), 1)


@for_each("seed", range(60))
def test_rows_are_discounted_sums_of_powers(seed):
    rng = np.random.default_rng(seed)
    model = random_model(seed, range(2, 8), range(1, 4), deterministic=bool(seed % 2))
    discount, policy = float(rng.uniform(0.0, 0.97)), rng.dirichlet(np.ones(model.n_actions), model.n_states)
    steps, known = np.einsum("sa,sat->st", policy, model.to_dense()), np.zeros((model.n_states, model.n_states))
    weight, power = 1.0 - discount, np.eye(model.n_states)
    while weight > 1e-17:
        known, weight, power = known + weight * power, weight * discount, power @ steps
    found = emp.discounted_sensor(model, policy, discount)
    assert (found >= 0).all()
    assert found.sum(axis=1) == pytest.approx(np.ones(model.n_states), abs=1e-14)
    assert np.abs(found - known).max() < 1e-13


@for_each("seed", range(40))
def test_with_one_action_it_is_the_capacity_above_effective_empowerment(seed):
    rng = np.random.default_rng(seed)
    model = random_model(seed, range(2, 8), range(2, 4), deterministic=bool(seed % 2))
    discount, policy = float(rng.uniform(0.05, 0.97)), rng.dirichlet(np.ones(model.n_actions), model.n_states)
    sensor = emp.discounted_sensor(model, policy, discount)
    capacity = emp.empowerment(model, 1, sensor=sensor)
    effective = emp.effective_empowerment(model, policy, discount=discount)
    assert (effective.lower <= capacity.upper).all()
    for state in range(model.n_states):
        (rows,), _ = NextAction(model, policy, None, discount).rows(np.array([state]))
        assert np.abs(rows - model.to_dense()[state] @ sensor).max() < 1e-13
        known = emp.channel_capacity(emp.Channel(rows, normalize=True))
        assert capacity.value[state] == pytest.approx(float(known), abs=2e-9)
    if model.is_deterministic:
        potential = emp.skill_empowerment(model, discount, include_start=False)
        assert (capacity.lower <= potential.upper).all()


def test_no_future_and_one_of_staying_are_the_state_after_the_actions():
    grid = emp.worlds.open_grid(4)
    plain = emp.empowerment(grid, 3)
    now = emp.discounted_sensor(grid, uniform(grid), 0.0)
    stay = np.eye(5)[[grid.actions.index("stay")] * 16]
    for sensor in (now, emp.discounted_sensor(grid, emp.Policy(stay, grid.states, grid.actions), 0.9)):
        assert sensor.tolist() == np.eye(16).tolist()
        assert emp.empowerment(grid, 3, sensor=sensor).value == pytest.approx(plain.value, abs=1e-12)


def test_terminal_states_are_read_for_ever():
    lake = emp.from_gymnasium("FrozenLake-v1")
    sensor = emp.discounted_sensor(lake, uniform(lake), 0.9)
    assert sensor[lake.is_terminal].tolist() == np.eye(16)[lake.is_terminal].tolist()


def test_what_has_no_future_or_cannot_be_computed_is_refused():
    grid, rows = emp.worlds.open_grid(3), np.zeros((2, 1, 2))
    rows[0, 0, 1] = 1
    with pytest.raises(ValueError, match="in state 1 of the model no action is available"):
        emp.discounted_sensor(emp.MDP(rows, available=[[True], [False]]), [[1], [0]], 0.5)
    with pytest.raises(ValueError, match="discount is 1"):
        emp.discounted_sensor(grid, uniform(grid), 1)
    with pytest.raises(ValueError, match=r"with which rounding may change a row by .*, expected one farther from 1"):
        emp.discounted_sensor(grid, uniform(grid), math.nextafter(1.0, 0.0))
    with pytest.raises(ValueError, match="policy has shape"):
        emp.discounted_sensor(grid, np.ones((2, 2)), 0.5)
