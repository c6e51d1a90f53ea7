"""The public call against dit on the n-step channels of a noisy grid, both on the same matrix in one run.

``python -m pytest benchmarks`` prints the ratios and, beside them, what each solver got wrong.
"""

import pytest

import empowerment as emp


@pytest.fixture(scope="module", params=[2, 3, 4, 5], ids="n={}".format)
def grid_channel(request):
    """Return the n-step channel from the centre of the slip grid and its capacity, certified to 1e-11 bits."""
    channel = emp.actuation_channel(emp.worlds.slip_grid(), (4, 4), request.param)
    return request.param, channel, emp.channel_capacity(channel, tol=1e-11)


def _prepare(benchmark, grid_channel, solver):
    n, channel, truth = grid_channel
    benchmark.group = f"slip grid n={n} {channel.n_inputs}x{channel.n_outputs}"
    benchmark.extra_info["solver"] = solver
    return channel, truth


def test_empowerment(benchmark, grid_channel):
    channel, truth = _prepare(benchmark, grid_channel, "empowerment")
    # A plain array, as a newcomer hands it in: checking and reducing it are part of the call.
    result = benchmark(emp.channel_capacity, channel.matrix, tol=1e-9)
    assert result.converged
    assert result.lower <= truth.upper
    assert truth.lower <= result.upper
    benchmark.extra_info |= {"gap": float(result.gap), "error": float(result.value - truth.value)}


def test_dit(benchmark, grid_channel):
    dit = pytest.importorskip("dit")
    channel, truth = _prepare(benchmark, grid_channel, "dit")
    value, _ = benchmark.pedantic(dit.algorithms.channel_capacity, (channel.matrix,), rounds=3, warmup_rounds=1)
    benchmark.extra_info["error"] = float(value - truth.value)
