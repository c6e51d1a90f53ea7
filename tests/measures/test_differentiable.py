"""Empowerment inside JAX's transformations, and its gradients."""

import math
from functools import cache

import numpy as np
import pytest
from helpers import for_each

import empowerment as emp

jax = pytest.importorskip("jax")
jnp = jax.numpy

MINI3 = np.array(
    [
        [[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]],
        [[0.1, 0.6, 0.3], [0.5, 0.3, 0.2]],
        [[0.25, 0.25, 0.5], [0.2, 0.1, 0.7]],
    ]
)
SENSOR = np.array([[1.0, 0.0], [0.5, 0.5], [0.1, 0.9]])
VARIANTS = {
    "final": {},
    "sensor on the way": {"sensor": SENSOR, "output": "trajectory"},
    "stopping": {"stopping": True},
    "trajectory": {"output": "trajectory"},
    "sensor": {"sensor": SENSOR},
}


def of_logits(logits, horizon=3, **options):
    transition = jax.nn.softmax(logits, axis=-1)
    return emp.empowerment(transition, horizon, states=0, base=math.e, **options).value[0]


@cache
def value_and_slope(variant="final"):
    """Return the compiled function from logits to the value and its gradient."""
    return jax.jit(jax.value_and_grad(lambda logits: of_logits(logits, **VARIANTS[variant])))


def difference(logits, direction, step=1e-3, **options):
    """Return a slope in nats by differences of the fourth order, of values that JAX did not make."""

    def value(k):
        moved = np.exp(logits + k * step * direction)
        transition = moved / moved.sum(axis=-1, keepdims=True)
        close = {"tol": 1e-12, "on_failure": "ignore", "base": math.e, "backend": "numba"}
        return float(emp.empowerment(emp.MDP(transition), 3, states=0, **close, **options))

    return (8 * (value(1) - value(-1)) - (value(2) - value(-2))) / (12 * step)


@for_each("variant", sorted(VARIANTS, key="final".__eq__), first=1)
def test_values_are_those_of_the_world(variant, double):
    expected = emp.empowerment(emp.MDP(MINI3), 3, **VARIANTS[variant])
    found = jax.jit(lambda t: emp.empowerment(t, 3, **VARIANTS[variant]))(MINI3)
    assert (np.maximum(found.lower, expected.lower) <= np.minimum(found.upper, expected.upper)).all()
    assert found.converged.all()
    assert (found.status == emp.Status.CERTIFIED).all()
    assert (found.sensor, found.output, found.stopping) == (expected.sensor, expected.output, expected.stopping)
    assert found.methods == "enumeration"
    assert "3 states" in repr(found)
    assert float(found[1]) == pytest.approx(float(expected[1]), abs=1e-9)
    with pytest.raises(ValueError, match="has no action sequences"):
        found.sequences(0)


@for_each("variant", VARIANTS, first=1)
def test_gradients_are_the_limits_of_differences(variant, double):
    """In ten random directions of the logits of mini3's transition at n=3, relative to the gradient's length."""
    logits = np.log(MINI3)
    slope = np.asarray(value_and_slope(variant)(logits)[1])
    for direction in np.random.default_rng(0).normal(size=(10, *MINI3.shape)):
        direction /= np.linalg.norm(direction)
        missed = abs((slope * direction).sum() - difference(logits, direction, **VARIANTS[variant]))
        assert missed <= 1e-8 * np.linalg.norm(slope)


def test_every_partial_derivative_in_the_logits(double):
    logits = np.log(MINI3)
    value, slope = map(np.asarray, value_and_slope()(logits))
    each = [difference(logits, one.reshape(MINI3.shape)) for one in np.eye(MINI3.size)]
    assert slope.reshape(-1) == pytest.approx(np.array(each), rel=1e-6, abs=1e-9)
    assert float(value) == pytest.approx(float(emp.empowerment(MINI3, 3, states=0, base=math.e)), abs=1e-9)


def test_the_slope_in_the_transition_follows_from_rows_forward_and_slopes_backward(double):
    """Rows so far times slopes of what is to come, for each place of an action in a sequence."""
    slope = jax.jit(jax.grad(lambda t: emp.empowerment(t, 2, states=0, base=math.e).value[0]))(MINI3)
    rows = np.stack([MINI3[0, a] @ MINI3[:, b] for a in range(2) for b in range(2)])
    result = emp.channel_capacity(rows, base=math.e, tol=1e-12, on_failure="ignore")
    p = result.input_distribution
    weights = (p[:, None] * np.log(rows / (p @ rows))).reshape(2, 2, 3)
    expected = np.zeros_like(MINI3)
    for a in range(2):
        for b in range(2):
            expected[0, a] += MINI3[:, b] @ weights[a, b]
            expected[:, b] += np.outer(MINI3[0, a], weights[a, b])
    assert np.asarray(slope) == pytest.approx(expected, abs=1e-6)


def test_steps_along_the_gradient_increase_the_value(double):
    """From random worlds, all states together, each step gains."""
    total = jax.jit(jax.value_and_grad(lambda x: emp.empowerment(jax.nn.softmax(x, axis=-1), 2).value.sum()))
    for seed in range(5):
        logits = np.random.default_rng(seed).normal(size=(4, 3, 4))
        values = []
        for _ in range(10):
            value, slope = total(logits)
            values.append(float(value))
            logits = logits + 0.1 * slope
        assert (np.diff(values) > 0).all()


def test_a_step_gains_what_the_gradient_promises(double):
    logits = np.log(MINI3)
    before, slope = value_and_slope()(logits)
    after, _ = value_and_slope()(logits + 1e-3 * slope)
    assert float(after - before) == pytest.approx(1e-3 * float((slope**2).sum()), rel=0.01)


def test_gradients_in_a_sensor(double):
    sensor, step = np.array([[0.9, 0.1], [0.5, 0.5], [0.1, 0.9]]), np.array([[-1.0, 1.0], [1.0, -1.0], [1.0, -1.0]])
    world = emp.MDP(MINI3)
    slope = jax.jit(jax.grad(lambda rows: emp.empowerment(world, 2, sensor=rows, states=0).value[0]))(sensor)

    def at(k):
        options = {"states": 0, "tol": 1e-12, "on_failure": "ignore"}
        return float(emp.empowerment(world, 2, sensor=sensor + k * 1e-3 * step, **options))

    expected = (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / 12e-3
    assert (np.asarray(slope) * step).sum() == pytest.approx(expected, rel=1e-6)


def test_where_nothing_moves_gradients_are_finite(double):
    """Equal rows have many optima, zeros have no slope, and a world without noise has both."""
    corridor = emp.worlds.grid_world(["...."]).to_dense()
    total, slope = jax.jit(jax.value_and_grad(lambda t: emp.empowerment(t, 2).value.sum()))(corridor)
    assert np.isfinite(slope).all()
    assert float(total) == pytest.approx(emp.empowerment(corridor, 2).value.sum(), abs=1e-8)
    assert np.asarray(emp.empowerment(jnp.asarray(corridor), 2).value) == pytest.approx(
        emp.empowerment(corridor, 2).value, abs=1e-9
    )


def test_transformations_compose(double):
    worlds = np.random.default_rng(0).dirichlet(np.ones(3), size=(4, 3, 2))
    expected = np.stack([emp.empowerment(world, 2).value for world in worlds])
    found = jax.jit(jax.vmap(lambda t: emp.empowerment(t, 2).value))(worlds)
    assert np.asarray(found) == pytest.approx(expected, abs=1e-9)


def test_arrays_of_jax_come_back_as_such():
    result = emp.empowerment(jnp.asarray(MINI3, dtype=jnp.float32), 3)
    assert isinstance(result.value, jax.Array)
    assert isinstance(result.lower, jax.Array)
    assert (result.backend, result.value.dtype) == ("jax", np.float64)
    assert result.converged.all()
    assert float(result[0]) == pytest.approx(0.096392366, abs=1e-6)
    assert len(result.sequences(0)) > 1
    again = jax.tree.unflatten(*jax.tree.flatten(result)[::-1])
    assert (again.states, again.methods, again.sequences(1)) == (result.states, result.methods, result.sequences(1))
    plain = emp.empowerment(jnp.asarray(MINI3), 3, backend="numba")
    assert isinstance(plain.value, np.ndarray)
    sensed = emp.empowerment(emp.MDP(MINI3), 2, sensor=jnp.asarray(SENSOR))
    assert isinstance(sensed.value, jax.Array)


def test_an_array_of_numpy_is_a_model_too():
    assert emp.empowerment(MINI3, 2).value.tolist() == emp.empowerment(emp.MDP(MINI3), 2).value.tolist()
    sweep = emp.horizon_sweep(MINI3, [1, 2])
    assert sweep.value.shape == (2, 3)
    with pytest.raises(ValueError, match="expected \\(state, action, next_state\\) with as many next states"):
        emp.empowerment(np.ones((2, 3, 4)), 1)


def test_a_result_of_jax_is_written_and_read(tmp_path):
    result = emp.empowerment(jnp.asarray(MINI3), 2)
    result.save(tmp_path / "result.npz")
    again = emp.EmpowermentResult.load(tmp_path / "result.npz")
    assert again.value.tolist() == np.asarray(result.value).tolist()


def test_in_single_precision_a_transformation_is_refused():
    with pytest.raises(RuntimeError, match="double precision, which is off"):
        jax.jit(lambda t: emp.empowerment(t, 2).value)(MINI3)


@for_each(
    ("options", "sentence"),
    [
        ({"method": "column-generation"}, "method='column-generation' cannot be kept"),
        ({"backend": "numba"}, "backend='numba' cannot be kept"),
        ({"n_jobs": 2}, "n_jobs=2 cannot be kept"),
        ({"checkpoint": "here"}, "checkpoint='here' cannot be kept"),
        ({"on_failure": "raise"}, "on_failure='raise' cannot be kept"),
        ({"progress": True}, "progress=True cannot be kept"),
        ({"output": "all"}, "unknown output 'all'"),
        ({"states": 7}, "unknown state 7"),
        ({"sensor": np.ones((2, 1))}, r"sensor has shape \(2, 1\), expected"),
        ({"sensor": jnp.ones((2, 1))}, r"sensor has shape \(2, 1\), expected"),
    ],
)
def test_what_cannot_be_had_inside_a_transformation(options, sentence, double):
    with pytest.raises(ValueError, match=sentence):
        jax.jit(lambda t: emp.empowerment(t, 2, **options).value)(MINI3)


def test_shapes_and_sizes_are_checked_before_anything_is_made(double):
    def jitted(array, horizon=2, **options):
        return jax.jit(lambda t: emp.empowerment(t, horizon, **options).value)(array)

    with pytest.raises(ValueError, match=r"transition has shape \(2, 3, 4\), expected \(state, action, next_state\)"):
        jitted(np.ones((2, 3, 4)))
    with pytest.raises(MemoryError, match=r"all 1.05e.06 sequences of 20 actions are rows, allowed are 1,000"):
        jitted(MINI3, 20, options={"max_sequences": 1000})
    with pytest.raises(MemoryError, match=r"take 3.36 GB, allowed are 1 GB; shorten the horizon, name fewer states="):
        jitted(np.full((5, 4, 5), 0.2), 12, options={"memory": 1e9})
    missing = emp.MDP(MINI3, available=[[True, False], [True, True], [True, True]])
    with pytest.raises(ValueError, match="every action must be available everywhere; action 1 is not in state 0"):
        jax.jit(lambda rows: emp.empowerment(missing, 2, sensor=rows).value)(jnp.asarray(SENSOR))
