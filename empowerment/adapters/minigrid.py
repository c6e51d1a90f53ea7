"""The state of a MiniGrid environment as a readable label."""

from __future__ import annotations

import sys
from collections.abc import Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from empowerment.adapters.snapshot import Snapshots
from empowerment.core.layout import GridLayout

_DIRECTIONS = ("right", "down", "left", "up")
_READ_HERE = ("agent_pos", "agent_dir", "carrying", "grid", "step_count")
_POSITIONS = ("init_pos", "cur_pos")  # where an object is the grid tells
_IN_HAND = (-1, -1)  # MiniGrid's own mark
# How pictures mark what stands in a cell after the reset; walls are seen by having no state.
_MARKS = {"goal": "G", "key": "K", "door": "D", "ball": "B", "box": "X", "lava": "L"}
_PLAIN = (bool, int, float, str, tuple, type(None))


def is_minigrid(core: Any) -> bool:
    """Return whether this is an environment of MiniGrid or made of one."""
    base = sys.modules.get("minigrid.minigrid_env")  # loaded, if one of its environments is at hand
    return base is not None and isinstance(core, base.MiniGridEnv)


def ignores_observations(core: Any) -> bool:
    """Return whether this environment of MiniGrid has no step of its own that could use what is observed."""
    classes = [kind for kind in type(core).__mro__ if {"step", "gen_obs", "gen_obs_grid"} & vars(kind).keys()]
    return is_minigrid(core) and all(kind.__module__.startswith(("minigrid.", "gymnasium.")) for kind in classes)


@contextmanager
def unobserved(core: Any) -> Iterator[None]:
    """Make no observations meanwhile, which take a third of a step."""
    core.gen_obs = dict
    try:
        yield
    finally:
        del core.gen_obs


class GridMemory:
    """Reader and restorer of the state ``(position, direction, carried, changes)``.

    The objects of the grid stay the same ones, because environments compare them by identity. They are moved, and
    their attributes restored. Further memory of the environment, such as the progress of an instruction of BabyAI, is
    identified by a number, which ends the label unless it is 0.

    Raises
    ------
    ValueError
        If a state cannot be read.
    """

    def __init__(self, core: Any) -> None:
        self.core = core
        self.cells = list(core.grid.grid)
        self.names = _names([*self.cells, core.carrying])
        self.held = {thing: dict(vars(thing)) for thing in self.names}
        self.kept: dict[Any, tuple[Any, ...]] = {}
        self.rest = Snapshots(core, known=list(self.names), without=_READ_HERE)

    @property
    def generators(self) -> Sequence[Any] | None:
        """The random generators of the environment."""
        return self.rest.generators

    def read(self) -> Any:
        """Return the label of the state, and store what is needed to restore it."""
        core, rest = self.core, self.rest.read()
        altered = {thing: own for thing in self.names if (own := self._altered(thing))}
        changed = {
            place: thing
            for place, (thing, first) in enumerate(zip(core.grid.grid, self.cells, strict=True))
            if thing is not first or thing in altered
        }
        label: tuple[Any, ...] = (
            (int(core.agent_pos[0]), int(core.agent_pos[1])),
            _DIRECTIONS[core.agent_dir],
            self._described(core.carrying, altered),
            tuple((self._cell(place), self._described(thing, altered)) for place, thing in changed.items()),
        )
        label += (rest,) if rest else ()
        self.kept.setdefault(label, (core.carrying, changed, altered, rest))
        return label

    def restore(self, state: Any) -> None:
        """Restore a state that was read before."""
        core = self.core
        core.agent_pos, core.agent_dir, core.step_count = state[0], _DIRECTIONS.index(state[1]), 0
        core.carrying, changed, altered, rest = self.kept[state]
        self.rest.restore(rest)
        core.grid.grid[:] = self.cells
        for thing, held in self.held.items():
            if thing in altered or not _same(vars(thing), held):
                vars(thing).clear()
                vars(thing).update(held | altered.get(thing, {}))
        for place, thing in changed.items():
            core.grid.grid[place] = thing
            if thing is not None and thing is not self.cells[place]:
                thing.cur_pos = np.array(self._cell(place))
        if core.carrying is not None:
            core.carrying.cur_pos = np.array(_IN_HAND)

    def layout(self, states: Sequence[Any], name: str) -> GridLayout:
        """Return the map of the grid, on which a state lies where the agent stands, with a mark for each object."""
        width, height = self.core.grid.width, self.core.grid.height
        # A state in which an episode ends may be labelled ("ended", state).
        positions = [(state[1] if state[0] == "ended" else state)[0] for state in states]
        marks = {
            divmod(place, width): _MARKS[thing.type]
            for place, thing in enumerate(self.cells)
            if thing is not None and thing.type in _MARKS
        }
        return GridLayout((height, width), tuple((y, x) for x, y in positions), marks=marks, name=name)

    def _cell(self, place: int) -> tuple[int, int]:
        row, column = divmod(place, self.core.grid.width)
        return column, row

    def _altered(self, thing: Any) -> dict[str, Any]:
        """Return the attributes of an object that are not as they were at first."""
        first, now = self.held[thing], vars(thing)
        if _same(now, first):
            return {}
        own = {name: _plain(value) for name, value in now.items() if name not in _POSITIONS}
        for name, value in own.items():
            if not isinstance(value, _PLAIN) and not (isinstance(value, Hashable) and value in self.names):
                raise ValueError(
                    f"the attribute {name!r} of the {self.names[thing]} is {value!r}, expected a plain value; "
                    "pass get_state= and set_state="
                )
        return {name: value for name, value in own.items() if name not in first or first[name] != value}

    def _described(self, thing: Any, altered: dict[Any, dict[str, Any]]) -> str | None:
        if thing is None:
            return None
        if thing not in self.names:
            raise ValueError(
                f"a {thing.color} {thing.type} is there that was not there after the reset; "
                "pass get_state= and set_state="
            )
        own = ", ".join(f"{name}={self._shown(value)}" for name, value in sorted(altered.get(thing, {}).items()))
        return f"{self.names[thing]} ({own})" if own else self.names[thing]

    def _shown(self, value: Any) -> str:
        return repr(value) if isinstance(value, _PLAIN) else self.names[value]


def _same(now: dict[str, Any], first: dict[str, Any]) -> bool:
    """Return whether attributes are what they were; a position that is another array counts as different."""
    try:
        return bool(now == first)
    except ValueError:
        return False


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _names(things: Iterable[Any]) -> dict[Any, str]:
    """Name all objects, also those inside others, so that no two have the same name."""
    names: dict[Any, str] = {}
    count: dict[str, int] = {}
    for thing in _with_contents(things):
        if thing not in names:
            name = f"{thing.color} {thing.type}"
            count[name] = count.get(name, 0) + 1
            names[thing] = name if count[name] == 1 else f"{name} {count[name]}"
    return names


def _with_contents(things: Iterable[Any]) -> Iterator[Any]:
    for thing in things:
        while thing is not None:
            yield thing
            thing = thing.contains
