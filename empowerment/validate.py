"""Every check of what a caller hands in, and every sentence that says what is wrong with it.

A sentence says what is wrong, where, what was found, what was wanted and, where there is one, a hint.
"""

from __future__ import annotations

import itertools
import math
import numbers
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias, TypeGuard

import numpy as np
from scipy import sparse

MIN_TOL = 1e-12
"""Below this width an interval would be made of rounding errors alone."""

# A float32 row rounds each entry by up to 6e-8, so hundreds of entries stay within 1e-5 of 1.
_SUM_TOLERANCE = {np.dtype(np.float64): 1e-9, np.dtype(np.float32): 1e-5}

_ROW_AXES = "(row, column)"

# Samples that are counted one by one in double precision.
_MOST_COUNTED = 2.0**53

Matrix: TypeAlias = Any
"""A float64 matrix: a C-ordered numpy.ndarray or a scipy.sparse.csr_array."""


def one_of(value: object, known: Iterable[str], name: str) -> str:
    """Return `value` if it is one of the `known` names, else raise a ValueError that lists them."""
    known = list(known)
    if value not in known:
        raise ValueError(f"unknown {name} {value!r}; the known ones are {', '.join(map(repr, known))}")
    return str(value)


def horizon(value: object) -> int:
    """Return a horizon as an int of at least 0."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"horizon is {value!r}, expected a whole number of steps")
    if value < 0:
        raise ValueError(f"horizon is {value}, expected a number of steps of at least 0")
    return int(value)


def _is_real(value: object) -> TypeGuard[float]:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def tolerances(tol: object, rtol: object) -> tuple[float, float]:
    """Return the absolute and relative width wanted of an interval, in the result's unit."""
    if not (_is_real(tol) and math.isfinite(tol) and tol >= MIN_TOL):
        raise ValueError(
            f"tol is {tol!r}, expected a finite width of at least {MIN_TOL:g}: "
            "below that, rounding errors of double precision are wider than the interval"
        )
    if not (_is_real(rtol) and 0 <= rtol < 1):
        raise ValueError(f"rtol is {rtol!r}, expected a number in [0, 1)")
    return float(tol), float(rtol)


def base(value: object) -> float:
    """Return the base of the logarithm: 2 for bits, e for nats, 10 for hartleys."""
    if not (_is_real(value) and math.isfinite(value) and value > 1):
        raise ValueError(f"base is {value!r}, expected a number above 1 (2 gives bits, math.e nats)")
    return float(value)


def memory(value: object) -> float:
    """Return a number of bytes above 0; infinity lifts the limit."""
    if not (_is_real(value) and value > 0):
        raise ValueError(f"memory is {value!r}, expected a number of bytes above 0")
    return float(value)


def positive_int(value: object, name: str) -> int:
    """Return a count as an int of at least 1."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < 1:
        raise ValueError(f"{name} is {value!r}, expected a whole number of at least 1")
    return int(value)


def n_jobs(value: object) -> int | None:
    """Return a number of jobs: not 0, negative ones count from the number of cores, None leaves it to joblib."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value == 0:
        raise ValueError(
            f"n_jobs is {value!r}, expected a whole number of processes (-1: one on each core), "
            "or None to leave it to joblib.parallel_config"
        )
    return int(value)


def finite(value: object, name: str, *, least: float = -math.inf, above: float = -math.inf) -> float:
    """Return a finite number of at least `least`, or above `above`."""
    if not (_is_real(value) and math.isfinite(value) and value >= least and value > above):
        bound = f" above {above:g}" if above > -math.inf else f" of at least {least:g}" if least > -math.inf else ""
        raise ValueError(f"{name} is {value!r}, expected a finite number{bound}")
    return float(value)


def probability(value: object, name: str) -> float:
    """Return a number in [0, 1]."""
    if not (_is_real(value) and 0 <= value <= 1):
        raise ValueError(f"{name} is {value!r}, expected a probability in [0, 1]")
    return float(value)


def discount(value: object) -> float:
    """Return the weight of the next step against this one, a number in [0, 1]."""
    if not (_is_real(value) and 0 <= value <= 1):
        raise ValueError(f"discount is {value!r}, expected a number in [0, 1]")
    return float(value)


def labels(values: Sequence[Any] | None, count: int, name: str) -> tuple[Any, ...] | None:
    """Return labels as a tuple of `count` distinct hashable values; None stays None."""
    if values is None:
        return None
    found = tuple(v.item() if isinstance(v, np.generic) else v for v in values)
    if len(found) != count:
        raise ValueError(f"{name} has {len(found)} labels, expected {count}")
    seen: set[Any] = set()
    for position, label in enumerate(found):
        try:
            repeated = label in seen
        except TypeError:
            raise TypeError(f"{name}[{position}] is {label!r}, expected a hashable label") from None
        if repeated:
            raise ValueError(f"{name}[{position}] is {label!r} again, expected labels that differ")
        seen.add(label)
    return found


def index_of(label: object, known: Mapping[Any, int], kind: str) -> int:
    """Return the number of a label; `known` holds all labels of this kind in their order, with their numbers."""
    plain = label.item() if isinstance(label, np.generic) else label
    try:
        return known[plain]
    except (KeyError, TypeError):
        shown = ", ".join(map(repr, itertools.islice(known, 6))) + (", …" if len(known) > 6 else "")
        raise ValueError(f"unknown {kind} {plain!r}; the {len(known)} {kind}s are {shown}") from None


def permutation(images: object, known: Mapping[Any, int], name: str, kind: str) -> np.ndarray:
    """Return the number of each image; images are labels, in the order of the labels they belong to.

    Parameters
    ----------
    images : iterable of hashable
        What each label is mapped to.
    known : mapping of label to int
        The labels in their order, with their numbers 0, 1, ….
    name : str
        What the permutation is called in a message.
    kind : str
        What is permuted: "state" or "action".
    """
    if isinstance(images, str) or not isinstance(images, Iterable):
        raise TypeError(f"{name} has {images!r} for its {kind}s, expected a sequence with the image of each {kind}")
    images = list(images)
    if len(images) != len(known):
        raise ValueError(f"{name} has {len(images)} images of {kind}s, expected {len(known)}, one for each {kind}")
    try:
        found = np.fromiter(map(known.get, images, itertools.repeat(-1)), np.int64, len(images))
    except TypeError:
        raise TypeError(f"{name} has images of {kind}s that are not hashable, expected labels of {kind}s") from None
    if found.min() < 0:
        bad = int(found.argmin())
        raise ValueError(f"{name} maps {kind} {list(known)[bad]!r} to {images[bad]!r}, which is no {kind}")
    counts = np.bincount(found)
    if counts.max() > 1:
        one, other = (list(known)[i] for i in np.flatnonzero(found == counts.argmax())[:2])
        image = list(known)[counts.argmax()]
        raise ValueError(f"{name} maps both {kind} {one!r} and {other!r} to {image!r}, expected a permutation")
    return found


def number_array(values: object, name: str, ndim: int, axes: str) -> np.ndarray:
    """Return `values` as a non-empty float array (float32 stays float32) of `ndim` axes."""
    if np.ma.isMaskedArray(values):
        raise TypeError(f"{name} is a masked array, expected {axes} without gaps; fill them first")
    try:
        found = np.asarray(values)
    except ValueError:
        raise ValueError(f"{name} has rows of different lengths, expected {axes}") from None
    if found.dtype.kind in "biu" or found.dtype == np.longdouble:
        found = found.astype(np.float64)
    if found.dtype not in _SUM_TOLERANCE:
        hint = "; convert it to float32 or float64" if found.dtype.kind == "f" else ""
        raise TypeError(f"{name} has dtype {found.dtype}, expected real numbers in {axes}{hint}")
    if found.ndim != ndim:
        raise ValueError(f"{name} has shape {found.shape}, expected {ndim} axes: {axes}")
    if 0 in found.shape:
        raise ValueError(f"{name} has shape {found.shape}, expected at least one entry along each of {axes}")
    return found


def probability_rows(
    matrix: object,
    name: str,
    *,
    where: Callable[[int], str] = lambda row: f"[{row}]",
    hint: str = "",
    normalize: bool = False,
    unchecked: np.ndarray | None = None,
    copy: bool = True,
) -> Matrix:
    """Return a float64 matrix, dense (C order) or CSR, whose rows are probability distributions.

    Parameters
    ----------
    matrix : array_like or sparse array of shape (n_rows, n_columns)
        Non-negative rows that sum to 1 within 1e-9 (float32: 1e-5).
    name : str
        What the matrix is called in a message.
    where : callable
        From a row's number to the words that locate it, put right after `name`.
    hint : str
        Ends the message about a row that does not sum to 1.
    normalize : bool
        Divide each row by its sum instead of refusing it (a row of zeros is refused all the same).
    unchecked : array of bool of shape (n_rows,), optional
        Rows that are set to zero instead of checked.
    copy : bool
        False allows a dense matrix that needs no change to be returned as a view.

    Returns
    -------
    numpy.ndarray or scipy.sparse.csr_array
        A copy the caller does not share, unless `copy` is False.
    """
    found, tolerance = _copied(matrix, name, unchecked, copy or normalize)
    entries = found.data if sparse.issparse(found) else found.reshape(-1)
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows here is refused below
        sums = np.asarray(found.sum(axis=1)).reshape(-1)
    if not np.isfinite(sums).all() or (entries.size and entries.min() < 0):
        bad = int(np.flatnonzero(~np.isfinite(entries) | (entries < 0))[0])
        raise ValueError(
            f"{name}{where(_row_of(found, bad))} has the entry {entries[bad]:g}, "
            "expected finite probabilities of at least 0"
        )
    wrong = np.abs(sums - 1.0) > tolerance
    if unchecked is not None:
        wrong &= ~unchecked
    refused = wrong & (sums == 0) if normalize else wrong
    if refused.any():
        row = int(np.flatnonzero(refused)[0])
        advice = "" if normalize else "; pass normalize=True to rescale"
        raise ValueError(f"{name}{where(row)} sums to {sums[row]:.12g}, expected 1{advice}{hint}")
    if wrong.any():
        _divide_rows(found, np.where(wrong, sums, 1.0))
    return found


def _copied(matrix: object, name: str, zeroed: np.ndarray | None, copy: bool) -> tuple[Matrix, float]:
    """Return a float64 copy, some rows set to zero, and how far the sum of a row may miss 1."""
    if not sparse.issparse(matrix):
        dense = number_array(matrix, name, 2, _ROW_AXES)
        if not copy and zeroed is None:
            return np.ascontiguousarray(dense, dtype=np.float64).view(), _SUM_TOLERANCE[dense.dtype]
        found = np.array(dense, dtype=np.float64, order="C")
        if zeroed is not None:
            found[zeroed] = 0.0
        return found, _SUM_TOLERANCE[dense.dtype]
    csr = sparse.csr_array(matrix)
    if 0 in csr.shape:
        raise ValueError(f"{name} has shape {csr.shape}, expected at least one entry along each of {_ROW_AXES}")
    data = number_array(csr.data, name, 1, "the stored entries") if csr.nnz else np.empty(0)
    own = sparse.csr_array((data.astype(np.float64), csr.indices, csr.indptr), shape=csr.shape, copy=True)
    if zeroed is not None:
        own.data[np.repeat(zeroed, np.diff(own.indptr))] = 0.0
    own.sum_duplicates()
    own.eliminate_zeros()
    return own, _SUM_TOLERANCE[data.dtype]


def _row_of(matrix: Matrix, entry: int) -> int:
    """Return the row of an entry, counted as the matrix stores them."""
    if sparse.issparse(matrix):
        return int(np.searchsorted(matrix.indptr, entry, "right")) - 1
    return int(entry // matrix.shape[1])


def _divide_rows(matrix: Matrix, by: np.ndarray) -> None:
    if sparse.issparse(matrix):
        matrix.data /= np.repeat(by, np.diff(matrix.indptr))
    else:
        matrix /= by[:, None]


def distribution(values: object, count: int, name: str) -> np.ndarray:
    """Return one probability distribution over `count` symbols as a float64 array."""
    found = number_array(values, name, 1, "(symbol,)")
    if found.size != count:
        raise ValueError(f"{name} has {found.size} entries, expected {count}")
    rows = probability_rows(found[None, :], name, where=lambda row: "")
    return np.asarray(rows)[0]


def number_table(values: object, shape: tuple[int, ...], name: str, axes: str) -> np.ndarray:
    """Return finite numbers of this shape as a float64 array that the caller does not share."""
    found = np.array(number_array(values, name, len(shape), axes), dtype=np.float64)
    if found.shape != shape:
        raise ValueError(f"{name} has shape {found.shape}, expected {axes} = {shape}")
    if not np.isfinite(found).all():
        bad = tuple(int(i) for i in np.argwhere(~np.isfinite(found))[0])
        raise ValueError(f"{name}{list(bad)} is {found[bad]:g}, expected finite numbers")
    return found


def counts(values: object, name: str = "counts") -> np.ndarray:
    """Return how often each output followed each input, as an int64 array of shape (n_inputs, n_outputs)."""
    dense: Any = values
    dense = dense.toarray() if sparse.issparse(dense) else dense
    found = number_array(dense, name, 2, "(input, output)").astype(np.float64)
    wrong = ~((found >= 0) & (found == np.floor(found)) & (found < _MOST_COUNTED))
    if wrong.any():
        x, y = np.argwhere(wrong)[0]
        hint = "; shares of samples are not enough, how many there were matters" if 0 < found[x, y] < 1 else ""
        raise ValueError(f"{name}[{x}, {y}] is {found[x, y]:g}, expected a whole number of samples, at least 0{hint}")
    return found.astype(np.int64)


def level(value: object) -> float:
    """Return the level of a confidence interval, a number between 0 and 1."""
    if not (_is_real(value) and 0 < value < 1):
        raise ValueError(f"level is {value!r}, expected a number between 0 and 1, such as 0.95")
    return float(value)


def enough_draws(value: object, tail: float, name: str) -> int:
    """Return a number of random draws that is large enough for one of them to lie in a tail."""
    found, least = positive_int(value, name), math.ceil(1 / tail - 1 - 1e-9)
    if found < least:
        raise ValueError(f"{name} is {found}, expected at least {least}: fewer say nothing of a tail of {tail:.3g}")
    return found
