"""Channel capacity: check, solve by the chosen method on the chosen backend, say how it went."""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from empowerment.capacity import jax_arrays
from empowerment.capacity.batch import Member, as_batch, chunks
from empowerment.capacity.kernels import METHODS as METHOD_NUMBERS
from empowerment.capacity.kernels import Outcome
from empowerment.capacity.result import CapacityResult
from empowerment.capacity.sparse import solve_sparse
from empowerment.core import validate
from empowerment.core.channel import Channel, as_channel
from empowerment.core.status import ON_FAILURE, Status, tell_failure
from empowerment.runtime.loading import load
from empowerment.runtime.progress import progress_bar

METHODS = ("auto", *METHOD_NUMBERS)
BACKENDS = {"numba": "cpu", "reference": "reference", "jax": "xla"}

LARGEST_REWARD = 1e100
"""Squares of larger rewards would overflow in the solvers."""

# Solvers aim a little below the tolerance; the rest is room for the outward rounding of the certificate.
_INNER = 0.9


class Wish(NamedTuple):
    """What the caller asked for."""

    tol: float
    rtol: float
    method: str
    base: float
    max_iter: int

    @property
    def unit(self) -> float:
        """Size of the result's unit in nats."""
        return math.log(self.base)

    def for_kernel(self) -> tuple[float, float, int, int]:
        """Return the tolerances, the method and the limit as kernels take them."""
        return _INNER * self.tol * self.unit, _INNER * self.rtol, METHOD_NUMBERS[self.method], self.max_iter


def channel_capacity(
    channel: Any,
    *,
    rewards: Any = None,
    tol: float = 1e-9,
    rtol: float = 0.0,
    method: str = "auto",
    backend: str | None = None,
    base: float = 2,
    max_iter: int = 100_000,
    on_failure: str = "warn",
    progress: bool = False,
) -> CapacityResult:
    """Return the capacity of a discrete memoryless channel, or of many, with certified intervals.

    Parameters
    ----------
    channel : Channel or array_like or sparse array of shape (n_inputs, n_outputs), or a batch of them
        One distribution over outputs for each input. A batch is a list of channels of any shapes, or an array of
        shape (n_channels, n_inputs, n_outputs); its channels are solved side by side on all cores
        (in one thread where the process was forked).
    rewards : array_like of shape (n_inputs,), optional
        What each input is worth by itself, in the result's unit: the largest ``I(p) + p . rewards`` is found
        instead of the largest ``I(p)``. For a batch one array for each channel.
    tol : float
        Width wanted of the interval, in the result's unit; at least 1e-12.
    rtol : float
        The same relative to `lower`; the wider of the two counts. For very small capacities.
    method : {"auto", "working-set", "squarem", "blahut-arimoto"}
        ``"working-set"`` (what ``"auto"`` takes) solves on few rows by an interior-point method and closes
        with a pass over all of them; where it stops short it starts again, then ``"squarem"`` goes on, then plain
        Blahut-Arimoto, and `status` says which of them got there. ``"blahut-arimoto"`` is the classical
        iteration with a certified stop, ``"squarem"`` the same with squared extrapolation.
    backend : {"numba", "reference", "jax"}, optional
        Compiled (the default), plain NumPy, or compiled by XLA for a device (the default for JAX arrays; needs the
        extra ``jax``).
    base : float
        2 for bits, ``math.e`` for nats.
    max_iter : int
        Most interior-point steps and Blahut-Arimoto passes together for one connected component.
    on_failure : {"warn", "raise", "ignore"}
        What to do when the interval stays wider than the tolerance. It holds in any case.
    progress : bool
        Show a progress bar over the channels of a batch (needs the extra ``progress``).

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
    Mehrotra (1992), "On the implementation of a primal-dual interior point method".
    Varadhan and Roland (2008), "Simple and globally convergent methods for accelerating the convergence of any EM
    algorithm".

    Examples
    --------
    >>> import empowerment as emp
    >>> result = emp.channel_capacity([[0.9, 0.1], [0.1, 0.9]])
    >>> round(float(result), 9), bool(result.converged), result.unit
    (0.531004406, True, 'bits')

    Two inputs without noise, the second worth one bit more, are worth the logarithm of 2^0 + 2^1:

    >>> round(float(emp.channel_capacity([[1, 0], [0, 1]], rewards=[0, 1])), 6)
    1.584963

    A batch of channels of any shapes:

    >>> emp.channel_capacity([[[0.9, 0.1], [0.1, 0.9]], [[1.0], [1.0]]]).value.round(6)
    array([0.531004, 0.      ])
    """
    tol, rtol = validate.tolerances(tol, rtol)
    base = validate.base(base)
    max_iter = validate.limit(max_iter, "max_iter")
    validate.one_of(method, METHODS, "method")
    validate.one_of(on_failure, ON_FAILURE, "on_failure")
    held = jax_arrays.found_in(channel, rewards)
    backend, kernel = kernel_of("jax" if backend is None and held else backend)
    wish = Wish(tol, rtol, "working-set" if method == "auto" else method, base, max_iter)
    if jax_arrays.any_traced(held):
        if backend != "jax":
            raise ValueError(f"inside a JAX transformation the backend is 'jax', not {backend!r}")
        return kernel.traced_capacity(channel, rewards, wish, on_failure)
    held = held if backend == "jax" else []
    with jax_arrays.on_devices_of(held):
        result = _solve(jax_arrays.on_host(channel), jax_arrays.on_host(rewards), wish, backend, kernel, progress)
    if not np.all(result.converged):
        tell_failure(_complaint(result), on_failure)
    return jax_arrays.on_device(result, held) if held else result


def backend_name(backend: str | None) -> str:
    """Return the name of a known backend, by default the compiled one."""
    return validate.one_of("numba" if backend is None else backend, BACKENDS, "backend")


def kernel_of(backend: str | None) -> tuple[str, ModuleType]:
    """Return a backend's name and its package of kernels, loaded only now."""
    name = backend_name(backend)
    return name, load(f"empowerment.capacity.kernels.{BACKENDS[name]}")


def row_offsets(channel: Channel) -> np.ndarray:
    """Return what the kernels call offsets: the part of each row's divergence that q does not change."""
    sums = np.asarray(channel.matrix.sum(axis=1)).reshape(-1)
    return np.asarray(1.0 - sums - channel.row_entropies(math.e))


def _solve(
    channel: Any, rewards: Any, wish: Wish, backend: str, kernel: ModuleType, progress: bool
) -> CapacityResult:
    batch = as_batch(channel)
    if batch is None:
        return _solve_one(as_channel(channel), rewards, wish, backend, kernel)
    return _solve_many(batch, rewards, wish, backend, kernel, progress)


def _solve_one(channel: Channel, rewards: Any, wish: Wish, backend: str, kernel: ModuleType) -> CapacityResult:
    offsets = row_offsets(channel)
    worth = None if rewards is None else _rewards(rewards, channel.n_inputs, "rewards", wish)
    if worth is not None:
        offsets += worth
    if sparse.issparse(channel.matrix):
        found = solve_sparse(channel.matrix, offsets, worth, lambda *part: kernel.solve(*part, *wish.for_kernel()))
    else:
        found = kernel.solve(channel.matrix, offsets, *wish.for_kernel())
    numbers = (np.float64(found.information), np.float64(found.lower), np.float64(found.upper))
    counts = (np.int64(found.n_iter), np.int64(found.n_passes))
    return result_of(Outcome(found.p, found.q, *numbers, *counts, found.rung), worth is not None, wish, backend)


def _solve_many(
    batch: list[Member], rewards: Any, wish: Wish, backend: str, kernel: ModuleType, progress: bool
) -> CapacityResult:
    """Solve in chunks, between which Ctrl-C is heard and the progress shown."""
    worth = None if rewards is None else _rewards_of_batch(rewards, batch, wish)
    shapes = np.array([member.shape for member in batch])
    p, q = (np.zeros((len(batch), size)) for size in shapes.max(axis=0))
    parts = []
    with progress_bar(len(batch), "capacity", "channel", progress) as advance:
        for members, packed in chunks(batch, worth):
            part: Outcome = kernel.solve_batch(packed, *wish.for_kernel())
            for k, i in enumerate(members):
                n, m = shapes[i]
                p[i, :n] = part.p[packed.row_start[k] :][:n]
                q[i, :m] = part.q[packed.column_start[k] :][:m]
            parts.append(part[2:])
            advance(len(members))
    found = Outcome(p, q, *(np.concatenate(column) for column in zip(*parts, strict=True)))
    return result_of(found, worth is not None, wish, backend, shapes)


def _rewards(rewards: Any, count: int, name: str, wish: Wish) -> np.ndarray:
    """Return rewards in nats."""
    found = validate.number_array(rewards, name, 1, "(input,)").astype(np.float64)
    if found.size != count:
        raise ValueError(f"{name} has {found.size} entries, expected {count}, one for each input")
    wrong = np.flatnonzero(~(np.abs(found) <= LARGEST_REWARD))
    if wrong.size:
        raise ValueError(
            f"{name}[{wrong[0]}] is {found[wrong[0]]:g}, expected a finite reward of at most {LARGEST_REWARD:g}"
        )
    return np.asarray(found * wish.unit, dtype=np.float64)


def _rewards_of_batch(rewards: Any, batch: list[Member], wish: Wish) -> list[np.ndarray]:
    if len(rewards) != len(batch):
        raise ValueError(f"rewards has {len(rewards)} arrays, expected one for each of {len(batch)} channels")
    pairs = enumerate(zip(rewards, batch, strict=True))
    return [_rewards(one, member.shape[0], f"rewards[{i}]", wish) for i, (one, member) in pairs]


def result_of(
    found: Outcome, rewarded: bool, wish: Wish, backend: str, shapes: np.ndarray | None = None
) -> CapacityResult:
    """Put together what is returned: scalars of NumPy for one channel, arrays for a batch of such `shapes`."""
    information, lower, upper = (x / wish.unit for x in (found.information, found.lower, found.upper))
    lower = lower if rewarded else np.maximum(lower, 0.0)  # a capacity is not negative, whatever rounding says
    met = upper - lower <= np.maximum(wish.tol, wish.rtol * lower)
    direct = Status.BLAHUT_ARIMOTO if wish.method == "working-set" else Status.CERTIFIED
    # The limit may have come within the room left for rounding, or rounding may have used up all of it.
    status = np.where(met & (found.rung == Status.MAX_ITER), direct, found.rung)
    status = np.where(~met & (found.rung != Status.MAX_ITER), Status.PRECISION, status)
    return CapacityResult(
        value=np.minimum(np.maximum(information, lower), upper),
        lower=lower,
        upper=upper,
        input_distribution=found.p,
        output_distribution=found.q,
        n_iter=found.n_iter,
        n_passes=found.n_passes,
        status=Status(int(status)) if shapes is None else status,
        method=wish.method,
        backend=backend,
        base=wish.base,
        tol=wish.tol,
        rtol=wish.rtol,
        shapes=shapes,
    )


def _complaint(result: CapacityResult) -> str:
    """Return the sentence about a tolerance that was missed; of a batch it names the first channel."""
    if result.shapes is None:
        status = Status(int(result.status))
        return f"the interval is {result.gap:.2e} {result.unit} wide, wanted {result.tol:.2e}: {status.sentence}"
    missed = np.flatnonzero(~result.converged)
    return f"{missed.size} of {len(result.shapes)} channels missed, first channel {missed[0]}: " + _complaint(
        result[missed[0]]
    )
