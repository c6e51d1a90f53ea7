"""Finished chunks of a long run, in a directory from which a later run continues."""

from __future__ import annotations

import contextlib
import json
import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from empowerment.core.version import __version__
from empowerment.runtime.archive import DamagedError, read_sealed, write_sealed
from empowerment.runtime.digests import json_digest
from empowerment.runtime.files import require_regular, written_whole

FORMAT = "empowerment-checkpoint-2"
_MANIFEST = "manifest.json"
_PARTS = ("question", "fingerprints", "remembered")
_CHUNK = re.compile(r"chunk-(0\d{5}|[1-9]\d{5,})\.npz", re.ASCII)
_TEMPORARY = re.compile(r"\.(manifest-\w+\.json|chunk-\d{6,}-\w+\.npz)")
# A temporary file that nothing was written to for so many seconds is of a run that was killed.
_ABANDONED = 3600


@dataclass(frozen=True)
class Checkpoint:
    """Directory with the arrays of finished chunks, and the request to which they belong.

    Its files are complete or absent, whenever the run is killed. Several runs can use it at the same time: the
    request and the remembered values of the first one hold for all of them, and a chunk that two of them store is
    replaced by an equal one. A chunk carries digests of the manifest, of its number and of its arrays, so that one
    which is damaged, renamed or of another run is refused.

    Attributes
    ----------
    folder : Path
    remembered : dict
        Values of the first run that all later ones use, such as a seed that it drew.
    manifest_digest : str
        Digest of the manifest, which every chunk carries.
    """

    folder: Path
    remembered: dict[str, Any]
    manifest_digest: str

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        question: Mapping[str, Any],
        fingerprints: Mapping[str, str],
        remembered: Mapping[str, Any] | None = None,
    ) -> Checkpoint:
        """Create a checkpoint, or continue one of the same request.

        Parameters
        ----------
        path : path
            A directory with a checkpoint, an empty one, or one to be created in an existing directory.
        question : mapping from str to what JSON can hold
            The options that the content of the chunks depends on.
        fingerprints : mapping from str to str
            A :func:`fingerprint` of everything else on which the chunks depend.
        remembered : mapping from str to what JSON can hold, optional
            Values that a new checkpoint stores; those of an existing one are used instead.

        Raises
        ------
        ValueError
            If it belongs to another request or another version of the library, if its manifest is damaged, or if
            there are other files in the directory. Nothing is deleted or changed then.
        OSError
            If the path is a file, or the directory cannot be written.
        """
        folder = Path(path)
        wanted = {"version": __version__, "question": dict(question), "fingerprints": dict(fingerprints)}
        wanted["remembered"] = dict(remembered or {})
        names = _names_in(folder)
        if _MANIFEST not in names:
            _refuse_other_files(folder, names)
            _write_manifest(folder, wanted)
        found, digest = _read_manifest(folder)
        _refuse_another_question(folder, found, json.loads(json.dumps(wanted)))
        if not os.access(folder, os.W_OK | os.X_OK):
            raise OSError(f"cannot write into the checkpoint {str(folder)!r}: its directory is read-only")
        _remove_abandoned(folder, names)
        return cls(folder, found["remembered"], digest)

    def indices(self, count: int | None = None) -> list[int]:
        """Return the numbers of the finished chunks, in order.

        Parameters
        ----------
        count : int, optional
            Number of chunks of the request.

        Raises
        ------
        ValueError
            If there is a chunk that the question does not have.
        """
        found = sorted(int(name[1]) for name in map(_CHUNK.fullmatch, os.listdir(self.folder)) if name)
        if count is not None and found and found[-1] >= count:
            raise ValueError(
                f"{str(self._path(found[-1]))!r} is not of this checkpoint, whose chunks have the numbers 0 to "
                f"{count - 1}; delete it, or move it to where it belongs"
            )
        return found

    def read(self, index: int) -> dict[str, np.ndarray]:
        """Read the arrays of a chunk.

        Raises
        ------
        ValueError
            If its file is damaged, or holds another chunk or one of another run. The message names the file and what
            is wrong.
        """
        path = self._path(index)
        try:
            # Chunks are not compressed, so none needs more memory than its file has bytes.
            header, arrays = read_sealed(path, FORMAT, memory=os.path.getsize(path))
            if header != {"manifest": self.manifest_digest, "chunk": index}:
                other = header.get("manifest") != self.manifest_digest
                raise DamagedError("it is of another run" if other else f"it was stored as chunk {header['chunk']!r}")
        except (DamagedError, MemoryError) as reason:
            raise ValueError(
                f"{str(path)!r} is damaged, or is not the chunk of this checkpoint that its name says: {reason}; "
                "delete it, and the chunk is done again"
            ) from None
        return arrays

    def store(self, index: int, arrays: Mapping[str, Any]) -> None:
        """Write the arrays of a chunk; completely or not at all.

        Raises
        ------
        TypeError
            If an array holds Python objects, which would need a pickle.
        """
        for name, array in arrays.items():
            if np.asarray(array).dtype.hasobject:
                raise TypeError(f"chunk {index} has Python objects in the array {name!r}, expected numbers or text")
        header = {"format": FORMAT, "manifest": self.manifest_digest, "chunk": index}
        write_sealed(self._path(index), header, arrays, compressed=False)

    def _path(self, index: int) -> Path:
        return self.folder / f"chunk-{index:06d}.npz"


def _names_in(folder: Path) -> list[str]:
    """Return the names in a directory, which is created if missing."""
    try:
        folder.mkdir(exist_ok=True)
        return sorted(os.listdir(folder))
    except FileExistsError:
        raise OSError(f"{str(folder)!r} is a file, expected a directory for a checkpoint or nothing yet") from None
    except OSError as reason:
        raise OSError(f"cannot use {str(folder)!r} for a checkpoint: {reason.strerror}") from None


def _refuse_other_files(folder: Path, names: list[str]) -> None:
    others = [name for name in names if not _TEMPORARY.fullmatch(name)]
    if others:
        raise ValueError(
            f"{str(folder)!r} is no checkpoint: it has no {_MANIFEST}, but {len(others)} other files such as "
            f"{others[0]!r}; pass another path, or that of an empty directory"
        )


def _write_manifest(folder: Path, content: dict[str, Any]) -> None:
    """Write the manifest, unless another run did so first."""
    manifest = folder / _MANIFEST
    content = content | {"digest": json_digest(content)}
    with contextlib.suppress(FileExistsError), written_whole(manifest) as temporary:
        temporary.write_text(json.dumps({"format": FORMAT} | content, indent=2) + "\n", encoding="utf-8")
        try:
            os.link(temporary, manifest)
        except FileExistsError:
            raise
        except OSError:  # a file system without links: the renaming at the end has to do
            pass


def _read_manifest(folder: Path) -> tuple[dict[str, Any], str]:
    """Return the content of the manifest, and the digest that chunks carry."""
    path = folder / _MANIFEST
    require_regular(path, "read")
    text = path.read_bytes()
    try:
        found = json.loads(text)
        made_by, digest = found.pop("format"), found.pop("digest", None)
        parts = all(isinstance(found.get(part), dict) for part in _PARTS)
        whole = made_by != FORMAT or (parts and digest == json_digest(found))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        whole = False
    if not whole:
        raise ValueError(
            f"{str(path)!r} is not the manifest of a checkpoint, or is damaged, and without it the chunks beside it "
            "belong to no question; pass another path, or delete the directory to start anew"
        )
    if made_by != FORMAT:
        raise ValueError(
            f"{str(path)!r} has the format {made_by!r}, expected {FORMAT!r}: another version of the library made it; "
            "pass another path, or delete the directory to start anew"
        )
    return found, digest


def _refuse_another_question(folder: Path, found: dict[str, Any], wanted: dict[str, Any]) -> None:
    there, now = _options(found), _options(wanted)
    differing = [
        f"{name} ({there.get(name, 'nothing')} there, {now.get(name, 'nothing')} now)"
        for name in there | now
        if there.get(name) != now.get(name)
    ]
    there, now = found["fingerprints"], wanted["fingerprints"]
    differing += [f"the {name}" for name in there | now if there.get(name) != now.get(name)]
    if differing:
        raise ValueError(
            f"the checkpoint {str(folder)!r} belongs to another question, which differs in {', '.join(differing)}; "
            "pass another path, or delete the directory to start anew"
        )


def _options(manifest: dict[str, Any]) -> dict[str, str]:
    """Return the options of a manifest as JSON, with the version and the names of remembered values."""
    options = {name: json.dumps(value, sort_keys=True) for name, value in manifest["question"].items()}
    options |= dict.fromkeys(manifest["remembered"], "chosen by the first run")
    return options | {"version of the library": str(manifest.get("version"))}


def _remove_abandoned(folder: Path, names: list[str]) -> None:
    for name in filter(_TEMPORARY.fullmatch, names):
        with contextlib.suppress(FileNotFoundError):  # another run may have removed it
            if time.time() - (folder / name).stat().st_mtime > _ABANDONED:
                (folder / name).unlink()
