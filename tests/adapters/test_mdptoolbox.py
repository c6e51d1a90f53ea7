import numpy as np
import pytest
from helpers import for_each
from scipy import sparse

import empowerment as emp

RNG = np.random.default_rng(0)
P = RNG.dirichlet(np.ones(3), size=(2, 3))
R = RNG.normal(size=(2, 3, 3))


def boxed(matrices):
    found = np.empty(len(matrices), dtype=object)
    found[:] = matrices
    return found


@for_each(
    ("transitions", "reward"),
    [
        (P, R),
        (list(P), list(R)),
        (tuple(sparse.csr_matrix(matrix) for matrix in P), [sparse.csr_array(matrix) for matrix in R]),
        (boxed([sparse.csr_matrix(matrix) for matrix in P]), boxed([sparse.coo_matrix(matrix) for matrix in R])),
        ([sparse.csr_matrix(P[0]), P[1]], R),
        (P, np.einsum("ast,ast->sa", P, R)),
    ],
)
def test_every_form(transitions, reward):
    model = emp.from_mdptoolbox(transitions, reward, discount=0.9, actions=["wait", "cut"])
    assert np.array_equal(model.to_dense(), np.moveaxis(P, 0, 1))
    np.testing.assert_allclose(model.rewards, np.einsum("ast,ast->sa", P, R), rtol=0, atol=1e-14)
    assert (model.actions, model.discount) == (("wait", "cut"), 0.9)


def test_rewards_of_states():
    assert emp.from_mdptoolbox(P, [1.0, 2.0, 3.0]).rewards.tolist() == [[1, 1], [2, 2], [3, 3]]
    assert emp.from_mdptoolbox(P).rewards is None


def test_rows_are_rescaled_where_asked():
    model = emp.from_mdptoolbox(0.5 * P, R, normalize=True)
    np.testing.assert_allclose(model.to_dense(), np.moveaxis(P, 0, 1), rtol=0, atol=1e-15)
    np.testing.assert_allclose(model.rewards, np.einsum("ast,ast->sa", P, R), rtol=0, atol=1e-14)


@for_each(
    ("transitions", "reward", "error", "sentence"),
    [
        (
            np.ones((2, 3, 4)) / 4,
            None,
            ValueError,
            r"shape \(2, 3, 4\), expected \(action, state, next_state\) with as",
        ),
        (P[0], None, ValueError, r"transitions has shape \(3, 3\), expected 3 axes"),
        (P, [1.0], ValueError, "reward has 1 entries, expected 3, one for each state"),
        (P, R[:1], ValueError, r"reward has 1 matrices of shape \(3, 3\), expected 2 of shape \(3, 3\)"),
        (P, np.ones((2, 3)), ValueError, r"rewards? has shape \(2, 3\), expected .*\(3, 2\)"),
        (0.5 * P, None, ValueError, "sums to 0.5, expected 1; pass normalize=True"),
        ([sparse.eye_array(3), "x"], None, (TypeError, ValueError), r"transitions\[1\]"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_sentence(transitions, reward, error, sentence):
    with pytest.raises(error, match=sentence):
        emp.from_mdptoolbox(transitions, reward)
