"""Checks of the fields of a saved :class:`~empowerment.EmpowermentResult`."""

from __future__ import annotations

import math
import numbers
from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.core.layout import GraphLayout, GridLayout, Layout
from empowerment.core.protocols import StateResult
from empowerment.core.status import KINDS, Status

_TEXTS = ("sensor", "output", "backend", "known_to")
_TRUTHS = ("stopping", "feedback")
# Averages of values and of their ends are rounded apart.
_ROUNDING = 1e-12
# Beliefs in single precision miss the sum 1 by this.
_SUM_TOLERANCE = 1e-5


def check_result(result: StateResult) -> None:
    """Raise an error that names the first field with an impossible value.

    Raises
    ------
    ValueError, TypeError
        If a field has an impossible value or type; the message names what was found and what was expected.
    """
    _check_options(result)
    n = len(result.states)
    if n == 0 or not result.actions:
        raise ValueError(f"it has {n} states and {len(result.actions)} actions, expected at least one of each")
    _check_intervals(result, n)
    _check_names(result, n)
    if result.optimal is not None:
        check = _check_sequences if hasattr(result.optimal, "offsets") else _check_traced
        check(result.optimal, n, len(result.actions), result.horizon)
    if result.beliefs is not None:
        _check_beliefs(np.asarray(result.beliefs), n)
    if result.layout is not None:
        _check_layout(result.layout, int(np.max(result.state_numbers)))


def _check_options(result: StateResult) -> None:
    validate.horizon(result.horizon)
    validate.base(result.base)
    validate.tolerances(result.tol, result.rtol)
    for names, kind, wanted in ((_TEXTS, str, "a name"), (_TRUTHS, bool, "true or false")):
        for name in names:
            found = getattr(result, name)
            if not isinstance(found, kind) or found == "":
                raise ValueError(f"{name} is {found!r}, expected {wanted}")


def _check_intervals(result: StateResult, n: int) -> None:
    value, lower, upper = (
        _array(getattr(result, name), name, "f", (n,), "numbers") for name in ("value", "lower", "upper")
    )
    for name, array in (("value", value), ("lower", lower), ("upper", upper)):
        if not np.isfinite(array).all():
            bad = int(np.flatnonzero(~np.isfinite(array))[0])
            raise ValueError(f"{name}[{bad}] is {array[bad]:g}, expected finite numbers")
    slack = _ROUNDING * (1.0 + np.abs(upper))
    wrong = (lower > upper) | (upper < 0) | (value < lower - slack) | (value > upper + slack)
    if wrong.any():
        bad = int(np.flatnonzero(wrong)[0])
        raise ValueError(
            f"value[{bad}], lower[{bad}], upper[{bad}] are {value[bad]:.10g}, {lower[bad]:.10g}, {upper[bad]:.10g}, "
            "expected lower <= value <= upper, and upper not below 0"
        )


def _check_names(result: StateResult, n: int) -> None:
    status = _array(result.status, "status", "iu", (n,), "whole numbers")
    _refuse_unknown(status, [int(each) for each in Status], "status")
    _refuse_unknown(_array(result.method, "method", "U", (n,), "names"), list(KINDS), "method")
    numbers = _array(result.state_numbers, "state_numbers", "iu", (n,), "whole numbers")
    if numbers.min() < 0:
        raise ValueError(f"state_numbers has {numbers.min()}, expected numbers of at least 0")


def _check_sequences(optimal: Any, n_states: int, n_actions: int, horizon: int) -> None:
    offsets = _array(optimal.offsets, "offsets of sequences", "iu", (n_states + 1,), "whole numbers")
    count = len(np.atleast_1d(optimal.weights))
    if offsets[0] != 0 or offsets[-1] != count or (np.diff(offsets) < 0).any():
        raise ValueError(f"offsets of sequences are not in order from 0 to {count}, the number of weights")
    actions = _array(optimal.actions, "actions of sequences", "iu", (count, horizon), "whole numbers")
    if actions.size and not (actions.min() >= -1 and actions.max() < n_actions):
        raise ValueError(f"actions of sequences has a number outside [-1, {n_actions - 1}]")
    if ((actions[:, :-1] < 0) & (actions[:, 1:] >= 0)).any():
        raise ValueError("actions of sequences has a sequence that goes on after it stopped")
    weights = _array(optimal.weights, "weights of sequences", "f", (count,), "numbers")
    sums = np.diff(np.concatenate([[0.0], np.cumsum(weights)])[offsets])
    if not ((weights >= 0).all() and (sums <= 1 + _SUM_TOLERANCE).all()):
        raise ValueError("weights of sequences are not probabilities, expected at most 1 in all for each state")


def _check_traced(optimal: Any, n_results: int, n_actions: int, horizon: int) -> None:
    """Check what sequences are traced from, so that following it never leaves the arrays."""
    starts = _array(optimal.starts, "starts of sequences", "iu", (n_results,), "whole numbers")
    readings = np.asarray(optimal.readings)
    n_states = len(np.atleast_1d(readings))
    _array(readings, "readings of states", "iu", (n_states,), "whole numbers")
    successors = _array(optimal.successors, "successors of states", "iu", (n_states, n_actions), "whole numbers")
    for array, least, what in (
        (successors, -1, "successors of states"),
        (readings, 0, "readings of states"),
        (starts, 0, "starts"),
    ):
        most = math.inf if array is readings else n_states
        if not (array.min() >= least and array.max() < most):
            raise ValueError(f"{what} has a number outside [{least}, {most})")


def _check_beliefs(beliefs: np.ndarray, n: int) -> None:
    _array(beliefs, "beliefs", "f", (n, beliefs.shape[-1] if beliefs.ndim else 0), "numbers")
    if not ((beliefs >= 0).all() and (np.abs(beliefs.sum(axis=1) - 1.0) <= _SUM_TOLERANCE).all()):
        raise ValueError("beliefs has a row that is not a probability distribution")


def _check_layout(layout: Layout, last: int) -> None:
    """Check the fields that pictures use; cells outside the grid are only drawn there."""
    if not isinstance(layout.name, str):
        raise ValueError("layout has a name that is no text")
    if isinstance(layout, GraphLayout):
        if not all(isinstance(number, int) and number >= 0 for edge in layout.edges for number in edge):
            raise ValueError("layout has an edge that is not a pair of state numbers")
        _check_positions(layout.positions, last)
    else:
        _check_grid(layout, last)


def _check_positions(positions: Any, last: int) -> None:
    numeric = all(
        len(place) == 2 and all(isinstance(x, numbers.Real) and math.isfinite(x) for x in place)
        for place in positions
    )
    if not numeric or (positions and len(positions) <= last):
        raise ValueError(f"layout has {len(positions)} positions, expected a pair of numbers for each state")


def _check_grid(layout: GridLayout, last: int) -> None:
    ends = [cell for wall in layout.walls for cell in wall]
    pairs = [layout.shape, *layout.cells, *ends, *layout.marks]
    if not all(len(pair) == 2 and all(isinstance(x, numbers.Integral) for x in pair) for pair in pairs):
        raise ValueError("layout has a cell that is not a pair of whole numbers")
    if min(layout.shape) < 1 or any(len(wall) != 2 for wall in layout.walls) or len(layout.cells) <= last:
        raise ValueError(f"layout has the shape {layout.shape} and {len(layout.cells)} cells for state number {last}")
    if layout.origin not in ("upper", "lower") or not all(isinstance(text, str) for text in layout.marks.values()):
        raise ValueError("layout has marks that are no text, or an origin that is neither 'upper' nor 'lower'")
    if len(layout.axes) != 2 or not all(isinstance(axis, str) for axis in layout.axes):
        raise ValueError("layout has axes that are not two texts")


def _array(values: Any, name: str, kinds: str, shape: tuple[int, ...], wanted: str) -> np.ndarray:
    found = np.asarray(values)
    if found.dtype.kind not in kinds or found.shape != shape:
        sizes = ", ".join(f"{size:g}" if size < 1e15 else "…" for size in shape)
        raise ValueError(
            f"{name} has dtype {found.dtype} and shape {found.shape}, expected {wanted} of shape ({sizes})"
        )
    return found


def _refuse_unknown(found: np.ndarray, known: list[Any], name: str) -> None:
    unknown = ~np.isin(found, known)
    if unknown.any():
        bad = int(np.flatnonzero(unknown)[0])
        raise ValueError(f"{name}[{bad}] is {found[bad].item()!r}, expected one of {', '.join(map(str, known))}")
