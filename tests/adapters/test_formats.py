"""One world in every form in which it can be handed in."""

import tempfile
from pathlib import Path

import networkx
import numpy as np
import pytest
from helpers import for_each
from pomdpx_files import pomdpx_of
from scipy import sparse
from storm_files import drn_of, prism_of

import empowerment as emp

gymnasium = pytest.importorskip("gymnasium")


@pytest.fixture(scope="module")
def lake():
    return emp.from_gymnasium("FrozenLake-v1")


def transitions(model):
    """The transitions of a model, ends included: state, action, next state, probability, reward."""
    dense = model.to_dense()
    for s, a, t in zip(*np.nonzero(dense), strict=True):
        yield int(s), model.actions[a], int(t), float(dense[s, a, t]), float(model.rewards[s, a])


def nested(model):
    table = {state: {action: {} for action in model.actions} for state in range(model.n_states)}
    for state, action, successor, probability, _ in transitions(model):
        table[state][action][successor] = probability
    return table


def frame(model):
    pandas = pytest.importorskip("pandas")
    return pandas.DataFrame(transitions(model), columns=["state", "action", "next_state", "probability", "reward"])


def graph_of(model):
    graph = networkx.MultiDiGraph()
    graph.add_nodes_from(range(model.n_states))
    for state, action, successor, probability, reward in transitions(model):
        graph.add_edge(state, successor, key=action, weight=probability, reward=reward)
    return graph


def program(model, form):
    markov = pytest.importorskip("quantecon.markov")
    dense, rewards = model.to_dense(), model.rewards
    if form == "product":
        return markov.DiscreteDP(rewards, dense, 0.9)
    states, actions = np.indices(rewards.shape).reshape(2, -1)
    order = np.random.default_rng(0).permutation(states.size)
    flat = dense.reshape(states.size, -1)[order]
    flat = sparse.csr_matrix(flat) if form == "sparse pairs" else flat
    return markov.DiscreteDP(rewards.reshape(-1)[order], flat, 0.9, states[order], actions[order])


def sparse_of(model):
    return [sparse.csr_matrix(matrix) for matrix in np.moveaxis(model.to_dense(), 1, 0)]


def boxed(matrices):
    found = np.empty(len(matrices), dtype=object)
    found[:] = matrices
    return found


def through_storm(model, language):
    stormpy = pytest.importorskip("stormpy")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"lake.{language}")
        if language == "drn":
            path.write_text(drn_of(model), encoding="utf-8")
            return emp.from_storm(path)
        program = Path(folder, "lake.prism")
        program.write_text(prism_of(model), encoding="utf-8")
        if language == "jani":
            stormpy.io.export_jani_to_file(path, stormpy.parse_prism_program(program).to_jani([])[0])
        return emp.from_storm(path)


class IcyLake:
    """The lake as a parallel environment of PettingZoo, in which the ice turns a move to either side."""

    possible_agents = ("walker", "ice")

    def __init__(self, model):
        calm = emp.from_gymnasium("FrozenLake-v1", is_slippery=False)
        self.after, self.ends = calm.to_dense().argmax(axis=2), model.is_terminal

    def action_space(self, agent):
        return gymnasium.spaces.Discrete(4 if agent == "walker" else 3)

    def reset(self, seed=None, options=None):
        self.agents, self.cell = list(self.possible_agents), 0
        return dict.fromkeys(self.agents), {agent: {} for agent in self.agents}

    def step(self, actions):
        self.cell = int(self.after[self.cell, (actions["walker"] + actions["ice"] - 1) % 4])
        nothing, ended = dict.fromkeys(self.agents, False), dict.fromkeys(self.agents, bool(self.ends[self.cell]))
        told = dict.fromkeys(self.agents), nothing, ended, nothing, {agent: {} for agent in self.agents}
        self.agents = [] if self.ends[self.cell] else self.agents
        return told


FORMS = {
    "array": lambda m: emp.MDP(m.to_dense()),
    "action first": lambda m: emp.MDP.from_arrays(np.moveaxis(m.to_dense(), 1, 0), axes="ass"),
    "next state second": lambda m: emp.MDP.from_arrays(np.moveaxis(m.to_dense(), 1, 2), axes="ssa"),
    "nested lists": lambda m: emp.MDP(m.to_dense().tolist()),
    "sparse rows": lambda m: emp.MDP(m.rows),
    "sparse matrices": lambda m: emp.MDP(sparse_of(m)),
    "nested dicts": lambda m: emp.from_table(nested(m), terminal=m.is_terminal.nonzero()[0]),
    "nested dicts without terminal states": lambda m: emp.from_table(nested(m)),
    "rows": lambda m: emp.from_table(list(transitions(m))),
    "data frame": lambda m: emp.from_table(frame(m)),
    "graph": lambda m: emp.from_networkx(graph_of(m), reward="reward"),
    "its own graph": lambda m: emp.from_networkx(emp.to_networkx(m), reward="reward"),
    "quantecon": lambda m: emp.from_quantecon(program(m, "product")),
    "quantecon, pairs": lambda m: emp.from_quantecon(program(m, "pairs")),
    "quantecon, sparse pairs": lambda m: emp.from_quantecon(program(m, "sparse pairs")),
    "mdptoolbox": lambda m: emp.from_mdptoolbox(np.moveaxis(m.to_dense(), 1, 0), m.rewards),
    "mdptoolbox, sparse": lambda m: emp.from_mdptoolbox(boxed(sparse_of(m)), m.rewards),
    "pymdp": lambda m: emp.from_pymdp(np.eye(m.n_states), np.moveaxis(m.to_dense(), 2, 0)).mdp,
    "PRISM": lambda m: through_storm(m, "prism"),
    "JANI": lambda m: through_storm(m, "jani"),
    "DRN": lambda m: through_storm(m, "drn"),
    "PettingZoo": lambda m: emp.from_pettingzoo(IcyLake(m), "walker", get_state=lambda env: env.cell),
    "step function": lambda m: emp.from_step_function(
        lambda s, a: {int(t): float(m.to_dense()[s, a, t]) for t in np.flatnonzero(m.to_dense()[s, a])}, 0, range(4)
    ),
}


@for_each(("form", "read"), FORMS.items())
def test_one_lake_in_every_form(lake, form, read):
    model = read(lake)
    order = [model.state_index(state) for state in lake.states]
    assert len(order) == model.n_states
    np.testing.assert_allclose(model.to_dense()[order][:, :, order], lake.to_dense(), rtol=0, atol=1e-12)
    assert model.available.all()
    if model.rewards is not None:
        np.testing.assert_allclose(model.rewards[order], lake.rewards, rtol=0, atol=1e-12)
    value = emp.empowerment(model, 2, states=0).value
    np.testing.assert_allclose(value, emp.empowerment(lake, 2, states=0).value, rtol=0, atol=1e-9)


@for_each("suffix", ["POMDP", "pomdpx"])
def test_a_file(suffix, lake, tmp_path):
    path = tmp_path / f"lake.{suffix}"
    if suffix == "POMDP":
        emp.write_pomdp(lake, path)
    else:
        path.write_text(pomdpx_of(lake), encoding="utf-8")
    read = emp.read_pomdp(path)
    np.testing.assert_allclose(read.to_dense(), lake.to_dense(), rtol=0, atol=1e-12)
    np.testing.assert_allclose(read.rewards, lake.rewards, rtol=0, atol=1e-12)


SQUARE = np.random.default_rng(3).dirichlet(np.ones(3), size=(3, 3))  # as many actions as states


@for_each(
    "read",
    [
        lambda: emp.from_mdptoolbox(SQUARE),
        lambda: emp.from_mdptoolbox(list(SQUARE)),
        lambda: emp.from_mdptoolbox([sparse.csr_array(matrix) for matrix in SQUARE]),
        lambda: emp.MDP.from_arrays(SQUARE, axes="ass"),
        lambda: emp.MDP.from_arrays(list(SQUARE), axes="ass"),
        lambda: emp.MDP([sparse.csr_array(matrix) for matrix in SQUARE]),
    ],
)
def test_as_many_actions_as_states_are_read_by_what_the_adapter_knows(read):
    assert np.array_equal(read().to_dense(), np.moveaxis(SQUARE, 0, 1))


def test_a_list_that_can_be_read_in_two_ways_is_refused():
    with pytest.raises(ValueError, match=r'list of 3 square arrays, .*axes="ass"\) or axes="sas" says which'):
        emp.MDP(list(SQUARE))
    assert np.array_equal(emp.MDP.from_arrays(list(SQUARE), axes="sas").to_dense(), SQUARE)
    assert np.array_equal(emp.MDP(SQUARE).to_dense(), SQUARE)


@for_each(
    ("given", "reader"),
    [
        ({0: {0: {0: 1.0}}}, "from_table"),
        (networkx.DiGraph([(0, 1)]), "from_networkx"),
        ((np.ones((1, 2, 2)) / 2, np.zeros((2, 1))), r"from_mdptoolbox\(\*transition\)"),
        (([sparse.eye_array(2)] * 2, np.zeros((2, 2))), r"from_mdptoolbox\(\*transition\)"),
    ],
)
def test_the_model_says_who_reads_it(given, reader):
    with pytest.raises(TypeError, match=f"{reader}.* expected an array of axes"):
        emp.MDP(given)


def test_the_model_says_who_reads_a_data_frame_a_program_or_an_environment(lake):
    gymnasium = pytest.importorskip("gymnasium")
    for given, reader in (
        (frame(lake), "from_table"),
        (program(lake, "product"), "from_quantecon"),
        (gymnasium.make("FrozenLake-v1"), "from_gymnasium"),
    ):
        with pytest.raises(TypeError, match=f"{reader}.* expected an array of axes"):
            emp.MDP(given)
