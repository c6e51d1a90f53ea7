"""Channel capacity: check, solve by the chosen method on the chosen backend, say how it went."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from empowerment.capacity import jax_arrays
from empowerment.capacity.backends import backend_of_single, capacity_kernels
from empowerment.capacity.batch import Member, as_batch, chunks, is_plain_matrix
from empowerment.capacity.kernels import BY_BLAHUT_ARIMOTO, DIRECT, NOT_REACHED, Outcome
from empowerment.capacity.kernels import METHODS as METHOD_NUMBERS
from empowerment.capacity.options import MAX_ITER, SolverOptions
from empowerment.capacity.result import CapacityResult
from empowerment.core import validate
from empowerment.core.channel import Channel, as_channel
from empowerment.core.status import Status, report_failure
from empowerment.runtime.progress import progress_bar

METHODS = ("auto", *METHOD_NUMBERS)

LARGEST_REWARD = 1e100
"""Squares of larger rewards would overflow in the solvers."""


def channel_capacity(
    channel: Any,
    *,
    rewards: Any = None,
    tol: float = 1e-9,
    rtol: float = 0.0,
    method: str = "auto",
    backend: str | None = None,
    base: float | str = 2,
    max_iter: int = MAX_ITER,
    on_failure: str = "warn",
    progress: bool | str = "auto",
) -> CapacityResult:
    """Compute the capacity of a discrete memoryless channel, or of many, with certified intervals.

    Parameters
    ----------
    channel : Channel or array_like or sparse array of shape (n_inputs, n_outputs), or a batch of them
        One distribution over outputs for each input. A batch is a list of channels of any shapes, or an array of
        shape (n_channels, n_inputs, n_outputs); its channels are solved in parallel on all cores (in one thread where
        the process was forked).
    rewards : array_like of shape (n_inputs,), optional
        Reward of each input in the result's unit: the maximum of ``I(p) + p . rewards`` is computed instead of that
        of ``I(p)``. For a batch one array for each channel.
    tol : float
        Width wanted of the interval, in the result's unit; at least 1e-12.
    rtol : float
        Width wanted relative to `lower`; the wider of the two counts. Useful for very small capacities.
    method : {"auto", "working-set", "squarem", "blahut-arimoto"}
        ``"working-set"`` (the choice of ``"auto"``) solves on few rows by an interior-point method and ends with a
        pass over all rows. Two outputs it solves by a formula, in no steps, and two inputs by Newton's method, whose
        steps `n_iter` counts. Where it stops short it starts again, then ``"squarem"`` continues, then plain
        Blahut-Arimoto; `status` says which of them reached the tolerance. ``"blahut-arimoto"`` is the classical
        iteration with a certified stop, ``"squarem"`` the same with squared extrapolation.
    backend : {"numba", "reference", "jax"}, optional
        Compiled, plain NumPy, or compiled by XLA for a device (the default for JAX arrays; needs the extra ``jax``).
        By default the compiled one, except that the first 16 single channels of at most 1,024 entries of a process
        are solved in plain NumPy, as loading the compiled kernels would take longer; `backend` of the result says
        which it was.
    base : float or "e"
        2 for bits, ``math.e`` or ``"e"`` for nats.
    max_iter : int
        Limit on interior-point steps and Blahut-Arimoto passes together, for each connected component.
    on_failure : {"warn", "raise", "ignore"}
        What to do when the interval stays wider than the tolerance. The interval holds in any case.
    progress : bool or "auto"
        Show a progress bar over the channels of a batch. ``"auto"`` shows it on a terminal, once a second has passed.

    Returns
    -------
    CapacityResult
        For a batch its fields are arrays with a first axis over channels; ``result[i]`` is the result of one.

    Raises
    ------
    ValueError
        If the channel is not stochastic or an option is not known.
    RuntimeError
        If the tolerance is missed and ``on_failure="raise"``.

    Warns
    -----
    ConvergenceWarning
        If the tolerance is missed and ``on_failure="warn"``.

    See Also
    --------
    verify : Recompute both ends of the interval without the solver.
    capacity_cost : Compute the capacity under a budget.
    capacity_per_unit_cost : Compute the largest information per unit of cost.
    capacity_bounds : Bound the capacity of a channel whose rows are known in part.
    capacity_from_counts : Estimate a capacity from samples.
    empowerment : Compute the capacity of the channel from actions to readings.

    Notes
    -----
    For any input distribution p and any output distribution q, ``I(p) <= C <= max_x D(p(.|x) || q)``
    (Kemperman 1974). Both ends are computed on the matrix as it was handed in and rounded outward.

    Given JAX arrays the result holds JAX arrays on the same device. Inside a JAX transformation (``jit``, ``vmap``,
    ``grad``), where double precision must be on, values cannot be checked, nothing is handed over to the CPU and
    nothing warns: look at `status`. `value` alone has a gradient, ``p_x log(p(y|x) / q(y))`` in the channel and p in
    the rewards, in the result's unit; where ``p(y|x)`` is 0 it is set to 0.

    References
    ----------
    Arimoto (1972), "An algorithm for computing the capacity of arbitrary discrete memoryless channels".
    Blahut (1972), "Computation of channel capacity and rate-distortion functions".
    Muroga (1953), "On the capacity of a discrete channel".
    Mehrotra (1992), "On the implementation of a primal-dual interior point method".
    Gondzio (1996), "Multiple centrality corrections in a primal-dual method for linear programming".
    Varadhan and Roland (2008), "Simple and globally convergent methods for accelerating the convergence of any EM
    algorithm".

    Examples
    --------
    >>> import empowerment as emp
    >>> result = emp.channel_capacity([[0.9, 0.1], [0.1, 0.9]])
    >>> round(float(result), 9), bool(result.converged), result.unit
    (0.531004406, True, 'bits')

    Two inputs without noise, of which the second has a reward of one bit, have the value log2(2^0 + 2^1):

    >>> round(float(emp.channel_capacity([[1, 0], [0, 1]], rewards=[0, 1])), 6)
    1.584963

    A batch of channels of any shapes:

    >>> emp.channel_capacity([[[0.9, 0.1], [0.1, 0.9]], [[1.0], [1.0]]]).value.round(6)
    array([0.531004, 0.      ])
    """
    is_plain = rewards is None and is_plain_matrix(channel)
    held = [] if is_plain else jax_arrays.found_in(channel, rewards)
    backend = "jax" if backend is None and held else backend
    options, method = _checked(tol, rtol, base, backend, max_iter, on_failure, method)
    is_open = backend is None and method == "working-set"  # nobody chose the kernels, or iterations that take long
    if is_plain and is_open:
        options, is_open = _of_single(options, channel.size), False
    if is_plain and options.backend == "numba":
        result = _solve_plain(channel, options, method)
        if result.status in (Status.MAX_ITER, Status.PRECISION):
            report_failure(_missed(result), options.on_failure)
        return result
    if jax_arrays.any_traced(held):
        from empowerment.capacity.traced import traced_capacity

        return traced_capacity(channel, rewards, options, method)
    held = held if options.backend == "jax" else []
    with jax_arrays.on_devices_of(held):
        given = jax_arrays.on_host(channel), jax_arrays.on_host(rewards)
        result = _solve(*given, options, method, is_open, progress)
    if not np.all(result.converged):
        report_failure(_missed(result), options.on_failure)
    return jax_arrays.on_device(result, held) if held else result


def _checked(*arguments: Any) -> tuple[SolverOptions, str]:
    """Return the options and the method, which are checked once for equal arguments of the same types."""
    try:
        hash(arguments)
    except TypeError:  # such as of an array without axes, which counts as a number
        return _check(*arguments)
    return _check_once(*arguments)


def _check(
    tol: Any, rtol: Any, base: Any, backend: Any, max_iter: Any, on_failure: Any, method: Any
) -> tuple[SolverOptions, str]:
    options = SolverOptions.checked(
        tol=tol, rtol=rtol, base=base, backend=backend, max_iter=max_iter, on_failure=on_failure
    )
    method = validate.one_of(method, METHODS, "method")
    return options, "working-set" if method == "auto" else method


_check_once = lru_cache(maxsize=256, typed=True)(_check)


def row_offsets(channel: Channel) -> np.ndarray:
    """Return what the kernels call offsets: the part of each row's divergence that q does not change."""
    sums = np.asarray(channel.matrix.sum(axis=1)).reshape(-1)
    return np.asarray(1.0 - sums - channel.row_entropies(math.e))


def _of_single(options: SolverOptions, n_entries: int) -> SolverOptions:
    """Return the options for a single channel whose backend nobody chose."""
    backend = backend_of_single(n_entries)
    return options if backend == options.backend else replace(options, backend=backend)


def _solve(
    channel: Any, rewards: Any, options: SolverOptions, method: str, is_open: bool, progress: bool | str
) -> CapacityResult:
    batch = as_batch(channel)
    if batch is not None:
        return _solve_many(batch, rewards, options, method, progress)
    one = as_channel(channel)
    return _solve_one(one, rewards, _of_single(options, one.matrix.size) if is_open else options, method)


def _solve_plain(matrix: np.ndarray, options: SolverOptions, method: str) -> CapacityResult:
    """Solve a float64 matrix, whose rows are checked where they are read; if one fails, that is said as always."""
    solved = capacity_kernels(options.backend).solve_plain(matrix, *options.for_kernel(method))
    if solved is None:
        return _solve_one(as_channel(matrix), None, options, method)
    return _result_of_one(solved, False, options, method)


def _solve_one(channel: Channel, rewards: Any, options: SolverOptions, method: str) -> CapacityResult:
    kernel, limits, offsets = capacity_kernels(options.backend), options.for_kernel(method), row_offsets(channel)
    nats = None if rewards is None else _rewards(rewards, channel.n_inputs, "rewards", options.unit)
    if nats is not None:
        offsets += nats
    if validate.is_sparse(channel.matrix):
        from empowerment.capacity.sparse import solve_sparse

        solved = solve_sparse(channel.matrix, offsets, nats, lambda *part: kernel.solve(*part, *limits))
    else:
        solved = kernel.solve(channel.matrix, offsets, *limits)
    return _result_of_one(solved, nats is not None, options, method)


def _solve_many(
    batch: list[Member], rewards: Any, options: SolverOptions, method: str, progress: bool | str
) -> CapacityResult:
    """Solve in chunks, between which Ctrl-C is heard and the progress shown."""
    kernel, limits = capacity_kernels(options.backend), options.for_kernel(method)
    nats = None if rewards is None else _rewards_of_batch(rewards, batch, options.unit)
    shapes = np.array([member.shape for member in batch])
    p, q = (np.zeros((len(batch), size)) for size in shapes.max(axis=0))
    parts = []
    with progress_bar(len(batch), "capacity", "channel", progress) as advance:
        for members, packed in chunks(batch, nats):
            part: Outcome = kernel.solve_batch(packed, *limits)
            for k, i in enumerate(members):
                n, m = shapes[i]
                p[i, :n] = part.p[packed.row_start[k] :][:n]
                q[i, :m] = part.q[packed.column_start[k] :][:m]
            parts.append(part[2:])
            advance(len(members))
    outcome = Outcome(p, q, *(np.concatenate(column) for column in zip(*parts, strict=True)))
    return _result_of_many(outcome, nats is not None, options, method, shapes)


def _rewards(rewards: Any, count: int, name: str, unit: float) -> np.ndarray:
    """Return rewards in nats, from rewards in units of this size."""
    array = validate.number_array(rewards, name, 1, "(input,)").astype(np.float64)
    if array.size != count:
        raise ValueError(f"{name} has {array.size} entries, expected {count}, one for each input")
    wrong = np.flatnonzero(~(np.abs(array) <= LARGEST_REWARD))
    if wrong.size:
        raise ValueError(
            f"{name}[{wrong[0]}] is {array[wrong[0]]:g}, expected a finite reward of at most {LARGEST_REWARD:g}"
        )
    return np.asarray(array * unit, dtype=np.float64)


def _rewards_of_batch(rewards: Any, batch: list[Member], unit: float) -> list[np.ndarray]:
    if len(rewards) != len(batch):
        raise ValueError(f"rewards has {len(rewards)} arrays, expected one for each of {len(batch)} channels")
    pairs = enumerate(zip(rewards, batch, strict=True))
    return [_rewards(one, member.shape[0], f"rewards[{i}]", unit) for i, (one, member) in pairs]


def _result_of_one(solved: Outcome, rewarded: bool, options: SolverOptions, method: str) -> CapacityResult:
    """Put together what is returned for one channel; the arrays of `intervals_of` would take longer than a solve."""
    unit = options.unit
    lower, upper = float(solved.lower) / unit, float(solved.upper) / unit
    lower = lower if rewarded else max(lower, 0.0)
    status = int(solved.rung)
    if not options.met(lower, upper):
        status = Status.MAX_ITER if status == Status.MAX_ITER else Status.PRECISION
    elif status == Status.MAX_ITER:
        status = Status.BLAHUT_ARIMOTO if method == "working-set" else Status.CERTIFIED
    return CapacityResult(
        value=np.float64(min(max(float(solved.information) / unit, lower), upper)),
        lower=np.float64(lower),
        upper=np.float64(upper),
        input_distribution=solved.p,
        output_distribution=solved.q,
        n_iter=np.int64(solved.n_iter),
        n_passes=np.int64(solved.n_passes),
        status=Status(status),
        method=method,
        backend=options.backend,
        base=options.base,
        tol=options.tol,
        rtol=options.rtol,
    )


def _result_of_many(
    outcome: Outcome, rewarded: bool, options: SolverOptions, method: str, shapes: np.ndarray
) -> CapacityResult:
    """Put together what is returned for a batch of channels of such shapes."""
    value, lower, upper, status = intervals_of(outcome, rewarded, options, method)
    return CapacityResult(
        value=value,
        lower=lower,
        upper=upper,
        input_distribution=outcome.p,
        output_distribution=outcome.q,
        n_iter=outcome.n_iter,
        n_passes=outcome.n_passes,
        status=status,
        method=method,
        backend=options.backend,
        base=options.base,
        tol=options.tol,
        rtol=options.rtol,
        shapes=shapes,
    )


def intervals_of(
    outcome: Outcome, rewarded: bool, options: SolverOptions, method: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return value, lower and upper end, and status of the channels of a batch."""
    information, lower, upper = (x / options.unit for x in (outcome.information, outcome.lower, outcome.upper))
    lower = lower if rewarded else np.maximum(lower, 0.0)  # a capacity is not negative, whatever rounding says
    met, at_limit = options.met(lower, upper), outcome.rung == NOT_REACHED
    direct = BY_BLAHUT_ARIMOTO if method == "working-set" else DIRECT
    # The limit may have been reached within the slack for rounding, or rounding may have exhausted the slack.
    status = np.where(met & at_limit, direct, outcome.rung)
    status = np.where(met | at_limit, status, int(Status.PRECISION))
    return np.minimum(np.maximum(information, lower), upper), lower, upper, status


def _missed(result: CapacityResult) -> str:
    """Return the sentence about a tolerance that was missed; of a batch it names the first channel."""
    if result.shapes is None:
        status = Status(int(result.status))
        return f"the interval is {result.gap:.2e} {result.unit} wide, wanted {result.tol:.2e}: {status.sentence}"
    missed = np.flatnonzero(~result.converged)
    return f"{missed.size} of {len(result.shapes)} channels missed, first channel {missed[0]}: " + _missed(
        result[missed[0]]
    )
