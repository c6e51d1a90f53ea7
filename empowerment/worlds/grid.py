"""Grid worlds: cells, walls between them, moves that bump, slip, terminal cells."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from scipy import sparse

from empowerment.core import validate
from empowerment.core.layout import GridLayout
from empowerment.models.mdp import MDP

Cell = tuple[int, int]
Mirror = tuple[np.ndarray, Sequence[str]]

# What each action does to (row, column) when row 0 is the top row; "stay" is last so that it can be dropped.
MOVES = {"north": (-1, 0), "south": (1, 0), "east": (0, 1), "west": (0, -1), "stay": (0, 0)}
STAY = len(MOVES) - 1
SLIP_MODES = ("other", "perpendicular", "stay")
START, TERMINAL, BLOCKED = "S", ("G", "H"), "#"
FREE = (".", " ", START, *TERMINAL)
# More, with a label for each, take gigabytes.
_MOST_CELLS = 10_000_000

SLIP_GRID_BLOCKED = (
    *((0, 1), (0, 3), (0, 7), (1, 7), (2, 4), (2, 8)),
    *((4, 6), (5, 7), (6, 4), (7, 5), (7, 9), (9, 1)),
)


def grid_world(
    map: str | Sequence[str],
    *,
    slip: float = 0.0,
    slip_mode: str = "other",
    stay: bool = True,
) -> MDP:
    """Make a grid world from a drawing.

    Parameters
    ----------
    map : str or sequence of str
        One line for each row, the top row first: ``#`` a blocked cell, ``.`` or a space a free one, ``S`` a free cell
        to start in, ``G`` and ``H`` terminal cells (goal, hole). A string may begin with an empty line, so that a
        drawing in triple quotes can start on a line of its own.
    slip : float
        Probability that another move happens than the intended one.
    slip_mode : {"other", "perpendicular", "stay"}
        The move in case of a slip: one of the other actions, with equal probabilities; one of the two perpendicular
        moves, with equal probabilities (an intended "stay" never slips); or no move.
    stay : bool
        Whether there is an action "stay" in addition to "north", "south", "east" and "west".

    Returns
    -------
    MDP
        States are the free cells as (row, column), row by row from the top; "north" leads to the row before. A move
        into a blocked cell or off the grid stays. The initial state is uniform over the cells marked ``S``, if there
        are any.

    Raises
    ------
    ValueError
        For an unknown character, rows of different lengths, a drawing without a free cell, or a `slip` that
        is not a probability.

    See Also
    --------
    open_grid : An empty grid.
    klyubin_maze : A maze with thin walls.

    Examples
    --------
    >>> import empowerment as emp
    >>> world = emp.worlds.grid_world(["S.#", "..G"], slip=0.2, slip_mode="perpendicular")
    >>> world
    MDP(5 states, 5 actions, stochastic)
    >>> world.states
    ((0, 0), (0, 1), (1, 0), (1, 1), (1, 2))
    """
    letters = _letters(map)
    marks = {
        (row, column): letter
        for row, line in enumerate(letters)
        for column, letter in enumerate(line)
        if letter in (START, *TERMINAL)
    }
    free = np.array([[letter != BLOCKED for letter in line] for line in letters])
    if not free.any():
        found = f"map has no free cell in its {free.shape[0]} rows and {free.shape[1]} columns"
        raise ValueError(f"{found}, expected at least one of {_listed(FREE)}")
    return build_grid(free, marks=marks, slip=slip, slip_mode=slip_mode, stay=stay, name="grid_world")


def open_grid(
    rows: int = 11,
    columns: int | None = None,
    *,
    slip: float = 0.0,
    slip_mode: str = "other",
    stay: bool = True,
) -> MDP:
    """Make an empty rectangular grid, whose empowerment without slip has a closed form.

    As long as no border is reached, n steps lead to the 2n² + 2n + 1 cells at most n moves away, or to (n + 1)² of
    them if there is no action "stay". From a corner with both other borders out of reach they lead to (n + 1)(n + 2)
    / 2 cells. The logarithm of that count is the n-step empowerment.

    Parameters
    ----------
    rows, columns : int
        Size of the grid; the number of columns is that of the rows by default.
    slip : float
        As for :func:`grid_world`.
    slip_mode : {"other", "perpendicular", "stay"}
        As for :func:`grid_world`.
    stay : bool
        As for :func:`grid_world`.

    Returns
    -------
    MDP
        States are (row, column), row 0 at the top. Its mirror images are declared as symmetries.

    Raises
    ------
    ValueError
        If a size is not a whole number of at least 1.

    See Also
    --------
    grid_world : Make a grid from a drawing.
    slip_grid : A grid with blocked cells.

    Examples
    --------
    >>> import empowerment as emp
    >>> emp.worlds.open_grid(3)
    MDP(9 states, 5 actions, deterministic)
    """
    columns, stay = rows if columns is None else columns, validate.flag(stay, "stay")
    shape = validate.positive_int(rows, "rows"), validate.positive_int(columns, "columns")
    if math.prod(shape) > _MOST_CELLS:
        raise ValueError(f"rows times columns is {math.prod(shape):.3g} cells, expected at most {_MOST_CELLS:,}")
    free, mirrors = np.ones(shape, dtype=bool), _mirrors(*shape, stay)
    return build_grid(free, slip=slip, slip_mode=slip_mode, stay=stay, mirrors=mirrors, name="open_grid")


def slip_grid(slip: float = 0.1, slip_mode: str = "other") -> MDP:
    """Make the 10 by 10 grid with 12 blocked cells that is used to measure the solvers.

    It is small enough to enumerate every sequence of a few actions, and lacks the symmetries of an open grid.

    Parameters
    ----------
    slip : float
        As for :func:`grid_world`.
    slip_mode : {"other", "perpendicular", "stay"}
        As for :func:`grid_world`.

    Returns
    -------
    MDP
        88 states (row, column), row 0 at the top, and five actions.

    See Also
    --------
    grid_world : Make a grid from a drawing.
    open_grid : An empty grid.

    Examples
    --------
    >>> import empowerment as emp
    >>> emp.worlds.slip_grid()
    MDP(88 states, 5 actions, stochastic)
    """
    free = np.ones((10, 10), dtype=bool)
    free[tuple(np.transpose(SLIP_GRID_BLOCKED))] = False
    return build_grid(free, slip=slip, slip_mode=slip_mode, stay=True, name="slip_grid")


def build_grid(
    free: np.ndarray,
    *,
    walls: Iterable[tuple[Cell, Cell]] = (),
    marks: Mapping[Cell, str] | None = None,
    origin: str = "upper",
    slip: float,
    slip_mode: str,
    stay: bool,
    mirrors: Iterable[Mirror] = (),
    name: str,
) -> MDP:
    """Make a grid world from its parts.

    Parameters
    ----------
    free : ndarray of bool of shape (rows, columns)
        Whether each cell is free.
    walls : iterable of ((int, int), (int, int))
        Pairs of neighbouring cells between which no move leads.
    marks : mapping of (int, int) to str, optional
        Cells marked ``"G"`` or ``"H"`` are terminal, the initial state is uniform over those marked ``"S"``.
    origin : {"upper", "lower"}
        Whether row 0 is the top row ("north" leads to the row before) or the bottom row (to the row after).
    slip, slip_mode, stay
        As for :func:`grid_world`.
    mirrors : iterable of (ndarray of int, sequence of str)
        Symmetries: the numbers of the images of the free cells, and the images of the actions.
    name : str
        Of the world, for the titles of pictures.

    Returns
    -------
    MDP
        With a :class:`empowerment.core.layout.GridLayout`.
    """
    walls, marks = tuple(walls), dict(marks or {})
    weights = slip_weights(slip, slip_mode, stay)
    cells = tuple((row, column) for row, column in np.argwhere(free).tolist())
    starts = np.array([marks.get(cell) == START for cell in cells], dtype=float)
    return MDP(
        _transition(_effects(free, walls, origin), weights),
        states=cells,
        actions=tuple(MOVES)[: len(weights)],
        terminal=[cell for cell in cells if marks.get(cell) in TERMINAL],
        initial=starts / starts.sum() if starts.any() else None,
        symmetries=[([cells[i] for i in images.tolist()], moves) for images, moves in mirrors],
        layout=GridLayout(free.shape, cells, walls, marks, origin, name=name),
    )


def _mirrors(rows: int, columns: int, stay: bool) -> list[Mirror]:
    """Return what generates the symmetries of a rectangle."""
    cells = np.arange(rows * columns).reshape(rows, columns)
    mirrors = [(cells[::-1], {"north": "south"}), (cells[:, ::-1], {"east": "west"})]
    if rows == columns:  # the second flip follows from the first and the transpose
        mirrors[1] = cells.T, {"north": "west", "south": "east"}
    actions = tuple(MOVES) if stay else tuple(MOVES)[:STAY]
    found: list[Mirror] = []
    for images, swapped in mirrors:
        image = swapped | {other: action for action, other in swapped.items()}
        found.append((images.reshape(-1), [image.get(action, action) for action in actions]))
    return found


def slip_weights(slip: float, slip_mode: str, stay: bool) -> np.ndarray:
    """Return the probability of each move given each action: shape (n_actions, 5), rows summing to 1.

    Raises
    ------
    ValueError
        If `slip` is not a probability or `slip_mode` is unknown.
    """
    slip, stay = validate.probability(slip, "slip"), validate.flag(stay, "stay")
    slip_mode = validate.one_of(slip_mode, SLIP_MODES, "slip_mode")
    n_actions = len(MOVES) if stay else STAY
    intended = np.eye(n_actions, len(MOVES))
    instead = np.zeros_like(intended)
    if slip_mode == "other":
        instead[:, :n_actions] = (1 - np.eye(n_actions)) / (n_actions - 1)
    elif slip_mode == "perpendicular":
        steps = np.array(list(MOVES.values()))
        instead[:STAY, :STAY] = 0.5 * (steps[:STAY] @ steps[:STAY].T == 0)
        instead[STAY:, STAY] = 1.0
    else:
        instead[:, STAY] = 1.0
    return np.asarray((1 - slip) * intended + slip * instead)


def _effects(free: np.ndarray, walls: tuple[tuple[Cell, Cell], ...], origin: str) -> np.ndarray:
    """Return the state each move leads to from each free cell: shape (n_states, 5)."""
    upwards = 1 if origin == "upper" else -1
    steps = [(upwards * down, right) for down, right in MOVES.values()]
    here = np.argwhere(free)
    number = np.full((free.shape[0] + 2, free.shape[1] + 2), -1)  # nothing lies around the grid
    number[1:-1, 1:-1][free] = np.arange(len(here))
    shut = np.zeros((*free.shape, len(steps)), dtype=bool)
    for one, other in (*walls, *(wall[::-1] for wall in walls)):
        shut[(*one, steps.index((other[0] - one[0], other[1] - one[1])))] = True
    found = np.stack([number[tuple((here + step + 1).T)] for step in steps], axis=1)
    stopped = (found < 0) | shut[free]
    return np.where(stopped, np.arange(len(here))[:, None], found)


def _transition(effects: np.ndarray, weights: np.ndarray) -> sparse.csr_array:
    """Return the CSR transition of shape (n_states * n_actions, n_states); equal effects are added up."""
    n_states, n_actions = len(effects), len(weights)
    action, effect = weights.nonzero()
    rows = np.arange(n_states)[:, None] * n_actions + action
    entries = np.broadcast_to(weights[action, effect], rows.shape)
    coordinates = rows.reshape(-1), effects[:, effect].reshape(-1)
    return sparse.coo_array((entries.reshape(-1), coordinates), shape=(n_states * n_actions, n_states)).tocsr()


def _letters(drawing: str | Sequence[str]) -> list[str]:
    """Return the rows of a drawing, all of one length and of known characters."""
    lines = _lines(drawing) if isinstance(drawing, str) else _rows(drawing)
    if not lines or not lines[0]:
        raise ValueError("map has no cells, expected lines of characters, one for each row")
    for row, line in enumerate(lines):
        for column, letter in enumerate(line):
            if letter not in (*FREE, BLOCKED):
                known = _listed((*FREE, BLOCKED))
                raise ValueError(f"map has {letter!r} in row {row}, column {column}, expected one of {known}")
        if len(line) != len(lines[0]):
            wanted = f"expected {len(lines[0])} as in row 0"
            raise ValueError(f"row {row} of map has {len(line)} characters, {wanted}")
    return lines


def _rows(drawing: Sequence[str]) -> list[str]:
    if not validate.is_several(drawing):
        raise TypeError(f"map is {validate.shown(drawing)}, expected a string, or a sequence of strings for its rows")
    lines = []
    for row, line in enumerate(drawing):  # which may never end
        if not isinstance(line, str):
            raise TypeError(f"row {row} of map is {validate.shown(line)}, expected a string")
        lines.append(line)
    return lines


def _lines(drawing: str) -> list[str]:
    """Split a drawing into its rows, refusing one that may or may not be indented."""
    lines = drawing.splitlines()
    lines = lines[1:] if lines and not lines[0] else lines
    if len(lines) > 1 and all(line.startswith(" ") for line in lines):
        raise ValueError(
            "every line of map begins with a space: pass it through textwrap.dedent if that is an "
            "indentation, or write '.' for a first column of free cells"
        )
    return lines


def _listed(letters: Sequence[str]) -> str:
    return ", ".join(map(repr, letters))
