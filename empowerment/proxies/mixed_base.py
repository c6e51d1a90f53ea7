"""The Blahut-Arimoto iteration of a script that is often copied, which mixes two bases of the logarithm."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import sparse

from empowerment.actuation.open_loop.channel import DEFAULT_MEMORY
from empowerment.core import validate
from empowerment.core.channel import Channel
from empowerment.proxies.question import Question
from empowerment.proxies.result import ProxyResult

# What the script adds to probabilities, so that no logarithm is infinite.
_FLOOR = 1e-40
# Passes after which the iteration is given up; those of the tables in the documentation take some dozens.
_MOST_PASSES = 100_000


def mixed_base_capacity(
    model: Any,
    horizon: int = 1,
    *,
    states: Any = None,
    sensor: Any = None,
    tol: float = 1e-3,
    memory: float = DEFAULT_MEMORY,
    rng: np.random.Generator | int | None = None,
) -> ProxyResult:
    """Compute what the most copied script returns for the empowerment of states.

    The score is :func:`mixed_base_blahut_arimoto` of the channel that has a row for every sequence of actions.

    Parameters
    ----------
    model : MDP, or array of shape (n_states, n_actions, n_states)
        The world.
    horizon : int
        Number of actions.
    states : state label or list of state labels, optional
        States to start from; by default every state.
    sensor : None, "state", callable or array_like of shape (n_states, n_readings)
        What is read, as for :func:`empowerment.empowerment`.
    tol : float
        The script's own criterion stops below this, 0.001 by default. It bounds no error.
    memory : float
        Limit in bytes on the rows of one state.
    rng : numpy.random.Generator, int or None
        Random source of the first input distribution.

    Returns
    -------
    ProxyResult
        In what the script calls bits.

    Raises
    ------
    MemoryError
        If the rows of a state need more than `memory`.
    RuntimeError
        If the iteration does not stop.

    See Also
    --------
    mixed_base_blahut_arimoto : Describe the fault, for one channel.
    empowerment.empowerment : Compute the capacity with its interval.

    Notes
    -----
    Right in deterministic worlds, and in states in which chance decides everything, where both values are 0; too
    small elsewhere, or 0. One step ahead in a world whose actions are certain in some cells and make no difference in
    the others, as on ice, it is right everywhere. From two steps on, or in a model that is learned, it is not.

    Examples
    --------
    >>> import empowerment as emp
    >>> world = emp.worlds.slip_grid()
    >>> found = emp.proxies.mixed_base_capacity(world, 1, states=(5, 5), rng=0)
    >>> round(float(found), 2), round(float(emp.empowerment(world, 1, states=(5, 5))), 2)
    (1.36, 1.65)
    """
    question = Question.checked(model, horizon, states, sensor)
    tol, rng = validate.finite(tol, "tol", above=0.0), validate.generator(rng)
    rows_of = question.sequence_rows(validate.memory(memory))
    return question.answer("mixed_base_capacity", question.of_each(rows_of, lambda rows: _iterated(rows, tol, rng)))


def mixed_base_blahut_arimoto(
    channel: Any, *, tol: float = 1e-3, rng: np.random.Generator | int | None = None
) -> float:
    """Iterate as Blahut and Arimoto do, but with the exponential of a logarithm to base 2.

    With the posterior ``phi(x|y) = p(x) W(y|x) / q(y)``, each pass takes ``r(x) = exp(sum_y W(y|x) log2 phi(x|y))``
    and the next input distribution proportional to r. The value is log2 of the sum of r, or 0 where that is negative.
    Blahut and Arimoto have 2 in place of e, or the natural logarithm.

    Parameters
    ----------
    channel : Channel or array_like of shape (n_inputs, n_outputs)
        A distribution of outputs for each input.
    tol : float
        Passes end once ``max_x log2(r(x) / p(x))`` exceeds the value by at most this, which bounds no error.
    rng : numpy.random.Generator, int or None
        Random source: the first input distribution is drawn, as in the script.

    Returns
    -------
    float
        In what the script calls bits.

    Raises
    ------
    RuntimeError
        If the passes do not end.

    See Also
    --------
    empowerment.channel_capacity : Compute the capacity with its interval.
    mixed_base_capacity : Apply it to the states of a world.

    Notes
    -----
    The update raises the correct weights to the power ``c = 1 / ln 2 = 1.44``. Where every posterior is 0 or 1, as in
    a channel without noise, the weights are 1 whatever the power, and the value is the capacity. Elsewhere it is not.
    If the uniform distribution is optimal for K inputs and the iteration stays there, it returns ``log2 K - (log2 K -
    C) / ln 2`` for a capacity of C bits: what noise takes away is taken away 1.44 times, and 0 is said where that is
    more than there is. With more noise the iteration leaves that point and ends at a single input, which also gives
    0. Equal rows share their weight unstably, and one of them takes it all.

    The formula is that of a public re-implementation of Klyubin's maze [1]_ and was found in three distinct public
    files, one of them behind maps in the repository of [2]_, which it does not visibly distort: in the true models
    there few states are noisy, and of one step it is right in all of them. It was written anew here, from its
    description, to be compared.

    References
    ----------
    .. [1] The repository Mchristos/empowerment, `info_theory.py`.
    .. [2] Mantiuk, Zhou and Wu (2025), "From curiosity to competence", arXiv:2507.08210.

    Examples
    --------
    >>> import empowerment as emp
    >>> switch = [[0.89, 0.11], [0.11, 0.89]]
    >>> round(emp.proxies.mixed_base_blahut_arimoto(switch, rng=0), 3), round(float(emp.channel_capacity(switch)), 3)
    (0.279, 0.5)
    """
    rows = channel.matrix if isinstance(channel, Channel) else Channel(channel).matrix
    dense = np.asarray(rows.toarray() if sparse.issparse(rows) else rows)
    return _iterated(dense, validate.finite(tol, "tol", above=0.0), validate.generator(rng))


def _iterated(rows: np.ndarray, tol: float, rng: np.random.Generator) -> float:
    """Return the value of the iteration for dense rows."""
    p = rng.random(len(rows))
    p /= p.sum()
    rows = rows[:, rows.any(axis=0)]  # what cannot be read has no posterior
    possible = rows > 0
    for _ in range(_MOST_PASSES):
        posterior = np.where(possible, rows * (p[:, None] / (p @ rows)), 1.0)
        weights = np.exp((rows * np.log2(posterior)).sum(axis=1))
        value = math.log2(weights.sum())
        with np.errstate(divide="ignore"):  # an input without weight is not the largest
            excess = float(np.log2(weights / p).max()) - value
        p = weights + _FLOOR
        p /= p.sum()
        if excess <= tol:
            return max(value, 0.0)
    raise RuntimeError(f"the iteration did not end within {_MOST_PASSES} passes, expected tol={tol:g} to be met")
