"""Discrete memoryless channels, and the information they carry under a given input distribution."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from empowerment.core import validate

# Bytes of one temporary array where a whole matrix must pass through a logarithm.
_BLOCK_BYTES = 1 << 22
_TINIEST = np.nextafter(0, 1)


class Channel:
    """A channel p(output | input): one probability distribution over outputs for each input.

    Parameters
    ----------
    matrix : array_like or sparse array of shape (n_inputs, n_outputs)
        Row ``x`` is the distribution of the output when the input is ``x``. Rows must sum to 1 within 1e-9
        (float32: 1e-5) and are then taken as they are.
    inputs, outputs : sequence of hashable, optional
        Labels; by default the numbers 0, 1, ….
    normalize : bool
        Rescale rows that do not sum to 1 instead of refusing them.

    Attributes
    ----------
    matrix : ndarray or scipy.sparse.csr_array of shape (n_inputs, n_outputs)
        Read-only, float64.

    Raises
    ------
    ValueError
        If an alphabet is empty or a row is not a distribution.

    See Also
    --------
    channel_capacity : Compute the capacity of a channel.
    actuation_channel : Make the channel from action sequences to readings.

    Examples
    --------
    >>> import empowerment as emp
    >>> noisy_switch = emp.Channel([[0.9, 0.1], [0.1, 0.9]], inputs=["up", "down"])
    >>> noisy_switch.shape
    (2, 2)
    """

    __slots__ = ("inputs", "matrix", "outputs")

    def __init__(
        self,
        matrix: Any,
        inputs: Sequence[Any] | None = None,
        outputs: Sequence[Any] | None = None,
        *,
        normalize: bool = False,
    ) -> None:
        rows = validate.probability_rows(matrix, "channel", where=lambda row: f"[{row}]", normalize=normalize)
        self._set(rows, inputs, outputs)

    @classmethod
    def from_valid(
        cls,
        matrix: validate.Matrix,
        inputs: Sequence[Any] | None = None,
        outputs: Sequence[Any] | None = None,
    ) -> Channel:
        """Make a channel of a stochastic float64 matrix without checking or copying it.

        Parameters
        ----------
        matrix : ndarray in C order or csr_array, of shape (n_inputs, n_outputs)
            A stochastic float64 matrix, which becomes read-only.
        inputs, outputs : sequence of hashable, optional
            Labels; by default the numbers 0, 1, ….

        Returns
        -------
        Channel
            The channel that holds `matrix`.
        """
        self = cls.__new__(cls)
        self._set(matrix, inputs, outputs)
        return self

    def _set(self, matrix: validate.Matrix, inputs: Sequence[Any] | None, outputs: Sequence[Any] | None) -> None:
        self.matrix = matrix
        self.inputs = validate.labels(inputs, matrix.shape[0], "inputs") or range(matrix.shape[0])
        self.outputs = validate.labels(outputs, matrix.shape[1], "outputs") or range(matrix.shape[1])
        for array in (matrix.data, matrix.indices, matrix.indptr) if validate.is_sparse(matrix) else (matrix,):
            array.setflags(write=False)

    @property
    def shape(self) -> tuple[int, int]:
        """Number of inputs and number of outputs."""
        return self.matrix.shape

    @property
    def n_inputs(self) -> int:
        """Size of the input alphabet."""
        return self.matrix.shape[0]

    @property
    def n_outputs(self) -> int:
        """Size of the output alphabet."""
        return self.matrix.shape[1]

    def __repr__(self) -> str:
        form = "CSR" if validate.is_sparse(self.matrix) else "dense"
        return f"Channel({self.n_inputs} inputs, {self.n_outputs} outputs, {form})"

    def output_distribution(self, input_distribution: Any) -> np.ndarray:
        """Compute the distribution of the output under an input distribution.

        Parameters
        ----------
        input_distribution : array_like of shape (n_inputs,)
            Probability of each input.

        Returns
        -------
        ndarray of shape (n_outputs,)
            Probability of each output.
        """
        return np.asarray(
            validate.distribution(input_distribution, self.n_inputs, "input_distribution") @ self.matrix
        )

    def row_entropies(self, base: float | str = 2) -> np.ndarray:
        """Compute the entropy of the output given each input.

        Parameters
        ----------
        base : float or "e"
            2 for bits, ``math.e`` or ``"e"`` for nats.

        Returns
        -------
        ndarray of shape (n_inputs,)
            Entropy of each row.
        """
        unit = math.log(validate.base(base))
        found = np.empty(self.n_inputs)
        for rows, block in self._blocks():
            found[rows] = -_sum_rows(block, _x_log_x(_entries(block)))
        return found / unit

    def divergences(self, output_distribution: Any, base: float | str = 2) -> np.ndarray:
        """Compute ``D(p(.|x) || q)`` for each input x.

        The largest divergence is an upper bound on the capacity for every q (Kemperman 1974). For rows whose sum
        differs from 1 by a rounding error, it is the divergence of measures, ``sum w log(w/q) - sum w + sum q``, for
        which that bound holds exactly.

        Parameters
        ----------
        output_distribution : array_like of shape (n_outputs,)
            The distribution q. Entries are at least 0 and finite.
        base : float or "e"
            2 for bits, ``math.e`` or ``"e"`` for nats.

        Returns
        -------
        ndarray of shape (n_inputs,)
            Divergence of each row; infinite where the row gives probability to an output with ``q = 0``.

        Raises
        ------
        ValueError
            If `output_distribution` has another shape, or an entry is negative or not finite.
        """
        q = validate.number_array(output_distribution, "output_distribution", 1, "(output,)").astype(np.float64)
        if q.shape != (self.n_outputs,) or not np.isfinite(q).all() or (q < 0).any():
            raise ValueError(
                f"output_distribution has shape {q.shape}, expected {(self.n_outputs,)} finite entries of at least 0"
            )
        unit = math.log(validate.base(base))
        with np.errstate(divide="ignore"):
            log_q = np.log(q)
        found = np.empty(self.n_inputs)
        for rows, block in self._blocks():
            w = _entries(block)
            at = log_q[block.indices] if validate.is_sparse(block) else np.broadcast_to(log_q, block.shape)
            with np.errstate(invalid="ignore"):
                terms = np.where(w > 0, w * (np.log(np.where(w > 0, w, 1.0)) - at), 0.0)
            found[rows] = _sum_rows(block, terms) - _sum_rows(block, w)
        return (found + q.sum()) / unit

    def mutual_information(self, input_distribution: Any, base: float | str = 2) -> float:
        """Compute the mutual information of input and output under an input distribution.

        It is a lower bound on the capacity for every input distribution.

        Parameters
        ----------
        input_distribution : array_like of shape (n_inputs,)
            Probability of each input.
        base : float or "e"
            2 for bits, ``math.e`` or ``"e"`` for nats.

        Returns
        -------
        float
            Mutual information in the unit of `base`.
        """
        p = validate.distribution(input_distribution, self.n_inputs, "input_distribution")
        used = np.flatnonzero(p)
        part = Channel.from_valid(self.matrix[used])
        q = np.asarray(p[used] @ part.matrix)
        # A product p * w may underflow where w itself does not; its terms are below 1e-300.
        q[(q == 0) & (np.asarray(part.matrix.sum(axis=0)).reshape(-1) > 0)] = np.nextafter(0, 1)
        return float(p[used] @ part.divergences(q, base))

    def _blocks(self) -> list[tuple[slice, validate.Matrix]]:
        width = self.matrix.nnz // self.n_inputs + 1 if validate.is_sparse(self.matrix) else self.n_outputs
        step = max(1, _BLOCK_BYTES // (8 * width))
        return [(slice(i, i + step), self.matrix[i : i + step]) for i in range(0, self.n_inputs, step)]


def _entries(block: validate.Matrix) -> np.ndarray:
    return block.data if validate.is_sparse(block) else block


def _sum_rows(block: validate.Matrix, terms: np.ndarray) -> np.ndarray:
    if not validate.is_sparse(block):
        return terms.sum(axis=1)
    sums = type(block)((terms, block.indices, block.indptr), shape=block.shape).sum(axis=1)
    return np.asarray(sums).reshape(-1)


def _x_log_x(x: np.ndarray) -> np.ndarray:
    return x * np.log(np.maximum(x, _TINIEST))


def as_channel(channel: Any) -> Channel:
    """Return a Channel unchanged; check anything array-like or sparse and make it a Channel.

    A large array is not copied, because it cannot change before the call returns.
    """
    if isinstance(channel, Channel):
        return channel
    return Channel.from_valid(
        validate.probability_rows(channel, "channel", rescaling="pass Channel(matrix, normalize=True)", copy=False)
    )


def entropy(distribution: Any, base: float | str = 2) -> float:
    """Compute the entropy of a distribution.

    Parameters
    ----------
    distribution : array_like of shape (n,)
        Probabilities.
    base : float or "e"
        2 for bits, ``math.e`` or ``"e"`` for nats.

    Returns
    -------
    float
        Entropy, at least 0.

    Raises
    ------
    ValueError
        If `distribution` is no probability distribution.

    See Also
    --------
    divergence : Compute the relative entropy of two distributions.
    mutual_information : Compute the information between input and output of a channel.

    Examples
    --------
    >>> import empowerment as emp
    >>> emp.entropy([0.5, 0.25, 0.25])
    1.5
    """
    p = validate.distribution(distribution, None, "distribution")
    return float(-_x_log_x(p).sum() / math.log(validate.base(base))) + 0.0


def divergence(p: Any, q: Any, base: float | str = 2) -> float:
    """Compute the relative entropy ``D(p || q)`` of two distributions.

    Parameters
    ----------
    p, q : array_like of shape (n,)
        Probabilities.
    base : float or "e"
        2 for bits, ``math.e`` or ``"e"`` for nats.

    Returns
    -------
    float
        Relative entropy, at least 0; infinite where q is 0 and p is not.

    Raises
    ------
    ValueError
        If `p` or `q` is no probability distribution, or their lengths differ.

    See Also
    --------
    entropy : Compute the entropy of a distribution.
    mutual_information : Compute the information between input and output of a channel.

    Examples
    --------
    >>> import empowerment as emp
    >>> round(emp.divergence([0.5, 0.5], [0.9, 0.1]), 6)
    0.736966
    """
    p = validate.distribution(p, None, "p")
    q = validate.distribution(q, p.size, "q")
    return float(Channel.from_valid(p[None, :]).divergences(q, base)[0])


def mutual_information(channel: Any, input_distribution: Any, base: float | str = 2) -> float:
    """Compute the mutual information of input and output of a channel.

    Parameters
    ----------
    channel : Channel or array_like of shape (n_inputs, n_outputs)
        One distribution over outputs for each input.
    input_distribution : array_like of shape (n_inputs,)
        Probability of each input.
    base : float or "e"
        2 for bits, ``math.e`` or ``"e"`` for nats.

    Returns
    -------
    float
        Mutual information in the unit of `base`.

    Raises
    ------
    ValueError
        If the channel is not stochastic, or `input_distribution` is no distribution over its inputs.

    See Also
    --------
    channel_capacity : Compute the maximum over input distributions.
    directed_information : Compute the information from actions to observations under a policy.

    Examples
    --------
    >>> import empowerment as emp
    >>> round(emp.mutual_information([[0.9, 0.1], [0.1, 0.9]], [0.5, 0.5]), 6)
    0.531004
    """
    return as_channel(channel).mutual_information(input_distribution, base)
