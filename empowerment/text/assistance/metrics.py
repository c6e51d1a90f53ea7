"""Measures of the costs and savings of assistance: for one task, and as means with standard errors."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.text.assistance.process import Episode
from empowerment.text.handoff.threshold import Costs

_LARGEST = 1e100
"""Beyond it the squares of values would overflow."""


def _finite_numbers(values: Any, name: str) -> np.ndarray:
    """Return one finite number for each task."""
    found = np.asarray(validate.number_array(values, name, 1, "(task,)"), dtype=np.float64)
    strange = found[~(np.abs(found) <= _LARGEST)]
    if strange.size:
        raise ValueError(f"{name} holds {strange[0]:g}, expected numbers of at most {_LARGEST:g}")
    return found


@dataclass(frozen=True, repr=False)
class Estimate:
    """Mean over tasks with its standard error.

    Attributes
    ----------
    value : float
        The mean.
    standard_error : float
        Standard error of the mean over tasks that are drawn like these; infinite for one task.
    count : int
        Number of tasks.

    See Also
    --------
    AssistanceRun.mean : Compute the mean of a measure.
    AssistanceComparison.difference : Compute the mean of paired differences.

    Examples
    --------
    >>> from empowerment.text import Estimate
    >>> Estimate.mean([1.0, 2.0, 3.0])
    Estimate(2, standard error 0.57735, 3 tasks)
    """

    value: float
    standard_error: float
    count: int

    @classmethod
    def mean(cls, values: Any) -> Estimate:
        """Compute the mean of values of tasks.

        Parameters
        ----------
        values : array_like of shape (n_tasks,)
            One value for each task.

        Returns
        -------
        Estimate
            The mean with its standard error.
        """
        found = _finite_numbers(values, "values")
        return cls.ratio(found, np.ones(len(found)))

    @classmethod
    def ratio(cls, numerators: Any, denominators: Any) -> Estimate:
        """Compute the ratio of two sums over tasks, with its standard error to first order.

        Parameters
        ----------
        numerators, denominators : array_like of shape (n_tasks,)
            One value for each task.

        Returns
        -------
        Estimate
            The ratio with its standard error.

        Raises
        ------
        ValueError
            If the denominators are all 0.
        """
        above, below = (
            _finite_numbers(*each) for each in ((numerators, "numerators"), (denominators, "denominators"))
        )
        if above.shape != below.shape:
            raise ValueError(f"denominators has {len(below)} entries, expected {len(above)}, one for each numerator")
        n, total = len(above), float(below.sum())
        if total == 0:
            raise ValueError(f"the denominators of {n} tasks are all 0, so there is no ratio")
        value = float(above.sum()) / total
        spread = math.fsum((above - value * below) ** 2)
        error = math.sqrt(spread * n / (n - 1)) / total if n > 1 else math.inf
        return cls(value, error, n)

    def __float__(self) -> float:
        return self.value

    def __repr__(self) -> str:
        return f"Estimate({self.value:.6g}, standard error {self.standard_error:.6g}, {self.count} tasks)"


@dataclass(frozen=True)
class Effort:
    """Discount of a correct text by the effort of reading and writing.

    The discounted pass rate of [1]_ is 0 for a text that is not correct, and else ``discount ** (read * amount_read +
    write * amount_written)``.

    Attributes
    ----------
    costs : Costs
        Effort of reading and writing one token, or one character.
    discount : float
        Above 0 and at most 1.

    See Also
    --------
    compare_assistants : Uses this definition.
    Costs : Effort of reading and of writing one token.

    Notes
    -----
    The paper states that tokens are counted, its script counts characters [1]_; both measures are offered. With the
    same costs a character counts as much as a token.

    References
    ----------
    .. [1] "Training LLM Agents to Empower Humans", arXiv:2510.13709, section on evaluation.

    Examples
    --------
    >>> from empowerment.text import Costs, Effort
    >>> Effort(Costs(read=0.1, write=0.5), discount=0.999)
    Effort(costs=Costs(read=0.1, write=0.5), discount=0.999)
    """

    costs: Costs = field(default_factory=Costs)
    discount: float = 0.999

    def __post_init__(self) -> None:
        if validate.discount(self.discount) == 0:
            raise ValueError("discount is 0, expected a number above 0: with 0 any effort makes a text worthless")

    def rate(self, episode: Episode, read: int, written: int) -> float:
        """Compute the discounted pass rate of a task.

        Parameters
        ----------
        episode : Episode
            The task, with whether its text is correct.
        read, written : int
            Amounts read and written, in tokens or characters.

        Returns
        -------
        float
            ``discount ** (read * amount_read + write * amount_written)``, or 0 if the text is not correct.

        Raises
        ------
        ValueError
            If it is not known whether the text is correct.
        """
        validate.instance(episode, Episode, "episode")
        read, written = validate.horizon(read, "read"), validate.horizon(written, "written")
        if episode.correct is None:
            raise ValueError(
                f"it is not known whether the text of task {episode.task!r} is correct, so there is no discounted "
                "pass rate; pass judge= to compare_assistants, or a task with a solution"
            )
        effort = self.costs.read * read + self.costs.write * written
        return float(self.discount**effort) if episode.correct else 0.0


MEASURES: dict[str, Callable[[Episode, Effort], float]] = {
    "dpr": lambda e, effort: effort.rate(e, e.tokens_read, e.tokens_written),
    "dpr_characters": lambda e, effort: effort.rate(e, e.characters_read, e.characters_written),
    "tokens_read": lambda e, effort: e.tokens_read,
    "tokens_written": lambda e, effort: e.tokens_written,
    "characters_read": lambda e, effort: e.characters_read,
    "characters_written": lambda e, effort: e.characters_written,
    "suggestions": lambda e, effort: e.n_suggestions,
    "accepted": lambda e, effort: e.n_accepted,
    "undecided": lambda e, effort: e.n_undecided,
    "rounds": lambda e, effort: len(e.rounds),
    "finished": lambda e, effort: e.finished,
}
"""What is measured of one task; see `docs/explanation/handing-over.md`."""


def measured(episode: Episode, measure: str, effort: Effort) -> float:
    """Compute one measure of a task."""
    return float(MEASURES[validate.one_of(measure, MEASURES, "measure")](episode, effort))


def row(episode: Episode, effort: Effort) -> dict[str, Any]:
    """Compute all measures of a task; without the rates if it is not known whether its text is correct."""
    known = {"correct": episode.correct}
    skipped = ("dpr", "dpr_characters") if episode.correct is None else ()
    return known | {name: measure(episode, effort) for name, measure in MEASURES.items() if name not in skipped}
