"""What came of assistants, task by task and side by side."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from empowerment.core import validate
from empowerment.export.html import table
from empowerment.export.tables import data_frame
from empowerment.results.result import Result, Table
from empowerment.text.assistance.log import read_log, write_log
from empowerment.text.assistance.metrics import Effort, Estimate, measured, row
from empowerment.text.assistance.process import Decision, Episode, Round
from empowerment.text.handoff.threshold import Costs

_SHOWN = ("dpr", "dpr_characters", "tokens_read", "tokens_written", "characters_read", "characters_written")


@dataclass(frozen=True, eq=False, repr=False)
class AssistanceRun(Result):
    """What came of one assistant, task by task.

    Sized, iterable over the names of the tasks, and indexed by them.

    Attributes
    ----------
    assistant : str
    episodes : tuple of Episode
    effort : Effort
        How effort is counted in `dpr` and `dpr_characters`.
    """

    _parts = (Episode, Round, Decision, Effort, Costs)

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

    def _table(self) -> Table:
        """Return a row of measures for each task."""
        rows = [row(episode, self.effort) for episode in self.episodes]
        columns = {name: [each.get(name) for each in rows] for name in rows[0]} if rows else {}
        return Table("number", range(len(self)), {"task": list(self)} | columns)

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

    def _repr_html_(self) -> str:
        rows = [row(episode, self.effort) for episode in self.episodes]
        wanted = ("suggestions", "accepted", "tokens_read", "tokens_written", "finished", "correct", "dpr")
        columns: dict[str, list[object]] = {"task": list(self)}
        for name in (name for name in wanted if any(name in each for each in rows)):
            columns[name.replace("_", " ")] = [_number(each.get(name)) for each in rows]
        return table(columns, repr(self))


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
        columns: dict[str, Any] = {
            "assistant": list(self),
            "tasks": [len(run) for run in self.runs],
            "unfinished": [run.n_unfinished for run in self.runs],
            "undecided": [sum(e.n_undecided for e in run.episodes) for run in self.runs],
            "accept_ratio": [None if ratio is None else ratio.value for ratio in ratios],
            "accept_ratio_error": [None if ratio is None else ratio.standard_error for ratio in ratios],
        }
        for measure in (name for name in _SHOWN if self._judged or not name.startswith("dpr")):
            means = [run.mean(measure) for run in self.runs]
            columns[measure] = [mean.value for mean in means]
            columns[f"{measure}_error"] = [mean.standard_error for mean in means]
        return data_frame(columns, index_name="number")

    def plot(self, ax: Any = None, title: str | None = None, *, measures: Sequence[str] | None = None) -> Any:
        """Draw means over tasks with their standard errors; see :func:`empowerment.plotting.plot_assistants`.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; on a new figure by default.
        title : str, optional
            By default the person and the number of tasks.
        measures : sequence of str, optional
            Of `MEASURES`, in one unit; by default "dpr", or "tokens_read" and "tokens_written" where nothing tells
            whether some texts are correct.

        Returns
        -------
        matplotlib.axes.Axes

        Raises
        ------
        ValueError
            If there is no such measure.

        Notes
        -----
        The standard error of a mean holds how much tasks differ, which all assistants share. Whether one assistant
        does better than another, :meth:`difference` tells.
        """
        from empowerment.plotting import plot_assistants

        if measures is None:
            measures = ("dpr",) if self._judged else ("tokens_read", "tokens_written")
        means = {name: [run.mean(name) for run in self.runs] for name in validate.texts(measures, "measures")}
        if title is None:
            episode = self.runs[0].episodes[0]
            title = f"{episode.person}, {len(self.runs[0])} tasks, {episode.tokens_per_round} tokens a round"
        return plot_assistants(
            list(self),
            {_label(name): [mean.value for mean in found] for name, found in means.items()},
            {_label(name): [mean.standard_error for mean in found] for name, found in means.items()},
            ax=ax,
            title=title,
        )

    @property
    def _judged(self) -> bool:
        """Whether every text is known to be correct or not."""
        return all(episode.correct is not None for run in self.runs for episode in run.episodes)

    def _repr_html_(self) -> str:
        ratios = [run.accept_ratio for run in self.runs]
        columns: dict[str, list[object]] = {"assistant": list(self)}
        columns["accepted"] = ["–" if ratio is None else _with_error(ratio) for ratio in ratios]
        rates = ("dpr", "dpr_characters") if self._judged else ()
        for name in (*rates, "tokens_read", "tokens_written"):
            columns[_label(name)] = [_with_error(run.mean(name)) for run in self.runs]
        columns["unfinished"] = [run.n_unfinished for run in self.runs]
        tasks = len(self.runs[0])
        told = "1 task" if tasks == 1 else f"{tasks} tasks; means with standard errors in brackets"
        return table(columns, f"{len(self)} assistants, {told}")

    def __repr__(self) -> str:
        lines = "".join(f"\n  {run!r}" for run in self.runs)
        return f"AssistanceComparison({len(self)} assistants, {len(self.runs[0])} tasks){lines}"


def _label(measure: str) -> str:
    """Return how a measure is called in pictures and tables."""
    return measure.replace("_", " ").replace("dpr", "DPR")


def _number(value: object) -> object:
    return f"{value:.4g}" if isinstance(value, float) else value


def _with_error(found: Estimate) -> str:
    """Return an estimate with two digits of its standard error, and as many decimals as these have."""
    error = found.standard_error
    if error == 0 or not math.isfinite(error):
        value = f"{found.value:.4f}" if 0 < abs(found.value) < 1 else f"{found.value:.4g}"
        return f"{value}{' (0)' if error == 0 else ''}"
    decimals = max(1 - math.floor(math.log10(error)), 0)
    return f"{found.value:.{decimals}f} ({error:.{decimals}f})"


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
