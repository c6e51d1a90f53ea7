import itertools
import re
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import empowerment as emp

DATA = Path(__file__).parent / "data"
TWO = "discount: 0.9\nvalues: reward\nstates: a b\nactions: go\nobservations: x y\n"
BODY = "T: *\nidentity\nO: *\nuniform\n"


@pytest.fixture
def read(tmp_path):
    def read(text):
        path = tmp_path / "model.POMDP"
        path.write_text(text, encoding="utf-8")
        return emp.read_pomdp(path)

    return read


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


@pytest.mark.parametrize("name", ["tiger", "cheese", "4x3"])
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


@pytest.mark.parametrize(
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


@pytest.mark.parametrize(
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


@pytest.mark.parametrize(
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
]


@pytest.mark.parametrize(("text", "line", "sentence"), REFUSED)
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


@pytest.mark.parametrize(
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
