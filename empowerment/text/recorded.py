"""Recorded answers: no request is paid for twice, and a recording answers without its model."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Any, TypeVar

from empowerment.core import validate
from empowerment.runtime.digests import bytes_digest
from empowerment.runtime.files import named, require_regular
from empowerment.text.position import Position
from empowerment.text.provider import Provider
from empowerment.text.recorded_lines import (
    FORMAT,
    DamagedLineError,
    content_of,
    digest_of,
    header_line,
    made_as,
    may_be_header,
    outcome_to_json,
    position_to_json,
    positions_from_json,
    read_header,
    sealed_line,
    texts_from_json,
)
from empowerment.text.tiers import Tier, TokenModelError
from empowerment.text.token_list import Outcome
from empowerment.text.token_model import TokenModel, check_model

_Answer = TypeVar("_Answer")


class Recorded(Provider):
    """Token model that answers from a file and asks another model for what is missing.

    Each answer is on the disk before it is returned. A run that was killed continues where it stopped: an incomplete
    last line is removed, and everything before it is answered from the file.

    Each line carries a digest of itself and of the header. Lines may be reordered or removed; a line that was
    changed, or that belongs to the recording of another model, is refused.

    Parameters
    ----------
    path : path
        A file of JSON lines; with a model it is created if it does not exist.
    model : TokenModel, optional
        The model to ask. Without it only recorded answers are given, and the model need not be installed.

    Raises
    ------
    FileNotFoundError
        If the file does not exist and there is no model.
    ValueError
        If the file is no recording, belongs to another model or another version of the library, or is damaged: the
        message names the file, the line and the byte at which it begins.
    OSError
        If the file cannot be written, is no regular file, or another run writes to it.

    See Also
    --------
    TokenModel : The contract.
    ask_each : Ask for many prompts.

    Examples
    --------
    >>> import os, tempfile
    >>> from empowerment.text import Recorded, TableModel
    >>> path = os.path.join(tempfile.mkdtemp(), "person.jsonl")
    >>> with Recorded(path, TableModel({"": {" tea": 0.6, " coffee": 0.4}})) as person:
    ...     paid = person.score("Tea or coffee?")
    >>> Recorded(path).score("Tea or coffee?")[0]
    Position(2 of 2 tokens, mass 1, entropy in [0.971, 0.971] bits)
    """

    def __init__(self, path: str | os.PathLike[str], model: TokenModel | None = None) -> None:
        if model is not None:
            check_model(model)
        self._path = Path(validate.path(path, "path"))
        self._model = model
        self._lock = threading.Lock()
        self._lines: dict[str, tuple[int, int]] = {}  # number and first byte of each line, by the key of its question
        self._file = None if model is None else _opened(self._path)
        try:
            self._read()
        except BaseException:
            self.close()
            raise

    def score(
        self, prefix: str, text: str = "", *, top: int | None = None, also: Sequence[Outcome] = ()
    ) -> list[Position]:
        """Return the recorded answer, or ask the model; see :meth:`TokenModel.score`."""
        self._require(Tier.SCORE, "score")
        ask = {
            "method": "score",
            "prefix": prefix,
            "text": text,
            "top": top,
            "also": [outcome_to_json(o) for o in also],
        }
        return self._answer(
            ask, lambda m: _recordable(m.score(prefix, text, top=top, also=also)), positions_from_json
        )

    def step(
        self, prefix: str, max_tokens: int = 1, *, top: int = 20, temperature: float = 0.0, seed: int | None = None
    ) -> Iterator[Position]:
        """Yield the recorded answer, or ask the model; see :meth:`TokenModel.step`.

        An answer of the model is recorded once it is complete. Without a seed, each generated text is a new one and
        the file keeps the first.
        """
        self._require(Tier.STEP, "step")
        options: dict[str, Any] = {"top": top, "temperature": temperature, "seed": seed}
        ask = {"method": "step", "prefix": prefix, "max_tokens": max_tokens, **options}
        yield from self._answer(
            ask, lambda m: _recordable(m.step(prefix, max_tokens, **options)), positions_from_json
        )

    def sample(
        self, prefix: str, n: int, *, max_tokens: int = 16, temperature: float = 1.0, seed: int | None = None
    ) -> list[str]:
        """Return the recorded texts, or ask the model; see :meth:`TokenModel.sample`."""
        options: dict[str, Any] = {"max_tokens": max_tokens, "temperature": temperature, "seed": seed}
        ask = {"method": "sample", "prefix": prefix, "n": n, **options}
        return list(self._answer(ask, lambda m: m.sample(prefix, n, **options), texts_from_json))

    def __len__(self) -> int:
        return len(self._lines)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def __enter__(self) -> Recorded:
        return self

    def __exit__(self, *reason: object) -> None:
        self.close()

    def _require(self, tier: Tier, method: str) -> None:
        if self.tier < tier:
            raise self._refusal(method, tier)

    def _answer(
        self,
        ask: dict[str, Any],
        asked: Callable[[TokenModel], list[Any]],
        read: Callable[[Any], _Answer],
    ) -> _Answer:
        """Return what `read` makes of a recorded answer, or of one that is requested and recorded."""
        text = json.dumps(ask, sort_keys=True)
        key = bytes_digest(text.encode())
        with self._lock:
            position = self._lines.get(key)
        if position is not None:
            return self._recorded(*position, text, read)
        if self._model is None or self._file is None:
            raise TokenModelError(
                f"{str(self._path)!r} has no answer of {ask['method']}() for the prefix {ask['prefix'][-60:]!r} with "
                f"these options; record it with Recorded(path, model)"
            )
        answer = asked(self._model)
        try:
            line = sealed_line({"key": key, "ask": ask, "answer": answer}, self._seal)
        except ValueError as reason:
            raise TokenModelError(f"{self.name} has an answer that cannot be recorded: {reason}") from None
        with self._lock:
            if key not in self._lines:  # or another thread asked the same
                self._lines[key] = (self._count, _append(self._file, line, self._path))
                self._count += 1
        return read(answer)

    def _recorded(self, number: int, at: int, text: str, read: Callable[[Any], _Answer]) -> _Answer:
        with open(self._path, "rb") as file, self._naming(number, at):
            file.seek(at)
            line = file.readline()
            digest_of(line, self._seal)  # it may have changed since it was first read
            found = content_of(line)
            if json.dumps(found.get("ask"), sort_keys=True) != text:
                raise DamagedLineError("its key is that of another question")
            if "answer" not in found:
                raise DamagedLineError("it has no answer")
            return read(found["answer"])

    def _read(self) -> None:
        """Read the header, verify every digest, and note where each answer begins."""
        require_regular(self._path, "read")
        if not self._path.exists():
            raise FileNotFoundError(f"there is no recording {str(self._path)!r}; Recorded(path, model) makes one")
        with open(self._path, "rb") as file:
            first = file.readline()
            if self._model is not None and self._file is not None and _unfinished(first):
                self._file.truncate(0)
                first = header_line(self._model)
                _append(self._file, first, self._path)
                file.seek(len(first))
            self._read_header(first)
            self._count, at = 2, len(first)  # as editors count lines
            for line in file:
                if not line.endswith(b"\n"):
                    if self._file is not None:
                        self._file.truncate(at)
                    break  # of a run that was killed, or is writing just now
                self._note(line, at)
                self._count, at = self._count + 1, at + len(line)

    def _note(self, line: bytes, at: int) -> None:
        with self._naming(self._count, at):
            digest = digest_of(line, self._seal)
            start, key, rest = line[:9], line[9:73], line[73:75]
            if start != b'{"key": "' or len(key) != 64 or rest != b'",':
                raise DamagedLineError(f"{line[:40]!r} is no answer")
            known = self._lines.setdefault(key.decode(errors="replace"), (self._count, at))
            if known[1] != at:
                with open(self._path, "rb") as file:
                    file.seek(known[1])
                    if digest_of(file.readline(), self._seal) != digest:
                        raise DamagedLineError(f"it answers the question of line {known[0]} in another way")

    def _read_header(self, line: bytes) -> None:
        made_by = made_as(line)
        if made_by is None:
            raise ValueError(f"{str(self._path)!r} is no recording: its first line does not say {FORMAT!r}")
        if made_by != FORMAT:
            raise ValueError(
                f"{str(self._path)!r} has the format {made_by!r}, expected {FORMAT!r}: another version of the "
                "library made it; record to another file"
            )
        with self._naming(1, 0):
            header, self._seal = read_header(line)
        if self._model is not None and header["name"] != self._model.name:
            raise ValueError(
                f"{str(self._path)!r} is a recording of {header['name']!r}, but the model is {self._model.name!r}; "
                "record to another file"
            )
        for name, value in header.items():
            setattr(self, name, value)

    @contextmanager
    def _naming(self, number: int, at: int) -> Iterator[None]:
        try:
            yield
        except DamagedLineError as reason:
            raise ValueError(
                f"{str(self._path)!r} is damaged in line {number}, which begins at byte {at}: {reason}; "
                + ("take a whole copy of it" if number == 1 else "delete the line, and it is asked again")
            ) from None


def _recordable(positions: Any) -> list[dict[str, Any]]:
    return [position_to_json(position) for position in positions]


def _unfinished(first: bytes) -> bool:
    """Return whether a file holds nothing but the beginning of a header; any other file is left unchanged."""
    return may_be_header(first) and not first.endswith(b"\n")


def _opened(path: Path) -> FileIO:
    """Return the file to append to, created if missing, to which no other run writes."""
    require_regular(path, "record to")
    try:
        file = open(path, "a+b", buffering=0)  # noqa: SIM115 - kept open while there is something to record
    except OSError as reason:
        raise named(reason, "record to", path) from None
    try:
        _lock(file, path)
    except BaseException:
        file.close()
        raise
    return file


def _append(file: FileIO, line: bytes, path: Path) -> int:
    """Write a line to the disk, completely or not at all, and return the byte at which it begins."""
    at = file.seek(0, os.SEEK_END)
    try:
        left = memoryview(line)
        while left:
            left = left[file.write(left) :]
        os.fsync(file.fileno())
    except BaseException as reason:  # a full disk, or Ctrl-C
        file.truncate(at)
        if isinstance(reason, OSError):
            raise named(reason, "record to", path) from None
        raise
    return at


def _lock(file: FileIO, path: Path) -> None:
    """Lock the file against other runs until it is closed, where the system supports it."""
    with contextlib.suppress(ImportError):
        import fcntl

        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise OSError(
                f"{str(path)!r} is being written to by another run; wait for it, or record elsewhere"
            ) from None
