"""Answers of a model kept in a file: nothing is paid for twice, and a recording answers without its model."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np

from empowerment.text.token_model import Outcome, Position, Provider, Tier, TokenModel, TokenModelError

FORMAT = "empowerment-recording-1"


class Recorded(Provider):
    """A token model that answers from a file, and asks another model for what is not in it.

    Each answer is written, and on the disk, before it is handed on. A run that was killed goes on where it
    stopped: a line that it had begun is taken away, and everything before it is answered from the file.

    Parameters
    ----------
    path : path
        A file of JSON lines; with a model it is made if there is none.
    model : TokenModel, optional
        Whom to ask. Without one only what was recorded is answered, with the model neither installed nor at hand.

    Raises
    ------
    FileNotFoundError
        If there is no such file and no model to make it with.
    ValueError
        If the file is no recording, or that of another model.
    OSError
        If it cannot be written to, or another run is writing to it.

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
        self._path = Path(path)
        self._model = model
        self._lock = threading.Lock()
        self._lines: dict[str, int] = {}
        self._file = None if model is None else self._opened_by(model)
        try:
            self._read()
        except BaseException:
            self.close()
            raise

    def score(
        self, prefix: str, text: str = "", *, top: int | None = None, also: Sequence[Outcome] = ()
    ) -> list[Position]:
        """Return what was recorded, or what the model answers; see :meth:`TokenModel.score`."""
        self._require(Tier.SCORE, "score")
        ask = {"method": "score", "prefix": prefix, "text": text, "top": top, "also": [_outcome(o) for o in also]}
        answer = self._answer(ask, lambda m: [_to_json(p) for p in m.score(prefix, text, top=top, also=also)])
        return [_from_json(each) for each in answer]

    def step(
        self, prefix: str, max_tokens: int = 1, *, top: int = 20, temperature: float = 0.0, seed: int | None = None
    ) -> Iterator[Position]:
        """Yield what was recorded, or what the model writes; see :meth:`TokenModel.step`.

        What the model writes is recorded once it is complete. Without a seed, each text drawn is a new one and
        the file keeps the first.
        """
        self._require(Tier.STEP, "step")
        options: dict[str, Any] = {"top": top, "temperature": temperature, "seed": seed}
        ask = {"method": "step", "prefix": prefix, "max_tokens": max_tokens, **options}
        answer = self._answer(ask, lambda m: [_to_json(p) for p in m.step(prefix, max_tokens, **options)])
        yield from map(_from_json, answer)

    def sample(
        self, prefix: str, n: int, *, max_tokens: int = 16, temperature: float = 1.0, seed: int | None = None
    ) -> list[str]:
        """Return what was recorded, or what the model writes; see :meth:`TokenModel.sample`."""
        options: dict[str, Any] = {"max_tokens": max_tokens, "temperature": temperature, "seed": seed}
        ask = {"method": "sample", "prefix": prefix, "n": n, **options}
        return list(self._answer(ask, lambda m: m.sample(prefix, n, **options)))

    def __len__(self) -> int:
        return len(self._lines)

    def close(self) -> None:
        """Close the file; what was written stays."""
        if self._file is not None:
            self._file.close()

    def __enter__(self) -> Recorded:
        return self

    def __exit__(self, *reason: object) -> None:
        self.close()

    def _require(self, tier: Tier, method: str) -> None:
        if self.tier < tier:
            raise self._refusal(method, tier)

    def _answer(self, ask: dict[str, Any], asked: Callable[[TokenModel], list[Any]]) -> list[Any]:
        text = json.dumps(ask, sort_keys=True)
        key = hashlib.sha256(text.encode()).hexdigest()
        with self._lock:
            if key in self._lines:
                return self._line_at(self._lines[key])["answer"]
        if self._model is None or self._file is None:
            raise TokenModelError(
                f"{str(self._path)!r} has no answer of {ask['method']}() for the prefix {ask['prefix'][-60:]!r} with "
                f"these options; record it with Recorded(path, model)"
            )
        answer = asked(self._model)
        with self._lock:
            if key not in self._lines:  # or another thread asked the same
                self._lines[key] = _append(self._file, {"key": key, "ask": ask, "answer": answer})
        return answer

    def _opened_by(self, model: TokenModel) -> IO[bytes]:
        """Return the file to append to, with a header and without a line that a killed run left unfinished."""
        try:
            file = open(self._path, "a+b")  # noqa: SIM115 - kept open while there is something to record
        except OSError as reason:
            raise OSError(f"cannot record to {str(self._path)!r}: {reason.strerror}") from None
        try:
            _lock(file, self._path)
            _drop_unfinished(file, self._path)
            if file.tell() == 0:
                ends = [_outcome(each) for each in model.ends]
                header = {"format": FORMAT, "model": model.name, "tier": model.tier.name, "ends": ends}
                _append(file, header | {"vocabulary_size": model.vocabulary_size})
        except BaseException:
            file.close()
            raise
        return file

    def _read(self) -> None:
        """Read the header, and note where each answer begins."""
        if not self._path.exists():
            raise FileNotFoundError(f"there is no recording {str(self._path)!r}; Recorded(path, model) makes one")
        with open(self._path, "rb") as file:
            self._read_header(file.readline())
            at = file.tell()
            for line in file:
                if not line.endswith(b"\n"):
                    break  # of a run that was killed, or is writing just now
                start, key, rest = line[:9], line[9:73], line[73:75]
                if start != b'{"key": "' or len(key) != 64 or rest != b'",':
                    raise ValueError(f"{str(self._path)!r} is damaged at byte {at}: {line[:40]!r} is no answer")
                self._lines[key.decode()] = at
                at += len(line)

    def _read_header(self, line: bytes) -> None:
        try:
            header: dict[str, Any] = json.loads(line)
            made_by = header["format"]
        except (ValueError, TypeError, KeyError):
            made_by = None
        if made_by != FORMAT:
            raise _foreign(self._path)
        if self._model is not None and header["model"] != self._model.name:
            raise ValueError(
                f"{str(self._path)!r} is a recording of {header['model']!r}, but the model is {self._model.name!r}; "
                "record to another file"
            )
        self.name, self.tier = header["model"], Tier[header["tier"]]
        self.vocabulary_size = header["vocabulary_size"]
        self.ends = [_bytes_or_id(each) for each in header["ends"]]

    def _line_at(self, at: int) -> dict[str, Any]:
        with open(self._path, "rb") as file:
            file.seek(at)
            line = file.readline()
        try:
            return json.loads(line)
        except ValueError:
            raise ValueError(f"{str(self._path)!r} is damaged: the answer at byte {at} is no JSON") from None


def _append(file: IO[bytes], record: dict[str, Any]) -> int:
    """Write a line, on the disk before this returns, and return where it begins."""
    at = file.seek(0, os.SEEK_END)
    file.write(json.dumps(record).encode() + b"\n")
    file.flush()
    os.fsync(file.fileno())
    return at


def _drop_unfinished(file: IO[bytes], path: Path) -> None:
    """Take away a last line without an end, and stand at the end of the file."""
    file.seek(0)
    first = file.readline()
    beginning = json.dumps({"format": FORMAT}).rstrip("}").encode()
    if not (first.startswith(beginning) or beginning.startswith(first)):
        raise _foreign(path)
    at, line = 0, first
    while line.endswith(b"\n"):
        at, line = file.tell(), file.readline()
    if line:
        file.truncate(at)
    file.seek(0, os.SEEK_END)


def _foreign(path: Path) -> ValueError:
    return ValueError(f"{str(path)!r} is no recording: its first line does not say {FORMAT!r}")


def _lock(file: IO[bytes], path: Path) -> None:
    """Keep other runs from the file until it is closed or the run ends, where the system knows how."""
    with contextlib.suppress(ImportError):
        import fcntl

        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise OSError(
                f"{str(path)!r} is being written to by another run; wait for it, or record elsewhere"
            ) from None


def _outcome(outcome: int | bytes) -> int | Any:
    return _text(outcome) if isinstance(outcome, bytes) else int(outcome)


def _bytes_or_id(value: Any) -> Any:
    return value if isinstance(value, int) else _bytes(value)


def _text(token: bytes) -> str | dict[str, str]:
    """Return bytes as text where they are text, else as hexadecimal digits."""
    try:
        return token.decode("utf-8")
    except UnicodeDecodeError:
        return {"hex": token.hex()}


def _bytes(value: str | dict[str, str]) -> bytes:
    return value.encode() if isinstance(value, str) else bytes.fromhex(value["hex"])


def _to_json(place: Position) -> dict[str, Any]:
    logs = [None if log == -math.inf else log for log in place.log_probabilities.tolist()]
    return {
        "tokens": [None if token is None else _text(token) for token in place.tokens],
        "log_probabilities": logs,
        "ids": None if place.ids is None else place.ids.tolist(),
        "vocabulary_size": place.vocabulary_size,
        "cap": place.cap,
        "rounding": place.rounding,
        "token": None if place.token is None else _text(place.token),
        "chosen": place.chosen,
        "span": list(place.span),
    }


def _from_json(found: dict[str, Any]) -> Position:
    logs = np.array([-math.inf if log is None else log for log in found["log_probabilities"]], dtype=float)
    token = None if found["token"] is None else _bytes(found["token"])
    tokens = tuple(None if each is None else _bytes(each) for each in found["tokens"])
    parts = found | {"tokens": tokens, "log_probabilities": logs, "token": token}
    return Position(**parts | {"span": tuple(found["span"])})
