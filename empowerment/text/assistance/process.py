"""Decision process of assistance: rounds of a suggestion, a decision, and some tokens by the person."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from empowerment.text.assistance.task import NOTHING, Piece, WritingTask


class Decision(enum.Enum):
    """Decision of a person about a suggestion.

    See Also
    --------
    TokenModelPerson : A person who decides by the next token of a model.
    Episode : All decisions in a task.

    Examples
    --------
    >>> from empowerment.text import Decision
    >>> [decision.value for decision in Decision]
    ['accept', 'reject', 'finish']
    """

    ACCEPT = "accept"
    REJECT = "reject"
    FINISH = "finish"


@dataclass(frozen=True)
class Suggestion:
    """Suggestion of an assistant.

    Attributes
    ----------
    text : str
        The suggested text; empty for no suggestion.
    n_tokens : int
        Number of its tokens.
    decided : bool
        Whether the lists of probabilities decided its length; see :class:`Selection`.

    See Also
    --------
    HandOver.suggest : Makes a suggestion.
    Round : A suggestion and its decision.

    Examples
    --------
    >>> from empowerment.text import Suggestion
    >>> Suggestion(" all", 1)
    Suggestion(text=' all', n_tokens=1, decided=True)
    """

    text: str = ""
    n_tokens: int = 0
    decided: bool = True


class Assistant(Protocol):
    """Protocol of assistants, which suggest how a text continues."""

    def suggest(self, text: str) -> Suggestion:
        """Return the suggestion after a text."""
        ...


class Writer(Protocol):
    """Protocol of a person who works on one task."""

    @property
    def done(self) -> bool:
        """Whether the person has written everything and considers no further suggestion."""
        ...

    def decide(self, text: str, suggestion: str) -> Decision:
        """Return the decision about a suggestion, which may be empty, after a text."""
        ...

    def write(self, text: str, n_tokens: int) -> Piece:
        """Return the text that the person adds; an empty one ends the work."""
        ...

    def rest(self) -> Piece:
        """Return the text that the person adds alone if the rounds end before the work does."""
        ...


class Person(Protocol):
    """Protocol of people who write and decide about suggestions."""

    @property
    def name(self) -> str:
        """Name of the person in results and logs."""
        ...

    def begin(self, task: WritingTask, rng: np.random.Generator) -> Writer:
        """Return this person at work on a task."""
        ...


@dataclass(frozen=True)
class Round:
    """One round of an episode.

    Attributes
    ----------
    suggestion : str
        The suggested text; empty for no suggestion.
    suggestion_tokens : int
        Number of its tokens.
    decided : bool
        Whether the lists of probabilities decided the length of the suggestion.
    decision : Decision
        Without a suggestion, ACCEPT and REJECT mean the same.
    written : str
        Text that the person wrote afterwards.
    written_tokens : int
        Number of its tokens.

    See Also
    --------
    Episode : All rounds of a task.

    Examples
    --------
    >>> from empowerment.text import Decision, Round
    >>> Round(" all", 1, True, Decision.ACCEPT, " the best", 2).accepted
    True
    """

    suggestion: str
    suggestion_tokens: int
    decided: bool
    decision: Decision
    written: str
    written_tokens: int

    @property
    def accepted(self) -> bool:
        """Whether there was a suggestion and it was accepted."""
        return bool(self.suggestion) and self.decision is Decision.ACCEPT


@dataclass(frozen=True)
class Episode:
    """All rounds of one task, and how it ended.

    Attributes
    ----------
    assistant, person, task : str
        Names of the assistant, the person and the task.
    prompt : str
        The text at the beginning.
    tokens_per_round, max_rounds : int
        The limits of the process.
    rounds : tuple of Round
        The rounds.
    finished : bool
        Whether the work was finished within the rounds.
    rest : str
        Text that the person wrote alone after the last round of an unfinished task.
    rest_tokens : int
        Number of its tokens.
    correct : bool or None
        Whether the final text is correct; None if it is not known.

    See Also
    --------
    compare_assistants : Produces episodes.
    AssistanceRun : The episodes of one assistant.

    Examples
    --------
    >>> from empowerment.text import NoAssistant, Replay, TableModel, WritingTask, compare_assistants
    >>> model = TableModel({"": {"a": 0.5, " b": 0.5}})
    >>> task = WritingTask("letters", "", "a b").tokenized(model)
    >>> episode = compare_assistants({"none": NoAssistant()}, Replay(), [task])["none"]["letters"]
    >>> episode.text, episode.tokens_written, episode.correct
    ('a b', 2, True)
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
        """The final text."""
        parts = [(each.suggestion if each.accepted else "") + each.written for each in self.rounds]
        return self.prompt + "".join(parts) + self.rest

    @property
    def n_suggestions(self) -> int:
        """Number of rounds with a suggestion."""
        return sum(bool(each.suggestion) for each in self.rounds)

    @property
    def n_accepted(self) -> int:
        """Number of accepted suggestions."""
        return sum(each.accepted for each in self.rounds)

    @property
    def n_undecided(self) -> int:
        """Number of rounds in which the lists of probabilities did not decide the length of the suggestion."""
        return sum(not each.decided for each in self.rounds)

    @property
    def tokens_read(self) -> int:
        """Number of tokens of all suggestions, accepted or not."""
        return sum(each.suggestion_tokens for each in self.rounds)

    @property
    def characters_read(self) -> int:
        """Number of characters of all suggestions, accepted or not."""
        return sum(len(each.suggestion) for each in self.rounds)

    @property
    def tokens_written(self) -> int:
        """Number of tokens that the person wrote, including the rest of an unfinished task."""
        return sum(each.written_tokens for each in self.rounds) + self.rest_tokens

    @property
    def characters_written(self) -> int:
        """Number of characters that the person wrote, including the rest of an unfinished task."""
        return sum(len(each.written) for each in self.rounds) + len(self.rest)


class AssistanceProcess:
    """Process of an assistant and a person at work on one task, round by round.

    The state is the text. A round is a suggestion, a decision, and up to `tokens_per_round` tokens by the person. The
    work is finished when the person finishes, has written everything, or writes nothing.

    Parameters
    ----------
    name : str
        Name of the assistant.
    assistant : Assistant
        The assistant.
    person : Person
        The person.
    task : WritingTask
        The task.
    tokens_per_round, max_rounds : int
        Number of tokens that the person writes in a round, and limit on the rounds.
    rng : Generator
        Random source for people who do not always do the same.
    judge : callable, optional
        Given the task and the final text, returns whether it is correct. By default it is if it equals prompt and
        solution; without a solution it is not known.
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
        """Run one round."""
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
        """Return the rounds, once the process is over."""
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
    """Run processes of one task to their ends, always the one with the shortest text next.

    So a model that they share continues from its position, instead of rereading the beginning for each assistant.
    """
    processes = list(processes)
    while going_on := [each for each in processes if not each.over]:
        min(going_on, key=lambda each: len(each.text)).advance()
    return [each.episode() for each in processes]
