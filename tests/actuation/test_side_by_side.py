"""Rows of many states side by side on the device."""

import importlib
import os
import subprocess
import sys
from itertools import product

import numpy as np
import pytest
from helpers import for_each
from scipy import sparse

import empowerment as emp
from empowerment.actuation.dynamics import Dynamics
from empowerment.actuation.kernels.reference import extend
from empowerment.actuation.open_loop.local_models import LocalModelBuilder
from empowerment.actuation.sensor import make_sensor
from empowerment.capacity.kernels import reference

jax = pytest.importorskip("jax")

from empowerment.actuation.kernels import xla  # noqa: E402
from empowerment.actuation.open_loop import batched  # noqa: E402

solving = importlib.import_module("empowerment.capacity.kernels.xla.solve")


# For several tests, because a layer of these sizes is compiled once.
GRID = emp.worlds.slip_grid()
TWO_STATES = [GRID.states[0], GRID.states[30]]


def random_world(seed, n_states=12, n_actions=3, sparsity=0.6):
    """A world with noise in which actions are missing here and there, and nothing follows the last state."""
    rng = np.random.default_rng(seed)
    rows = rng.dirichlet(np.ones(n_states), size=(n_states, n_actions)) * (
        rng.random((n_states, n_actions, n_states))
    )
    rows[rng.random(rows.shape) < sparsity] = 0
    rows[..., 0] += 0.1
    rows /= rows.sum(axis=2, keepdims=True)
    available = rng.random((n_states, n_actions)) < 0.9
    return emp.MDP(rows, available=available, terminal=[n_states - 1])


def agree(one, other):
    return (np.maximum(one.lower, other.lower) <= np.minimum(one.upper, other.upper)).all()


# The first two have all that there is: one of them a sensor and stopping, the other neither.
CASES = sorted(product(range(6), [True, False]), key=lambda case: sum(case) % 2 == 0)


@for_each(("seed", "stopping"), CASES, first=1)
def test_random_worlds_have_the_answers_of_the_other_backends(seed, stopping):
    world = random_world(seed)
    sensor = None if seed % 2 else np.random.default_rng(seed).dirichlet(np.ones(4), size=world.n_states)
    for horizon in (1, 3):
        options = {"horizon": horizon, "sensor": sensor, "stopping": stopping}
        expected = emp.empowerment(world, **options)
        found = emp.empowerment(world, **options, backend="jax")
        assert agree(found, expected)
        assert found.converged.all()
        assert set(found.methods.split(", ")) == {"enumeration"}
        missing = expected.status == emp.Status.NO_SEQUENCE
        assert (found.status[missing] == emp.Status.NO_SEQUENCE).all()
        assert not (found.status[~missing] == emp.Status.NO_SEQUENCE).any()


def test_sequences_carry_what_was_found():
    """The capacity of the channel of the sequences that were named is that of all of them."""
    result = emp.empowerment(GRID, 3, backend="jax", states=TWO_STATES)
    for state in result.states:
        channel = emp.actuation_channel(GRID, 3, state, merge=False)
        named = [channel.inputs.index(sequence) for sequence, _ in result.sequences(state)]
        some = emp.channel_capacity(channel.matrix[named])
        assert float(some) == pytest.approx(float(result[state]), abs=1e-5)


@pytest.mark.slow
def test_blocks_that_do_not_fit_go_on_in_halves_and_single_states_one_by_one(monkeypatch):
    """However little fits, the answers stay; the method says which states were left to another."""
    world = emp.worlds.slip_grid()
    states = list(world.states[:40:8])
    expected = emp.empowerment(world, 5, states=states)
    methods = []
    for entries in (1 << 20, 1 << 17, 10):
        monkeypatch.setattr(batched, "entries_at_a_time", lambda entries=entries: entries)
        found = emp.empowerment(world, 5, backend="jax", states=states)
        assert agree(found, expected)
        methods.append(found.methods)
    assert (methods[0], methods[2]) == ("enumeration", "column-generation")
    assert "by enumeration" in methods[1]
    assert "by column-generation" in methods[1]


def test_what_is_allowed_is_kept():
    options = {"backend": "jax", "states": TWO_STATES, "on_failure": "ignore"}
    assert emp.empowerment(GRID, 3, **options).methods == "enumeration"
    few = emp.empowerment(GRID, 3, **options | {"states": GRID.states[0]}, options={"max_sequences": 20})
    assert few.methods == "interval"
    with pytest.raises(MemoryError, match=r"state .*: step . of 3 (has|takes)"):
        emp.empowerment(GRID, 3, backend="jax", method="enumeration", options={"memory": 2e3})


def test_trajectories_and_other_methods_are_found_as_before():
    world = random_world(3)
    assert emp.empowerment(world, 2, backend="jax", output="trajectory").methods == "enumeration"
    assert emp.empowerment(world, 2, backend="jax", method="column-generation").methods == "column-generation"
    counted = emp.empowerment(emp.worlds.open_grid(4), 3, backend="jax")
    assert counted.methods == "counting"


def test_what_goes_on_on_the_cpu_is_said(monkeypatch):
    expected = emp.empowerment(GRID, 3, states=TWO_STATES)
    monkeypatch.setattr(solving, "INTERIOR_POINT_STEPS", 2)
    found = emp.empowerment(GRID, 3, backend="jax", states=TWO_STATES)
    assert (found.status == emp.Status.HANDED_OVER).any()
    assert found.converged.all()
    assert agree(found, expected)


def test_worlds_around_states_follow_the_model(double):
    """Rows that grow in a small world are those of the whole model."""
    model = emp.worlds.slip_grid()
    dynamics = Dynamics.of(model, make_sensor(lambda cell: cell[0], model))
    starts, horizon = np.array([3, 40, 41]), 2
    around = LocalModelBuilder(dynamics, starts, horizon)
    worlds = around.build(np.array([1, 2]), int(around.n_states.max()) + 3, int(around.n_readings.max()) + 1, 4)
    for world, start in enumerate(starts[1:]):
        expected = dynamics.unit_rows(np.array([start]))
        found = np.zeros((1, worlds.moves.shape[2]))
        found[0, worlds.start[world]] = 1
        for action in (0, 2):
            expected = expected @ dynamics.actions[action]
            found = found @ worlds.moves[world, action]
        assert np.sort((found @ worlds.readings[world])[found @ worlds.readings[world] > 0]) == pytest.approx(
            np.sort(dynamics.read(expected)[dynamics.read(expected) > 0])
        )
    assert not worlds.moves[2:].any()


def test_rows_are_extended_as_the_reference_extends_them(double):
    model = random_world(1)
    dynamics = Dynamics.of(model, make_sensor(None, model))
    rows = np.random.default_rng(0).dirichlet(np.full(model.n_states, 0.2), size=7)
    rows[rows < 0.1] = 0
    expected = extend(rows, dynamics.steps).reshape(21, -1)
    moves = np.stack([matrix.toarray() for matrix in dynamics.actions])
    found, present = xla.extend(rows[None], np.array([7]), moves[None], ~dynamics.available[None])
    assert np.asarray(present[0]).tolist() == (expected[:, 0] >= 0).tolist()
    assert 0 < present.sum() < 21
    assert np.asarray(found[0])[expected[:, 0] >= 0] == pytest.approx(expected[expected[:, 0] >= 0], rel=1e-14)
    assert not np.asarray(xla.extend(rows[None], np.array([3]), moves[None], ~dynamics.available[None])[1])[
        0, 9:
    ].any()


def test_equal_rows_are_merged_as_the_reference_merges_them(double):
    rng = np.random.default_rng(0)
    groups = rng.dirichlet(np.ones(5), size=7)
    rows = groups[rng.integers(7, size=(3, 40))] * (1 + 1e-15 * rng.integers(-3, 3, size=(3, 40, 5)))
    present = rng.random((3, 40)) < 0.8
    places, counts = xla.distinct(rows, present)
    for world in range(3):
        own = np.flatnonzero(present[world])
        first = reference.equal_rows(rows[world, own])
        expected = own[np.flatnonzero(first == np.arange(first.size))]
        assert np.asarray(places[world, : counts[world]]).tolist() == expected.tolist()


def test_a_chain_of_close_rows_is_not_taken_for_one(double):
    """Neighbours within the tolerance whose ends are not: every row left out is close to one that is kept."""
    rows = 0.5 + 0.8e-13 * 0.5 * np.arange(12)[None, :, None] * np.array([1.0, 1.0])
    places, counts = xla.distinct(rows, np.ones((1, 12), dtype=bool))
    kept = rows[0, np.asarray(places[0, : counts[0]])]
    assert 1 < counts[0] < 12
    assert np.abs(rows[0][:, None] / kept - 1).max(axis=2).min(axis=1).max() <= 2.1e-13


def test_no_world_no_row():
    """Nothing is available anywhere: the padding alone is solved, and nothing comes of it."""
    world = emp.MDP(np.zeros((3, 2, 3)), available=np.zeros((3, 2), dtype=bool))
    found = emp.empowerment(world, 2, backend="jax")
    assert found.status.tolist() == [emp.Status.NO_SEQUENCE] * 3
    assert found.upper.tolist() == [0, 0, 0]


def test_a_model_of_sparse_rows_is_cut_without_being_filled():
    """Around a state there are few places, however large the world."""
    n = 20_000
    ahead, back = (np.arange(n) + 1) % n, (np.arange(n) - 1) % n
    rows = sparse.lil_array((2 * n, n))
    rows[2 * np.arange(n), ahead], rows[2 * np.arange(n), back] = 0.9, 0.1
    rows[2 * np.arange(n) + 1, back], rows[2 * np.arange(n) + 1, ahead] = 0.9, 0.1
    world = emp.MDP(sparse.csr_array(rows))
    states = list(range(0, n, 5000))
    found = emp.empowerment(world, 2, backend="jax", states=states)
    assert found.methods == "enumeration"
    assert np.ptp(found.value) < 1e-9
    assert agree(found, emp.empowerment(world, 2, states=states))


@pytest.mark.slow
def test_in_workers_and_on_several_devices():
    code = """
import jax, jax.numpy as jnp, numpy as np, empowerment as emp
from jax.sharding import Mesh, NamedSharding, PartitionSpec
world = emp.worlds.slip_grid()
expected = emp.empowerment(world, 2).value
assert np.abs(emp.empowerment(world, 2, backend="jax", n_jobs=2).value - expected).max() < 1e-9
rows = np.random.default_rng(0).dirichlet(np.ones(8), size=(8, 3))
spread = NamedSharding(Mesh(np.array(jax.devices()), ("state",)), PartitionSpec("state"))
with jax.enable_x64(True):
    given = jax.device_put(rows, spread)
found = emp.empowerment(given, 3)
print(len(found.value.sharding.device_set), found.methods)
print(np.abs(np.asarray(found.value) - emp.empowerment(rows, 3).value).max() < 1e-9)
"""
    environment = {"XLA_FLAGS": "--xla_force_host_platform_device_count=4", "JAX_PLATFORMS": "cpu"}
    ended = subprocess.run(
        [sys.executable, "-Werror", "-c", code],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split() == ["4", "enumeration", "True"]
