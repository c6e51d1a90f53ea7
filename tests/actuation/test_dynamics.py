"""Dynamics on what is within reach: cut out of a model, and as expensive as what is cut out."""

import numpy as np
import pytest
from helpers import dynamics_of, for_each, random_model

import empowerment as emp
from empowerment.actuation import dynamics as module


def model_of(seed):
    return random_model(seed, 12, 3, concentration=0.1, least=0.2, missing=0.2 * (seed % 2))


def possible(model):
    """Return whether one state can follow another in one step."""
    return np.asarray(sum(matrix.toarray() for matrix in model.action_matrices)) > 0


@for_each("seed", range(8))
def test_a_part_has_the_chances_of_the_whole(seed):
    model, rng = model_of(seed), np.random.default_rng(seed)
    read = rng.dirichlet(np.full(9, 0.1), size=12)
    whole = dynamics_of(model, read)
    kept = np.sort(rng.choice(12, 5, replace=False))
    part = whole.restricted(kept)
    assert part.columns.tolist() == kept.tolist()
    for one, other in zip(part.actions, model.action_matrices, strict=True):
        assert np.array_equal(one.toarray(), other.toarray()[np.ix_(kept, kept)])
    seen = np.flatnonzero(read[kept].any(axis=0))
    assert np.array_equal(part.sensor.toarray(), read[np.ix_(kept, seen)])
    outside = np.setdiff1d(np.arange(12), kept)
    assert part.is_inner.tolist() == (~possible(model)[np.ix_(kept, outside)].any(axis=1)).tolist()
    assert part.available.tolist() == model.available[kept].tolist()
    again = part.restricted(np.array([1, 3]))
    assert again.columns.tolist() == kept[[1, 3]].tolist()
    assert np.array_equal(
        again.actions[0].toarray(), model.action_matrices[0].toarray()[np.ix_(kept[[1, 3]], kept[[1, 3]])]
    )


@for_each("seed", range(8))
def test_what_is_reached_follows_from_powers_of_the_matrix(seed):
    model = model_of(seed)
    whole, step = dynamics_of(model), possible(model).astype(int)
    for start, n_steps in ((0, 0), (0, 1), (5, 2), (7, 3), (11, 30)):
        expected = np.array([start])
        for _ in range(n_steps):
            expected = np.flatnonzero(step[expected].any(axis=0))
        assert whole.reached(np.array([start]), n_steps).tolist() == expected.tolist()
    for start in range(12):
        reached = {start}
        for horizon in range(4):
            around = whole.around(np.array([start]), horizon)
            assert set(around.columns.tolist()) == (reached if 2 * len(reached) < 12 else set(range(12)))
            reached |= set(np.flatnonzero(step[sorted(reached)].any(axis=0)).tolist())


@for_each("seed", range(6))
def test_actions_that_commute_are_those_whose_products_agree(seed):
    """Of a part of a torus with some more actions, inner columns alone are looked at."""
    cells, rng = np.arange(49).reshape(7, 7), np.random.default_rng(seed)
    moves = [np.eye(49)[np.roll(cells, shift, axis).reshape(-1)] for axis in (0, 1) for shift in (1, -1)]
    moves += [np.eye(49), rng.dirichlet(np.full(49, 0.02), 49)]
    model = emp.MDP(np.stack([0.7 * move + 0.3 * np.eye(49) for move in moves], axis=1))
    for part in (dynamics_of(model), dynamics_of(model).restricted(np.sort(rng.choice(49, 30, replace=False)))):
        inner, n_actions = part.is_inner, part.n_actions
        for a in range(n_actions):
            for b in range(n_actions):
                one, other = part.actions[a] @ part.actions[b], part.actions[b] @ part.actions[a]
                same = np.abs((one - other).toarray()[inner]).max(initial=0) < 1e-13
                assert part.follows[a, b] == (a <= b or not same)
        assert part.follows[4:, :4].sum() < 8  # the idle action comes after none


def test_actions_may_commute_near_a_state_alone():
    """Far from the walls of a grid the order of two moves makes no difference."""
    grid = emp.worlds.open_grid(30, slip=0.2)
    whole, here = dynamics_of(grid), np.array([grid.state_index((15, 15))])
    near = whole.around(here, 4)
    assert not near.follows.all()
    assert whole.follows.sum() > near.follows.sum()
    expected = emp.empowerment(grid, 4, states=[(15, 15)])
    found = emp.empowerment(grid, 4, states=[(15, 15)], method="column-generation")
    assert (expected.methods, found.methods) == ("enumeration", "column-generation")
    assert max(expected.lower[0], found.lower[0]) <= min(expected.upper[0], found.upper[0])


def test_where_nothing_is_saved_no_order_is_asked_for(monkeypatch):
    def refuse(*_):
        raise AssertionError("one action has no order")

    monkeypatch.setattr(module, "_follows", refuse)
    grid = emp.worlds.open_grid(4, slip=0.2)
    assert emp.empowerment(grid, 1, method="column-generation").converged.all()
    with pytest.raises(AssertionError, match="no order"):
        assert dynamics_of(grid).suffixes(2)


def test_a_state_takes_what_it_reaches_however_large_the_world_is(monkeypatch):
    """The entries that are looked at around the same cells are as many in larger grids."""
    looked_at, positions = [], module._positions

    def counted(indptr, rows):
        found = positions(indptr, rows)
        looked_at.append(found.size)
        return found

    monkeypatch.setattr(module, "_positions", counted)
    totals, sizes = [], []
    for side in (16, 32, 64):
        grid = emp.worlds.open_grid(side, slip=0.2)
        part = dynamics_of(grid).around(np.array([grid.state_index((5, 6))]), 3)
        sizes.append((part.n_columns, part.rows.nnz, part.sensor.shape[1], int(part.is_inner.sum())))
        totals.append(sum(looked_at))
        looked_at.clear()
    assert len(set(sizes)) == len(set(totals)) == 1
    assert sizes[0][0] == sizes[0][2] == 25
