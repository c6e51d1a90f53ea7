import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from helpers import for_each

import empowerment
from empowerment.runtime import checkpoint
from empowerment.runtime.checkpoint import Checkpoint
from empowerment.runtime.digests import fingerprint
from empowerment.runtime.files import written_whole

QUESTION = {"horizon": 5, "tol": 1e-9, "method": "enumeration", "shape": (2, 3)}
FINGERPRINTS = {"model": "a1", "states": "b2"}
ARRAYS = {"value": np.array([1.5, np.nan, -0.0]), "status": np.arange(3), "actions": np.zeros((0, 5), dtype=np.int32)}


def opened(path, question=QUESTION, fingerprints=FINGERPRINTS, remembered=None):
    return Checkpoint.open(path, question, fingerprints, remembered)


def content(folder):
    """What is in a directory, byte by byte."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def edited(folder, **changes):
    manifest = folder / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | changes))


@pytest.fixture
def folder(tmp_path):
    """The directory of a checkpoint with one chunk."""
    opened(tmp_path / "run").store(3, ARRAYS)
    return tmp_path / "run"


# --- chunks


def test_chunks_are_read_as_they_were_stored(tmp_path):
    there = opened(tmp_path / "run")
    assert there.indices() == []
    for index in (12, 0, 1_234_567):
        there.store(index, ARRAYS | {"index": np.array(index)})
    assert "chunk-000012.npz" in os.listdir(tmp_path / "run")
    again = opened(tmp_path / "run")
    assert again.indices() == [0, 12, 1_234_567]
    for index in again.indices():
        found = again.read(index)
        assert found["index"] == index
        for name, array in ARRAYS.items():
            assert found[name].tobytes() == array.tobytes()
            assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape)


def test_a_chunk_stored_again_replaces_its_equal(folder):
    opened(folder).store(3, ARRAYS)
    assert sorted(os.listdir(folder)) == ["chunk-000003.npz", "manifest.json"]


def test_objects_are_not_stored(folder):
    with pytest.raises(TypeError, match="chunk 4 has Python objects in the array 'labels', expected numbers or text"):
        opened(folder).store(4, {"labels": np.array([("a", 1), None], dtype=object)})
    assert opened(folder).indices() == [3]


def test_pickles_are_not_read(folder):
    np.savez(folder / "chunk-000004.npz", labels=np.array([None], dtype=object))
    with pytest.raises(ValueError, match=r"chunk-000004\.npz' is damaged"):
        opened(folder).read(4)


@pytest.mark.parametrize("damage", [lambda b: b"", lambda b: b[: len(b) // 2], lambda b: b[:90] + b"?" + b[91:]])
def test_a_damaged_chunk_is_named(damage, folder):
    there = opened(folder)
    there.store(4, ARRAYS)
    path = folder / "chunk-000003.npz"
    path.write_bytes(damage(path.read_bytes()))
    before = content(folder)
    with pytest.raises(ValueError, match=r"run/chunk-000003\.npz' is damaged, or is not .*; delete it, and"):
        there.read(3)
    assert content(folder) == before
    assert there.read(4).keys() == ARRAYS.keys()
    path.unlink()
    assert opened(folder).indices() == [4]


def test_other_files_are_no_chunks(folder):
    for name in ("chunk-3.npz", "chunk-000003.npz.bak", "notes.txt", ".chunk-000009-ab12cd_3.npz"):
        (folder / name).write_text("mine")
    assert opened(folder).indices() == [3]
    assert (folder / "notes.txt").read_text() == "mine"


# --- runs that are killed

STORING = """
import sys
import numpy as np
from empowerment.runtime.checkpoint import Checkpoint

there = Checkpoint.open(sys.argv[1], {"horizon": 5}, {})
first = len(there.indices())
print("open", flush=True)
for index in range(first, first + 10_000):
    there.store(index, {"value": np.full(300_000, index), "index": np.array(index)})
"""


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_killed_run_leaves_whole_chunks(tmp_path):
    folder, moment = tmp_path / "run", random.Random(0)
    for _ in range(5):
        child = subprocess.Popen([sys.executable, "-c", STORING, str(folder)], stdout=subprocess.PIPE, text=True)
        with child:
            assert child.stdout.readline() == "open\n"
            time.sleep(0.05 + 0.1 * moment.random())
            child.send_signal(signal.SIGKILL)
    there = Checkpoint.open(folder, {"horizon": 5}, {})
    assert there.indices() == list(range(len(there.indices())))
    assert there.indices()
    for index in there.indices():
        found = there.read(index)
        assert found["index"] == index
        assert (found["value"] == index).all()
        assert found["value"].shape == (300_000,)


@for_each("name", [".manifest-0a_b1c2d.json", ".chunk-000004-x8z1q_ab.npz"])
def test_what_a_killed_run_left_is_removed_once_it_is_old(name, folder):
    (folder / name).write_bytes(b"half")
    opened(folder)
    assert (folder / name).exists()  # it may be what another run is writing at this moment
    old = time.time() - 2 * checkpoint._ABANDONED
    os.utime(folder / name, (old, old))
    opened(folder)
    assert sorted(os.listdir(folder)) == ["chunk-000003.npz", "manifest.json"]


def test_a_run_killed_before_its_manifest_was_written(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".manifest-0a_b1c2d.json").write_bytes(b"{")
    assert opened(tmp_path / "run").indices() == []


def test_the_names_of_temporary_files_are_recognised(tmp_path):
    for name in ("manifest.json", "chunk-000004.npz", "chunk-1234567.npz"):
        with written_whole(tmp_path / name) as temporary:
            assert checkpoint._TEMPORARY.fullmatch(temporary.name)
        assert not checkpoint._TEMPORARY.fullmatch(name)


# --- the question


@for_each(
    ("changes", "sentence"),
    [
        ({"question": QUESTION | {"horizon": 6}}, r"differs in horizon \(5 there, 6 now\); pass another path, or"),
        ({"question": QUESTION | {"method": "counting"}}, r'method \("enumeration" there, "counting" now\);'),
        ({"question": QUESTION | {"shape": (3, 2)}}, r"shape \(\[2, 3\] there, \[3, 2\] now\);"),
        ({"question": QUESTION | {"sensor": None}}, r"differs in sensor \(nothing there, null now\);"),
        ({"question": {"horizon": 5, "tol": 1e-9, "method": "enumeration"}}, r"shape \(\[2, 3\] there, nothing now"),
        ({"fingerprints": FINGERPRINTS | {"model": "c3"}}, "differs in the model;"),
        ({"fingerprints": {"model": "a1", "sensor": "b2"}}, "differs in the states, the sensor;"),
        (
            {"question": QUESTION | {"horizon": 6, "tol": 1e-6}, "fingerprints": {"model": "c3", "states": "b2"}},
            r"horizon \(5 there, 6 now\), tol \(1e-09 there, 1e-06 now\), the model;",
        ),
        ({"remembered": {"seed": 3}}, r"seed \(nothing there, chosen by the first run now\);"),
    ],
)
def test_another_question_is_refused(changes, sentence, folder):
    before = content(folder)
    with pytest.raises(ValueError, match=f"run' belongs to another question, which .*{sentence}"):
        opened(folder, **changes)
    assert content(folder) == before


def test_the_same_question_is_not_refused(folder):
    same = {"shape": [2, 3], **dict(reversed(QUESTION.items()))}
    assert opened(str(folder), same, dict(reversed(FINGERPRINTS.items()))).indices() == [3]


def test_numbers_that_are_no_numbers_equal_themselves(tmp_path):
    question = {"memory": float("inf"), "cost": float("nan"), "tol": 0.1 + 0.2}
    opened(tmp_path / "run", question)
    opened(tmp_path / "run", question)


def test_another_version_is_refused(folder, monkeypatch):
    monkeypatch.setattr(checkpoint, "__version__", "9.9")
    sentence = rf"differs in version of the library \({empowerment.__version__} there, 9\.9 now\);"
    with pytest.raises(ValueError, match=sentence):
        opened(folder)


def test_another_format_is_refused(folder):
    edited(folder, format="empowerment-checkpoint-1", question=[])
    before = content(folder)
    with pytest.raises(ValueError, match=r"manifest\.json' has the format 'empowerment-checkpoint-1', expected"):
        opened(folder)
    assert content(folder) == before


@for_each(
    "text",
    ["", "{", "[]", "3", "{}", '{"format": "empowerment-checkpoint-2"}', "\udcff", "[" * 10**5, "9" * 5000, "\0"],
)
def test_a_damaged_manifest_is_refused(text, folder):
    (folder / "manifest.json").write_bytes(text.encode(errors="surrogateescape"))
    before = content(folder)
    with pytest.raises(ValueError, match=r"manifest\.json' is not the manifest of a checkpoint, or is damaged"):
        opened(folder)
    assert content(folder) == before


def test_a_manifest_that_was_changed_is_refused(tmp_path):
    opened(tmp_path / "run", remembered={"seed": 7})
    for changes in (
        {"remembered": {"seed": 8}},
        {"digest": "0" * 64},
        {"question": QUESTION | {"horizon": 6}},
        {"more": 1},
    ):
        before = content(tmp_path / "run")
        edited(tmp_path / "run", **changes)
        with pytest.raises(ValueError, match=r"manifest\.json' is not the manifest of a checkpoint, or is damaged"):
            opened(tmp_path / "run", remembered={"seed": 7})
        (tmp_path / "run" / "manifest.json").write_bytes(before["manifest.json"])


# --- chunks that are not what their names say


def changed(path, **arrays):
    """Change arrays of a chunk, or take them away where None is given, and leave its digests."""
    with np.load(path) as data:
        kept = dict(data) | arrays
    np.savez(path, **{name: array for name, array in kept.items() if array is not None})


def test_chunks_that_are_not_what_their_names_say(folder):
    there = opened(folder)
    there.store(4, ARRAYS)
    other = opened(folder.parent / "other", fingerprints=FINGERPRINTS | {"model": "c3"})
    other.store(3, ARRAYS)
    first, second = folder / "chunk-000003.npz", folder / "chunk-000004.npz"
    whole = first.read_bytes()
    value = ARRAYS["value"]
    for damage, sentence in [
        (lambda: shutil.copy(other.folder / first.name, first), "it is of another run"),
        (lambda: shutil.copy(second, first), "it was stored as chunk 4"),
        (lambda: changed(first, value=None), "the array 'value' is missing"),
        (lambda: changed(first, value=value + 1), "the array 'value' is not the one that was written"),
        (lambda: changed(first, value=np.array([1.5, np.nan, 0.0])), "the array 'value' is not the one"),
        (lambda: changed(first, value=value[:2]), "the array 'value' is not the one that was written"),
        (lambda: changed(first, more=value), "the array 'more' is not the one that was written"),
        (lambda: changed(first, status=ARRAYS["status"].astype(float)), "the array 'status' is not the one"),
        (lambda: changed(first, digest=None), "it has no array 'digest'"),
        (lambda: changed(first, header=np.zeros(9, np.uint8)), "its header is not the one that was written"),
        (lambda: np.savez(first, **ARRAYS), "it has no array 'header'"),
        (lambda: np.savez_compressed(first, value=np.zeros(10**6)), "unpacks to"),
    ]:
        damage()
        before = content(folder)
        with pytest.raises(ValueError, match=r"run/chunk-000003\.npz' is damaged, or is not the chunk") as refused:
            opened(folder).read(3)
        assert sentence in str(refused.value)
        assert "delete it, and the chunk is done again" in str(refused.value)
        assert content(folder) == before
        first.write_bytes(whole)
    assert opened(folder).read(3).keys() == ARRAYS.keys()


def test_a_chunk_number_that_the_question_does_not_have(folder):
    assert opened(folder).indices(4) == [3]
    with pytest.raises(
        ValueError, match=r"run/chunk-000003\.npz' is not of this checkpoint, .* numbers 0 to 2; delete"
    ):
        opened(folder).indices(3)
    for name in ("chunk-0000003.npz", "chunk-00003.npz", "chunk-00000٣.npz"):
        shutil.copy(folder / "chunk-000003.npz", folder / name)  # no number is written like that
    assert opened(folder).indices() == [3]


@pytest.mark.skipif(os.name != "posix", reason="FIFOs of POSIX")
def test_a_chunk_or_a_manifest_that_is_no_file(folder):
    os.mkfifo(folder / "chunk-000004.npz")
    with pytest.raises(OSError, match=r"cannot read '.*chunk-000004\.npz': it is a FIFO"):
        opened(folder).read(4)
    with pytest.raises(OSError, match=r"cannot write '.*chunk-000004\.npz': it is a FIFO"):
        opened(folder).store(4, ARRAYS)
    (folder / "manifest.json").unlink()
    os.mkfifo(folder / "manifest.json")
    with pytest.raises(OSError, match=r"cannot read '.*manifest\.json': it is a FIFO"):
        opened(folder)


def test_a_chunk_of_another_world_is_not_believed(tmp_path, monkeypatch):
    """Of a maze that slips less; its chunk gave an interval that excludes the truth."""
    monkeypatch.setattr("empowerment.measures.open_loop_solver._CHUNK_SEQUENCES", 1)  # one state in each
    options = {"horizon": 1, "states": list(empowerment.worlds.klyubin_maze().states)[:6]}
    worlds = {name: empowerment.worlds.klyubin_maze(slip=slip) for name, slip in {"a": 0.2, "b": 0.4}.items()}
    wanted = {
        name: empowerment.empowerment(world, checkpoint=tmp_path / name, **options) for name, world in worlds.items()
    }
    assert not (wanted["a"].lower <= wanted["b"].value).all()
    chunk = tmp_path / "a" / "chunk-000003.npz"
    shutil.copy(tmp_path / "b" / chunk.name, chunk)
    with pytest.raises(ValueError, match=r"a/chunk-000003\.npz' .* it is of another run; delete it"):
        empowerment.empowerment(worlds["a"], checkpoint=tmp_path / "a", **options)
    chunk.unlink()
    again = empowerment.empowerment(worlds["a"], checkpoint=tmp_path / "a", **options)
    assert again.value.tolist() == wanted["a"].value.tolist()
    shutil.copy(tmp_path / "a" / "chunk-000000.npz", tmp_path / "a" / "chunk-000009.npz")
    with pytest.raises(ValueError, match=r"a/chunk-000009\.npz' is not of this checkpoint"):
        empowerment.empowerment(worlds["a"], checkpoint=tmp_path / "a", **options)


TOGETHER = """
import sys
import empowerment as emp

maze = emp.worlds.klyubin_maze(slip=0.2)
result = emp.empowerment(maze, 1, states=list(maze.states)[:40], checkpoint=sys.argv[1])
print(repr(result.value.tolist()))
"""


def test_two_runs_share_a_checkpoint(tmp_path):
    command = [sys.executable, "-c", TOGETHER, str(tmp_path / "run")]
    runs = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    found = [run.communicate()[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0]
    assert found[0] == found[1]
    there = subprocess.run(command, capture_output=True, text=True, check=True)
    assert there.stdout == found[0]
    assert not [name for name in os.listdir(tmp_path / "run") if name.startswith(".")]


# --- remembered values


def test_the_values_of_the_first_run_are_remembered(tmp_path):
    assert opened(tmp_path / "run", remembered={"seed": 2**100, "name": "a"}).remembered["seed"] == 2**100
    assert opened(tmp_path / "run", remembered={"seed": 8, "name": "b"}).remembered == {"seed": 2**100, "name": "a"}


def test_a_seed_that_is_given_is_not_one_that_is_remembered(tmp_path):
    opened(tmp_path / "run", remembered={"seed": 7})
    with pytest.raises(ValueError, match=r"seed \(chosen by the first run there, 7 now\)"):
        opened(tmp_path / "run", QUESTION | {"seed": 7})


@for_each("links", [True, False])
def test_of_two_runs_that_begin_at_once_one_is_the_first(links, tmp_path, monkeypatch):
    def overtaken(folder, names):
        monkeypatch.undo()
        first = opened(folder, remembered={"seed": 1})
        assert first.remembered == {"seed": 1}
        if not links:
            monkeypatch.setattr(os, "link", refuse)

    def refuse(*paths):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(checkpoint, "_refuse_other_files", overtaken)
    second = opened(tmp_path / "run", remembered={"seed": 2})
    assert second.remembered == {"seed": 1 if links else 2}
    assert os.listdir(tmp_path / "run") == ["manifest.json"]


# --- places


def test_an_empty_directory_is_taken(tmp_path):
    assert opened(tmp_path).indices() == []
    assert os.listdir(tmp_path) == ["manifest.json"]


def test_a_directory_of_something_else_is_refused(tmp_path):
    (tmp_path / "chunk-000000.npz").write_text("mine")
    (tmp_path / "notes.txt").write_text("mine")
    before = content(tmp_path)
    with pytest.raises(ValueError, match=r"has no manifest\.json, but 2 other files such as 'chunk-000000\.npz'"):
        opened(tmp_path)
    assert content(tmp_path) == before


def test_a_file_is_refused(tmp_path):
    (tmp_path / "run").write_text("mine")
    with pytest.raises(OSError, match="run' is a file, expected a directory for a checkpoint or nothing yet"):
        opened(tmp_path / "run")
    assert (tmp_path / "run").read_text() == "mine"


def test_a_missing_parent_is_named(tmp_path):
    with pytest.raises(OSError, match=r"cannot use '.*absent/run' for a checkpoint: No such file or directory"):
        opened(tmp_path / "absent" / "run")
    assert os.listdir(tmp_path) == []


read_only = pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root writes everywhere")


@read_only
@for_each("filled", [True, False])
def test_a_read_only_directory_is_refused(filled, folder):
    if not filled:
        shutil.rmtree(folder)
        folder.mkdir()
    folder.chmod(0o500)
    try:
        with pytest.raises(OSError, match=r"cannot write .*run"):
            opened(folder)
    finally:
        folder.chmod(0o700)


def test_a_directory_that_became_read_only_is_refused(folder, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(OSError, match=r"cannot write into the checkpoint '.*run': its directory is read-only"):
        opened(folder)


# --- fingerprints


def test_equal_arrays_have_equal_fingerprints():
    matrix = np.random.default_rng(0).random((300, 200))
    wanted = fingerprint(matrix, np.arange(5))
    spread = np.zeros((600, 400))[::2, ::-2]
    spread[...] = matrix
    for same in (np.asfortranarray(matrix), spread, matrix.astype(">f8"), matrix[::-1][::-1]):
        assert fingerprint(same, np.arange(5)) == wanted
    for dtype in (np.int8, np.uint8, np.int32, np.uint32, ">i4"):
        assert fingerprint(matrix, np.arange(5, dtype=dtype)) == wanted
    assert len(wanted) == 64


def test_other_arrays_have_other_fingerprints():
    one = np.arange(6.0)
    arrays = [
        (one,),
        (one, one),
        (one, np.empty(0)),
        (np.append(one, 0.0),),
        (one.reshape(2, 3),),
        (one.reshape(3, 2),),
        (one.reshape(2, 3).T,),
        (one[:3], one[3:]),
        (one[:2], one[2:]),
        (one[::-1],),
        (np.nextafter(one, 9),),
        (one.astype(np.float32),),
        (one.astype(int),),
        (one.astype(int).astype(str),),
        (one > 2,),
        (np.array(3.0),),
        (np.array([3.0]),),
        (np.empty((0, 3)),),
        (np.empty((3, 0)),),
        (np.array([2**64 - 1], dtype=np.uint64),),
        (np.array([-1]),),
        (),
    ]
    assert len({fingerprint(*group) for group in arrays}) == len(arrays)


def test_objects_have_no_fingerprint():
    with pytest.raises(TypeError, match="an array of dtype object has no fingerprint, expected numbers or text"):
        fingerprint(np.arange(3), None)
