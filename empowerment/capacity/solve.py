"""Channel capacity: reduce, solve each block by the chosen method, certify on the caller's matrix."""

from __future__ import annotations

import importlib
import math
import warnings
from dataclasses import replace
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from empowerment import validate
from empowerment.capacity.kernels import TINY, Solution, reference
from empowerment.capacity.reduce import Block, Reduction, reduce
from empowerment.channel import Channel, as_channel
from empowerment.results import CapacityResult, ConvergenceWarning, Status

METHODS = ("auto", "working-set", "blahut-arimoto")
BACKENDS = {"numba": "cpu", "reference": "reference"}
_ON_FAILURE = ("warn", "raise", "ignore")

# The blocks aim a little below the tolerance; the rest is room for the outward rounding of the certificate.
_INNER = 0.9


def channel_capacity(
    channel: Any,
    *,
    tol: float = 1e-9,
    rtol: float = 0.0,
    method: str = "auto",
    backend: str | None = None,
    base: float = 2,
    max_iter: int = 100_000,
    on_failure: str = "warn",
) -> CapacityResult:
    """Return the capacity of a discrete memoryless channel with a certified interval.

    Parameters
    ----------
    channel : Channel or array_like or sparse array of shape (n_inputs, n_outputs)
        One distribution over outputs for each input.
    tol : float
        Width wanted of the interval, in the result's unit; at least 1e-12.
    rtol : float
        The same relative to `lower`; the wider of the two counts. For very small capacities.
    method : {"auto", "working-set", "blahut-arimoto"}
        ``"working-set"`` (what ``"auto"`` takes) solves on few rows by an interior-point method and closes
        with a pass over all of them; where it stops short, plain Blahut-Arimoto goes on and `status` says so.
        ``"blahut-arimoto"`` is the classical iteration with a certified stop.
    backend : {"numba", "reference"}, optional
        Compiled (the default) or plain NumPy.
    base : float
        2 for bits, ``math.e`` for nats.
    max_iter : int
        Most interior-point steps and Blahut-Arimoto passes together for one connected component.
    on_failure : {"warn", "raise", "ignore"}
        What to do when the interval stays wider than the tolerance. It holds in any case.

    Returns
    -------
    CapacityResult

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

    Notes
    -----
    For any input distribution p and any output distribution q, ``I(p) <= C <= max_x D(p(.|x) || q)``
    (Kemperman 1974). Both ends are computed on the matrix as it was handed in and rounded outward.

    References
    ----------
    Arimoto (1972), "An algorithm for computing the capacity of arbitrary discrete memoryless channels".
    Blahut (1972), "Computation of channel capacity and rate-distortion functions".
    Mehrotra (1992), "On the implementation of a primal-dual interior point method".

    Examples
    --------
    >>> import empowerment as emp
    >>> result = emp.channel_capacity([[0.9, 0.1], [0.1, 0.9]])
    >>> round(float(result), 9), bool(result.converged), result.unit
    (0.531004406, True, 'bits')
    """
    channel = as_channel(channel)
    tol, rtol = validate.tolerances(tol, rtol)
    base = validate.base(base)
    max_iter = validate.positive_int(max_iter, "max_iter")
    validate.one_of(method, METHODS, "method")
    validate.one_of(on_failure, _ON_FAILURE, "on_failure")
    backend, kernel = kernel_of(backend)
    method = "working-set" if method == "auto" else method
    result = _solve(channel, _Wish(tol, rtol, method, base, max_iter), backend, kernel)
    if not result.converged and on_failure != "ignore":
        message = f"the interval is {result.gap:.2e} {result.unit} wide, wanted {tol:.2e}: {result.status.sentence}"
        if on_failure == "raise":
            raise RuntimeError(message)
        warnings.warn(message, ConvergenceWarning, stacklevel=2)
    return result


def backend_name(backend: str | None) -> str:
    """Return the name of a known backend, by default the compiled one."""
    return validate.one_of("numba" if backend is None else backend, BACKENDS, "backend")


def kernel_of(backend: str | None) -> tuple[str, ModuleType]:
    """Return a backend's name and its module of kernels, loaded only now."""
    name = backend_name(backend)
    return name, importlib.import_module(f"empowerment.capacity.kernels.{BACKENDS[name]}")


class _Wish(NamedTuple):
    """What the caller asked for."""

    tol: float
    rtol: float
    method: str
    base: float
    max_iter: int


def _solve(channel: Channel, wish: _Wish, backend: str, kernel: ModuleType) -> CapacityResult:
    offsets = _offsets(channel)
    reduction = reduce(channel.matrix, kernel)
    solutions, status = [], Status.CERTIFIED
    for block in reduction.blocks:
        solution, block_status = _solve_block(block, offsets, wish, kernel)
        solutions.append(solution)
        status = max(status, block_status)
    p, q = _join(channel, reduction, solutions)
    certificate = reference.certificate if sparse.issparse(channel.matrix) else kernel.certificate
    information, lower, upper = (x / math.log(wish.base) for x in certificate(channel.matrix, offsets, p, q))
    result = CapacityResult(
        value=np.float64(min(max(information, lower, 0.0), upper)),
        lower=np.float64(lower),
        upper=np.float64(upper),
        input_distribution=p,
        output_distribution=q,
        n_iter=np.int64(sum(s.n_iter for s in solutions)),
        n_passes=np.int64(sum(s.n_passes for s in solutions)),
        status=status,
        method=wish.method,
        backend=backend,
        base=wish.base,
        tol=wish.tol,
        rtol=wish.rtol,
    )
    if not result.converged and status < Status.MAX_ITER:
        return replace(result, status=Status.PRECISION)
    if result.converged and status == Status.MAX_ITER:  # the limit came within the room left for rounding
        return replace(result, status=Status.FALLBACK if wish.method == "working-set" else Status.CERTIFIED)
    return result


def _offsets(channel: Channel) -> np.ndarray:
    """Return what the kernels call offsets: the part of each row's divergence that q does not change."""
    sums = np.asarray(channel.matrix.sum(axis=1)).reshape(-1)
    return np.asarray(1.0 - sums - channel.row_entropies(math.e))


def _solve_block(block: Block, offsets: np.ndarray, wish: _Wish, kernel: ModuleType) -> tuple[Solution, Status]:
    n_rows, n_columns = block.matrix.shape
    merged = block.column_owner.size > n_columns
    own = _offsets(Channel.from_valid(block.matrix)) if merged else offsets[block.rows]
    tol, rtol = _INNER * wish.tol * math.log(wish.base), _INNER * wish.rtol
    uniform = np.full(n_rows, 1.0 / n_rows)
    if wish.method == "blahut-arimoto":
        found = kernel.blahut_arimoto(block.matrix, own, uniform, tol, rtol, wish.max_iter)
        return found, Status.CERTIFIED if found.reached else Status.MAX_ITER
    found = kernel.working_set(block.matrix, own, tol, rtol, wish.max_iter)
    if found.reached or found.n_iter >= wish.max_iter:
        return found, Status.CERTIFIED if found.reached else Status.MAX_ITER
    # Blahut-Arimoto never revives an input of probability 0, so it starts a little inside.
    start = 0.99 * found.p + 0.01 * uniform
    more = kernel.blahut_arimoto(block.matrix, own, start, tol, rtol, wish.max_iter - found.n_iter)
    found = _better_ends(found, more, tol, rtol)
    return found, Status.FALLBACK if found.reached else Status.MAX_ITER


def _better_ends(first: Solution, second: Solution, tol: float, rtol: float) -> Solution:
    """Take the better lower end and the better upper end of two solutions, each with its proof."""
    low = first if first.lower > second.lower else second
    high = first if first.upper < second.upper else second
    return Solution(
        p=low.p,
        q=high.q,
        lower=low.lower,
        upper=high.upper,
        n_iter=first.n_iter + second.n_iter,
        n_passes=first.n_passes + second.n_passes,
        reached=high.upper - low.lower <= max(tol, rtol * low.lower),
    )


def _join(channel: Channel, reduction: Reduction, solutions: list[Solution]) -> tuple[np.ndarray, np.ndarray]:
    """Map the blocks' p and q back to the caller's alphabets, block i used with probability ``exp(C_i - C)``."""
    trivial = reduction.trivial_rows
    capacities = np.array([max(s.lower, 0.0) for s in solutions] + [0.0] * trivial.size)
    weights = np.exp(capacities - capacities.max())
    weights /= weights.sum()
    p, q = np.zeros(channel.n_inputs), np.zeros(channel.n_outputs)
    for block, solution, weight in zip(reduction.blocks, solutions, weights, strict=False):
        p[block.rows] = weight * solution.p
        q[block.columns] = weight * block.column_share * solution.q[block.column_owner]
    if trivial.size:
        p[trivial] = weights[len(solutions) :]
        q += p[trivial] @ channel.matrix[trivial]
    unseen = np.flatnonzero(q == 0)
    q[unseen[_columns_reached(channel.matrix[:, unseen])]] = TINY  # where a product of two small numbers underflowed
    return p / p.sum(), q


def _columns_reached(matrix: validate.Matrix) -> np.ndarray:
    if sparse.issparse(matrix):
        return np.bincount(matrix.indices, minlength=matrix.shape[1]) > 0
    return np.asarray((matrix > 0).any(axis=0))
