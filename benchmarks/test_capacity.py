"""The public call against its peers, all on the same matrix in one run.

``python -m pytest benchmarks/test_capacity.py`` prints times as multiples of ours, what each solver proved, and how
wrong it was; ``--table FILE`` also writes that as a Markdown table.
"""

import time

import numpy as np
import pytest

import empowerment as emp
from empowerment.capacity.kernels import cpu
from empowerment.capacity.solve import row_offsets

from .families import CHANNELS
from .peers import PEERS


@pytest.fixture(scope="module", params=CHANNELS)
def case(request):
    """Return a channel, its capacity certified as far as rounding allows, and the time of one pass over it."""
    matrix = CHANNELS[request.param]()
    truth = emp.channel_capacity(matrix, tol=1e-11, backend="numba")
    assert truth.converged
    return request.param, matrix, truth, _pass_seconds(matrix)


def _pass_seconds(matrix):
    """Return the time of one fused pass of Blahut-Arimoto, the least any method pays for a look at the matrix."""
    offsets, p = row_offsets(emp.Channel(matrix)), np.full(len(matrix), 1 / len(matrix))
    passes = int(max(10, 2e6 / matrix.size))
    cpu.blahut_arimoto(matrix, offsets, p, 0.0, 0.0, 2)
    start = time.perf_counter()
    found = cpu.blahut_arimoto(matrix, offsets, p, 0.0, 0.0, passes)
    return (time.perf_counter() - start) / found.n_iter


def _prepare(benchmark, case, solver):
    name, matrix, truth, one_pass = case
    benchmark.group = f"{name}, {len(matrix)}x{matrix.shape[1]}" if name.startswith("grid") else name
    benchmark.extra_info |= {"solver": solver, "one_pass": one_pass}
    return matrix, truth


def test_empowerment(benchmark, case):
    matrix, truth = _prepare(benchmark, case, "empowerment")
    # A plain array, as a newcomer hands it in: checking and reducing it are part of the call.
    result = benchmark.pedantic(emp.channel_capacity, (matrix,), {"tol": 1e-9}, rounds=15, warmup_rounds=1)
    assert result.converged
    assert result.lower <= truth.upper
    assert truth.lower <= result.upper
    benchmark.extra_info |= {"gap": float(result.gap), "error": float(result.value - truth.value)}


@pytest.mark.parametrize("peer", PEERS)
def test_peer(benchmark, case, peer):
    matrix, truth = _prepare(benchmark, case, peer)
    if peer == "dit" and matrix.size > 200_000:
        pytest.skip("takes minutes")
    PEERS[peer](np.eye(2))  # imports
    value = benchmark.pedantic(PEERS[peer], (matrix,), rounds=1)
    benchmark.extra_info["error"] = float(value - truth.value)
