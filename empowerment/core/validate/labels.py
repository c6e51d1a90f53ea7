"""Checks of names and labels."""

from __future__ import annotations

import difflib
import itertools
import math
from collections.abc import Iterable, Mapping, Sequence, Sized
from typing import Any

import numpy as np

from empowerment.core.validate.arrays import is_sparse
from empowerment.core.validate.scalars import shown

_MOST_COMPARED = 10_000  # names; with more of them a misspelt one would be answered late


def one_of(value: object, known: Iterable[str], name: str) -> str:
    """Return `value` if it is one of the `known` names, else raise a ValueError that lists them."""
    known = list(known)
    if not isinstance(value, str) or value not in known:
        listed = ", ".join(map(repr, known))
        raise ValueError(f"unknown {name} {shown(value)}; the known ones are {listed}{nearest(value, known)}")
    return str(value)


def nearest(name: object, known: Iterable[object], likeness: float = 0.6) -> str:
    """Return the end of a sentence that asks for the nearest of the known names; empty if none is near."""
    names = {each.lower(): each for each in itertools.islice(known, _MOST_COMPARED) if isinstance(each, str)}
    found = difflib.get_close_matches(name.lower(), names, 1, likeness) if isinstance(name, str) else []
    return f"; did you mean {names[found[0]]!r}?" if found else ""


def options(given: object, known: Iterable[str], name: str = "options", kind: str = "option") -> dict[str, Any]:
    """Return what a mapping gives by name, nothing for None; a name that is not known is refused."""
    if given is None:
        return {}
    known = list(known)
    if not isinstance(given, Mapping):
        raise TypeError(f"{name} is {shown(given)}, expected a mapping with names such as {known[0]!r}")
    for each in given:
        if each not in known:
            listed = ", ".join(map(repr, known))
            raise ValueError(f"unknown {kind} {shown(each)}; the known ones are {listed}{nearest(each, known)}")
    return dict(given)


def labels(values: Sequence[Any] | None, count: int, name: str) -> tuple[Any, ...] | None:
    """Return labels as a tuple of `count` distinct hashable values; None stays None."""
    if values is None:
        return None
    if isinstance(values, Mapping) or not is_several(values):
        raise TypeError(f"{name} is {shown(values)}, expected a sequence of {count} labels")
    found = tuple(_plain(value) for value in itertools.islice(values, count + 1))  # it may be an endless iterator
    if len(found) != count:
        there = len(values) if isinstance(values, Sized) else len(found) if len(found) < count else f"over {count}"
        raise ValueError(f"{name} has {there} labels, expected {count}")
    seen: set[Any] = set()
    for position, label in enumerate(found):
        where = f"{name}[{position}]"
        try:
            repeated = label in seen
        except TypeError:
            hint = "; make a tuple of it" if isinstance(label, list | np.ndarray) else ""
            raise TypeError(f"{where} is {shown(label)}, expected a hashable label{hint}") from None
        if isinstance(label, float) and math.isnan(label):
            raise ValueError(f"{where} is NaN, expected a label that equals itself")
        if repeated:
            raise ValueError(f"{where} is {shown(label)} again, expected labels that differ")
        seen.add(label)
    return found


def is_several(values: object) -> bool:
    """Return whether a value is an iterable of several; arrays without axes and sparse ones are not."""
    return isinstance(values, Iterable) and getattr(values, "ndim", 1) > 0 and not is_sparse(values)


def index_of(label: object, known: Mapping[Any, int], kind: str) -> int:
    """Return the number of a label; `known` holds all labels of this kind in their order, with their numbers."""
    asked = _plain(label)
    try:
        return known[asked]
    except (KeyError, TypeError):
        listed = ", ".join(map(repr, itertools.islice(known, 6))) + (", …" if len(known) > 6 else "")
        meant = nearest(asked, known)
        raise ValueError(f"unknown {kind} {shown(asked)}; the {len(known)} {kind}s are {listed}{meant}") from None


def _plain(label: Any) -> Any:
    is_scalar = isinstance(label, np.generic) or (isinstance(label, np.ndarray) and label.ndim == 0)
    return label.item() if is_scalar else label


def permutation(images: object, known: Mapping[Any, int], name: str, kind: str) -> np.ndarray:
    """Return the number of each image; images are labels, in the order of the labels they belong to.

    Parameters
    ----------
    images : iterable of hashable
        Image of each label.
    known : mapping of label to int
        The labels in their order, with their numbers 0, 1, ….
    name : str
        Name of the permutation in messages.
    kind : str
        Kind of the labels: "state" or "action".
    """
    if isinstance(images, str) or not isinstance(images, Iterable):
        raise TypeError(
            f"{name} has {shown(images)} for its {kind}s, expected a sequence with the image of each {kind}"
        )
    images = list(images)
    if len(images) != len(known):
        raise ValueError(f"{name} has {len(images)} images of {kind}s, expected {len(known)}, one for each {kind}")
    try:
        found = np.fromiter(map(known.get, images, itertools.repeat(-1)), np.int64, len(images))
    except TypeError:
        raise TypeError(f"{name} has images of {kind}s that are not hashable, expected labels of {kind}s") from None
    if found.min() < 0:
        bad = int(found.argmin())
        raise ValueError(f"{name} maps {kind} {list(known)[bad]!r} to {shown(images[bad])}, which is no {kind}")
    counts = np.bincount(found)
    if counts.max() > 1:
        one, other = (list(known)[i] for i in np.flatnonzero(found == counts.argmax())[:2])
        image = list(known)[counts.argmax()]
        raise ValueError(f"{name} maps both {kind} {one!r} and {other!r} to {image!r}, expected a permutation")
    return found


def text(value: object, name: str) -> str:
    """Return a checked text."""
    if not isinstance(value, str):
        raise TypeError(f"{name} is {shown(value)}, expected a text")
    return value


def texts(values: Any, name: str) -> tuple[str, ...]:
    """Return several checked texts as a tuple."""
    if isinstance(values, str):
        raise TypeError(f"{name} is one text, {shown(values[:40])}, expected a list of texts")
    if isinstance(values, Mapping) or not is_several(values):
        raise TypeError(f"{name} is {shown(values)}, expected a list of texts")
    found = []
    for number, value in enumerate(values):  # which may never end
        found.append(text(value, f"{name}[{number}]"))
    if not found:
        raise ValueError(f"{name} is empty, expected at least one text")
    return tuple(found)
