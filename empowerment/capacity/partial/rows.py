"""What is known of a channel, checked, and the completions it leaves."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from empowerment.capacity.partial.completions import Completions
from empowerment.core import validate

RESIDUAL_IN = ("anywhere", "unlisted", "outside")

# How far what is observed and the residual together may miss 1; float32 rounds each entry by up to 6e-8.
_SUM_TOLERANCE = {np.dtype(np.float64): 1e-9, np.dtype(np.float32): 1e-5}
# A residual that is computed and no larger than this is the rounding of a sum of probabilities.
_ROUNDING = 8 * np.finfo(np.float64).eps


class PartialRows(NamedTuple):
    """The part of a channel that is known, and where the rest may be.

    Attributes
    ----------
    rows : ndarray of shape (n_inputs, n_outputs)
        Probabilities that are known.
    residual : ndarray of shape (n_inputs,)
        Mass that is left.
    closed : ndarray of bool of shape (n_inputs, n_outputs)
        Where no residual may be.
    most : ndarray of shape (n_inputs,)
        The most of it that any one output may have.
    residual_in : str
    unseen : float
        How many outputs there are without a column.
    """

    rows: np.ndarray
    residual: np.ndarray
    closed: np.ndarray
    most: np.ndarray
    residual_in: str
    unseen: float

    @property
    def slack_outside(self) -> np.ndarray:
        """How much residual of each row the outputs without a column may take together."""
        open_rows = (self.most > 0) & (self.unseen > 0)
        return np.where(open_rows, np.where(open_rows, self.most, 1.0) * (self.unseen or 1.0), 0.0)

    @property
    def may_share(self) -> bool:
        """Whether all rows may have all their residual on outputs without a column."""
        return bool((self.slack_outside >= self.residual).all())

    @property
    def private_outputs(self) -> float:
        """How many outputs without a column it takes for no two rows to share one."""
        held = self.residual > 0
        most = np.maximum(self.most[held], 1e-300)
        return float(np.ceil(self.residual[held] / most * (1 - 1e-12)).clip(1).sum())

    def completions(self) -> Completions:
        """Return all completions, with one last column for the outputs that have none."""
        outside = self.slack_outside
        if self.residual_in == "anywhere":  # merged into a column, such an output only lowers the capacity
            outside = np.zeros_like(outside)
        room = np.column_stack([np.where(self.closed, 0.0, self.most[:, None]), outside])
        room = np.minimum(room, self.residual[:, None])
        fits = room.sum(axis=1)
        short = fits < self.residual - _SUM_TOLERANCE[np.dtype(np.float64)]
        if short.any():
            x = int(np.argmax(short))
            raise ValueError(
                f"residual[{x}] is {self.residual[x]:.12g}, but only {fits[x]:.12g} fits where "
                f"residual_in={self.residual_in!r} and unseen={self.unseen:g} allow it"
                + ("" if np.isinf(self.most[x]) else f", with caps[{x}] = {self.most[x]:.12g}")
            )
        rows = np.column_stack([self.rows, np.zeros(len(self.rows))])
        return Completions(rows, room, np.minimum(self.residual, fits))


def partial_rows(
    observed: Any, residual: Any, residual_in: str, unseen: object, listed: Any, caps: Any
) -> PartialRows:
    """Return what :func:`capacity_bounds` was given, checked."""
    validate.one_of(residual_in, RESIDUAL_IN, "residual_in")
    rows, left = _checked_rows(observed, residual)
    closed = _closed(residual_in, listed, rows)
    return PartialRows(
        rows,
        left,
        closed,
        _most_each(residual_in, caps, len(rows)),
        residual_in,
        validate.count_or_infinity(unseen, "unseen", least=0),
    )


def _checked_rows(observed: Any, residual: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return the observed part of each row and its residual, as float64."""
    given = observed.toarray() if sparse.issparse(observed) else observed
    found = validate.number_array(given, "observed", 2, "(input, output)")
    tolerance = _SUM_TOLERANCE[found.dtype]
    rows = np.array(found, dtype=np.float64, order="C")
    _refuse_first(~np.isfinite(rows) | (rows < 0), rows, "observed", "a finite probability of at least 0")
    with np.errstate(over="ignore"):  # refused below
        sums = rows.sum(axis=1)
    if (sums > 1 + tolerance).any():
        x = int(np.argmax(sums > 1 + tolerance))
        raise ValueError(f"observed[{x}] sums to {sums[x]:.12g}, expected at most 1")
    if residual is None:
        return rows, np.where(1 - sums > _ROUNDING, 1 - sums, 0.0)
    left = np.array(validate.number_array(residual, "residual", 1, "(input,)"), dtype=np.float64)
    if left.shape != sums.shape:
        raise ValueError(f"residual has shape {left.shape}, expected {sums.shape}: one mass for each row of observed")
    _refuse_first(~((left >= 0) & (left <= 1)), left, "residual", "a mass in [0, 1]")
    wrong = np.abs(sums + left - 1) > tolerance
    if wrong.any():
        x = int(np.argmax(wrong))
        raise ValueError(
            f"residual[{x}] is {left[x]:.12g}, but observed[{x}] sums to {sums[x]:.12g}, which leaves "
            f"{1 - sums[x]:.12g}; leave residual out to have it computed"
        )
    return rows, left


def _closed(residual_in: str, listed: Any, rows: np.ndarray) -> np.ndarray:
    """Return the entries on which no residual may be."""
    if residual_in != "unlisted":
        if listed is not None:
            raise ValueError(f"listed belongs to residual_in='unlisted', but residual_in is {residual_in!r}")
        return np.full(rows.shape, residual_in == "outside")
    if listed is None:
        return rows > 0
    found = np.asarray(listed)
    if found.dtype != bool or found.shape != rows.shape:
        raise ValueError(f"listed has dtype {found.dtype} and shape {found.shape}, expected bool and {rows.shape}")
    _refuse_first(~found & (rows > 0), rows, "observed", "0 where listed is False")
    return found


def _most_each(residual_in: str, caps: Any, n_rows: int) -> np.ndarray:
    """Return the most residual that one output may have, for each row."""
    if caps is None:
        return np.full(n_rows, math.inf)
    if residual_in != "unlisted":
        raise ValueError(f"caps belong to residual_in='unlisted', but residual_in is {residual_in!r}")
    found = validate.number_array(caps, "caps", None, "(input,)").astype(np.float64)
    if found.ndim > 1 or (found.ndim and found.size != n_rows):
        raise ValueError(f"caps has {found.size} entries, expected {n_rows}: one for each row of observed")
    found = np.array(np.broadcast_to(found, n_rows))
    _refuse_first(~((found >= 0) & (found <= 1)), found, "caps", "a probability in [0, 1]")
    return found


def _refuse_first(wrong: np.ndarray, values: np.ndarray, name: str, expected: str) -> None:
    if wrong.any():
        at = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise ValueError(f"{name}[{', '.join(map(str, at))}] is {values[at]:.12g}, expected {expected}")
