"""A person played by a token model, which accepts, rejects or finishes by its next token."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from empowerment.core import validate
from empowerment.text.assistance.process import Decision
from empowerment.text.assistance.task import NOTHING, Piece, WritingTask
from empowerment.text.handoff.characters import whole_starts
from empowerment.text.position import Position
from empowerment.text.tiers import Tier, TokenModelError
from empowerment.text.token_model import TokenModel, check_model

# A character has four bytes at most, so that many tokens finish one.
_TO_FINISH_A_CHARACTER = 3
_SHOWN = 5


def _words() -> dict[Decision, str]:
    return {decision: decision.value for decision in Decision}


@dataclass(frozen=True)
class TokenModelPerson:
    """A person played by a token model, as in simulations of Empower.

    To decide, as in [1]_, the model is asked for the token after a prompt that shows text and suggestion. For each of
    the three words, the probabilities of listed tokens that begin it, or that it begins, are added, and the largest
    sum decides; ties reject. Leading spaces and capitals do not matter, and a token that fits two words counts for
    neither. To write, the model continues a second prompt; if it ends the text at once the work is finished.

    Parameters
    ----------
    model : TokenModel
        A model of tier STEP.
    decision_prompt : callable
        Given a text and a suggestion, which may be empty, returns the prompt that one of the words follows.
    writing_prompt : callable
        Given a text, returns the prompt that the person's text follows; by default the text itself.
    words : mapping from Decision to str
        The word for each decision.
    least_mass : float
        Smallest total probability of the three words. If they have less, the model does not take part in the
        decision, and an error shows its most probable tokens. With 0 it rejects if none is listed, as in the
        simulations of [1]_.
    top : int
        Number of tokens listed.
    temperature : float
        Temperature for writing; 0 takes the most probable tokens.

    Raises
    ------
    TierError
        If the model reports no probabilities.

    See Also
    --------
    Replay : A person who writes a known text.
    compare_assistants : Compare assistants on the same tasks.

    References
    ----------
    .. [1] "Training LLM Agents to Empower Humans", arXiv:2510.13709, section on simulated evaluation.

    Examples
    --------
    >>> import numpy as np
    >>> from empowerment.text import TableModel, TokenModelPerson, WritingTask
    >>> model = TableModel({"Take it? ": {"Yes": 0.7, "No": 0.2, "Stop": 0.1}, "": {"": 1.0}})
    >>> words = {Decision.ACCEPT: "yes", Decision.REJECT: "no", Decision.FINISH: "stop"}
    >>> person = TokenModelPerson(model, lambda text, suggestion: "Take it? ", words=words)
    >>> person.begin(WritingTask("a letter", "Dear"), np.random.default_rng(0)).decide("Dear", " all")
    <Decision.ACCEPT: 'accept'>
    """

    model: TokenModel
    decision_prompt: Callable[[str, str], str]
    writing_prompt: Callable[[str], str] = str
    words: Mapping[Decision, str] = field(default_factory=_words)
    least_mass: float = 0.05
    top: int = 20
    temperature: float = 0.0

    def __post_init__(self) -> None:
        check_model(self.model, Tier.STEP, "TokenModelPerson")
        if not isinstance(self.words, Mapping):
            raise TypeError(f"words is {validate.shown(self.words)}, expected a word for each of {list(Decision)}")
        if set(self.words) != set(Decision) or not all(word.strip() for word in self.words.values()):
            raise ValueError(f"words is {dict(self.words)!r}, expected a word for each of {list(Decision)}")
        validate.probability(self.least_mass, "least_mass")
        validate.positive_int(self.top, "top")
        validate.finite(self.temperature, "temperature", least=0.0)

    @property
    def name(self) -> str:
        """Name of the person in results and logs."""
        return f"token model {self.model.name}"

    def begin(self, task: WritingTask, rng: np.random.Generator) -> TokenModelWriter:
        """Return this person at work on a task.

        Parameters
        ----------
        task : WritingTask
            The task; it needs no solution.
        rng : numpy.random.Generator
            Random source for writing.

        Returns
        -------
        TokenModelWriter
            The person at work.
        """
        return TokenModelWriter(self, rng)

    def decided(self, position: Position) -> Decision:
        """Return the decision for a distribution of the next token.

        Parameters
        ----------
        position : Position
            The position after the prompt.

        Returns
        -------
        Decision
            The decision of the word with the largest probability.

        Raises
        ------
        TokenModelError
            If the words have less than `least_mass` together.
        """
        validate.instance(position, Position, "place")
        mass = dict.fromkeys((Decision.REJECT, Decision.ACCEPT, Decision.FINISH), 0.0)
        for token, log in zip(position.tokens, position.log_probabilities.tolist(), strict=True):
            fitting = [decision for decision, word in self.words.items() if _fits(token, word)]
            if len(fitting) == 1:
                mass[fitting[0]] += math.exp(log)
        total = math.fsum(mass.values())
        if total < self.least_mass:
            order = np.argsort(-position.log_probabilities, kind="stable")[:_SHOWN]
            likely = ", ".join(
                f"{position.tokens[i]!r} ({math.exp(position.log_probabilities[i]):.2g})" for i in order
            )
            raise TokenModelError(
                f"{self.model.name} gives {', '.join(map(repr, self.words.values()))} {total:.2g} together of the "
                f"{self.top} tokens listed, expected at least {self.least_mass:g}; it would rather say {likely}. Let "
                "decision_prompt end where one of the words comes next, or allow less with least_mass"
            )
        return max(mass, key=lambda decision: mass[decision])


class TokenModelWriter:
    """A token model at work on one task."""

    done = False

    def __init__(self, person: TokenModelPerson, rng: np.random.Generator) -> None:
        self._person, self._rng = person, rng

    def decide(self, text: str, suggestion: str) -> Decision:
        """Decide by the next token."""
        prompt = self._person.decision_prompt(text, suggestion)
        position = next(iter(self._person.model.step(prompt, 1, top=self._person.top)), None)
        if position is None:
            raise TokenModelError(f"{self._person.model.name} reports no token after {prompt[-40:]!r}")
        return self._person.decided(position)

    def write(self, text: str, n_tokens: int) -> Piece:
        """Write tokens, and as many more as are needed to end with a complete character."""
        prompt, temperature = self._person.writing_prompt(text), self._person.temperature
        seed = int(self._rng.integers(2**31)) if temperature else None
        tokens: list[bytes] = []
        most = n_tokens + _TO_FINISH_A_CHARACTER
        for position in self._person.model.step(prompt, most, temperature=temperature, seed=seed):
            if not position.token:
                break
            tokens.append(position.token)
            if len(tokens) >= n_tokens and whole_starts(tokens)[-1]:
                break
        return Piece(b"".join(tokens).decode("utf-8", errors="replace"), len(tokens))

    def rest(self) -> Piece:
        """Write nothing: this person has no text in mind."""
        return NOTHING


def _fits(token: bytes | None, word: str) -> bool:
    """Return whether a token begins a word, or begins with it; a token without bytes does not."""
    said, wanted = (token or b"").decode("utf-8", errors="replace").strip().casefold(), word.strip().casefold()
    return bool(said) and (wanted.startswith(said) or said.startswith(wanted))
