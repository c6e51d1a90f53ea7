import math

import numpy as np
import pytest
from helpers import for_each
from scipy import sparse

import empowerment as emp

NOISY = [[0.9, 0.1, 0.0], [0.2, 0.3, 0.5]]


@for_each("form", [np.array, sparse.csr_array, lambda m: sparse.coo_array(np.array(m)), list])
def test_every_form_of_a_matrix_makes_the_same_channel(form):
    channel = emp.Channel(form(NOISY), inputs=["a", "b"])
    dense = channel.matrix.toarray() if sparse.issparse(channel.matrix) else channel.matrix
    assert dense.tolist() == NOISY
    assert channel.shape == (channel.n_inputs, channel.n_outputs) == (2, 3)
    assert channel.inputs == ("a", "b")
    assert channel.outputs == range(3)


def test_a_channel_is_its_own_copy_and_read_only():
    mine = np.array(NOISY)
    channel = emp.Channel(mine)
    mine[0, 0] = 7.0
    assert channel.matrix[0, 0] == 0.9
    with pytest.raises(ValueError, match="read-only"):
        channel.matrix[0, 0] = 1.0


@for_each("form", [np.array, sparse.csr_array])
@for_each(
    ("matrix", "sentence"),
    [
        ([[0.5, 0.5], [0.7, 0.2]], r"channel\[1\] sums to 0.9, expected 1; pass normalize=True to rescale"),
        ([[1.5, -0.5], [0.5, 0.5]], r"channel\[0\] has the entry -0.5, expected finite probabilities"),
        ([[0.5, 0.5], [math.nan, 1.0]], r"channel\[1\] has the entry nan"),
        ([[0.5, 0.5], [math.inf, 1.0]], r"channel\[1\] has the entry inf"),
    ],
)
def test_a_row_that_is_no_distribution_is_refused(form, matrix, sentence):
    with pytest.raises(ValueError, match=sentence):
        emp.Channel(form(matrix))


@for_each(
    ("matrix", "sentence"),
    [
        (np.empty((0, 3)), r"channel has shape \(0, 3\), expected at least one entry"),
        (np.empty((3, 0)), r"channel has shape \(3, 0\), expected at least one entry"),
        (sparse.csr_array((0, 3)), r"channel has shape \(0, 3\), expected at least one entry"),
        ([0.5, 0.5], r"channel has shape \(2,\), expected 2 axes"),
        ([[1.0], [0.5, 0.5]], "rows of different lengths"),
    ],
)
def test_a_matrix_of_the_wrong_shape_is_refused(matrix, sentence):
    with pytest.raises(ValueError, match=sentence):
        emp.Channel(matrix)


@for_each("matrix", [[["a", "b"]], [[1j, 1]], np.array([[0.5, 0.5]], dtype=np.float16), [[None, 1]]])
def test_entries_that_are_no_real_numbers_are_refused(matrix):
    with pytest.raises(TypeError, match="channel has dtype"):
        emp.Channel(matrix)


def test_a_masked_array_is_refused_rather_than_unmasked():
    with pytest.raises(TypeError, match=r"channel is a masked array, expected .* without gaps"):
        emp.channel_capacity(np.ma.masked_array(NOISY, mask=np.eye(2, 3)))


def test_normalize_rescales_only_what_can_be_rescaled():
    assert emp.Channel([[3.0, 1.0], [0.5, 0.5]], normalize=True).matrix[0].tolist() == [0.75, 0.25]
    kept = np.array([[3.0, 1.0], [0.1, 0.9 + 1e-11]])
    assert (emp.Channel(kept, normalize=True).matrix[1] == kept[1]).all()
    assert emp.Channel(sparse.csr_array([[3.0, 1.0]]), normalize=True).matrix.toarray().tolist() == [[0.75, 0.25]]
    with pytest.raises(ValueError, match=r"channel\[1\] sums to 0, expected 1$"):
        emp.Channel([[3.0, 1.0], [0.0, 0.0]], normalize=True)


def test_float32_rows_may_miss_the_sum_by_their_own_rounding():
    rows = np.random.default_rng(0).dirichlet(np.ones(500), size=3).astype(np.float32)
    assert abs(rows.astype(float).sum(axis=1) - 1).max() > 1e-9
    assert emp.Channel(rows).matrix.dtype == np.float64
    with pytest.raises(ValueError, match="sums to"):
        emp.Channel(rows.astype(float))


@for_each(
    ("labels", "error", "sentence"),
    [
        (["a"], ValueError, "inputs has 1 labels, expected 2"),
        (["a", "a"], ValueError, r"inputs\[1\] is 'a' again"),
        (["a", []], TypeError, r"inputs\[1\] is \[\], expected a hashable"),
    ],
)
def test_labels_must_fit(labels, error, sentence):
    with pytest.raises(error, match=sentence):
        emp.Channel(NOISY, inputs=labels)


@for_each("form", [np.array, sparse.csr_array])
def test_information_measures_against_their_definitions(form):
    channel, p = emp.Channel(form(NOISY)), [0.25, 0.75]
    q = [0.25 * a + 0.75 * b for a, b in zip(*NOISY, strict=True)]
    kl = [sum(w * math.log2(w / r) for w, r in zip(row, q, strict=True) if w) for row in NOISY]
    assert channel.output_distribution(p) == pytest.approx(q, abs=1e-15)
    assert channel.divergences(q) == pytest.approx(kl, abs=1e-14)
    assert emp.mutual_information(channel, p) == pytest.approx(0.25 * kl[0] + 0.75 * kl[1], abs=1e-14)
    assert channel.row_entropies() == pytest.approx([emp.entropy(row) for row in NOISY], abs=1e-15)
    assert emp.divergence(NOISY[1], NOISY[0]) == math.inf
    assert emp.divergence(NOISY[0], NOISY[1], base=math.e) == pytest.approx(
        0.9 * math.log(4.5) + 0.1 * math.log(1 / 3), abs=1e-14
    )
    assert emp.entropy([0.5, 0.5], base=math.e) == pytest.approx(math.log(2))
    assert emp.entropy([1.0, 0.0]) == 0.0


def test_a_sparse_vector_is_no_channel():
    vector = sparse.coo_array(np.array([0.5, 0.5]))
    if vector.ndim != 1:
        pytest.skip("sparse arrays of one axis are newer than this SciPy")
    with pytest.raises(ValueError, match=r"channel has shape \(2,\), expected 2 axes: \(row, column\)"):
        emp.Channel(vector)


def test_measures_refuse_what_is_no_distribution():
    with pytest.raises(ValueError, match="input_distribution has 3 entries, expected 2"):
        emp.mutual_information(NOISY, [0.2, 0.3, 0.5])
    with pytest.raises(ValueError, match=r"input_distribution sums to 0\.9"):
        emp.mutual_information(NOISY, [0.2, 0.7])
    with pytest.raises(ValueError, match="base is 1, expected a number above 1"):
        emp.entropy([0.5, 0.5], base=1)
    with pytest.raises(ValueError, match="base is 1, expected a number above 1"):
        emp.Channel(NOISY).row_entropies(base=1)
    with pytest.raises(ValueError, match=r"output_distribution has shape \(2,\), expected \(3,\)"):
        emp.Channel(NOISY).divergences([0.5, 0.5])


def test_divergence_of_measures_bounds_the_information_of_rows_that_miss_one():
    """For rows off by a rounding error the certificate must still hold exactly."""
    rows = np.array(NOISY) * [[1 + 8e-10], [1 - 8e-10]]
    channel = emp.Channel(rows)
    rng = np.random.default_rng(1)
    for _ in range(200):
        p, q = rng.dirichlet([1, 1]), rng.dirichlet([1, 1, 1])
        own = p @ rows
        ratio = np.where(rows > 0, rows, own) / own
        information = math.fsum((p[:, None] * rows * np.log(ratio)).ravel())
        assert information <= channel.divergences(q, math.e).max() + 1e-15
