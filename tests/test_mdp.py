import numpy as np
import pytest
from scipy import sparse

import empowerment as emp

STAY, SWAP = np.eye(2), np.eye(2)[::-1]
TOGGLE = np.stack([STAY, SWAP], axis=1)


def test_dense_and_sparse_transitions_make_the_same_model():
    rng = np.random.default_rng(0)
    dense = rng.dirichlet(np.ones(4), size=(4, 3))
    one, other = emp.MDP(dense), emp.MDP(sparse.csr_array(dense.reshape(12, 4)))
    assert (one.n_states, one.n_actions) == (other.n_states, other.n_actions) == (4, 3)
    assert (one.to_dense() == dense).all()
    assert (other.to_dense() == dense).all()
    assert (one.action_matrices[2].toarray() == dense[:, 2]).all()


def test_labels_and_default_labels():
    model = emp.MDP(TOGGLE, states=["off", "on"], actions=["stay", "go"])
    assert model.state_index("on") == 1
    assert emp.MDP(TOGGLE).states == (0, 1)
    assert emp.MDP(TOGGLE).state_index(np.int64(1)) == 1
    with pytest.raises(ValueError, match="unknown state 'up'; the 2 states are 'off', 'on'"):
        model.state_index("up")
    with pytest.raises(ValueError, match="states has 1 labels, expected 2"):
        emp.MDP(TOGGLE, states=["off"])


def test_terminal_states_are_absorbing_whatever_their_rows_say():
    rows = TOGGLE.copy()
    rows[1] = 7.0  # not even a distribution
    for terminal in ([1], np.array([False, True]), [False, True], (1,)):
        model = emp.MDP(rows, terminal=terminal)
        assert model.to_dense()[1].tolist() == [[0, 1], [0, 1]]
        assert model.is_terminal.tolist() == [False, True]
    assert emp.MDP(TOGGLE, terminal=[]).is_terminal.tolist() == [False, False]


@pytest.mark.parametrize(
    ("terminal", "error", "sentence"),
    [
        (1, TypeError, "terminal is 1, expected a sequence of states"),
        ("ab", TypeError, "terminal is 'ab', expected a sequence"),
        ([True], ValueError, "terminal has 1 truth values, expected 2"),
        ([5], ValueError, "unknown state 5; the 2 states are 0, 1"),
    ],
)
def test_terminal_states_that_do_not_fit_are_refused(terminal, error, sentence):
    with pytest.raises(error, match=sentence):
        emp.MDP(TOGGLE, terminal=terminal)


def test_rows_of_missing_actions_are_not_read():
    rows = TOGGLE.copy()
    rows[0, 1] = np.nan
    model = emp.MDP(rows, available=[[True, False], [True, True]])
    assert model.to_dense()[0].tolist() == [[1, 0], [0, 0]]
    assert model.is_deterministic
    assert model.successors.tolist() == [[0, -1], [1, 0]]
    with pytest.raises(
        ValueError, match=r"available has shape \(2,\) and dtype bool, expected truth values of shape"
    ):
        emp.MDP(rows, available=[True, False])


def test_determinism_is_read_from_the_transition_itself():
    assert emp.MDP(TOGGLE).is_deterministic
    almost = TOGGLE.copy()
    almost[0, 0] = [1 - 1e-10, 1e-10]
    model = emp.MDP(almost)
    assert not model.is_deterministic
    with pytest.raises(ValueError, match="stochastic; only a deterministic one"):
        model.successors  # noqa: B018
    assert [repr(emp.MDP(t)) for t in (TOGGLE, almost)] == [
        "MDP(2 states, 2 actions, deterministic)",
        "MDP(2 states, 2 actions, stochastic)",
    ]


@pytest.mark.parametrize(
    ("transition", "sentence"),
    [
        (
            np.full((2, 2, 2), 0.4),
            r"transition\[0, 0\] \(state 'off', action 'stay'\) sums to 0.8, expected 1; pass normalize=True to "
            r"rescale, or check the axis order: expected \(state, action, next_state\)",
        ),
        (np.ones((4, 2, 2)) / 2, r"this looks like \(action, state, next_state\): np.moveaxis\(transition, 0, 1\)"),
        (np.ones((2, 2, 4)) / 2, r"this looks like \(state, next_state, action\): np.moveaxis\(transition, 2, 1\)"),
        (np.ones((2, 2)) / 2, r"transition has shape \(2, 2\), expected 3 axes: \(state, action, next_state\)"),
        (np.empty((0, 2, 0)), "expected at least one entry"),
        (
            sparse.csr_array(np.ones((5, 2)) / 2),
            r"sparse of shape \(5, 2\), expected \(n_states \* n_actions, n_states\)",
        ),
        ([[[0.5, np.nan], [1, 0]], [[1, 0], [1, 0]]], r"transition\[0, 0\] .* has the entry nan"),
        ([[[1, 0], [1.5, -0.5]], [[1, 0], [1, 0]]], r"transition\[0, 1\] .* has the entry -0.5"),
    ],
)
def test_bad_transitions_are_refused_with_a_sentence(transition, sentence):
    states, actions = (["off", "on"], ["stay", "go"]) if np.shape(transition) == (2, 2, 2) else (None, None)
    with pytest.raises(ValueError, match=sentence):
        emp.MDP(transition, states=states, actions=actions)


def test_normalize_and_initial():
    model = emp.MDP(np.ones((2, 2, 2)), normalize=True, initial=[0.25, 0.75])
    assert (model.to_dense() == 0.5).all()
    assert model.initial.tolist() == [0.25, 0.75]
    with pytest.raises(ValueError, match="initial has 3 entries, expected 2"):
        emp.MDP(TOGGLE, initial=[1, 0, 0])
