"""An oracle of all action sequences that does not store their rows.

The divergence of a row from q is the sum of an offset, which is computed once and is all that is stored of the row,
and of ``- sum_y row(y) log q(y)``. For a sequence made of a prefix and a suffix the latter is the prefix's row
times the expectation of ``log q`` after the suffix, so that one matrix product prices all pairs of them.
"""

from __future__ import annotations

import numpy as np

from empowerment.actuation.dynamics import Dynamics
from empowerment.actuation.open_loop.column_generation import Columns
from empowerment.actuation.open_loop.layers import Kernels, Layer

_HALF_ULP = np.finfo(float).eps / 2
_LOG_TERMS = 64.0  # bound on the error of an offset, in half-ulps: its logarithms, products and sums
_MIN_PROPOSALS = 16


class SequenceOracle:
    """An oracle of the sequences of a layer, each continued by a suffix of `depth` actions.

    Parameters
    ----------
    layer : Layer
    dynamics : Dynamics
    depth : int
    kernels : Kernels

    Attributes
    ----------
    offsets : ndarray of shape (n_rows, n_suffixes)
        Minus infinity where the suffix is not available.
    relative_error : float
        Bound on the relative error of rows; see :class:`empowerment.actuation.open_loop.layers.Layer`.
    """

    def __init__(self, layer: Layer, dynamics: Dynamics, depth: int, kernels: Kernels) -> None:
        self.layer, self.dynamics, self._kernels = layer, dynamics, kernels
        self.suffixes = dynamics.suffixes(depth)
        self.offsets = kernels.actuation.leaf_offsets(layer.rows, self.suffixes, dynamics.steps, dynamics.readings)
        rounding = (depth + 1) * dynamics.product_error
        self.relative_error = layer.relative_error + rounding + dynamics.exchange_error(depth)
        self._terms = (depth + 1) * (dynamics.n_columns + 4) + dynamics.sensor.shape[1] + _LOG_TERMS

    @property
    def is_empty(self) -> bool:
        """Whether no sequence is available."""
        return not np.isfinite(self.offsets).any()

    def divergences(self, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return for each row of the layer the largest divergence from q after any suffix, and the suffix.

        Divergences are rounded up; where no suffix is available they are minus infinity.
        """
        suffix_values = self.dynamics.expected_after(np.asarray(self.dynamics.sensor @ np.log(q)), self.suffixes)
        best, suffix = self._kernels.actuation.price(self.layer.rows, suffix_values, self.offsets)
        with np.errstate(invalid="ignore"):
            size = 2.0 + np.abs(best) + 2.0 * float(np.abs(suffix_values).max(initial=0.0))
            best = best + (q.sum() - 1.0) + _HALF_ULP * self._terms * np.where(np.isfinite(best), size, 0.0)
        return best, suffix

    def first(self) -> Columns:
        """Return, for each column, the row that is most likely to lead there, followed by each action repeated."""
        constant = (
            np.flatnonzero((self.suffixes == self.suffixes[:, :1]).all(axis=1))
            if self.suffixes.size
            else np.zeros(1, int)
        )
        likely = np.unique(self.layer.rows.argmax(axis=0))
        which, suffixes = (part.reshape(-1) for part in np.meshgrid(likely, constant, indexing="ij"))
        available = np.isfinite(self.offsets[which, suffixes])
        if not available.any():
            which, suffixes = (part[:1] for part in np.isfinite(self.offsets).nonzero())
            available = np.ones(1, dtype=bool)
        return self._columns(which[available], suffixes[available])

    def price(self, q: np.ndarray, above: float) -> tuple[float, Columns]:
        """Return the largest divergence of any sequence from q, and the best sequences of some prefixes."""
        best, suffix = self.divergences(q)
        limit = max(_MIN_PROPOSALS, q.size)
        which = np.flatnonzero(best > above)
        if which.size > limit:
            which = which[np.argpartition(-best[which], limit)[:limit]]
        return float(best.max()), self._columns(which, suffix[which])

    def rows(self, which: np.ndarray, suffixes: np.ndarray) -> np.ndarray:
        """Return the distribution of the reading after rows of the layer, each followed by a suffix."""
        chosen = np.ascontiguousarray(self.suffixes[suffixes])
        return self.dynamics.read(
            self._kernels.actuation.sequence_rows(self.layer.rows[which], chosen, self.dynamics.steps)
        )

    def _columns(self, which: np.ndarray, suffixes: np.ndarray) -> Columns:
        sequences = np.concatenate([self.layer.sequences[which], self.suffixes[suffixes]], axis=1)
        return Columns(self.rows(which, suffixes), np.zeros(which.size), sequences)
