"""Hard channels and certificate checks, for the tests of this library and of code that builds on it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from empowerment.capacity.result import CapacityResult
from empowerment.core import validate
from empowerment.core.channel import as_channel

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

_Family = Callable[[np.random.Generator, int, int], np.ndarray]

# More inputs or outputs than this make no channel that could be solved.
_LARGEST = 10_000


def _dirichlet(rng: np.random.Generator, n: int, m: int) -> np.ndarray:
    return _normalised(rng.gamma(10 ** rng.uniform(-2, 1), size=(n, m)) + 1e-300)


def _sparse_dirichlet(rng: np.random.Generator, n: int, m: int) -> np.ndarray:
    return _normalised(rng.gamma(0.01, size=(n, m)) + 1e-300)


def _near_duplicates(rng: np.random.Generator, n: int, m: int) -> np.ndarray:
    centres = rng.dirichlet(np.ones(m), size=max(1, n // 4))
    rows = centres[rng.integers(len(centres), size=n)]
    return _normalised(rows * (1 + 1e-9 * rng.standard_normal((n, m))))


def _almost_useless(rng: np.random.Generator, n: int, m: int) -> np.ndarray:
    return _normalised(rng.dirichlet(np.ones(m)) * (1 + 10 ** rng.uniform(-6, -2) * rng.uniform(-1, 1, (n, m))))


def _deterministic(rng: np.random.Generator, n: int, m: int) -> np.ndarray:
    return np.eye(m)[rng.integers(m, size=n)]


def _almost_deterministic(rng: np.random.Generator, n: int, m: int) -> np.ndarray:
    noise = 10 ** rng.uniform(-12, -1)
    return _normalised((1 - noise) * _deterministic(rng, n, m) + noise * rng.dirichlet(np.ones(m), size=n))


def _faint_columns(rng: np.random.Generator, n: int, m: int) -> np.ndarray:
    return _normalised(rng.dirichlet(np.ones(m), size=n) * 10.0 ** rng.choice([0, -5, -15, -30], size=m))


def _thresholded(rng: np.random.Generator, n: int, m: int) -> np.ndarray:
    rows = rng.dirichlet(np.ones(m), size=n)
    return _normalised(np.where(rows >= np.quantile(rows, 0.6, axis=1, keepdims=True), rows, 0.0))


def _inside_hull(rng: np.random.Generator, n: int, m: int) -> np.ndarray:
    corners = rng.dirichlet(np.ones(m) * 0.3, size=max(2, n // 3))
    inner = rng.dirichlet(np.ones(len(corners)), size=max(n - len(corners), 0)) @ corners
    return _normalised(np.concatenate([corners, inner])[:n])


def _block_diagonal(rng: np.random.Generator, n: int, m: int) -> np.ndarray:
    parts = min(n, m, int(rng.integers(2, 5)))
    mask = np.arange(n)[:, None] % parts == np.arange(m)[None, :] % parts
    return _normalised((rng.gamma(0.5, size=(n, m)) + 1e-6) * mask)


def _denormal(rng: np.random.Generator, n: int, m: int) -> np.ndarray:
    scale = np.where(rng.random((n, m)) < 0.3, 1e-310, 1.0)
    scale[np.arange(n), rng.integers(m, size=n)] = 1.0
    return _normalised(rng.gamma(1.0, size=(n, m)) * scale)


def _near_boundary(rng: np.random.Generator, n: int, m: int) -> np.ndarray:
    """Z channels in a row: each input is almost sure, and slips towards output 0 more and more."""
    slip = 1 - 10.0 ** rng.uniform(-4, -0.5, size=n)
    rows = np.zeros((n, m))
    rows[:, 0] = slip
    rows[np.arange(n), 1 + np.arange(n) % (m - 1) if m > 1 else 0] += 1 - slip
    return rows


FAMILIES: dict[str, _Family] = {
    "dirichlet": _dirichlet,
    "sparse-dirichlet": _sparse_dirichlet,
    "near-duplicates": _near_duplicates,
    "almost-useless": _almost_useless,
    "deterministic": _deterministic,
    "almost-deterministic": _almost_deterministic,
    "faint-columns": _faint_columns,
    "thresholded": _thresholded,
    "inside-hull": _inside_hull,
    "block-diagonal": _block_diagonal,
    "denormal": _denormal,
    "near-boundary": _near_boundary,
}
"""Families of channels on which solvers fail: degenerate, nearly singular, nearly useless, denormal."""


def _normalised(rows: np.ndarray) -> np.ndarray:
    return rows / rows.sum(axis=1, keepdims=True)


def hard_channel(family: str, rng: np.random.Generator | int | None, n_inputs: int, n_outputs: int) -> np.ndarray:
    """Draw a random channel from a family of hard ones.

    Parameters
    ----------
    family : str
        A key of :data:`FAMILIES`.
    rng : Generator or int, optional
        Random source.
    n_inputs, n_outputs : int
        Size of the channel.

    Returns
    -------
    ndarray of shape (n_inputs, n_outputs)
        One distribution over outputs for each input.

    See Also
    --------
    channels : A Hypothesis strategy for such channels.
    check_certificate : Check a result.

    Examples
    --------
    >>> from empowerment.testing import hard_channel
    >>> hard_channel("block-diagonal", 0, 6, 4).shape
    (6, 4)
    """
    make = FAMILIES[validate.one_of(family, FAMILIES, "family")]
    n_inputs = validate.positive_int(n_inputs, "n_inputs", most=_LARGEST)
    n_outputs = validate.positive_int(n_outputs, "n_outputs", most=_LARGEST)
    return make(validate.generator(rng), n_inputs, n_outputs)


def channels(max_inputs: int = 12, max_outputs: int = 10) -> SearchStrategy[np.ndarray]:
    """Return a Hypothesis strategy for channels of all the hard families.

    Parameters
    ----------
    max_inputs, max_outputs : int
        Largest size of a channel.

    Returns
    -------
    hypothesis.strategies.SearchStrategy
        A strategy for arrays of shape (n_inputs, n_outputs).

    See Also
    --------
    hard_channel : Draw one channel.
    check_certificate : Check a result.

    Examples
    --------
    >>> from hypothesis import given, settings
    >>> import empowerment as emp
    >>> from empowerment.testing import channels, check_certificate
    >>> @settings(max_examples=3, deadline=None, database=None)
    ... @given(channels(max_inputs=4, max_outputs=3))
    ... def test_certificate(channel):
    ...     check_certificate(channel, emp.channel_capacity(channel))
    >>> test_certificate()
    """
    from hypothesis import strategies as st

    return st.builds(
        hard_channel,
        st.sampled_from(sorted(FAMILIES)),
        st.integers(0, 2**32 - 1),
        st.integers(1, max_inputs),
        st.integers(1, max_outputs),
    )


def check_certificate(channel: Any, result: CapacityResult, rewards: Any = None) -> None:
    """Check that both ends of a result follow from its distributions on a channel.

    The sums are exact (``math.fsum``) and share no arithmetic with the library.

    Parameters
    ----------
    channel : Channel or array_like of shape (n_inputs, n_outputs)
        The channel that was solved.
    result : CapacityResult
        The result.
    rewards : array_like of shape (n_inputs,), optional
        The rewards with which it was solved.

    Raises
    ------
    AssertionError
        If an end is not proved.

    See Also
    --------
    empowerment.verify : Recompute the ends of a result.
    channels : Channels to test.

    Examples
    --------
    >>> import empowerment as emp
    >>> from empowerment.testing import check_certificate
    >>> switch = [[0.9, 0.1], [0.1, 0.9]]
    >>> check_certificate(switch, emp.channel_capacity(switch))
    """
    matrix, result = as_channel(channel).matrix, validate.instance(result, CapacityResult, "result")
    count = len(result.input_distribution)
    given = np.zeros(count) if rewards is None else rewards
    input_rewards = validate.number_table(given, (count,), "rewards", "(input,)")
    rows = matrix.toarray() if hasattr(matrix, "toarray") else matrix
    p, q = result.input_distribution, result.output_distribution
    # The sums of rows, and so that of q, may miss 1 by what a Channel accepts.
    for name, values, slack in (("p", p, 1e-12), ("q", q, 1e-5)):
        assert (values >= 0).all(), f"{name} has negative entries"
        assert abs(math.fsum(values) - 1) <= slack, f"{name} sums to {math.fsum(values)!r}"
    # A product p * w may underflow where w does not; the term it belongs to is then below 1e-300.
    own_q = [max(math.fsum(p * column), math.ulp(0.0)) for column in rows.T]
    unit = math.log(result.base)
    lower = math.fsum(p[x] * (_exact_divergence(rows[x], own_q) / unit + input_rewards[x]) for x in np.flatnonzero(p))
    lower = lower if rewards is not None else max(lower, 0.0)
    upper = max(_exact_divergence(row, q) / unit + input_rewards[x] for x, row in enumerate(rows))
    assert result.lower <= lower, f"lower is {result.lower!r}, but p proves only {lower!r}"
    assert result.upper >= upper, f"upper is {result.upper!r}, but q proves only {upper!r}"
    assert result.lower <= result.value <= result.upper or result.value == 0, "value lies outside its interval"


def _exact_divergence(row: np.ndarray, q: Any) -> float:
    """Return the divergence of measures, which bounds capacities even where rows miss the sum 1 by rounding."""
    terms = [w * (math.log(w) - math.log(q[y])) for y, w in enumerate(row.tolist()) if w > 0]
    return math.fsum([*terms, *(-row), *q])
