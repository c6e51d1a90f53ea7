"""Likelihoods of texts in place of what their tokens decide."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.models.mdp import MDP
from empowerment.proxies.question import Question, uniform_steps
from empowerment.proxies.result import BITS, ProxyResult
from empowerment.proxies.rollouts import Walkers
from empowerment.text.handoff.threshold import Threshold
from empowerment.text.tiers import TokenModelError
from empowerment.text.token_model import TokenModel, check_model

# A surprisal of exactly the threshold is recognised whatever the order of summation.
_SLACK = 1e-9
# Bits to which a language model must state the probability of a token that it drew.
_CLOSE = 1e-6


def token_surprisal(
    model: Any,
    horizon: int = 1,
    *,
    states: Any = None,
    n_texts: int = 100,
    rng: np.random.Generator | int | None = None,
) -> ProxyResult:
    """Estimate the mean surprisal of the tokens that come next.

    The score is the mean over texts of ``-log2 p(tokens | state)`` for the next `horizon` tokens, an estimate of
    their entropy.

    Parameters
    ----------
    model : TokenModel, MDP, or array of shape (n_states, n_actions, n_states)
        A language model of tier STEP; or a world, whose texts are the states that follow each other under actions
        that are drawn uniformly.
    horizon : int
        Number of tokens.
    states : prefix or list of prefixes; state label or list of state labels
        The texts so far, for a language model. For a world, states to start from, by default every state.
    n_texts : int
        Number of texts to draw in each state.
    rng : numpy.random.Generator, int or None
        Random source.

    Returns
    -------
    ProxyResult
        In bits.

    Raises
    ------
    ValueError
        If a language model gets no prefixes.
    empowerment.text.TokenModelError
        If a language model does not state how likely a token was that it drew.

    See Also
    --------
    token_threshold : Compare the surprisal with a threshold.
    empowerment.text.effective_empowerment : Compute what the next token decides of those after it.

    Notes
    -----
    The information of the next token about the text after it is at most its entropy. The difference is what the next
    token leaves no trace of: a choice between synonyms, or noise, is as surprising as a choice that matters. In a
    world the score is the entropy of a random walk, which counts what the world does like what the agent does.

    *Used by* Empower [1]_, which takes the surprisal of the person's own text for the entropy, and that for
    empowerment.

    References
    ----------
    .. [1] "Training LLM Agents to Empower Humans", arXiv:2510.13709, equation 2 and Algorithm 1.

    Examples
    --------
    >>> import empowerment as emp
    >>> hall = emp.worlds.open_grid(5)
    >>> round(float(emp.proxies.token_surprisal(hall, 2, states=(2, 2), rng=0)), 3)  # every text has probability 1/25
    4.644
    """
    drawn = _Texts(model, horizon, states, n_texts, rng)
    return drawn.answer("token_surprisal", drawn.surprisals.mean(axis=1), BITS)


def token_threshold(
    model: Any,
    horizon: int = 1,
    *,
    states: Any = None,
    threshold: Threshold | None = None,
    n_texts: int = 100,
    rng: np.random.Generator | int | None = None,
) -> ProxyResult:
    """Estimate how often the tokens that come next are less likely than a threshold.

    The score is the share of texts whose next `horizon` tokens together pass the threshold on their surprisal, so
    that an assistant with this rule would stop within them and hand over.

    Parameters
    ----------
    model : TokenModel, MDP, or array of shape (n_states, n_actions, n_states)
        As for :func:`token_surprisal`.
    horizon : int
        Number of tokens.
    states : prefix or list of prefixes; state label or list of state labels
        As for :func:`token_surprisal`.
    threshold : Threshold, optional
        The largest surprisal that the assistant decides; by default 0.32 bits, a probability of 0.8, as in the
        paper's simulations.
    n_texts : int
        Number of texts to draw in each state.
    rng : numpy.random.Generator, int or None
        Random source.

    Returns
    -------
    ProxyResult
        A share of texts.

    Raises
    ------
    TypeError
        If `threshold` is no Threshold.
    ValueError
        If a language model gets no prefixes.
    empowerment.text.TokenModelError
        If a language model does not state how likely a token was that it drew.

    See Also
    --------
    token_surprisal : Average the amount that is compared.
    empowerment.text.select : Apply the rule to a text.

    Notes
    -----
    A threshold keeps one bit of the surprisal, and with it all its faults as a stand-in for what is decided: noise is
    handed over, and a decision that is made as good as always the same way is not, whatever hangs on it.

    *Used by* Empower [1]_.

    References
    ----------
    .. [1] "Training LLM Agents to Empower Humans", arXiv:2510.13709, equation 2 and Algorithm 1.

    Examples
    --------
    >>> from empowerment import proxies
    >>> from empowerment.text import TableModel
    >>> model = TableModel({"": {" for": 0.9, " if": 0.1}, " for": {" i": 0.5, " j": 0.5}})
    >>> proxies.token_threshold(model, states=["", " for"], rng=0).value.round(1).tolist()
    [0.1, 1.0]
    """
    threshold = Threshold.bits(0.32) if threshold is None else validate.instance(threshold, Threshold, "threshold")
    drawn = _Texts(model, horizon, states, n_texts, rng)
    slack = _SLACK if threshold.inclusive else -_SLACK
    passed = (drawn.surprisals > threshold.in_bits + slack).mean(axis=1)
    return drawn.answer("token_threshold", passed, "share of texts")


class _Texts:
    """Texts that are drawn in each state, and the surprisal of each in bits."""

    def __init__(self, model: Any, horizon: Any, states: Any, n_texts: Any, rng: Any) -> None:
        n_texts = validate.positive_int(n_texts, "n_texts", most=validate.MOST_DRAWS)
        rng, self._n_texts = validate.generator(rng), n_texts
        self._question: Question | None = None
        if isinstance(model, MDP | np.ndarray):
            self._question = Question.checked(model, horizon, states)
            self.surprisals = _of_walks(self._question, n_texts, rng)
            return
        check_model(model)
        self._prefixes = _prefixes(states)
        self._horizon = validate.positive_int(horizon, "horizon", most=validate.MOST_DRAWS)
        found = [_of_texts(model, prefix, self._horizon, n_texts, rng) for prefix in self._prefixes]
        self.surprisals = np.array(found)

    def answer(self, proxy: str, values: np.ndarray, unit: str) -> ProxyResult:
        """Return the result with a value for each state."""
        if self._question is not None:
            return self._question.answer(proxy, values, n_samples=self._n_texts, unit=unit)
        numbers = np.arange(len(self._prefixes))
        return ProxyResult(values, tuple(self._prefixes), numbers, proxy, self._horizon, self._n_texts, unit)


def _prefixes(states: Any) -> Sequence[str]:
    if states is None:
        raise ValueError("states is None, expected the prefixes after which a language model goes on, such as ['']")
    return validate.texts([states] if isinstance(states, str) else states, "states")


def _of_walks(question: Question, n_texts: int, rng: np.random.Generator) -> np.ndarray:
    """Return the surprisal of random walks, of shape (n_states, n_texts)."""
    walkers, steps = Walkers(question.model, rng), uniform_steps(question.model)
    at = np.repeat(question.numbers, n_texts)
    total = np.zeros(at.size)
    for _ in range(question.horizon):
        after = walkers.moved(at)
        total -= np.log2(np.asarray(steps[at, after]).reshape(-1))
        at = after
    return total.reshape(-1, n_texts)


def _of_texts(model: TokenModel, prefix: str, horizon: int, n_texts: int, rng: np.random.Generator) -> list[float]:
    """Return the surprisal of texts that a language model writes after a prefix."""
    seeds = rng.integers(2**31, size=n_texts)
    found = []
    for seed in seeds.tolist():
        ends = [each.surprisal() for each in islice(model.step(prefix, horizon, temperature=1.0, seed=seed), horizon)]
        for end in ends:
            if not end.upper - end.lower <= _CLOSE:
                raise TokenModelError(
                    f"{model.name} states the surprisal of a token after {prefix!r} as {end.lower:.6g} to "
                    f"{end.upper:.6g} bits, expected one number"
                )
        found.append(sum(0.5 * (end.lower + end.upper) for end in ends))
    return found
