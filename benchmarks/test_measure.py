"""The public call by each of its ways, from the model to the certified intervals."""

import pytest

import empowerment as emp

from .horizons import CENTRE, three_states


def _note(benchmark, result):
    benchmark.extra_info |= {"gap": float(result.gap.max()), "states": len(result), "method": str(result.method[0])}


@pytest.mark.parametrize("horizon", [2, 4])
def test_noisy_map(benchmark, horizon):
    world = emp.worlds.slip_grid()
    emp.empowerment(world, 1)  # compiles
    result = benchmark.pedantic(emp.empowerment, (world, horizon), rounds=3)
    assert result.converged.all()
    _note(benchmark, result)


@pytest.mark.parametrize(
    ("method", "horizon"), [("column-generation", 6), ("column-generation", 8), ("enumeration", 6)]
)
def test_noisy_state(benchmark, method, horizon):
    world, options = emp.worlds.slip_grid(), {"states": CENTRE, "method": method}
    emp.empowerment(world, 3, **options)
    result = benchmark.pedantic(emp.empowerment, (world, horizon), options, rounds=3)
    assert result.converged.all()
    _note(benchmark, result)


def test_hull_of_few_dimensions(benchmark):
    world, options = three_states(), {"states": 0, "tol": 1e-10}
    emp.empowerment(world, 3, **options)
    result = benchmark.pedantic(emp.empowerment, (world, 20), options, rounds=3)
    assert result.converged.all()
    _note(benchmark, result)


def test_interval(benchmark):
    world, options = (
        emp.worlds.slip_grid(),
        {"states": CENTRE, "method": "interval", "options": {"max_sequences": 1_000_000}},
    )
    emp.empowerment(world, 5, **options)
    _note(benchmark, benchmark.pedantic(emp.empowerment, (world, 20), options, rounds=1))


def test_sampled(benchmark):
    world, options = emp.worlds.slip_grid(), {"states": CENTRE, "method": "sampled", "rng": 0}
    emp.empowerment(world, 5, **options)
    _note(benchmark, benchmark.pedantic(emp.empowerment, (world, 20), options, rounds=3))


@pytest.mark.parametrize("horizon", [5, 10])
def test_deterministic_map(benchmark, horizon):
    _note(benchmark, benchmark(emp.empowerment, emp.worlds.klyubin_maze(), horizon))


def test_counting_without_sequences(benchmark):
    world, options = emp.worlds.box_pushing(13), {}
    emp.empowerment(world, 1, **options)
    _note(benchmark, benchmark.pedantic(emp.empowerment, (world, 5), options, rounds=3))


@pytest.mark.parametrize("output", ["final", "trajectory"])
def test_counting_in_a_large_grid(benchmark, output):
    world, options = emp.worlds.open_grid(316), {"output": output}
    emp.empowerment(emp.worlds.open_grid(3), 1, **options)
    _note(benchmark, benchmark.pedantic(emp.empowerment, (world, 10), options, rounds=3))


@pytest.mark.parametrize("horizon", [4, 6])
def test_building_the_channel(benchmark, horizon):
    world = emp.worlds.slip_grid()
    emp.actuation_channel(world, 1, CENTRE)
    channel = benchmark.pedantic(emp.actuation_channel, (world, horizon, CENTRE), rounds=3)
    benchmark.extra_info["shape"] = channel.shape


@pytest.mark.parametrize(
    ("world", "options"),
    [
        ("aliased_corridor", {"horizon": 6, "sensor": "state"}),
        ("aliased_corridor", {"horizon": 4, "sensor": "state", "known_to": "receiver"}),
        ("tiger", {"horizon": 5, "output": "trajectory"}),
        ("tiger", {"horizon": 6, "sensor": "belief"}),
    ],
)
def test_beliefs(benchmark, world, options):
    model = emp.worlds.make(world)
    emp.empowerment(model, **options | {"horizon": 2})
    result = benchmark.pedantic(emp.empowerment, (model,), options, rounds=3)
    assert result.converged.all()
    _note(benchmark, result)


@pytest.mark.parametrize(
    ("world", "options"),
    [
        ("slip_grid", {"horizon": 20, "output": "trajectory"}),
        ("ring", {"horizon": 3}),
        ("aliased_corridor", {"horizon": 3, "output": "trajectory"}),
        ("aliased_corridor", {"horizon": 3, "sensor": "state"}),
        ("tiger", {"horizon": 5, "output": "trajectory"}),
    ],
)
def test_feedback(benchmark, world, options):
    model = emp.worlds.make(world)
    emp.empowerment(model, feedback=True, **options | {"horizon": 2})
    result = benchmark.pedantic(emp.empowerment, (model,), options | {"feedback": True}, rounds=3)
    assert result.converged.all()
    _note(benchmark, result)


def test_rate(benchmark):
    world = emp.worlds.slip_grid()
    emp.empowerment_rate(emp.worlds.ring())
    result = benchmark.pedantic(emp.empowerment_rate, (world,), rounds=1)
    assert result.converged
    benchmark.extra_info["gap"] = float(result.gap)


def test_contexts(benchmark):
    corridor = emp.worlds.grid_world(["........"])
    emp.context_empowerment(corridor, n_contexts=1)
    result = benchmark.pedantic(emp.context_empowerment, (corridor,), {"n_contexts": 3}, rounds=1)
    assert result.converged
    benchmark.extra_info |= {"gap": float(result.gap), "method": result.method}
