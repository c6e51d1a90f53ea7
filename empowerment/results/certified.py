"""Certified numbers: one, several by number, or several by label."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any, ClassVar, Self

import numpy as np

from empowerment.core import validate
from empowerment.core.intervals import Interval
from empowerment.core.status import Status
from empowerment.export.html import table
from empowerment.results.by_label import ByLabel, several
from empowerment.results.result import Result, Table

_COLUMNS = ("value", "lower", "upper", "gap", "converged", "status", "method")
# Averages of values and of their ends are rounded apart.
_ROUNDING = 1e-12


class Certified(Interval, Result):
    """Base class of certified numbers with their status and method.

    It is one number by default. A result that may hold several names their axes and labels in `_axes`.
    """

    status: Any
    method: Any

    @property
    def _axes(self) -> Mapping[str, Sequence[Any]]:
        """The labels along each axis of the numbers, by the name of the axis."""
        return {}

    @property
    def _subject(self) -> str:
        """Description of the numbers at the beginning of a repr."""
        return ", ".join(counted(len(labels), name) for name, labels in self._axes.items())

    @property
    def _details(self) -> Sequence[str]:
        """Further descriptions at the end of a repr."""
        return ()

    def __bool__(self) -> bool:
        return True

    def __float__(self) -> float:
        value = np.asarray(self.value)
        if value.size != 1:
            raise several(*next(iter(self._axes.items())))
        return float(value.reshape(-1)[0])

    def __repr__(self) -> str:
        name, gap = type(self).__name__, np.asarray(self.gap)
        if not self._axes:
            known = "converged" if self.converged else "NOT converged"
            inner = ", ".join((self.stated(), f"gap {float(gap):.1e}", known, *self._details))
            return f"{name}({inner})\n  {Status(int(np.asarray(self.status))).sentence}"
        missed = gap.size - int(np.sum(self.converged))
        note = [f"{missed} NOT converged"] if missed else []
        parts = (self.stated_range(), f"widest interval {gap.max():.1e}", *note, *self._details)
        return f"{name}({self._subject}: {', '.join(parts)})"

    def _table(self) -> Table:
        shape = np.shape(self.value)
        parts = ((name, np.asarray(getattr(self, name))) for name in _COLUMNS)
        columns: dict[str, Any] = {name: np.broadcast_to(part, shape).reshape(-1) for name, part in parts}
        if len(self._axes) == 1:
            ((kind, labels),) = self._axes.items()
            return Table(kind, labels, columns)
        rows = list(product(*self._axes.values()))
        return Table("row", None, {name: [row[i] for row in rows] for i, name in enumerate(self._axes)} | columns)

    def _repr_html_(self) -> str:
        """Return the numbers as an HTML table; those that missed the tolerance as intervals."""
        kind, labels, columns = self._table()
        shown: dict[str, Sequence[Any]] = {} if labels is None else {kind: labels}
        shown |= {name: own for name, own in columns.items() if name not in _COLUMNS}
        value, lower, upper, known = (columns[name] for name in ("value", "lower", "upper", "converged"))
        shown[f"value [{self.unit}]"] = [
            f"{v:.6g}" if met else f"[{low:.6g}, {high:.6g}]"
            for v, low, high, met in zip(value, lower, upper, known, strict=True)
        ]
        shown["gap"] = [f"{gap:.1e}" for gap in columns["gap"]]
        shown["status"] = [Status(int(each)).name.lower().replace("_", " ") for each in columns["status"]]
        return table(shown | {"method": columns["method"]}, repr(self).split("\n")[0])

    def _facts(self) -> dict[str, Any]:
        facts = {name: value for name, value in super()._facts().items() if name not in _COLUMNS}
        return facts | {"unit": self.unit}

    def _check(self) -> None:
        validate.base(self.base)
        value, lower, upper = (np.asarray(end, dtype=float) for end in (self.value, self.lower, self.upper))
        if not value.shape == lower.shape == upper.shape:
            raise ValueError(f"value, lower, upper have shapes {value.shape}, {lower.shape}, {upper.shape}")
        if value.size != math.prod(map(len, self._axes.values())):
            raise ValueError(f"value has shape {value.shape}, expected an entry for each of {self._subject}")
        with np.errstate(invalid="ignore"):  # infinite ends
            slack = np.where(np.isfinite(upper), _ROUNDING * (1.0 + np.abs(upper)), 0.0)
            right = (lower <= upper) & (value >= lower - slack) & (value <= upper + slack)
        if not right.all():
            raise ValueError("value, lower, upper do not fit, expected lower <= value <= upper")

    def plot(
        self, ax: Any = None, title: str | None = None, vmin: float | None = None, vmax: float | None = None
    ) -> Any:
        """Draw every number with a bar over its certified interval.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Axes to draw on; a new figure by default.
        title : str, optional
            Title.
        vmin, vmax : float, optional
            Ends of the axis of values.

        Returns
        -------
        matplotlib.axes.Axes
            The axes.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        from empowerment.plotting import plot_intervals

        names = [", ".join(map(str, labels)) for labels in product(*self._axes.values())]
        ax = plot_intervals(self, ax=ax, title=title, vmin=vmin, vmax=vmax, labels=names, ylabel=f"[{self.unit}]")
        ax.set_xlabel(", ".join(self._axes))
        return ax


class Numbered(Certified):
    """One certified number, or several that are numbered from 0: then sized, iterable and indexed by number."""

    _noun: ClassVar[str]
    _each: ClassVar[tuple[str, ...]] = ("value", "lower", "upper")

    def __float__(self) -> float:
        if self._axes:
            raise several(*next(iter(self._axes.items())))
        return super().__float__()

    def __len__(self) -> int:
        if not self._axes:
            raise TypeError(f"the result of one {self._noun} has no length")
        (numbers,) = self._axes.values()
        return len(numbers)

    def __iter__(self) -> Iterator[Self]:
        return (self[number] for number in range(len(self)))

    def __getitem__(self, number: int) -> Self:
        """Return one of several numbers."""
        if not self._axes:
            raise TypeError(f"this is the result of one {self._noun} already")
        return replace(self, **self._part(number))  # type: ignore[type-var]

    def _part(self, number: int) -> dict[str, Any]:
        return {name: getattr(self, name)[number] for name in self._each}


class Labelled(ByLabel, Certified):
    """Certified numbers with labels: sized, iterable over the labels, and indexed by them.

    `_axes` begins with the labels; the fields in `_each` have an entry for each of them.
    """

    _each: ClassVar[tuple[str, ...]] = ("value", "lower", "upper", "status", "states")

    @property
    def _labels(self) -> tuple[str, Sequence[Any]]:
        if not self._axes:
            raise TypeError(f"a {type(self).__name__} of one number has no labels, no length and no parts")
        return next(iter(self._axes.items()))


def counted(count: int, noun: str) -> str:
    """Return a count with its noun, in the plural if there are several."""
    return f"1 {noun}" if count == 1 else f"{count} {noun}s"


def missed(result: Labelled) -> str:
    """Return the sentence about intervals that are wider than the tolerance, and the first of them.

    The result has one number for each label.
    """
    (name, labels), wide = next(iter(result._axes.items())), np.flatnonzero(~np.asarray(result.converged))
    return (
        f"{wide.size} of {len(result)} intervals are wider than wanted ({result.tol:.2e} {result.unit}), first in "
        f"{name} {labels[wide[0]]!r}: {Status(int(result.status[wide[0]])).sentence}"
    )
