import itertools
import re

import numpy as np
import pytest
from helpers import for_each

import empowerment as emp


def columns(rng, *shape):
    """A random array whose first axis holds distributions."""
    return np.moveaxis(rng.dirichlet(np.ones(shape[0]), size=shape[1:]), -1, 0)


def objects(*arrays):
    """What pymdp calls an object array."""
    found = np.empty(len(arrays), dtype=object)
    found[:] = arrays
    return found


def test_one_factor_and_one_modality():
    rng = np.random.default_rng(0)
    seen, moves, start = columns(rng, 4, 3), columns(rng, 3, 3, 2), rng.dirichlet(np.ones(3))
    for wrap in (objects, lambda array: [array], lambda array: array):
        model = emp.from_pymdp(wrap(seen), wrap(moves), wrap(start))
        assert (model.states, model.actions, model.observations) == ((0, 1, 2), (0, 1), (0, 1, 2, 3))
        assert model.initial.tolist() == start.tolist()
        for s, u, t, o in np.ndindex(3, 2, 3, 4):
            assert model.mdp.to_dense()[s, u, t] == moves[t, s, u]
            assert model.observation[u, t, o] == seen[o, t]
    assert emp.from_pymdp(seen, moves).initial is None


def test_factors_and_modalities_are_multiplied_out():
    rng = np.random.default_rng(1)
    moves = [columns(rng, 2, 2, 3), columns(rng, 3, 3, 1)]
    seen = [columns(rng, 2, 2, 3), columns(rng, 4, 2, 3)]
    start = [rng.dirichlet(np.ones(2)), rng.dirichlet(np.ones(3))]
    model = emp.from_pymdp(objects(*seen), objects(*moves), objects(*start))
    assert model.states == tuple(itertools.product(range(2), range(3)))
    assert model.actions == ((0, 0), (1, 0), (2, 0))
    assert model.observations == tuple(itertools.product(range(2), range(4)))
    assert not model.observation_depends_on_action
    for (s, before), (t, after) in itertools.product(enumerate(model.states), repeat=2):
        for u, action in enumerate(model.actions):
            known = np.prod([moves[f][after[f], before[f], action[f]] for f in range(2)])
            assert model.mdp.to_dense()[s, u, t] == pytest.approx(known, abs=1e-15)
        for o, shown in enumerate(model.observations):
            known = np.prod([seen[m][(shown[m], *after)] for m in range(2)])
            assert model.observation[0, t, o] == pytest.approx(known, abs=1e-15)
        assert model.initial[s] == pytest.approx(start[0][before[0]] * start[1][before[1]], abs=1e-15)


def test_arrays_that_depend_on_some_factors_in_some_order():
    rng = np.random.default_rng(2)
    moves = [columns(rng, 2, 3, 2, 2), columns(rng, 3, 3, 2, 4)]
    seen = [columns(rng, 4, 3), columns(rng, 2, 3, 2)]
    model = emp.from_pymdp(
        seen,
        moves,
        A_dependencies=[[1], [1, 0]],
        B_dependencies=[[1, 0], [1]],
        B_action_dependencies=[[1], [1, 0]],
    )
    assert model.actions == tuple(itertools.product(range(4), range(2)))
    for s, (s0, s1) in enumerate(model.states):
        for u, (u0, u1) in enumerate(model.actions):
            for t, (t0, t1) in enumerate(model.states):
                known = moves[0][t0, s1, s0, u1] * moves[1][t1, s1, u1, u0]
                assert model.mdp.to_dense()[s, u, t] == pytest.approx(known, abs=1e-15)
        for o, (o0, o1) in enumerate(model.observations):
            assert model.observation[0, s, o] == pytest.approx(seen[0][o0, s1] * seen[1][o1, s1, s0], abs=1e-15)


def test_an_uncontrolled_factor_may_have_no_axis_of_controls():
    switch, coin = np.stack([np.eye(2), np.eye(2)[::-1]], axis=2), np.full((2, 2), 0.5)
    model = emp.from_pymdp([np.full((1, 2, 2), 1.0)], [switch, coin], B_action_dependencies=[[0], []])
    assert model.actions == (0, 1)
    assert model.mdp.to_dense()[0].tolist() == [[0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5]]


def test_an_uncontrolled_factor_may_have_an_axis_of_one_control():
    """Such as the arrays that pymdp makes of a list of control numbers; the numbers are those without the axis."""
    switch, coin = np.stack([np.eye(2), np.eye(2)[::-1]], axis=2), np.array([[0.9, 0.3], [0.1, 0.7]])
    seen, controls = [np.full((1, 2, 2), 1.0)], {"B_action_dependencies": [[0], []]}
    with_axis = emp.from_pymdp(seen, [switch, coin[:, :, None]], **controls)
    without = emp.from_pymdp(seen, [switch, coin], **controls)
    assert with_axis.actions == without.actions == (0, 1)
    assert np.array_equal(with_axis.mdp.to_dense(), without.mdp.to_dense())
    both = np.full((2, 2, 2, 1), 0.5)  # a factor that depends on the other one
    model = emp.from_pymdp(seen, [switch, both], B_dependencies=[[0], [0, 1]], **controls)
    assert model.mdp.to_dense()[0, 1].tolist() == [0, 0, 0.5, 0.5]


def test_single_precision_is_rescaled():
    rng = np.random.default_rng(3)
    moves = [columns(rng, 7, 7, 2).astype(np.float32), columns(rng, 5, 5, 2).astype(np.float32)]
    seen = [columns(rng, 9, 7, 5).astype(np.float32)]
    model = emp.from_pymdp(seen, moves, [np.full(7, 1 / 7, np.float32), np.full(5, 0.2, np.float32)])
    assert model.mdp.to_dense().sum(axis=2) == pytest.approx(1, abs=1e-9)
    assert model.observation.sum(axis=2) == pytest.approx(1, abs=1e-9)


SEEN, MOVES = np.full((3, 2), 1 / 3), np.full((2, 2, 4), 0.5)


@for_each(
    ("seen", "moves", "options", "sentence"),
    [
        (SEEN.T, MOVES, {}, "A[0] has shape (2, 3), expected 2 along axis 1, which stands for factor 0"),
        ([SEEN[None]], MOVES, {}, "A[0] has shape (1, 3, 2), expected 2 axes; an Agent keeps a batch axis first"),
        (
            SEEN,
            [MOVES[None]],
            {},
            "B[0] has shape (1, 2, 2, 4), expected 3 axes: next state, 1 of previous states, 1",
        ),
        (SEEN, [np.full((2, 3, 4), 0.5)], {}, "B[0] has shape (2, 3, 4), expected 2 along axis 1, which stands for"),
        (SEEN * 2, MOVES, {}, "A[0][:, 0] sums to 2, expected 1; pass normalize=True to rescale, or check the axis"),
        (SEEN, MOVES / 2, {}, "B[0][:, 0, 0] sums to 0.5, expected 1"),
        (SEEN, MOVES, {"D": [1, 0, 0]}, "D[0] has shape (3,), expected one probability for each of 2 states"),
        (SEEN, MOVES, {"D": [0.5, 0.4]}, "D[0] sums to 0.9, expected 1; pass normalize=True to rescale"),
        (SEEN, MOVES, {"D": [np.ones(1), np.ones(1)]}, "D has 2 arrays, expected 1, one for each factor"),
        (SEEN, MOVES, {"A_dependencies": [[1]]}, "A_dependencies[0] is [1], expected different numbers of factors"),
        (SEEN, MOVES, {"A_dependencies": [[0], [0]]}, "A_dependencies has 2 entries, expected 1"),
        (
            np.ones((1, 2, 2)),
            [MOVES, MOVES],
            {"B_action_dependencies": [[0], []]},
            "B[1] has shape (2, 2, 4), expected 2 axes: next state, 1 of previous states, 0 of controls; "
            "B_action_dependencies[1] names no control that the last axis could stand for",
        ),
        (SEEN, MOVES, {"B_action_dependencies": [[1]]}, "B_action_dependencies leaves out control 0"),
        (
            np.ones((1, 2, 2)),
            [MOVES, MOVES[:, :, :3]],
            {"B_action_dependencies": [[0], [0]]},
            "B[1] has 3 choices of control 0, expected 4",
        ),
        ([], MOVES, {}, "A is empty, expected at least one array"),
        ([0.5, 0.5], MOVES, {}, "A[0] is 0.5, expected an array of numbers"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(seen, moves, options, sentence):
    with pytest.raises(ValueError, match=re.escape(sentence)):
        emp.from_pymdp(seen, moves, **options)


def test_normalize_rescales():
    model = emp.from_pymdp(SEEN * 2, MOVES, [0.5, 0.3], normalize=True)
    assert model.observation == pytest.approx(1 / 3, abs=1e-15)
    assert model.initial == pytest.approx([0.625, 0.375], abs=1e-15)


def test_a_maze_of_pymdp_itself():
    tmaze = pytest.importorskip("pymdp.envs.tmaze", exc_type=ImportError)
    maze = tmaze.TMaze(cue_validity=0.95)
    model = emp.from_pymdp(
        maze.A, maze.B, maze.D, A_dependencies=maze.A_dependencies, B_dependencies=maze.B_dependencies
    )
    assert (model.n_states, model.n_observations) == (2 * maze.num_locations, 3 * 3 * maze.num_locations)
    seen, moves = [np.asarray(array) for array in maze.A], [np.asarray(array) for array in maze.B]
    for s, (place, condition) in enumerate(model.states):
        for u, (go, _) in enumerate(model.actions):
            known = np.outer(moves[0][:, place, go], moves[1][:, condition, 0]).reshape(-1)
            assert model.mdp.to_dense()[s, u] == pytest.approx(known, abs=1e-6)
        for o, (where, outcome, cue) in enumerate(model.observations):
            known = seen[0][where, place] * seen[1][outcome, place, condition] * seen[2][cue, place, condition]
            assert model.observation[0, s, o] == pytest.approx(known, abs=1e-6)
