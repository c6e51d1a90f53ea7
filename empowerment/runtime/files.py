"""Files that are complete or absent, and refusal of what is no regular file."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_KINDS = {
    stat.S_IFDIR: "a directory",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
}
# A longer stem or ending could make the temporary name too long where the name itself is not.
_LONGEST_STEM, _LONGEST_SUFFIX = 32, 16


@contextmanager
def written_whole(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path in the same folder, moved to `path` at the end; an error or Ctrl-C removes it.

    The new file takes the mode, the owner where the system allows it, and the extended attributes of a file that it
    replaces; other hard links of that file keep the old content. Of a symbolic link the target is replaced, or
    created.

    Raises
    ------
    ValueError
        If the path cannot be a name, such as one with a NUL.
    OSError
        If the file cannot be written: a directory, a device, a FIFO or a socket, a file that is read-only, a missing
        directory, a full disk. The message names the path and the reason.
    """
    path = Path(path)
    require_regular(path, "write")
    target = Path(os.path.realpath(path))
    if target.exists() and not os.access(target, os.W_OK):
        raise PermissionError(f"cannot write {str(path)!r}: it is read-only")
    name = f".{target.stem[:_LONGEST_STEM]}-{secrets.token_hex(4)}"
    temporary = target.with_name(name + (target.suffix if len(target.suffix) <= _LONGEST_SUFFIX else ""))
    try:
        # The system applies the umask to a new file; what replaces a private one is private from the first byte on.
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600 if target.exists() else 0o666))
        yield temporary
        _flush_to_disk(temporary)
        if target.exists():
            _inherit(temporary, target)
        temporary.replace(target)
    except Exception as reason:
        # Closing an archive that Ctrl-C broke off fails in a way of its own, but Ctrl-C is what happened.
        if (interrupt := _interrupt_behind(reason)) is not None:
            raise interrupt from None
        if not isinstance(reason, OSError) or reason.filename not in (None, os.fspath(temporary)):
            raise  # nothing of this file
        raise named(reason, "write", path) from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _interrupt_behind(reason: BaseException | None) -> BaseException | None:
    """Return the interrupt during whose handling an error was raised."""
    while reason is not None and isinstance(reason, Exception):
        reason = reason.__context__
    return reason


def require_regular(path: str | os.PathLike[str], verb: str) -> None:
    """Refuse a path that exists and is no regular file; `verb` is "read" or "write".

    Opening a FIFO would wait forever, and replacing a device would remove it for everyone.

    Raises
    ------
    ValueError
        If the path cannot be a name.
    OSError
        If the path is no regular file, or cannot be examined.
    """
    try:
        kind = _KINDS.get(stat.S_IFMT(os.stat(path).st_mode))
    except FileNotFoundError:
        return
    except OSError as reason:
        raise named(reason, verb, path) from None
    except ValueError as reason:
        raise ValueError(f"cannot {verb} {str(path)!r}: {reason}") from None
    if kind is not None:
        error = IsADirectoryError if kind == _KINDS[stat.S_IFDIR] else OSError
        raise error(f"cannot {verb} {str(path)!r}: it is {kind}")


def named(reason: OSError, verb: str, path: str | os.PathLike[str]) -> OSError:
    """Return an error of the same class whose message is one sentence that names the path."""
    error = type(reason)(f"cannot {verb} {str(path)!r}: {reason.strerror or reason}")
    error.errno = reason.errno
    return error


def _flush_to_disk(path: Path) -> None:
    """Wait until the content is on the disk, because a power failure could otherwise leave an empty file."""
    handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _inherit(path: Path, old: Path) -> None:
    """Give a file the owner, mode and extended attributes of another, and the current time."""
    before = os.stat(old)
    shutil.copystat(old, path)
    os.utime(path)
    if not hasattr(os, "chown"):
        return
    try:
        os.chown(path, before.st_uid, before.st_gid)
    except OSError:
        with contextlib.suppress(OSError):
            os.chown(path, -1, before.st_gid)
    mode = stat.S_IMODE(before.st_mode)
    if os.stat(path).st_gid != before.st_gid:
        mode = mode & ~stat.S_IRWXG | (mode & stat.S_IRWXO) << 3  # another group may do no more than everyone
    os.chmod(path, mode)
