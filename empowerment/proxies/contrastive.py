"""Contrastive estimates of information: InfoNCE with a trained table of scores, and at its exact optimum."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import sparse

from empowerment.actuation.open_loop.channel import DEFAULT_MEMORY
from empowerment.core import validate
from empowerment.proxies.question import Question
from empowerment.proxies.result import ProxyResult
from empowerment.proxies.rollouts import RowSampler

INPUTS = ("first-action", "sequences")
# Step of the trapezoidal rule in the logarithm of t, which leaves errors below rounding, and where t begins.
_STEP, _FIRST = 0.2, -40.0
# Beyond this multiple of 1 / (smallest probability) the integrand is 0 in double precision.
_LAST = 800.0
# Learning rate of AdaGrad (Duchi, Hazan and Singer 2011), and what keeps it from dividing by 0.
_RATE, _TINY = 0.3, 1e-8


def contrastive_information(
    model: Any,
    horizon: int = 1,
    *,
    states: Any = None,
    sensor: Any = None,
    inputs: str = "first-action",
    batch_size: int = 32,
    n_batches: int = 200,
    memory: float = DEFAULT_MEMORY,
    rng: np.random.Generator | int | None = None,
) -> ProxyResult:
    """Estimate information with a contrastive critic that is trained on samples.

    For each state, a table of scores f(x, y) of inputs and readings learns to tell which input of a batch of K led to
    a reading: it climbs InfoNCE, the mean over the batch of ``log2(K exp f(x_i, y_i) / sum_j exp f(x_j, y_i))``, by
    stochastic gradients (AdaGrad). The score is the mean of InfoNCE over as many fresh batches.

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
    inputs : {"first-action", "sequences"}
        Whether an input is the first action, those after it being drawn uniformly, or the whole sequence. Either is
        drawn uniformly.
    batch_size : int
        Pairs in a batch, at least 2: one of them matches, the others are contrasted.
    n_batches : int
        Batches to train on, and again to evaluate.
    memory : float
        Limit in bytes on the rows of one state.
    rng : numpy.random.Generator, int or None
        Random source.

    Returns
    -------
    ProxyResult
        In bits, at most ``log2(batch_size)``.

    Raises
    ------
    MemoryError
        If the rows of a state need more than `memory`.

    See Also
    --------
    contrastive_optimum : Compute what the best critic would reach on average.
    first_action_information : Compute the information that is bounded.

    Notes
    -----
    On average InfoNCE is at most the information, which is at most the empowerment, and no batch is above the
    logarithm of its size: K pairs cannot prove more. A critic that is not yet trained falls short further, and may be
    below 0.

    *Used by* ESR [1]_, and by EELMA [2]_ for agents that are language models, both with neural critics, the first
    action of a policy as the input, and a horizon that is drawn from a geometric distribution. ESR's loss contrasts
    in both directions; EELMA reports differences of two scores, which InfoNCE fixes up to a number for each anchor
    only. The bound is that of [3]_; its ceiling is discussed in [4]_.

    References
    ----------
    .. [1] Myers, Ellis, Levine, Eysenbach and Dragan (2024), "Learning to assist humans without inferring rewards",
       arXiv:2411.02623.
    .. [2] Song, Gore and Kleiman-Weiner (2025), "Estimating the empowerment of language model agents",
       arXiv:2509.22504.
    .. [3] van den Oord, Li and Vinyals (2018), "Representation learning with contrastive predictive coding",
       arXiv:1807.03748, equation 4 and appendix A.1.
    .. [4] Poole, Ozair, van den Oord, Alemi and Tucker (2019), "On variational bounds of mutual information".

    Examples
    --------
    >>> import empowerment as emp
    >>> hall = emp.worlds.open_grid(5)
    >>> found = emp.proxies.contrastive_information(hall, states=(2, 2), batch_size=4, rng=0)
    >>> 1.0 < float(found) <= 2.0, round(float(emp.empowerment(hall, states=(2, 2))), 3)
    (True, 2.322)
    """
    question = Question.checked(model, horizon, states, sensor)
    size, rng = _batch_size(batch_size), validate.generator(rng)
    n_batches = validate.positive_int(n_batches, "n_batches", most=validate.MOST_DRAWS)
    rows_of = _rows_of(question, inputs, memory)
    values = question.of_each(rows_of, lambda rows: _trained(rows, size, n_batches, rng))
    return question.answer("contrastive_information", values, n_samples=2 * size * n_batches)


def contrastive_optimum(
    model: Any,
    horizon: int = 1,
    *,
    states: Any = None,
    sensor: Any = None,
    inputs: str = "first-action",
    batch_size: int = 32,
    memory: float = DEFAULT_MEMORY,
) -> ProxyResult:
    """Compute the mean of InfoNCE under the best critic.

    The best score of an input x and a reading y is ``log p(y | x)``, up to a number for each reading. The value is
    the mean of InfoNCE under it, over all batches that can be drawn.

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
    inputs : {"first-action", "sequences"}
        As for :func:`contrastive_information`.
    batch_size : int
        Pairs in a batch, at least 2.
    memory : float
        Limit in bytes on the rows of one state.

    Returns
    -------
    ProxyResult
        In bits, computed from the model: at most ``log2(batch_size)``, and at most the information of a uniform
        input.

    Raises
    ------
    MemoryError
        If the rows of a state need more than `memory`.

    See Also
    --------
    contrastive_information : Estimate it with a critic that is trained.

    Notes
    -----
    The mean is ``sum_xy p(x) p(y|x) (log(K p(y|x)) - E log(p(y|x) + S))``, where S is the sum of K - 1 independent
    draws of p(y|X). With ``log z = ∫ (exp(-t) - exp(-t z)) dt / t`` from 0 to infinity, the expectation is a single
    integral of ``(E exp(-t p(y|X))) ** (K - 1)``, which the trapezoidal rule in log t gives to rounding.

    References
    ----------
    van den Oord, Li and Vinyals (2018), "Representation learning with contrastive predictive coding",
    arXiv:1807.03748, equations 4 and 5.

    Examples
    --------
    Two actions without noise carry one bit, of which two pairs a batch show a half:

    >>> import empowerment as emp
    >>> lamp = emp.from_table({"off": {"stay": "off", "toggle": "on"}, "on": {"stay": "on", "toggle": "off"}})
    >>> [round(float(emp.proxies.contrastive_optimum(lamp, states="on", batch_size=k)), 3) for k in (2, 4, 64)]
    [0.5, 0.781, 0.989]
    """
    question = Question.checked(model, horizon, states, sensor)
    size = _batch_size(batch_size)
    return question.answer(
        "contrastive_optimum", question.of_each(_rows_of(question, inputs, memory), lambda rows: _best(rows, size))
    )


def _batch_size(value: Any) -> int:
    size = validate.positive_int(value, "batch_size", most=validate.MOST_DRAWS)
    if size < 2:
        raise ValueError("batch_size is 1, expected at least 2: one pair has nothing to be contrasted with")
    return size


def _rows_of(question: Question, inputs: str, memory: float) -> Any:
    memory = validate.memory(memory)
    whole = validate.one_of(inputs, INPUTS, "inputs") == "sequences"
    return question.sequence_rows(memory) if whole else question.first_action_rows()


def _best(rows: np.ndarray, size: int) -> float:
    """Return the mean of InfoNCE at its optimum, in bits, for inputs that are drawn uniformly."""
    total = 0.0
    for column in rows.T:
        chances, place = np.unique(column, return_inverse=True)
        share = np.bincount(place.reshape(-1)) / len(column)
        seen = chances > 0
        logs = np.log(size * chances[seen]) - _mean_log(chances, share, size - 1)[seen]
        total += float((share * chances)[seen] @ logs)
    return max(total, 0.0) / math.log(2.0)


def _mean_log(chances: np.ndarray, share: np.ndarray, count: int) -> np.ndarray:
    """Return E log(c + S) for each of the chances c above 0, where S sums `count` draws of a chance; 0 for c = 0."""
    last = math.log(_LAST / chances[chances > 0].min())
    t = np.exp(np.arange(_FIRST, last + _STEP, _STEP))
    decay = np.exp(-t[:, None] * chances)
    integrand = np.exp(-t)[:, None] - decay * ((decay @ share) ** count)[:, None]
    return np.where(chances > 0, _STEP * integrand.sum(axis=0), 0.0)


def _trained(rows: np.ndarray, size: int, n_batches: int, rng: np.random.Generator) -> float:
    """Return the mean of InfoNCE over fresh batches, in bits, of a table of scores after training."""
    draw, place = RowSampler(sparse.csr_array(rows)), np.arange(size)
    scores, squares = np.zeros(rows.shape), np.full(rows.shape, _TINY)

    def batch() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        x = rng.integers(len(rows), size=size)
        y = draw(x, rng)
        table = scores[x[:, None], y]
        table -= table.max(axis=0)
        return x, y, table - np.log(np.exp(table).sum(axis=0))

    for _ in range(n_batches):
        x, y, logs = batch()
        pull = -np.exp(logs)
        pull[place, place] += 1.0
        slope = np.zeros(rows.shape)
        np.add.at(slope, (x[:, None], y), pull)
        squares += slope**2
        scores += _RATE * slope / np.sqrt(squares)
    found = [batch()[2][place, place].mean() for _ in range(n_batches)]
    return (float(np.mean(found)) + math.log(size)) / math.log(2.0)
