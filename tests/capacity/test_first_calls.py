"""Which kernels solve the first single channels of a process."""

import subprocess
import sys

import numpy as np
import pytest

import empowerment as emp
from empowerment.capacity import backends

NOISY = np.array([[0.9, 0.1, 0.0], [0.2, 0.7, 0.1], [0.3, 0.3, 0.4]])


def test_the_first_small_channel_loads_numpy_alone():
    code = (
        "import sys, empowerment as emp; result = emp.channel_capacity([[0.9, 0.1], [0.1, 0.9]]);"
        "print(result.backend, [name for name in ('numba', 'scipy', 'jax') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-Werror", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "reference []\n"
    assert done.stderr == ""


@pytest.mark.usefixtures("first_calls")
def test_the_first_few_are_solved_in_plain_numpy_whatever_holds_them():
    given = (NOISY, NOISY.tolist(), emp.Channel(NOISY), NOISY)
    found = [emp.channel_capacity(each) for each in given]
    assert [each.backend for each in found] == ["reference", "reference", "reference", "numba"]
    for each in found:
        assert each.converged
        assert each.value == pytest.approx(found[-1].value, abs=1e-9)


@pytest.mark.usefixtures("first_calls")
def test_what_is_large_or_many_or_chosen_is_compiled_from_the_start():
    large = np.random.default_rng(0).dirichlet(np.ones(33), 33)
    assert emp.channel_capacity(large).backend == "numba"
    assert emp.channel_capacity([NOISY, NOISY]).backend == "numba"
    assert emp.channel_capacity(NOISY, backend="numba").backend == "numba"
    # Iterations that take a hundred thousand passes are long in plain NumPy.
    assert emp.channel_capacity(NOISY, method="blahut-arimoto").backend == "numba"
    assert emp.channel_capacity(NOISY).backend == "reference"  # none of these has used up a call


def test_once_compiled_kernels_are_loaded_they_solve_everything(monkeypatch):
    monkeypatch.setattr(backends, "_first_calls", iter(range(3)))
    backends.capacity_kernels("numba")
    assert emp.channel_capacity(NOISY).backend == "numba"
