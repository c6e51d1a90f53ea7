"""Whole maps: every state of a world, from the model to the certified intervals."""

import pytest

import empowerment as emp


@pytest.mark.parametrize("horizon", [2, 4])
def test_noisy_map(benchmark, horizon):
    world = emp.worlds.slip_grid()
    emp.empowerment(world, 1)  # compiles
    result = benchmark.pedantic(emp.empowerment, (world, horizon), rounds=3)
    assert result.converged.all()
    benchmark.extra_info |= {"gap": float(result.gap.max()), "states": len(result)}


@pytest.mark.parametrize("horizon", [5, 10])
def test_deterministic_map(benchmark, horizon):
    result = benchmark(emp.empowerment, emp.worlds.klyubin_maze(), horizon)
    benchmark.extra_info |= {"gap": float(result.gap.max()), "states": len(result)}


def test_counting_without_sequences(benchmark):
    world = emp.worlds.box_pushing(13)
    options = {"keep_sequences": False}
    result = benchmark.pedantic(emp.empowerment, (world, 5), options, rounds=3)
    benchmark.extra_info |= {"gap": float(result.gap.max()), "states": len(result)}


@pytest.mark.parametrize("horizon", [4, 6])
def test_building_the_channel(benchmark, horizon):
    world = emp.worlds.slip_grid()
    emp.actuation_channel(world, (4, 4), 1)
    channel = benchmark.pedantic(emp.actuation_channel, (world, (4, 4), horizon), rounds=3)
    benchmark.extra_info["shape"] = channel.shape
