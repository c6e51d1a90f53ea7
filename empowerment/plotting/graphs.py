"""Graphs of states: each state a node with the colour of its value, joined to the states that it may lead to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from empowerment.core import validate
from empowerment.core.layout import GraphLayout
from empowerment.core.protocols import StateValues
from empowerment.models.mdp import as_mdp
from empowerment.plotting.axes import Canvas, hide_axis, points, spread
from empowerment.plotting.colors import draw_colorbar, ink_on
from empowerment.plotting.titles import axis_label, check_result, names_of, state_title

_MOST_STATES = 1000  # more are a cloud
_MOST_SPRINGS = 250  # states; the layout by springs between all pairs takes too long for more
_MOST_NAMED = 100  # states; with more of them there is no room for names
_LETTERS = 14  # of a name
_SMALLEST = 4.5  # size of names in points
_NOT_ASKED, _EDGE, _RIM = "0.93", "0.6", "0.3"


def plot_graph(
    result: StateValues,
    model: Any = None,
    *,
    positions: Any = None,
    ax: Any = None,
    title: str | None = None,
    vmin: float | None = None,
    vmax: float | None = None,
    cmap: Any = "viridis",
    labels: Sequence[Any] | None = None,
    colorbar: bool = True,
) -> Any:
    """Draw the states of a world as the nodes of a graph, coloured by empowerment.

    Lines join each state to the most probable next states of its actions, with an arrow head where the way back is
    not among these. States that are not in the result are light. Where they lie is networkx's choice: by springs
    whose lengths are the numbers of steps between states (Kamada and Kawai), of more than 250 states, or where the
    graph falls apart, by forces between neighbours (Fruchterman and Reingold).

    Parameters
    ----------
    result : EmpowermentResult
        The result to draw.
    model : MDP or POMDP, optional
        Whose states these are; not needed where its layout is a :class:`empowerment.core.layout.GraphLayout`.
    positions : callable or dict, optional
        A function of networkx such as ``networkx.circular_layout``, which takes the graph of the numbers of states
        and returns the position of each; or the position of each state, by its label.
    ax : matplotlib.axes.Axes, optional
        Where to draw; on a new figure by default.
    title : str, optional
        By default the name of the world and what is drawn.
    vmin, vmax : float, optional
        The ends of the colour scale; by default the smallest and the largest value.
    cmap : str or matplotlib.colors.Colormap
        Colour map.
    labels : sequence, optional
        What to write at the states of the result instead of their labels. Long ones are shortened, and of more than
        100, or where there is no room, none is written.
    colorbar : bool
        Whether to draw a colour bar.

    Returns
    -------
    matplotlib.axes.Axes
        The axes.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If the result is one of beliefs, no graph is known, or there are more than 1000 states.

    See Also
    --------
    plot_map : For worlds on a grid.
    plot_intervals : For any result.

    References
    ----------
    T. Kamada and S. Kawai, "An algorithm for drawing general undirected graphs", Information Processing Letters 31,
    1989, pp. 7-15.

    Examples
    --------
    >>> import numpy as np, empowerment as emp
    >>> world = emp.MDP(np.random.default_rng(0).dirichlet(np.ones(6), size=(6, 2)), states="abcdef")
    >>> ax = emp.plotting.plot_graph(emp.empowerment(world, 2), world)
    >>> [text.get_text() for text in ax.texts]
    ['a', 'b', 'c', 'd', 'e', 'f']
    """
    check_result(result)
    colorbar = validate.flag(colorbar, "colorbar")
    names = names_of(labels, [_plain(state) for state in result.states], longest=_LETTERS)
    graph = _graph(result, model)
    canvas = Canvas.of(ax, graph_size(len(graph)), title, vmin, vmax)
    low, high = canvas.ends(*spread(result.value, result.gap, result.value, result.value))
    places = _given_places(graph, positions, result, model)
    places = _chosen_places(graph) if places is None else places
    apart = _frame(canvas.ax, places)
    diameter = _diameter(canvas.ax, apart)
    _draw_edges(canvas.ax, graph, places, diameter)
    nodes = _draw_nodes(canvas.ax, places, result, diameter, cmap=cmap, vmin=low, vmax=high)
    if len(graph) <= _MOST_NAMED:
        _write_names(canvas.ax, nodes, result, names, apart)
    if colorbar:
        draw_colorbar(canvas.ax, nodes, axis_label(result))
    canvas.write_title(state_title(result, high - low))
    return canvas.ax


def graph_size(count: int) -> tuple[float, float]:
    """Return the size in inches of a figure for a graph of so many states."""
    side = min(max(0.85 * np.sqrt(count) + 1.2, 3.2), 10.0)
    return side + 1.0, side


def _plain(state: Any) -> str:
    """Return a label without what makes it long: a tuple's parentheses and spaces."""
    if isinstance(state, tuple) and not any(isinstance(part, tuple) for part in state):
        return ",".join(map(str, state))
    return str(state)


def _graph(result: StateValues, model: Any) -> Any:
    """Return the directed graph of the states, without loops.

    Raises
    ------
    ValueError
        If there is none, or it is too large.
    """
    import networkx

    if result.beliefs is not None:
        raise ValueError(
            "the result is one of beliefs, expected one of states; plot_beliefs and plot_intervals draw it"
        )
    layout = result.layout
    n_states = int(result.state_numbers.max()) + 1
    if model is not None:
        mdp = as_mdp(getattr(model, "mdp", model), whole=False)
        if mdp.n_states < n_states:
            raise ValueError(
                f"model has {mdp.n_states} states, expected the model of the result, with {n_states} or more"
            )
        layout, n_states = GraphLayout.of_rows(mdp.rows, mdp.n_actions, most_states=_MOST_STATES), mdp.n_states
    elif not isinstance(layout, GraphLayout) or not layout.edges:
        raise ValueError(
            "the result does not know the graph of its states; pass the model as well: plot_graph(result, model)"
        )
    n_states = max(n_states, 1 + max((max(edge) for edge in layout.edges), default=0))
    if n_states > _MOST_STATES:
        raise ValueError(
            f"the world has {n_states} states, expected at most {_MOST_STATES}; plot_intervals draws any number"
        )
    graph = networkx.DiGraph()
    graph.add_nodes_from(range(n_states))
    graph.add_edges_from((one, other) for one, other in layout.edges if one != other)
    return graph


def _given_places(graph: Any, positions: Any, result: StateValues, model: Any) -> np.ndarray | None:
    """Return where states shall lie, shape (n_states, 2); None if nobody says."""
    if positions is None:
        layouts = (getattr(model, "layout", None), result.layout)
        known = [each.positions for each in layouts if isinstance(each, GraphLayout)]
        found = next((places for places in known if len(places) == len(graph)), None)
        return None if found is None else np.array(found, dtype=np.float64)
    if callable(positions):
        given = positions(graph)
    elif isinstance(positions, Mapping):
        labels = dict(zip(result.state_numbers.tolist(), result.states, strict=True))
        if model is not None:
            labels = dict(enumerate(as_mdp(getattr(model, "mdp", model), whole=False).states))
        given = {number: positions[label] for number, label in labels.items() if label in positions}
    else:
        raise TypeError(
            f"positions is {validate.shown(positions)}, expected a function such as networkx.circular_layout, or a "
            "dict from states to pairs of numbers"
        )
    missing = [number for number in graph if number not in given]
    if missing:
        raise ValueError(
            f"positions has none for state number {missing[0]}, expected one for each of {len(graph)} states"
        )
    return validate.number_table(
        [given[number] for number in range(len(graph))], (len(graph), 2), "positions", "(x, y)"
    )


def _chosen_places(graph: Any) -> np.ndarray:
    """Return where networkx lets the states lie, shape (n_states, 2)."""
    import networkx

    undirected = graph.to_undirected()
    if len(graph) <= _MOST_SPRINGS and networkx.is_connected(undirected):
        found = networkx.kamada_kawai_layout(undirected)
    else:
        found = networkx.spring_layout(undirected, seed=0, iterations=50 if len(graph) < 500 else 20)
    return np.array([found[state] for state in range(len(graph))])


def _frame(ax: Any, places: np.ndarray) -> float:
    """Make room for the nodes, and return how far apart they lie in points."""
    low, high = places.min(axis=0), places.max(axis=0)
    side = max(float((high - low).max()), 1e-9)
    center, half = (low + high) / 2, 0.5 * side * 1.25
    ax.set(xlim=(center[0] - half, center[0] + half), ylim=(center[1] - half, center[1] + half), aspect="equal")
    hide_axis(ax)
    if len(places) == 1:
        return min(points(ax))
    apart = np.linalg.norm(places[:, None] - places[None], axis=2)
    nearest = (apart + np.diag(np.full(len(places), np.inf))).min(axis=1)
    return float(np.quantile(nearest, 0.2)) * min(points(ax)) / (2 * half)


def _diameter(ax: Any, apart: float) -> float:
    """Return the diameter of nodes in points, with which neighbours do not touch."""
    return float(np.clip(0.62 * apart, 4.0, min(34.0, 0.18 * min(points(ax)))))


def _draw_edges(ax: Any, graph: Any, places: np.ndarray, diameter: float) -> None:
    """Draw ways that lead back as lines, others as arrows that end at the rim of their node."""
    from matplotlib.collections import LineCollection

    width = 1.0 if diameter > 10 else 0.5  # points
    edges = np.array(graph.edges, dtype=int).reshape(-1, 2)
    back = np.array([graph.has_edge(other, one) for one, other in edges.tolist()], dtype=bool)
    both = edges[back & (edges[:, 0] < edges[:, 1])]
    ax.add_collection(LineCollection(places[both], colors=_EDGE, linewidths=width, zorder=1, gid="both ways"))
    if back.all():
        return
    tails, heads = places[edges[~back].T]
    point = np.ptp(ax.get_xlim()) / min(points(ax))
    length = np.maximum(np.linalg.norm(heads - tails, axis=1, keepdims=True), 1e-12)
    ways = (heads - tails) * np.maximum(1 - 0.5 * diameter * point / length, 0.1)
    options = {"angles": "xy", "scale_units": "xy", "scale": 1, "units": "inches", "width": width / 72, "zorder": 1}
    heads_size = {"headwidth": 7, "headlength": 9, "headaxislength": 9}
    ax.quiver(*tails.T, *ways.T, color=_EDGE, gid="one way", **options, **heads_size)


def _draw_nodes(ax: Any, places: np.ndarray, result: StateValues, diameter: float, **scale: Any) -> Any:
    rim = {"s": diameter**2, "edgecolors": _RIM, "linewidths": 0.6 if diameter > 10 else 0.0, "clip_on": False}
    others = np.setdiff1d(np.arange(len(places)), result.state_numbers)
    if others.size:
        ax.scatter(*places[others].T, color=_NOT_ASKED, zorder=3, gid="not asked", **rim)
    return ax.scatter(*places[result.state_numbers].T, c=result.value, zorder=3, gid="states", **rim, **scale)


def _write_names(ax: Any, nodes: Any, result: StateValues, names: list[str], apart: float) -> None:
    """Write names inside their nodes if they can be read there, else below, and none where there is no room."""
    letters, diameter = max(2, *map(len, names)), _diameter(ax, apart)
    size, below = min(10.0, 1.5 * diameter / letters), min(8.5, 2.0 * apart / letters)
    inside = size >= min(6.0, below)
    if max(size, below) < _SMALLEST:
        return
    for name, value, place in zip(names, result.value, nodes.get_offsets(), strict=True):
        if inside:
            style = {"xytext": (0, 0), "va": "center", "size": size, "color": ink_on(nodes, value)}
        else:
            style = {"xytext": (0, -diameter / 2 - 1), "va": "top", "size": below, "color": "black"}
        ax.annotate(name, place, textcoords="offset points", ha="center", zorder=4, **style)
