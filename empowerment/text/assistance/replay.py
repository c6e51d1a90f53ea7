"""A person who writes a text that is known in advance, and may err about suggestions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from empowerment.core import validate
from empowerment.text.assistance.process import Decision
from empowerment.text.assistance.task import Piece, WritingTask


@dataclass(frozen=True)
class Replay:
    """A person who writes the solution of a task, and takes what agrees with it.

    A suggestion is right if the rest of the solution begins with it, to the last character. Without errors the person
    takes right ones and no others. One that is taken by mistake stays in the text: the person goes on with the
    solution as if nothing had been offered, and the text at the end is not correct.

    Parameters
    ----------
    wrong_accept : float
        Probability of taking a wrong suggestion.
    false_reject : float
        Probability of not taking a right one.

    Examples
    --------
    >>> from empowerment.text import Replay
    >>> Replay(false_reject=0.1).name
    'replay, 0 wrong accepts, 0.1 false rejects'
    """

    wrong_accept: float = 0.0
    false_reject: float = 0.0

    def __post_init__(self) -> None:
        for rate in ("wrong_accept", "false_reject"):
            object.__setattr__(self, rate, validate.probability(getattr(self, rate), rate))

    @property
    def name(self) -> str:
        """What the person is called in results and logs."""
        if self.wrong_accept == self.false_reject == 0:
            return "exact replay"
        return f"replay, {self.wrong_accept:g} wrong accepts, {self.false_reject:g} false rejects"

    def begin(self, task: WritingTask, rng: np.random.Generator) -> ReplayWriter:
        """Return this person at work on a task.

        Raises
        ------
        ValueError
            If the task has no solution, or no tokens to write it in.
        """
        validate.instance(task, WritingTask, "task")
        if task.solution is None or task.tokens is None:
            lacking = "solution" if task.solution is None else "tokens"
            raise ValueError(
                f"the task {task.name!r} has no {lacking}, and who replays writes a solution token by token; pass "
                "WritingTask(name, prompt, solution).tokenized(model)"
            )
        return ReplayWriter(self, task, task.solution, rng)


class ReplayWriter:
    """A person who replays, at work on one task."""

    def __init__(self, person: Replay, task: WritingTask, solution: str, rng: np.random.Generator) -> None:
        self._person, self._task, self._solution, self._rng = person, task, solution, rng
        self._at = 0  # characters of the solution that are there

    @property
    def done(self) -> bool:
        """Whether the solution is written."""
        return self._at >= len(self._solution)

    def decide(self, text: str, suggestion: str) -> Decision:
        """Take a right suggestion and no wrong one, but for mistakes."""
        if not suggestion:
            return Decision.REJECT
        right = self._solution.startswith(suggestion, self._at)
        mistaken = self._rng.random() < (self._person.false_reject if right else self._person.wrong_accept)
        if right and not mistaken:
            self._at += len(suggestion)
        return Decision.ACCEPT if right != mistaken else Decision.REJECT

    def write(self, text: str, n_tokens: int) -> Piece:
        """Write the next tokens of the solution."""
        piece = self._task.piece(self._at, n_tokens)
        self._at += len(piece.text)
        return piece

    def rest(self) -> Piece:
        """Write all that is left."""
        return self.write("", max(len(self._task.tokens or ()), 1))
