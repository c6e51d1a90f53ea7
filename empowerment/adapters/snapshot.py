"""The state of an object: everything its attributes hold, read into texts that can be compared, and copied."""

from __future__ import annotations

import copy
import copyreg
import hashlib
import random
from collections.abc import Collection, Sequence
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

import numpy as np

_PLAIN = (bool, int, float, complex, str, bytes, np.generic)
_CODE = (type, FunctionType, BuiltinFunctionType)  # a copy holds the same ones
_GENERATORS = (random.Random, np.random.Generator, np.random.RandomState, np.random.BitGenerator)
_STATELESS = (
    "gymnasium.spaces.",
    "gymnasium.envs.registration.",
    "pygame.surface.",
    "pygame.time.",
    "pygame.font.",
    "pygame.freetype.",
)
_ADVICE = "pass get_state= and set_state=, or write a step function"


class Reading:
    """Content of the attributes of an object.

    Parameters
    ----------
    owner : object
        The object.
    known : sequence of object
        Objects that are neither read nor copied; the attributes that hold them are recorded.
    without : collection of str
        Attributes that are left out.

    Attributes
    ----------
    texts : dict of str to str
        Each attribute as a text. It is the same text only if the attribute holds the same, down to which of its
        parts are one and the same object.
    live : list
        What copies share with the object: `owner`, `known`, and random generators, spaces and what is drawn on,
        whose own state is not read.
    generators : list
        The random generators among them.

    Raises
    ------
    ValueError
        If an attribute cannot be read, or a copy of it would not behave like it.
    """

    def __init__(self, owner: Any, known: Sequence[Any] = (), without: Collection[str] = ()) -> None:
        self.live = [owner, *known]
        self.generators: list[Any] = []
        self._met = {id(part): (place, part) for place, part in enumerate(self.live)}
        self._views: dict[int, np.ndarray] = {}
        self.texts = {name: self._text(owner, name) for name in sorted(vars(owner).keys() - set(without))}

    @property
    def digest(self) -> bytes:
        """Hash of the texts."""
        return hashlib.sha256(repr(self.texts).encode()).digest()

    def _text(self, owner: Any, name: str) -> str:
        try:
            return repr(self._read(vars(owner)[name]))
        except (TypeError, ValueError) as reason:
            raise ValueError(
                f"the attribute {name!r} of {type(owner).__name__} cannot be copied as a state: {reason}; {_ADVICE}"
            ) from None

    def _read(self, value: Any) -> Any:
        """Return a value as nested tuples of plain values."""
        if isinstance(value, np.integer | np.bool_):
            value = value.item()  # 3 is the same cell, whoever computed it
        if value is None or isinstance(value, _PLAIN):
            return type(value).__name__, value
        if isinstance(value, _CODE):
            return "code", id(value)
        if type(value) is tuple:
            return tuple(map(self._read, value))
        if id(value) in self._met:
            return "met", self._met[id(value)][0]
        self._met[id(value)] = len(self._met), value
        if self._is_live(value):
            self.live.append(value)
            return (type(value).__name__,)
        return self._parts(value)

    def _is_live(self, value: Any) -> bool:
        if isinstance(value, _GENERATORS):
            self.generators.append(value)
            return True
        origins = (f"{kind.__module__}.{kind.__qualname__}" for kind in type(value).__mro__)
        return isinstance(value, ModuleType) or any(origin.startswith(_STATELESS) for origin in origins)

    def _parts(self, value: Any) -> Any:
        kind = type(value)
        if str(getattr(value, "dtype", "")).startswith("key<"):
            raise ValueError("it is a random key of JAX, which would decide in each state how the dice fall")
        if kind is np.ndarray:
            return self._array(value)
        if kind is list:
            return "list", *map(self._read, value)
        if kind is dict:
            return "dict", *((self._read(key), self._read(part)) for key, part in value.items())
        if kind in (set, frozenset):
            return kind.__name__, *sorted(map(self._read, value), key=repr)
        reducer = copyreg.dispatch_table.get(kind)
        made = reducer(value) if reducer else value.__reduce_ex__(4)  # what copy and pickle go by
        if isinstance(made, str):
            return "code", made
        function, arguments, state, items, pairs = (*made, None, None, None)[:5]
        if isinstance(state, dict):
            state = tuple(sorted(state.items(), key=_by_name))
        return self._read((function, arguments, state, tuple(items or ()), tuple(pairs or ())))

    def _array(self, value: np.ndarray) -> Any:
        owner = value
        while isinstance(owner.base, np.ndarray):
            owner = owner.base
        if self._views.setdefault(id(owner), value) is not value:
            raise ValueError("it shares the memory of an array with another one, which copies would not")
        content = tuple(map(self._read, value.flat)) if value.dtype == object else value.tobytes()
        return "array", repr(value.dtype), value.shape, content


def _by_name(attribute: tuple[Any, Any]) -> str:
    """Return the name to sort by: in which order attributes were set is no state."""
    return str(attribute[0])


def _copied(held: dict[str, Any], live: Sequence[Any]) -> dict[str, Any]:
    """Return a copy of attributes that has the `live` objects in common with them, and nothing else."""
    return copy.deepcopy(held, {id(part): part for part in live})


class Snapshots:
    """States in which an object was seen, numbered from 0 in the order of their discovery.

    Nothing but a step between :meth:`restore` and :meth:`read` may change the object.

    Parameters
    ----------
    owner, known, without
        As in :class:`Reading`.

    Attributes
    ----------
    generators : list
        The random generators of the object.
    present : int
        The number of the state that was read or restored last.
    """

    def __init__(self, owner: Any, known: Sequence[Any] = (), without: Collection[str] = ()) -> None:
        self.owner, self.known, self.without = owner, known, without
        self.generators: Sequence[Any] | None = ()
        self._number: dict[bytes, int] = {}
        self._kept: list[tuple[dict[str, Any], list[Any]]] = []
        self.present = -1

    def read(self) -> int:
        """Return the number of the current state."""
        reading = Reading(self.owner, self.known, self.without)
        self.generators = reading.generators
        self.present = self._number.setdefault(reading.digest, len(self._kept))
        if self.present == len(self._kept):
            held = {name: vars(self.owner)[name] for name in reading.texts}
            self._kept.append((_copied(held, reading.live), reading.live))
        return self.present

    def restore(self, number: int) -> None:
        """Restore a state."""
        if number == self.present:
            return
        attributes = vars(self.owner)
        for name in attributes.keys() - set(self.without):
            del attributes[name]
        attributes.update(_copied(*self._kept[number]))
        self.present = number
