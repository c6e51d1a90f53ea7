"""The capacity of a channel that is known from samples alone: an estimate, its error, and a test against chance."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

from empowerment.capacity.estimation.confidence import INTERVALS, IntervalTask, tails
from empowerment.capacity.estimation.plug_in import expansion
from empowerment.capacity.estimation.resampling import DrawnCapacities, DrawSolver, shuffled_rows
from empowerment.capacity.estimation.result import EstimatedCapacity
from empowerment.capacity.result import CapacityResult
from empowerment.capacity.solve import channel_capacity
from empowerment.core import validate
from empowerment.core.status import ON_FAILURE, report_failure
from empowerment.runtime.progress import progress_bar

# With fewer samples of an input for each output, the measured coverage falls below the level.
_ENOUGH = 5
# Above it a further sample does not change a count in double precision.
_LARGEST_PRIOR = 2.0**53


def capacity_from_counts(
    counts: Any,
    *,
    interval: str = "bootstrap",
    level: float = 0.95,
    n_draws: int = 1000,
    n_null: int = 1000,
    prior: Any = 0.5,
    rng: np.random.Generator | int | None = None,
    tol: float = 1e-9,
    base: float | str = 2,
    backend: str | None = None,
    on_failure: str = "warn",
    progress: bool | str = "auto",
) -> EstimatedCapacity:
    """Estimate the capacity of a channel from samples, with an interval and a test against chance.

    The number of samples of each input must not depend on the outputs, and the outputs must be independent of each
    other.

    Parameters
    ----------
    counts : array_like of int or sparse array of shape (n_inputs, n_outputs)
        How often each output followed each input; at least one sample of each input.
    interval : {"bootstrap", "dirichlet", "concentration"}
        ``"bootstrap"``: a confidence interval from rows that are sampled anew. ``"dirichlet"``: a credible
        interval from the posterior distribution of the rows. It never holds 0. ``"concentration"``: a confidence
        interval that holds its level for certain, whatever the channel, and is very wide.
    level : float
        Level of the interval and of the test, between 0 and 1.
    n_draws : int
        Number of random channels for the interval; ``"concentration"`` needs none.
    n_null : int
        Number of random channels for the test of whether the output depends on the input at all; 0 skips the test.
    prior : float or array_like, broadcast to shape (n_inputs, n_outputs)
        Counts that are added. For ``"bootstrap"``, to the rows before they are resampled, in columns with at least
        one sample; at least 0. For ``"dirichlet"`` the parameters of the prior, above 0, in all columns.
    rng : numpy.random.Generator, int or None
        Random source; the same seed gives the same result.
    tol : float
        Width wanted of the certified interval of each single capacity, in the result's unit; at least 1e-12. Keep
        it far below the standard error.
    base : float or "e"
        2 for bits, ``math.e`` or ``"e"`` for nats.
    backend : {"numba", "reference", "jax"}, optional
        See :func:`channel_capacity`.
    on_failure : {"warn", "raise", "ignore"}
        What to do when the certified interval of a capacity stays wider than the tolerance.
    progress : bool or "auto"
        Show a progress bar over the draws. ``"auto"`` shows it on a terminal, once a second has passed.

    Returns
    -------
    EstimatedCapacity
        The plug-in capacity with its bias and standard error, the statistical interval, and the outcome of the test.

    Raises
    ------
    ValueError
        If counts are not whole numbers of at least 0, an input has no samples, there are too few draws for the level,
        or an option is not known.
    RuntimeError
        If a tolerance is missed and ``on_failure="raise"``.

    Warns
    -----
    ConvergenceWarning
        If a tolerance is missed and ``on_failure="warn"``.

    See Also
    --------
    information_from_counts : Estimate the information at the empirical input distribution.
    channel_capacity : Compute the capacity of a channel that is known.

    Notes
    -----
    *Bias.* The capacity is convex in the channel, so by Jensen's inequality the plug-in is too large on average.
    `bias` and `standard_error` expand it around the empirical channel, with the optimal input distribution moving
    along. That takes a unique optimum that holds its inputs firmly; where there is none, `caveat` says so.

    *Bootstrap.* Rows with `prior` added are sampled anew. Without it an output that was not seen once could not be
    seen in a draw either, and a channel that shows no noise by chance would get an interval of width 0. The
    quantiles of the draws are moved down by twice the bias of the draws: once for the plug-in's own, once for that
    which sampling anew has added.

    With few samples for each output neither this nor a posterior holds its level, and `caveat` says so. Where the
    quantiles that are moved down leave out `corrected`, as they may on a large alphabet, the interval is stretched to
    hold it; where the interval is of another kind, or there is no `corrected`, `caveat` says that the estimate lies
    outside and why.

    *Concentration.* With probability `level` every row is within a known total variation distance (Weissman et al.
    2003), and the capacity is uniformly continuous in that distance (Alhejji and Smith 2020). Here, and for a
    Dirichlet posterior, a column of zeros counts: it is an output that might have been seen.

    *Test.* If the output does not depend on the input, every way to deal out the outputs to the inputs is as likely.
    The p-value is the share of such random tables, the true one among them, with a capacity at least as large.

    References
    ----------
    Paninski (2003), "Estimation of entropy and mutual information".
    Weissman, Ordentlich, Seroussi, Verdú and Weinberger (2003), "Inequalities for the L1 deviation of the empirical
    distribution".
    Alhejji and Smith (2020), "A tight uniform continuity bound for equivocation".

    Examples
    --------
    A switch that was tried thirty times in each position:

    >>> import empowerment as emp
    >>> found = emp.capacity_from_counts([[27, 3], [3, 27]], rng=0)
    >>> round(float(found.plug_in), 4), round(found.bias, 4), round(found.standard_error, 4)
    (0.531, 0.0203, 0.1228)
    >>> round(found.lower, 1), round(found.upper, 1), found.detected
    (0.3, 0.7, True)
    """
    validate.one_of(interval, INTERVALS, "interval")
    validate.one_of(on_failure, ON_FAILURE, "on_failure")
    level = validate.level(level)
    n_draws = 0 if interval == "concentration" else validate.enough_draws(n_draws, tails(level)[0], "n_draws")
    n_null = 0 if validate.whole(n_null) == 0 else validate.enough_draws(n_null, 1.0 - level, "n_null")
    array = _checked(counts)
    prior = _checked_prior(prior, array.shape, interval)
    rng = validate.generator(rng)
    solve = partial(channel_capacity, tol=tol, base=validate.base(base), backend=backend, on_failure="ignore")
    plug_in = solve(array / array.sum(axis=1, keepdims=True))
    second_order = expansion(array, backend).in_units_of(math.log(plug_in.base))
    with progress_bar(n_draws + n_null, "capacity", "draw", progress) as advance:
        solver = DrawSolver(solve, array.size, advance)
        null = solver.capacities(shuffled_rows(array, rng), n_null) if n_null else None
        limits = INTERVALS[interval](array, IntervalTask(plug_in, level, prior, n_draws, rng, solver))
    _report([each for each in (limits.draws, null) if each], plug_in, on_failure)
    log_size = math.log(min(array.shape), plug_in.base)
    lower, upper = (min(max(end, 0.0), log_size) for end in (limits.lower, limits.upper))
    estimate = float(plug_in.value) - (second_order.bias or 0.0)
    apart = _apart(lower, upper, min(max(estimate, 0.0), log_size), second_order.bias is not None, interval)
    if apart and interval == "bootstrap" and second_order.bias is not None:
        lower, upper = min(lower, max(estimate, 0.0)), max(upper, min(estimate, log_size))
    return EstimatedCapacity(
        plug_in=plug_in,
        bias=second_order.bias,
        standard_error=second_order.standard_error,
        caveat="; ".join(filter(None, (second_order.caveat, _too_few(array, interval), apart))) or None,
        lower=lower,
        upper=upper,
        interval=interval,
        level=level,
        draws=None if limits.draws is None else limits.draws.value,
        null_draws=None if null is None else null.value,
        p_value=None if null is None else _p_value(null, plug_in),
        null_quantile=None if null is None else _null_quantile(null, level),
        n_samples=array.sum(axis=1),
        base=plug_in.base,
    )


def _too_few(counts: np.ndarray, interval: str) -> str | None:
    """Return a caveat if there are too few samples for an asymptotic interval."""
    n, n_seen = counts.sum(axis=1), int(counts.any(axis=0).sum())
    if interval == "concentration" or n.min() >= _ENOUGH * n_seen:
        return None
    few = f"input {n.argmin()} has {n.min()} samples, fewer than {_ENOUGH} for each of the {n_seen} outputs seen"
    return f"{few}: do not rely on the interval"


def _apart(lower: float, upper: float, estimate: float, corrected: bool, interval: str) -> str | None:
    """Return a caveat if the interval does not contain the estimate."""
    if lower <= estimate <= upper:
        return None
    name, side = "corrected estimate" if corrected else "plug-in", "above" if estimate > upper else "below"
    left_out = f"the {name} {estimate:.6g} lies {side} the {interval} interval [{lower:.6g}, {upper:.6g}]"
    reason = "sampling so few outputs anew makes capacities larger by more than the estimate itself"
    if interval == "dirichlet":
        reason = "with so few samples the prior outweighs them"
    if interval == "bootstrap" and corrected:
        return f"{left_out}, since {reason}; it was stretched to hold it"
    return f"{left_out}, since {reason}"


def _p_value(null: DrawnCapacities, plug_in: CapacityResult) -> float:
    """Return the share of random tables, the observed one included, that are not certainly below the observed one."""
    return float((1 + np.sum(null.upper >= plug_in.lower)) / (1 + null.upper.size))


def _null_quantile(null: DrawnCapacities, level: float) -> float:
    """Return the critical value of the plug-in's lower end for a p-value of at most ``1 - level``."""
    allowed = math.floor((1 + null.upper.size) * (1.0 - level) + 1e-9)
    return float(np.sort(null.upper)[-allowed]) if allowed <= null.upper.size else 0.0


def _checked(counts: Any) -> np.ndarray:
    array = validate.counts(counts)
    empty = np.flatnonzero(array.sum(axis=1) == 0)
    if empty.size:
        raise ValueError(
            f"counts[{empty[0]}] has no samples, expected at least one of each input; leave out inputs that were "
            "never tried"
        )
    return array


def _checked_prior(prior: Any, shape: tuple[int, int], interval: str) -> np.ndarray:
    array = validate.number_array(prior, "prior", None, "(input, output)").astype(np.float64)
    try:
        array = np.broadcast_to(array, shape)
    except ValueError:
        raise ValueError(f"prior has shape {array.shape}, expected one that broadcasts to {shape}") from None
    low = array <= 0 if interval == "dirichlet" else array < 0
    if low.any() or not (array <= _LARGEST_PRIOR).all():
        bound = "above 0" if interval == "dirichlet" else "of at least 0"
        wrong = array[low | ~(array <= _LARGEST_PRIOR)][0]
        raise ValueError(
            f"prior holds {wrong:g}, expected finite numbers {bound}, none above 2**53, for the interval {interval!r}"
        )
    return array


def _report(solved: list[DrawnCapacities], plug_in: CapacityResult, on_failure: str) -> None:
    missed = sum(each.missed for each in solved) + int(not plug_in.converged)
    if missed:
        sentence = f"{missed} capacities are known less well than {plug_in.tol:.2e} {plug_in.unit}; raise tol"
        report_failure(sentence, on_failure, stacklevel=4)
