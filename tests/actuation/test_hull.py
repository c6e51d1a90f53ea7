"""Rows that are mixtures of others, and what is lost by leaving them out."""

import itertools
import math

import numpy as np
import pytest
from helpers import for_each

import empowerment as emp
from empowerment.actuation.open_loop.hull import extreme_rows

MIXING = np.array(
    [
        [[0.7, 0.2, 0.1], [0.1, 0.6, 0.3], [0.25, 0.25, 0.5]],
        [[0.1, 0.3, 0.6], [0.5, 0.3, 0.2], [0.2, 0.1, 0.7]],
    ]
)


def pruned_layers(actions, start, horizon):
    """Return the last layer when every layer is pruned, and what that has lost in all."""
    rows, remaining = np.eye(actions.shape[-1])[[start]], 1.0
    for _ in range(horizon):
        rows = np.array([row @ action for row in rows for action in actions])
        kept, lost = extreme_rows(rows)
        rows, remaining = rows[kept], remaining * (1 - lost)
    return rows, 1 - remaining


def with_zeros(rng, count, size):
    rows = rng.dirichlet(np.ones(size), count) * (rng.random((count, size)) < 0.6)
    rows[rows.sum(axis=1) == 0, 0] = 1.0
    return rows / rows.sum(axis=1, keepdims=True)


def test_two_columns_keep_two_rows():
    rows = np.random.default_rng(0).dirichlet(np.ones(2), 200)
    kept, lost = extreme_rows(rows)
    assert kept.tolist() == sorted([rows[:, 0].argmin(), rows[:, 0].argmax()])
    assert 0 <= lost < 1e-14


@for_each("size", range(2, 9))
@for_each("seed", range(3))
def test_mixtures_are_deleted_and_their_vertices_kept(size, seed):
    rng = np.random.default_rng(seed)
    vertices = with_zeros(rng, size, size) if seed == 2 else rng.dirichlet(np.ones(size), size)
    assert np.linalg.matrix_rank(vertices) == size  # so that none is between the others
    rows = np.concatenate([rng.dirichlet(np.full(size, 0.5), 40) @ vertices, vertices])
    order = rng.permutation(len(rows))
    kept, lost = extreme_rows(rows[order])
    assert sorted(order[kept]) == list(range(40, 40 + size))
    assert 0 < lost < 2e-14


def test_rows_on_edges_and_faces_are_between_others():
    """A triangular lattice: ties in every direction along an edge."""
    rows = np.array([(i, j, 8 - i - j) for i in range(9) for j in range(9 - i)]) / 8
    kept, _ = extreme_rows(rows)
    assert sorted(map(tuple, rows[kept])) == [(0, 0, 1), (0, 1, 0), (1, 0, 0)]
    inner = 0.1 + 0.7 * rows
    kept, _ = extreme_rows(inner)
    assert sorted(map(tuple, rows[kept])) == [(0, 0, 1), (0, 1, 0), (1, 0, 0)]


def test_a_flat_set_in_many_columns_is_no_trouble():
    rng = np.random.default_rng(1)
    vertices = rng.dirichlet(np.ones(10), 3)
    rows = np.concatenate([vertices, rng.dirichlet(np.ones(3), 60) @ vertices])
    assert extreme_rows(rows)[0].tolist() == [0, 1, 2]


def test_equal_rows_leave_one():
    row = np.array([0.1, 0.2, 0.7])
    kept, lost = extreme_rows(np.array([row, row, row * (1 + 1e-15), [0.3, 0.3, 0.4], row]))
    assert len(kept) == 2
    assert lost < 1e-14
    assert extreme_rows(np.ones((4, 1)))[0].size == 1
    assert extreme_rows(row[None])[0].tolist() == [0]
    assert extreme_rows(np.empty((0, 3)))[0].size == 0


@for_each("seed", range(20))
def test_a_row_that_is_barely_outside_is_never_deleted(seed):
    rng = np.random.default_rng(seed)
    size = 2 + seed % 6
    vertices = rng.dirichlet(np.ones(size), size)
    inside = rng.dirichlet(np.ones(size), 30) @ vertices
    corner = vertices[0] + 1e-9 * (vertices[0] - vertices[1:].mean(axis=0)) * vertices[0].min()
    kept, _ = extreme_rows(np.concatenate([inside, [corner / corner.sum()], vertices]))
    assert 30 in kept


def test_a_probability_that_kept_rows_lack_or_have_too_much_of_is_seen():
    rows = np.array([[0.5, 0.5, 0.0], [0.5, 0.25, 0.25], [0.5, 0.375, 0.125], [0.5, 0.5 - 1e-30, 1e-30]])
    kept, lost = extreme_rows(rows)
    # The last row is the first one, all but 1e-30 of it.
    assert kept.tolist() in ([0, 1], [1, 3])
    assert lost < 1e-14
    tiny = np.array([[1.0, 0.0, 0.0], [1.0, 1e-310, 0.0], [0.0, 1.0, 0.0], [0.0, 0.5, 0.5]])
    kept, lost = extreme_rows(tiny)
    assert {2, 3} <= set(kept.tolist())
    assert lost < 1e-14


def test_a_row_does_not_hide_above_one_of_a_smaller_sum():
    """Rows of single precision: the middle row is above a mixture of the others, but not equal to it."""
    rows = np.array([[0.9, 0.1], [0.5 + 6e-8, 0.5 + 6e-8], [0.1, 0.9]])
    assert extreme_rows(rows)[0].tolist() == [0, 1, 2]
    scaled = np.array([[0.9, 0.1], [0.5, 0.5], [0.1, 0.9]]) * (1 + 6e-8)
    assert extreme_rows(scaled)[0].tolist() == [0, 2]


@for_each("tolerance", [1e-13, 1e-6, 0.02, 0.2])
@for_each("seed", range(5))
def test_what_is_lost_bounds_the_capacity(seed, tolerance):
    rng = np.random.default_rng(seed)
    size = 3 + seed % 3
    vertices = with_zeros(rng, size + 3, size) if seed % 2 else rng.dirichlet(np.ones(size), size + 3)
    rows = np.concatenate([rng.dirichlet(np.ones(size + 3), 30) @ vertices, vertices, with_zeros(rng, 10, size)])
    kept, lost = extreme_rows(rows, tolerance)
    assert 0 <= lost <= tolerance
    part, whole = (emp.channel_capacity(w, base=math.e, tol=1e-11) for w in (rows[kept], rows))
    assert part.lower <= whole.upper
    assert whole.lower <= (1 - lost) * part.upper + lost * math.log(size)


def test_same_input_same_output():
    rows = np.random.default_rng(3).dirichlet(np.full(4, 0.3), 80)
    first, second = extreme_rows(rows), extreme_rows(rows.copy())
    assert first[0].tolist() == second[0].tolist()
    assert first[1] == second[1]


def test_twenty_steps_of_a_mixing_world_need_few_rows():
    rows, lost = pruned_layers(MIXING, 0, 20)
    assert 20 <= len(rows) <= 26  # of 2**20
    assert lost < 1e-12
    assert emp.channel_capacity(rows).value == pytest.approx(0.068349904631, abs=2e-10)


@for_each("seed", range(60), first=15)
def test_pruned_layers_have_the_capacity_of_every_sequence(seed):
    rng = np.random.default_rng(seed)
    n_states, n_actions, horizon = rng.integers(2, 5), rng.integers(2, 4), rng.integers(1, 6)
    actions = np.stack([rng.dirichlet(np.full(n_states, 0.7), n_states) for _ in range(n_actions)])
    if seed % 3 == 0:
        actions = np.stack([with_zeros(rng, n_states, n_states) for _ in range(n_actions)])
    every = []
    for word in itertools.product(actions, repeat=horizon):
        row = np.eye(n_states)[0]
        for action in word:
            row = row @ action
        every.append(row)
    pruned, _ = pruned_layers(actions, 0, horizon)
    assert emp.channel_capacity(pruned, tol=1e-10).value == pytest.approx(
        emp.channel_capacity(np.array(every), tol=1e-10).value, abs=1e-9
    )
