"""Results with an entry for each label: sized, iterable over the labels, and indexed by them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from empowerment.core import validate


class ByLabel:
    """Base class of results with an entry for each label, by default for each of the `states`.

    The fields in `_each` have an entry for each of them, or are None.
    """

    _each: ClassVar[tuple[str, ...]]

    states: Any

    @property
    def _labels(self) -> tuple[str, Sequence[Any]]:
        """What a label stands for, and the labels."""
        return "state", self.states

    @cached_property
    def _numbers(self) -> dict[Any, int]:
        return {label: place for place, label in enumerate(self._labels[1])}

    def __len__(self) -> int:
        return len(self._labels[1])

    def __iter__(self) -> Iterator[Any]:
        return iter(self._labels[1])

    def __contains__(self, label: object) -> bool:
        try:
            return label in self._numbers
        except TypeError:  # what cannot be hashed is no label
            return False

    def __getitem__(self, label: Any) -> Any:
        """Return the result of one label."""
        i = self._position(label)
        return replace(self, **self._part(slice(i, i + 1)))  # type: ignore[type-var]

    def _part(self, part: slice) -> dict[str, Any]:
        whole = {name: getattr(self, name) for name in self._each}
        return {name: None if each is None else each[part] for name, each in whole.items()}

    def _position(self, label: Any) -> int:
        name, labels = self._labels
        try:
            return self._numbers[label]
        except (KeyError, TypeError):
            there = ", ".join(map(repr, labels[:6])) + (", …" if len(labels) > 6 else "")
            found = validate.shown(label)
            raise KeyError(f"no result for {name} {found}; the {len(labels)} {name}s are {there}") from None

    def _check_lengths(self) -> None:
        """Raise a ValueError if a field is no row of as many entries as there are labels."""
        name, labels = self._labels
        for field in self._each:
            each = getattr(self, field)
            if each is None or each is labels or np.shape(each) == (len(labels),):
                continue
            raise ValueError(
                f"{field} has shape {np.shape(each)}, expected an entry for each of {len(labels)} {name}s"
            )


def several(name: str, labels: Sequence[Any]) -> TypeError:
    """Return the error of an attempt to convert a result with several labels into one number."""
    return TypeError(f"the result holds {len(labels)} {name}s; name one first: float(result[{name}])")
