import sys
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
from helpers import for_each, random_model
from storm_files import drn_of, prism_of

import empowerment as emp

stormpy = pytest.importorskip("stormpy")

# A die is thrown with a coin: states 1 to 6 are flips, and flip 0 is the first.
DIE = """
dtmc
const double heads;
module die
  flip : [0..7] init 0;
  face : [0..6] init 0;
  [] flip = 0 -> heads : (flip' = 1) + 1 - heads : (flip' = 2);
  [] flip = 1 -> heads : (flip' = 3) + 1 - heads : (flip' = 4);
  [] flip = 2 -> heads : (flip' = 5) + 1 - heads : (flip' = 6);
  [] flip = 3 -> heads : (flip' = 1) + 1 - heads : (flip' = 7) & (face' = 1);
  [] flip = 4 -> heads : (flip' = 7) & (face' = 2) + 1 - heads : (flip' = 7) & (face' = 3);
  [] flip = 5 -> heads : (flip' = 7) & (face' = 4) + 1 - heads : (flip' = 7) & (face' = 5);
  [] flip = 6 -> heads : (flip' = 7) & (face' = 6) + 1 - heads : (flip' = 2);
  [] flip = 7 -> true;
endmodule
rewards "flips" flip < 7 : 1; endrewards
label "thrown" = flip = 7;
"""

# Two processes push a shared counter by fair coins until it reaches an end.
CONSENSUS = """
mdp
const int K;
global votes : [0..2 * K] init K;
module one
  coin1 : [0..2] init 0;
  [flip1] coin1 = 0 & 0 < votes & votes < 2 * K -> 0.5 : (coin1' = 1) + 0.5 : (coin1' = 2);
  [] coin1 = 1 & 0 < votes & votes < 2 * K -> (votes' = votes - 1) & (coin1' = 0);
  [] coin1 = 2 & 0 < votes & votes < 2 * K -> (votes' = votes + 1) & (coin1' = 0);
endmodule
module two = one [coin1 = coin2, flip1 = flip2] endmodule
label "agreed" = votes = 0 | votes = 2 * K;
"""

# A corridor of five cells, in which only walls are seen; the door is in the middle.
MAZE = """
pomdp
observables wall, open endobservables
const double slip;
module maze
  cell : [0..4] init 0;
  wall : [0..2] init 1;
  open : bool init false;
  [east] cell < 4 & !open -> 1 - slip : (cell' = cell + 1) & (wall' = cell = 3 ? 2 : 0) + slip : true;
  [east] cell = 4 & !open -> true;
  [west] cell > 0 & !open -> 1 - slip : (cell' = cell - 1) & (wall' = cell = 1 ? 1 : 0) + slip : true;
  [west] cell = 0 & !open -> true;
  [push] cell = 2 & !open -> (open' = true);
endmodule
rewards "steps" true : -1; endrewards
rewards "push" [push] true : 10; endrewards
label "out" = open;
"""


@pytest.fixture
def read(tmp_path):
    def read(text, suffix="prism", **options):
        path = tmp_path / f"model.{suffix}"
        path.write_text(text, encoding="utf-8")
        return emp.from_storm(path, **options)

    return read


def built(tmp_path, text, **constants):
    """The sparse model that the caller builds."""
    (tmp_path / "program.prism").write_text(text, encoding="utf-8")
    program = stormpy.parse_prism_program(tmp_path / "program.prism", prism_compatibility=True)
    program, _ = stormpy.instantiate_constants(program, constants)
    return stormpy.build_model(program, options=stormpy.BuilderOptions(build_full=True))


def same(found, wanted):
    """Whether two MDPs are alike, but for their order and for what nothing leads to in the second one."""
    states = [wanted.state_index(state) for state in found.states]
    actions = [wanted.actions.index(action) for action in found.actions]
    here = np.ix_(states, actions)
    rows = wanted.to_dense()[np.ix_(states, actions, states)]
    np.testing.assert_allclose(found.to_dense(), rows, rtol=0, atol=1e-12)
    assert (found.available == wanted.available[here]).all()
    assert (found.is_terminal == wanted.is_terminal[states]).all()
    if found.rewards is not None and wanted.rewards is not None:
        alive = ~found.is_terminal
        np.testing.assert_allclose(found.rewards[alive], wanted.rewards[here][alive], rtol=0, atol=1e-12)


# --- known models


def test_a_die_of_fair_coins_shows_each_face_once_in_six(read):
    die = read(DIE, constants={"heads": 0.5})
    assert (die.n_states, die.actions) == (13, (0,))
    assert [state for state, ends in zip(die.states, die.is_terminal, strict=True) if ends] == (
        [(7, face) for face in (1, 2, 3, 4, 5, 6)]
    )
    ends = np.linalg.matrix_power(die.to_dense()[:, 0], 200)[die.state_index((0, 0))]
    np.testing.assert_allclose(ends[die.is_terminal], 1 / 6, atol=1e-12)
    alive = ~die.is_terminal
    flips = np.linalg.solve(np.eye(alive.sum()) - die.to_dense()[:, 0][np.ix_(alive, alive)], die.rewards[alive, 0])
    assert flips[0] == pytest.approx(11 / 3)  # the mean number of flips of this die
    assert emp.empowerment(die, 3).value.tolist() == [0] * 13


def test_a_biased_die_is_biased(read):
    die = read(DIE, constants={"heads": 0.25})
    ends = np.linalg.matrix_power(die.to_dense()[:, 0], 400)[die.state_index((0, 0))]
    # Each first flip of two leads to three faces: with h heads, face 1 comes with h h (1 - h) / (1 - h h).
    assert ends[die.state_index((7, 1))] == pytest.approx(0.25 * 0.25 * 0.75 / (1 - 0.25 * 0.25))


def test_two_processes_agree_as_the_same_rules_in_python(read):
    def step(state, action):
        votes, *coins = state
        who, kind = (0, "flip") if action == "flip1" else (1, "flip") if action == "flip2" else (action, "push")
        if kind == "flip":
            tossed = [(0.5, (votes, *coins[:who], coin, *coins[who + 1 :])) for coin in (1, 2)]
            return None if coins[who] else tossed
        pushing = [i for i in (0, 1) if coins[i]]  # choices without a label are numbered in each state
        if who >= len(pushing):
            return None
        who = pushing[who]
        votes += 1 if coins[who] == 2 else -1
        state = (votes, *(0 if i == who else coin for i, coin in enumerate(coins)))
        return emp.End(state) if votes in (0, 2 * K) else state

    for K in (1, 2, 3):
        model = read(CONSENSUS, constants={"K": K})
        assert set(model.actions) == {"flip1", "flip2", 0, 1}
        wanted = emp.from_step_function(step, (K, 0, 0), actions=model.actions)
        same(model, wanted)
        assert model.n_states == wanted.n_states
        assert (model.is_terminal == [state[0] in (0, 2 * K) for state in model.states]).all()


def test_a_maze_whose_walls_are_seen(read):
    maze = read(MAZE, constants={"slip": 0.125}, terminal="out", reward="push")
    walls = [1, 0, 0, 0, 2]
    cells = [(False, cell, wall) for cell, wall in enumerate(walls)] + [(True, 2, 0)]  # truth values come first
    assert sorted(maze.states) == sorted(cells)
    assert set(maze.observations) == {(False, 0), (False, 1), (False, 2), (True, 0)}
    for state, row in zip(maze.states, maze.observation[0], strict=True):
        assert maze.observations[row.argmax()] == (state[0], state[2])
        assert sorted(row) == [0, 0, 0, 1]
    assert maze.actions[:2] == ("east", "west")
    number = [maze.state_index(cell) for cell in cells]
    assert maze.mdp.to_dense()[number[0], 0, number[:2]].tolist() == [0.125, 0.875]
    assert maze.available[number, maze.action_index("push")].tolist() == [False, False, True, False, False, True]
    assert maze.is_terminal.sum() == 1
    assert maze.rewards.max() == 10
    assert maze.initial[number[0]] == 1
    # The first step was seen to lead away from the wall, the second one may have failed.
    belief = maze.update(maze.update(None, "east", (False, 0)), "east", (False, 0))
    assert belief[number].tolist() == [0, 0.125, 0.875, 0, 0, 0]


def test_empowerment_of_a_walk_by_hand(read):
    walk = read(
        "mdp module w x : [0..4] init 2; [l] x>0 -> (x'=x-1); [r] x<4 -> (x'=x+1); [s] true -> true; endmodule"
    )
    assert emp.empowerment(walk, 2, states=2).value == pytest.approx(np.log2(5))
    assert emp.empowerment(walk, 1, states=0).value == pytest.approx(1)


# --- every form of one model


@for_each("seed", range(30))
def test_random_models_in_every_language(seed, tmp_path):
    drawn = random_model(seed, 5, 3, missing=0.3 * (seed % 2), deterministic=seed % 3 == 0)
    stuck = (drawn.to_dense() * ~np.eye(5, dtype=bool)[:, None]).sum(axis=(1, 2)) == 0
    wanted = emp.MDP(
        drawn.to_dense(),
        available=drawn.available,
        terminal=stuck,
        actions=["a0", "a1", "a2"],
        rewards=np.random.default_rng(seed).normal(size=(5, 3)).round(3),
    )
    (tmp_path / "world.prism").write_text(prism_of(wanted), encoding="utf-8")
    (tmp_path / "world.drn").write_text(drn_of(wanted), encoding="utf-8")
    program = stormpy.parse_prism_program(tmp_path / "world.prism")
    jani = program.to_jani([])[0]
    stormpy.io.export_jani_to_file(tmp_path / "world.jani", jani)
    forms = [tmp_path / "world.prism", tmp_path / "world.drn", tmp_path / "world.jani", program, jani]
    forms += [stormpy.build_model(program, options=stormpy.BuilderOptions(build_full=True))]
    again = stormpy.parse_prism_program(tmp_path / "world.prism")  # the other was changed by becoming JANI
    forms += [stormpy.build_model[stormpy.Rational](again, options=stormpy.BuilderOptions(build_full=True))]
    for form in forms:
        same(emp.from_storm(form), wanted)
    assert emp.from_storm(tmp_path / "world.drn").rewards is not None
    assert emp.from_storm(tmp_path / "world.prism").rewards is not None


def test_numbers_of_states_are_those_of_storm(tmp_path):
    sparse = built(tmp_path, CONSENSUS, K=2)
    model = emp.from_storm(sparse)
    agreed = [model.states[number] for number in sparse.labeling.get_states("agreed")]
    assert {state[0] for state in agreed} == {0, 4}
    assert model.is_terminal.sum() == len(agreed)
    assert emp.from_storm(sparse, terminal=["agreed"]).is_terminal.sum() == len(agreed)


# --- choices


def test_choices_that_share_a_label_are_numbered_wherever_it_occurs(read):
    model = read(
        "mdp module w x : [0..3] init 0; [go] x=0 -> (x'=1); [go] x=0 -> (x'=2); [go] x=1 -> (x'=3);"
        " [] x=2 -> (x'=0); [] x=2 -> (x'=1); endmodule"
    )
    assert model.actions == (("go", 0), ("go", 1), 0, 1)
    assert model.available[[model.state_index(x) for x in range(4)]].astype(int).tolist() == (
        [[1, 1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 1], [1, 1, 1, 1]]
    )


def test_what_only_loops_is_terminal_with_the_rewards_of_its_choices(read):
    model = read(
        "mdp module w x : [0..1] init 0; [go] x=0 -> (x'=1); [stay] x=0 -> true; [rest] x=1 -> true; endmodule "
        "rewards [go] true : 3; [rest] true : 2; x=1 : 1; endrewards"
    )
    assert (model.actions, model.is_terminal.tolist()) == (("go", "stay"), [False, True])
    assert model.rewards.tolist() == [[3, 0], [3, 3]]
    assert emp.empowerment(model, 1).value.tolist() == pytest.approx([1, 0])


def test_rewards_of_state_and_choice_are_added_and_one_is_chosen(read):
    with pytest.warns(
        UserWarning, match="2 reward models, 'push', 'steps', of which none is read; reward= names"
    ) as w:
        assert read(MAZE, constants={"slip": 0}).rewards is None
    assert w[0].filename == __file__
    assert set(read(MAZE, constants={"slip": 0}, reward="steps").rewards.reshape(-1)) == {0, -1}
    with pytest.raises(ValueError, match=r"unknown reward 'stepz'; the known ones are 'push', 'steps'; did you mean"):
        read(MAZE, constants={"slip": 0}, reward="stepz")


def test_several_initial_states_are_no_distribution(read):
    text = "mdp module w x : [0..2]; [go] true -> (x'=0); endmodule init x > 0 endinit"
    model = read(text)
    assert model.initial is None
    assert sorted(model.states) == [0, 1, 2]


def test_a_deadlock_is_terminal(read):
    model = read("mdp module w x : [0..1] init 0; [go] x=0 -> 0.5 : (x'=1) + 0.5 : true; endmodule")
    assert (model.actions, model.is_terminal.tolist()) == (("go",), [False, True])


# --- what is refused


@for_each(
    ("constants", "error", "message"),
    [
        (None, ValueError, r"leaves heads \(double\) open, expected values; pass constants={'heads': …}"),
        (
            {"head": 0.5},
            ValueError,
            r"gives 'head', which .*prism' does not declare, expected heads \(double\); did you",
        ),
        ({"heads": 0.5, "n": 2}, ValueError, r"gives 'n', which .* does not declare, expected heads \(double\)"),
        ({"heads": True}, ValueError, r"constants\['heads'\] is True, expected a finite number"),
        ({"heads": float("nan")}, ValueError, r"constants\['heads'\] is nan, expected a finite number"),
        ([("heads", 0.5)], TypeError, r"constants is \[.*, expected a dict {name: value}"),
        ({"heads": 1.5}, ValueError, "Storm cannot read .*prism': .*[Pp]robabilit"),
    ],
)
def test_constants_are_checked_by_name_and_type(constants, error, message, read):
    with pytest.raises(error, match=message):
        read(DIE, constants=constants)


def test_constants_of_other_types_and_places(read, tmp_path):
    with pytest.raises(ValueError, match=r"constants\['K'\] is 1.5, expected a whole number, since it is .* an int"):
        read(CONSENSUS, constants={"K": 1.5})
    assert read(CONSENSUS, constants={"K": np.float64(2)}).n_states > 9
    with pytest.raises(
        ValueError, match=r"constants gives 'K', which has its value in .*prism', expected no constants"
    ):
        read(CONSENSUS.replace("int K", "int K = 2"), constants={"K": 3})
    with pytest.raises(ValueError, match="constants gives 'K', but the model is built already; leave out constants="):
        emp.from_storm(built(tmp_path, CONSENSUS, K=1), constants={"K": 1})
    lamp = "mdp const bool dim; module w x : bool init dim; [t] true -> (x' = !x); endmodule"
    assert read(lamp, constants={"dim": True}).states == (True, False)
    with pytest.raises(TypeError, match=r"constants\['dim'\] is 1, expected True or False"):
        read(lamp, constants={"dim": 1})


CTMC = "ctmc module w x : [0..1] init 0; [] x=0 -> 2 : (x'=1); [] x=1 -> 3 : (x'=0); endmodule"
GAME = """smg
player one [go] endplayer
player two [back] endplayer
module w x : [0..1] init 0; [go] x=0 -> (x'=1); [back] x=1 -> (x'=0); endmodule
"""
DRN = (
    "@type: MDP\n@parameters\n{}\n@reward_models\n\n@nr_states\n2\n@nr_choices\n2\n@model\n"
    "state 0 init\n\taction a\n\t\t1 : {}\nstate 1\n\taction a\n\t\t1 : 1\n"
)


@for_each(
    ("text", "suffix", "message"),
    [
        (
            CTMC,
            "sm",
            r"model is a CTMC, whose time is continuous; .*transform_to_discrete_time_model\(model, \[\]\)\[0\]",
        ),
        (
            CTMC.replace("ctmc", "ma").replace("[]", "<>"),
            "nm",
            "model is a Markov automaton, whose time is continuous",
        ),
        (GAME, "prism", "model is a game of several players, expected one agent's view: replace the choices"),
        (DRN.format("", "[0.4, 1]"), "drn", "its probabilities are intervals, expected numbers"),
        (DRN.format("p", "p"), "drn", "its probabilities have parameters: give them values in stormpy"),
        (
            DRN.format("", "0.4"),
            "drn",
            "of action 'a' in state 0 sum to 0.4, expected 1; pass normalize=True to resc",
        ),
        (DRN.format("", "1").replace("\t\t1 : 1\nstate 1", "state 1"), "drn", "'a' in state 0 sum to 0, expected 1$"),
        (DRN.format("", "1").replace("@nr_choices\n2\n", ""), "drn", "@nr_choices.*; write a line '@nr_choices'"),
        (
            "mdp module w x : [0..1]; [go] x=0 => (x'=1); endmodule",
            "nm",
            "Storm cannot read .*model.nm.: Parsing err",
        ),
        ("mdp", "txt", r"ends in '.txt', expected a file of the PRISM language \(.prism, .nm, .pm, .sm\), of JANI"),
        ("{", "jani", "Storm cannot read .*model.jani"),
    ],
)
def test_what_is_no_mdp_is_refused_by_name(text, suffix, message, read):
    with pytest.raises(ValueError, match=message):
        read(text, suffix)


def test_rows_are_rescaled_where_that_is_asked_for(read):
    model = read(DRN.format("", "0.4"), "drn", normalize=True)
    assert model.to_dense()[0, 0].tolist() == [0, 1]


def test_the_hint_for_models_in_continuous_time_can_be_followed(tmp_path):
    jumps = stormpy.transformations.transform_to_discrete_time_model(built(tmp_path, CTMC), [])[0]
    assert emp.from_storm(jumps).to_dense()[:, 0].tolist() == [[0, 1], [1, 0]]


def test_what_is_no_model_is_refused(tmp_path):
    with pytest.raises(
        TypeError, match="model is 3, expected a file of the PRISM language, of JANI or DRN, a program"
    ):
        emp.from_storm(3)
    with pytest.raises(FileNotFoundError, match=r"no file .*nowhere.nm', expected a model"):
        emp.from_storm(tmp_path / "nowhere.nm")
    (tmp_path / "p.nm").write_text(CONSENSUS.replace("int K", "int K = 1"), encoding="utf-8")
    with pytest.raises(TypeError, match="symbolic model of Storm, expected a sparse one"):
        emp.from_storm(SimpleNamespace(is_sparse_model=False))
    parametric = stormpy.build_model[stormpy.RationalFunction](
        stormpy.parse_prism_program(_written(tmp_path, DIE)), options=stormpy.BuilderOptions(build_full=True)
    )
    with pytest.raises(ValueError, match="model has parameters in its probabilities, expected numbers"):
        emp.from_storm(parametric)
    with pytest.raises(ValueError, match="unknown label 'gone'; the known ones are"):
        emp.from_storm(tmp_path / "p.nm", terminal="gone")


def _written(folder, text):
    path = folder / "text.prism"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_pair_of_terminal_and_normalize_agrees_on_a_closed_walk(read):
    text = 'mdp module w x : [0..2] init 0; [go] true -> (x\'=mod(x+1,3)); endmodule label "two" = x=2;'
    for terminal, normalize in product((None, "two", ["two", "init"]), (False, True)):
        model = read(text, terminal=terminal, normalize=normalize)
        assert int(model.is_terminal.sum()) == (0 if terminal is None else 1 if terminal == "two" else 2)


@for_each("library", [None, SimpleNamespace(__version__="1.9")])
def test_without_stormpy_2_the_error_says_what_to_install(library, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "stormpy", library)
    with pytest.raises(ImportError, match=r"reading '.*' needs stormpy; install it with pip install \"stormpy>=2\""):
        emp.from_storm(_written(tmp_path, CONSENSUS))
