"""Traces of agents, step by step."""

from __future__ import annotations

import dataclasses
import html
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.desire.appraisal import name_emotions
from empowerment.desire.parameters import DesireParameters
from empowerment.desire.trace_checks import check_trace
from empowerment.export.tables import data_frame
from empowerment.results.result import Result

_AXES = ("pleasure", "arousal", "dominance")
_BEFORE = ("state_numbers", "emotion", "desire")
_MOST_ROWS = 20
_ARRAYS = (
    *_BEFORE,
    "action_numbers",
    "levels",
    "changes",
    "rank",
    "features",
    "event",
)


@dataclass(frozen=True, eq=False, repr=False)
class DesireTrace(Result):
    """Trace of agents of one kind in several runs: sized, iterable over seeds, and indexed by them.

    All arrays have the axes (run, step, agent), some one more. `state_numbers`, `emotion` and `desire` hold the
    values before each step, and one more for after the last.

    Attributes
    ----------
    agent : str
        Name of the agent.
    seeds : tuple of int
        One for each run.
    desires, appraised : tuple of str
        Names of the desires, and of the appraised changes.
    states, actions : tuple
        Labels of the world's model.
    parameters : DesireParameters
        The parameters of the simulation.
    moved : bool
        Whether events changed the desire.
    state_numbers : ndarray of int of shape (n_runs, n_steps + 1, n_agents)
        Numbers of the states.
    action_numbers : ndarray of int of shape (n_runs, n_steps, n_agents)
        Numbers of the actions.
    levels : ndarray of shape (n_runs, n_steps, n_agents, n_desires)
        The variables of the desires after each step.
    changes : ndarray of shape (n_runs, n_steps, n_agents, n_changes)
        Changes of the appraised variables.
    rank : ndarray of shape (n_runs, n_steps, n_agents)
        Share of the other agents with less.
    features : ndarray of shape (n_runs, n_steps, n_agents, n_desires)
        Reward of each step for each desire.
    emotion : ndarray of shape (n_runs, n_steps + 1, n_agents, 3)
        Pleasure, arousal and dominance.
    desire : ndarray of shape (n_runs, n_steps + 1, n_agents, n_desires)
        Weights of the desires.
    event : ndarray of bool of shape (n_runs, n_steps, n_agents)
        Whether the step was an event. For agents that are moved, and only for them, the desire changes there.
    records : mapping from str to ndarray of shape (n_runs, n_steps, n_agents)
        Further records of the world; riders have "pay", "health" (before the night) and "delivered".

    See Also
    --------
    simulate_agents : Make a trace.
    empowerment.plotting.plot_desire_trace : Draw a trace.

    Examples
    --------
    >>> from empowerment.desire import DesireAgent, Riders, simulate_agents
    >>> trace = simulate_agents(Riders(), DesireAgent(resolution=20), 12, seeds=[3])
    >>> len(trace), trace.n_steps, trace.n_agents, trace.desire.shape
    (1, 12, 6, (1, 13, 6, 3))
    """

    _parts = (DesireParameters,)

    agent: str
    seeds: tuple[int, ...]
    desires: tuple[str, ...]
    appraised: tuple[str, ...]
    states: tuple[Any, ...]
    actions: tuple[Any, ...]
    parameters: DesireParameters
    moved: bool
    state_numbers: np.ndarray
    action_numbers: np.ndarray
    levels: np.ndarray
    changes: np.ndarray
    rank: np.ndarray
    features: np.ndarray
    emotion: np.ndarray
    desire: np.ndarray
    event: np.ndarray
    records: Mapping[str, np.ndarray]

    @property
    def n_steps(self) -> int:
        """Number of steps of each run."""
        return int(self.action_numbers.shape[1])

    @property
    def n_agents(self) -> int:
        """Number of agents in each run."""
        return int(self.action_numbers.shape[2])

    @property
    def emotion_names(self) -> np.ndarray:
        """Name of the emotion after each step, of shape (n_runs, n_steps, n_agents)."""
        return name_emotions(self.emotion[:, 1:])

    def __len__(self) -> int:
        return len(self.seeds)

    def __iter__(self) -> Iterator[int]:
        return iter(self.seeds)

    def __contains__(self, seed: object) -> bool:
        return seed in self.seeds

    def __getitem__(self, seed: int) -> DesireTrace:
        """Return the run of one seed."""
        run = validate.index_of(seed, {each: number for number, each in enumerate(self.seeds)}, "seed")
        one = slice(run, run + 1)
        parts: dict[str, Any] = {name: getattr(self, name)[one] for name in ("seeds", *_ARRAYS)}
        records = {name: array[one] for name, array in self.records.items()}
        return dataclasses.replace(self, **parts, records=records)

    def _check(self) -> None:
        check_trace(self)

    def to_dataframe(self) -> Any:
        """Convert the trace into a table.

        Returns
        -------
        pandas.DataFrame
            One row for each run, step and agent: the labels of the state and the action, the variables, the emotion
            with its name, the desire when the action was chosen, whether the step was an event, and the records of
            the world.
        """
        run, step, agent = np.indices(self.action_numbers.shape)
        states = np.fromiter(map(str, self.states), dtype=object, count=len(self.states))
        actions = np.fromiter(map(str, self.actions), dtype=object, count=len(self.actions))
        columns = {
            "seed": np.array(self.seeds)[run],
            "step": step,
            "agent": agent,
            "state": states[self.state_numbers[:, :-1]],
            "action": actions[self.action_numbers],
            **{f"level_{name}": self.levels[..., i] for i, name in enumerate(self.desires)},
            **{f"change_{name}": self.changes[..., i] for i, name in enumerate(self.appraised)},
            "rank": self.rank,
            **{name: self.emotion[:, 1:, :, i] for i, name in enumerate(_AXES)},
            "emotion": self.emotion_names,
            "event": self.event,
            **{f"desire_{name}": self.desire[:, :-1, :, i] for i, name in enumerate(self.desires)},
            **self.records,
        }
        return data_frame({name: np.asarray(column).reshape(-1) for name, column in columns.items()}, "row")

    def plot(
        self,
        ax: Any = None,
        title: str | None = None,
        vmin: float | None = None,
        vmax: float | None = None,
        *,
        seed: int | None = None,
        agent: int = 0,
        steps: tuple[int, int] | None = None,
        day: int | None = None,
    ) -> Any:
        """Draw the trace of one agent; see :func:`empowerment.plotting.plot_desire_trace`.

        Parameters
        ----------
        ax : sequence of matplotlib.axes.Axes, optional
            Axes to draw on; a new figure by default.
        title : str, optional
            Title.
        vmin, vmax : float, optional
            Ends of the axis of values.
        seed : int, optional
            The run; by default the first.
        agent : int
            Number of the agent.
        steps : tuple of two int, optional
            First step, and the step after the last.
        day : int, optional
            A day in place of `steps`.

        Returns
        -------
        array of matplotlib.axes.Axes
            The axes.
        """
        from empowerment.plotting import plot_desire_trace

        which: dict[str, Any] = {"seed": seed, "agent": agent, "steps": steps, "day": day}
        return plot_desire_trace(self, ax=ax, title=title, vmin=vmin, vmax=vmax, **which)

    def __repr__(self) -> str:
        runs = "1 run" if len(self) == 1 else f"{len(self)} runs"
        agents = "1 agent" if self.n_agents == 1 else f"{self.n_agents} agents"
        events = f"{int(self.event.sum())} events" if self.moved else "desires fixed"
        return f"DesireTrace({runs} of {self.n_steps} steps, {agents} {self.agent!r}, {events})"

    def _repr_html_(self) -> str:
        """Return a table with a row for each agent: means over runs and steps."""
        names = [html.escape(name) for name in self.desires]
        head = [
            "agent",
            "events in a run",
            *(f"mean {name}" for name in names),
            *(f"desire for {name}" for name in names),
        ]
        events = self.event.sum(axis=1).mean(axis=0)
        columns = np.column_stack([events, self.levels.mean(axis=(0, 1)), self.desire.mean(axis=(0, 1))])
        rows = [
            f"<tr><th>{agent}</th>{''.join(f'<td>{number:.4g}</td>' for number in row)}</tr>"
            for agent, row in enumerate(columns[:_MOST_ROWS])
        ]
        if self.n_agents > _MOST_ROWS:
            rows.append(f'<tr><th colspan="{len(head)}">and {self.n_agents - _MOST_ROWS} more</th></tr>')
        return (
            f"<table><caption>{html.escape(repr(self))}</caption>"
            f"<thead><tr>{''.join(f'<th>{name}</th>' for name in head)}</tr></thead>"
            f"<tbody>{''.join(rows)}</tbody></table>"
        )
