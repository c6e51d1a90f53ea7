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
