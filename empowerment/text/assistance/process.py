"""The decision process: a suggestion, accept or reject or finish, some tokens of the person's own, and again."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from empowerment.text.assistance.task import NOTHING, Piece, WritingTask


class Decision(enum.Enum):
    """What a person does with a suggestion."""

    ACCEPT = "accept"
    REJECT = "reject"
    FINISH = "finish"


@dataclass(frozen=True)
class Suggestion:
    """What an assistant offers.

    Attributes
    ----------
    text : str
        Empty if it leaves the person alone.
    n_tokens : int
        The tokens that it was written in.
    decided : bool
        Whether the lists of probabilities told its length; see :class:`Selection`.
    """

    text: str = ""
    n_tokens: int = 0
    decided: bool = True


class Assistant(Protocol):
    """Whatever suggests how a text goes on."""

    def suggest(self, text: str) -> Suggestion:
        """Return what to offer after a text."""
        ...


class Writer(Protocol):
    """A person at work on one task."""

    @property
    def done(self) -> bool:
        """Whether the person has written all there is to write, and looks at no further suggestion."""
        ...

    def decide(self, text: str, suggestion: str) -> Decision:
        """Return what is done with a suggestion, which may be empty, after a text."""
        ...

    def write(self, text: str, n_tokens: int) -> Piece:
        """Return what the person writes after a text; nothing ends the work."""
        ...

    def rest(self) -> Piece:
        """Return what the person writes alone if the rounds are over before the work is."""
        ...


class Person(Protocol):
    """Whoever writes, and decides what becomes of suggestions."""

    @property
    def name(self) -> str:
        """What the person is called in results and logs."""
        ...

    def begin(self, task: WritingTask, rng: np.random.Generator) -> Writer:
        """Return this person at work on a task."""
        ...


@dataclass(frozen=True)
class Round:
    """One round.

    Attributes
    ----------
    suggestion : str
        What was offered; empty if nothing was.
    suggestion_tokens : int
    decided : bool
        Whether the lists of probabilities told the length of the suggestion.
    decision : Decision
        Without a suggestion, ACCEPT and REJECT mean the same.
    written : str
        What the person wrote afterwards.
    written_tokens : int
    """

    suggestion: str
    suggestion_tokens: int
    decided: bool
    decision: Decision
    written: str
    written_tokens: int

    @property
    def accepted(self) -> bool:
        """Whether something was offered and taken."""
        return bool(self.suggestion) and self.decision is Decision.ACCEPT


@dataclass(frozen=True)
class Episode:
    """All rounds of one task, and how it ended.

    Attributes
    ----------
    assistant, person, task : str
        Their names.
    prompt : str
        The text at the beginning.
    tokens_per_round, max_rounds : int
    rounds : tuple of Round
    finished : bool
        False if the rounds were over before.
    rest : str
        What the person wrote alone after the last round of an unfinished task.
    rest_tokens : int
    correct : bool or None
        None if nothing tells.
    """

    assistant: str
    person: str
    task: str
    prompt: str
    tokens_per_round: int
    max_rounds: int
    rounds: tuple[Round, ...]
    finished: bool
    rest: str
    rest_tokens: int
    correct: bool | None

    @property
    def text(self) -> str:
        """The text at the end."""
        parts = [(each.suggestion if each.accepted else "") + each.written for each in self.rounds]
        return self.prompt + "".join(parts) + self.rest

    @property
    def n_suggestions(self) -> int:
        """In how many rounds something was offered."""
        return sum(bool(each.suggestion) for each in self.rounds)

    @property
    def n_accepted(self) -> int:
        """How many suggestions were taken."""
        return sum(each.accepted for each in self.rounds)

    @property
    def n_undecided(self) -> int:
        """In how many rounds the lists of probabilities did not tell the length of the suggestion."""
        return sum(not each.decided for each in self.rounds)

    @property
    def tokens_read(self) -> int:
        """Tokens of all suggestions, taken or not."""
        return sum(each.suggestion_tokens for each in self.rounds)

    @property
    def characters_read(self) -> int:
        """Characters of all suggestions, taken or not."""
        return sum(len(each.suggestion) for each in self.rounds)

    @property
    def tokens_written(self) -> int:
        """Tokens that the person wrote, with the rest of an unfinished task."""
        return sum(each.written_tokens for each in self.rounds) + self.rest_tokens

    @property
    def characters_written(self) -> int:
        """Characters that the person wrote, with the rest of an unfinished task."""
        return sum(len(each.written) for each in self.rounds) + len(self.rest)


class AssistanceProcess:
    """An assistant and a person at work on one task, one round at a time.

    The state is the text. A round is a suggestion, a decision, and up to `tokens_per_round` tokens by the person. The
    work is finished when the person says so, has written all, or writes nothing more.

    Parameters
    ----------
    name : str
        Of the assistant.
    assistant : Assistant
    person : Person
    task : WritingTask
    tokens_per_round, max_rounds : int
    rng : Generator
        For people who do not always do the same.
    judge : callable, optional
        Given the task and the text at the end, says whether it is correct. By default it is if it equals prompt and
        solution; without a solution nothing tells.
    """

    def __init__(
        self,
        name: str,
        assistant: Assistant,
        person: Person,
        task: WritingTask,
        *,
        tokens_per_round: int,
        max_rounds: int,
        rng: np.random.Generator,
        judge: Callable[[WritingTask, str], bool] | None = None,
    ) -> None:
        self._name, self._assistant, self._person, self._task = name, assistant, person, task
        self._tokens_per_round, self._max_rounds, self._judge = tokens_per_round, max_rounds, judge
        self._writer = person.begin(task, rng)
        self._rounds: list[Round] = []
        self._finished = self._writer.done
        self.text = task.prompt

    @property
    def over(self) -> bool:
        """Whether there is no further round."""
        return self._finished or len(self._rounds) == self._max_rounds

    def advance(self) -> None:
        """Play one round."""
        offer = self._assistant.suggest(self.text)
        decision = self._writer.decide(self.text, offer.text)
        if decision is Decision.ACCEPT:
            self.text += offer.text
        finish = decision is Decision.FINISH
        written = NOTHING if finish else self._writer.write(self.text, self._tokens_per_round)
        self.text += written.text
        self._finished = finish or not written.text or self._writer.done
        self._rounds.append(
            Round(offer.text, offer.n_tokens, offer.decided, decision, written.text, written.n_tokens)
        )

    def episode(self) -> Episode:
        """Return what happened, once it is over."""
        rest = NOTHING if self._finished else self._writer.rest()
        return Episode(
            assistant=self._name,
            person=self._person.name,
            task=self._task.name,
            prompt=self._task.prompt,
            tokens_per_round=self._tokens_per_round,
            max_rounds=self._max_rounds,
            rounds=tuple(self._rounds),
            finished=self._finished,
            rest=rest.text,
            rest_tokens=rest.n_tokens,
            correct=self._correct(self.text + rest.text),
        )

    def _correct(self, text: str) -> bool | None:
        if self._judge is not None:
            return bool(self._judge(self._task, text))
        return None if self._task.solution is None else text == self._task.prompt + self._task.solution


def play(processes: Iterable[AssistanceProcess]) -> list[Episode]:
    """Play processes on one task to their ends, always the one with the shortest text.

    So a model reads on from where it is, and is not sent back to the beginning for each assistant.
    """
    processes = list(processes)
    while going_on := [each for each in processes if not each.over]:
        min(going_on, key=lambda each: len(each.text)).advance()
    return [each.episode() for each in processes]
