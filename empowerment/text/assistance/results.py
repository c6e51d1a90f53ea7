"""Results of assistants, task by task and in comparison."""

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
    """Episodes of one assistant, task by task.

    It is sized, iterable over the names of the tasks, and indexed by them.

    Attributes
    ----------
    assistant : str
        Name of the assistant.
    episodes : tuple of Episode
        One for each task.
    effort : Effort
        Definition of effort in `dpr` and `dpr_characters`.

    See Also
    --------
    AssistanceComparison : The runs of several assistants.
    compare_assistants : Produces runs.

    Examples
    --------
    >>> from empowerment.text import NoAssistant, Replay, TableModel, WritingTask, compare_assistants
    >>> model = TableModel({"": {"a": 0.5, " b": 0.5}})
    >>> task = WritingTask("letters", "", "a b").tokenized(model)
    >>> run = compare_assistants({"none": NoAssistant()}, Replay(), [task])["none"]
    >>> list(run), run.accept_ratio is None, run.mean("tokens_written").value
    (['letters'], True, 2.0)
    """

    _parts = (Episode, Round, Decision, Effort, Costs)

    assistant: str
    episodes: tuple[Episode, ...]
    effort: Effort

    @property
    def accept_ratio(self) -> Estimate | None:
        """Share of accepted suggestions among all suggestions; None if there were none."""
        offered = [episode.n_suggestions for episode in self.episodes]
        return Estimate.ratio([e.n_accepted for e in self.episodes], offered) if any(offered) else None

    @property
    def n_unfinished(self) -> int:
        """Number of tasks that were not finished within the rounds."""
        return sum(not episode.finished for episode in self.episodes)

    def mean(self, measure: str) -> Estimate:
        """Compute the mean of a measure over tasks.

        Parameters
        ----------
        measure : str
            One of `MEASURES`, such as "dpr" or "tokens_read".

        Returns
        -------
        Estimate
            The mean with its standard error.

        Raises
        ------
        ValueError
            If there is no such measure, or it depends on whether a text is correct and that is not known.
        """
        return Estimate.mean([measured(episode, measure, self.effort) for episode in self.episodes])

    def __len__(self) -> int:
        return len(self.episodes)

    def __iter__(self) -> Iterator[str]:
        return (episode.task for episode in self.episodes)

    def __getitem__(self, task: str) -> Episode:
        """Return the episode of a task."""
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
    """Comparison of several assistants on the same tasks with the same person.

    It is sized, iterable over the names of the assistants, and indexed by them.

    Attributes
    ----------
    runs : tuple of AssistanceRun
        One for each assistant.
    effort : Effort
        Definition of effort.

    See Also
    --------
    compare_assistants : Make this comparison.
    empowerment.plotting.plot_assistants : Draw it.

    Examples
    --------
    >>> from empowerment.text import NoAssistant, Replay, TableModel, WritingTask, compare_assistants
    >>> model = TableModel({"": {"a": 0.5, " b": 0.5}})
    >>> task = WritingTask("letters", "", "a b").tokenized(model)
    >>> comparison = compare_assistants({"none": NoAssistant(), "idle": NoAssistant()}, Replay(), [task])
    >>> list(comparison), comparison.difference("none", "idle", "tokens_written").value
    (['none', 'idle'], 0.0)
    """

    runs: tuple[AssistanceRun, ...]
    effort: Effort

    @classmethod
    def of(cls, episodes: Iterable[Episode], effort: Effort | None = None) -> AssistanceComparison:
        """Make the comparison of episodes in any order.

        Parameters
        ----------
        episodes : iterable of Episode
            Episodes of all assistants.
        effort : Effort, optional
            Definition of effort.

        Returns
        -------
        AssistanceComparison
            The comparison.

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
        """Compute the mean over tasks of the difference of a measure between two assistants.

        The standard error is that of the paired differences.

        Parameters
        ----------
        assistant, other : str
            Names of the assistants; the measure of `other` is subtracted.
        measure : str
            One of `MEASURES`.

        Returns
        -------
        Estimate
            The mean difference with the standard error of paired differences.
        """
        pairs = zip(self[assistant].episodes, self[other].episodes, strict=True)
        return Estimate.mean(
            [measured(a, measure, self.effort) - measured(b, measure, self.effort) for a, b in pairs]
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the log of all events; see :mod:`empowerment.text.assistance.log` for its format.

        Parameters
        ----------
        path : path
            File to write.
        """
        write_log(path, (episode for run in self.runs for episode in run.episodes), self.effort)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> AssistanceComparison:
        """Read the comparison from a log.

        Parameters
        ----------
        path : path
            A file that :meth:`save` wrote.

        Returns
        -------
        AssistanceComparison
            The comparison.

        Raises
        ------
        ValueError
            If the file is no complete log; the message names the line.
        """
        return cls.of(*read_log(path))

    def __len__(self) -> int:
        return len(self.runs)

    def __iter__(self) -> Iterator[str]:
        return (run.assistant for run in self.runs)

    def __getitem__(self, assistant: str) -> AssistanceRun:
        """Return the run of an assistant."""
        return self.runs[validate.index_of(assistant, {name: i for i, name in enumerate(self)}, "assistant")]

    def to_dataframe(self) -> Any:
        """Convert the comparison into a table.

        Returns
        -------
        pandas.DataFrame
            One row for each assistant: its accept ratio, and means with standard errors.
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

    def plot(
        self,
        ax: Any = None,
        title: str | None = None,
        vmin: float | None = None,
        vmax: float | None = None,
        *,
        measures: Sequence[str] | None = None,
    ) -> Any:
        """Draw means over tasks with their standard errors; see :func:`empowerment.plotting.plot_assistants`.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Axes to draw on; a new figure by default.
        title : str, optional
            Title; by default the person and the number of tasks.
        vmin, vmax : float, optional
            Ends of the axis of measures; by default those of the data.
        measures : sequence of str, optional
            Some of `MEASURES`, in one unit; by default "dpr", or "tokens_read" and "tokens_written" if it is not
            known whether some texts are correct.

        Returns
        -------
        matplotlib.axes.Axes
            The axes.

        Raises
        ------
        ValueError
            If there is no such measure.

        Notes
        -----
        The standard error of a mean includes the variation among tasks, which all assistants share. Use
        :meth:`difference` to decide whether one assistant is better than another.
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
            vmin=vmin,
            vmax=vmax,
        )

    @property
    def _judged(self) -> bool:
        """Return whether it is known of every text whether it is correct."""
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
        caption = "1 task" if tasks == 1 else f"{tasks} tasks; means with standard errors in brackets"
        return table(columns, f"{len(self)} assistants, {caption}")

    def __repr__(self) -> str:
        lines = "".join(f"\n  {run!r}" for run in self.runs)
        return f"AssistanceComparison({len(self)} assistants, {len(self.runs[0])} tasks){lines}"


def _label(measure: str) -> str:
    """Return the name of a measure in pictures and tables."""
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
