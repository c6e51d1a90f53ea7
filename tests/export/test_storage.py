import json
import math
import os
import pickle
import sys
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from helpers import for_each

import empowerment as emp
from empowerment.core.layout import GraphLayout, GridLayout
from empowerment.runtime.archive import write_sealed

ARRAYS = ("value", "lower", "upper", "status", "method", "state_numbers")
PLAIN = ("states", "actions", "horizon", "sensor", "output", "stopping", "backend", "base", "tol", "rtol", "layout")
NOT_SAVED = "is not a saved EmpowermentResult, or is damaged"


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


@for_each("which", ["noisy", "maze"])
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


@for_each(
    ("layout", "sentence"),
    [
        (GridLayout((2, 2), ((0, 0), (1, 1)), name=3), "a name that is no text"),
        (GridLayout((2, 2), ((0, 0.5), (1, 1))), "a cell that is not a pair of whole numbers"),
        (GridLayout((0, 2), ((0, 0), (1, 1))), r"the shape \(0, 2\) and 2 cells for state number 1"),
        (GridLayout((2, 2), ((0, 0),)), r"the shape \(2, 2\) and 1 cells for state number 1"),
        (GridLayout((2, 2), ((0, 0), (1, 1)), marks={(0, 0): 3}), "marks that are no text, or an origin"),
        (GridLayout((2, 2), ((0, 0), (1, 1)), origin="left"), "marks that are no text, or an origin that is neither"),
        (GridLayout((2, 2), ((0, 0), (1, 1)), axes=("x", 3)), "axes that are not two texts"),
        (GraphLayout(((0, -1),)), "an edge that is not a pair of state numbers"),
        (GraphLayout(((0, 1),), "", ((0.0, 1.0),)), "1 positions, expected a pair of numbers for each state"),
        (GraphLayout(((0, 1),), "", ((0.0, 1.0), (0.0, math.inf))), "2 positions, expected a pair of numbers"),
    ],
)
def test_a_layout_that_cannot_be_drawn_is_not_saved(layout, sentence, tmp_path):
    result = emp.empowerment(emp.MDP(np.eye(2)[:, None, :]))
    with pytest.raises(ValueError, match=f"layout has {sentence}"):
        replace(result, layout=layout).save(tmp_path / "result.npz")
    assert not os.listdir(tmp_path)


def test_numbers_that_contradict_each_other_are_not_saved(tmp_path):
    beliefs = emp.empowerment(emp.worlds.tiger(), 1, beliefs=np.eye(2))
    with pytest.raises(ValueError, match="beliefs has a row that is not a probability distribution"):
        replace(beliefs, beliefs=np.ones((2, 2))).save(tmp_path / "beliefs.npz")
    with pytest.raises(ValueError, match=r"value, lower, upper have shapes \(\), \(2,\), \(\)"):
        replace(emp.channel_capacity(np.eye(2)), lower=np.zeros(2)).save(tmp_path / "capacity.npz")
    assert not os.listdir(tmp_path)


def test_round_trip_of_a_layout_with_numbers_of_numpy(tmp_path):
    model = emp.MDP(np.eye(1)[:, None, :], layout=GridLayout((np.int64(1), 1), ((0, 0),)))
    emp.empowerment(model).save(tmp_path / "result.npz")
    assert emp.EmpowermentResult.load(tmp_path / "result.npz").layout.shape == (1, 1)


def test_round_trip_of_labels_of_every_kind(tmp_path):
    states = ["hall", 2, 0.5, None, ("a", (1, "b")), ()]
    model = emp.MDP(np.repeat(np.eye(6)[:, None, :], 2, axis=1), states=states, actions=[("go", 1), "stay"])
    result = emp.empowerment(model, 2)
    result.save(tmp_path / "result.npz")
    found = emp.EmpowermentResult.load(tmp_path / "result.npz")
    assert found.states == tuple(states)
    assert found.actions == (("go", 1), "stay")
    assert found.layout is None


ASKED = [
    {"horizon": 0},
    {"horizon": 2, "output": "trajectory"},
    {"horizon": 2, "feedback": True},
    {"stopping": True, "sensor": "state"},
    {"method": "sampled", "options": {"samples": 5}, "rng": 0},
    {"method": "interval", "horizon": 3},
    {"horizon": 2, "known_to": "receiver"},
    {"sensor": "belief"},
    {"backend": "reference", "base": 10.0},
    {"horizon": 3, "options": {"max_sequences": 3}},
]


def test_round_trip_of_every_kind_of_result(tmp_path):
    """What is checked when loading holds for whatever is computed."""
    missing = np.random.default_rng(1).random((3, 2)) > 0.4
    rows = np.where(missing[:, :, None], np.full((3, 2, 3), 1 / 3), 0)
    tiger, saved = emp.worlds.tiger(), 0
    for model in (emp.worlds.grid_world(["S.#", "..G"], slip=0.1), tiger, emp.MDP(rows, available=missing)):
        for options in ASKED:
            try:
                result = emp.empowerment(model, **{"horizon": 1, "on_failure": "ignore", **options})
            except (ValueError, TypeError, MemoryError):
                continue  # not every question can be asked of every model
            result.save(tmp_path / "result.npz")
            assert_same(emp.EmpowermentResult.load(tmp_path / "result.npz"), result)
            saved += 1
    assert saved >= 20


def test_round_trip_without_sequences(tmp_path):
    result = emp.empowerment(emp.worlds.open_grid(3), 2, output="trajectory")
    result.save(tmp_path / "result.npz")
    found = emp.EmpowermentResult.load(tmp_path / "result.npz")
    assert found.optimal is None
    with pytest.raises(ValueError, match="has no action sequences"):
        found.sequences((0, 0))


def test_round_trip_of_sequences_that_are_traced_when_asked_for(tmp_path):
    for stopping in (False, True):
        result = emp.empowerment(emp.worlds.open_grid(3), 2, stopping=stopping)
        result.save(tmp_path / "result.npz")
        loaded = emp.EmpowermentResult.load(tmp_path / "result.npz")
        assert loaded.sequences((0, 0)) == result.sequences((0, 0))
        assert len(loaded.sequences((1, 1))) == 9


def test_round_trip_of_a_state_without_sequences(tmp_path):
    model = emp.MDP(np.eye(2)[:, None, :], available=[[True], [False]])
    result = emp.empowerment(model, 2)
    result.save(tmp_path / "result.npz")
    found = emp.EmpowermentResult.load(tmp_path / "result.npz")
    assert found.status.tolist() == [emp.Status.CERTIFIED, emp.Status.NO_SEQUENCE]
    assert found.sequences(1) == []


@for_each(
    ("options", "sentence"),
    [
        ({"states": [frozenset({1}), "b"]}, r"states.0 holds frozenset\(\{1\}\), which cannot be saved"),
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


@for_each("content", [b"", b"not an archive", b"PK\x03\x04 cut short"])
def test_a_foreign_file(content, tmp_path):
    (tmp_path / "result.npz").write_bytes(content)
    with pytest.raises(ValueError, match=NOT_SAVED):
        emp.EmpowermentResult.load(tmp_path / "result.npz")


@for_each("kept", [0.3, 0.9])
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


@for_each("header", [None, "{", "[]", "{}", json.dumps({"format": "other"}), "[" * 100_000])
def test_an_archive_of_something_else(header, tmp_path):
    arrays = {"value": np.zeros(2)} if header is None else {"value": np.zeros(2), "header": np.array(header)}
    np.savez(tmp_path / "foreign.npz", **arrays)
    with pytest.raises(ValueError, match=NOT_SAVED):
        emp.EmpowermentResult.load(tmp_path / "foreign.npz")


def stored(path):
    """What is in a saved result: its header, and its arrays."""
    with np.load(path) as data:
        arrays = {name: data[name] for name in data.files if name not in ("header", "digest")}
        header = json.loads(data["header"].tobytes())
    return {name: header[name] for name in header if name != "arrays"}, arrays


@pytest.fixture
def saved(noisy, tmp_path):
    noisy.save(tmp_path / "result.npz")
    return tmp_path / "result.npz"


def test_the_format_of_another_version_is_named(saved):
    header, arrays = stored(saved)
    np.savez(saved, header=np.array(json.dumps(header | {"format": "empowerment-result-2"})), **arrays)
    with pytest.raises(ValueError, match=r"has the format 'empowerment-result-2', expected '.*-4': another version"):
        emp.EmpowermentResult.load(saved)
    write_sealed(saved, header | {"format": "empowerment-result-9"}, arrays, compressed=True)
    with pytest.raises(ValueError, match="result-9', expected"):
        emp.EmpowermentResult.load(saved)


def test_arrays_that_were_changed_are_named(saved):
    with np.load(saved) as data:
        whole = dict(data)
    changes = {
        "upper": {"upper": whole["lower"] - 1},
        "value": {"value": np.array(["a", "b", "c"])},
        "status": {"status": whole["status"] + 1},
        "beliefs": {"beliefs": np.eye(3)},
        "optimal.weights": {"optimal.weights": whole["optimal.weights"][::-1]},
    }
    for name, change in changes.items():
        np.savez(saved, **whole | change)
        with pytest.raises(
            ValueError, match=rf"result\.npz' {NOT_SAVED}: the array '{name}' is not the one that was"
        ):
            emp.EmpowermentResult.load(saved)
    for name in whole:
        np.savez(saved, **{other: whole[other] for other in whole if other != name})
        with pytest.raises(ValueError, match=rf"(the array|no array) '{name}'"):
            emp.EmpowermentResult.load(saved)
    header = bytearray(whole["header"].tobytes())
    header[10] ^= 1
    np.savez(saved, **whole | {"header": np.frombuffer(bytes(header), np.uint8)})
    with pytest.raises(ValueError, match="its header is not the one that was written"):
        emp.EmpowermentResult.load(saved)


BELIEFS = {"beliefs": {"array": "beliefs"}}
# Each is a change of the header or the arrays, and what is said of it although the digests fit.
NO_RESULTS = [
    ({"base": 0}, {}, "base is 0, expected a number above 1"),
    ({"base": "2"}, {}, "base is '2'"),
    ({"tol": math.nan}, {}, "tol is nan"),
    ({"rtol": -1}, {}, "rtol is -1"),
    ({"horizon": -1}, {}, "horizon is -1"),
    ({"horizon": 1.5}, {}, "horizon is 1.5"),
    ({"stopping": 1}, {}, "stopping is 1, expected true or false"),
    ({"backend": None}, {}, "backend is None, expected a name"),
    ({"states": [1]}, {}, "value has dtype float64 and shape (3,), expected numbers of shape (1)"),
    ({"states": []}, {}, "it has 0 states"),
    ({"states": [{"a": 1}, 2, 3]}, {}, "its header has {'a': 1}, which no field holds"),
    ({"states": 3}, {}, "what it holds cannot be read (object of type 'int' has no len())"),
    ({"layout": {"GridLayout": {"shape": [1, 1]}}}, {}, "its GridLayout lacks 'axes'"),
    ({"layout": {"Trap": {"path": "a"}}}, {}, "its header has {'Trap': {'path': 'a'}}, which no field holds"),
    ({"value": {"array": "lower"}}, {}, "it has no array 'lower'"),
    ({"colour": "red"}, {}, "its header has the unknown name 'colour'"),
    ({}, {"colour": np.eye(2)}, "its list of arrays has the unknown name 'colour'"),
    ({}, {"value": np.array(["a", "b", "c"])}, "value has dtype <U1"),
    ({}, {"value": np.zeros((3, 1))}, "value has dtype float64 and shape (3, 1)"),
    ({}, {"value": np.array([0, math.nan, 0])}, "value[1] is nan, expected finite numbers"),
    ({}, {"upper": np.array([math.inf, 3, 3])}, "upper[0] is inf, expected finite numbers"),
    ({}, {"upper": np.array([-1.0, 3, 3])}, "expected lower <= value <= upper"),
    ({}, {"lower": np.array([9.0, 0, 0])}, "expected lower <= value <= upper"),
    ({}, {"value": np.array([9.0, 0, 0])}, "expected lower <= value <= upper"),
    ({}, {"status": np.array([0, 0, 99])}, "status[2] is 99, expected one of 0, 1"),
    ({}, {"status": np.zeros(3)}, "status has dtype float64"),
    ({}, {"method": np.array(["magic"] * 3)}, "method[0] is 'magic', expected one of counting"),
    ({}, {"state_numbers": np.array([0, -1, 0])}, "state_numbers has -1"),
    ({}, {"optimal.offsets": np.array([0, 2, 1, 3])}, "offsets of sequences are not in order"),
    ({}, {"optimal.actions": np.array([[0, 7]])}, "actions of sequences has dtype int64 and shape (1, 2)"),
    (BELIEFS, {"beliefs": np.full((3, 2), 0.6)}, "beliefs has a row that is not a probability distribution"),
    (BELIEFS, {"beliefs": np.array(1.0)}, "beliefs has dtype float64 and shape ()"),
]


def test_what_no_result_can_hold_is_refused_although_its_digests_fit(saved):
    header, arrays = stored(saved)
    for edits, changed, sentence in NO_RESULTS:
        write_sealed(saved, header | {"fields": header["fields"] | edits}, arrays | changed, compressed=True)
        with pytest.raises(ValueError, match=NOT_SAVED) as refused:
            emp.EmpowermentResult.load(saved)
        assert sentence in str(refused.value), (edits, changed)


def test_sequences_that_cannot_be_are_refused(saved):
    header, arrays = stored(saved)
    actions, weights = arrays["optimal.actions"], arrays["optimal.weights"]
    backwards, far = actions.copy(), actions.copy()
    backwards[0], far[0] = (-1, 0), (0, 99)
    for name, array, sentence in [
        ("actions", backwards, "goes on after it stopped"),
        ("actions", far, r"has a number outside \[-1, 4\]"),
        ("weights", weights * 3, "are not probabilities"),
        ("weights", -weights, "are not probabilities"),
        ("weights", weights * math.nan, "are not probabilities"),
    ]:
        write_sealed(saved, header, arrays | {f"optimal.{name}": array}, compressed=True)
        with pytest.raises(ValueError, match=sentence):
            emp.EmpowermentResult.load(saved)


def test_a_result_that_could_not_be_loaded_is_not_saved(noisy, tmp_path):
    with pytest.raises(ValueError, match="expected lower <= value <= upper"):
        replace(noisy, upper=noisy.lower - 1).save(tmp_path / "result.npz")
    with pytest.raises(TypeError, match=r"the labels, options or layout cannot be saved: .*limit"):
        emp.empowerment(emp.MDP(np.eye(1)[:, None, :], states=[10**5000]), 1).save(tmp_path / "result.npz")
    with pytest.raises(ValueError, match=r"horizon is about 10\*\*5000"):
        replace(noisy, horizon=10**5000, optimal=None).save(tmp_path / "result.npz")
    assert os.listdir(tmp_path) == []


def test_labels_that_are_hard_to_write_survive(tmp_path):
    states = ["\ud800", "a\0b", "\u2028", 10**30, -0.5, True, math.inf, "[" * 1000]
    result = emp.empowerment(emp.MDP(np.repeat(np.eye(8)[:, None, :], 2, axis=1), states=states), 1)
    result.save(tmp_path / "result.npz")
    assert emp.EmpowermentResult.load(tmp_path / "result.npz").states == tuple(states)


# --- files that would take more than they are worth


def test_a_file_that_unpacks_to_more_than_allowed_is_refused_unopened(saved, monkeypatch):
    header, arrays = stored(saved)
    write_sealed(saved, header, arrays | {"beliefs": np.zeros((10**5, 100))}, compressed=True)
    assert saved.stat().st_size < 10**6
    monkeypatch.setattr("numpy.lib.format.read_array", lambda *_, **__: pytest.fail("it was unpacked"))
    with pytest.raises(MemoryError, match=r"result\.npz' unpacks to 0\.08 GB, allowed are 0\.01 GB; raise memory="):
        emp.EmpowermentResult.load(saved, memory=1e7)
    with pytest.raises(ValueError, match="memory is 0"):
        emp.EmpowermentResult.load(saved, memory=0)


def member(name, shape, content, dtype="<f8"):
    """An array file whose header may claim anything."""
    header = f"{{'descr': {dtype!r}, 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return name, b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + content


@for_each(
    ("members", "sentence"),
    [
        (
            [member("value.npy", (10**12,), b"")],
            r"an array of shape \(1000000000000,\) and dtype float64 does not take 0",
        ),
        ([member("value.npy", (-1, 10**30), b"")], "does not take 0 bytes"),
        ([member("value.npy", (0, 10**30), b"")], "the array 'value' cannot be read"),
        ([member("value.npy", (1,), b"", dtype="|O")], "holds Python objects, which are never loaded"),
        ([member("value.npy", "(" * 300 + ")" * 300, b"")], "the array 'value' cannot be read"),
        ([member("value.npy", "-" * 9000 + "1", b"")], "an array has a header that cannot be read|cannot be read"),
        ([member("value.npy", "(" + "9" * 5000 + ",)", b"")], "the array 'value' cannot be read"),
        ([member("value.npy", (1,), b"12345678"), member("value.npy", (1,), b"12345678")], "names that differ"),
        ([("readme.txt", b"hello")], "it holds 'readme.txt', expected arrays"),
        ([("value.npy", b"")], "the array 'value' cannot be read"),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
def test_archives_that_lie_about_their_arrays(members, sentence, tmp_path):
    with zipfile.ZipFile(tmp_path / "result.npz", "w") as archive:
        for name, content in members:
            archive.writestr(name, content)
    resource = pytest.importorskip("resource")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ValueError, match=sentence):
        emp.EmpowermentResult.load(tmp_path / "result.npz")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000


def test_archives_that_lie_about_their_sizes(saved):
    whole = saved.read_bytes()
    with zipfile.ZipFile(saved) as archive:
        first = archive.infolist()[0]
    at = whole.rindex(b"PK\x01\x02", 0, whole.index(first.filename.encode(), archive.start_dir)) + 24
    assert int.from_bytes(whole[at : at + 4], "little") == first.file_size
    saved.write_bytes(whole[:at] + (2**31).to_bytes(4, "little") + whole[at + 4 :])
    with pytest.raises(ValueError, match="claims to hold 2147483648 bytes in"):
        emp.EmpowermentResult.load(saved)
    with zipfile.ZipFile(saved, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("value.npy", bytes(10**6))
    with pytest.raises(ValueError, match="is compressed in a way that NumPy does not write"):
        emp.EmpowermentResult.load(saved)


@pytest.mark.skipif(os.name != "posix", reason="FIFOs and devices of POSIX")
def test_what_is_no_file_is_not_read(tmp_path):
    os.mkfifo(tmp_path / "result.npz")
    for path, kind in ((tmp_path / "result.npz", "a FIFO"), ("/dev/zero", "a device"), (tmp_path, "a directory")):
        with pytest.raises(OSError, match=f"cannot read '.*': it is {kind}"):
            emp.EmpowermentResult.load(path)


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
    assert data["method"].values.tolist() == ["enumeration"] * 3
    assert data.attrs["stopping"] == 0
    assert data.attrs["tol"] == 1e-7


@for_each(
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


@for_each(("name", "export"), [("pandas", "to_dataframe"), ("xarray", "to_xarray")])
def test_a_missing_package_is_named(name, export, noisy, monkeypatch):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=f'needs {name}; install it with pip install "{name}>='):
        getattr(noisy, export)()
