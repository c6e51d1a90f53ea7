"""Generative models of pymdp."""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping, Sequence
from itertools import islice, product
from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.models.pomdp import POMDP

_BATCH = "; an Agent keeps a batch axis first, which A[m][0] and B[f][0] take off"
# More factors or modalities make more states than memory holds.
_MOST_ARRAYS = 64


def from_pymdp(
    A: Any,
    B: Any,
    D: Any = None,
    *,
    A_dependencies: Sequence[Sequence[int]] | None = None,
    B_dependencies: Sequence[Sequence[int]] | None = None,
    B_action_dependencies: Sequence[Sequence[int]] | None = None,
    normalize: bool = False,
) -> POMDP:
    """Make a POMDP of the arrays A, B and D of pymdp.

    There may be several modalities of observation and several factors of the state. The model is their product: a
    state is a tuple with one entry for each factor, an observation one with an entry for each modality, an action one
    with an entry for each control, all of them numbers. If there is only one, the label is the number itself.

    Parameters
    ----------
    A : array_like, or sequence of them, one for each modality
        ``A[m][o, s1, s2, …]`` is the probability of observation ``o`` in state ``(s1, s2, …)``, an axis for each
        factor it depends on.
    B : array_like, or sequence of them, one for each factor
        ``B[f][t, s, u]`` is the probability that factor ``f`` goes from ``s`` to ``t`` under control ``u``: the next
        state first, then the previous one, the control last. A factor nobody controls has one control.
    D : array_like, or sequence of them, one for each factor, optional
        ``D[f][s]``, the initial distribution; a model has none without it.
    A_dependencies : sequence of sequence of int, optional
        The factors that the axes of ``A[m]`` stand for; all factors by default.
    B_dependencies : sequence of sequence of int, optional
        The factors that the axes of ``B[f]`` after the first stand for; the factor itself by default.
    B_action_dependencies : sequence of sequence of int, optional
        The controls that the last axes of ``B[f]`` stand for; one control for each factor by default. A factor
        with none may have an axis of length 1 in their place.
    normalize : bool
        Rescale distributions that do not sum to 1 instead of refusing them.

    Returns
    -------
    POMDP
        Preferences, habits and policies of an agent are not read. Its observation does not depend on the action.

    Raises
    ------
    ValueError
        If shapes do not fit each other, or a distribution does not sum to 1 within 1e-9 (float32: 1e-5).

    See Also
    --------
    POMDP : The model.
    read_pomdp : Read a model from a file.

    Notes
    -----
    Sums of float32 arrays, such as those of JAX, have larger rounding errors than float64. Each array is checked by
    the tolerance of its own type, and rows of the product whose sum differs from 1 by more than 1e-9 are rescaled.

    Examples
    --------
    A light that can be switched, and a clock that cannot be influenced:

    >>> import numpy as np, empowerment as emp
    >>> switch = np.stack([np.eye(2), np.eye(2)[::-1]], axis=2)
    >>> clock = np.roll(np.eye(3), 1, axis=0)[:, :, None]
    >>> see_light = np.repeat(np.eye(2)[:, :, None], 3, axis=2)
    >>> model = emp.from_pymdp([see_light], [switch, clock], D=[[1, 0], [1, 0, 0]])
    >>> model
    POMDP(6 states, 2 actions, 2 observations)
    >>> model.actions, model.observations
    (((0, 0), (1, 0)), (0, 1))
    """
    seen, moves = _arrays(A, "A"), _arrays(B, "B")
    n_factors, n_states = len(moves), tuple(array.shape[0] for array in moves)
    every, own = [range(n_factors)] * len(seen), [[factor] for factor in range(n_factors)]
    seen_in = _dependencies(A_dependencies, every, len(seen), "A_dependencies", "factor", n_factors)
    moved_by = _dependencies(B_dependencies, own, n_factors, "B_dependencies", "factor", n_factors)
    controls = _dependencies(B_action_dependencies, own, n_factors, "B_action_dependencies", "control", None)
    moves = [_without_idle_axis(*parts) for parts in zip(moves, moved_by, controls, strict=True)]
    n_controls = _n_controls(moves, moved_by, controls)
    grid = n_states + n_controls
    observation = np.ones((math.prod(n_states), 1))
    for m, (array, factors) in enumerate(zip(seen, seen_in, strict=True)):
        rows = _spread(array, f"A[{m}]", factors, n_states, ["factor"] * n_factors, normalize)
        observation = _joined(observation, rows.reshape(len(observation), -1))
    transition = np.ones((math.prod(grid), 1))
    kinds = ["factor"] * n_factors + ["control"] * len(n_controls)
    for f, array in enumerate(moves):
        axes = [*moved_by[f], *(n_factors + control for control in controls[f])]
        rows = _spread(array, f"B[{f}]", axes, grid, kinds, normalize)
        transition = _joined(transition, rows.reshape(len(transition), -1))
    return POMDP(
        transition.reshape(math.prod(n_states), math.prod(n_controls), -1),
        observation,
        states=_labels(n_states),
        actions=_labels(n_controls),
        observations=_labels(tuple(array.shape[0] for array in seen)),
        initial=None if D is None else _initial(D, n_states, normalize),
        normalize=True,  # what is still off is the rounding of factors that were checked one by one
    )


def _arrays(values: Any, name: str) -> list[np.ndarray]:
    """Return a sequence of arrays as a list; a single array of numbers stands for itself."""
    if isinstance(values, str | Mapping) or not validate.is_several(values):
        raise TypeError(f"{name} is {validate.shown(values)}, expected an array of numbers or a list of them")
    if hasattr(values, "__array__") and np.asarray(values).dtype.kind != "O":
        values = [values]
    try:
        found = [np.asarray(array) for array in islice(values, _MOST_ARRAYS)]
    except ValueError:
        raise ValueError(
            f"{name} holds an array with rows of different lengths, expected arrays of numbers"
        ) from None
    if not found:
        raise ValueError(f"{name} is empty, expected at least one array")
    for i, array in enumerate(found):
        if array.ndim == 0 or array.dtype.kind == "O":
            raise ValueError(f"{name}[{i}] is {validate.shown(values[i])}, expected an array of numbers")
    return found


def _dependencies(
    given: Any, default: Sequence[Sequence[int]], count: int, name: str, kind: str, limit: int | None
) -> list[list[int]]:
    """Return for each array the numbers of the factors, or of the controls, that its axes stand for."""
    try:
        found = [[operator.index(i) for i in row] for row in islice(default if given is None else given, count + 1)]
    except TypeError:
        raise TypeError(
            f"{name} is {validate.shown(given)}, expected a list of numbers of {kind}s for each array, "
            "such as [[0], []]"
        ) from None
    if len(found) != count:
        raise ValueError(f"{name} has {len(found)} entries, expected {count}, one for each array")
    for i, row in enumerate(found):
        if len(set(row)) < len(row) or any(j < 0 or (limit is not None and j >= limit) for j in row):
            below = "" if limit is None else f" below {limit}"
            raise ValueError(f"{name}[{i}] is {row}, expected different numbers of {kind}s{below}")
    return found


def _without_idle_axis(array: np.ndarray, moved_by: list[int], controls: list[int]) -> np.ndarray:
    """Return an array of a factor without controls without the axis of length 1 that pymdp may give it."""
    is_idle = not controls and array.ndim == 2 + len(moved_by) and array.shape[-1] == 1
    return array[..., 0] if is_idle else array


def _n_controls(moves: list[np.ndarray], moved_by: list[list[int]], controls: list[list[int]]) -> tuple[int, ...]:
    """Return the number of choices of each control, from the last axes of the arrays that depend on it."""
    found: dict[int, int] = {}
    for f, array in enumerate(moves):
        wanted = 1 + len(moved_by[f]) + len(controls[f])
        if array.ndim != wanted:
            raise ValueError(
                f"B[{f}] has shape {array.shape}, expected {wanted} axes: next state, {len(moved_by[f])} of previous "
                f"states, {len(controls[f])} of controls{_axis_hint(array, f, moved_by[f], controls[f])}"
            )
        for control, choices in zip(controls[f], array.shape[1 + len(moved_by[f]) :], strict=True):
            if found.setdefault(control, choices) != choices:
                raise ValueError(f"B[{f}] has {choices} choices of control {control}, expected {found[control]}")
    missing = sorted(set(range(len(found))) - set(found))
    if missing:
        raise ValueError(f"B_action_dependencies leaves out control {missing[0]}, expected every number from 0 on")
    return tuple(found[control] for control in sorted(found))


def _axis_hint(array: np.ndarray, factor: int, moved_by: list[int], controls: list[int]) -> str:
    """Return what may be wrong with an array that has another number of axes than it should."""
    own = moved_by.index(factor) if factor in moved_by else 0
    if array.ndim != 2 + len(moved_by) + len(controls):
        return ""
    if not controls and array.shape[0] == array.shape[1 + own]:
        return f"; B_action_dependencies[{factor}] names no control that the last axis could stand for"
    return _BATCH if array.shape[1] == array.shape[2 + own] else ""


def _spread(
    array: np.ndarray, name: str, axes: Sequence[int], grid: tuple[int, ...], kinds: list[str], normalize: bool
) -> np.ndarray:
    """Return ``array[outcome, axes…]`` as distributions over outcomes on the whole grid, outcomes last."""
    if array.ndim != 1 + len(axes):
        batch = _BATCH if array.shape[2:] == tuple(grid[axis] for axis in axes) else ""
        raise ValueError(f"{name} has shape {array.shape}, expected {1 + len(axes)} axes{batch}")
    for place, axis in enumerate(axes, start=1):
        if array.shape[place] != grid[axis]:
            number = axis - kinds.index(kinds[axis])
            raise ValueError(
                f"{name} has shape {array.shape}, expected {grid[axis]} along axis {place}, which stands for "
                f"{kinds[axis]} {number}"
            )
    flat = np.moveaxis(array, 0, -1).reshape(-1, array.shape[0])
    shape = array.shape[1:]

    def where(row: int) -> str:
        return f"[:, {', '.join(str(int(i)) for i in np.unravel_index(row, shape))}]"

    hint = ", or check the axis order: what an array gives probabilities of comes first"
    rows = validate.probability_rows(flat, name, where=where, hint=hint, normalize=normalize)
    order = np.argsort(axes)
    ordered = np.transpose(np.reshape(rows, (*shape, -1)), (*order, len(axes)))
    room = [grid[axis] if axis in axes else 1 for axis in range(len(grid))]
    return np.broadcast_to(ordered.reshape(*room, -1), (*grid, array.shape[0]))


def _joined(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the distributions of pairs of independent outcomes."""
    return np.asarray((rows[:, :, None] * others[:, None, :]).reshape(len(rows), -1))


def _initial(D: Any, n_states: tuple[int, ...], normalize: bool) -> np.ndarray:
    if not (isinstance(D, list | tuple) or hasattr(D, "__array__")) or not validate.is_several(D) or not len(D):
        raise TypeError(f"D is {validate.shown(D)}, expected a distribution or a list of them")
    factors = _arrays(D, "D") if len(n_states) > 1 or np.ndim(D[0]) else [np.asarray(D)]
    if len(factors) != len(n_states):
        raise ValueError(f"D has {len(factors)} arrays, expected {len(n_states)}, one for each factor")
    joint = np.ones((1, 1))
    for f, (factor, count) in enumerate(zip(factors, n_states, strict=True)):
        if factor.shape != (count,):
            raise ValueError(f"D[{f}] has shape {factor.shape}, expected one probability for each of {count} states")
        rows = validate.probability_rows(factor[None], f"D[{f}]", where=lambda row: "", normalize=normalize)
        joint = _joined(joint, rows)
    total = joint.sum()
    return np.asarray(joint[0] if abs(total - 1) <= 1e-9 else joint[0] / total)


def _labels(counts: tuple[int, ...]) -> list[Any]:
    """Return the numbers of one set, or tuples of the numbers of several."""
    return list(range(counts[0])) if len(counts) == 1 else list(product(*map(range, counts)))
