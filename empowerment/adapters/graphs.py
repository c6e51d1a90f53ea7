"""Directed graphs of networkx whose edges are transitions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from scipy import sparse

from empowerment.adapters.outcomes import labels_of, read_probability, state_label
from empowerment.adapters.tables import Transition, model_of_transitions
from empowerment.core import validate
from empowerment.core.channel import Channel
from empowerment.core.layout import GraphLayout
from empowerment.models.mdp import MDP

_ACTION, _PROBABILITY, _REWARD = "action", "weight", "reward"
_TERMINAL, _INITIAL, _POSITION = "terminal", "initial", "pos"
_OWN = "action=lambda source, target, data: target makes each edge a choice of its own"


def from_networkx(
    graph: Any,
    *,
    action: str | Callable[[Any, Any, dict[str, Any]], Any] | None = None,
    probability: str = _PROBABILITY,
    reward: str | None = None,
    terminal: Any = None,
    initial: Any = None,
    normalize: bool = False,
) -> MDP:
    """Make an MDP of a directed graph, whose nodes are states and whose edges are transitions.

    Parameters
    ----------
    graph : networkx.DiGraph or networkx.MultiDiGraph
        An edge from ``u`` to ``v`` says that an action may lead from state ``u`` to state ``v``. Edges of one action
        share its probability.
    action : str or callable, optional
        Attribute of an edge that names its action, or a function of source, target and attributes of an edge that
        returns the action. By default the key of an edge of a MultiDiGraph, and the attribute ``"action"`` of a
        DiGraph.
    probability : str
        Attribute that holds the probability of an edge; as elsewhere in networkx, an edge without it has 1.
    reward : str, optional
        Attribute that holds the reward of an edge; an edge without it has 0.
    terminal : list of nodes, optional
        Absorbing final states, in addition to nodes whose attribute ``"terminal"`` is true. Their edges are not read.
    initial : node, or dict of node to probability, optional
        The initial state, or its distribution. By default the attributes ``"initial"`` of nodes, if any has one.
    normalize : bool
        Rescale probabilities that do not sum to 1 instead of refusing them.

    Returns
    -------
    MDP
        States are the nodes, numbers sorted and others in the order of the graph. Nodes that all have an attribute
        ``"pos"``, a pair of numbers, lie there in pictures.

    Raises
    ------
    ValueError
        If probabilities of a node and action do not sum to 1, an edge has no action, or a node without edges is not
        terminal.
    TypeError
        If `graph` is no directed graph of networkx.

    See Also
    --------
    to_networkx : Make a graph of a model.
    from_table : Read a table of transitions.

    Examples
    --------
    >>> import networkx, empowerment as emp
    >>> graph = networkx.MultiDiGraph()
    >>> graph.add_weighted_edges_from([("home", "work", 0.9), ("home", "home", 0.1)])  # both have the key 0
    >>> _ = graph.add_edge("work", "home", key=0), graph.add_edge("work", "work", key=1)
    >>> model = emp.from_networkx(graph)
    >>> model.states, model.actions, model.available.tolist()
    (('home', 'work'), (0, 1), [[True, False], [True, True]])

    In a plain graph of ways each edge may be a choice:

    >>> ways = networkx.cycle_graph(4).to_directed()
    >>> float(emp.empowerment(emp.from_networkx(ways, action=lambda source, target, data: target), 1, states=0))
    1.0
    """
    _check_graph(graph)
    normalize = validate.flag(normalize, "normalize")
    if not (action is None or isinstance(action, str) or callable(action)):
        raise TypeError(f"action is {validate.shown(action)}, expected the name of an attribute, or a function")
    edges = list(_edges(graph, action, probability, reward, normalize))
    nodes = [state_label(node, "a node of the graph") for node in graph.nodes]
    ends = [node for node, data in graph.nodes(data=True) if data.get(_TERMINAL)]
    ends += [] if terminal is None else _listed(terminal, graph)
    _refuse_dead_ends(graph, ends)
    chances = {node: data[_INITIAL] for node, data in graph.nodes(data=True) if _INITIAL in data}
    return model_of_transitions(
        edges,
        nodes,
        [edge.action for edge in edges],
        terminal=ends,
        initial=(chances or None) if initial is None else initial,
        normalize=normalize,
        source="the graph",
        layout=_layout(graph),
    )


def to_networkx(model: Any) -> Any:
    """Make a graph of an MDP, or of a channel.

    Parameters
    ----------
    model : MDP or Channel
        A channel from actions to readings is one, too; see :func:`actuation_channel`.

    Returns
    -------
    networkx.MultiDiGraph or networkx.DiGraph
        Of an MDP: a node for each state, with the attributes ``"terminal"``, ``"initial"`` where the model has an
        initial distribution, and ``"pos"`` where its layout has positions; an edge for each transition of positive
        probability, whose key is the action, with the attributes ``"weight"``, its probability, and ``"reward"``,
        that of its state and action, where the model has rewards. Terminal states have no edges. Of a channel: a
        node ``("input", label)`` for each input and ``("output", label)`` for each output, in the two parts of a
        bipartite graph, and an edge with its probability as the ``"weight"`` for each output that an input may have.

    Raises
    ------
    TypeError
        If `model` is neither.

    See Also
    --------
    from_networkx : Make an MDP of a graph.
    empowerment.plotting.plot_graph : Draw the states of a result.

    Examples
    --------
    >>> import empowerment as emp
    >>> graph = emp.to_networkx(emp.worlds.ring())
    >>> emp.from_networkx(graph)
    MDP(5 states, 3 actions, stochastic)
    >>> channel = emp.Channel([[0.9, 0.1], [0.0, 1.0]], inputs=["up", "down"])
    >>> emp.to_networkx(channel).edges[("input", "up"), ("output", 0)]
    {'weight': 0.9}
    """
    if isinstance(model, Channel):
        return _graph_of_channel(model)
    if isinstance(model, MDP):
        model.refuse_unexplored()
        return _graph_of_mdp(model)
    hint = "; the transitions of a POMDP are those of its attribute mdp" if hasattr(model, "mdp") else ""
    raise TypeError(f"model is {validate.shown(model)}, expected an MDP or a Channel{hint}")


def _graph_of_mdp(model: MDP) -> Any:
    import networkx

    graph = networkx.MultiDiGraph()
    positions = model.layout.positions if isinstance(model.layout, GraphLayout) else ()
    for number, state in enumerate(model.states):
        graph.add_node(state, **{_TERMINAL: bool(model.is_terminal[number])})
        if model.initial is not None:
            graph.nodes[state][_INITIAL] = float(model.initial[number])
        if positions:
            graph.nodes[state][_POSITION] = positions[number]
    entries = model.rows.tocoo()
    for pair, successor, chance in zip(
        entries.row.tolist(), entries.col.tolist(), entries.data.tolist(), strict=True
    ):
        state, action = divmod(pair, model.n_actions)
        if model.is_terminal[state]:
            continue
        data = {_PROBABILITY: chance}
        if model.rewards is not None:
            data[_REWARD] = float(model.rewards[state, action])
        graph.add_edge(model.states[state], model.states[successor], key=model.actions[action], **data)
    return graph


def _graph_of_channel(channel: Channel) -> Any:
    import networkx

    graph = networkx.DiGraph()
    graph.add_nodes_from((("input", label) for label in channel.inputs), bipartite=0)
    graph.add_nodes_from((("output", label) for label in channel.outputs), bipartite=1)
    entries = sparse.coo_array(channel.matrix)
    for x, y, chance in zip(entries.row.tolist(), entries.col.tolist(), entries.data.tolist(), strict=True):
        if chance > 0:
            graph.add_edge(("input", channel.inputs[x]), ("output", channel.outputs[y]), **{_PROBABILITY: chance})
    return graph


def _check_graph(graph: Any) -> None:
    if not all(hasattr(graph, name) for name in ("nodes", "edges", "is_directed", "is_multigraph")):
        raise TypeError(f"graph is {validate.shown(graph)}, expected a DiGraph or MultiDiGraph of networkx")
    if not graph.is_directed():
        raise TypeError(
            "graph is not directed, so that its edges do not say which way an action leads; graph.to_directed() has "
            "both ways"
        )


def _edges(graph: Any, action: Any, probability: str, reward: str | None, normalize: bool) -> Iterator[Transition]:
    """Yield the transitions that edges stand for."""
    for name, attribute in (("probability", probability), ("reward", reward)):
        if attribute is not None:
            _refuse_unknown(graph, attribute, name)
    keyed = graph.edges(keys=True, data=True) if graph.is_multigraph() else _with_keys(graph)
    for source, target, key, data in keyed:
        where = f"the edge from {source!r} to {target!r}"
        if graph.is_multigraph() and action is None:
            label = key
        elif callable(action):
            label = action(source, target, data)
        else:
            label = _attribute(data, _ACTION if action is None else action, where)
        yield Transition(
            state=state_label(source, "a node of the graph"),
            action=state_label(label, f"the action of {where}"),
            successor=state_label(target, "a node of the graph"),
            probability=read_probability(data.get(probability, 1.0), f"{probability!r} of {where}", normalize),
            reward=None if reward is None else validate.finite(data.get(reward, 0.0), f"{reward!r} of {where}"),
            where=where,
        )


def _with_keys(graph: Any) -> Iterator[tuple[Any, Any, None, dict[str, Any]]]:
    return ((source, target, None, data) for source, target, data in graph.edges(data=True))


def _attribute(data: dict[str, Any], name: str, where: str) -> Any:
    if name not in data:
        listed = ", ".join(map(repr, data)) or "none"
        raise ValueError(
            f"{where} has no attribute {name!r} for its action; it has {listed}; action= names it, or {_OWN}"
        )
    return data[name]


def _refuse_unknown(graph: Any, attribute: str, name: str) -> None:
    """Complain about an attribute that no edge has: a default would stand for all of them."""
    if not isinstance(attribute, str):
        raise TypeError(f"{name} is {validate.shown(attribute)}, expected the name of an attribute of edges")
    if attribute == _PROBABILITY:
        return
    known = {key for *_, data in graph.edges(data=True) for key in data}
    if attribute not in known:
        meant = validate.nearest(attribute, sorted(map(str, known)))
        raise ValueError(f"no edge has the attribute {name}={attribute!r}{meant}")


def _listed(terminal: Any, graph: Any) -> list[Any]:
    """Return the terminal nodes that the caller names."""
    known = {node: place for place, node in enumerate(graph.nodes)}
    named = labels_of(terminal, "terminal")
    for node in named:
        validate.index_of(node, known, "node")
    return list(named)


def _refuse_dead_ends(graph: Any, ends: Sequence[Any]) -> None:
    stuck = [node for node in graph.nodes if not graph.out_degree(node) and node not in set(ends)]
    if stuck:
        more = f", as {len(stuck) - 1} others" if len(stuck) > 1 else ""
        raise ValueError(
            f"node {stuck[0]!r} has no edge that leaves it{more}; expected at least one, or terminal= with the nodes "
            "in which nothing happens any more"
        )


def _layout(graph: Any) -> Callable[[Sequence[Any]], GraphLayout | None]:
    """Return the function from the states of the model to the positions that nodes have."""

    def layout(states: Sequence[Any]) -> GraphLayout | None:
        given = [graph.nodes[state].get(_POSITION) for state in states if state in graph.nodes]
        if len(given) < len(states) or any(np.shape(place) != (2,) for place in given):
            return None
        number = {state: place for place, state in enumerate(states)}
        edges = {(number[u], number[v]) for u, v in graph.edges()}
        positions = tuple((float(x), float(y)) for x, y in given)
        return GraphLayout(tuple(sorted(edges)), str(graph.name), positions)

    return layout
