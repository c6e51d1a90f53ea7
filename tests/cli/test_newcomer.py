"""The command line as a newcomer meets it: tables, beliefs, environments, standard input, misspelt words."""

import io
import sys
import time
import warnings

import numpy as np
import pytest

import empowerment as emp
from empowerment.cli import main
from empowerment.core.version import __version__


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run(capsys, monkeypatch):
    """Run the command, with bytes on its standard input; return its exit code, stdout and stderr."""

    def run(*arguments, given=b""):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(given)))
        code = main([str(argument) for argument in arguments])
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def refused(run):
    """Assert that a command is refused in one line on stderr; return that line."""

    def refused(*arguments, given=b""):
        code, out, err = run(*arguments, given=given)
        assert (code, out, err.count("\n")) == (2, "", 1)
        return err

    return refused


def table_of(out):
    """Return the rows below the summary, each as its name and its number."""
    return [line.rsplit(None, 1) for line in out.partition("\n\n")[2].splitlines()]


# --- tables


def test_a_world_without_a_grid_is_a_table_from_the_largest_to_the_smallest(run):
    found = emp.empowerment(emp.worlds.tower_of_hanoi(), 3)
    _, out, _ = run("map", "tower_of_hanoi", "--horizon", 3)
    header, *rows = table_of(out)
    assert header == ["state", "bits"]
    assert rows.pop(10) == ["… 7 more; --all prints every", "state"]
    numbers = [float(number) for _, number in rows]
    assert numbers == sorted(numbers, reverse=True)
    assert np.allclose(numbers, np.sort(found.value)[::-1][[*range(10), *range(17, 27)]], atol=1e-6)
    assert {name for name, _ in rows} <= {str(state) for state in found.states}


def test_all_prints_every_state(run):
    found = emp.empowerment(emp.worlds.tower_of_hanoi(), 3)
    _, out, _ = run("map", "tower_of_hanoi", "--horizon", 3, "--all")
    rows = dict(table_of(out)[1:])
    assert {name: float(number) for name, number in rows.items()} == {
        str(state): pytest.approx(value, abs=1e-6) for state, value in zip(found.states, found.value, strict=True)
    }


def test_a_short_table_is_whole(run):
    _, out, _ = run("map", "ring", "--horizon", 1)
    assert len(table_of(out)) == 1 + 5
    assert "more" not in out.partition("\n\n")[2]


def test_a_missed_tolerance_shows_the_interval_in_the_place_of_the_value(run):
    np.save("world.npy", np.random.default_rng(0).dirichlet(np.full(4, 0.3), size=(4, 3)))
    _, out, _ = run("map", "world.npy", "--horizon", 6, "--method", "interval", "--max-sequences", 20)
    found = emp.empowerment(
        np.load("world.npy"), 6, method="interval", options={"max_sequences": 20}, on_failure="ignore"
    )
    assert not found.converged.any()
    for i in range(4):
        assert f"{i}      [{found.lower[i]:.6f}, {found.upper[i]:.6f}]" in out
    assert "raise --max-sequences and --memory, or shorten the horizon" in out
    assert "max_sequences" not in out


def test_a_search_that_was_ended_names_the_option_of_its_limit(run):
    np.save("world.npy", np.random.default_rng(0).dirichlet(np.full(8, 0.3), size=(8, 3)))
    _, out, _ = run("map", "world.npy", "--horizon", 4, "--feedback", "--method", "interval", "--max-nodes", 1)
    assert "raise --max-nodes or tol" in out


def test_limits_are_called_by_their_options(refused):
    np.save("world.npy", np.random.default_rng(0).dirichlet(np.full(4, 0.3), size=(4, 3)))
    sentence = refused("map", "world.npy", "--horizon", 3, "--memory", 1e-7, "--method", "enumeration")
    assert "GB of rows, allowed are 1e-07 GB" in sentence
    assert "raise --memory" in sentence
    assert "options=" not in sentence


def test_all_is_refused_where_nothing_is_left_out(refused):
    assert "--all does not apply to --json" in refused("map", "ring", "--horizon", 1, "--all", "--json")


# --- beliefs


def test_beliefs_are_numbers_names_or_uniform(run):
    tiger = emp.worlds.tiger()
    wanted = emp.empowerment(tiger, 2, beliefs=[[0.85, 0.15], [0.25, 0.75], [0.5, 0.5], [0.0, 1.0]])
    given = ("0.85,0.15", "tiger-right=0.75,tiger-left=0.25", "uniform", "tiger-right=1")
    code, out, err = run("map", "tiger", "--horizon", 2, *(word for text in given for word in ("--belief", text)))
    assert (code, err) == (0, "")
    rows = dict(table_of(out)[1:])
    assert list(rows)[-1] in ("tiger-left=0.5, tiger-right=0.5", "tiger-right=1")
    assert float(rows["tiger-left=0.85, tiger-right=0.15"]) == pytest.approx(wanted.value[0], abs=1e-6)
    assert float(rows["tiger-right=0.75, tiger-left=0.25"]) == pytest.approx(wanted.value[1], abs=1e-6)
    assert rows["tiger-right=1"] == f"{wanted.value[3]:.6f}"


def test_a_belief_in_a_world_that_is_seen(run):
    _, out, _ = run("map", "open_grid", "--horizon", 1, "--belief", "(0, 0)=0.5,(0, 1)=0.5")
    assert "(0, 0)=0.5, (0, 1)=0.5" in out
    world = emp.worlds.open_grid()
    belief = [0.5 * (state in ((0, 0), (0, 1))) for state in world.states]
    assert table_of(out)[1][1] == f"{emp.empowerment(world, 1, beliefs=belief).value[0]:.6f}"


@pytest.mark.parametrize(
    ("belief", "sentence"),
    [
        ("0.5", "--belief 0.5: found 1 of 2 numbers"),
        ("0.5,x", "--belief 0.5,x: 'x' is no number"),
        ("0.5,0.6", "beliefs[0] sums to 1.1, expected 1"),
        (
            "tiger-lft=1",
            "unknown state 'tiger-lft'; the 2 states are 'tiger-left', 'tiger-right'; did you mean 'tiger-left'?",
        ),
        ("tiger-left=1,", ""),
        ("tiger-left=0.5,0.5", "expected NAME=P, parted by commas, as in tiger-left=1"),
        ("tiger-left=", "expected NAME=P, parted by commas"),
    ],
)
def test_beliefs_that_are_none(belief, sentence, run):
    code, _, err = run("map", "tiger", "--horizon", 1, "--belief", belief)
    assert (code, sentence in err) == ((2, True) if sentence else (0, True))


# --- environments


def test_minigrid_is_found_and_explored(run):
    pytest.importorskip("minigrid")
    code, out, err = run("map", "gym:MiniGrid-Empty-5x5-v0", "--horizon", 2)
    assert (code, err) == (0, "")
    assert "34 states, 7 actions, deterministic" in out
    assert f"{np.log2(10):.6g} bits in ((2, 1), 'down', None, ())" in out
    assert len(table_of(out)) == 1 + 10 + 1 + 10


def test_environments_without_a_finite_model_are_refused_before_anything_is_explored(refused):
    pytest.importorskip("gymnasium")
    begun = time.monotonic()
    for name in ("CartPole-v1", "MountainCar-v0", "Pendulum-v1"):
        sentence = refused("map", f"gym:{name}", "--horizon", 1)
        assert f"{name} is observed by real numbers (a Box of shape (" in sentence
        assert "such as FrozenLake-v1" in sentence
    assert time.monotonic() - begun < 10
    assert "draws random numbers" in refused("map", "gym:Blackjack-v1", "--horizon", 1)


def test_a_missing_package_is_named_with_what_installs_it(refused, monkeypatch):
    monkeypatch.setitem(sys.modules, "minigrid", None)
    assert "needs minigrid; install it with pip install" in refused(
        "map", "gym:MiniGrid-Empty-5x5-v0", "--horizon", 1
    )
    monkeypatch.setitem(sys.modules, "gymnasium", None)
    assert "needs gymnasium; install it with pip install" in refused("map", "gym:FrozenLake-v1", "--horizon", 1)


def test_how_far_an_environment_is_explored(refused):
    pytest.importorskip("minigrid")
    sentence = refused("map", "gym:MiniGrid-Empty-5x5-v0", "--horizon", 1, "--max-states", 3)
    assert "at most --max-states 3 are allowed" in sentence
    assert "max_states" not in sentence
    assert "whose table is read" in refused("map", "gym:FrozenLake-v1", "--horizon", 1, "--max-states", 3)


# --- standard input


def bytes_of(array, save=np.save):
    buffer = io.BytesIO()
    save(buffer, array)
    return buffer.getvalue()


def test_worlds_of_every_form_come_from_standard_input(run):
    transition = np.stack([np.eye(2), np.eye(2)[::-1]], axis=1)
    emp.write_pomdp(emp.worlds.tiger(), "tiger.POMDP")
    with open("tiger.POMDP", "rb") as file:
        tiger = file.read()
    for given, shown in (
        (bytes_of(transition), "2 states, 2 actions, deterministic"),
        (bytes_of(transition, lambda file, array: np.savez(file, transition=array)), "2 states, 2 actions"),
        (b"..#\n...\n", "5 states, 5 actions, deterministic"),
        (tiger, "2 hidden states, 3 actions, 2 observations"),
    ):
        code, out, err = run("map", "-", "--horizon", 1, given=given)
        assert (code, err) == (0, "")
        assert out.startswith(f"world            standard input: {shown}")


def test_channels_of_every_form_come_from_standard_input(run):
    for given in (b"0.9,0.1\n0.1,0.9\n", bytes_of(np.array([[0.9, 0.1], [0.1, 0.9]]))):
        arguments = ("--no-header",) if given.startswith(b"0") else ()
        code, out, err = run("capacity", "-", *arguments, given=given)
        assert (code, err) == (0, "")
        assert "channel   standard input: 2 inputs, 2 outputs" in out
        assert "0.5310044064 bits" in out


def test_what_is_wrong_with_standard_input_names_it_and_no_file(refused):
    for command, given, sentence in (
        ("map", b"", "standard input: map has no cells"),
        ("map", b".?\n", "standard input: map has '?' in row 0, column 1"),
        ("map", b"states: 2\n", "standard input"),
        ("map", b"\x93NUMPY", "standard input is not a file with one array of numbers"),
        ("map", bytes_of(np.eye(2)), "standard input: "),
        ("capacity", bytes_of(2 * np.eye(2)), "standard input: channel[0] sums to 2"),
        ("capacity", b"", "standard input has no lines"),
    ):
        found = refused(command, "-", *(("--horizon", 1) if command == "map" else ()), given=given)
        assert sentence in found
        assert "tmp" not in found
    assert "--slip does not apply to the transition file standard input" in refused(
        "map", "-", "--horizon", 1, "--slip", 0.1, given=bytes_of(np.eye(2)[None])
    )


def test_warnings_are_sentences_without_a_line_of_code(run):
    rounded = b"discount: 1\nvalues: reward\nstates: 2\nactions: 1\nT: 0\n0.33333 0.66666\n0.5 0.5\n"
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        code, out, err = run("map", "-", "--horizon", 1, given=rounded)
    assert code == 0
    assert "2 states" in out
    assert err.startswith("empowerment: warning: standard input: 1 distributions missed the sum 1 by up to 1e-05")
    assert err.count("\n") == 1


# --- words


def test_version(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out == f"empowerment {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ("mapp",),
            "'mapp'; the known ones are 'map', 'capacity', 'compile', 'handoff', 'desire'; did you mean 'map'?",
        ),
        (
            ("handoff", "shw"),
            "unknown command 'shw'; the known ones are 'build', 'show', 'serve', 'calibrate'; did you mean 'show'?",
        ),
        (
            ("map", "ring", "--horzon", "3"),
            "unknown option '--horzon'; did you mean '--horizon'? (empowerment map -h shows",
        ),
        (("map", "ring", "-horizon=3"), "unknown option '-horizon'; did you mean '--horizon'?"),
        (("--versoin",), "unknown option '--versoin'; did you mean '--version'? (empowerment -h shows"),
        (("map", "klyubin", "--horizon", "3"), "and - for standard input; did you mean 'klyubin_maze'?"),
        (("map", "FrozenLake-v1", "--horizon", "3"), "did you mean 'gym:FrozenLake-v1'?"),
        (("map", "ring", "--horizon", "3", "--method", "countng"), "did you mean 'counting'?"),
        (("desire", "compare", "--agents", "desir"), "did you mean 'desire'?"),
        (("desire", "compare", "--set", "gan=2"), "did you mean 'gain'?"),
        (("handoff", "show", __file__, "--model", "smolm2", "--eta", "1"), "did you mean 'smollm2'?"),
        (
            ("handoff", "show", __file__, "--model", "lama-server:http://x", "--eta", "1"),
            "did you mean 'llama-server'?",
        ),
    ],
)
def test_misspelt_words_are_answered_with_the_nearest(arguments, sentence, refused):
    assert sentence in refused(*arguments)


def test_misspelt_environments_are_answered_with_the_nearest(refused):
    pytest.importorskip("minigrid")
    for wrong, right in (("FrozenLak-v1", "FrozenLake-v1"), ("MiniGrid-Emty-5x5-v0", "MiniGrid-Empty-5x5-v0")):
        assert f"did you mean '{right}'?" in refused("map", f"gym:{wrong}", "--horizon", 1)


@pytest.mark.parametrize(
    "words", [(), ("map",), ("capacity",), ("handoff",), ("handoff", "build"), ("desire", "shocks")]
)
def test_every_help_says_what_the_command_does(words, capsys):
    with pytest.raises(SystemExit, match="0"):
        main([*words, "-h"])
    out, err = capsys.readouterr()
    assert out.startswith(f"usage: {' '.join(('empowerment', *words))} [-h]")
    summary = out.split("\n\n")[1]
    assert summary.endswith(".")
    assert "]_" not in out
    assert err == ""
