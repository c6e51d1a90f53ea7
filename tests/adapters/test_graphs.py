import networkx
import numpy as np
import pytest
from helpers import for_each

import empowerment as emp
from empowerment.core.layout import GraphLayout


def test_keys_of_parallel_edges_are_actions():
    graph = networkx.MultiDiGraph()
    graph.add_edge("home", "work", key="drive", weight=0.9)
    graph.add_edge("home", "home", key="drive", weight=0.1)
    graph.add_edge("work", "home", key="walk")
    model = emp.from_networkx(graph, initial="home")
    assert (model.states, model.actions) == (("home", "work"), ("drive", "walk"))
    assert model.to_dense().tolist() == [[[0.1, 0.9], [0, 0]], [[0, 0], [1, 0]]]
    assert model.available.tolist() == [[True, False], [False, True]]
    assert model.initial.tolist() == [1, 0]


def test_an_attribute_or_a_function_names_actions():
    graph = networkx.DiGraph()
    graph.add_edge(0, 1, action="on", move="up", p=0.5, gain=2.0)
    graph.add_edge(0, 0, action="on", move="up", p=0.5, gain=4.0)
    graph.add_edge(1, 0, action="off", move="down")
    assert emp.from_networkx(graph, probability="p").actions == ("on", "off")
    model = emp.from_networkx(graph, action="move", probability="p", reward="gain")
    assert model.actions == ("up", "down")
    assert model.rewards.tolist() == [[3, 0], [0, 0]]
    multi = networkx.MultiDiGraph(graph)
    assert emp.from_networkx(multi, action="move", probability="p").actions == ("up", "down")
    ways = networkx.random_regular_graph(3, 8, seed=0).to_directed()
    free = emp.from_networkx(ways, action=lambda source, target, data: target)
    # Wherever one goes, three neighbours can be told apart after one step.
    np.testing.assert_allclose(emp.empowerment(free, 1).value, np.log2(3))


def test_terminal_nodes():
    graph = networkx.MultiDiGraph([(0, 1), (1, 2)])
    graph.add_node(2, terminal=True)
    assert emp.from_networkx(graph).is_terminal.tolist() == [False, False, True]
    graph.nodes[2].clear()
    assert emp.from_networkx(graph, terminal=[2]).is_terminal.tolist() == [False, False, True]
    graph.add_edge(2, 0, weight=0.5)  # of a terminal node nothing is read
    assert emp.from_networkx(graph, terminal=[2]).to_dense()[2, 0].tolist() == [0, 0, 1]


@for_each(
    "model",
    [
        emp.worlds.ring(),
        emp.worlds.slip_grid(),
        emp.MDP(
            [[[0.5, 0.5, 0], None], [[0, 0, 1], [1, 0, 0]], [[1, 0, 0], [1, 0, 0]]],
            states=["a", ("b", 1), 3],
            actions=["x", "y"],
            terminal=[3],
            initial=[0.5, 0.25, 0.25],
            rewards=[[1.0, 0.0], [2.0, 3.0], [0.0, 0.0]],
        ),
    ],
)
def test_a_model_comes_back_from_its_graph(model):
    graph = emp.to_networkx(model)
    again = emp.from_networkx(graph, reward=None if model.rewards is None else "reward")
    order = [again.state_index(state) for state in model.states]
    actions = [again.actions.index(action) for action in model.actions]
    assert np.array_equal(again.to_dense()[order][:, actions][:, :, order], model.to_dense())
    assert np.array_equal(again.is_terminal[order], model.is_terminal)
    alive = ~model.is_terminal
    assert np.array_equal(again.available[order][:, actions][alive], model.available[alive])
    if model.initial is not None:
        assert np.array_equal(again.initial[order], model.initial)
    if model.rewards is not None:
        assert np.array_equal(again.rewards[order][:, actions][alive], model.rewards[alive])


def test_graphs_of_channels_are_bipartite():
    world = emp.worlds.slip_grid()
    channel = emp.actuation_channel(world, 2, world.states[0])
    graph = emp.to_networkx(channel)
    assert networkx.is_bipartite(graph)
    for x, label in enumerate(channel.inputs):
        row = [
            graph.get_edge_data(("input", label), ("output", y), {"weight": 0.0})["weight"] for y in channel.outputs
        ]
        assert np.array_equal(row, channel.matrix[[x]].reshape(-1))


def test_nodes_lie_where_the_graph_says():
    ways = networkx.cycle_graph(5).to_directed()
    positions = networkx.circular_layout(ways)
    networkx.set_node_attributes(ways, positions, "pos")
    model = emp.from_networkx(ways, action=lambda source, target, data: target)
    assert isinstance(model.layout, GraphLayout)
    np.testing.assert_array_equal(model.layout.positions, [positions[node] for node in range(5)])
    assert np.shape(emp.to_networkx(model).nodes[3]["pos"]) == (2,)
    del ways.nodes[0]["pos"]
    assert emp.from_networkx(ways, action=lambda source, target, data: target).layout is None


@for_each(
    ("graph", "options", "error", "sentence"),
    [
        (5, {}, TypeError, "graph is 5, expected a DiGraph or MultiDiGraph of networkx"),
        (networkx.path_graph(2), {}, TypeError, r"graph is not directed, .* graph.to_directed\(\) has both ways"),
        (
            networkx.DiGraph([(0, 0)]),
            {},
            ValueError,
            "from 0 to 0 has no attribute 'action' for its action; it has none",
        ),
        (networkx.MultiDiGraph([(0, 1)]), {}, ValueError, "node 1 has no edge that leaves it; .* or terminal="),
        (
            networkx.MultiDiGraph([(0, 1), (0, 2), (0, 3)]),
            {},
            ValueError,
            "node 1 has no edge that leaves it, as 2 others",
        ),
        (networkx.MultiDiGraph([(0, 0)]), {"action": 3}, TypeError, "action is 3, expected the name of an attribute"),
        (networkx.MultiDiGraph(), {}, ValueError, "the graph has no transition, expected at least one"),
        (networkx.MultiDiGraph([(0, 0), (0, 1), (1, 0)]), {}, ValueError, "action 0 in state 0 sum to 2, expected 1"),
        (
            networkx.MultiDiGraph([(0, 0, {"weight": 1.0})]),
            {"probability": "weihgt"},
            ValueError,
            "no edge has the attribute probability='weihgt'; did you mean 'weight'",
        ),
        (networkx.MultiDiGraph([(0, 0)]), {"reward": 3}, TypeError, "reward is 3, expected the name of an attribute"),
        (
            networkx.MultiDiGraph([(0, 0, {"weight": 2})]),
            {},
            ValueError,
            "'weight' of the edge from 0 to 0 is 2, expected",
        ),
        (networkx.MultiDiGraph([(0, 0)]), {"terminal": [4]}, ValueError, "unknown node 4"),
        (networkx.MultiDiGraph([(0, 0)]), {"terminal": 4}, TypeError, "terminal is 4, expected a sequence of labels"),
    ],
)
def test_what_is_no_graph_of_transitions_is_refused_with_a_sentence(graph, options, error, sentence):
    with pytest.raises(error, match=sentence):
        emp.from_networkx(graph, **options)


def test_what_has_no_graph_is_refused():
    with pytest.raises(TypeError, match="the transitions of a POMDP are those of its attribute mdp"):
        emp.to_networkx(emp.worlds.tiger())
    with pytest.raises(TypeError, match="model is 3, expected an MDP or a Channel"):
        emp.to_networkx(3)
