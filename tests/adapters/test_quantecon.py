from types import SimpleNamespace

import numpy as np
import pytest
from scipy import sparse

import empowerment as emp

# Two states; in the second one the second action does not exist.
REWARDS = np.array([[5.0, 10.0], [-1.0, -np.inf]])
TRANSITION = np.array([[[0.5, 0.5], [0.0, 1.0]], [[0.0, 1.0], [0.5, 0.5]]])


def check(model):
    assert model.available.tolist() == [[True, True], [True, False]]
    assert model.to_dense().tolist() == [[[0.5, 0.5], [0, 1]], [[0, 1], [0, 0]]]
    assert model.rewards.tolist() == [[5, 10], [-1, 0]]
    assert model.discount == 0.95


def test_both_forms_of_programs():
    markov = pytest.importorskip("quantecon.markov")
    product = markov.DiscreteDP(REWARDS, TRANSITION, 0.95)
    check(emp.from_quantecon(product))
    check(emp.from_quantecon(product.to_sa_pair_form(sparse=True)))
    check(emp.from_quantecon(product.to_sa_pair_form(sparse=False)))


def test_labels():
    program = SimpleNamespace(R=REWARDS, Q=TRANSITION, beta=0.95, num_states=2)
    model = emp.from_quantecon(program, states=["low", "high"], actions=["rest", "work"])
    assert (model.states, model.actions) == (("low", "high"), ("rest", "work"))


def test_pairs_in_any_order():
    pairs = [(1, 0), (0, 1), (0, 0)]
    state, action = np.array(pairs).T
    rows = np.array([TRANSITION[pair] for pair in pairs])
    rewards = np.array([REWARDS[pair] for pair in pairs])
    for form in (np.asarray, sparse.csr_matrix):
        check(
            emp.from_quantecon(
                SimpleNamespace(R=rewards, Q=form(rows), beta=0.95, num_states=2, s_indices=state, a_indices=action)
            )
        )


def test_what_is_no_program_is_refused_with_a_sentence():
    with pytest.raises(TypeError, match=r"program is 3, expected a DiscreteDP of quantecon, .* it has no R"):
        emp.from_quantecon(3)
    with pytest.raises(ValueError, match=r"transition\[0, 0\] .* sums to 0.4, expected 1; pass normalize=True"):
        emp.from_quantecon(SimpleNamespace(R=REWARDS, Q=0.4 * TRANSITION, beta=0.95, num_states=2))
