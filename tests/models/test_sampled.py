import numpy as np
import pytest
from helpers import for_each
from scipy import sparse, stats

import empowerment as emp

COUNTS = np.array([[[9, 1, 0], [2, 8, 3]], [[0, 10, 1], [7, 3, 0]], [[0, 0, 4], [1, 1, 1]]])


def test_the_mean_has_counts_and_pseudo_counts():
    model = emp.SampledModel(COUNTS, prior=1.5)
    np.testing.assert_allclose(
        model.mean().to_dense(), (COUNTS + 0.5) / (COUNTS + 0.5).sum(axis=2, keepdims=True), rtol=0, atol=1e-15
    )
    assert model.n_samples.tolist() == COUNTS.sum(axis=2).tolist()
    flat = sparse.csr_array(COUNTS.reshape(6, 3))
    assert np.array_equal(emp.SampledModel(flat, prior=1.5).mean().to_dense(), model.mean().to_dense())


def test_a_prior_for_each_transition_says_what_is_impossible():
    prior = np.zeros((6, 3))
    prior[:, 0] = 1.0
    for given in (prior, sparse.csr_array(prior)):
        mean = emp.SampledModel(COUNTS, prior=given).mean().to_dense()
        np.testing.assert_allclose(mean[0, 0], [10 / 11, 1 / 11, 0], rtol=0, atol=1e-15)
        assert emp.SampledModel(COUNTS, prior=given).draw(0).to_dense()[0, 0, 2] == 0


def test_terminal_states_and_missing_actions_are_not_estimated():
    counts = COUNTS.copy()
    counts[1, 1] = 0
    model = emp.SampledModel(
        counts, states="abc", actions="xy", terminal=["c"], available=np.ones((3, 2)) == [[1, 1], [1, 0], [1, 1]]
    )
    for drawn in (model.mean(), model.draw(1)):
        assert drawn.is_terminal.tolist() == [False, False, True]
        assert drawn.to_dense()[2].tolist() == [[0, 0, 1], [0, 0, 1]]
        assert drawn.to_dense()[1, 1].tolist() == [0, 0, 0]
        assert (drawn.states, drawn.actions) == (("a", "b", "c"), ("x", "y"))


@pytest.mark.parametrize("weight", [1e-3, 0.3, 3.0])
def test_draws_have_the_distribution_of_dirichlet(weight):
    """Of small parameters, too, whose gamma variables underflow."""
    prior = weight * np.array([[1.0, 2.0, 4.0]] * 6)
    model = emp.SampledModel(np.zeros((3, 2, 3), dtype=int), prior=prior)
    rng = np.random.default_rng(0)
    drawn = np.array([model.draw(rng).to_dense()[0, 0] for _ in range(600)])
    np.testing.assert_allclose(drawn.sum(axis=1), 1.0, rtol=0, atol=1e-12)
    for k in range(3):
        own, rest = prior[0, k], prior[0].sum() - prior[0, k]
        if weight >= 0.3:
            assert stats.kstest(drawn[:, k], stats.beta(own, rest).cdf).pvalue > 1e-3
        else:  # nearly all probability at one of the three
            assert abs((drawn[:, k] > 0.5).mean() - own / prior[0].sum()) < 4 * 0.5 / np.sqrt(600)


def test_updates_count_in_place_and_all_or_nothing():
    model = emp.SampledModel(COUNTS, states="abc", actions="xy")
    before = model.counts.toarray()
    with pytest.raises(ValueError, match="unknown state 'd'"):
        model.update([("a", "x", "b"), ("a", "x", "d")])
    assert np.array_equal(model.counts.toarray(), before)
    assert model.update([("a", "x", "b"), ("a", "x", "b"), ("c", "y", "a")]) is model
    before[0, 1] += 2
    before[5, 0] += 1
    assert np.array_equal(model.counts.toarray(), before)
    np.testing.assert_allclose(model.mean().to_dense()[0, 0], (before[0] + 1 / 3) / (before[0].sum() + 1))
    assert model.update(iter([])).n_samples.sum() == before.sum()


@for_each(
    ("arguments", "error", "sentence"),
    [
        ({"counts": COUNTS[0]}, ValueError, r"counts has shape \(2, 3\), expected 3 axes"),
        (
            {"counts": COUNTS[:2]},
            ValueError,
            r"counts has shape \(2, 2, 3\), expected .* as many next states as states",
        ),
        ({"counts": -COUNTS}, ValueError, "counts has the entry -9, expected whole numbers of at least 0"),
        ({"counts": COUNTS + 0.5}, ValueError, "counts has the entry 9.5, expected whole numbers"),
        ({"counts": COUNTS, "prior": -1}, ValueError, "prior is -1, expected a finite number of at least 0"),
        ({"counts": COUNTS, "prior": 1e300}, ValueError, "prior is 1e[+]300, expected at most 9.0072e[+]15"),
        ({"counts": COUNTS, "prior": np.ones((2, 3))}, ValueError, r"prior has shape \(2, 3\), expected \(6, 3\)"),
        ({"counts": COUNTS, "prior": -np.ones((6, 3))}, ValueError, "prior has an entry outside"),
        ({"counts": 0 * COUNTS, "prior": 0}, ValueError, r"counts\[0, 0\] .* no samples and no pseudo-counts"),
        (
            {"counts": COUNTS, "available": np.zeros((3, 2), dtype=bool)},
            ValueError,
            r"counts\[0, 0\] .* has samples, but available is False",
        ),
        ({"counts": sparse.csr_array(np.ones((5, 2)))}, ValueError, r"sparse of shape \(5, 2\), expected"),
    ],
)
def test_what_is_no_sample_is_refused_with_a_sentence(arguments, error, sentence):
    with pytest.raises(error, match=sentence):
        emp.SampledModel(**arguments)


def test_where_every_state_is_terminal_there_is_nothing_to_estimate():
    model = emp.SampledModel(COUNTS[:1, :, :1], terminal=[0])
    assert repr(model) == "SampledModel(1 states, 2 actions, 0 samples, no row to estimate)"
    assert model.draw(0).to_dense().tolist() == [[[1.0], [1.0]]]


def test_updates_that_are_none_are_refused():
    model = emp.SampledModel(0 * COUNTS, available=np.array([[True, False]] * 3))
    for none in ("steps", 5):
        with pytest.raises(TypeError, match=rf"transitions is {none!r}, expected \(state, action, next state\)"):
            model.update(none)
    with pytest.raises(TypeError, match=r"transitions\[0\] is 5, expected \(state, action, next state\)"):
        model.update([5])
    with pytest.raises(ValueError, match=r"transitions\[0\] takes action 1 in state 0, where it is not available"):
        model.update([(0, 1, 0)])
