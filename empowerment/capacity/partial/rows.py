"""Partially known rows of a channel, checked, and their completions."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from empowerment.capacity.partial.completions import Completions
from empowerment.core import validate

RESIDUAL_IN = ("anywhere", "unlisted", "outside")

# Tolerance for the sum of observed part and residual; float32 rounds each entry by up to 6e-8.
_SUM_TOLERANCE = {np.dtype(np.float64): 1e-9, np.dtype(np.float32): 1e-5}
# A computed residual up to this size is rounding.
_ROUNDING = 8 * np.finfo(np.float64).eps


class PartialRows(NamedTuple):
    """The known part of a channel, and the constraints on the rest.

    Attributes
    ----------
    rows : ndarray of shape (n_inputs, n_outputs)
        Known probabilities.
    residual : ndarray of shape (n_inputs,)
        Remaining mass of each row.
    closed : ndarray of bool of shape (n_inputs, n_outputs)
        Entries without residual.
    max_each : ndarray of shape (n_inputs,)
        Largest residual of any one output.
    residual_in : str
    unseen : float
        Number of outputs without a column.
    """

    rows: np.ndarray
    residual: np.ndarray
    closed: np.ndarray
    max_each: np.ndarray
    residual_in: str
    unseen: float

    @property
    def slack_outside(self) -> np.ndarray:
        """Largest total residual of each row on outputs without a column."""
        open_rows = (self.max_each > 0) & (self.unseen > 0)
        return np.where(open_rows, np.where(open_rows, self.max_each, 1.0) * (self.unseen or 1.0), 0.0)

    @property
    def may_share(self) -> bool:
        """Whether all rows may have their whole residual on outputs without a column."""
        return bool((self.slack_outside >= self.residual).all())

    @property
    def private_outputs(self) -> float:
        """Number of outputs without a column that are enough for no two rows to share one."""
        held = self.residual > 0
        max_each = np.maximum(self.max_each[held], 1e-300)
        return float(np.ceil(self.residual[held] / max_each * (1 - 1e-12)).clip(1).sum())

    def completions(self) -> Completions:
        """Return all completions, with one last column for the outputs that have none."""
        outside = self.slack_outside
        if self.residual_in == "anywhere":  # merging such an output into a column only lowers the capacity
            outside = np.zeros_like(outside)
        slack = np.column_stack([np.where(self.closed, 0.0, self.max_each[:, None]), outside])
        slack = np.minimum(slack, self.residual[:, None])
        capacity_left = slack.sum(axis=1)
        short = capacity_left < self.residual - _SUM_TOLERANCE[np.dtype(np.float64)]
        if short.any():
            x = int(np.argmax(short))
            raise ValueError(
                f"residual[{x}] is {self.residual[x]:.12g}, but only {capacity_left[x]:.12g} fits where "
                f"residual_in={self.residual_in!r} and unseen={self.unseen:g} allow it"
                + ("" if np.isinf(self.max_each[x]) else f", with caps[{x}] = {self.max_each[x]:.12g}")
            )
        rows = np.column_stack([self.rows, np.zeros(len(self.rows))])
        return Completions(rows, slack, np.minimum(self.residual, capacity_left))


def partial_rows(
    observed: Any, residual: Any, residual_in: str, unseen: object, listed: Any, caps: Any
) -> PartialRows:
    """Return the checked arguments of :func:`capacity_bounds`."""
    validate.one_of(residual_in, RESIDUAL_IN, "residual_in")
    rows, left = _checked_rows(observed, residual)
    closed = _closed(residual_in, listed, rows)
    return PartialRows(
        rows,
        left,
        closed,
        _max_residual(residual_in, caps, len(rows)),
        residual_in,
        validate.count_or_infinity(unseen, "unseen", least=0),
    )


def _checked_rows(observed: Any, residual: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return the observed part of each row and its residual, as float64."""
    given = observed.toarray() if sparse.issparse(observed) else observed
    array = validate.number_array(given, "observed", 2, "(input, output)")
    tolerance = _SUM_TOLERANCE[array.dtype]
    rows = np.array(array, dtype=np.float64, order="C")
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
    """Return the entries without residual."""
    if residual_in != "unlisted":
        if listed is not None:
            raise ValueError(f"listed belongs to residual_in='unlisted', but residual_in is {residual_in!r}")
        return np.full(rows.shape, residual_in == "outside")
    if listed is None:
        return rows > 0
    is_listed = np.asarray(listed)
    if is_listed.dtype != bool or is_listed.shape != rows.shape:
        raise ValueError(
            f"listed has dtype {is_listed.dtype} and shape {is_listed.shape}, expected bool and {rows.shape}"
        )
    _refuse_first(~is_listed & (rows > 0), rows, "observed", "0 where listed is False")
    return is_listed


def _max_residual(residual_in: str, caps: Any, n_rows: int) -> np.ndarray:
    """Return the largest residual of any one output, for each row."""
    if caps is None:
        return np.full(n_rows, math.inf)
    if residual_in != "unlisted":
        raise ValueError(f"caps belong to residual_in='unlisted', but residual_in is {residual_in!r}")
    limits = validate.number_array(caps, "caps", None, "(input,)").astype(np.float64)
    if limits.ndim > 1 or (limits.ndim and limits.size != n_rows):
        raise ValueError(f"caps has {limits.size} entries, expected {n_rows}: one for each row of observed")
    limits = np.array(np.broadcast_to(limits, n_rows))
    _refuse_first(~((limits >= 0) & (limits <= 1)), limits, "caps", "a probability in [0, 1]")
    return limits


def _refuse_first(wrong: np.ndarray, values: np.ndarray, name: str, expected: str) -> None:
    if wrong.any():
        at = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise ValueError(f"{name}[{', '.join(map(str, at))}] is {values[at]:.12g}, expected {expected}")
