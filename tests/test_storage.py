import json
import math
import os
import pickle
import sys

import numpy as np
import pytest

import empowerment as emp
from empowerment.files import written_whole
from empowerment.layout import GridLayout

ARRAYS = ("value", "lower", "upper", "status", "method", "state_numbers")
PLAIN = ("states", "actions", "horizon", "sensor", "output", "stopping", "backend", "base", "tol", "rtol", "layout")
NOT_SAVED = "is not a saved empowerment result, or is damaged"


@pytest.fixture(scope="module")
def noisy():
    world = emp.worlds.slip_grid()
    return emp.empowerment(world, 2, states=[(0, 0), (5, 5), (3, 2)], base=math.e, tol=1e-7)


@pytest.fixture(scope="module")
def maze():
    return emp.empowerment(emp.worlds.klyubin_maze(), 2)


class Trap:
    """Makes a directory when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


# --- save and load


def assert_same(found, wanted):
    for name in ARRAYS:
        assert np.array_equal(getattr(found, name), getattr(wanted, name)), name
        assert getattr(found, name).dtype == getattr(wanted, name).dtype, name
    for name in PLAIN:
        assert getattr(found, name) == getattr(wanted, name), name


@pytest.mark.parametrize("which", ["noisy", "maze"])
def test_round_trip(which, request, tmp_path):
    result = request.getfixturevalue(which)
    result.save(tmp_path / "result.npz")
    found = emp.EmpowermentResult.load(tmp_path / "result.npz")
    assert_same(found, result)
    state = result.states[-1]
    assert isinstance(found.states[0], tuple)
    assert found.sequences(state) == result.sequences(state)
    assert repr(found) == repr(result)
    assert os.listdir(tmp_path) == ["result.npz"]


def test_round_trip_keeps_walls_marks_and_origin(tmp_path):
    layout = GridLayout((2, 2), ((0, 0), (1, 1)), walls=(((0, 0), (0, 1)),), marks={(1, 1): "G"}, origin="lower")
    model = emp.MDP(np.eye(2)[:, None, :], layout=layout)
    emp.empowerment(model).save(tmp_path / "result.npz")
    assert emp.EmpowermentResult.load(tmp_path / "result.npz").layout == layout


def test_round_trip_of_labels_of_every_kind(tmp_path):
    states = ["hall", 2, 0.5, None, ("a", (1, "b")), ()]
    model = emp.MDP(np.repeat(np.eye(6)[:, None, :], 2, axis=1), states=states, actions=[("go", 1), "stay"])
    result = emp.empowerment(model, 2)
    result.save(tmp_path / "result.npz")
    found = emp.EmpowermentResult.load(tmp_path / "result.npz")
    assert found.states == tuple(states)
    assert found.actions == (("go", 1), "stay")
    assert found.layout is None


def test_round_trip_without_sequences(tmp_path):
    result = emp.empowerment(emp.worlds.open_grid(3), 2, keep_sequences=False)
    result.save(tmp_path / "result.npz")
    found = emp.EmpowermentResult.load(tmp_path / "result.npz")
    assert found.optimal is None
    with pytest.raises(ValueError, match="were not kept"):
        found.sequences((0, 0))


def test_round_trip_of_a_state_without_sequences(tmp_path):
    model = emp.MDP(np.eye(2)[:, None, :], available=[[True], [False]])
    result = emp.empowerment(model, 2)
    result.save(tmp_path / "result.npz")
    found = emp.EmpowermentResult.load(tmp_path / "result.npz")
    assert found.status.tolist() == [emp.Status.CERTIFIED, emp.Status.NO_SEQUENCE]
    assert found.sequences(1) == []


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"states": [frozenset({1}), "b"]}, r"the label frozenset\(\{1\}\) cannot be saved"),
        ({"layout": {"not": "a grid"}}, "a layout of type dict cannot be saved"),
    ],
)
def test_what_json_cannot_hold_is_refused(options, sentence, tmp_path):
    result = emp.empowerment(emp.MDP(np.eye(2)[:, None, :], **options))
    with pytest.raises(TypeError, match=sentence):
        result.save(tmp_path / "result.npz")
    assert os.listdir(tmp_path) == []


# --- files that are something else


def test_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        emp.EmpowermentResult.load(tmp_path / "absent.npz")


@pytest.mark.parametrize("content", [b"", b"not an archive", b"PK\x03\x04 cut short"])
def test_a_foreign_file(content, tmp_path):
    (tmp_path / "result.npz").write_bytes(content)
    with pytest.raises(ValueError, match=NOT_SAVED):
        emp.EmpowermentResult.load(tmp_path / "result.npz")


@pytest.mark.parametrize("kept", [0.3, 0.9])
def test_a_file_cut_short(maze, kept, tmp_path):
    path = tmp_path / "result.npz"
    maze.save(path)
    path.write_bytes(path.read_bytes()[: int(kept * path.stat().st_size)])
    with pytest.raises(ValueError, match=NOT_SAVED):
        emp.EmpowermentResult.load(path)


def test_a_damaged_file_is_refused_or_harmless(maze, tmp_path):
    path, rng = tmp_path / "result.npz", np.random.default_rng(0)
    maze.save(path)
    whole = np.frombuffer(path.read_bytes(), dtype=np.uint8)
    refused = 0
    for _ in range(60):
        damaged = whole.copy()
        damaged[rng.integers(damaged.size, size=3)] ^= rng.integers(1, 256, size=3).astype(np.uint8)
        path.write_bytes(damaged.tobytes())
        try:
            found = emp.EmpowermentResult.load(path)
        except ValueError as reason:
            assert NOT_SAVED in str(reason)  # noqa: PT017
            refused += 1
        else:
            assert_same(found, maze)  # only what the archive does not check was hit
    assert refused > 40


def test_a_plain_array(tmp_path):
    np.save(tmp_path / "array.npy", np.eye(2))
    with pytest.raises(ValueError, match=NOT_SAVED):
        emp.EmpowermentResult.load(tmp_path / "array.npy")


@pytest.mark.parametrize("header", [None, "{", "[]", "{}", json.dumps({"format": "empowerment-result-1"})])
def test_an_archive_of_something_else(header, tmp_path):
    arrays = {"value": np.zeros(2)} if header is None else {"value": np.zeros(2), "header": np.array(header)}
    np.savez(tmp_path / "foreign.npz", **arrays)
    with pytest.raises(ValueError, match=NOT_SAVED):
        emp.EmpowermentResult.load(tmp_path / "foreign.npz")


def test_a_pickle_in_disguise_is_never_loaded(tmp_path):
    path, trap = tmp_path / "result.npz", tmp_path / "sprung"
    path.write_bytes(pickle.dumps(Trap(trap)))
    with pytest.raises(ValueError, match=NOT_SAVED):
        emp.EmpowermentResult.load(path)
    assert not trap.exists()
    pickle.loads(path.read_bytes())
    assert trap.exists()  # the trap would have sprung


def test_an_object_array_inside_the_archive_is_never_loaded(maze, tmp_path):
    path, trap = tmp_path / "result.npz", tmp_path / "sprung"
    maze.save(path)
    with np.load(path) as data:
        arrays = dict(data)
    np.savez(path, **arrays | {"value": np.array([Trap(trap)], dtype=object)})
    with pytest.raises(ValueError, match=NOT_SAVED):
        emp.EmpowermentResult.load(path)
    assert not trap.exists()


# --- files that are whole or absent


def test_written_whole_replaces_a_file(tmp_path):
    path = tmp_path / "result.txt"
    path.write_text("old")
    with written_whole(path) as temporary:
        assert temporary.suffix == ".txt"
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert os.listdir(tmp_path) == ["result.txt"]


def broken_off(path, reason):
    with written_whole(path) as temporary:
        temporary.write_text("half")
        raise reason


@pytest.mark.parametrize("reason", [RuntimeError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("before", [None, "old"])
def test_written_whole_leaves_nothing_behind(reason, before, tmp_path):
    path = tmp_path / "result.txt"
    if before:
        path.write_text(before)
    with pytest.raises(reason):
        broken_off(path, reason)
    assert os.listdir(tmp_path) == (["result.txt"] if before else [])
    assert not before or path.read_text() == before


def test_written_whole_names_a_missing_directory(tmp_path):
    path = tmp_path / "absent" / "result.txt"
    with (
        pytest.raises(OSError, match=r"^cannot write '.*result\.txt': No such file or directory$"),
        written_whole(path),
    ):
        raise AssertionError("there is nowhere to write")


def test_written_whole_refuses_a_directory(tmp_path):
    (tmp_path / "taken").mkdir()
    with (
        pytest.raises(OSError, match=r"cannot write '.*taken': it is a directory"),
        written_whole(tmp_path / "taken"),
    ):
        pass
    assert os.listdir(tmp_path) == ["taken"]


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_written_whole_gives_the_usual_permissions(tmp_path):
    before = os.umask(0o027)
    try:
        with written_whole(tmp_path / "result.txt"):
            pass
    finally:
        os.umask(before)
    assert (tmp_path / "result.txt").stat().st_mode & 0o777 == 0o640


# --- tables of other libraries


def test_dataframe(noisy):
    pytest.importorskip("pandas")
    frame = noisy.to_dataframe()
    assert frame.index.name == "state"
    assert frame.index.tolist() == list(noisy.states)
    assert frame.columns.tolist() == ["value", "lower", "upper", "gap", "converged", "status", "method"]
    assert np.array_equal(frame["value"], noisy.value)
    assert np.array_equal(frame["gap"], noisy.upper - noisy.lower)
    assert frame["converged"].all()
    assert frame.attrs["unit"] == "nats"
    assert frame.attrs["horizon"] == 2


def test_xarray(noisy):
    pytest.importorskip("xarray")
    data = noisy.to_xarray()
    assert data.sizes == {"state": 3}
    assert data.state.values.tolist() == ["(0, 0)", "(5, 5)", "(3, 2)"]
    assert data.row.values.tolist() == [0, 5, 3]
    assert data.column.values.tolist() == [0, 5, 2]
    assert np.array_equal(data["upper"], noisy.upper)
    assert data["lower"].attrs == {"units": "nats"}
    assert data["method"].values.tolist() == ["column-generation"] * 3
    assert data.attrs["stopping"] == 0
    assert data.attrs["tol"] == 1e-7


@pytest.mark.parametrize(
    ("labels", "wanted"),
    [
        (None, [0, 1, 2]),
        (["a", "b", "c"], ["a", "b", "c"]),
        (["a", 1, 0.5], ["a", "1", "0.5"]),
        ([("a", 1), None, "c"], ["('a', 1)", "None", "c"]),
    ],
)
def test_xarray_writes_netcdf_for_labels_of_every_kind(labels, wanted, tmp_path):
    xarray = pytest.importorskip("xarray")
    pytest.importorskip("netCDF4")
    result = emp.empowerment(emp.MDP(np.eye(3)[:, None, :], states=labels, layout={"opaque": True}))
    result.to_xarray().to_netcdf(tmp_path / "result.nc")
    with xarray.open_dataset(tmp_path / "result.nc") as data:
        assert data.state.values.tolist() == wanted


def test_netcdf_round_trip(noisy, tmp_path):
    xarray = pytest.importorskip("xarray")
    pytest.importorskip("netCDF4")
    noisy.to_xarray().to_netcdf(tmp_path / "result.nc")
    with xarray.open_dataset(tmp_path / "result.nc") as data:
        assert np.array_equal(data["value"], noisy.value)
        assert data["converged"].dtype == bool
        assert data["status"].values.tolist() == noisy.status.tolist()
        assert data["gap"].attrs["units"] == "nats"
        assert (data.attrs["unit"], data.attrs["horizon"], data.attrs["sensor"]) == ("nats", 2, "state")


@pytest.mark.parametrize(("name", "export"), [("pandas", "to_dataframe"), ("xarray", "to_xarray")])
def test_a_missing_package_is_named(name, export, noisy, monkeypatch):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=rf'needs {name}; install it with pip install "empowerment\[xarray\]"'):
        getattr(noisy, export)()
