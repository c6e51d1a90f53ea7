"""What is particular to the JAX backend; that it solves what the others solve is tested with them."""

import importlib
import math
import os
import subprocess
import sys
import warnings

import numpy as np
import pytest
from helpers import for_each, hide_library

import empowerment as emp
from empowerment.capacity.kernels import BLAHUT_ARIMOTO, HANDED_OVER, NOT_REACHED, SQUAREM, WORKING_SET, pack
from empowerment.testing import FAMILIES, check_certificate, hard_channel

jax = pytest.importorskip("jax")
jnp = jax.numpy

from empowerment.capacity.kernels.xla import padding, passes  # noqa: E402

solving = importlib.import_module("empowerment.capacity.kernels.xla.solve")

SWITCH = np.array([[0.9, 0.1], [0.1, 0.9]])


def run(code, **environment):
    options = {"env": os.environ | environment, "capture_output": True, "text": True}
    ended = subprocess.run([sys.executable, "-Werror", "-c", code], check=False, **options)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.split()


def in_shape(matrix, shape, method, tol=6e-10):
    """Solve one channel padded to a shape; return the ends and the number of steps."""
    channels = padding._empty(1, np.array(shape))
    offsets = (matrix * (np.log(np.maximum(matrix, 5e-324)) - 1)).sum(axis=1) + 1
    padding._fill(channels, 0, matrix, offsets)
    start = np.zeros(channels.offsets.shape)
    start[0, : len(matrix)] = 1 / len(matrix)
    with jax.enable_x64(True):
        ends, n_iter = solving._run_from(padding._noticed(channels), start, passes.Target(tol, 0.0, 200), method)
        return jax.device_get(ends), int(n_iter[0])


@for_each(("method", "rounding"), [(WORKING_SET, 1e-12), (SQUAREM, 6e-10), (BLAHUT_ARIMOTO, 1e-12)], first=1)
def test_padding_changes_nothing(method, rounding):
    """Neither the numbers, beyond rounding (which extrapolation magnifies), nor the steps; and p stays 0 there."""
    for family in ("dirichlet", "thresholded", "near-boundary"):
        matrix = hard_channel(family, 3, 7, 6)
        (small, steps), (large, more_steps) = (in_shape(matrix, shape, method) for shape in ((8, 8), (32, 32)))
        assert large.lower[0] == pytest.approx(small.lower[0], abs=rounding)
        assert large.upper[0] == pytest.approx(small.upper[0], abs=rounding)
        assert steps == more_steps or method == SQUAREM
        assert not large.p[0, 7:].any()
        assert large.p[0, :7] == pytest.approx(small.p[0, :7], abs=1e-5)


def test_a_channel_that_is_done_waits_unchanged_for_the_others():
    easy, hard = SWITCH, hard_channel("dirichlet", 8, 30, 20)
    alone = emp.channel_capacity([easy], backend="jax")
    together = emp.channel_capacity([easy, hard, easy], backend="jax")
    assert together.n_iter.tolist()[::2] == [0, 0]
    assert together.n_iter[1] > 3
    assert together.value[0] == together.value[2] == alone.value[0]
    assert together.lower[0] == alone.lower[0]


def test_sizes_are_few_for_little_work_and_closer_for_much():
    assert padding.bucket([1, 32, 33, 128, 129], True).tolist() == [32, 32, 128, 128, 512]
    assert padding.bucket([1, 8, 9, 17, 625], False).tolist() == [8, 8, 16, 32, 1024]


def test_pieces_hold_every_channel_once_and_no_more_than_fits():
    rng = np.random.default_rng(0)
    batch = pack([rng.dirichlet(np.ones(m), size=n) for n, m in rng.integers(1, 60, size=(40, 2))], None)
    cut = list(padding.pieces(batch, 2, 8 * 32 * 32))
    assert sorted(i for piece in cut for i in piece.members) == list(range(40))
    for piece in cut:
        count, *shape = piece.channels.matrix.shape
        assert count % 2 == 0
        assert piece.members.size <= max(2, 8 * 32 * 32 // math.prod(shape))


def test_what_stops_short_on_the_device_is_solved_on_the_cpu_and_said(monkeypatch):
    batch = [hard_channel("dirichlet", seed, 12, 9) for seed in range(3)] + [SWITCH]
    expected = emp.channel_capacity(batch)
    monkeypatch.setattr(solving, "INTERIOR_POINT_STEPS", 2)
    together = emp.channel_capacity(batch, backend="jax")
    alone = emp.channel_capacity(batch[0], backend="jax")
    few = emp.channel_capacity(batch[0], backend="jax", max_iter=2, on_failure="ignore")
    assert together.status.tolist() == [emp.Status.HANDED_OVER] * 3 + [emp.Status.CERTIFIED]
    assert together.converged.all()
    assert together.value == pytest.approx(expected.value, abs=1e-9)
    assert together.n_iter[0] > 2
    for i, matrix in enumerate(batch):
        check_certificate(matrix, together[i])
    assert alone.status == emp.Status.HANDED_OVER == HANDED_OVER
    assert "on the CPU" in alone.status.sentence
    assert (few.status, few.n_iter) == (emp.Status.MAX_ITER, 2)


def test_without_a_compiler_the_plain_kernels_take_over(monkeypatch):
    from empowerment.capacity import kernels

    assert solving.on_the_host() is kernels.cpu
    monkeypatch.setitem(sys.modules, "empowerment.capacity.kernels.cpu", None)
    monkeypatch.delattr(kernels, "cpu")
    assert solving.on_the_host() is kernels.reference


def test_a_tolerance_that_is_missed_somewhere_is_missed():
    from empowerment.capacity.kernels import DIRECT, worst_rung

    assert worst_rung([]) == DIRECT
    assert worst_rung([DIRECT, HANDED_OVER]) == HANDED_OVER
    assert worst_rung([NOT_REACHED, HANDED_OVER]) == NOT_REACHED


def test_the_configuration_of_jax_is_left_alone():
    before = dict(jax.config.values)
    emp.channel_capacity([SWITCH], backend="jax")
    result = emp.channel_capacity(jnp.asarray(SWITCH))
    assert dict(jax.config.values) == before
    assert jnp.asarray([0.5]).dtype == jnp.float32
    assert result.value.dtype == np.float64


def test_numpy_use_does_not_load_jax_and_using_it_needs_no_further_import():
    code = (
        "import sys, empowerment as emp; emp.channel_capacity([[.9, .1], [.1, .9]]);"
        "print('jax' in sys.modules); print(emp.channel_capacity([[.9, .1], [.9, .1]], backend='jax').status)"
    )
    assert run(code) == ["False", "0"]


def test_without_jax_the_error_says_what_to_install(monkeypatch):
    hide_library(monkeypatch, "jax", "empowerment.capacity.kernels.xla")
    with pytest.raises(ImportError, match='"jax" needs jax; install it with pip install "jax>='):
        emp.channel_capacity(SWITCH, backend="jax")
    with pytest.raises(ImportError, match='"jax" needs jax; install it with pip install "jax>='):
        emp.empowerment(emp.MDP(np.stack([SWITCH, SWITCH[::-1]], axis=1)), 1, backend="jax")


@pytest.mark.slow
def test_in_workers_of_joblib():
    code = (
        "import numpy as np, empowerment as emp; from joblib import Parallel, delayed;"
        "batch = np.random.default_rng(0).dirichlet(np.ones(5), size=(2, 6));"
        "solve = lambda matrix: float(emp.channel_capacity(matrix, backend='jax'));"
        "found = Parallel(2, backend='loky')(delayed(solve)(matrix) for matrix in batch);"
        "print(np.allclose(found, emp.channel_capacity(batch).value, rtol=0, atol=1e-9))"
    )
    assert run(code) == ["True"]


@for_each("family", FAMILIES, first=1)
def test_stress(family):
    """A batch of each hard family, with more rows than columns: none but a few of the hardest left to the CPU."""
    rng = np.random.default_rng([11, *family.encode()])
    batch = [hard_channel(family, rng, *rng.integers((33, 1), (60, 33))) for _ in range(60)]
    result = emp.channel_capacity(batch, backend="jax")
    compiled = emp.channel_capacity(batch)
    assert result.converged.all()
    assert (result.status == emp.Status.CERTIFIED).mean() > 0.9
    assert (np.maximum(result.lower, compiled.lower) <= np.minimum(result.upper, compiled.upper)).all()
    for i in range(0, 60, 6):
        check_certificate(batch[i], result[i])


# Arrays of JAX


def test_arrays_of_jax_select_the_backend_and_come_back():
    result = emp.channel_capacity(jnp.asarray(SWITCH))
    assert result.backend == "jax"
    assert result.status == emp.Status.CERTIFIED
    for name in ("value", "lower", "upper", "input_distribution", "output_distribution", "n_iter", "n_passes"):
        assert isinstance(getattr(result, name), jax.Array), name
    assert result.input_distribution.devices() == jnp.zeros(1).devices()
    assert result.gap < 1e-9
    assert result.converged
    assert "converged" in repr(result)
    assert float(result) == pytest.approx(1 + 0.9 * math.log2(0.9) + 0.1 * math.log2(0.1), abs=1e-6)


def test_batches_of_arrays_of_jax():
    stack = jnp.asarray(np.random.default_rng(0).dirichlet(np.ones(4), size=(3, 6)))
    result = emp.channel_capacity(stack)
    assert isinstance(result.value, jax.Array)
    assert result.status.shape == (3,)
    assert result.converged.all()
    assert "3 channels" in repr(result)
    assert float(result[2]) == pytest.approx(float(emp.channel_capacity(stack[2])), abs=1e-9)
    mixed = emp.channel_capacity([jnp.asarray(SWITCH), np.eye(3)], rewards=[jnp.zeros(2), [0.0, 0.0, 1.0]])
    assert mixed.value[1] == pytest.approx(2.0, abs=1e-9)


def test_another_backend_takes_arrays_of_jax_as_numbers():
    result = emp.channel_capacity(jnp.asarray(SWITCH), backend="reference")
    assert isinstance(result.value, np.float64)
    assert result.backend == "reference"


def test_single_precision_in_a_batch_is_checked_as_such():
    """Whatever form it comes in: the sums of float32 rows miss 1 by more than those of float64."""
    stack = np.random.default_rng(0).dirichlet(np.ones(40), size=(3, 6)).astype(np.float32)
    for batch in (stack, list(stack), [emp.Channel(one) for one in stack]):
        assert emp.channel_capacity(batch).converged.all()


def test_a_result_is_a_tree():
    result = emp.channel_capacity(jnp.asarray(SWITCH))
    leaves, form = jax.tree.flatten(result)
    assert len(leaves) == 8
    again = jax.tree.unflatten(form, leaves)
    assert (again.status, again.method, again.tol) == (0, "working-set", 1e-9)
    assert float(again) == float(result)


FOUR_DEVICES = {"XLA_FLAGS": "--xla_force_host_platform_device_count=4", "JAX_PLATFORMS": "cpu"}


def test_a_batch_spread_over_devices_stays_there():
    code = """
import jax, numpy as np, empowerment as emp
from jax.sharding import Mesh, NamedSharding, PartitionSpec
assert jax.device_count() == 4
batch = np.random.default_rng(0).dirichlet(np.ones(5), size=(8, 6))
expected = emp.channel_capacity(batch).value
spread = NamedSharding(Mesh(np.array(jax.devices()), ("channel",)), PartitionSpec("channel"))
with jax.enable_x64(True):
    given = jax.device_put(batch, spread)
result = emp.channel_capacity(given)
print(np.abs(np.asarray(result.value) - expected).max() < 1e-9)
print(len(result.value.sharding.device_set), len(result.input_distribution.addressable_shards[1].data))
"""
    assert run(code, **FOUR_DEVICES) == ["True", "4", "2"]


@pytest.mark.slow
def test_what_lies_on_one_device_stays_there():
    code = """
import jax, numpy as np, empowerment as emp
alone = emp.channel_capacity(jax.device_put(np.eye(2), jax.devices()[3]))
print(alone.value.devices() == {jax.devices()[3]})
odd = emp.channel_capacity(jax.device_put(np.float32(np.stack([np.eye(2)] * 3)), jax.devices()[1]))
print(odd.value.devices() == {jax.devices()[1]})
"""
    assert run(code, **FOUR_DEVICES) == ["True", "True"]


# Transformations


def value(matrix, **options):
    return emp.channel_capacity(matrix, **options).value


def test_in_single_precision_a_transformation_is_refused():
    with pytest.raises(RuntimeError, match="double precision, which is off"):
        jax.jit(value)(jnp.asarray(SWITCH))
    with pytest.raises(RuntimeError, match="double precision, which is off"):
        jax.grad(value)(jnp.asarray(SWITCH))


def test_transformations_compose(double):
    stack = jnp.asarray(np.random.default_rng(0).dirichlet(np.ones(2), size=(3, 2)))
    values, slopes = jax.jit(jax.vmap(jax.value_and_grad(value)))(stack)
    assert np.asarray(values) == pytest.approx(np.asarray(emp.channel_capacity(stack).value), abs=1e-9)
    assert np.asarray(slopes) == pytest.approx(np.stack([jax.grad(value)(one) for one in stack]), abs=1e-7)


@pytest.mark.slow
def test_transformations_compose_in_any_order(double):
    stack = jnp.asarray(np.random.default_rng(0).dirichlet(np.ones(4), size=(3, 5)))
    plain = np.asarray(emp.channel_capacity(stack).value)
    slopes = np.stack([jax.grad(value)(one) for one in stack])
    assert np.asarray(jax.vmap(value)(stack)) == pytest.approx(plain, abs=1e-9)
    assert np.asarray(jax.jit(value)(stack)) == pytest.approx(plain, abs=1e-9)
    assert np.asarray(jax.jit(jax.vmap(jax.grad(value)))(stack)) == pytest.approx(slopes, abs=1e-7)
    assert np.asarray(jax.grad(lambda w: value(w).sum())(stack)) == pytest.approx(slopes, abs=1e-7)


def test_a_result_leaves_a_transformation_whole(double):
    matrix = np.random.default_rng(0).dirichlet(np.ones(4), size=5)
    batch = jax.jit(emp.channel_capacity)(np.stack([matrix, matrix[::-1]]))
    assert batch.converged.all()
    for result, rows in zip(batch, (matrix, matrix[::-1]), strict=True):
        assert result.status == emp.Status.CERTIFIED
        check_certificate(rows, result)
    assert float(batch[1]) == pytest.approx(float(batch[0]), abs=1e-9)


@for_each(("method", "status"), [("working-set", "MAX_ITER"), ("blahut-arimoto", "MAX_ITER")], first=1)
def test_inside_a_transformation_the_status_tells_and_nobody_is_warned(method, status, double):
    matrix = hard_channel("dirichlet", 8, 30, 20)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = jax.jit(lambda w: emp.channel_capacity(w, max_iter=3, method=method))(matrix)
    assert not result.converged
    assert result.status == emp.Status[status]
    assert result.lower < float(emp.channel_capacity(matrix)) < result.upper


@for_each(
    ("error", "options", "shape", "sentence"),
    [
        (ValueError, {"backend": "numba"}, (2, 2), "inside a JAX transformation the backend is 'jax', not 'numba'"),
        (ValueError, {"on_failure": "raise"}, (2, 2), "cannot be kept; look at status"),
        (ValueError, {}, (2,), r"channel has shape \(2,\), expected"),
        (ValueError, {"rewards": np.zeros(3)}, (2, 2), r"rewards has shape \(3,\), expected \(2,\), one for each"),
    ],
)
def test_what_cannot_be_had_inside_a_transformation(error, options, shape, sentence, double):
    with pytest.raises(error, match=sentence):
        jax.jit(lambda w: value(w, **options))(jnp.full(shape, 0.5))


def test_inside_a_transformation_a_batch_is_one_array(double):
    with pytest.raises(TypeError, match="a batch is one array"):
        jax.jit(lambda w: value([w, w]))(SWITCH)


# Gradients


def softmax(logits):
    found = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return found / found.sum(axis=-1, keepdims=True)


def of_logits(logits, **options):
    return value(jax.nn.softmax(logits, axis=-1), base=math.e, **options)


def differences(logits, directions, step=1e-3):
    """Return slopes of the capacity in nats by differences of the fourth order."""
    at = [softmax(logits + k * step * directions) for k in (-2, -1, 1, 2)]
    f = [emp.channel_capacity(stack, base=math.e, tol=1e-12, on_failure="ignore").value for stack in at]
    return (8 * (f[2] - f[1]) - (f[3] - f[0])) / (12 * step)


def test_gradients_are_the_limits_of_differences(double):
    """200 channels of full support, each in a random direction, relative to the length of the gradient."""
    rng = np.random.default_rng(1)
    logits, directions = rng.normal(size=(2, 200, 5, 4))
    directions /= np.linalg.norm(directions, axis=(1, 2), keepdims=True)
    slopes = np.asarray(jax.jit(jax.vmap(jax.grad(of_logits)))(logits))
    missed = np.abs((slopes * directions).sum(axis=(1, 2)) - differences(logits, directions))
    assert (missed <= 1e-6 * np.linalg.norm(slopes, axis=(1, 2))).all()


def test_a_step_along_the_gradient_gains_what_it_promises(double):
    logits = np.random.default_rng(2).normal(size=(2, 2))
    slope = np.asarray(jax.grad(of_logits)(logits))
    gain = float(of_logits(logits + 1e-3 * slope)) - float(of_logits(logits))
    assert gain == pytest.approx(1e-3 * (slope**2).sum(), rel=0.01)


def test_gradients_are_finite_where_an_entry_is_0(double):
    """There the slope in the entry itself is minus infinity; that in a logit is 0."""
    slope = jax.grad(value)(jnp.asarray([[1.0, 0.0], [0.3, 0.7]]))
    assert np.isfinite(slope).all()
    assert slope[0, 1] == 0
    assert np.isfinite(jax.grad(of_logits)(np.array([[0.0, -2000.0], [0.0, 1.0]]))).all()


def test_gradients_in_rewards_are_the_input_distribution(double):
    rewards = jnp.asarray([0.1, -0.2])
    slope = jax.grad(lambda r: value(SWITCH, rewards=r))(rewards)
    result = emp.channel_capacity(SWITCH, rewards=rewards)
    assert np.asarray(slope) == pytest.approx(np.asarray(result.input_distribution), abs=1e-6)


def test_gradients_follow_the_unit(double):
    bits, nats = (jax.grad(lambda w, base=base: value(w, base=base))(SWITCH) for base in (2, math.e))
    assert np.asarray(bits) * math.log(2) == pytest.approx(np.asarray(nats), abs=1e-12)
