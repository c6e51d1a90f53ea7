"""Checks of probability distributions."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from empowerment.core.validate.arrays import SUM_TOLERANCE, is_sparse, number_array
from empowerment.core.validate.scalars import flag

Matrix: TypeAlias = Any
"""A float64 matrix: a C-ordered numpy.ndarray or a scipy.sparse.csr_array."""

_ROW_AXES = "(row, column)"
# Below this a negative entry is no probability; above it, what rounding in a linear solver leaves of a zero.
_TRACE = 1e-12
# Sums that miss 1 by no more may be rounded ones, whatever the sums of columns are.
_ROUNDED = 1e-3


def probability_rows(
    matrix: object,
    name: str,
    *,
    where: Callable[[int], str] = lambda row: f"[{row}]",
    hint: str = "",
    rescaling: str = "",
    empty_hint: str = "",
    normalize: bool | None = None,
    unchecked: np.ndarray | None = None,
    copy: bool = True,
) -> Matrix:
    """Return a float64 matrix, dense (C order) or CSR, whose rows are probability distributions.

    Parameters
    ----------
    matrix : array_like or sparse array of shape (n_rows, n_columns)
        Non-negative rows that sum to 1 within 1e-9 (float32: 1e-5).
    name : str
        Name of the matrix in messages.
    where : callable
        Maps the number of a row to its location in messages, which follows `name`.
    hint : str
        Ends the message about a row that does not sum to 1.
    rescaling : str
        What the caller of the public function can do to rescale the rows, as an imperative. By default derived from
        `normalize`.
    empty_hint : str
        Ends the message about a row of zeros, which cannot be rescaled, instead of `hint`.
    normalize : bool, optional
        Take entries above -1e-12 as 0, and divide each row by its sum. A row of zeros is refused all the same. If the
        columns sum to 1 instead there is a warning, because rescaled rows are another channel. None if the public
        function has no such argument, so that no message mentions it.
    unchecked : array of bool of shape (n_rows,), optional
        Rows that are set to zero instead of checked.
    copy : bool
        False allows a dense matrix that needs no change to be returned as a view.

    Returns
    -------
    numpy.ndarray or scipy.sparse.csr_array
        A new matrix, or with ``copy=False`` possibly a view.
    """
    if not rescaling:
        rescaling = "divide each row by its sum" if normalize is None else "pass normalize=True"
    normalize = normalize is not None and flag(normalize, "normalize")
    found, tolerance = _copied(matrix, name, unchecked, copy or normalize)
    if normalize:
        _drop_traces(found)
    sums = _sums(found, name, where, "" if normalize else rescaling)
    wrong = np.abs(sums - 1.0) > tolerance
    if unchecked is not None:
        wrong &= ~unchecked
    if not wrong.any():
        return found
    far = float(np.abs(sums[wrong] - 1.0).max()) > _ROUNDED
    is_transposed = far and _has_stochastic_columns(found, tolerance)
    refused = wrong & (sums == 0) if normalize else wrong
    if refused.any():
        row = int(np.flatnonzero(refused)[0])
        advice = f"; {rescaling} to rescale{hint}"
        if is_transposed:
            advice = "; its columns sum to 1, so the transpose seems to be meant: pass its .T"
        elif sums[row] == 0:  # which nothing rescales
            advice = empty_hint or hint
        raise ValueError(f"{name}{where(row)} sums to {sums[row]:.12g}, expected 1{advice}")
    if is_transposed:
        warnings.warn(
            f"the columns of {name} sum to 1 and its rows do not: if its transpose is meant, pass its .T, since "
            "rescaled rows are another channel",
            stacklevel=3,
        )
    _divide_rows(found, np.where(wrong, sums, 1.0))
    return found


def _entries(matrix: Matrix) -> np.ndarray:
    return np.asarray(matrix.data if is_sparse(matrix) else matrix.reshape(-1))


def _drop_traces(matrix: Matrix) -> None:
    """Set the small negative entries that a linear solver leaves to 0."""
    entries = _entries(matrix)
    entries[(entries < 0) & (entries > -_TRACE)] = 0.0
    if is_sparse(matrix):
        matrix.eliminate_zeros()


def _sums(matrix: Matrix, name: str, where: Callable[[int], str], rescaling: str) -> np.ndarray:
    """Check all entries, and return the sum of each row."""
    entries = _entries(matrix)
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows here is refused below
        sums = np.asarray(matrix.sum(axis=1)).reshape(-1)
    bad = np.flatnonzero(~np.isfinite(entries) | (entries < 0))
    if bad.size:
        location, found = f"{name}{where(_row_of(matrix, int(bad[0])))}", entries[bad[0]]
        advice = f"; {rescaling}, which takes it as 0" if -_TRACE < found < 0 and "normalize" in rescaling else ""
        raise ValueError(f"{location} has the entry {found:g}, expected finite probabilities of at least 0{advice}")
    if not np.isfinite(sums).all():
        row = int(np.flatnonzero(~np.isfinite(sums))[0])
        raise ValueError(f"{name}{where(row)} sums to more than double precision holds, expected 1")
    return sums


def _has_stochastic_columns(matrix: Matrix, tolerance: float) -> bool:
    with np.errstate(over="ignore"):
        sums = np.asarray(matrix.sum(axis=0)).reshape(-1)
    return matrix.shape[0] > 1 and bool((np.abs(sums - 1.0) <= tolerance).all())


def _copied(matrix: Any, name: str, zeroed: np.ndarray | None, copy: bool) -> tuple[Matrix, float]:
    """Return a float64 copy with some rows set to zero, and the tolerance of the sum of a row."""
    if not is_sparse(matrix):
        dense = number_array(matrix, name, 2, _ROW_AXES)
        if not copy and zeroed is None:
            return np.ascontiguousarray(dense, dtype=np.float64).view(), SUM_TOLERANCE[dense.dtype]
        found = np.array(dense, dtype=np.float64, order="C")
        if zeroed is not None:
            found[zeroed] = 0.0
        return found, SUM_TOLERANCE[dense.dtype]
    if matrix.ndim != 2:
        raise ValueError(f"{name} has shape {matrix.shape}, expected 2 axes: {_ROW_AXES}")
    from scipy.sparse import csr_array

    csr = csr_array(matrix)
    if 0 in csr.shape:
        raise ValueError(f"{name} has shape {csr.shape}, expected at least one entry along each of {_ROW_AXES}")
    data = number_array(csr.data, name, 1, "the stored entries") if csr.nnz else np.empty(0)
    own = csr_array((data.astype(np.float64), csr.indices, csr.indptr), shape=csr.shape, copy=True)
    if zeroed is not None:
        own.data[np.repeat(zeroed, np.diff(own.indptr))] = 0.0
    own.sum_duplicates()
    own.eliminate_zeros()
    return own, SUM_TOLERANCE[data.dtype]


def _row_of(matrix: Matrix, entry: int) -> int:
    """Return the row of an entry, counted as the matrix stores them."""
    if is_sparse(matrix):
        return int(np.searchsorted(matrix.indptr, entry, "right")) - 1
    return int(entry // matrix.shape[1])


def _divide_rows(matrix: Matrix, by: np.ndarray) -> None:
    if is_sparse(matrix):
        matrix.data /= np.repeat(by, np.diff(matrix.indptr))
    else:
        matrix /= by[:, None]


def distribution(values: object, count: int | None, name: str, *, normalize: bool | None = None) -> np.ndarray:
    """Return one probability distribution over `count` symbols, None for any number, as a float64 array."""
    found = number_array(values, name, 1, "(symbol,)")
    if count is not None and found.size != count:
        raise ValueError(f"{name} has {found.size} entries, expected {count}")
    rescaling = "divide it by its sum" if normalize is None else ""
    rows = probability_rows(found[None, :], name, where=lambda row: "", rescaling=rescaling, normalize=normalize)
    return np.asarray(rows)[0]
