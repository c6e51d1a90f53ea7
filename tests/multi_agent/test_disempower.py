"""The grid in which help for one person may hem in another: its published worlds and exact figures."""

import itertools
import random

import networkx as nx
import numpy as np
import pytest

import empowerment as emp
from benchmarks.keys import disempower, disempower_known, disempower_layouts
from benchmarks.keys.disempower_plans import World, minimax, plan_table
from benchmarks.keys.disempower_rules import STAY, Rules, TooManyStatesError
from benchmarks.keys.disempower_rules import standing as standing_step
from benchmarks.keys.disempower_values import N_PATHS, Draws, ends_of_paths, uniform_information, values_of
from benchmarks.keys.disempower_walks import walking
from empowerment.worlds.disempower import LAYOUTS, STEPS

STILL = {"user": {"stay": 1}, "bystander": {"stay": 1}}
IDLE = {"idle": 1}


def standing(layout):
    """The grid while both persons stand still."""
    arguments = emp.worlds.disempower_grid(layout)
    arguments["actions"] |= {"user": ["stay"], "bystander": ["stay"]}
    return emp.from_joint_step(**arguments, check=False)


def beside_an_idle_assistant(layout, states):
    """Three steps of the grid from some states, while the assistant idles."""
    arguments = emp.worlds.disempower_grid(layout)
    arguments["actions"]["assistant"] = ["idle"]
    return emp.from_joint_step(**arguments | {"initial": states}, depth=3, check=False, max_states=1_000_000)


def random_walk(layout, n_steps):
    """States of the grid and what follows: pairs of a state, the actions of the persons and the states after each."""
    grid, draw = LAYOUTS[layout](), random.Random(layout)
    state, found = grid.initial, []
    for step in range(n_steps):
        persons = {who: draw.choice(list(STEPS)) for who in ("user", "bystander")}
        walked = grid.step(state, persons)
        after = [grid.step(walked, {"assistant": action}) for action in grid.actions()["assistant"]]
        found.append((state, persons, walked, after))
        state = grid.initial if step % 50 == 49 else draw.choice(after)
    return found


def test_the_rules_for_arrays_are_those_of_the_world():
    for layout in LAYOUTS:
        rules = Rules(LAYOUTS[layout]())
        before, persons, walked, after = zip(*random_walk(layout, 1000), strict=True)
        states, names = rules.states(before), list(STEPS)
        user = np.array([names.index(each["user"]) for each in persons])
        bystander = np.array([names.index(each["bystander"]) for each in persons])
        bystander = np.where(states.frozen > 0, STAY, bystander)
        wishes = [
            rules.targets(rules.free(states), cells, moves)
            for cells, moves in ((states.user, user), (states.bystander, bystander))
        ]
        places = rules.moved(states.user, states.bystander, *wishes)
        expected = rules.states(walked)
        assert np.array_equal(places, (expected.user, expected.bystander)), layout
        for found, wanted in zip(rules.assisted(expected), zip(*after, strict=True), strict=True):
            assert np.array_equal(found.packed(), rules.states(wanted).packed()), layout


def test_exploring_arrays_finds_the_same_world():
    for layout in ("push-only", "freeze"):
        slow, fast = standing(layout), World.of(Rules(LAYOUTS[layout]()))
        number = np.searchsorted(fast.codes, fast.rules.states(list(slow.states)).packed())
        assert sorted(number) == list(range(len(fast.codes)))
        assert number[0] == fast.start
        assert np.array_equal(number[slow.for_agent("assistant", STILL).successors], fast.successors[number])
    rules = Rules(LAYOUTS["move-any"]())
    merged = World.of(rules, standing_step(rules, alike=True))
    assert len(merged.codes) == disempower_known.LAYOUTS["move-any"].n_states / 120  # orders of five boxes
    with pytest.raises(TooManyStatesError, match="at most 30 are allowed"):
        World.of(fast.rules, most=30)


def test_values_are_those_of_the_world():
    for layout in ("push-only", "freeze"):
        states = list(standing(layout).states)
        rules, world = Rules(LAYOUTS[layout]()), beside_an_idle_assistant(layout, states)
        found = values_of(rules, rules.states(states), range(1))
        for who, other in itertools.permutations(("user", "bystander")):
            place, others = ("user", "bystander").index(who), {"assistant": IDLE, other: "uniform"}
            exact = emp.transfer_empowerment(world, 3, who, who, others, states=states)
            assert (found.lower[place] <= exact.upper).all()
            assert (found.upper[place] >= exact.lower).all()
            assert (found.upper - found.lower).max() <= 1e-6
            own, cell = world.for_agent(who, others), world.sensors[who]
            uniform = emp.proxies.first_action_information(own, 3, states=states, sensor=cell)
            assert found.uniform[place] == pytest.approx(uniform.value, abs=1e-12)
            assert (found.first_lower[place] >= found.uniform[place] - 1e-6).all()
            assert (found.first_upper[place] <= found.upper[place] + 1e-6).all()


def test_sampled_scores_have_their_limits():
    rules = Rules(LAYOUTS["push-pull"]())
    state = rules.states([rules.grid.initial])
    ends = ends_of_paths(rules, state)[1][..., 0]
    drawn = Draws.of_seed(0, n_samples=20_000)
    seen = ends.T[drawn.own[1], drawn.other[1]]
    rows = np.array([[(each == cell).mean() for cell in range(rules.n_cells)] for each in seen])
    found = values_of(rules, state, range(50))
    assert uniform_information(rows[None])[0] == pytest.approx(found.uniform[1, 0], abs=0.005)
    assert found.plug_in[:, 1].mean() > found.uniform[1, 0] + 0.05
    row, column = np.divmod(ends, rules.grid.shape[1])
    assert found.variance[:, 1].mean() == pytest.approx((row.var() + column.var()) * 19 / 20, abs=0.1)
    assert found.visited[:, 1].max() <= np.unique(ends).size
    assert (drawn.own // (N_PATHS // 5) == np.arange(5)[:, None]).all()


def test_minimax_is_about_what_comes_next():
    values = np.array([[0.0, 2.0, 1.0], [0.0, 1.0, 3.0]])  # one action is best for each
    assert minimax(values, np.array([[1, 2], [1, 1], [0, 2]])).tolist() == [-1.0, 0.0, 0.0]


def check_plans(layout, objectives):
    """Compare sizes, starts and the ranges over all optimal plans with what is known."""
    known, world = disempower_known.LAYOUTS[layout], World.of(Rules(LAYOUTS[layout]()))
    values = world.values(range(1))
    assert len(world.codes) == known.n_states
    assert values.exact[:, world.start] == pytest.approx(known.idle, abs=2e-6)
    assert world.idle(values.exact) == pytest.approx(known.idle, abs=2e-6)
    for name, found in plan_table(world, values, objectives).items():
        assert found[0] == pytest.approx(np.array(known.plans[name]), abs=6e-4), (layout, name)
    return world, values


def test_who_helps_the_user_alone_takes_everything_from_the_bystander():
    for layout in ("push-only", "freeze"):
        check_plans(layout, ["user exact E3", "user U1", "joint exact E3"])


@pytest.mark.slow
def test_who_helps_both_in_the_largest_grids_leaves_something_to_both():
    own, joint = "user exact E3", "joint exact E3"
    world, values = check_plans("push-pull", [own, "user U1", joint, "minimax exact E3"])
    assert world.random(values.exact) == pytest.approx(disempower_known.RANDOM, abs=6e-4)
    check_plans("move-any", [own, joint])


@pytest.mark.slow
def test_every_figure_of_the_small_layouts_holds(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    found = disempower.answer(quick=True)
    assert len(found.figures) > 50
    assert [figure for figure in found.figures if not figure.holds] == []


def test_persons_walk_shortest_paths():
    for layout, key in (("push-only", (4, 1)), ("push-only", (0, 3))):
        rules = Rules(LAYOUTS[layout]())
        step, goal = walking(rules, key), rules.grid.goals[0]
        labels = [state for state, *_ in random_walk(layout, 200)]
        states = rules.states(labels)
        user = step(states.packed())[:, rules.actions.index("idle")] & 31
        for label, after in zip(labels, user, strict=True):
            blocked = {*label.boxes, label.assistant, *rules.grid.walls} - {key, label.user}
            grid = nx.grid_2d_graph(*rules.grid.shape)
            grid.remove_nodes_from(blocked)
            far = nx.single_source_shortest_path_length(grid, key)
            there = rules.cell(after)
            if there != label.user:
                assert far[there] == far[label.user] - 1
            elif label.user in far and label.user != key:  # in the way: the other person, or what stands on the key
                ahead = {cell for cell in grid[label.user] if far[cell] == far[label.user] - 1}
                assert ahead & {*label.boxes, label.assistant} or _close(label)
    taken = states._replace(keys=np.full_like(states.keys, 3))
    heading = step(taken.packed())[:, rules.actions.index("idle")]
    assert goal == (4, 3)
    assert (heading >> 20 & 3 == 3).all()


def _close(label):
    """Whether the persons are near enough to be in each other's way."""
    return sum(abs(a - b) for a, b in zip(label.user, label.bystander, strict=True)) <= 2


def test_what_is_finished_is_not_done_again(tmp_path, monkeypatch):
    asked, real = [], disempower_layouts.law

    def law(question, most_states, number):
        asked.append(number)
        if len(asked) == 4:
            raise KeyboardInterrupt
        return {"n_states": np.array([number]), "idle": np.zeros(2)}

    monkeypatch.setattr(disempower_layouts, "law", law)
    question, folder = disempower_layouts.Question("push-only", False, 1), tmp_path / "kept"
    assert disempower_layouts.main(["--push-only", "--seeds", "1", "--folder", str(folder)]) == 130
    found = disempower_layouts.laws(question, folder)
    assert asked == [*range(4), *range(3, 11)]
    assert [int(each["n_states"][0]) for each in found.values()] == list(range(11))
    assert len(disempower_layouts.Question("push-only", True, 1).places) == 110
    monkeypatch.setattr(disempower_layouts, "law", real)
    assert disempower_layouts.law(disempower_layouts.Question("push-pull", False, 1), 100, 0) is None


def test_the_rules_of_the_grid():
    arguments = emp.worlds.disempower_grid()
    step, start = arguments["step"], arguments["initial"]
    stay = {"user": "stay", "bystander": "stay"}
    assert step(start, stay) == start
    assert step(start, {"user": "right", "bystander": "stay"}) == start  # into the assistant
    assert step(start, stay | {"bystander": "right"}).bystander == (0, 2)
    open_row = start._replace(user=(0, 1), bystander=(0, 2))
    assert step(open_row, {"user": "right", "bystander": "left"}) == open_row  # no swapping
    meet = start._replace(user=(0, 1), bystander=(0, 3))
    assert step(meet, {"user": "right", "bystander": "left"}) == meet  # no meeting
    pushed = step(start, {"assistant": ("push", "right")})
    assert pushed.assistant == (2, 2)
    assert (2, 3) in pushed.boxes
    assert step(start, {"assistant": ("push", "up")}) == start  # the bystander is behind the box
    pulled = step(start, {"assistant": ("pull", "down")})
    assert pulled.assistant == (3, 1)
    assert (2, 1) in pulled.boxes
    assert step(start, {"assistant": ("move", "left")}) == start  # the user is there
    outside = emp.worlds.disempower_grid("freeze")
    frozen = outside["step"](outside["initial"], {"assistant": "freeze"})
    assert frozen.frozen == 3
    assert outside["step"](frozen, {"user": "stay", "bystander": "up"}).bystander == frozen.bystander
    with pytest.raises(ValueError, match="unknown layout 'push'"):
        emp.worlds.disempower_grid("push")
