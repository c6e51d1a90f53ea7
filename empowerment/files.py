"""Files that are either whole or absent."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written_whole(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path beside `path`, moved there at the end; an error or Ctrl-C leaves nothing behind.

    Raises
    ------
    OSError
        If nothing can be written there; the message names the path and the reason.
    """
    target = Path(path)
    if target.is_dir():
        raise OSError(f"cannot write {str(target)!r}: it is a directory")
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.stem}-", suffix=target.suffix, dir=target.parent)
    except OSError as reason:
        raise OSError(f"cannot write {str(target)!r}: {reason.strerror}") from None
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)  # mkstemp makes files that only their owner reads
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
