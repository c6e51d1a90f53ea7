"""Assistants: none, of fixed length, with hand-over, or a function."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.text.assistance.process import Suggestion
from empowerment.text.handoff.characters import whole_starts
from empowerment.text.handoff.select import select
from empowerment.text.handoff.threshold import Costs, Threshold
from empowerment.text.position import Position
from empowerment.text.tiers import Tier
from empowerment.text.token_model import TokenModel, check_model

# Assistants that play one task together are all within that many texts of each other.
_REMEMBERED = 512


class Continuations:
    """Continuations of texts by a model, computed once for all assistants that share them.

    Parameters
    ----------
    model : TokenModel
        A model of tier STEP, which generates its most probable tokens.
    max_tokens : int
        Length of a continuation; no suggestion is longer. The assistants of [1]_ write 20 tokens at most.
    top : int
        Number of tokens listed at each position. Gates on the entropy need more of them.

    Raises
    ------
    TierError
        If the model reports no probabilities.

    See Also
    --------
    FixedLength, HandOver : Assistants that use continuations.
    compare_assistants : Compare assistants on the same tasks.

    References
    ----------
    .. [1] "Training LLM Agents to Empower Humans", arXiv:2510.13709.

    Examples
    --------
    >>> from empowerment.text import Continuations, TableModel
    >>> model = TableModel({"": {"a": 0.9, "b": 0.1}, "a": {"a": 0.5, "b": 0.5}})
    >>> [position.token for position in Continuations(model, max_tokens=2)("b")]
    [b'a', b'a']
    """

    def __init__(self, model: TokenModel, *, max_tokens: int = 20, top: int = 20) -> None:
        hint = "an assistant without probabilities is a FunctionAssistant"
        check_model(model, Tier.STEP, "Continuations", hint)
        self.model = model
        self.max_tokens = validate.positive_int(max_tokens, "max_tokens")
        self.top = validate.positive_int(top, "top")
        self._asked = lru_cache(_REMEMBERED)(self._ask)

    def __call__(self, text: str) -> tuple[Position, ...]:
        """Return the positions that the model generates after a text."""
        return self._asked(validate.text(text, "text"))

    def _ask(self, text: str) -> tuple[Position, ...]:
        return tuple(self.model.step(text, self.max_tokens, top=self.top))

    def __repr__(self) -> str:
        return f"Continuations({self.model.name!r}, max_tokens={self.max_tokens}, top={self.top})"


class NoAssistant:
    """Assistant that makes no suggestions.

    See Also
    --------
    compare_assistants : Compare assistants on the same tasks.

    Examples
    --------
    >>> from empowerment.text import NoAssistant
    >>> NoAssistant().suggest("Dear")
    Suggestion(text='', n_tokens=0, decided=True)
    """

    def suggest(self, text: str) -> Suggestion:
        """Suggest nothing.

        Parameters
        ----------
        text : str
            The text so far.

        Returns
        -------
        Suggestion
            The empty suggestion.
        """
        return Suggestion()


class FixedLength:
    """Assistant that suggests a fixed number of tokens.

    Parameters
    ----------
    continuations : Continuations
        The model's continuations.
    n_tokens : int
        Number of tokens; fewer are suggested where the text ends, or where the last ones would end inside a
        character.

    Raises
    ------
    ValueError
        If the continuations are shorter.

    See Also
    --------
    HandOver : Assistant whose suggestions end where the person should decide.
    compare_assistants : Compare assistants on the same tasks.

    Examples
    --------
    >>> from empowerment.text import Continuations, FixedLength, TableModel
    >>> model = TableModel({"": {" for": 0.9, " if": 0.1}, " for": {" i": 0.6, " j": 0.4}})
    >>> FixedLength(Continuations(model), 2).suggest("")
    Suggestion(text=' for i', n_tokens=2, decided=True)
    """

    def __init__(self, continuations: Continuations, n_tokens: int) -> None:
        validate.instance(continuations, Continuations, "continuations")
        self._n_tokens = validate.positive_int(n_tokens, "n_tokens")
        if n_tokens > continuations.max_tokens:
            raise ValueError(
                f"n_tokens is {n_tokens}, but the continuations have {continuations.max_tokens} tokens; make them "
                f"longer: Continuations(model, max_tokens={n_tokens})"
            )
        self._continuations = continuations

    def suggest(self, text: str) -> Suggestion:
        """Suggest the first tokens of the continuation.

        Parameters
        ----------
        text : str
            The text so far.

        Returns
        -------
        Suggestion
            The suggestion.
        """
        positions = self._continuations(text)[: self._n_tokens]
        end = next((i for i, position in enumerate(positions) if not position.token), len(positions))
        tokens = [position.token or b"" for position in positions[:end]]
        whole = int(np.flatnonzero(whole_starts(tokens))[-1])
        return Suggestion(_text(b"".join(tokens[:whole])), whole)

    def __repr__(self) -> str:
        return f"FixedLength({self._continuations!r}, {self._n_tokens})"


class HandOver:
    """Assistant that suggests what is predictable, and stops where the person should decide.

    Parameters
    ----------
    continuations : Continuations
        The model's continuations.
    rule : Threshold or Costs
        With a threshold and the default gate it is Empower, applied to the model's own continuation [1]_; with costs
        it suggests the length that saves the most effort.
    gate : {"cumulative", "entropy", "both", "top"}
        Amount that is compared with the threshold; see :func:`select`.
    entropy_threshold : Threshold, optional
        The threshold of the entropy with ``gate="both"``.
    undecided : {"stop", "continue", "raise"}
        What to do where lists of probabilities are too short to decide; see :func:`select`.

    Raises
    ------
    ValueError
        If an option is unknown or contradicts another one.

    See Also
    --------
    FixedLength : Assistant that suggests a fixed number of tokens.
    select : The rule.
    compare_assistants : Compare assistants on the same tasks.

    References
    ----------
    .. [1] "Training LLM Agents to Empower Humans", arXiv:2510.13709.

    Examples
    --------
    >>> from empowerment.text import Continuations, HandOver, TableModel, Threshold
    >>> model = TableModel({"": {" for": 0.9, " if": 0.1}, " for": {" i": 0.6, " j": 0.4}})
    >>> HandOver(Continuations(model), Threshold.probability(0.5)).suggest("")
    Suggestion(text=' for i', n_tokens=2, decided=True)
    """

    def __init__(
        self,
        continuations: Continuations,
        rule: Threshold | Costs,
        *,
        gate: str = "cumulative",
        entropy_threshold: Threshold | None = None,
        undecided: str = "stop",
    ) -> None:
        self._continuations, self._rule = validate.instance(continuations, Continuations, "continuations"), rule
        self._options: dict[str, Any] = {"gate": gate, "entropy_threshold": entropy_threshold, "undecided": undecided}
        select((), rule, **self._options)  # an option that it does not know is named here and not in the first round

    def suggest(self, text: str) -> Suggestion:
        """Suggest the continuation up to the hand-over point.

        Parameters
        ----------
        text : str
            The text so far.

        Returns
        -------
        Suggestion
            The suggestion; empty where the person should decide at once.
        """
        found = select(self._continuations(text), self._rule, cut="character", **self._options)
        return Suggestion(_text(found.completion), found.value, found.converged)

    def __repr__(self) -> str:
        options = "".join(f", {name}={value!r}" for name, value in self._options.items() if value is not None)
        return f"HandOver({self._continuations!r}, {self._rule!r}{options})"


class FunctionAssistant:
    """Assistant that calls a function.

    Parameters
    ----------
    suggest : callable
        Given a text, returns the suggestion; "" suggests nothing.
    count_tokens : callable
        Given the text and the suggestion, returns the number of tokens of the suggestion.

    See Also
    --------
    HandOver, FixedLength : Assistants that use a model.
    compare_assistants : Compare assistants on the same tasks.

    Examples
    --------
    >>> from empowerment.text import FunctionAssistant
    >>> FunctionAssistant(lambda text: ")" * text.count("("), lambda text, suggestion: len(suggestion)).suggest("f(x")
    Suggestion(text=')', n_tokens=1, decided=True)
    """

    def __init__(self, suggest: Callable[[str], str], count_tokens: Callable[[str, str], int]) -> None:
        self._suggest, self._count_tokens = suggest, count_tokens

    def suggest(self, text: str) -> Suggestion:
        """Suggest the result of the function.

        Parameters
        ----------
        text : str
            The text so far.

        Returns
        -------
        Suggestion
            The suggestion.
        """
        found = self._suggest(text)
        if not isinstance(found, str):
            raise TypeError(f"the function of an assistant returned {found!r} after {text[-40:]!r}, expected a text")
        return Suggestion(found, validate.positive_int(self._count_tokens(text, found), "tokens") if found else 0)


def _text(suggested: bytes) -> str:
    """Return bytes of complete characters as text; invalid ones are replaced, as in sampled texts."""
    return suggested.decode("utf-8", errors="replace")
