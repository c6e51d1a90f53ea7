"""What came of assistants, task by task and side by side."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from empowerment import validate
from empowerment.export import data_frame
from empowerment.text.assistance.log import read_log, write_log
from empowerment.text.assistance.metrics import Effort, Estimate, measured, row
from empowerment.text.assistance.process import Episode

_SHOWN = ("dpr", "dpr_characters", "tokens_read", "tokens_written", "characters_read", "characters_written")


@dataclass(frozen=True, eq=False, repr=False)
class AssistanceRun:
    """What came of one assistant, task by task.

    Sized, iterable over the names of the tasks, and indexed by them.

    Attributes
    ----------
    assistant : str
    episodes : tuple of Episode
    effort : Effort
        How effort is counted in `dpr` and `dpr_characters`.
    """

    assistant: str
    episodes: tuple[Episode, ...]
    effort: Effort

    @property
    def accept_ratio(self) -> Estimate | None:
        """Suggestions taken out of all suggestions; None if there were none."""
        offered = [episode.n_suggestions for episode in self.episodes]
        return Estimate.ratio([e.n_accepted for e in self.episodes], offered) if any(offered) else None

    @property
    def n_unfinished(self) -> int:
        """How many tasks were not finished when the rounds were over."""
        return sum(not episode.finished for episode in self.episodes)

    def mean(self, measure: str) -> Estimate:
        """Return the mean over tasks of one of `MEASURES`, such as "dpr" or "tokens_read".

        Raises
        ------
        ValueError
            If there is no such measure, or nothing tells whether a text is correct and the measure depends on it.
        """
        return Estimate.mean([measured(episode, measure, self.effort) for episode in self.episodes])

    def __len__(self) -> int:
        return len(self.episodes)

    def __iter__(self) -> Iterator[str]:
        return (episode.task for episode in self.episodes)

    def __getitem__(self, task: str) -> Episode:
        """Return what happened in a task."""
        return self.episodes[validate.index_of(task, {name: i for i, name in enumerate(self)}, "task")]

    def to_dataframe(self) -> Any:
        """Return a row of measures for each task.

        Returns
        -------
        pandas.DataFrame
        """
        rows = [row(episode, self.effort) for episode in self.episodes]
        columns = {name: [each.get(name) for each in rows] for name in rows[0]} if rows else {}
        return data_frame({"task": list(self)} | columns, index_name="number")

    def __repr__(self) -> str:
        ratio = self.accept_ratio
        taken = "nothing offered" if ratio is None else f"{ratio.value:.3f} of the suggestions accepted"
        unfinished = f", {self.n_unfinished} unfinished" if self.n_unfinished else ""
        if all(episode.correct is not None for episode in self.episodes):
            dpr = self.mean("dpr")
            rate = f", DPR {dpr.value:.4f} (s.e. {dpr.standard_error:.4f})"
        else:
            rate = ""
        return f"AssistanceRun({self.assistant!r}, {len(self)} tasks, {taken}{rate}{unfinished})"


@dataclass(frozen=True, eq=False, repr=False)
class AssistanceComparison:
    """Several assistants on the same tasks with the same person.

    Sized, iterable over the names of the assistants, and indexed by them.

    Attributes
    ----------
    runs : tuple of AssistanceRun
    effort : Effort
    """

    runs: tuple[AssistanceRun, ...]
    effort: Effort

    @classmethod
    def of(cls, episodes: Iterable[Episode], effort: Effort | None = None) -> AssistanceComparison:
        """Return the comparison that episodes make, in any order.

        Raises
        ------
        ValueError
            If the assistants did not have the same tasks, the same person and the same number of tokens and rounds.
        """
        effort = Effort() if effort is None else validate.instance(effort, Effort, "effort")
        by_name: dict[str, list[Episode]] = {}
        if not validate.is_several(episodes):
            raise TypeError(f"episodes is {validate.shown(episodes)}, expected a list of Episode")
        for number, episode in enumerate(episodes):
            validate.instance(episode, Episode, f"episodes[{number}]")
            by_name.setdefault(episode.assistant, []).append(episode)
        if not by_name:
            raise ValueError("there are no episodes to compare")
        settings = {name: [_setting(each) for each in found] for name, found in by_name.items()}
        first = next(iter(settings))
        _check_alike(settings, first)
        order = {setting[0]: i for i, setting in enumerate(settings[first])}
        runs = [
            AssistanceRun(name, tuple(sorted(found, key=lambda each: order[each.task])), effort)
            for name, found in by_name.items()
        ]
        return cls(tuple(runs), effort)

    def difference(self, assistant: str, other: str, measure: str = "dpr") -> Estimate:
        """Return the mean over tasks of how much more a measure is with one assistant than with another.

        The standard error is that of the paired differences.
        """
        pairs = zip(self[assistant].episodes, self[other].episodes, strict=True)
        return Estimate.mean(
            [measured(a, measure, self.effort) - measured(b, measure, self.effort) for a, b in pairs]
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the log of all events; see :mod:`empowerment.text.assistance.log` for what it holds."""
        write_log(path, (episode for run in self.runs for episode in run.episodes), self.effort)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> AssistanceComparison:
        """Return the comparison in a log.

        Raises
        ------
        ValueError
            If the file is no whole log; the message names the line.
        """
        return cls.of(*read_log(path))

    def __len__(self) -> int:
        return len(self.runs)

    def __iter__(self) -> Iterator[str]:
        return (run.assistant for run in self.runs)

    def __getitem__(self, assistant: str) -> AssistanceRun:
        """Return what came of an assistant."""
        return self.runs[validate.index_of(assistant, {name: i for i, name in enumerate(self)}, "assistant")]

    def to_dataframe(self) -> Any:
        """Return a row for each assistant: its accept ratio, and means with standard errors.

        Returns
        -------
        pandas.DataFrame
        """
        ratios = [run.accept_ratio for run in self.runs]
        judged = all(e.correct is not None for run in self.runs for e in run.episodes)
        columns: dict[str, Any] = {
            "assistant": list(self),
            "tasks": [len(run) for run in self.runs],
            "unfinished": [run.n_unfinished for run in self.runs],
            "undecided": [sum(e.n_undecided for e in run.episodes) for run in self.runs],
            "accept_ratio": [None if ratio is None else ratio.value for ratio in ratios],
            "accept_ratio_error": [None if ratio is None else ratio.standard_error for ratio in ratios],
        }
        for measure in (name for name in _SHOWN if judged or not name.startswith("dpr")):
            means = [run.mean(measure) for run in self.runs]
            columns[measure] = [mean.value for mean in means]
            columns[f"{measure}_error"] = [mean.standard_error for mean in means]
        return data_frame(columns, index_name="number")

    def __repr__(self) -> str:
        lines = "".join(f"\n  {run!r}" for run in self.runs)
        return f"AssistanceComparison({len(self)} assistants, {len(self.runs[0])} tasks){lines}"


def _setting(episode: Episode) -> tuple[str, str, str, int, int]:
    return (episode.task, episode.prompt, episode.person, episode.tokens_per_round, episode.max_rounds)


def _check_alike(settings: Mapping[str, Sequence[tuple[Any, ...]]], first: str) -> None:
    for name, found in settings.items():
        repeated = len({setting[0] for setting in found}) < len(found)
        if repeated or set(found) != set(settings[first]):
            raise ValueError(
                f"{name!r} has other tasks, another person or other rounds than {first!r}, or a task twice; compare "
                "assistants on the same tasks, and others in a comparison of their own"
            )
