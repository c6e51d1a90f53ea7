"""Rows that are no distributions: each message names a call that can be made, and what it does is right."""

import warnings

import numpy as np
import pytest
from helpers import for_each
from scipy import sparse

import empowerment as emp

# Rounded, as from a spreadsheet.
ROUNDED = np.array([[0.333, 0.333, 0.333], [0.1, 0.2, 0.7]])
WORLD = np.stack([ROUNDED[[0, 0, 0]], ROUNDED[[1, 1, 1]]], axis=1)
STILL = np.stack([np.eye(3)] * 2, axis=1)


@for_each(
    "call",
    [
        emp.channel_capacity,
        lambda matrix: emp.channel_capacity([matrix, np.eye(2)]),
        lambda matrix: emp.capacity_cost(matrix, [0, 1], 0.5),
        lambda matrix: emp.capacity_per_unit_cost(matrix, [0, 1]),
        lambda matrix: emp.mutual_information(matrix, [0.5, 0.5]),
    ],
)
def test_what_takes_a_matrix_names_the_channel_that_rescales_it(call):
    with pytest.raises(ValueError, match=r"sums to 0.999, expected 1; pass Channel\(matrix, normalize=True\)"):
        call(ROUNDED)
    call(emp.Channel(ROUNDED, normalize=True))


def test_what_takes_a_world_names_the_model_that_rescales_it():
    with pytest.raises(ValueError, match=r"sums to 0.999, expected 1; pass MDP\(model, normalize=True\) to rescale"):
        emp.empowerment(WORLD, 1)
    exact = WORLD / WORLD.sum(axis=2, keepdims=True)
    found = emp.empowerment(emp.MDP(WORLD, normalize=True), 1)
    assert np.allclose(found.value, emp.empowerment(exact, 1).value, atol=1e-9)


def test_where_nothing_rescales_dividing_is_the_advice():
    sensor = [[0.333, 0.333], [1, 0], [0, 1]]
    with pytest.raises(
        ValueError, match=r"sums to 0.666, expected 1; divide each row by its sum to rescale"
    ) as caught:
        emp.empowerment(STILL, 1, sensor=sensor)
    assert "normalize" not in str(caught.value)
    with pytest.raises(ValueError, match=r"sums to 0.9, expected 1; divide it by its sum to rescale"):
        emp.entropy([0.5, 0.4])


def test_the_first_state_is_rescaled_with_the_rest():
    with pytest.raises(ValueError, match=r"initial sums to 0.999, expected 1; pass normalize=True to rescale"):
        emp.MDP(STILL, initial=[0.333] * 3)
    assert np.allclose(emp.MDP(STILL, initial=[0.333] * 3, normalize=True).initial, 1 / 3)


def test_a_matrix_whose_columns_sum_to_1_is_to_be_transposed():
    columns = np.array([[0.9, 0.2, 0.0], [0.1, 0.8, 1.0]])
    with pytest.raises(
        ValueError, match=r"sums to 1.1, expected 1; its columns sum to 1, so the transpose"
    ) as caught:
        emp.channel_capacity(columns)
    assert "normalize" not in str(caught.value)
    # The capacity of its transpose, by the conditions of Kuhn and Tucker: see `verify`.
    found = emp.channel_capacity(columns.T)
    lower, upper = emp.verify(columns.T, found)
    assert upper - lower < 1e-9
    assert float(found) == pytest.approx(0.7628482520, abs=1e-9)
    with pytest.warns(UserWarning, match="the columns of channel sum to 1 and its rows do not"):
        emp.Channel(columns, normalize=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        emp.Channel([[2.0, 0.0], [1.0, 1.0]], normalize=True)  # counts are no columns of probabilities


@for_each("shape", [np.asarray, sparse.csr_array])
def test_what_a_linear_solver_leaves_below_zero_is_taken_as_zero_when_asked_to(shape):
    left = np.array([[1.0, -6.6e-18], [0.25, 0.75]])
    with pytest.raises(ValueError, match=r"has the entry -6.6e-18, .*; pass normalize=True, which takes it as 0"):
        emp.Channel(shape(left))
    with pytest.raises(ValueError, match=r"pass Channel\(matrix, normalize=True\), which takes it as 0"):
        emp.channel_capacity(shape(left))
    channel = emp.Channel(shape(left), normalize=True)
    dense = channel.matrix.toarray() if hasattr(channel.matrix, "toarray") else channel.matrix
    assert dense.tolist() == [[1.0, 0.0], [0.25, 0.75]]
    with pytest.raises(ValueError, match="has the entry -1e-11") as caught:
        emp.Channel(shape([[1.0, -1e-11], [0.25, 0.75]]), normalize=True)
    assert "normalize" not in str(caught.value)


def test_a_row_of_zeros_in_a_world_is_a_missing_action():
    product = np.array([[[0.5, 0.5], [0.0, 1.0]], [[0.0, 1.0], [0.0, 0.0]]])
    for options in ({}, {"normalize": True}):
        with pytest.raises(ValueError, match=r"\) sums to 0, expected 1; if the action is missing .* available="):
            emp.MDP(product, **options)
    model = emp.MDP(product, available=product.sum(axis=2) > 0)
    assert model.available.tolist() == [[True, True], [True, False]]


def test_no_lower_end_is_negative():
    useless = np.full((3, 4), 0.25)
    noisy = np.full((3, 2, 3), 1 / 3)
    ends = [
        emp.channel_capacity(useless).lower,
        *emp.channel_capacity([useless, np.eye(2)]).lower,
        emp.channel_capacity(useless, backend="reference").lower,
        emp.capacity_cost(useless, [0, 1, 2], 1.0).lower,
        emp.capacity_per_unit_cost(useless, [1, 1, 2]).lower,
        emp.capacity_per_unit_cost(useless, [0, 1, 2]).lower,
        emp.capacity_bounds(0.9 * useless).lower,
        emp.verify(useless, emp.channel_capacity(useless))[0],
        emp.empowerment_rate(noisy).lower,
        *emp.discounted_empowerment(noisy, 0.9).lower,
        *emp.horizon_sweep(noisy, [0, 1, 2]).lower.ravel(),
    ]
    for feedback in (False, True):
        for output in ("final", "trajectory"):
            ends += [*emp.empowerment(noisy, 2, feedback=feedback, output=output).lower]
    assert min(ends) == 0.0
    emp.testing.check_certificate(useless, emp.channel_capacity(useless))
    # A reward may be a cost.
    assert emp.channel_capacity(useless, rewards=[-1, -1, -1]).lower == pytest.approx(-1)
