"""Second-order bias and standard error of information computed from counts."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from empowerment.capacity.solve import channel_capacity
from empowerment.core import validate
from empowerment.core.channel import Channel

CORRECTIONS = ("miller-madow",)

# An input within this many nats of the capacity counts as optimal, and one above this probability as used. The
# capacity is solved to 1e-12, which leaves errors of some 1e-6 where an input is neither in nor out.
_OPTIMAL, _USED = 1e-5, 1e-5
# Eigenvalues below this share of the largest one are zeros with a rounding error.
_SINGULAR = 1e-10


class Expansion(NamedTuple):
    """Expansion of the capacity of an empirical channel to the second order in the sampling errors of its rows.

    Attributes
    ----------
    bias : float or None
        Mean excess of the plug-in.
    standard_error : float or None
    caveat : str or None
        Reason why one or both are None.
    """

    bias: float | None
    standard_error: float | None
    caveat: str | None

    def in_units_of(self, unit: float) -> Expansion:
        """Return the expansion in another unit, given in nats."""
        bias, error = (None if each is None else each / unit for each in self[:2])
        return Expansion(bias, error, self.caveat)


def expansion(counts: np.ndarray, backend: str | None = None) -> Expansion:
    """Expand the capacity of the empirical channel around that channel.

    The expansion needs a unique optimal input distribution, whose inputs alone attain the capacity.

    Parameters
    ----------
    counts : ndarray of int of shape (n_inputs, n_outputs)
        At least one sample of each input.
    backend : str, optional

    Returns
    -------
    Expansion
        In nats.
    """
    n = counts.sum(axis=1)
    rows = counts[:, counts.any(axis=0)] / n[:, None]
    plug_in = channel_capacity(rows, tol=validate.MIN_TOL, base=math.e, backend=backend, on_failure="ignore")
    if plug_in.lower <= plug_in.tol:
        return Expansion(None, None, "no bias and no standard error at a capacity of 0, where it has no slope")
    p, q = plug_in.input_distribution, plug_in.output_distribution
    used = p > _USED
    if np.count_nonzero(rows[used]) == np.count_nonzero(used):
        return Expansion(None, None, "no bias and no standard error where samples show no noise: there may be some")
    near = Channel.from_valid(rows).divergences(q, math.e) >= plug_in.value - _OPTIMAL
    curvatures, _ = _curvatures(rows[near], q)
    if np.sum(curvatures > _SINGULAR * curvatures.max()) < near.sum() - 1:
        return Expansion(None, None, "no bias and no standard error where several input distributions are optimal")
    scores = np.log(np.where(rows > 0, rows, 1.0) / q) * (rows > 0)
    spread = (rows * scores**2).sum(axis=1) - (rows * scores).sum(axis=1) ** 2
    error = math.sqrt(float(p**2 @ (np.maximum(spread, 0.0) / n)))
    if (near & ~used).any():
        x = int(np.argmax(near & ~used))
        return Expansion(None, error, f"no bias where an input is at the brink of being used, as input {x} is")
    bias = bias_at(counts, p) + _regained(rows[used], p[used], q, n[used], scores[used])
    return Expansion(bias, error, None)


def bias_at(counts: np.ndarray, p: np.ndarray) -> float:
    """Return the second-order bias of the information at a fixed input distribution, in nats.

    What Miller (1955) found for an entropy, with rows that are sampled one by one: the entropy of each row comes out
    too small by ``(outputs it reached - 1) / (2 n)``, and the entropy of the output by half the sum of the
    variances of its frequencies, each divided by the frequency.
    """
    n = counts.sum(axis=1)
    rows = counts / n[:, None]
    q = p @ rows
    seen = q > 0
    variances = (p**2 / n) @ (rows * (1.0 - rows))
    return float(p @ ((np.count_nonzero(counts, axis=1) - 1) / (2.0 * n)) - 0.5 * (variances[seen] / q[seen]).sum())


def _curvatures(rows: np.ndarray, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the curvatures of the information along changes of p with sum 0, and the directions, in columns."""
    hessian = (rows / q) @ rows.T
    hessian -= hessian.mean(axis=0)
    hessian -= hessian.mean(axis=1, keepdims=True)
    values, directions = np.linalg.eigh(0.5 * (hessian + hessian.T))
    return values, directions


def _regained(rows: np.ndarray, p: np.ndarray, q: np.ndarray, n: np.ndarray, scores: np.ndarray) -> float:
    """Return the mean gain of the maximum because its input distribution adapts to the sample, in nats."""
    ratios = rows / q
    covariance = np.zeros((len(rows), len(rows)))
    for x, row in enumerate(rows):  # effect of a change of this row on the divergence of every row
        effects = -p[x] * ratios
        effects[x] += scores[x]
        effects -= (effects @ row)[:, None]
        covariance += (effects * row) @ effects.T / n[x]
    curvatures, directions = _curvatures(rows, q)
    bends = curvatures > _SINGULAR * curvatures.max()  # all directions that keep the sum
    along = directions[:, bends]
    return 0.5 * float((np.sum(along * (covariance @ along), axis=0) / curvatures[bends]).sum())


def information_from_counts(
    counts: Any, input_distribution: Any = None, *, correction: str | None = "miller-madow", base: float | str = 2
) -> float:
    """Estimate the mutual information of input and output from counts.

    The input distribution is given, or estimated from the counts. Do not use this function for capacities: a capacity
    is a maximum, which adapts to the sample and so has a larger bias. Use :func:`capacity_from_counts` for it.

    Parameters
    ----------
    counts : array_like of int or sparse array of shape (n_inputs, n_outputs)
        How often each output followed each input.
    input_distribution : array_like of shape (n_inputs,), optional
        The distribution at which the information is wanted, for data in which the number of samples of each input was
        fixed in advance. Inputs with a positive probability need samples. Without it the counts are those of pairs
        that were drawn jointly, and the share of each input estimates the input distribution as well.
    correction : {"miller-madow", None}
        Subtract the bias to the second order, or nothing.
    base : float or "e"
        2 for bits, ``math.e`` or ``"e"`` for nats.

    Returns
    -------
    float
        The estimate in the unit of `base`; below 0 where the correction is larger than the plug-in value.

    Raises
    ------
    ValueError
        If counts are not whole numbers of at least 0, if there are none where some are needed, or if an option is
        not known.

    See Also
    --------
    capacity_from_counts : Estimate the capacity from the same counts.
    mutual_information : Compute the information of a channel that is known.

    Notes
    -----
    For pairs drawn together, the correction is Miller's for each of the three entropies: with as many pairs, inputs
    and outputs as were seen at least once, ``(pairs - inputs - outputs + 1) / (2 n)`` nats for n samples.

    If the numbers of samples were fixed in advance, that is too little: the input distribution is then known, and the
    frequencies of outputs vary less. With `input_distribution`, each row has its correction ``(outputs - 1) / (2
    n_x)``, and the entropy of the output the one that belongs to the variances of rows sampled apart.

    Outputs that were possible but not seen are not counted, so that with few samples the correction is too small.

    References
    ----------
    Miller (1955), "Note on the bias of information estimates".
    Paninski (2003), "Estimation of entropy and mutual information".

    Examples
    --------
    >>> import empowerment as emp
    >>> counts = [[27, 3], [3, 27]]
    >>> round(emp.information_from_counts(counts, correction=None), 6)
    0.531004
    >>> round(emp.information_from_counts(counts), 6)
    0.518982
    >>> round(emp.information_from_counts(counts, [0.5, 0.5]), 6)
    0.511288
    """
    array = validate.counts(counts)
    unit = math.log(validate.base(base))
    if correction is not None:
        validate.one_of(correction, CORRECTIONS, "correction")
    n = array.sum(axis=1)
    if not n.any():
        raise ValueError("counts holds no samples, expected at least one")
    fixed = input_distribution is not None
    p = validate.distribution(input_distribution, len(n), "input_distribution") if fixed else n / n.sum()
    if (p[n == 0] > 0).any():
        x = int(np.argmax((n == 0) & (p > 0)))
        raise ValueError(f"counts[{x}] has no samples, but input_distribution[{x}] is {p[x]:g}, expected 0")
    array, p, n = array[n > 0], p[n > 0], n[n > 0]
    information = Channel.from_valid(array / n[:, None]).mutual_information(p, math.e)
    if correction is None:
        return information / unit
    if fixed:
        return (information - bias_at(array, p)) / unit
    seen = np.count_nonzero(array) - len(n) - np.count_nonzero(array.any(axis=0)) + 1
    return float(information - seen / (2.0 * n.sum())) / unit
