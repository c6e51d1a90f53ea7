"""Bounds on the capacity of a channel whose rows are known in part, as top-k lists of probabilities are."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from empowerment.capacity.convex import convex_library, has_convex
from empowerment.capacity.options import SolverOptions
from empowerment.capacity.partial.completions import CompletedMinimum, Completions, certificate
from empowerment.capacity.partial.minimum import minimum_by_cvxpy, minimum_capacity
from empowerment.capacity.partial.result import CapacityBounds, CapacityExtreme
from empowerment.capacity.partial.rows import PartialRows, partial_rows
from empowerment.capacity.solve import channel_capacity
from empowerment.core import validate
from empowerment.core.channel import Channel
from empowerment.core.status import Status, report_failure

METHODS = ("auto", "interior-point", "convex")

# Fraction of the tolerance that the program aims at; the rest is left for outward rounding.
_INNER = 0.9
# Limit on ordinary capacities to solve after the interior-point method has stopped early.
_POLISH = 15


def capacity_bounds(
    observed: Any,
    residual: Any = None,
    *,
    residual_in: str = "anywhere",
    unseen: float = math.inf,
    listed: Any = None,
    caps: Any = None,
    tol: float = 1e-9,
    method: str = "auto",
    backend: str | None = None,
    base: float | str = 2,
    max_iter: int = 200,
    on_failure: str = "warn",
) -> CapacityBounds:
    """Bound the capacity of a channel whose rows are known in part, from below and from above.

    A language model that reports its k most probable tokens gives, for each prompt, the probabilities of some
    outputs and the total probability of all others. Every channel that agrees with what is known is a completion. The
    bounds are the smallest and the largest capacity of any completion.

    Parameters
    ----------
    observed : array_like or sparse array of shape (n_inputs, n_outputs)
        Known probabilities, at least 0; 0 where nothing is known. A sparse array is made dense.
    residual : array_like of shape (n_inputs,), optional
        Mass of each row that is not in `observed`; by default 1 less the sum of the row (0 if that is at
        most 2e-15). If given it must fit that sum within 1e-9 (float32: 1e-5) and is taken as it is.
    residual_in : {"anywhere", "unlisted", "outside"}
        Where the residual of a row may be. ``"anywhere"``: on every output, also as a further part of one in
        the list. ``"unlisted"``: on outputs that the row does not list. ``"outside"``: on outputs that have no
        column, because each row was asked about every column.
    unseen : int or ``math.inf``
        How many outputs without a column there may be, for a language model the size of its vocabulary less
        the number of columns. With 0 the residual must fit into the columns; with 1 all inputs share what is
        outside.
    listed : array_like of bool of shape (n_inputs, n_outputs), optional
        For ``"unlisted"``: whether a row lists an output, so that its probability is known exactly; by default
        wherever it is above 0.
    caps : float or array_like of shape (n_inputs,), optional
        For ``"unlisted"``: upper bound on the probability of every output that the row does not list, with or without
        a column. In a list of the k most probable outputs it is the k-th probability.
    tol : float
        Width wanted of the interval of each extreme, in the result's unit; at least 1e-12.
    method : {"auto", "interior-point", "convex"}
        Method for the minimum where the convex program is needed: the library's own interior-point method (and
        projections where it stops short), CVXPY, or (``"auto"``) the first and, if that misses the tolerance, the
        second where it is installed. All results are certified in the same way.
    backend : {"numba", "reference", "jax"}, optional
        Backend of the ordinary capacities; see :func:`channel_capacity`. The program itself runs in NumPy.
    base : float or "e"
        2 for bits, ``math.e`` or ``"e"`` for nats.
    max_iter : int
        Limit on the steps of the interior-point method.
    on_failure : {"warn", "raise", "ignore"}
        What to do when the interval of an extreme stays wider than the tolerance. The interval holds in any case.

    Returns
    -------
    CapacityBounds
        The smallest and the largest capacity, each with its own certified interval.

    Raises
    ------
    ValueError
        If `observed` and `residual` are not parts of distributions, if they have no completion, or if an option
        is not known or belongs to another one.
    ImportError
        If ``method="convex"`` and CVXPY or Clarabel is not installed.
    RuntimeError
        If the tolerance is missed and ``on_failure="raise"``.

    Warns
    -----
    ConvergenceWarning
        If the tolerance is missed and ``on_failure="warn"``.

    See Also
    --------
    channel_capacity : Compute the capacity of a channel that is known completely.
    capacity_from_counts : Estimate a capacity from samples.
    empowerment.text.next_token_channel : Make such a channel from the lists of a language model.

    Notes
    -----
    *Maximum.* Give each row its residual as an output of its own. Every completion is a coarser form of that
    channel: who sees the private output of x can draw from the residual of x. So its capacity is the largest,
    and it is attained if there are enough unseen outputs.

    *Minimum.* The capacity is convex in the channel, so outputs without a column may as well share one profile,
    and count as one column together. If that leaves one completion, its capacity is the minimum; otherwise a
    convex program finds it. Its two ends follow from the returned distributions p and q and completion W0: with
    c the largest entry of pW0 / q,

    ``min over W of sum_xy p_x W_xy log(W0_xy / (c q_y)) <= minimum <= max_x D(W0_x || q)``.

    Should the program miss the tolerance, the ends that need none are taken where they are narrower: with h the
    entropy of whether the output was observed, ``I(p; [observed | residual]) - h`` and, if there are unseen
    outputs enough, the capacity of ``[observed | residual]``. The method is then "wider bracket".

    References
    ----------
    Kemperman (1974), "On the Shannon capacity of an arbitrary channel".

    Examples
    --------
    >>> import numpy as np
    >>> from empowerment.capacity.partial.bounds import capacity_bounds
    >>> bounds = capacity_bounds(0.9 * np.eye(3))
    >>> round(float(bounds.minimum), 9), round(float(bounds.maximum), 9), bounds.minimum.attained
    (1.015966907, 1.584962501, True)
    >>> round(float(capacity_bounds(0.9 * np.eye(3), residual_in="outside").minimum), 9)
    1.426466251
    """
    validate.one_of(method, METHODS, "method")
    options = SolverOptions.checked(tol=tol, base=base, backend=backend, max_iter=max_iter, on_failure=on_failure)
    if method == "convex":
        convex_library('method="convex"')
    part = partial_rows(observed, residual, residual_in, unseen, listed, caps)
    minimum = _minimum(part.completions(), options, method, part.may_share)
    if not part.residual.any() or (residual_in == "outside" and part.unseen == 1):
        maximum = minimum
    else:
        maximum = _maximum(part, options)
    result = CapacityBounds(minimum, maximum, residual_in, part.unseen, options.base, options.tol)
    if not result.extremes_converged:
        gap = max(minimum.gap, maximum.gap)
        sentence = (
            f"an extreme is known to {gap:.2e} {result.unit}, wanted {options.tol:.2e}: {result.status.sentence}"
        )
        report_failure(sentence, on_failure)
    return result


def _minimum(among: Completions, options: SolverOptions, method: str, may_share: bool) -> CapacityExtreme:
    """Return the smallest capacity; `may_share`: whether all residual may be on unseen outputs."""
    if among.fixed_rows.all():
        return _ordinary(among.observed + among.slack, options, "common column", attained=True)
    columns = ((among.observed > 0) | (among.slack > 0)).any(axis=0)
    part = Completions(among.observed[:, columns], among.slack[:, columns], among.residual)
    minimum, method = _solve(part, options, method)
    completion, q = np.zeros(among.slack.shape), np.zeros(columns.size)
    completion[:, columns], q[columns] = minimum.completion, minimum.q
    unit = options.unit
    lower, upper = max(minimum.lower / unit, 0.0), minimum.upper / unit
    stopped = Status.MAX_ITER if method != "convex" and minimum.n_iter >= options.max_iter else Status.PRECISION
    result = CapacityExtreme(
        value=max(0.5 * (lower + upper), 0.0),
        lower=lower,
        upper=upper,
        attained=True,
        completion=completion,
        input_distribution=minimum.p,
        output_distribution=q,
        n_iter=minimum.n_iter,
        status=Status.CERTIFIED if options.met(lower, upper) else stopped,
        method=method,
        base=options.base,
        tol=options.tol,
    )
    if result.converged:
        return result
    return min(result, _wider_bracket(among, options, result.status, may_share), key=lambda each: each.gap)


def _solve(among: Completions, options: SolverOptions, method: str) -> tuple[CompletedMinimum, str]:
    """Return the completion of the smallest capacity, and the method."""
    tol = _INNER * options.tol * options.unit
    if method == "convex":
        return minimum_by_cvxpy(among), "convex"
    own, name = minimum_capacity(among, tol, options.max_iter), "interior-point"
    if own.upper - own.lower > tol and own.n_iter < options.max_iter:
        own, name = _narrower((own, name), (_polished(among, own, tol, options), "projections"))
    if own.upper - own.lower <= tol or method == "interior-point" or not has_convex():
        return own, name
    return _narrower((own, name), (minimum_by_cvxpy(among), "convex"))


def _narrower(
    first: tuple[CompletedMinimum, str], second: tuple[CompletedMinimum, str]
) -> tuple[CompletedMinimum, str]:
    return min(first, second, key=lambda each: each[0].upper - each[0].lower)


def _polished(among: Completions, minimum: CompletedMinimum, tol: float, options: SolverOptions) -> CompletedMinimum:
    """Improve the minimum by alternating projections: solve a completion, take the one nearest to its output, repeat.

    The capacity of the completion never increases. Its input distribution need not be the one that proves the
    minimum, so that of the interior point is tried as well.
    """
    best = last = minimum
    for _ in range(min(_POLISH, options.max_iter - minimum.n_iter)):
        solved = channel_capacity(
            Channel.from_valid(np.ascontiguousarray(last.completion)),
            tol=max(0.1 * tol, validate.MIN_TOL),
            base=math.e,
            backend=options.backend,
            on_failure="ignore",
        )
        tried = [
            certificate(among, p, solved.output_distribution, last.n_iter + 1)
            for p in (solved.input_distribution, minimum.p)
        ]
        last = tried[0]
        best = min(best, *tried, key=lambda each: each.upper - each.lower)
        if best.upper - best.lower <= tol:
            break
    return best._replace(n_iter=last.n_iter)


def _wider_bracket(among: Completions, options: SolverOptions, status: Status, may_share: bool) -> CapacityExtreme:
    """Return bounds on the minimum that need no convex program."""
    rows = among.observed[:, :-1]
    bucket = _ordinary(np.column_stack([rows, among.residual]), options, "wider bracket", attained=True)
    hidden = float(bucket.input_distribution @ among.residual)
    parts = np.array([hidden, 1.0 - hidden])
    entropy = -float((parts * np.log(np.maximum(parts, 1e-300))).sum()) / options.unit
    lower = max(bucket.lower - entropy * (1 + 1e-14) - 1e-15, 0.0)
    upper = bucket.upper if may_share else math.inf
    status = Status.CERTIFIED if options.met(lower, upper) else status
    return replace(bucket, value=lower, lower=lower, upper=upper, status=status)


def _maximum(part: PartialRows, options: SolverOptions) -> CapacityExtreme:
    matrix = np.hstack([part.rows, np.diag(part.residual)])
    return _ordinary(matrix, options, "private columns", attained=part.private_outputs <= part.unseen)


def _ordinary(matrix: np.ndarray, options: SolverOptions, method: str, attained: bool) -> CapacityExtreme:
    result = channel_capacity(
        Channel.from_valid(np.ascontiguousarray(matrix)),
        tol=options.tol,
        base=options.base,
        backend=options.backend,
        on_failure="ignore",
    )
    return CapacityExtreme(
        value=float(result.value),
        lower=float(result.lower),
        upper=float(result.upper),
        attained=attained,
        completion=matrix,
        input_distribution=result.input_distribution,
        output_distribution=result.output_distribution,
        n_iter=int(result.n_iter),
        status=result.status,
        method=method,
        base=options.base,
        tol=options.tol,
    )
