import itertools
import re
import time
import tracemalloc
import warnings
from pathlib import Path

import numpy as np
import pytest
from helpers import for_each
from hypothesis import given
from hypothesis import strategies as st
from pomdp_fuzzing import agrees, random_file
from pomdp_interpreter import RefusedError, interpreted

import empowerment as emp

DATA = Path(__file__).parents[1] / "data"
TWO = "discount: 0.9\nvalues: reward\nstates: a b\nactions: go\nobservations: x y\n"
BODY = "T: *\nidentity\nO: *\nuniform\n"


@pytest.fixture
def read(tmp_path):
    def read(text, **options):
        path = tmp_path / "model.POMDP"
        path.write_text(text, encoding="utf-8")
        return emp.read_pomdp(path, **options)

    return read


@pytest.fixture
def read_bytes(tmp_path):
    def read_bytes(data, **options):
        path = tmp_path / "model.POMDP"
        path.write_bytes(data)
        return emp.read_pomdp(path, **options)

    return read_bytes


@pytest.fixture
def written(tmp_path):
    def written(model):
        emp.write_pomdp(model, tmp_path / "written.POMDP")
        return emp.read_pomdp(tmp_path / "written.POMDP")

    return written


def same(one, other):
    assert (one.states, one.actions, one.observations) == (other.states, other.actions, other.observations)
    assert one.discount == other.discount
    pairs = [(one.mdp.to_dense(), other.mdp.to_dense()), (one.observation, other.observation)]
    pairs += [(one.initial, other.initial), (one.rewards, other.rewards)]
    for left, right in pairs:
        assert (left is None and right is None) or np.array_equal(left, right)


# --- classical files


def classical(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return emp.read_pomdp(DATA / f"{name}.POMDP")


@for_each("name", ["tiger", "cheese", "4x3"])
def test_classical_files_are_written_and_read_unchanged(name, written):
    model = classical(name)
    same(model, written(model))


def test_tiger_is_the_world():
    model, world = emp.read_pomdp(DATA / "tiger.POMDP"), emp.worlds.tiger()
    assert model.observation == pytest.approx(world.observation, abs=1e-16)  # 1 - 0.85 is not quite 0.15
    assert (model.mdp.to_dense() == world.mdp.to_dense()).all()
    assert (model.states, model.actions, model.observations) == (world.states, world.actions, world.observations)
    assert (model.rewards == world.rewards).all()
    assert (model.discount, model.initial.tolist()) == (world.discount, world.initial.tolist())


def test_cheese_maze_is_a_grid_whose_cells_look_alike():
    maze = emp.read_pomdp(DATA / "cheese.POMDP")
    grid = emp.worlds.grid_world([".....", ".#.#.", ".#G#."], stay=False)
    cells = [(0, 0), (0, 1), (0, 2), (0, 3), (0, 4), (1, 0), (1, 2), (1, 4), (2, 0), (2, 4), (2, 2)]
    order = [grid.state_index(cell) for cell in cells]
    assert maze.actions == grid.actions
    assert (maze.mdp.to_dense()[:10] == grid.to_dense()[order][:10][:, :, order]).all()
    assert (maze.mdp.to_dense()[10] == maze.initial).all()
    assert maze.initial.tolist() == [0.1] * 10 + [0]
    assert maze.n_observations == 7
    assert maze.rewards[6].tolist() == [0, 1, 0, 0]
    assert maze.rewards.sum() == 1


def test_four_by_three_grid_slips_and_has_rounded_probabilities():
    with pytest.warns(
        UserWarning, match=r"4x3.POMDP': 9 distributions missed the sum 1 by up to 1e-06 and were resc"
    ) as seen:
        maze = emp.read_pomdp(DATA / "4x3.POMDP")
    assert len(seen) == 1
    assert seen[0].filename == __file__
    grid = emp.worlds.grid_world(["...G", ".#.H", "...."], slip=0.2, slip_mode="perpendicular", stay=False)
    inner = [s for s in range(11) if s not in (3, 6)]
    assert maze.mdp.to_dense()[inner] == pytest.approx(grid.to_dense()[inner], abs=1e-15)
    assert maze.initial[inner] == pytest.approx(1 / 9, abs=1e-15)
    assert maze.rewards == pytest.approx(
        np.array([[1.0 if s == 3 else -1.0 if s == 6 else -0.04] * 4 for s in range(11)])
    )
    assert [maze.observations[o] for o in maze.observation[0].argmax(axis=1)] == (
        ["left", "neither", "neither", "good", "both", "left", "bad", "left", "neither", "neither", "right"]
    )


# --- what a file may say


@for_each(
    ("start", "initial"),
    [
        ("", None),
        ("start: uniform", [0.25] * 4),
        ("start: 0.1 0.2\n0.3 # two lines\n 0.4", [0.1, 0.2, 0.3, 0.4]),
        ("start: c", [0, 0, 1, 0]),
        ("start: 2", [0, 0, 1, 0]),
        ("start: 0", [1, 0, 0, 0]),
        ("start:1", [0, 1, 0, 0]),
        ("start include: a 3", [0.5, 0, 0, 0.5]),
        ("start exclude: b", [1 / 3, 0, 1 / 3, 1 / 3]),
    ],
)
def test_every_way_to_start(start, initial, read):
    model = read(f"states: a b c d\nactions: 1\nobservations: 1\n{start}\nT: 0 identity\nO: 0 uniform\n")
    assert (model.initial if initial is None else model.initial.tolist()) == initial


def test_a_single_state_starts_with_its_probability(read):
    head = "states: 1\nactions: 1\nobservations: 1\nT: 0 identity O: 0 uniform\n"
    assert read(head + "start: 1.0").initial.tolist() == [1]
    assert read(head + "start: 0").initial.tolist() == [1]


@for_each(
    "lines",
    [
        "T: go\n0.25 0.75\n1 0",
        "T: *\n0.25 0.75 1 0",
        "T: go : a\n0.25 0.75\nT: go : b\n1. 0",
        "T : 0 : 0 : 0 0.25\nT:go:a:b 7.5e-1 T: * : b : a 1",
        "T: go : * : * 0.25\nT: go : a : 1 0.75\nT: 0 : b\n1 0",
        "T: go identity\nT: go : b reset\nT: go : a\n.25\n.75",
        "T: go uniform T: go : * + 0.25 0.75 T: go : b : * 0 T: go : b : a 1",
    ],
)
def test_every_way_to_say_a_transition(lines, read):
    model = read(f"{TWO}start: a\n{lines}\nO: *\nuniform\n")
    assert model.mdp.to_dense().tolist() == [[[0.25, 0.75]], [[1, 0]]]


@for_each(
    "lines",
    [
        "O: go\n0.25 0.75\n1 0",
        "O: * : a\n0.25 0.75\nO: 0 : b 1 0",
        "O: go uniform O: go : a : x 0.25 O: go : 0 : 1 0.75 O: go : b : * 0 O: go : b : x 1",
        "O: go identity O: go : b : * 0 O: go : b : x 1 O: go : a 0.25 0.75",
        "O: go : * uniform O: go 0.25 0.75 1 0",
    ],
)
def test_every_way_to_say_an_observation(lines, read):
    model = read(f"{TWO}T: * identity\n{lines}\n")
    assert model.observation.tolist() == [[[0.25, 0.75], [1, 0]]]


def test_rewards_are_reduced_to_their_expectation(read):
    world = (
        "states: 3\nactions: 2\nobservations: 2\n"
        "T: 0 uniform\nT: 1\n0.5 0.5 0\n0 0.5 0.5\n0 0 1\nO: *\n0.9 0.1\n0.2 0.8\n0.5 0.5\n"
    )
    lines = [
        ("R: * : * : * : * 2", (slice(None),) * 4, 2),
        ("R: 0 : 1 : 2 : 1 -10.5", (0, 1, 2, 1), -10.5),
        ("R: 1 : * : 1\n3 4", (1, slice(None), 1), [3, 4]),
        ("R: * : 2\n1 2\n3 4\n5 6", (slice(None), 2), [[1, 2], [3, 4], [5, 6]]),
        ("R: * : * : * : 1 - 7", (slice(None), slice(None), slice(None), 1), -7),
        ("R: 1 : 0 : * : * +9", (1, 0), 9),
    ]
    for chosen in itertools.chain.from_iterable(itertools.permutations(lines, n) for n in (1, 2, 3)):
        table = np.zeros((2, 3, 3, 2))
        for _, place, values in chosen:
            table[place] = values
        text = world + "\n".join(line for line, _, _ in chosen)
        model = read(text)
        known = np.einsum("sat,ato,asto->sa", model.mdp.to_dense(), model.observation, table)
        assert model.rewards == pytest.approx(known, abs=1e-12)
        assert read("values: cost\n" + text).rewards == pytest.approx(-known, abs=1e-12)


def test_what_a_file_does_not_say_the_model_does_not_have(read, written):
    model = read("states: 2\nactions: 1\nobservations: 1\nT: * identity\nO: * uniform")
    assert (model.discount, model.rewards, model.initial) == (None, None, None)
    same(model, written(model))


def test_a_pair_that_never_occurs_needs_no_observation(read, written):
    model = read(f"{TWO}T: *\n1 0\n1 0\nO: * : a : x 1")
    assert model.observation.tolist() == [[[1, 0], [0, 0]]]
    same(model, written(model))


def test_rounded_sums_are_rescaled_with_one_warning(read):
    text = f"{TWO}start: 0.333333 0.666666\nT: *\n0.33333 0.66664\n1 0\nO: *\n0.5 0.5\n0.6 0.40005\n"
    with pytest.warns(UserWarning, match="3 distributions missed the sum 1 by up to 5e-05") as seen:
        model = read(text)
    assert len(seen) == 1
    for rows in (model.mdp.to_dense(), model.observation, model.initial):
        assert rows.sum(axis=-1) == pytest.approx(1, abs=1e-15)


# --- what is refused

REFUSED = [
    ("statse: 2", 1, "found 'statse', expected one of discount:, values:, states:, actions:"),
    ("states 2", 1, "found '2', expected ':'"),
    ("states: 0", 1, "found '0', expected at least one state"),
    ("states:\nactions: 2", 2, "found 'actions', expected how many states there are, or their names"),
    ("states: a 1b", 1, "found '1b', expected the name of a state; a name is a letter followed by letters, digits"),
    ("states: a reset", 1, "found 'reset', expected the name of a state"),
    ("states: a b\n  a", 2, "found 'a', expected names of states that differ"),
    ("states: 2\n\nstates: 3", 3, "found 'states' a second time, expected it once"),
    ("discount: 1.5", 1, r"found 1.5, expected a discount in [0, 1]"),
    ("discount: high", 1, "found 'high', expected a discount"),
    ("values: profit", 1, "found 'profit', expected 'reward' or 'cost'"),
    ("start: uniform", 1, "found 'start', expected 'states:' before it"),
    ("states: 2\nT: 0 identity", 2, "found 'T', expected 'actions:' before it"),
    ("", 1, "found the end of the file, expected 'states:' before it"),
    (TWO, 5, "the file ends without probabilities for 'T: go : a', expected some"),
    (f"{TWO}T: * identity\n", 6, "the file ends without probabilities for 'O: go : a', expected some"),
    (f"{TWO}T: stay identity", 6, "found 'stay', expected one of the 1 actions go, or *"),
    (f"{TWO}T: go : 2 : 0 1.0", 6, "found '2', expected one of the 2 states a, b, or *"),
    (f"{TWO}O: go : a : z 1.0", 6, "found 'z', expected one of the 2 observations x, y, or *"),
    (f"{TWO}T: go\n1 0\n0\nO: go", 9, "found 'O', expected 4 probabilities, of which there are 3"),
    (f"{TWO}T: go\n1 0\n0 1\n0", 9, "found '0', expected one of discount:"),
    (f"{TWO}T: go\n1 0\n0 1.1\n", 8, r"found 1.1, expected probabilities in [0, 1]"),
    (f"{TWO}T: go : a - 0.1 1.1\n", 6, r"found -0.1, expected probabilities in [0, 1]"),
    (f"{TWO}T: go : a : b nan", 6, "found 'nan', expected a number"),
    (f"{TWO}T: go : a identity", 6, "found 'identity', expected 2 probabilities, of which there are 0"),
    (f"{TWO}T: go : a\nreset", 7, "found 'reset', expected 'start:' before it"),
    (f"{TWO}start: a\nO: go : a\nreset", 8, "found 'reset', expected 2 probabilities"),
    (f"{TWO}{BODY}T: go : a\n0.5 0.4\n", 10, "after this line 'T: go : a' sums to 0.9, expected 1"),
    (f"{TWO}{BODY}O: * : b : x 0.9\n#\n", 10, "after this line 'O: go : b' sums to 1.4, expected 1"),
    (f"{TWO}start: 0.5 0.4\n{BODY}", 6, "start sums to 0.9, expected 1"),
    (
        f"{TWO}start:\n0.5 0.4 0.1\n{BODY}",
        6,
        "found 0.5 and 2 more numbers, expected 2 probabilities in [0, 1] or the",
    ),
    (f"{TWO}start: 5\n{BODY}", 6, "found 5 and 0 more numbers, expected 2 probabilities in [0, 1] or the number of"),
    (f"{TWO}start: c\n{BODY}", 6, "found 'c', expected one of the 2 states a, b"),
    (f"{TWO}start near: a\n{BODY}", 6, "found 'near', expected ':', 'include:' or 'exclude:'"),
    (f"{TWO}start include: *\n{BODY}", 6, "found '*', expected one of the 2 states a, b"),
    (f"{TWO}start include:\n{BODY}", 7, "found 'T', expected states that leave at least one to start in"),
    (f"{TWO}start exclude: a b\n{BODY}", 7, "found 'T', expected states that leave at least one to start in"),
    (f"{TWO}{BODY}R: go 1.0", 10, "found '1.0', expected ':'"),
    (f"{TWO}{BODY}R: go : a : b\n1.0", 11, "found the end of the file, expected 2 rewards, of which there are 1"),
    (f"{TWO}{BODY}R: go : a : b : x much", 10, "found 'much', expected a number"),
    # reserved words, which the format's own scanner keeps from being names
    (
        "states: 2\nactions: L R\nobservations: 2",
        2,
        "found 'R', expected the name of an action; 'R' is a reserved word",
    ),
    (
        "states: 2\nactions: R L\nobservations: 2",
        2,
        "'R' is a reserved word of the format: give the action another name thr",
    ),
    (
        "states: goal start pit\nactions: 2",
        1,
        "found 'start', expected the name of a state; 'start' is a reserved word",
    ),
    (
        "states: a b\nstart s0\nactions: 2",
        2,
        "found 's0', expected ':', 'include:' or 'exclude:' after 'start'; or, if ",
    ),
    (
        "states: a b\nactions L R\n",
        2,
        "found 'L', expected ':' after 'actions'; or, if that is to be a state: 'actions' is",
    ),
    # statements of other programs
    (
        "states: a b\ncosts: -1 0\n",
        2,
        "found 'costs', expected one of discount:, values:, states:, actions:, observation",
    ),
    ("states: a b\ncosts: -1 0\n", 2, "T:, O:, R:; it is an unknown statement"),
    (
        "states: a b\natom 0 : u\n",
        2,
        "if 'atom' begins a statement, it is unknown: the known ones are discount:, values:",
    ),
    (f"{TWO}{BODY}gamma: 1\n", 10, "it is an unknown statement"),
    ("Discount: 1\n", 1, "it is an unknown statement, the nearest is 'discount:'"),
    ("states: 2\naction: x y\n", 2, "it is an unknown statement, the nearest is 'actions:'"),
    (
        "agents: 2\ndiscount: 1\n",
        1,
        "which describes one agent; this is a Dec-POMDP file: write one agent's",
    ),
    ("R: 0\n", 1, "found 'R', expected 'states:' before it"),
    # what stands in the place of something else
    (
        f"{TWO}start: a b\n{BODY}",
        6,
        "found 'b', expected the next statement after the state 'a'; 'start include: a b' sta",
    ),
    (f"{TWO}start: 0 1 1\n{BODY}", 6, "or the number of one state; 'start include:' lists several states"),
    (f"{TWO}T: go\nuniform\nO: go\nreset", 9, "; 'reset' stands for the row 'T: action : state'"),
    (f"{TWO}T: go : a identity", 6, "; 'identity' stands for a square matrix, here are 1 x 2 numbers wanted"),
    (
        "states: 2\nactions: 1\nobservations: 3\nO: * identity",
        4,
        "stands for a square matrix, here are 2 x 3 numbers",
    ),
    (f"{TWO}T: go Uniform", 6, "; the format's own word is 'uniform'"),
    (f"{TWO}{BODY}R: go : a : b : x : 1", 10, "found ':', expected a number; the format has no ':' before a number"),
    (
        f"{TWO}T: go : a -6.6e-18 1",
        6,
        "found -6.6e-18, expected probabilities in [0, 1]; pass normalize=True to take entri",
    ),
    (f"{TWO}{BODY}T: go : a 0.999 0", 10, "'T: go : a' sums to 0.999, expected 1; pass normalize=True to rescale"),
    (f"{TWO}start: 0.5 0.49\n{BODY}", 6, "start sums to 0.99, expected 1; pass normalize=True to rescale"),
    ("states: 1e3", 1, "found '1e3', expected how many states there are, or their names; a count has digits only"),
    ("states: 0 1 2", 1, "found '0', expected one number, that of all states, or names, which begin with a letter"),
    ("actions: 3 4", 1, "found '3', expected one number, that of all actions, or names, which begin with a letter"),
    (
        f"{TWO}T: go a b 0.5",
        6,
        "found 'a', expected 4 probabilities, of which there are 0; write ':' between an action",
    ),
    (
        f"{TWO}{BODY}R: go : a 5",
        10,
        "of which there are 1; 'R: action : state : * : * number' gives all of them the same",
    ),
    # numbers that no computer holds
    (
        f"states: {'9' * 5000}",
        1,
        f"found '{'9' * 60}…', expected how many states there are, or their names; no memory",
    ),
    ("actions: 99999999999999999999", 1, "found '99999999999999999999', expected how many actions there are"),
    (f"{TWO}T: 99999999999999999999 identity", 6, "expected one of the 1 actions go, or *"),
    (f"{TWO}start: 99999999999999999999\n", 6, "found 1e+20 and 0 more numbers, expected 2 probabilities"),
    (
        f"{TWO}{BODY}R: 0 : 0 : * : * 1e309",
        10,
        "found '1e309', expected rewards that double precision can hold, up to 1.8e",
    ),
    (f"{TWO}{BODY}R: 0 : 0 : * : * - {'9' * 5000}", 10, "expected rewards that double precision can hold"),
    (f"{TWO}T: go : a : b 1e400", 6, "found '1e400', expected a number that double precision can hold"),
    # MDPs
    (
        "states: 2\nactions: 1\nT: *\nidentity\nO: *\nuniform",
        5,
        "a file without it describes an MDP, which has no 'O:'",
    ),
    ("states: 2\nactions: 1\nT: *\nidentity\nobservations: 2", 5, "expected it before the first 'T:' or 'R:'"),
    (
        "states: 2\nactions: 1\nR: 0 : 0 : 0 : 0 5",
        3,
        "found '0', expected '*'; without 'observations:' the file is one of",
    ),
    ("states: 2\nactions: 1\nR: 0\n1 2 3", 4, "found the end of the file, expected 4 rewards, of which there are 3"),
]


@for_each(("text", "line", "sentence"), REFUSED)
def test_malformed_files_are_refused_with_file_and_line(text, line, sentence, read):
    with pytest.raises(ValueError, match=re.escape(sentence)) as error:
        read(text)
    assert re.search(rf"model.POMDP', line {line}: ", str(error.value))


def test_files_that_are_no_text_are_refused(tmp_path):
    path = tmp_path / "model.POMDP"
    path.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(ValueError, match="is not a text file in UTF-8, expected the"):
        emp.read_pomdp(path)
    with pytest.raises(FileNotFoundError):
        emp.read_pomdp(tmp_path / "missing.POMDP")


# --- writing


@st.composite
def models(draw):
    n_states, n_actions, n_observations = (draw(st.integers(1, n)) for n in (4, 3, 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rewards = rng.standard_normal((n_states, n_actions)) * 10.0 ** rng.integers(-20, 20)
    return emp.POMDP(
        rng.dirichlet(np.full(n_states, 0.3), size=(n_states, n_actions)),
        rng.dirichlet(np.full(n_observations, 0.3), size=(n_actions, n_states)[draw(st.integers(0, 1)) :]),
        states=draw(st.sampled_from([None, [f"s-{i}_x" for i in range(n_states)]])),
        initial=draw(st.sampled_from([None, rng.dirichlet(np.ones(n_states))])),
        rewards=draw(st.sampled_from([None, rewards, 0 * rewards])),
        discount=draw(st.sampled_from([None, 0, 1, 1 / 3, 1e-7])),
    )


@for_each(
    ("data", "sentence"),
    [
        (
            b"<?xml version='1.0'?>\n<model/>",
            "XML, but no POMDPX file, which has the root <pomdpx> and no",
        ),
        (b"# a comment\n\n  <pomdpx>", "XML, but no POMDPX file, which has the root <pomdpx> and no"),
        (b"\n<!DOCTYPE HTML>", "a web page, expected the .POMDP format; save the file that the page shows"),
        (b'{"states": 2}', "JSON, expected the .POMDP format"),
        (
            b"\x1f\x8b\x08\x00rest",
            "not a text file in UTF-8, expected the .POMDP format; it is compressed by gzip: unpack",
        ),
        (b"PK\x03\x04", "it is a zip archive"),
        (b"\x93NUMPY\x01", "it is an .npy file of NumPy"),
        ("states: 2".encode("utf-16"), "it is text in UTF-16: save it as UTF-8"),
        (b"states\x00: 2", "not a text file in UTF-8, expected the .POMDP format; it is binary"),
        (b"pomdp\nobservables", "a model of PRISM, expected the .POMDP format; from_storm reads it"),
        (b"// comment\nmdp", "a model with '//' comments, as those of PRISM, expected the .POMDP format; from_storm"),
        (b"@type: POMDP", "a model of Storm in the DRN format, expected the .POMDP format; from_storm reads it"),
        (b"version https://git-lfs.github.com/spec/v1", "a pointer of Git LFS"),
    ],
)
def test_other_formats_are_called_by_their_names(data, sentence, read_bytes):
    with pytest.raises(ValueError, match=re.escape(sentence)) as error:
        read_bytes(data)
    assert re.search("model.POMDP', line 1: the file is ", str(error.value))


def test_bytes_that_are_no_text_are_skipped_in_comments_and_refused_elsewhere(read_bytes):
    text = (TWO + BODY).encode()
    known = read_bytes(text)
    for data in (
        "# modèle\n".encode("latin-1") + text,
        text.replace(b"go\n", b"go # \xff\xfe\n", 1),
        b"\xef\xbb\xbf" + text,
        text.replace(b"\n", b"\r\n"),
        text.replace(b"\n", b"\r"),
        text.replace(b" ", b"\t\x0c "),
        text.rstrip(),
    ):
        same(read_bytes(data), known)
    with pytest.raises(ValueError, match=r"line 3: found the byte 0xe8, which is no text in UTF-8, expected"):
        read_bytes(text.replace(b"states: a", "states: è".encode("latin-1")))
    with pytest.raises(ValueError, match="line 3: found 'è', expected the name of a state"):
        read_bytes(text.replace(b"states: a", "states: è".encode()))


def test_long_words_are_cut_in_messages(read):
    long = "s" * 100_000
    text = f"states: {long} b\nactions: 1\nobservations: 1\n"
    for wrong in ("T: 0\n1 0 0 0\n", "T: 0 : z", f"T: 0 : {long}2 : 0 1", f"start: {long} b", f"{long}: 1"):
        with pytest.raises(ValueError, match=r"line [45]: ") as error:
            read(text + wrong)
        assert len(str(error.value)) < 600


def test_no_word_takes_longer_than_its_length(read):
    began = time.process_time()
    for long in ("1" * 300_000 + "a", "1." * 100_000, "1e" * 100_000, "-" * 100_000, "+1" * 100_000, "- 1 " * 50_000):
        with pytest.raises(ValueError, match=r"line 6: found "):
            read(f"{TWO}T: go : {long}")
        with pytest.raises(ValueError, match=r"line 6: found "):
            read(f"{TWO}T: go {long}")
    assert time.process_time() - began < 10


def test_words_need_no_spaces_between_them(read):
    model = read(f"{TWO}T:*:*.5+.5O:*uniform\nR:*:*:*:*-1\nR:go:a:*:*+2e0\n".replace("+.5O", "+.5 O"))
    assert model.mdp.to_dense().tolist() == [[[0.5, 0.5]], [[0.5, 0.5]]]
    assert model.rewards.tolist() == [[2], [-1]]


def test_normalize_divides_distributions_by_their_sums(read):
    text = f"{TWO}start: 3 1\nT: *\n0.333 0.333\n-6.6e-18 1\nO: *\n0.999 0\n1 7\n"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = read(text, normalize=True)
    assert model.mdp.to_dense().tolist() == [[[0.5, 0.5]], [[0, 1]]]
    assert model.observation[0].tolist() == [[1, 0], [0.125, 0.875]]
    assert model.initial.tolist() == [0.75, 0.25]
    for wrong, sentence in {
        text.replace("6.6e-18", "1e-11"): "line 9: found -1e-11, expected weights of at least 0",
        text.replace("1 7", "0 0"): "line 10: after this line 'O: go : b' sums to 0, expected 1",
        text.replace("1 7", "1e308 1e308"): "line 10: after this line 'O: go : b' sums to inf, expected 1",
    }.items():
        with pytest.raises(ValueError, match=re.escape(sentence) + "$"):
            read(wrong, normalize=True)


# --- MDPs


MDP_HEAD = "discount: 0.75\nstates: a b\nactions: stay go\nstart: b\nT: stay\nidentity\nT: go\n0.5 0.5\n1 0\n"


@for_each(
    ("lines", "rewards"),
    [
        ("R: go\n1 2\n3 4", [[0, 1.5], [0, 3]]),
        ("R: * : b\n5 6", [[0, 0], [6, 5]]),
        ("R: go : a : b 8\nR: stay : * : * - 1", [[-1, 4], [-1, 0]]),
        ("R: go : * : a : * 2", [[0, 1], [0, 2]]),
        ("values: cost\nR: go : * : a 2", [[0, -1], [0, -2]]),
    ],
)
def test_files_without_observations_are_those_of_mdps(lines, rewards, read, tmp_path):
    model = read(MDP_HEAD + lines)
    assert isinstance(model, emp.MDP)
    assert (model.states, model.actions, model.discount) == (("a", "b"), ("stay", "go"), 0.75)
    assert model.to_dense().tolist() == [[[1, 0], [0.5, 0.5]], [[0, 1], [1, 0]]]
    assert model.initial.tolist() == [0, 1]
    assert model.rewards.tolist() == rewards
    assert emp.empowerment(model, 1, states="b").value.tolist() == [1]
    emp.write_pomdp(model, tmp_path / "again.POMDP")
    again = emp.read_pomdp(tmp_path / "again.POMDP")
    assert (again.states, again.discount, again.initial.tolist()) == (model.states, 0.75, [0, 1])
    assert again.rewards.tolist() == rewards
    assert (again.to_dense() == model.to_dense()).all()


def test_an_mdp_whose_labels_are_no_names_is_not_written(tmp_path):
    grid = emp.worlds.grid_world(["..", ".."])
    with pytest.raises(
        ValueError, match=r"state label \(0, 0\) cannot be written.* with states=range\(4\) can be written"
    ):
        emp.write_pomdp(grid, tmp_path / "grid.POMDP")
    numbered = emp.MDP(grid.rows, states=range(4), actions=grid.actions)
    emp.write_pomdp(numbered, tmp_path / "grid.POMDP")
    assert (emp.read_pomdp(tmp_path / "grid.POMDP").to_dense() == grid.to_dense()).all()


# --- large files


def corridor(n_states):
    """Return a file whose rewards are given for each next state, and what they come to."""
    lines = [f"states: {n_states}\nactions: 2\nobservations: 20\n"]
    for s in range(n_states):
        lines += [f"T: 0 : {s} : {max(s - 1, 0)} 1.0\nT: 1 : {s} : {min(s + 1, n_states - 1)} 1.0\n"]
        lines += [f"O: * : {s} : {s % 20} 1.0\nR: 0 : * : {s} : * {s}\nR: 1 : * : {s} : {s % 20} {-s}\n"]
    place = np.arange(n_states)
    known = np.column_stack([np.maximum(place - 1, 0), -np.minimum(place + 1, n_states - 1)])
    return "".join(lines), known


def test_time_and_memory_are_linear_in_the_file(read):
    read(corridor(10)[0])
    taken = {}
    for n_states in (400, 3200):
        text, known = corridor(n_states)
        began = time.process_time()
        assert (read(text).rewards == known).all()
        taken[n_states] = time.process_time() - began
    assert taken[3200] < 24 * taken[400]  # 8 times as long if linear, 64 times if quadratic
    text, _ = corridor(3000)  # whose transitions would take 144 MB as a dense array
    tracemalloc.start()
    try:
        model = read(text)
        assert tracemalloc.get_traced_memory()[1] < 30e6
    finally:
        tracemalloc.stop()
    assert model.mdp.rows.nnz == 6000


@for_each(
    ("text", "line", "sentence"),
    [
        ("states: 999999999999\n", 1, "999,999,999,999 states would take 2e+05 GB, allowed are 4 GB; raise memory="),
        ("states: 9999999\nactions: 999\n", 2, "9,999,999 states with 999 actions would take"),
        (
            "actions: 2\nstates: 9999\nobservations: 999999\nT: *\nidentity\nO: *\nuniform\n",
            6,
            "19,997,980,002 probabilities above 0 in the statements 'O:' would take",
        ),
        (
            "states: 200000\nactions: 2\nobservations: 2\nO: *\nuniform\nT: *\nuniform\n",
            6,
            "80,000,000,000 probabiliti",
        ),
        (
            "states: 200000\nactions: 2\nT: * : * : * 1e-5\n",
            3,
            "probabilities above 0 in the statements 'T:' would take",
        ),
        (
            "states: 9999\nactions: 9\nT: * : * : 0 1\n" + "T: * : * : 1 0.1\n" * 9 + "T: 0 uniform\n",
            13,
            "99,980,001 pro",
        ),
    ],
)
def test_what_does_not_fit_is_refused_before_memory_is_taken(text, line, sentence, read):
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=re.escape(sentence)) as error:
            read(text)
        assert tracemalloc.get_traced_memory()[1] < 100e6
    finally:
        tracemalloc.stop()
    assert re.search(rf"model.POMDP', line {line}: ", str(error.value))


def test_an_observation_is_read_and_held_without_its_zeros(read):
    n = 2000
    lines = [f"T: * : {s} : {(s + 1) % n} 1\nO: 0 : {s} : {s} 1\nO: 1 : {s} : {(2 * s) % n} 1\n" for s in range(n)]
    text = f"states: {n}\nactions: 2\nobservations: {n}\nstart: 0\n" + "".join(lines)
    tracemalloc.start()
    try:
        model = read(text)
        assert model.update(None, 1, 2).argmax() == 1
        assert not model.with_labels(actions=["a", "b"]).observation_rows.is_shared
        assert tracemalloc.get_traced_memory()[1] < 8 * n * n / 4  # a quarter of the array of one action
    finally:
        tracemalloc.stop()
    belief = np.eye(n)[:1]
    assert emp.empowerment(model, 2, beliefs=belief, sensor="observation").value == pytest.approx([1.0])


def test_the_limit_of_memory_can_be_raised(read):
    text = "states: 300\nactions: 2\nobservations: 2\nT: * uniform\nO: * uniform\n"
    with pytest.raises(
        ValueError, match=r"180,000 probabilities .* would take 18 MB, allowed are 10 MB; raise memory="
    ):
        read(text, memory=1e7)
    assert read(text, memory=2e7).mdp.rows.nnz == 180000
    with pytest.raises(ValueError, match="memory is 0, expected a number of bytes above 0"):
        read(text, memory=0)


def test_rewards_that_are_alike_are_not_rounded(read):
    text = "states: 3\nactions: 1\nobservations: 3\nT: * uniform\nO: * uniform\n"
    assert read(f"{text}R: * : * : * : * 0.1").rewards.tolist() == [[0.1]] * 3
    assert read(f"{text}R: * : *\n{'0.1 ' * 9}").rewards.tolist() == [[0.1]] * 3
    assert read(f"{text}R: * : * : * : * 1.7e308\nR: * : * : 0 : 0 1.6e308").rewards.max() < 1.7e308


def test_rewards_do_not_depend_on_how_many_are_looked_at_together(read_bytes, monkeypatch):
    rng = np.random.default_rng(5)
    for _ in range(40):
        data = random_file(rng, normalize=False).encode()
        try:
            known = interpreted(data)
        except RefusedError:
            continue
        for at_once in (1, 4, 2**20):
            monkeypatch.setattr("empowerment.adapters.pomdp_format.rewards._AT_ONCE", at_once)
            assert agrees(read_bytes(data), known)


# --- writing, to the last digit


@given(models())
def test_what_is_written_is_read_to_the_last_digit(tmp_path_factory, model):
    path = tmp_path_factory.mktemp("models") / "model.POMDP"
    emp.write_pomdp(model, path)
    same(model, emp.read_pomdp(path))


def test_numbers_have_digits_on_both_sides_of_a_point(tmp_path):
    model = emp.POMDP(np.ones((1, 1, 1)), [[1]], rewards=[[1e-7]], discount=1)
    emp.write_pomdp(model, tmp_path / "model.POMDP")
    numbers = re.findall(r"\S*\.\S*", (tmp_path / "model.POMDP").read_text())
    assert numbers == ["1.0", "1.0", "1.0", "1.0e-07"]


@for_each(
    ("labels", "sentence"),
    [
        (
            {"states": [(0, 0), (0, 1)]},
            r"state label (0, 0) cannot be written, expected a letter followed by letters",
        ),
        ({"actions": ["look around"]}, "action label 'look around' cannot be written"),
        ({"observations": ["x", "uniform"]}, "observation label 'uniform' cannot be written"),
        ({"observations": [1, 0]}, "POMDP.with_labels(observations=range(2)) numbers them"),
    ],
)
def test_labels_that_are_no_names_are_refused_and_nothing_is_written(labels, sentence, tmp_path):
    model = emp.POMDP(np.full((2, 1, 2), 0.5), np.eye(2), **labels)
    with pytest.raises(ValueError, match=re.escape(sentence)):
        emp.write_pomdp(model, tmp_path / "model.POMDP")
    assert list(tmp_path.iterdir()) == []


def test_missing_actions_are_refused(tmp_path):
    model = emp.POMDP(np.full((2, 2, 2), 0.5), np.eye(2), available=[[True, True], [True, False]])
    with pytest.raises(ValueError, match="action 1 is missing in state 1, expected every action in every state"):
        emp.write_pomdp(model, tmp_path / "model.POMDP")
    with pytest.raises(TypeError, match="model is a ndarray, expected a POMDP or an MDP"):
        emp.write_pomdp(model.observation, tmp_path / "model.POMDP")


def test_terminal_states_stay_where_they_are(written):
    maze = emp.worlds.tmaze().with_labels(states=range(10))
    found = written(maze)
    assert (found.mdp.to_dense() == maze.mdp.to_dense()).all()
    assert not found.is_terminal.any()


def test_an_old_file_survives_what_goes_wrong(tmp_path, monkeypatch):
    path = tmp_path / "model.POMDP"
    emp.write_pomdp(emp.worlds.tiger(), path)
    before = path.read_text()
    monkeypatch.setattr("empowerment.adapters.pomdp_format.writer._write_body", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        emp.write_pomdp(emp.worlds.tiger(accuracy=0.6), path)
    assert path.read_text() == before
    assert [file.name for file in tmp_path.iterdir()] == ["model.POMDP"]
