"""Files are whole or absent, and nothing but regular files is replaced."""

import errno
import os
import socket
import stat
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from helpers import for_each

import empowerment as emp
from empowerment.runtime.files import require_regular, written_whole

posix = pytest.mark.skipif(os.name != "posix", reason="files of POSIX")


def write(path, text="new"):
    with written_whole(path) as temporary:
        temporary.write_text(text)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


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


@for_each("reason", [RuntimeError, KeyboardInterrupt, SystemExit])
@for_each("before", [None, "old"])
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


# --- what is replaced


@posix
def test_the_mode_of_a_file_that_is_replaced_stays(tmp_path):
    path = tmp_path / "result.txt"
    for wanted in (0o600, 0o640, 0o644, 0o777, 0o4750):
        path.write_text("old")
        path.chmod(wanted)
        with written_whole(path) as temporary:
            assert not mode(temporary) & 0o077  # what will be private is so while it is written
            temporary.write_text("new")
        assert (mode(path), path.read_text()) == (wanted, "new")


@posix
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away")
def test_the_owner_of_a_file_that_is_replaced_stays(tmp_path, monkeypatch):
    path = tmp_path / "result.txt"
    path.write_text("old")
    os.chown(path, 1234, 5678)
    path.chmod(0o664)
    write(path)
    assert (path.stat().st_uid, path.stat().st_gid, mode(path)) == (1234, 5678, 0o664)

    def refused(*_):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "chown", refused)
    write(path, "newer")
    assert path.stat().st_gid != 5678
    assert mode(path) == 0o644  # another group may do no more than everyone


@posix
@for_each("dangling", [False, True])
def test_the_target_of_a_link_is_replaced(dangling, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    target, link, chain = tmp_path / "elsewhere" / "result.txt", tmp_path / "link.txt", tmp_path / "chain.txt"
    link.symlink_to("elsewhere/result.txt")
    chain.symlink_to("link.txt")
    if not dangling:
        target.write_text("old")
        target.chmod(0o600)
    write(chain)
    assert link.is_symlink()
    assert chain.is_symlink()
    assert target.read_text() == "new"
    assert dangling or mode(target) == 0o600
    assert os.listdir(tmp_path / "elsewhere") == ["result.txt"]


@posix
def test_a_link_that_leads_nowhere_is_refused(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    (tmp_path / "c").symlink_to("absent/result.txt")
    with pytest.raises(OSError, match=r"cannot write '.*a': Too many levels of symbolic links"):
        write(tmp_path / "a")
    with pytest.raises(OSError, match=r"cannot write '.*c': No such file or directory"):
        write(tmp_path / "c")


@posix
def test_what_is_no_file_is_neither_replaced_nor_opened(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to("fifo")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
        found = {
            "fifo": "a FIFO",
            "link": "a FIFO",
            "socket": "a socket",
            "/dev/null": "a device",
            ".": "a directory",
        }
        for name, kind in found.items():
            for attempt in (lambda path: write(path), lambda path: require_regular(path, "write")):
                with pytest.raises(OSError, match=f"cannot write '.*': it is {kind}"):
                    attempt(tmp_path / name)
        assert stat.S_ISFIFO((tmp_path / "fifo").stat().st_mode)
        assert stat.S_ISSOCK((tmp_path / "socket").stat().st_mode)
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    assert sorted(os.listdir(tmp_path)) == ["fifo", "link", "socket"]


def test_a_file_that_is_read_only_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "result.txt"
    path.write_text("old")
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)  # root may write everywhere
    with pytest.raises(PermissionError, match=r"cannot write '.*result\.txt': it is read-only"):
        write(path)
    assert path.read_text() == "old"


def test_names_that_cannot_be(tmp_path):
    for name, error, sentence in [
        ("a\0b", ValueError, "cannot write '.*': embedded null byte"),
        ("x" * 300, OSError, "cannot write '.*': File name too long"),
        ("\ud800", (OSError, ValueError), "cannot write '.*"),
        ("file/below", OSError, "cannot write '.*': Not a directory"),
    ]:
        (tmp_path / "file").write_text("old")
        with pytest.raises(error, match=sentence):
            write(tmp_path / name)
    assert os.listdir(tmp_path) == ["file"]
    for name in ("x" * 250 + ".npz", "x." + "y" * 250, "é" * 127, "." + "x" * 254):
        write(tmp_path / name)
        assert (tmp_path / name).read_text() == "new"


# --- disks that fill up, and runs at the same time

FULL = """
import resource, signal, sys
import numpy as np
import empowerment as emp
from empowerment.runtime.checkpoint import Checkpoint

sys.dont_write_bytecode = True  # the limit below holds for every file
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
result = emp.EmpowermentResult.load(sys.argv[1])
checkpoint = Checkpoint.open(sys.argv[3], {}, {})
resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))
for attempt in (lambda: result.save(sys.argv[2]), lambda: checkpoint.store(0, {"value": np.zeros(1000)})):
    try:
        attempt()
    except OSError as reason:
        print(reason.errno, reason)
"""


@posix
def test_a_disk_that_fills_up_leaves_what_was_there_and_is_told(tmp_path):
    result = emp.empowerment(emp.MDP(np.eye(3)[:, None, :]), 1)
    result.save(tmp_path / "whole.npz")
    (tmp_path / "there.npz").write_text("old")
    paths = [str(tmp_path / name) for name in ("whole.npz", "there.npz", "run")]
    found = subprocess.run([sys.executable, "-c", FULL, *paths], capture_output=True, text=True, check=True)
    assert found.stdout.splitlines() == [
        f"{errno.EFBIG} cannot write {paths[1]!r}: File too large",
        f"{errno.EFBIG} cannot write {paths[2] + '/chunk-000000.npz'!r}: File too large",
    ]
    assert found.stderr == ""
    assert (tmp_path / "there.npz").read_text() == "old"
    assert sorted(os.listdir(tmp_path)) == ["run", "there.npz", "whole.npz"]
    assert os.listdir(tmp_path / "run") == ["manifest.json"]


SAVING = """
import sys
import empowerment as emp

result = emp.EmpowermentResult.load(sys.argv[1])
for _ in range(60):
    result.save(sys.argv[2])
"""


def test_of_two_runs_that_write_one_file_either_is_whole(tmp_path):
    for n in (2, 3):
        emp.empowerment(emp.MDP(np.eye(n)[:, None, :]), 1).save(tmp_path / f"{n}.npz")
    both = tmp_path / "both.npz"
    both.write_bytes((tmp_path / "2.npz").read_bytes())
    command = [sys.executable, "-c", SAVING]
    runs = [subprocess.Popen([*command, str(tmp_path / f"{n}.npz"), str(both)]) for n in (2, 3)]
    seen = set()
    while any(run.poll() is None for run in runs):
        seen.add(len(emp.EmpowermentResult.load(both)))
    assert [run.wait() for run in runs] == [0, 0]
    assert seen == {2, 3}
    assert sorted(os.listdir(tmp_path)) == ["2.npz", "3.npz", "both.npz"]


def test_an_interrupt_stays_one_where_closing_an_archive_fails_after_it(tmp_path):
    """Broken off between the opening of a member and its closing, a ZipFile complains of the open member."""

    def broken_off():
        with zipfile.ZipFile(temporary, "w") as archive:
            archive.open("member", "w")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), written_whole(tmp_path / "a.npz") as temporary:
        broken_off()
    assert os.listdir(tmp_path) == []
    with pytest.raises(ValueError, match="another"), written_whole(tmp_path / "a.npz"):
        raise ValueError("another")
