"""What became of an agent with desires: its state, emotion, desire and actions, one strip below the other."""

from __future__ import annotations

from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from empowerment.core import validate
from empowerment.plotting.axes import Canvas
from empowerment.plotting.colors import BLUE, GREEN, ORANGE, PURPLE, RED, SKY

COLORS = (ORANGE, GREEN, BLUE, PURPLE, SKY, RED, "#F0E442", "#000000")
_FELT, _ACTED, _EVENT = "#7F6AA8", "0.3", "#B03A2E"
_MOST_LINES = 60  # events; the lines of more would cover the strips
_AXES = ("pleasure", "arousal", "dominance")
_NEEDED = ("seeds", "levels", "emotion", "emotion_names", "desire", "desires", "event", "action_numbers", "actions")
# In inches: the figure, a name of an emotion, each kind of strip, and the space above a group of strips.
_WIDTH, _NAME, _HEADING = 8.6, 0.125, 0.3
_NAMES, _LEVEL, _FEELING, _BAND, _ROW = 0.72, 0.46, 0.42, 0.85, 0.18


class _Part(NamedTuple):
    """One agent in some steps of one run; every array has one entry for each step."""

    first: int
    levels: np.ndarray
    emotion: np.ndarray
    names: np.ndarray
    desire: np.ndarray
    event: np.ndarray
    actions: np.ndarray

    @property
    def edges(self) -> np.ndarray:
        """Where steps begin and end."""
        return self.first + np.arange(len(self.event) + 1)


def plot_desire_trace(
    trace: Any,
    *,
    ax: Any = None,
    title: str | None = None,
    vmin: float | None = None,
    vmax: float | None = None,
    seed: Any = None,
    agent: int = 0,
    steps: tuple[int, int] | None = None,
    day: int | None = None,
) -> Any:
    """Draw what became of one agent: the variables it wants, its emotion, its desire and its actions.

    Red lines are events, with the name of the emotion above. The desire of a step is that in force when the action
    was chosen, so that it changes in the step after an event. Emotions and variables are those after each step.

    Parameters
    ----------
    trace : DesireTrace
        The trace to draw.
    ax : matplotlib.axes.Axes, optional
        Whose place the strips take; on a new figure by default. They are its `child_axes`.
    title : str, optional
        By default the name of the agent, and how many events it saw.
    vmin, vmax : float, optional
        The ends of the axes of all wanted variables; by default each has a scale of its own.
    seed : int, optional
        Of the run; by default the first.
    agent : int
        The number of the agent in its run.
    steps : tuple of two int, optional
        The first step to draw, and the first one that is not drawn any more; by default all are.
    day : int, optional
        Steps in a day; with it the axis counts days, from 0, and lines separate them.

    Returns
    -------
    matplotlib.axes.Axes
        The axes.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If there is no such seed, agent or step, or `vmin` is not below `vmax`.

    See Also
    --------
    empowerment.desire.simulate_agents : Makes traces.

    Examples
    --------
    >>> import empowerment as emp
    >>> from empowerment.desire import DesireAgent, Riders, simulate_agents
    >>> trace = simulate_agents(Riders(), DesireAgent(), 36, seeds=[0])
    >>> emp.plotting.plot_desire_trace(trace).get_title()
    "'desire', seed 0, agent 0: 2 events in 36 steps"
    """
    validate.offers(trace, _NEEDED, "trace", "a DesireTrace, as simulate_agents returns it")
    part, run = _part(trace, seed, agent, steps)
    day = None if day is None else validate.positive_int(day, "day")
    groups = _groups(trace, part)
    heights = [_NAMES, *(height for _, strips in groups for height, _ in strips)]
    total = sum(heights) + _HEADING * len(groups)
    canvas = Canvas.of(ax, (_WIDTH, total + 0.9), title, vmin, vmax)
    ax = canvas.ax
    ax.set_axis_off()
    top = 1 - _NAMES / total
    panels = [_panel(ax, top, _NAMES / total)]
    for heading, strips in groups:
        top -= _HEADING / total
        ax.text(0, top + 0.05 / total, heading, size="small", weight="bold", va="bottom", transform=ax.transAxes)
        for height, draw in strips:
            top -= height / total
            panels.append(_panel(ax, top, 0.86 * height / total))
            draw(panels[-1], canvas)
    _share_steps(panels, part, day)
    _write_names(panels[0], part)
    canvas.write_title(_title(trace, part, run, agent))
    return ax


def _part(trace: Any, seed: Any, agent: Any, steps: Any) -> tuple[_Part, int]:
    """Return what is to be drawn, and the number of its run."""
    n_steps, n_agents = trace.action_numbers.shape[1:]
    run = 0 if seed is None else validate.index_of(seed, {each: i for i, each in enumerate(trace.seeds)}, "seed")
    number = validate.whole(agent)
    if number is None or not 0 <= number < n_agents:
        raise ValueError(f"agent is {validate.shown(agent)}, expected a number from 0 to {n_agents - 1}")
    given = (0, n_steps) if steps is None else steps
    ends = list(islice(given, 3)) if validate.is_several(given) else []
    if len(ends) != 2 or None in map(validate.whole, ends):
        raise ValueError(f"steps is {validate.shown(steps)}, expected two whole numbers, the first and the end")
    first, end = map(int, ends)
    if not 0 <= first < end <= n_steps:
        raise ValueError(f"steps is ({first}, {end}), expected 0 <= first < end <= {n_steps}, the steps of the trace")
    which = run, slice(first, end), number
    after = run, slice(first + 1, end + 1), number
    part = _Part(
        first,
        trace.levels[which],
        trace.emotion[after],
        trace.emotion_names[which],
        trace.desire[which],
        trace.event[which],
        trace.action_numbers[which],
    )
    return part, run


def _groups(trace: Any, part: _Part) -> list[tuple[str, list[tuple[float, Any]]]]:
    """Return headings with their strips: how high each is, and what draws it."""

    def level(i: int) -> Any:
        return lambda panel, canvas: _draw_level(panel, canvas, part, i, trace.desires[i])

    def feeling(i: int) -> Any:
        return lambda panel, _: _draw_feeling(panel, part, i)

    return [
        ("state: the variables that are wanted", [(_LEVEL, level(i)) for i in range(len(trace.desires))]),
        ("emotion", [(_FEELING, feeling(i)) for i in range(len(_AXES))]),
        ("desire", [(_BAND, lambda panel, _: _draw_desire(panel, part, trace.desires))]),
        ("action", [(_ROW * len(trace.actions) + 0.05, lambda panel, _: _draw_actions(panel, part, trace.actions))]),
    ]


def _panel(ax: Any, bottom: float, height: float) -> Any:
    panel = ax.inset_axes((0, bottom, 1, height))
    panel.tick_params(labelsize="x-small", length=2)
    panel.spines[["top", "right"]].set_visible(False)
    return panel


def _label(panel: Any, name: str) -> None:
    panel.set_ylabel(name, rotation=0, ha="right", va="center", size="small", labelpad=4)
    panel.yaxis.set_label_coords(-0.055, 0.5)


def _draw_level(panel: Any, canvas: Canvas, part: _Part, i: int, name: str) -> None:
    values = part.levels[:, i]
    panel.stairs(values, part.edges, color=COLORS[i % len(COLORS)], linewidth=1.3, baseline=None)
    low, high = min(0.0, float(values.min())), float(values.max())
    high = high if high > low else low + 1
    room = 0.04 * (high - low)
    panel.set_ylim(*canvas.ends(low - room, high + room))
    _mark_ends(panel, canvas.ends(low, high))
    _label(panel, name)


def _draw_feeling(panel: Any, part: _Part, i: int) -> None:
    panel.stairs(part.emotion[:, i], part.edges, fill=True, color=_FELT, alpha=0.85)
    panel.axhline(0, color="0.5", linewidth=0.6)
    panel.set(ylim=(-1.08, 1.08))
    _mark_ends(panel, (-1, 1))
    _label(panel, _AXES[i])


def _mark_ends(panel: Any, ends: tuple[float, float]) -> None:
    """Write both ends of an axis inside its height, so that strips do not write into each other."""
    panel.set_yticks(ends, [f"{end:.3g}".replace("-", "−") for end in ends])
    for text, side in zip(panel.get_yticklabels(), ("bottom", "top"), strict=True):
        text.set_verticalalignment(side)


def _draw_desire(panel: Any, part: _Part, desires: tuple[str, ...]) -> None:
    top = np.cumsum(part.desire, axis=1)
    for i, name in reversed(list(enumerate(desires))):
        below = top[:, i] - part.desire[:, i]
        color = COLORS[i % len(COLORS)]
        panel.stairs(top[:, i], part.edges, baseline=below, fill=True, color=color, label=name, linewidth=0)
    panel.set(ylim=(0, 1))
    panel.set_yticks([0, 0.5, 1], ["0", "½", "1"])
    _label(panel, "weight")
    panel.legend(loc="center left", bbox_to_anchor=(1.005, 0.5), frameon=False, fontsize="small", handlelength=1)


def _draw_actions(panel: Any, part: _Part, actions: tuple[Any, ...]) -> None:
    for number in range(len(actions)):
        chosen = np.flatnonzero(part.actions == number) + part.first
        panel.broken_barh([(start, 1) for start in chosen.tolist()], (number - 0.4, 0.8), color=_ACTED, linewidth=0)
    panel.set(ylim=(len(actions) - 0.5, -0.5))
    panel.set_yticks(range(len(actions)), [str(action) for action in actions])
    panel.tick_params(axis="y", labelsize="small", length=0)


def _share_steps(panels: list[Any], part: _Part, day: int | None) -> None:
    """Give all strips the same axis of steps, and mark events and days on it."""
    edges, events = part.edges, np.flatnonzero(part.event) + part.first + 1
    strength = 0.8 if len(events) <= _MOST_LINES else 0.25
    for panel in panels:
        panel.set_xlim(edges[0], edges[-1])
        panel.tick_params(labelbottom=panel is panels[-1], bottom=panel is panels[-1])
    for panel in panels[1:]:
        for step in events.tolist():
            panel.axvline(step, color=_EVENT, linewidth=0.8, alpha=strength)
        if day is not None:
            for step in range(-(-edges[0] // day) * day, edges[-1] + 1, day):
                panel.axvline(step, color="0.75", linewidth=0.5, linestyle=":", zorder=0.5)
    last = panels[-1]
    last.set_xlabel("step" if day is None else "day", size="small")
    if day is not None:
        from matplotlib.ticker import FuncFormatter, MultipleLocator

        every = next(n for n in (1, 2, 5, 10, 20, 50, 100, 10**9) if len(part.event) <= 16 * n * day)
        last.xaxis.set_major_locator(MultipleLocator(every * day))
        last.xaxis.set_major_formatter(FuncFormatter(lambda step, _: f"{step / day:g}"))


def _write_names(panel: Any, part: _Part) -> None:
    """Write the names of emotions at events, moved apart where they would overlap, with lines to their events."""
    panel.set(ylim=(0, 1), yticks=[])
    panel.spines[:].set_visible(False)
    events = np.flatnonzero(part.event)
    width = panel.get_window_extent().width / panel.figure.dpi
    room = _NAME * len(part.event) / width
    if room * len(events) > len(part.event):
        sentence = f"{len(events)} events, too many to name"
        panel.text(0.5, 0.1, sentence, transform=panel.transAxes, ha="center", size="x-small", color=_EVENT)
        return
    at = events + part.first + 1
    places = _apart(at.astype(float), room, part.edges[0] + room / 2, part.edges[-1] - room / 2)
    for event, step, place in zip(events, at, places, strict=True):
        panel.plot([step, place], [0, 0.28], color=_EVENT, linewidth=0.7, clip_on=False)
        panel.text(place, 0.33, part.names[event], rotation=90, ha="center", va="bottom", size="x-small")


def _apart(wanted: np.ndarray, room: float, least: float, most: float) -> np.ndarray:
    """Return places at least `room` apart and within limits, in order and as near to those wanted as squares tell."""
    from scipy.optimize import isotonic_regression

    if not wanted.size:
        return wanted
    offsets = room * np.arange(len(wanted))
    slack = isotonic_regression(wanted - offsets).x
    return np.asarray(np.clip(slack, least, most - offsets[-1]) + offsets)


def _title(trace: Any, part: _Part, run: int, agent: int) -> str:
    count = int(part.event.sum())
    events = "1 event" if count == 1 else f"{count} events"
    return f"{trace.agent!r}, seed {trace.seeds[run]}, agent {agent}: {events} in {len(part.event)} steps"
