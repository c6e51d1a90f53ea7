"""Environments that are functions of JAX."""

import itertools

import numpy as np
import pytest
from helpers import for_each

import empowerment as emp

jax = pytest.importorskip("jax")
jnp = jax.numpy


def same(one, other):
    """Return whether two models are the same, states in the same order."""
    return (
        one.states == other.states
        and one.actions == other.actions
        and (one.to_dense() == other.to_dense()).all()
        and (one.is_terminal == other.is_terminal).all()
        and (one.available == other.available).all()
        and (one.initial == other.initial).all()
    )


@for_each("terminal", ["absorbing", "as-given"])
@for_each("seed", range(20))
def test_a_table_is_explored_as_by_single_steps(seed, terminal):
    rng = np.random.default_rng(seed)
    n_states, n_actions = int(rng.integers(1, 150)), int(rng.integers(1, 5))
    table = rng.integers(n_states, size=(n_states, n_actions))
    ends = rng.random((n_states, n_actions)) < 0.1

    def step(state, action):
        return jnp.asarray(table)[state, action], jnp.asarray(ends)[state, action]

    def single(state, action):
        after = int(table[state, action])
        return emp.End(after) if ends[state, action] else after

    found = emp.from_jax(step, np.int32(0), range(n_actions), terminal=terminal)
    assert same(found, emp.from_step_function(single, 0, range(n_actions), terminal=terminal))


def push(state, move):
    """Walk on a ring of five cells with a lamp, which is switched in cell 0 by standing still."""
    cell = (state["cell"] + move) % 5
    switched = (state["cell"] == 0) & (move == 0)
    return {"cell": cell, "lamp": state["lamp"] ^ switched}, (cell == 3) & state["lamp"]


def test_a_state_of_several_parts():
    start = {"cell": jnp.int32(0), "lamp": jnp.array(False)}
    model = emp.from_jax(push, start, [-1, 0, 1], names=["back", "stay", "on"])
    assert model.actions == ("back", "stay", "on")
    assert set(model.states) <= set(itertools.product(range(5), (False, True)))
    assert model.n_states == 10
    assert [state for state, ended in zip(model.states, model.is_terminal, strict=True) if ended] == [(3, True)]
    found = dict(zip(model.states, emp.empowerment(model, 1).value, strict=True))
    assert found[3, True] == 0
    assert found[0, False] == pytest.approx(np.log2(3))


def test_arrays_as_states_and_as_actions():
    moves = np.array([[0, 1], [1, 0], [0, -1], [-1, 0]])

    def step(place, move):
        return jnp.clip(place + move, 0, jnp.array([2, 4])), False

    model = emp.from_jax(step, jnp.zeros(2, dtype=int), moves)
    assert set(model.states) == set(itertools.product(range(3), range(5)))
    assert model.actions == ((0, 1), (1, 0), (0, -1), (-1, 0))
    grid = emp.worlds.grid_world(["....."] * 3, stay=False)
    own = dict(zip(model.states, emp.empowerment(model, 3).value, strict=True))
    assert own == dict(zip(grid.states, emp.empowerment(grid, 3).value, strict=True))


def test_states_of_floats():
    model = emp.from_jax(lambda x, push: (jnp.clip(x + push, -1.0, 1.0), False), 0.0, [-0.5, 0.5])
    assert set(model.states) == {-1.0, -0.5, 0.0, 0.5, 1.0}
    # A zero that is negative is the same state.
    assert emp.from_jax(lambda x, sign: (sign * jnp.abs(x), False), 0.0, [-1.0, 1.0]).n_states == 1
    with pytest.raises(ValueError, match="a state holds numbers that are not finite"):
        emp.from_jax(lambda x, push: (jnp.log(x + push), False), 1.0, [-1.0, 1.0])


@for_each(
    ("step", "initial", "actions", "options", "kind", "message"),
    [
        (None, 0, [0], {}, TypeError, "step is None, expected a function"),
        (3, 0, [0], {}, TypeError, "step is 3, expected a function of a state and an action"),
        (lambda s, a: s, 0, [0], {}, TypeError, "expected the next state and whether it is the end"),
        (lambda s, a: ((s, s), False), 0, [0], {}, TypeError, "expected one like that in initial"),
        (
            lambda s, a: (s * 0.5, False),
            0,
            [0],
            {},
            TypeError,
            "type float32 .*, expected .* int32, as initial has it",
        ),
        (
            lambda s, a: (s, jnp.zeros(2)),
            0,
            [0],
            {},
            TypeError,
            r"an end of shape \(2,\) .*, expected one truth value",
        ),
        (lambda s, a: (s + a, False), 0, [1], {"max_states": 9}, ValueError, "found 10 states, at most max_states=9"),
        (lambda s, a: (s, False), 0, [], {}, TypeError, r"actions is \[\], expected an array of actions"),
        (lambda s, a: (s, False), 0, ["a"], {}, TypeError, "actions is .*, expected numbers that JAX can hold"),
        (lambda s, a: (s, False), 0, [0], {"names": "ab"}, ValueError, "names has 2 labels, expected 1"),
        (lambda s, a: (s, False), {}, [0], {}, TypeError, "initial is {}, expected arrays of numbers"),
        (lambda s, a: (s if s > 0 else a, False), 0, [0], {}, Exception, "(?i)traced"),
    ],
)
def test_what_is_refused(step, initial, actions, options, kind, message):
    with pytest.raises(kind, match=message):
        emp.from_jax(step, initial, actions, **options)


# --- environments with the members of those of gymnax


class Lamps:
    """Three lamps in a ring; an action switches one, and where dice are thrown another."""

    default_params, num_actions = 0.0, 3

    def __init__(self, dice=False, timed=False):
        self.dice, self.timed = dice, timed

    def reset_env(self, key, params):
        return None, {"lamps": jnp.zeros(3, dtype=bool), "time": jnp.int32(0)}

    def step_env(self, key, state, action, params):
        if self.dice:
            action = jnp.where(jax.random.uniform(key) < params, (action + 1) % 3, action)
        lamps = state["lamps"].at[action].set(~state["lamps"][action])
        if self.timed:
            lamps = lamps & (state["time"] < 2)
        return None, {"lamps": lamps, "time": state["time"] + 1}, 0.0, lamps.all(), {}


def test_the_step_counter_is_left_out_where_nothing_depends_on_it():
    model = emp.from_gymnax(Lamps(), actions=["first", "second", "third"])
    assert set(model.states) == set(itertools.product((False, True), repeat=3))
    assert [state for state, ended in zip(model.states, model.is_terminal, strict=True) if ended] == [(True,) * 3]
    assert model.actions == ("first", "second", "third")
    assert float(emp.empowerment(model, 1, states=(False,) * 3)) == pytest.approx(np.log2(3))
    with pytest.raises(ValueError, match="found 51 states"):  # each moment is a state
        emp.from_gymnax(Lamps(timed=True), max_states=50)


def test_a_step_that_depends_on_the_key_is_refused():
    for params in (0.1, 0.0):
        with pytest.raises(ValueError, match="a step of Lamps depends on random numbers"):
            emp.from_gymnax(Lamps(dice=True), params)
    with pytest.raises(TypeError, match=r"expected an environment of gymnax, as gymnax.make gives"):
        emp.from_gymnax("FrozenLake-misc")


def test_the_frozen_lake_of_gymnax_is_that_of_gymnasium():
    gymnax = pytest.importorskip("gymnax")
    for name in ("4x4", "8x8"):
        env, params = gymnax.make("FrozenLake-misc", map_name=name, is_slippery=False)
        own = emp.from_gymnax(env, params, actions=["left", "down", "right", "up"])
        lake = emp.from_gymnasium("FrozenLake-v1", map_name=name, is_slippery=False)
        order = [lake.state_index(state) for state in own.states]
        assert (own.to_dense() == lake.to_dense()[np.ix_(order, range(4), order)]).all()
        assert (own.is_terminal == lake.is_terminal[order]).all()
    with pytest.raises(ValueError, match="depends on random numbers"):
        emp.from_gymnax(*gymnax.make("FrozenLake-misc"))
