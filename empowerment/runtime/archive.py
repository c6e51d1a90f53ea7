"""Named arrays in one ``.npz`` file: without pickles, bounded when unpacked, sealed against damage."""

from __future__ import annotations

import json
import math
import os
import warnings
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any, TypeVar

import numpy as np

from empowerment.core import validate
from empowerment.runtime.digests import bytes_digest, fingerprint
from empowerment.runtime.files import require_regular, written_whole

Built = TypeVar("Built")

# DEFLATE makes at most 1032 bytes of one.
_LARGEST_RATIO = 1040
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_HEADERS: Any = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


class DamagedError(ValueError):
    """A file is damaged; the message says how, and the caller adds the name of the file."""


def write_sealed(
    path: str | os.PathLike[str], header: Mapping[str, Any], arrays: Mapping[str, Any], *, compressed: bool
) -> None:
    """Write arrays and a JSON header with digests of all of it; completely or not at all.

    The array "header" holds JSON as UTF-8: the header given, and in "arrays" a digest of each array. The array
    "digest" holds the SHA-256 of these bytes.
    """
    prints = {name: fingerprint(array) for name, array in arrays.items()}
    text = json.dumps({**header, "arrays": prints}).encode()
    seal: dict[str, Any] = {"header": np.frombuffer(text, np.uint8), "digest": np.array(bytes_digest(text))}
    save = np.savez_compressed if compressed else np.savez
    with written_whole(path) as temporary, open(temporary, "wb") as file:
        save(file, **seal, **arrays)


def read_sealed(
    path: str | os.PathLike[str], form: str, memory: float
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Read the header and the arrays that :func:`write_sealed` wrote, if the file was not changed.

    Parameters
    ----------
    path : path
    form : str
        The "format" that the header must have.
    memory : float
        Limit in bytes on the arrays.

    Raises
    ------
    DamagedError
        If the file is of another kind, or was changed.
    MemoryError
        If it would unpack to more than `memory`.
    """
    arrays = read_npz(path, memory)
    for name in ("header", "digest"):
        if name not in arrays:
            raise DamagedError(f"it has no array {name!r}{_other_format(arrays, form)}")
    text = arrays.pop("header").tobytes()
    if arrays.pop("digest").tolist() != bytes_digest(text):
        raise DamagedError("its header is not the one that was written")
    with damage("its header"):
        header = json.loads(text)
        prints, made_as = header.pop("arrays"), header.pop("format")
    if made_as != form:
        raise DamagedError(f"it has the format {made_as!r}, expected {form!r}")
    for name in [*prints, *arrays]:
        if name not in arrays:
            raise DamagedError(f"the array {name!r} is missing")
        if prints.get(name) != fingerprint(arrays[name]):
            raise DamagedError(f"the array {name!r} is not the one that was written")
    return header, arrays


def load_sealed(
    path: str | os.PathLike[str],
    form: str,
    memory: float,
    build: Callable[[dict[str, Any], dict[str, np.ndarray]], Built],
    lacks: str,
    advice: str = "",
) -> Built:
    """Build an object from the header and the arrays that :func:`write_sealed` wrote.

    Parameters
    ----------
    path, form, memory
        As for :func:`read_sealed`.
    build : callable
        Given the header and the arrays, returns the object. Any error in it means that the file is damaged.
    lacks, advice : str
        Text of the error after the name of the file, and after the reason.

    Raises
    ------
    ValueError
        If the file is of another kind, or is damaged.
    MemoryError
        If it would unpack to more than `memory` bytes.
    """
    path, memory = validate.path(path, "path"), validate.memory(memory)
    try:
        header, arrays = read_sealed(path, form, memory)
        with damage("what it holds"):
            return build(header, arrays)
    except DamagedError as reason:
        raise ValueError(f"{os.fspath(path)!r} {lacks}, or is damaged: {reason}{advice}") from None


def read_npz(path: str | os.PathLike[str], memory: float) -> dict[str, np.ndarray]:
    """Read the arrays of any ``.npz`` file without pickles and with at most `memory` bytes.

    Raises
    ------
    DamagedError
        If it is no such file, is damaged, or states a size that it cannot have.
    MemoryError
        If it would unpack to more than `memory`. Nothing is unpacked then.
    """
    require_regular(path, "read")
    with open(path, "rb") as file:
        with damage("it"):
            archive = zipfile.ZipFile(file)
            members = archive.infolist()
        _refuse_lies(members, os.fstat(file.fileno()).st_size)
        size = sum(member.file_size for member in members)
        if size > memory:
            raise MemoryError(
                f"{os.fspath(path)!r} unpacks to {size / 1e9:.3g} GB, allowed are {memory / 1e9:.3g} GB; "
                "raise memory="
            )
        found = {}
        for member in members:
            name = member.filename.removesuffix(".npy")
            with damage(f"the array {name!r}"), archive.open(member) as part:
                _check_header(part, member.file_size)
            with damage(f"the array {name!r}"), archive.open(member) as part:
                found[name] = np.lib.format.read_array(part, allow_pickle=False)
                part.read(1)  # at its end a member is compared with its checksum
        return found


def read_npy(path: str | os.PathLike[str]) -> np.ndarray:
    """Read the array of a ``.npy`` file.

    Raises
    ------
    DamagedError
        If it is no such file, is damaged or incomplete, or holds Python objects.
    """
    require_regular(path, "read")
    with open(path, "rb") as file, damage("it"):
        _check_header(file, os.fstat(file.fileno()).st_size)
        file.seek(0)
        return np.lib.format.read_array(file, allow_pickle=False)


@contextmanager
def damage(what: str) -> Iterator[None]:
    """Convert every error that reading a foreign or damaged file can raise into a DamagedError."""
    try:
        yield
    except (DamagedError, MemoryError):
        raise
    except Exception as reason:
        words = " ".join(str(reason).split())[:120]
        raise DamagedError(f"{what} cannot be read ({words or type(reason).__name__})") from None


def _refuse_lies(members: list[zipfile.ZipInfo], size: int) -> None:
    """Refuse an archive whose directory contradicts the size of the file."""
    seen: set[str] = set()
    for member in members:
        name, packed, unpacked = member.filename, member.compress_size, member.file_size
        if not name.endswith(".npy") or name in seen:
            raise DamagedError(f"it holds {name!r}, expected arrays with names that differ")
        seen.add(name)
        if member.compress_type not in _COMPRESSIONS:
            raise DamagedError(f"{name!r} is compressed in a way that NumPy does not write")
        if unpacked > _LARGEST_RATIO * packed or (member.compress_type == zipfile.ZIP_STORED and unpacked != packed):
            raise DamagedError(f"{name!r} claims to hold {unpacked} bytes in {packed}")
    if sum(member.compress_size for member in members) > size:
        raise DamagedError("its arrays claim to be larger than the file")


def _check_header(file: IO[bytes], size: int) -> None:
    """Refuse an array that holds objects, or whose size contradicts that of its file."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # what NumPy mends in silence, or with a warning, was not written by it
            shape, _, dtype = _HEADERS[np.lib.format.read_magic(file)](file)
    except MemoryError:  # raised by the parser for a nested expression, not for want of memory
        raise DamagedError("an array has a header that cannot be read") from None
    if dtype.hasobject:
        raise DamagedError("it holds Python objects, which are never loaded")
    wanted = math.prod(shape) * dtype.itemsize
    if min(shape, default=0) < 0 or wanted != size - file.tell():
        raise DamagedError(f"an array of shape {shape} and dtype {dtype} does not take {size - file.tell()} bytes")


def _other_format(arrays: Mapping[str, np.ndarray], form: str) -> str:
    """Return a hint if the header is that of another version of the library, which was not sealed."""
    try:
        made_as = json.loads(str(arrays["header"][()]))["format"]
    except (KeyError, ValueError, TypeError, IndexError, RecursionError):
        return ""
    return f"; it has the format {made_as!r}, expected {form!r}: another version of the library made it"
