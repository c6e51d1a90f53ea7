"""Gymnasium environments as step functions: put into a state, stepped, read."""

from __future__ import annotations

import pickle
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext
from typing import Any, Protocol

import numpy as np

from empowerment.adapters import minigrid
from empowerment.adapters.environment import action_names, made, name_of, refuse_mistaken, refuse_options, unwrapped
from empowerment.adapters.gym_tables import has_table
from empowerment.adapters.outcomes import End
from empowerment.adapters.projection import Projection
from empowerment.adapters.snapshot import Snapshots
from empowerment.core import validate
from empowerment.core.layout import GridLayout


class Memory(Protocol):
    """Protocol for reading and restoring the state of an environment."""

    @property
    def generators(self) -> Sequence[Any] | None:
        """The generators from which a step must not draw random numbers; None if it may."""

    def read(self) -> Any:
        """Return the label of the current state."""

    def restore(self, state: Any) -> None:
        """Restore a state that was read before."""


class Simulator:
    """Environment without its wrappers as a function of state and action.

    Attributes
    ----------
    initial : hashable
        The state after the reset.
    actions : tuple
        Labels of all actions.
    """

    def __init__(self, env: Any, seed: int, memory: Callable[[Any], Memory], may_draw: bool = False) -> None:
        self.may_draw, self._last = may_draw, b""
        refuse_mistaken(env, "step")
        self.core = unwrapped(env, "from_step_function", rewards=False)
        if not all(hasattr(self.core, name) for name in ("reset", "step", "action_space")):
            found = validate.shown(env)
            raise TypeError(
                f"step is {found}, expected a function of state and action, a Gymnasium environment, or the id of one"
            )
        _refuse_keys(self.core)
        numbers = _action_numbers(self.core)
        self.core.reset(seed=seed)
        getattr(self.core, "np_random", None)  # where reset makes no generator, this does
        self._unobserved = minigrid.ignores_observations(self.core)
        self.memory = memory(self.core)
        self.initial = self.memory.read()
        self.actions = action_names(self.core, numbers)
        self._number = dict(zip(numbers, numbers, strict=True)) | dict(zip(self.actions, numbers, strict=True))

    def named(self, actions: Any) -> Any:
        """Return the labels of the actions to take: all of them for None, and for a mapping those it gives."""
        if actions is None:
            return self.actions
        if not isinstance(actions, Mapping):
            return actions
        labels = validate.labels(list(actions.values()), len(actions), "actions") or ()
        self._number = dict(zip(labels, map(self._number_of, actions), strict=True))
        self.actions = labels
        return labels

    def _number_of(self, action: Any) -> int:
        if action not in self._number:
            shown = ", ".join(map(repr, self.actions))
            raise ValueError(f"unknown action {action!r}; the {len(self.actions)} actions are {shown}")
        return self._number[action]

    def step(self, state: Any, action: Any) -> tuple[Any, bool]:
        """Return the state after an action, and whether the episode ends there."""
        number = self._number_of(action)
        self.memory.restore(state)
        before, generators = self._last or self._drawn(), self.memory.generators
        with minigrid.unobserved(self.core) if self._unobserved else nullcontext():
            terminated = self.core.step(number)[2]
        self._last = self._drawn()
        if self._last != before:
            raise ValueError(self._refusal(state, action))
        after = self.memory.read()
        if self.memory.generators != generators:
            self._last = b""  # else it holds before the next step, for nobody draws in between
        return after, bool(terminated)

    def answer(self, state: Any, action: Any) -> Any:
        """Return the state after an action, or the end of the episode in it."""
        after, done = self.step(state, action)
        return End(after) if done else after

    def layout(self, states: Sequence[Any]) -> GridLayout | None:
        """Return where the states lie, if the environment is a grid."""
        if isinstance(self.memory, minigrid.GridMemory | Projection):
            return self.memory.layout(states, name_of(self.core))
        return None

    def _drawn(self) -> bytes:
        """Return what changes when a random number is drawn; nothing where one may be."""
        return b"" if self.may_draw or self.memory.generators is None else drawn(self.memory.generators)

    def _refusal(self, state: Any, action: Any) -> str:
        table = "from_gymnasium reads its table; or " if has_table(self.core) else ""
        return (
            f"{name_of(self.core)} draws random numbers at action {action!r} in state {state!r}, expected none, as "
            f"one step does not show a distribution; {table}from_samples estimates it from many steps; or write a "
            "step function that returns the distribution; or, if the numbers never matter, say what does with "
            "get_state= and set_state="
        )


def drawn(generators: Sequence[Any]) -> bytes:
    """Return what changes when a random number is drawn, be it from Python's or NumPy's common generator."""
    common = random.getstate(), np.random.get_state()  # noqa: NPY002 (environments still draw from it)
    return pickle.dumps((common, *generators))


@contextmanager
def simulated(
    env: Any,
    seed: int,
    get_state: Any,
    set_state: Any,
    may_draw: bool = False,
    make: Mapping[str, Any] | None = None,
) -> Iterator[Simulator]:
    """Yield the simulator of an environment; one that is made from an id is closed afterwards.

    Raises
    ------
    ImportError
        If an id is given and its package is not installed.
    """
    validate.function(get_state, "get_state", "the environment")
    validate.function(set_state, "set_state", "the environment and a state")
    if get_state is None and set_state is not None:
        raise TypeError("set_state= needs get_state=, which says what the state is")
    if may_draw and set_state is None and get_state is not None:
        raise TypeError(
            "get_state= needs set_state= here: what chance decides does not show whether states of one label do the "
            "same"
        )
    if not isinstance(env, str):
        refuse_options(make or {}, env)
    with closing(made(env, make)) if isinstance(env, str) else nullcontext(env) as used:
        yield Simulator(used, seed, lambda core: _memory_of(core, get_state, set_state), may_draw)


def _refuse_keys(core: Any) -> None:
    """Refuse an environment of Gymnasium that is made of functions of JAX: its dice would be a part of its state."""
    if getattr(core, "func_env", None) is not None:
        raise ValueError(
            f"{name_of(core)} keeps a random key of JAX, which would decide in each state how its dice fall; "
            "from_rollouts plays it, and from_jax explores func_env.transition and func_env.terminal if they do not "
            "use the key"
        )


def _action_numbers(core: Any) -> list[int]:
    space = core.action_space
    if not (hasattr(space, "n") and hasattr(space, "start")):  # of Gymnasium's spaces, Discrete has both
        raise ValueError(
            f"{name_of(core)} has the action space {space}, expected a Discrete one, whose actions can be listed; "
            "write a step function that takes some of its actions"
        )
    return list(range(int(space.start), int(space.start) + int(space.n)))


def _memory_of(core: Any, get_state: Any, set_state: Any) -> Memory:
    if set_state is not None:
        return _CallerState(core, get_state, set_state)
    whole = minigrid.GridMemory(core) if minigrid.is_minigrid(core) else Snapshots(core)
    return whole if get_state is None else Projection(core, get_state, whole)


class _CallerState:
    """States as the caller's functions tell and set them."""

    generators: Sequence[Any] | None = None

    def __init__(self, core: Any, get_state: Callable[[Any], Any], set_state: Callable[[Any, Any], Any]) -> None:
        self.core, self.get_state, self.set_state = core, get_state, set_state

    def read(self) -> Any:
        return self.get_state(self.core)

    def restore(self, state: Any) -> None:
        self.set_state(self.core, state)
        found = self.get_state(self.core)
        if found != state:
            raise ValueError(
                f"get_state gives {found!r} right after set_state was given {state!r}, expected the same"
            )
