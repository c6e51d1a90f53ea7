"""A person who writes a known text and may make errors about suggestions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from empowerment.core import validate
from empowerment.text.assistance.process import Decision
from empowerment.text.assistance.task import Piece, WritingTask


@dataclass(frozen=True)
class Replay:
    """Person who writes the solution of a task and accepts suggestions that agree with it.

    A suggestion is correct if the rest of the solution begins with it, to the last character. Without errors the
    person accepts all correct suggestions and no others. One that is accepted by mistake stays in the text: the
    person continues with the solution as if there had been no suggestion, and the final text is not correct.

    Parameters
    ----------
    wrong_accept : float
        Probability of accepting a wrong suggestion.
    false_reject : float
        Probability of rejecting a correct suggestion.

    See Also
    --------
    TokenModelPerson : A person played by a token model.
    compare_assistants : Compare assistants on the same tasks.

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
        """Name of the person in results and logs."""
        if self.wrong_accept == self.false_reject == 0:
            return "exact replay"
        return f"replay, {self.wrong_accept:g} wrong accepts, {self.false_reject:g} false rejects"

    def begin(self, task: WritingTask, rng: np.random.Generator) -> ReplayWriter:
        """Return this person at work on a task.

        Parameters
        ----------
        task : WritingTask
            A task with a solution and its tokens.
        rng : numpy.random.Generator
            Random source for errors.

        Returns
        -------
        ReplayWriter
            The person at work.

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
    """Person who replays a solution, at work on one task."""

    def __init__(self, person: Replay, task: WritingTask, solution: str, rng: np.random.Generator) -> None:
        self._person, self._task, self._solution, self._rng = person, task, solution, rng
        self._at = 0  # characters of the solution that are there

    @property
    def done(self) -> bool:
        """Whether the solution is written."""
        return self._at >= len(self._solution)

    def decide(self, text: str, suggestion: str) -> Decision:
        """Accept a correct suggestion and no wrong one, except for errors."""
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
        """Write the rest of the solution."""
        return self.write("", max(len(self._task.tokens or ()), 1))
