"""The pages that begin with what a reader has: they are complete, short, and say of formats what is so."""

import inspect
import re
import runpy
from pathlib import Path

import numpy as np
import pytest

import empowerment as emp
from benchmarks.first_map import commands

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to"
FIRST, FORMATS = ((HOW_TO / f"{name}.md").read_text(encoding="utf-8") for name in ("first-pictures", "formats"))


def readers():
    """Return the names of all functions that make a model of something."""
    return {
        name for name in emp.__all__ if name.startswith(("from_", "read_")) and inspect.isfunction(getattr(emp, name))
    }


def test_every_way_in_has_a_row_and_a_picture():
    assert {name for name in readers() if f"`{name}`" not in FORMATS} == set()
    without_an_entry_of_its_own = {"from_quantecon", "from_mdptoolbox", "from_gymnax"}  # like an array, like JAX
    assert {name for name in readers() if f"emp.{name}(" not in FIRST} <= without_an_entry_of_its_own


def test_every_entry_ends_with_a_picture_in_less_than_ten_lines():
    sections = re.split(r"^## ", FIRST, flags=re.MULTILINE)[1:]
    assert len(sections) > 12
    for section in sections:
        cells = re.findall(r"^```\{code-cell\} ipython3\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
        lines = [line for line in cells[-1].splitlines() if line]
        assert ".plot()" in lines[-1], section
        assert len(lines) < 10, section


def test_rows_of_the_table_have_all_columns():
    rows = [line for line in FORMATS.splitlines() if line.startswith("|")]
    assert {row.count(" | ") for row in rows if "---" not in row} == {4}


def test_the_entries_are_linked_by_their_headings():
    headings = re.findall(r"^## (.*)$", FIRST, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#([\w-]+)\)", FIRST)) == anchors


def test_the_script_of_the_first_map_draws_one(tmp_path, monkeypatch):
    pytest.importorskip("gymnasium")
    pytest.importorskip("matplotlib").use("Agg")
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(HOW_TO / "my_world.py"))
    assert (tmp_path / "my_world.png").stat().st_size > 1000
    assert commands()[-1].endswith("docs/how-to/my_world.py")


# --- what the table of formats says


def test_tables_keep_labels_missing_actions_and_rewards_and_drop_other_columns():
    pandas = pytest.importorskip("pandas")
    nested = emp.from_table({"a": {"go": "b", "out": emp.End("b")}, "b": {"go": "a"}})
    assert nested.states == ("a", "b", ("ended", "b"))
    assert nested.is_terminal.tolist() == [False, False, True]
    assert nested.available[:2].tolist() == [[True, True], [True, False]]
    assert nested.rewards is nested.layout is None
    columns = ["state", "action", "next_state", "probability", "reward", "note"]
    frame = pandas.DataFrame([("a", "go", "b", 1.0, 2.0, "x"), ("b", "go", "a", 1.0, 3.0, "y")], columns=columns)
    assert emp.from_table(frame).rewards.tolist() == [[2], [3]]
    ended = emp.from_table(frame, terminal=["b"])
    assert ended.is_terminal.tolist() == [False, True]
    assert ended.to_dense()[1].tolist() == [[0, 1]]


def test_graphs_keep_named_attributes_and_drop_the_edges_of_terminal_nodes():
    networkx = pytest.importorskip("networkx")
    graph = networkx.MultiDiGraph()
    graph.add_node("a", initial=1.0, pos=(0, 0), color="red")
    graph.add_node("b", terminal=True, pos=(1, 0))
    graph.add_edge("a", "b", key="go", weight=1.0, reward=5, length=3)
    graph.add_edge("b", "a", key="go")
    model = emp.from_networkx(graph, reward="reward")
    assert model.rewards.tolist() == [[5], [0]]
    assert model.initial.tolist() == [1, 0]
    assert model.to_dense()[1].tolist() == [[0, 1]]
    assert model.layout.positions == ((0, 0), (1, 0))
    assert emp.from_networkx(graph).rewards is None
    again = emp.to_networkx(model)
    assert again.nodes["a"] == {"terminal": False, "initial": 1.0, "pos": (0, 0)}
    assert not list(again.out_edges("b"))


def test_environments_keep_names_the_grid_and_where_episodes_begin():
    pytest.importorskip("gymnasium")
    lake = emp.from_gymnasium("FrozenLake-v1")
    assert lake.actions == ("left", "down", "right", "up")
    assert lake.rewards.sum() > 0
    assert lake.initial[0] == 1
    assert lake.layout.shape == (4, 4)
    assert lake.is_terminal.sum() == 5
    assert lake.discount is None


def test_functions_keep_ends_and_missing_actions_and_have_no_rewards():
    def step(state, action):
        after = state + action
        return emp.End(3) if after == 3 else (None if after < 0 else after)

    model = emp.from_step_function(step, 0, [-1, 1])
    assert model.is_terminal.tolist() == [False, False, False, True]
    assert model.available[0].tolist() == [False, True]
    assert model.initial.tolist() == [1, 0, 0, 0]
    assert model.rewards is model.layout is None
    sampled = emp.from_samples(step, 0, actions=[-1, 1], n=3)
    assert sampled.mean().is_terminal.tolist() == [False, False, False, True]
    log = emp.from_transitions([("a", "go", "b"), ("b", "go", "c")], terminal=["c"])
    assert log.mean().is_terminal.tolist() == [False, False, True]
    assert not emp.from_transitions([("a", "go", "b"), ("b", "go", "c")]).mean().is_terminal.any()


def test_arrays_of_other_libraries_keep_rewards_and_discounts():
    toolbox = emp.from_mdptoolbox(np.full((2, 3, 3), 1 / 3), np.arange(3.0), discount=0.5)
    assert toolbox.rewards.tolist() == [[0, 0], [1, 1], [2, 2]]
    assert toolbox.discount == 0.5
    switch = emp.from_pymdp(np.eye(2), np.stack([np.eye(2), np.eye(2)[::-1]], axis=2), D=[1, 0])
    assert switch.initial.tolist() == [1, 0]
    markov = pytest.importorskip("quantecon.markov")
    program = markov.DiscreteDP(np.array([[1.0, -np.inf], [0.0, 2.0]]), np.full((2, 2, 2), 0.5), 0.9)
    model = emp.from_quantecon(program)
    assert model.available.tolist() == [[True, False], [True, True]]
    assert model.discount == 0.9
    for each in (toolbox, switch.mdp, model):
        assert not each.is_terminal.any()


def test_files_keep_rewards_and_the_discount_and_mark_no_terminal_state(tmp_path):
    model = emp.MDP(
        [[[0.0, 1.0]], [[0.0, 1.0]]],
        terminal=[1],
        initial=[1, 0],
        rewards=[[2.0], [0.0]],
        discount=0.5,
        layout="a grid",
    )
    emp.write_pomdp(model, tmp_path / "model.POMDP")
    read = emp.read_pomdp(tmp_path / "model.POMDP")
    assert read.rewards.tolist() == [[2], [0]]
    assert read.initial.tolist() == [1, 0]
    assert read.discount == 0.5
    assert not read.is_terminal.any()
    assert read.layout is None
    assert (read.to_dense() == model.to_dense()).all()
