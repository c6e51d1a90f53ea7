"""Where the states of a world lie on a grid, for pictures alone; no computation reads it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class GridLayout:
    """A grid on which every state has a cell.

    Parameters
    ----------
    shape : (int, int)
        Number of rows and columns.
    cells : tuple of (int, int)
        Row and column of each state, in the order of the model's states.
    walls : tuple of ((int, int), (int, int))
        Pairs of neighbouring cells with a wall between them.
    marks : dict of (int, int) to str
        A short text written into a cell, such as ``"G"`` for a goal.
    origin : {"upper", "lower"}
        Whether row 0 is drawn at the top or at the bottom.
    """

    shape: tuple[int, int]
    cells: tuple[tuple[int, int], ...]
    walls: tuple[tuple[tuple[int, int], tuple[int, int]], ...] = ()
    marks: dict[tuple[int, int], str] = field(default_factory=dict)
    origin: str = "upper"

    def to_dict(self) -> dict[str, Any]:
        """Return the layout as plain lists and strings, ready for JSON."""
        return asdict(self) | {"marks": [[list(cell), text] for cell, text in self.marks.items()]}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> GridLayout:
        """Rebuild a layout from what :meth:`to_dict` returned."""
        return cls(
            shape=tuple(data["shape"]),
            cells=tuple(tuple(cell) for cell in data["cells"]),
            walls=tuple((tuple(a), tuple(b)) for a, b in data["walls"]),
            marks={tuple(cell): text for cell, text in data["marks"]},
            origin=data["origin"],
        )
