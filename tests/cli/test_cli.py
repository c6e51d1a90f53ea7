import csv
import importlib.util
import json
import math
import os
import pickle
import select
import shlex
import signal
import subprocess
import sys
import time
from functools import partial

import numpy as np
import pytest
from helpers import for_each
from pomdpx_files import pomdpx_of
from scipy import sparse

import empowerment as emp
from empowerment.cli import main

SWITCH = np.array([[0.9, 0.1], [0.1, 0.9]])
ENTROPY_OF_01 = -0.1 * math.log2(0.1) - 0.9 * math.log2(0.9)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Run in an empty directory, so that a test can tell what was written."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(capsys):
    """Run the command and return its exit code, stdout and stderr."""

    def run(*arguments):
        code = main([str(argument) for argument in arguments])
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def refused(run, here):
    """Assert that a command is refused in one sentence and that nothing is written; return the sentence."""

    def refused(*arguments):
        before = sorted(os.listdir(here))
        code, out, err = run(*arguments)
        assert (code, out) == (2, "")
        assert err.startswith("empowerment: ")
        assert err.count("\n") == 1
        assert err.endswith("\n")
        assert sorted(os.listdir(here)) == before
        return err[len("empowerment: ") : -1]

    return refused


def two_rooms():
    """Return the transition of two rooms with the actions "stay" and "swap"."""
    return np.stack([np.eye(2), np.eye(2)[::-1]], axis=1)


class Trap:
    """Makes a directory when it is unpickled."""

    def __reduce__(self):
        return os.mkdir, ("sprung",)


# --- map


def test_map_summary(run, here):
    code, out, err = run("map", "klyubin_maze", "--horizon", 5)
    assert (code, err) == (0, "")
    head, _, drawing = out.partition("\n\n")
    assert dict(line.split("  ", 1) for line in head.splitlines()).keys() == {
        *("world", "horizon", "min", "mean", "max", "widest interval", "method")
    }
    assert "klyubin_maze: 100 states, 5 actions, deterministic" in head
    assert "5, sensing the state at the end" in head
    assert "3.45943 bits in (0, 0), (1, 0)\n" in head
    assert "4.78341 bits" in head
    assert "5.52356 bits in (5, 5)\n" in head
    rows = drawing.splitlines()
    assert rows[0].split() == ["9", "4.39", "4.70", "4.75", "4.81", "4.86", "4.95", "4.86", "4.81", "4.70", "4.39"]
    assert rows[-1].split() == [str(column) for column in range(10)]
    assert os.listdir(here) == []


def test_map_in_characters_has_walls_and_blocked_cells(run):
    _, out, _ = run("map", "klyubin_maze", "--horizon", 1)
    drawing = out.partition("\n\n")[2]
    assert (drawing.count("----"), drawing.count("|")) == (15, 7)
    _, out, _ = run("map", "slip_grid", "--horizon", 1)
    assert out.count("####") == 12


def test_a_wide_grid_is_a_table_unless_all_of_it_is_asked_for(run, here):
    (here / "wide.txt").write_text("." * 30)
    code, out, _ = run("map", "wide.txt", "--horizon", 1)
    assert code == 0
    assert "1.58496 bits in (0, 1), (0, 2), (0, 3) and 25 more" in out
    table = out.partition("\n\n")[2].splitlines()
    assert table[0].split() == ["state", "bits"]
    assert table[1].split("  ") == ["(0, 1)", " 1.584963"]
    assert table[11] == "… 10 more; --all prints every state"
    assert [line.split()[-1] for line in table[-2:]] == ["1.000000", "1.000000"]
    assert len(table) == 22
    _, out, _ = run("map", "wide.txt", "--horizon", 1, "--all")
    assert out.partition("\n\n")[2].splitlines()[0].split() == ["0", "1.00", *["1.58"] * 28, "1.00"]


def test_map_json_holds_everything(run):
    code, out, err = run(
        *("map", "slip_grid", "--horizon", 2, "--slip", 0.2, "--slip-mode", "perpendicular", "--base", "e"),
        *("--backend", "reference", "--tol", 1e-6, "--json"),
    )
    assert (code, err) == (0, "")
    found = json.loads(out)
    wanted = emp.empowerment(
        emp.worlds.slip_grid(0.2, "perpendicular"), 2, base=math.e, backend="reference", tol=1e-6
    )
    for name in ("value", "lower", "upper", "gap", "converged"):
        assert [state[name] for state in found["states"]] == getattr(wanted, name).tolist()
    assert [tuple(state["state"]) for state in found["states"]] == list(wanted.states)
    assert {state["status"] for state in found["states"]} <= {"CERTIFIED", "RESTARTED"}
    assert found["states"][0]["sentence"].startswith("certified")
    for name in ("horizon", "sensor", "output", "methods", "backend", "base", "unit", "tol", "rtol"):
        assert found[name] == getattr(wanted, name)
    assert (found["world"], found["n_states"], found["n_actions"]) == ("slip_grid", 88, 5)
    assert (found["deterministic"], found["converged"]) == (False, True)
    assert found["max"] == wanted.value.max()
    assert found["widest_interval"] == wanted.gap.max()
    assert found["layout"] == json.loads(json.dumps(wanted.layout.to_dict()))


def test_map_of_trajectories(run):
    _, out, _ = run("map", "open_grid", "--horizon", 2, "--output", "trajectory", "--json")
    assert json.loads(out)["output"] == "trajectory"
    _, out, _ = run("map", "open_grid", "--horizon", 2, "--output", "trajectory")
    assert "sensing the state after every step" in out


def test_map_says_where_nothing_can_be_done(run):
    np.savez("world.npz", transition=two_rooms(), available=np.array([[True, True], [False, False]]))
    code, out, _ = run("map", "world.npz", "--horizon", 1)
    assert code == 0
    assert "1 state: no action sequence of this length is available" in out


HIDDEN = {name for name in emp.worlds.WORLDS if isinstance(emp.worlds.make(name), emp.POMDP)}


@for_each("name", sorted(HIDDEN))
def test_worlds_with_hidden_states_are_entered_with_their_first_belief(name, run):
    code, out, err = run("map", name, "--horizon", 2, "--sensor", "state")
    assert (code, err) == (0, "")
    assert f"{name}: {emp.worlds.make(name).n_states} hidden states" in out
    assert "in the first belief" in out


def test_a_file_of_hidden_states(run):
    emp.write_pomdp(emp.worlds.tiger(), "tiger.POMDP")
    code, out, _ = run("map", "tiger.POMDP", "--horizon", 3, "--output", "trajectory", "--json")
    assert code == 0
    record = json.loads(out)
    assert record["states"][0]["value"] == pytest.approx(0.1101376, abs=1e-7)
    assert (record["sensor"], record["n_observations"]) == ("observation", 2)
    assert run("map", "tiger.POMDP", "--horizon", 1, "--sensor", "place")[0] == 2
    code, out, _ = run("map", "tiger.POMDP", "--horizon", 3, "--sensor", "state", "--feedback")
    assert code == 0
    assert "max              0.0902639 bits" in out


def test_a_file_whose_rows_are_rescaled_on_demand(run):
    text = "states: 2\nactions: 2\nT: 0\n0.999 0\n0 0.999\nT: 1\n0 1\n1 0\n"
    with open("weights.POMDP", "w", encoding="utf-8") as file:
        file.write(text)
    code, _, err = run("map", "weights.POMDP", "--horizon", 1)
    assert code == 2
    assert "line 3: after this line 'T: 0 : 0' sums to 0.999, expected 1; pass --normalize to rescale" in err
    code, out, _ = run("map", "weights.POMDP", "--horizon", 1, "--normalize")
    assert code == 0
    assert "weights.POMDP: 2 states" in out


def test_a_pomdpx_file_of_an_mdp(run):
    with open("ring.pomdpx", "w", encoding="utf-8") as file:
        file.write(pomdpx_of(emp.MDP(emp.worlds.ring().to_dense(), rewards=np.zeros((5, 3)))))
    code, out, _ = run("map", "ring.pomdpx", "--horizon", 1, "--json")
    assert (code, json.loads(out)["n_states"]) == (0, 5)


def test_a_file_whose_model_does_not_fit(run):
    with open("large.POMDP", "w", encoding="utf-8") as file:
        file.write("states: 300\nactions: 1\nT: *\nuniform\n")
    code, _, err = run("map", "large.POMDP", "--horizon", 1, "--memory", 0.001)
    assert code == 2
    assert (
        "line 3: 90,000 probabilities above 0 in the statements 'T:' would take 9 MB, allowed are 1 MB; raise --mem"
        in err
    )
    assert run("map", "large.POMDP", "--horizon", 1, "--memory", 0.01)[0] == 0


@for_each("name", sorted(set(emp.worlds.WORLDS) - HIDDEN), first=5)
def test_every_bundled_world_can_be_mapped(name, run):
    code, out, err = run("map", name, "--horizon", 1, "--tol", 1e-6)
    assert (code, err) == (0, "")
    assert f"{name}: {emp.worlds.make(name).n_states} states" in out


@for_each(("how", "value"), [("absorbing", 0.0), ("as-given", math.log2(3))])
def test_gymnasium_with_either_kind_of_terminal_state(how, value, run):
    pytest.importorskip("gymnasium")
    code, out, _ = run("map", "gym:CliffWalking-v1", "--horizon", 1, "--terminal", how, "--json")
    assert code == 0
    assert json.loads(out)["states"][47]["value"] == pytest.approx(value)


def test_a_drawing(run, here):
    (here / "maze.txt").write_text("S.#\n..G\n\n")
    code, out, _ = run("map", "maze.txt", "--horizon", 2, "--slip", 0.1, "--json")
    assert code == 0
    wanted = emp.empowerment(emp.worlds.grid_world(["S.#", "..G"], slip=0.1), 2)
    assert [state["value"] for state in json.loads(out)["states"]] == wanted.value.tolist()


def test_transition_files_of_every_form(run):
    world = emp.worlds.slip_grid()
    np.save("t.npy", world.to_dense())
    np.savez("t.npz", transition=world.to_dense())
    sparse.save_npz("s.npz", sparse.csr_array(world.rows))
    sparse.save_npz("m.npz", sparse.csr_matrix(world.rows))
    wanted = emp.empowerment(world, 1).value
    for name in ("t.npy", "t.npz", "s.npz", "m.npz"):
        code, out, _ = run("map", name, "--horizon", 1, "--json")
        assert code == 0
        assert [state["value"] for state in json.loads(out)["states"]] == pytest.approx(wanted, abs=1e-8)


@for_each("terminal", [[False, True], [1]])
def test_terminal_states_in_a_transition_file(terminal, run):
    np.savez("world.npz", transition=two_rooms(), terminal=np.array(terminal))
    _, out, _ = run("map", "world.npz", "--horizon", 1, "--json")
    assert [state["value"] for state in json.loads(out)["states"]] == [1.0, 0.0]


def test_normalize_rescales_a_transition_file(run, refused):
    np.save("world.npy", two_rooms() * 2)
    assert "sums to 2, expected 1; pass --normalize to rescale" in refused("map", "world.npy", "--horizon", 1)
    code, out, _ = run("map", "world.npy", "--horizon", 1, "--normalize", "--json")
    assert (code, json.loads(out)["max"]) == (0, 1.0)


# --- map: what is written


def test_every_ending_is_written(run, here):
    for package in ("matplotlib", "xarray", "netCDF4", "pandas"):
        pytest.importorskip(package)
    names = ["m.png", "m.svg", "m.pdf", "m.csv", "m.nc", "m.npz"]
    code, out, err = run("map", "klyubin_maze", "--horizon", 2, *(x for name in names for x in ("--save", name)))
    assert (code, err) == (0, "")
    assert sorted(os.listdir(here)) == sorted(names)
    assert out.splitlines()[-6:] == [f"wrote {name}" for name in names]
    assert (here / "m.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert "<svg" in (here / "m.svg").read_text()
    assert (here / "m.pdf").read_bytes()[:5] == b"%PDF-"
    wanted = emp.empowerment(emp.worlds.klyubin_maze(), 2)
    loaded = emp.EmpowermentResult.load("m.npz")
    assert np.array_equal(loaded.value, wanted.value)
    assert loaded.sequences((0, 0)) == wanted.sequences((0, 0))
    import xarray

    with xarray.open_dataset("m.nc") as data:
        assert np.array_equal(data["value"], wanted.value)
    with open("m.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["value"]) for row in rows] == wanted.value.tolist()
    assert [(int(row["row"]), int(row["column"])) for row in rows] == list(wanted.states)
    assert {(row["converged"], row["status"], row["unit"]) for row in rows} == {("True", "CERTIFIED", "bits")}


def test_json_is_all_that_is_printed(run):
    code, out, _ = run("map", "tower_of_hanoi", "--horizon", 1, "--json", "--save", "hanoi.csv")
    assert code == 0
    assert json.loads(out)["layout"] is None
    with open("hanoi.csv", newline="", encoding="utf-8") as file:
        assert next(csv.reader(file))[:2] == ["state", "value"]


def test_a_long_run_is_told_of_before_it_begins(run, monkeypatch):
    monkeypatch.setattr("empowerment.measures.execution._LONG", 0.0)
    code, _, err = run("map", "slip_grid", "--horizon", 2, "--output", "trajectory", "--quiet")
    assert code == 0
    assert err.startswith("empowerment: trajectories of 2 actions from 88 states need about 20 rows, ")


def test_a_picture_needs_no_pyplot(run, monkeypatch):
    pytest.importorskip("matplotlib")
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    assert run("map", "tower_of_hanoi", "--horizon", 1, "--save", "hanoi.png")[0] == 0


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("map.gif", "unknown ending of a file to save '.gif'; the known ones are '.png', '.svg', '.pdf', '.csv', "),
        ("map", "unknown ending of a file to save ''; the known ones are '.png'"),
        ("absent/map.png", "cannot write 'absent/map.png': No such file or directory"),
        ("taken.csv", "cannot write 'taken.csv': it is a directory"),
    ],
)
def test_a_file_that_cannot_be_written_is_refused_before_any_work(path, sentence, refused, here, monkeypatch):
    (here / "taken.csv").mkdir()
    monkeypatch.setattr("empowerment.cli.inputs.read_world", lambda *_, **__: pytest.fail("work was done"))
    assert sentence in refused("map", "klyubin_maze", "--horizon", 5, "--save", "fine.csv", "--save", path)


@for_each(
    ("name", "package", "wanted"),
    [
        ("m.png", "matplotlib", "matplotlib>=3.8"),
        ("m.nc", "netCDF4", "netCDF4>=1.6.5"),
        ("m.nc", "xarray", "xarray>=2024.1"),
    ],
)
def test_a_missing_extra_is_named_before_any_work(name, package, wanted, refused, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda asked, *rest: find(asked) if asked != package else None)
    found = refused("map", "klyubin_maze", "--horizon", 1, "--save", name)
    assert found == f"writing '{name}' needs {package}; install it with pip install \"{wanted}\""


def test_a_result_is_printed_even_if_it_cannot_be_written(run, here, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("empowerment.cli.saving._write_table", full)
    code, out, err = run("map", "klyubin_maze", "--horizon", 1, "--save", "map.csv")
    assert code == 2
    assert "2.32193 bits" in out
    assert "No space left on device" in err
    assert os.listdir(here) == []


FULL = """
import os, resource, signal, sys
import matplotlib, netCDF4, pandas, xarray
from empowerment.cli import main

# The limit holds for every file: so nothing is to be compiled after it is set.
sys.dont_write_bytecode = True
main(["map", "klyubin_maze", "--horizon", "1", "--json", "--save", "warm.npz"])
os.unlink("warm.npz")
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (300, resource.RLIM_INFINITY))
for name in sys.argv[1:]:
    print(main(["map", "klyubin_maze", "--horizon", "1", "--json", "--save", name]))
"""


@pytest.mark.skipif(os.name != "posix", reason="limits of POSIX")
def test_a_disk_that_fills_up_is_told_for_every_ending(here):
    for package in ("matplotlib", "xarray", "netCDF4", "pandas"):
        pytest.importorskip(package)
    names = ["m.png", "m.svg", "m.pdf", "m.csv", "m.nc", "m.npz"]
    for name in names:
        (here / name).write_text("old")
    done = subprocess.run([sys.executable, "-c", FULL, *names], capture_output=True, text=True, check=True)
    told = done.stderr.splitlines()
    assert [line.split(": ")[1] for line in told] == [f"cannot write {name!r}" for name in names]
    assert [line for line in done.stdout.splitlines() if line.isdigit()] == ["2"] * 6
    assert {path.name: path.read_text() for path in here.iterdir()} == dict.fromkeys(names, "old")


@pytest.mark.skipif(os.name != "posix", reason="files of POSIX")
def test_what_is_saved_keeps_its_mode_and_spares_what_is_no_file(run, refused, here):
    (here / "map.csv").write_text("old")
    (here / "map.csv").chmod(0o600)
    (here / "link.csv").symlink_to("map.csv")
    assert run("map", "klyubin_maze", "--horizon", 1, "--save", "link.csv")[0] == 0
    assert (here / "link.csv").is_symlink()
    assert (here / "map.csv").stat().st_mode & 0o777 == 0o600
    assert (here / "map.csv").read_text().startswith("state,row,column")
    os.mkfifo(here / "pipe.csv")
    sentence = refused("map", "klyubin_maze", "--horizon", 1, "--save", "pipe.csv")
    assert sentence == "cannot write 'pipe.csv': it is a FIFO"


# --- map: bad input


@for_each(
    ("arguments", "sentence"),
    [
        (("atlantis",), "unknown world 'atlantis'; the known ones are 'aliased_corridor', 'box_pushing'"),
        (("gym:Nowhere-v7",), "gymnasium cannot make an environment 'Nowhere-v7'"),
        (("gym:CartPole-v1",), "has no table of transitions"),
        (("absent.txt",), "cannot read 'absent.txt': No such file or directory"),
        (("absent.npy",), "cannot read 'absent.npy': No such file or directory"),
        (("absent.npz",), "cannot read 'absent.npz': No such file or directory"),
        (("klyubin_maze", "--horizon", "-1"), "horizon is -1, expected a number of steps of at least 0"),
        (("klyubin_maze", "--horizon", "1.5"), "argument --horizon: invalid int value: '1.5'"),
        (("klyubin_maze", "--tol", "0"), "tol is 0.0, expected a finite width"),
        (("klyubin_maze", "--tol", "nan"), "tol is nan, expected a finite width"),
        (("klyubin_maze", "--base", "3"), "argument --base: '3' is unknown, expected one of 2, e, 10"),
        (("klyubin_maze", "--memory", "0"), "argument --memory: '0' is no amount"),
        (("klyubin_maze", "--memory", "nan"), "argument --memory: 'nan' is no amount"),
        (("klyubin_maze", "--method", "magic"), "unknown method 'magic'; the known ones are 'auto', 'counting'"),
        (("klyubin_maze", "--backend", "abacus"), "unknown backend 'abacus'; the known ones are"),
        (("klyubin_maze", "--output", "all"), "unknown output 'all'; the known ones are 'final', 'trajectory'"),
        (("klyubin_maze", "--slip", "2"), "slip is 2.0, expected a probability"),
        (("slip_grid", "--slip-mode", "up"), "unknown slip_mode 'up'; the known ones are 'other'"),
        (("slip_grid", "--method", "counting"), "--method counting needs a deterministic world"),
        (("slip_grid", "--method", "enumeration", "--memory", "1e-9"), "GB of rows, allowed are 1e-09 GB"),
        (("klyubin_maze", "--speed", "9"), "unknown option '--speed'"),
        (("klyubin_maze", "--horiz", "9"), "unknown option '--horiz'; did you mean '--horizon'?"),
        ((), "the following arguments are required: WORLD"),
        # Options that do not apply are refused, never ignored.
        (("tower_of_hanoi", "--slip", "0.1"), "--slip does not apply to the world 'tower_of_hanoi'"),
        (("box_pushing", "--slip-mode", "stay"), "--slip-mode does not apply to the world 'box_pushing'"),
        (("gym:FrozenLake-v1", "--slip", "0.1"), "--slip does not apply to the Gymnasium environment"),
        (("gym:FrozenLake-v1", "--normalize"), "--normalize does not apply to the Gymnasium environment"),
        (("gym:FrozenLake-v1", "--terminal", "odd"), "unknown terminal 'odd'; the known ones are 'absorbing'"),
        (("klyubin_maze", "--terminal", "absorbing"), "--terminal does not apply to the world 'klyubin_maze'"),
        (("klyubin_maze", "--normalize"), "--normalize does not apply to the world 'klyubin_maze'"),
        (("klyubin_maze", "--slip-mode", "stay"), "does not apply to the world 'klyubin_maze' without --slip"),
        (("any.npy", "--slip", "0.1"), "--slip does not apply to the transition file 'any.npy'"),
        (("any.npz", "--terminal", "absorbing"), "--terminal does not apply to the transition file 'any.npz'"),
        (("any.txt", "--terminal", "absorbing"), "--terminal does not apply to the drawing 'any.txt'"),
        (("any.txt", "--slip-mode", "stay"), "--slip-mode does not apply to the drawing 'any.txt' without --slip"),
    ],
)
def test_bad_input_of_map(arguments, sentence, refused):
    if any(str(x).startswith("gym:") for x in arguments):
        pytest.importorskip("gymnasium")
    horizon = () if "--horizon" in arguments else ("--horizon", 1)
    assert sentence in refused("map", *horizon, *arguments)


@for_each("suffix", [".npy", ".npz"])
@for_each("content", [b"", b"not an array", b"\x93NUMPY\x01\x00", b"PK\x03\x04"])
def test_a_damaged_transition_file(suffix, content, refused, here):
    (here / f"world{suffix}").write_bytes(content)
    assert "(it is damaged, or holds Python objects, which are never loaded)" in refused(
        "map", f"world{suffix}", "--horizon", 1
    )


@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_pickles_and_object_arrays_are_never_loaded(suffix, refused, here):
    path = here / f"world{suffix}"
    path.write_bytes(pickle.dumps(Trap()))
    assert "Python objects, which are never loaded" in refused("map", path, "--horizon", 1)
    objects = np.array([Trap()], dtype=object)
    np.save(path, objects) if suffix == ".npy" else np.savez(path, transition=objects)
    assert "Python objects, which are never loaded" in refused("map", path, "--horizon", 1)
    assert os.listdir(here) == [path.name]


@for_each(
    ("array", "sentence"),
    [
        (np.eye(2), "transition has shape (2, 2), expected 3 axes: (state, action, next_state)"),
        (np.moveaxis(two_rooms(), 0, 1)[:1], "transition has shape (1, 2, 2), expected (state, action, next_state)"),
        (two_rooms() * 0.5, "transition[0, 0] (state 0, action 0) sums to 0.5, expected 1"),
        (-two_rooms(), "has the entry -1, expected finite probabilities"),
        (two_rooms() * np.nan, "has the entry nan, expected finite probabilities"),
        (np.full((2, 2, 2), "a"), "transition has dtype <U1, expected real numbers"),
        (np.zeros((0, 2, 0)), "expected at least one entry"),
    ],
)
def test_an_array_that_is_no_transition(array, sentence, refused):
    np.save("world.npy", array)
    assert sentence in refused("map", "world.npy", "--horizon", 1)


def test_an_archive_that_holds_no_transition(refused):
    np.savez("a.npz", transitions=two_rooms())
    assert "has the arrays 'transitions'; expected 'transition' and" in refused("map", "a.npz", "--horizon", 1)
    np.savez("b.npz", transition=two_rooms(), reward=np.zeros(2))
    assert "has the arrays 'transition', 'reward'; expected" in refused("map", "b.npz", "--horizon", 1)
    np.savez("c.npz", transition=two_rooms(), available=np.ones((2, 2)))
    assert "available has shape (2, 2) and dtype float64" in refused("map", "c.npz", "--horizon", 1)
    np.savez("d.npz", transition=two_rooms(), terminal=np.array([5]))
    assert "unknown state 5" in refused("map", "d.npz", "--horizon", 1)


def test_an_archive_that_unpacks_to_too_much_is_refused_unopened(refused):
    np.savez_compressed("big.npz", transition=np.zeros((100, 10, 10**4)))
    sentence = "'big.npz' unpacks to 0.08 GB, allowed are 0.05 GB; raise --memory"
    assert refused("map", "big.npz", "--horizon", 1, "--memory", 0.05) == sentence
    assert "transition has shape (100, 10, 10000)" in refused("map", "big.npz", "--horizon", 1)


def test_every_error_about_a_file_names_it(refused, here):
    np.save("a.npy", two_rooms()[0])
    np.savez("a.npz", transition=-two_rooms())
    (here / "a.txt").write_text("..\n.?\n")
    (here / "deep.txt").write_text("\0" * 10)
    np.save("c.npy", np.full((2, 2), np.nan))
    (here / "cut.npy").write_bytes((here / "a.npy").read_bytes()[:-1])
    for name in ("a.npy", "a.npz", "a.txt", "deep.txt", "cut.npy"):
        assert f"'{name}'" in refused("map", name, "--horizon", 1)
    assert "'c.npy': channel[0] has the entry nan" in refused("capacity", "c.npy")


@pytest.mark.skipif(os.name != "posix", reason="FIFOs of POSIX")
def test_an_array_in_what_is_no_file_is_not_waited_for(refused, here):
    for name in ("a.npy", "a.npz"):
        os.mkfifo(here / name)
        assert refused("map", name, "--horizon", 1) == f"cannot read '{name}': it is a FIFO"


def test_a_sparse_matrix_that_is_no_transition(refused):
    sparse.save_npz("csc.npz", sparse.csc_array(np.eye(2)))
    assert "holds a sparse matrix of another format, expected CSR" in refused("map", "csc.npz", "--horizon", 1)
    sparse.save_npz("odd.npz", sparse.csr_array(np.ones((3, 2)) / 2))
    assert "transition is sparse of shape (3, 2), expected (n_states * n_actions, n_states)" in refused(
        "map", "odd.npz", "--horizon", 1
    )
    # Indices out of range must not be followed into foreign memory.
    np.savez(
        "wild.npz",
        format=np.array(b"csr"),
        shape=np.array([2, 2]),
        data=np.ones(2),
        indices=np.array([0, 10**6]),
        indptr=np.array([0, 1, 2]),
    )
    assert "'wild.npz' is not a whole CSR matrix" in refused("map", "wild.npz", "--horizon", 1)


def test_a_drawing_that_is_none(refused, here):
    (here / "a.txt").write_text("..\n.?\n")
    assert "map has '?' in row 1, column 1" in refused("map", "a.txt", "--horizon", 1)
    (here / "b.txt").write_bytes(b"\xff\xfe\x00")
    assert "'b.txt' is not a text file in UTF-8" in refused("map", "b.txt", "--horizon", 1)
    (here / "c.txt").write_text("")
    assert "map has no cells" in refused("map", "c.txt", "--horizon", 1)


def test_a_missed_tolerance_is_told_and_the_result_printed(run, here, monkeypatch):
    def hasty(channel, **options):
        return emp.channel_capacity(channel, **options | {"max_iter": 1})

    monkeypatch.setattr("empowerment.measures.open_loop_solver.is_short", lambda *_: False)
    monkeypatch.setattr("empowerment.measures.open_loop_solver.channel_capacity", hasty)
    arguments = ("map", "slip_grid", "--horizon", 2, "--save", "map.csv", "--method", "enumeration")
    code, out, err = run(*arguments, "--json")
    found = json.loads(out)
    missed = [state for state in found["states"] if not state["converged"]]
    assert (code, found["converged"]) == (1, False)
    assert {state["status"] for state in missed} == {"MAX_ITER"}
    assert err.startswith(f"empowerment: {len(missed)} of 88 intervals are wider than wanted (1.00e-09 bits)")
    assert err.count("\n") == 1
    assert os.listdir(here) == ["map.csv"]
    code, out, _ = run(*arguments)
    assert code == 1
    assert f"{len(missed)} states: the iteration limit came first" in out


# --- capacity


@pytest.fixture
def switch():
    np.save("switch.npy", SWITCH)
    np.savetxt("switch.csv", SWITCH, delimiter=",")


@for_each("name", ["switch.npy", "switch.csv"])
def test_capacity(name, switch, run):
    code, out, err = run("capacity", name)
    assert (code, err) == (0, "")
    assert f"{name}: 2 inputs, 2 outputs" in out
    assert "0.5310044064 bits" in out
    assert "working-set on numba" in out
    assert "certified: the interval is no wider than the tolerance" in out
    assert out.splitlines()[-1].split() == ["inputs", "0.500000", "0.500000"]


def test_capacity_json(switch, run):
    code, out, _ = run(
        *("capacity", "switch.csv", "--base", "e", "--method", "blahut-arimoto"),
        *("--backend", "reference", "--tol", 1e-6, "--json"),
    )
    assert code == 0
    found = json.loads(out)
    assert found["lower"] <= (1 - ENTROPY_OF_01) * math.log(2) <= found["upper"]
    assert found["gap"] == found["upper"] - found["lower"] <= 1e-6
    assert (found["unit"], found["method"], found["backend"]) == ("nats", "blahut-arimoto", "reference")
    assert (found["status"], found["converged"]) == ("CERTIFIED", True)
    assert found["input_distribution"] == pytest.approx([0.5, 0.5])
    assert found["output_distribution"] == pytest.approx([0.5, 0.5])


def test_capacity_of_a_wide_channel_names_the_likeliest_inputs(run):
    np.save("id.npy", np.eye(30))
    _, out, _ = run("capacity", "id.npy")
    assert "4.906890596 bits" in out
    assert "(the 20 likeliest of 30; --json has all)" in out


def test_capacity_rescales_only_when_asked(run, refused):
    np.savetxt("counts.csv", 10 * SWITCH, delimiter=",")
    sentence = "'counts.csv': channel[0] sums to 10, expected 1; pass --normalize to rescale"
    assert refused("capacity", "counts.csv") == sentence
    code, out, _ = run("capacity", "counts.csv", "--normalize")
    assert code == 0
    assert "0.5310044064 bits" in out


def test_capacity_with_a_missed_tolerance(run, monkeypatch):
    monkeypatch.setattr("empowerment.cli.commands.channel_capacity", partial(emp.channel_capacity, max_iter=1))
    np.save("hard.npy", np.random.default_rng(0).dirichlet(np.ones(20), size=20))
    code, out, err = run("capacity", "hard.npy", "--json")
    found = json.loads(out)
    assert (code, found["converged"], found["status"]) == (1, False, "MAX_ITER")
    assert found["lower"] <= found["value"] <= found["upper"]
    assert err == f"empowerment: the interval is {found['gap']:.2e} bits wide, wanted 1.00e-09: {found['sentence']}\n"


@for_each(
    ("name", "content", "sentence"),
    [
        ("absent.csv", None, "cannot read 'absent.csv': No such file or directory"),
        ("a.npz", b"1", "'a.npz' ends in '.npz'; the known endings of a channel are .csv, .tsv, .txt, .dat and .npy"),
        ("a.csv", b"", "'a.csv' has no lines with numbers"),
        ("a.csv", b"0.5,0.5\nx,y\n", "line 2 of 'a.csv' is 'x,y', expected numbers parted by commas"),
        ("a.csv", b"0.5;0.5\n", "line 1 of 'a.csv' is '0.5;0.5', which may be a row of the channel or a header"),
        ("a.csv", b"0.5,0.5\n1\n", "line 1 of 'a.csv' is '0.5,0.5', 2 cells parted by commas, expected 1 as in"),
        ("a.csv", b"nan,1\n", "line 1 of 'a.csv' is 'nan,1', neither only names nor only numbers"),
        ("a.csv", b"\xff\x00", "'a.csv' is not a text file in UTF-8"),
        ("a.npy", b"\x80\x04N.", "is not a file with one array of numbers"),
    ],
)
def test_bad_input_of_capacity(name, content, sentence, refused, here):
    if content is not None:
        (here / name).write_bytes(content)
    assert sentence in refused("capacity", name)


def test_a_pickle_is_no_channel(refused, here):
    (here / "a.npy").write_bytes(pickle.dumps(Trap()))
    assert "Python objects, which are never loaded" in refused("capacity", "a.npy")
    assert os.listdir(here) == ["a.npy"]


def test_an_archive_is_no_channel(refused, here):
    np.savez("a.npz", SWITCH)
    (here / "a.npz").rename("a.npy")
    assert "is not a file with one array of numbers" in refused("capacity", "a.npy")


@for_each("option", ["--method", "--backend"])
def test_unknown_names_are_listed(option, switch, refused):
    assert f"unknown {option[2:]} 'magic'; the known ones are" in refused("capacity", "switch.npy", option, "magic")


# --- the command itself


def test_help_lists_worlds_and_examples(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["map", "-h"])
    out = capsys.readouterr().out
    assert all(f"  {name}  " in out for name in emp.worlds.WORLDS)
    assert "empowerment map klyubin_maze --horizon 5 --save maze.png" in out
    assert "exit codes" in out


@for_each("arguments", [(), ("dance",), ("map",), ("capacity",)])
def test_bad_usage(arguments, refused):
    assert "-h shows the usage" in refused(*arguments)


def test_an_interruption_gives_130_and_leaves_nothing(run, here, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("empowerment.cli.saving._write_table", interrupted)
    code, _, err = run("map", "klyubin_maze", "--horizon", 1, "--save", "map.csv")
    assert (code, err) == (130, "empowerment: interrupted\n")
    assert os.listdir(here) == []


def test_a_bar_is_shown_on_a_terminal_only_and_not_if_quiet(run, monkeypatch):
    pytest.importorskip("tqdm")
    arguments = ("map", "klyubin_maze", "--horizon", 1)
    assert run(*arguments)[2] == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    assert "100%" in run(*arguments)[2]
    assert run(*arguments, "--quiet")[2] == ""
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "tqdm" else find(name))
    assert run(*arguments)[2] == ""


def test_the_module_runs_as_a_program(here):
    done = subprocess.run(
        [
            sys.executable,
            "-Werror",
            "-m",
            "empowerment",
            "map",
            "klyubin_maze",
            "--horizon",
            "5",
            "--save",
            "maze.csv",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "5.52356 bits in (5, 5)" in done.stdout
    assert done.stderr == ""
    assert os.listdir(here) == ["maze.csv"]


def test_a_reader_that_goes_away_is_no_accident():
    if os.name != "posix":
        pytest.skip("pipes of POSIX")
    command = f"{shlex.quote(sys.executable)} -m empowerment map box_pushing --horizon 1 --json | head -c 10"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ('{"world": ', "")


@pytest.mark.skipif(os.name != "posix", reason="terminals and signals of POSIX")
def test_ctrl_c_during_a_long_run(here):
    """Wait for the bar on a terminal, which shows that the work has begun, then interrupt it."""
    pytest.importorskip("tqdm")
    import termios

    terminal, stderr = os.openpty()
    termios.tcsetwinsize(stderr, (24, 80))  # no bar fits into the width of 0 that it starts with
    command = ["map", "slip_grid", "--horizon", "8", "--save", "map.csv"]
    # A child of a process that ignores the signal, as background jobs do, would ignore it too.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        child = subprocess.Popen(
            [sys.executable, "-m", "empowerment", *command], stdout=subprocess.PIPE, stderr=stderr
        )
    finally:
        signal.signal(signal.SIGINT, before)
        os.close(stderr)
    try:
        seen = read_terminal(terminal, until=b"0/88")
        child.send_signal(signal.SIGINT)
        out, _ = child.communicate(timeout=60)
        seen += read_terminal(terminal)
    finally:
        child.kill()
        child.communicate()
        os.close(terminal)
    assert b"0/88" in seen
    assert child.returncode == 130
    assert out == b""
    assert b"Traceback" not in seen
    assert seen.endswith(b"\r\nempowerment: interrupted\r\n")
    assert os.listdir(here) == []


def read_terminal(terminal, until=None):
    """Read what a child writes until it wrote `until`, or ended."""
    seen, deadline = b"", time.monotonic() + 120
    while (until is None or until not in seen) and time.monotonic() < deadline:
        if select.select([terminal], [], [], 1)[0]:
            try:
                part = os.read(terminal, 4096)
            except OSError:  # how Linux reports that nobody writes any more
                part = b""
            if not part:
                break
            seen += part
    return seen
