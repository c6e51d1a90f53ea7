"""Empowerment over skills: policies as inputs, the state at a geometric time as output.

Known values come from an independent computation in nats, to the digits given here.
"""

import math

import numpy as np
import pytest
from helpers import for_each, of_matrices, random_model

import empowerment as emp


def rooms(size=8, door=4, stay=True):
    """A square grid, actions right, down, left, up and stay, with a wall between its halves but for one row."""
    moves = [(0, 1), (1, 0), (0, -1), (-1, 0), (0, 0)][: 5 if stay else 4]
    rows = np.zeros((size * size, len(moves), size * size))
    for state in range(size * size):
        row, column = divmod(state, size)
        for action, (down, right) in enumerate(moves):
            there = min(max(row + down, 0), size - 1), min(max(column + right, 0), size - 1)
            wall = door is not None and {column, there[1]} == {size // 2 - 1, size // 2} and row != door
            rows[state, action, state if wall else there[0] * size + there[1]] = 1.0
    return emp.MDP(rows)


def grid(size, stay=True):
    return rooms(size, None, stay)


def bound(model, discount, states=None, **options):
    return emp.skill_empowerment_bound(model, discount, states=states, base="e", **options)


SWITCH = of_matrices(np.eye(2), np.eye(2)[::-1])
RING = of_matrices(np.eye(3)[[2, 0, 1]], np.eye(3)[[1, 2, 0]])


# --- the closed form


def test_the_bound_is_the_value_where_the_agent_can_stay_and_the_discount_is_near_one():
    assert bound(SWITCH, 0.5, 0) == pytest.approx(0.223143551314, abs=1e-11)
    assert bound(SWITCH, 0.9, 0) == pytest.approx(0.528766115076, abs=1e-11)
    centre, corner, *others = bound(grid(5), 0.95, [12, 0, 2, 6, 7])
    assert [centre, corner] == pytest.approx([2.742194258, 2.469541403], abs=1e-9)
    assert others == pytest.approx([2.605867830, 2.678149127, 2.710171692], abs=1e-9)
    assert bound(grid(5), 0.5, 0) == pytest.approx(0.573410066, abs=1e-9)


def test_the_bound_lies_above_the_value_elsewhere():
    for model, discount, start, value in [
        (grid(5), 0.5, 12, 0.940685814),
        (grid(5, stay=False), 0.95, 12, 2.588385602),
        (rooms(), 0.95, 35, 3.384644802),
        (rooms(), 0.5, 28, 0.840266691),
        (RING, 0.5, 0, 0.231049060187),
        (emp.from_gymnasium("FrozenLake-v1", is_slippery=True), 0.5, 0, 0.168942842),
        (emp.from_gymnasium("FrozenLake-v1", is_slippery=True), 0.99, 0, 1.410066756),
    ]:
        assert bound(model, discount, start)[0] >= value - 1e-9


def test_the_bound_of_an_open_grid_is_that_of_its_row_plus_that_of_its_column():
    corridor = bound(emp.worlds.open_grid(1, 5), 0.7)
    assert bound(grid(5), 0.7) == pytest.approx(np.add.outer(corridor, corridor).ravel(), abs=1e-12)


def test_the_bound_tends_to_nothing_for_small_discounts_and_to_what_is_within_reach_for_large_ones():
    world = grid(4)
    assert (bound(world, 0.0) == 0).all()
    assert (bound(world, 1e-12) < 1e-11).all()
    assert bound(world, 1 - 1e-12) == pytest.approx(np.full(16, math.log(16)), abs=1e-9)
    for discount in (0.0, 0.3, 0.9, 1 - 1e-12):
        later = bound(world, discount, include_start=False)
        assert (later <= math.log(16) + 1e-12).all()
        assert (later >= bound(world, discount)).all()
    assert bound(world, 0.0, 0, include_start=False) == pytest.approx([math.log(3)], abs=1e-12)


def test_targets_that_keep_the_agent_bound_it_by_their_number():
    fan = emp.MDP(np.eye(6)[np.arange(1, 6)][None].repeat(6, 0), terminal=range(1, 6))
    assert bound(fan, 0.9, 0)[0] >= 1.4484941212
    assert bound(fan, 0.9, 0, include_start=False) == pytest.approx([math.log(5)], abs=1e-12)
    assert (bound(fan, 0.9, [1, 2]) == 0).all()


def test_ways_into_dead_ends_do_not_count():
    rows = np.zeros((3, 2, 3))
    rows[0, 0, 0] = rows[0, 1, 1] = rows[1, 0, 2] = 1
    stuck = emp.MDP(rows, available=rows.sum(axis=2) > 0)
    assert (bound(stuck, 0.9) == 0).all()


@for_each("seed", range(40))
def test_the_bound_is_the_sum_over_breadth_first_search(seed):
    model = random_model(seed, range(2, 8), range(1, 4), deterministic=seed % 2 == 0)
    discount = float(np.random.default_rng(seed).uniform(0.01, 0.99))
    theta = discount * (1 - discount) ** ((1 - discount) / discount)
    follows = model.to_dense().max(axis=1) > 0
    for start in range(model.n_states):
        front, seen, total, steps = {start}, set(), 0.0, 0
        while front:
            total += len(front) * theta**steps
            seen |= front
            front, steps = {int(t) for s in front for t in np.flatnonzero(follows[s])} - seen, steps + 1
        found = float(bound(model, discount, start)[0])
        assert found == pytest.approx(math.log(total), abs=1e-12)
        assert found >= math.log(total) * (1 - 1e-15)


def test_a_discount_of_one_is_refused():
    with pytest.raises(ValueError, match="discount is 1, expected a number in"):
        emp.skill_empowerment_bound(SWITCH, 1.0)


# --- effective empowerment


def effective(model, policy, **options):
    return emp.effective_empowerment(model, policy, base="e", **options)


def uniform(model):
    return model.available / np.maximum(model.available.sum(axis=1, keepdims=True), 1)


def next_action_rows(model, policy, horizon, discount):
    """Rows of the next action, by powers of a dense matrix or its inverse."""
    dense = model.to_dense()
    steps = np.einsum("sa,sat->st", policy, dense)
    if horizon is None:
        return dense @ ((1 - discount) * np.linalg.inv(np.eye(model.n_states) - discount * steps))
    return dense @ np.linalg.matrix_power(steps, horizon - 1)


def information(rows, weights):
    q = weights @ rows
    part = rows > 0
    return float((weights[:, None] * rows * np.log(np.where(part, rows, 1) / np.where(q > 0, q, 1)))[part].sum())


def test_effective_empowerment_of_a_random_walk_on_a_grid():
    world = grid(5)
    for discount, value in [(0.95, 0.071738996), (0.5, 0.824007500)]:
        result = effective(world, uniform(world), discount=discount, states=12)
        assert float(result) == pytest.approx(value, abs=1e-9)
        assert result.lower[0] <= value + 1e-9
        assert result.gap[0] < 1e-10


def test_a_state_is_the_only_reading_of_an_agent_that_stays_where_it_goes():
    fan = emp.MDP(np.eye(6)[np.arange(1, 6)][None].repeat(6, 0), terminal=range(1, 6))
    for future in ({"horizon": 1}, {"horizon": 50}, {"discount": 0.9}, {"discount": 0.0}):
        result = effective(fan, np.full((6, 5), 0.2), **future)
        assert result.value == pytest.approx([math.log(5)] + [0] * 5, abs=1e-12)
        assert (result.lower <= [math.log(5)] + [0] * 5).all()
        assert (result.upper >= [math.log(5)] + [0] * 5).all()


def test_a_switch_that_is_turned_at_random_forgets_after_one_step():
    noise = np.full((2, 2), 0.5)
    assert effective(SWITCH, noise, horizon=1).value == pytest.approx([math.log(2)] * 2, abs=1e-12)
    assert effective(SWITCH, noise, horizon=2).value == pytest.approx([0, 0], abs=1e-12)
    # Read after one step or, with the chance g, after more, where all is one: a channel that forgets.
    stays = (2 - 0.7) / 2
    entropy = -stays * math.log(stays) - (1 - stays) * math.log(1 - stays)
    assert effective(SWITCH, noise, discount=0.7).value == pytest.approx([math.log(2) - entropy] * 2, abs=1e-12)


def test_a_deterministic_policy_tells_nothing():
    world = grid(3)
    result = effective(world, np.eye(5)[np.arange(9) % 5], discount=0.9)
    assert (result.value == 0).all()
    assert (result.upper < 1e-10).all()


@for_each("seed", range(60))
def test_effective_empowerment_is_the_information_of_its_rows_and_below_their_capacity(seed):
    rng = np.random.default_rng(seed)
    model = random_model(rng, range(2, 7), range(1, 5), deterministic=seed % 3 == 0)
    policy = rng.dirichlet(np.full(model.n_actions, 0.7), size=model.n_states)
    sensor = None if seed % 2 else rng.dirichlet(np.ones(3), size=model.n_states)
    horizon, discount = (int(rng.integers(1, 6)), None) if seed % 4 < 2 else (None, float(rng.uniform(0, 0.99)))
    result = effective(model, policy, horizon=horizon, discount=discount, sensor=sensor)
    assert result.converged.all()
    rows = next_action_rows(model, policy, horizon, discount) @ (np.eye(model.n_states) if sensor is None else sensor)
    for start in range(model.n_states):
        value = information(rows[start], policy[start])
        assert result.lower[start] - 1e-11 <= value <= result.upper[start] + 1e-11
        capacity = emp.channel_capacity(rows[start] / rows[start].sum(axis=1, keepdims=True), base="e")
        assert result.lower[start] <= capacity.upper + 1e-11


def test_effective_empowerment_is_below_the_bound_on_potential_empowerment():
    for model in (grid(4), RING, emp.from_gymnasium("FrozenLake-v1")):
        for discount in (0.3, 0.9):
            found = effective(model, uniform(model), discount=discount)
            assert (found.lower <= bound(model, discount, include_start=False)).all()


def test_an_interval_that_rounding_made_wide_is_told():
    world = grid(4)
    with pytest.warns(emp.ConvergenceWarning, match="1 of 1 intervals are wider than wanted"):
        near = effective(world, uniform(world), discount=1 - 2.0**-30, states=5)
    # To the first order the information is 0: it falls with the square of 1 - discount.
    assert near.lower[0] <= 0 < near.upper[0]
    assert emp.Status(int(near.status[0])) is emp.Status.PRECISION


def test_what_is_asked_of_effective_empowerment_is_said_once_and_must_be_possible():
    for future, message in [
        ({}, "neither horizon nor discount is given"),
        ({"horizon": 2, "discount": 0.5}, "both horizon and discount are given"),
        ({"horizon": 0}, "horizon is 0"),
        ({"discount": 1.0}, "discount is 1"),
    ]:
        with pytest.raises(ValueError, match=message):
            emp.effective_empowerment(SWITCH, np.full((2, 2), 0.5), **future)
    rows = np.zeros((2, 1, 2))
    rows[0, 0, 1] = 1
    stuck = emp.MDP(rows, available=[[True], [False]])
    assert emp.effective_empowerment(stuck, [[1], [0]], horizon=1, states=0).value == pytest.approx([0])
    with pytest.raises(ValueError, match="which has no action, after 1 steps"):
        emp.effective_empowerment(stuck, [[1], [0]], discount=0.5, states=0)
