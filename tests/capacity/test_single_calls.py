"""Single calls with plain matrices: they skip what others need, and answer alike."""

import sys
from pathlib import Path

import numpy as np
import pytest
from helpers import for_each

import empowerment as emp

SWITCH = np.array([[0.9, 0.1], [0.2, 0.8]])

REFUSED = {
    "sum": [[0.5, 0.5], [0.5, 0.5 + 2e-9]],
    "short": [[0.5, 0.4]],
    "zeros": [[0.5, 0.5], [0.0, 0.0]],
    "negative": [[1.5, -0.5], [0.5, 0.5]],
    "trace": [[1.0 + 1e-14, -1e-14], [0.5, 0.5]],
    "nan": [[0.5, 0.5], [np.nan, 1.0]],
    "infinite": [[0.5, 0.5], [np.inf, 0.0]],
    "both infinities": [[0.5, 0.5], [np.inf, -np.inf]],
    "huge": [[1e308, 1e308], [0.5, 0.5]],
    "transposed": [[0.9, 0.2], [0.1, 0.8]],
}


@for_each("rows", REFUSED.values())
def test_what_is_no_channel_is_refused_as_a_list_is(rows):
    with pytest.raises(ValueError, match="channel") as by_list:
        emp.channel_capacity(rows)
    with pytest.raises(ValueError, match="channel") as by_array:
        emp.channel_capacity(np.array(rows))
    assert str(by_array.value) == str(by_list.value)


@for_each("shape", [(0, 2), (2, 0), (0, 0)])
def test_an_empty_matrix_is_refused(shape):
    with pytest.raises(ValueError, match="expected at least one entry"):
        emp.channel_capacity(np.empty(shape))


def test_sums_within_the_tolerance_of_a_channel_are_taken_as_they_are():
    for miss in (4e-10, 9e-10, -9e-10):
        matrix = SWITCH + np.array([[0.0, miss], [0.0, 0.0]])
        plain, checked = emp.channel_capacity(matrix), emp.channel_capacity(emp.Channel(matrix))
        assert float(plain) == pytest.approx(float(checked), abs=1e-12)


def test_no_layout_of_an_array_matters():
    wide = np.random.default_rng(0).dirichlet(np.ones(6), 7)
    strided = np.zeros((14, 12))
    strided[::2, ::2] = wide
    fixed = wide.copy()
    fixed.flags.writeable = False
    wanted = emp.channel_capacity(wide)
    for matrix in (np.asfortranarray(wide), strided[::2, ::2], fixed, wide[::-1][::-1]):
        found = emp.channel_capacity(matrix)
        assert (found.value, found.lower, found.upper) == (wanted.value, wanted.lower, wanted.upper)
    assert wide.flags.writeable
    column = np.ones((7, 3))[:, :1]  # which one stride reaches, so that no copy is made of it
    assert float(emp.channel_capacity(column)) == 0
    assert float(emp.channel_capacity(strided[::2, ::2][:1])) == 0
    assert float(emp.channel_capacity(wide.tolist())) == pytest.approx(float(wanted), abs=1e-12)


def test_options_that_are_equal_but_no_options_are_refused_every_time():
    for _ in range(2):
        emp.channel_capacity(SWITCH, max_iter=1000, tol=np.array(1e-6))
        emp.channel_capacity(SWITCH, max_iter=1, on_failure="ignore")
        with pytest.raises(ValueError, match="max_iter is True"):
            emp.channel_capacity(SWITCH, max_iter=True)
        with pytest.raises(ValueError, match=r"max_iter is 1\.0"):
            emp.channel_capacity(SWITCH, max_iter=1.0)
        with pytest.raises(ValueError, match="unknown method 'gradient'"):
            emp.channel_capacity(SWITCH, method="gradient")


def test_a_missed_tolerance_is_said():
    hard = np.random.default_rng(0).dirichlet(np.ones(9), 9)
    with pytest.warns(emp.ConvergenceWarning, match="the iteration limit came first") as caught:
        result = emp.channel_capacity(hard, max_iter=1)
    assert caught[0].filename == __file__
    assert not result.converged
    with pytest.raises(RuntimeError, match="the iteration limit came first"):
        emp.channel_capacity(hard, max_iter=1, on_failure="raise")


def test_a_small_call_takes_few_calls_of_functions():
    """A gate on the work around the kernel, by functions of the package alone: 18 to 20 as measured."""
    emp.channel_capacity(SWITCH)
    package, calls = str(Path(emp.__file__).parent), []

    def note(frame, event, argument):
        if event == "call" and frame.f_code.co_filename.startswith(package):
            calls.append(frame.f_code.co_name)

    sys.setprofile(note)
    try:
        emp.channel_capacity(SWITCH)
    finally:
        sys.setprofile(None)
    assert len(calls) <= 24, calls
