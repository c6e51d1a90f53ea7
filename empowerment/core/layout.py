"""Where the states of a world lie in a picture; no computation reads it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class GridLayout:
    """A grid on which every state has a cell.

    Several states may share a cell, such as the directions in which an agent looks.

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
    axes : (str, str)
        What rows and columns stand for.
    name : str
        The name of the world, for titles. Layouts that differ in their names alone are equal.

    See Also
    --------
    GraphLayout : For worlds whose states lie on no grid.
    empowerment.plotting.plot_map : Draws the values of states in their cells.

    Examples
    --------
    >>> from empowerment.core.layout import GridLayout
    >>> hall = GridLayout((1, 2), ((0, 0), (0, 1)), marks={(0, 1): "G"}, name="hall")
    >>> GridLayout.from_dict(hall.to_dict()) == hall
    True
    """

    shape: tuple[int, int]
    cells: tuple[tuple[int, int], ...]
    walls: tuple[tuple[tuple[int, int], tuple[int, int]], ...] = ()
    marks: dict[tuple[int, int], str] = field(default_factory=dict)
    origin: str = "upper"
    axes: tuple[str, str] = field(default=("row", "column"), compare=False)
    name: str = field(default="", compare=False)

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
            axes=tuple(data["axes"]),
            name=data["name"],
        )


@dataclass(frozen=True)
class GraphLayout:
    """A graph of states: where each may lead, for worlds whose states lie on no grid.

    Parameters
    ----------
    edges : tuple of (int, int)
        Numbers of a state and of one that follows it. None where there are too many states to draw.
    name : str
        The name of the world, for titles. Layouts that differ in their names alone are equal.
    positions : tuple of (float, float)
        Where each state lies; empty where pictures choose.

    See Also
    --------
    GridLayout : For worlds on a grid.
    empowerment.plotting.plot_graph : Draws the values of states as the nodes of a graph.

    Examples
    --------
    >>> from scipy.sparse import csr_array
    >>> from empowerment.core.layout import GraphLayout
    >>> rows = csr_array([[0.9, 0.1], [0.0, 1.0], [1.0, 0.0], [0.5, 0.5]])  # two states, two actions
    >>> GraphLayout.of_rows(rows, n_actions=2).edges
    ((0, 0), (0, 1), (1, 0), (1, 1))
    """

    edges: tuple[tuple[int, int], ...]
    name: str = field(default="", compare=False)
    positions: tuple[tuple[float, float], ...] = ()

    @classmethod
    def of_rows(cls, rows: Any, n_actions: int, name: str = "", most_states: int = 300) -> GraphLayout:
        """Return the graph of the most probable next states of each state and action.

        Parameters
        ----------
        rows : scipy.sparse.csr_array of shape (n_states * n_actions, n_states)
            A transition, as :class:`empowerment.MDP` holds it.
        n_actions : int
        name : str
        most_states : int
            Of larger worlds only the name is kept.

        Returns
        -------
        GraphLayout
        """
        if rows.shape[1] > most_states:
            return cls((), name)
        largest = rows.max(axis=1).toarray().reshape(-1)
        entries = rows.tocoo()
        likely = entries.data >= largest[entries.row] * (1 - 1e-9)
        pairs = zip((entries.row[likely] // n_actions).tolist(), entries.col[likely].tolist(), strict=True)
        return cls(tuple(sorted(set(pairs))), name)


Layout = GridLayout | GraphLayout


def name_alone(layout: Any) -> GraphLayout | None:
    """Return what remains of a layout for beliefs, which lie nowhere: the name of the world, if it has one."""
    return GraphLayout((), layout.name) if isinstance(layout, Layout) and layout.name else None
