import itertools

import numpy as np
import pytest
from helpers import for_each
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


@for_each(
    ("terminal", "error", "sentence"),
    [
        (1, TypeError, "terminal is 1, expected a sequence of states"),
        ("ab", TypeError, "terminal is 'ab', expected a sequence"),
        ([True], ValueError, "terminal has 1 truth values, expected 2"),
        ([5], ValueError, "unknown state 5; the 2 states are 0, 1"),
        (itertools.count(), ValueError, "terminal has more than 2 entries, expected at most one for each state"),
    ],
)
def test_terminal_states_that_do_not_fit_are_refused(terminal, error, sentence):
    with pytest.raises(error, match=sentence):
        emp.MDP(TOGGLE, terminal=terminal)


def test_where_an_action_may_be_missing_a_state_has_a_row_for_each():
    with pytest.raises(TypeError, match=r"transition\[1\] is 5, expected a sequence with one row for each action"):
        emp.MDP([None, 5])


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


@for_each(
    ("transition", "sentence"),
    [
        (
            np.full((2, 2, 2), 0.4),
            r"transition\[0, 0\] \(state 'off', action 'stay'\) sums to 0.8, expected 1; pass normalize=True to "
            r"rescale, or check the axis order: expected \(state, action, next_state\)",
        ),
        (
            np.ones((4, 2, 2)) / 2,
            r"this looks like \(action, state, next_state\): MDP.from_arrays\(transition, axes=.ass",
        ),
        (
            np.ones((2, 2, 4)) / 2,
            r"this looks like \(state, next_state, action\): MDP.from_arrays\(transition, axes=.ssa",
        ),
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


# --- the forms of a transition


def test_one_sparse_matrix_for_each_action_in_every_form():
    """As many actions as states, where no shape shows the order; the dense array is the reference."""
    dense = np.random.default_rng(1).dirichlet(np.ones(3), size=(3, 3))
    each = [sparse.csr_matrix(dense[:, a]) for a in range(3)]
    boxed = np.empty(3, dtype=object)
    boxed[:] = each  # as pymdptoolbox keeps them
    stacked = sparse.vstack(each)
    for model in (
        emp.MDP(each),
        emp.MDP(tuple(each)),
        emp.MDP(boxed),
        emp.MDP([each[0], dense[:, 1], each[2].tocoo()]),
        emp.MDP.from_arrays(each, axes="ass"),
        emp.MDP.from_arrays(stacked, axes="ass"),
        emp.MDP.from_arrays(stacked.tocsr()[np.arange(9).reshape(3, 3).T.ravel()], axes="sas"),
        emp.MDP.from_arrays(np.stack([m.toarray() for m in each]), axes="ass"),
        emp.MDP.from_arrays(dense.tolist(), axes="sas"),
        emp.MDP.from_arrays(np.moveaxis(dense, 1, 2), axes="ssa"),
    ):
        assert np.array_equal(model.to_dense(), dense)
    one = emp.POMDP(each, np.eye(3))
    assert np.array_equal(one.mdp.to_dense(), dense)


@for_each(
    ("call", "error", "sentence"),
    [
        (
            lambda: emp.MDP([sparse.eye(2), sparse.eye(3)]),
            ValueError,
            r"transition\[1\] has shape \(3, 3\), expected one",
        ),
        (lambda: emp.MDP([None, sparse.eye(3)]), TypeError, r"transition\[0\] is None, expected one matrix"),
        (lambda: emp.MDP([sparse.eye(2) * 2]), ValueError, r"transition\[0, 0\] .* sums to 2"),
        (
            lambda: emp.MDP({0: {0: {0: 1.0}}}),
            TypeError,
            r"transition is a dict; from_table\(transition\) reads dicts",
        ),
        (
            lambda: emp.MDP.from_arrays(TOGGLE, axes="sa"),
            ValueError,
            "unknown axes 'sa'; the known ones are 'sas', 'ass'",
        ),
        (
            lambda: emp.MDP.from_arrays(np.ones((2, 3, 2)) / 2, axes="ass"),
            ValueError,
            r"transition has shape \(2, 3, 2\), expected \(action, state, next_state\) with as many next states as",
        ),
        (
            lambda: emp.MDP.from_arrays(np.ones((2, 3, 3)) / 2, axes="ssa"),
            ValueError,
            r"transition has shape \(2, 3, 3\), expected \(state, next_state, action\)",
        ),
        (
            lambda: emp.MDP.from_arrays(sparse.eye(2), axes="ssa"),
            ValueError,
            "is sparse, .* expected axes 'sas' or 'ass'",
        ),
        (
            lambda: emp.MDP.from_arrays([sparse.eye(2)], axes="sas"),
            ValueError,
            "one sparse matrix for each action, expected axes='ass'",
        ),
    ],
)
def test_forms_that_do_not_fit_are_refused(call, error, sentence):
    with pytest.raises(error, match=sentence):
        call()


def test_none_says_that_an_action_is_missing():
    nested = [[[0.7, 0.3], [1.0, 0.0]], [[0.0, 1.0], None]]
    model = emp.MDP(nested)
    assert model.available.tolist() == [[True, True], [True, False]]
    assert model.to_dense().tolist() == [[[0.7, 0.3], [1.0, 0.0]], [[0.0, 1.0], [0.0, 0.0]]]
    assert emp.MDP(nested, available=[[True, False], [True, False]]).available.tolist() == [[True, False]] * 2
    assert emp.MDP([nested[0], None]).available.tolist() == [[True, True], [False, False]]
    assert emp.MDP(np.array(nested, dtype=object)).available.tolist() == model.available.tolist()
    for wrong, options, sentence in (
        (
            nested,
            {"available": np.ones((2, 2), bool)},
            r"transition\[1, 1\] is None, .* but available\[1, 1\] is True",
        ),
        ([nested[0], [None]], {}, r"transition\[1\] has 1 actions, expected 2, with None for a missing one"),
        ([[None], [None]], {"available": [[True], [False]]}, r"transition\[0, 0\] is None"),
    ):
        with pytest.raises(ValueError, match=sentence):
            emp.MDP(wrong, **options)


def test_rewards_are_carried_along():
    model = emp.MDP(TOGGLE, rewards=[[1, 2], [3, np.nan]], available=[[True, True], [True, False]])
    assert model.rewards.tolist() == [[1, 2], [3, 0]]  # that of a missing action is not read
    assert not model.rewards.flags.writeable
    assert emp.MDP(TOGGLE).rewards is None
    assert model.unlabelled().rewards is None
    assert model.with_idle_action().rewards is None
    with pytest.raises(ValueError, match=r"rewards has shape \(1, 2\), expected \(state, action\) = \(2, 2\)"):
        emp.MDP(TOGGLE, rewards=[[1, 2]])
    with pytest.raises(ValueError, match=r"rewards\[0, 1\] is inf, expected finite numbers"):
        emp.MDP(TOGGLE, rewards=[[1, np.inf], [0, 0]])


def test_a_discount_is_carried_along():
    model = emp.MDP(TOGGLE, discount=1)
    assert (model.discount, model.unlabelled().discount, emp.MDP(TOGGLE).discount) == (1.0, None, None)
    with pytest.raises(ValueError, match=r"discount is 1.5, expected a number in \[0, 1\]"):
        emp.MDP(TOGGLE, discount=1.5)


def test_rewards_of_a_model_are_used_only_where_they_are_handed_in():
    """A lamp that pays 1 for being toggled in "off": by hand 1 / (1 - 0.9 ** 2), and 0 without rewards."""
    model = emp.MDP(TOGGLE, rewards=[[0, 1], [0, 0]])
    alone = emp.unified_bellman(model, discount=0.9, information_weight=0)
    assert alone.value.tolist() == [0, 0]
    paid = emp.unified_bellman(model, model.rewards, discount=0.9, information_weight=0)
    assert paid.value == pytest.approx([1 / (1 - 0.81), 0.9 / (1 - 0.81)], abs=1e-6)
