"""Documents from files, folders and JSON lines, each with its name, or the reason why it cannot be read."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from empowerment.core import validate

_JSON_LINES = (".jsonl", ".ndjson")


@dataclass(frozen=True)
class Document:
    """Text with its source, or the reason why it could not be read.

    Attributes
    ----------
    name : str
        The file; for JSON lines with the number of the line.
    text : str
        The text; empty if there is none.
    problem : str
        The reason why there is no text; empty if there is one.

    See Also
    --------
    read_documents : Read documents.
    build_dataset : Make a data set of documents.

    Examples
    --------
    >>> from empowerment.text import Document
    >>> Document("notes.txt", "the cat sat")
    Document(name='notes.txt', text='the cat sat', problem='')
    """

    name: str
    text: str = ""
    problem: str = ""


def read_documents(
    paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    *,
    suffixes: Sequence[str] | None = None,
    field: str = "text",
) -> Iterator[Document]:
    """Read documents from files and folders.

    Parameters
    ----------
    paths : path or list of paths
        Files and folders. A file whose name ends with ``.jsonl`` or ``.ndjson`` has a document in each line: an
        object with the text under `field`. Any other file is one document. A folder stands for the files in it and in
        its folders, in the order of their paths; names that begin with a dot are left out.
    suffixes : sequence of str, optional
        In folders, read only files whose names end with one of these, such as ``[".py"]``.
    field : str
        Name of the text in an object of JSON lines.

    Yields
    ------
    Document
        A document that cannot be read has a `problem`: it is empty, holds bytes that are not UTF-8, or is a line
        without the text. The others are read nevertheless.

    Raises
    ------
    FileNotFoundError
        If a path does not exist.

    See Also
    --------
    build_dataset : Make a data set of documents.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from empowerment.text import read_documents
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (folder / "a.py").write_text("x = 1")
    >>> _ = (folder / "b.py").write_bytes(bytes([0xFF, 0]))
    >>> [(document.text, document.problem) for document in read_documents(folder)]
    [('x = 1', ''), ('', 'it is no text: byte 0 is 0xff, expected UTF-8')]
    """
    if not isinstance(paths, str | os.PathLike | list | tuple):
        raise TypeError(f"paths is {validate.shown(paths)}, expected a path or a list of paths")
    if suffixes is not None and isinstance(suffixes, str):
        raise TypeError(f"suffixes is {suffixes!r}, expected a list of endings, such as [{suffixes!r}]")
    listed = paths if isinstance(paths, list | tuple) else [paths]
    for path in [Path(validate.path(each, "paths")) for each in listed]:
        if not path.exists():
            raise FileNotFoundError(f"there is no file or folder {str(path)!r}")
        for file in _files(path, suffixes):
            if file.suffix.lower() in _JSON_LINES:
                yield from _lines(file, field)
            else:
                yield _document(str(file), _bytes(file))


def _files(path: Path, suffixes: Sequence[str] | None) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = []
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        wanted = (name for name in names if not name.startswith("."))
        found += [Path(folder, name) for name in wanted if suffixes is None or name.endswith(tuple(suffixes))]
    return sorted(found)


def _bytes(file: Path) -> bytes | OSError:
    try:
        return file.read_bytes()
    except OSError as reason:
        return reason


def _document(name: str, content: bytes | OSError) -> Document:
    if isinstance(content, OSError):
        return Document(name, problem=f"it cannot be read: {content.strerror or content}")
    try:
        text = content.decode("utf-8-sig")  # some editors begin a file with a mark of the encoding
    except UnicodeDecodeError as reason:
        return Document(
            name, problem=f"it is no text: byte {reason.start} is 0x{content[reason.start]:02x}, expected UTF-8"
        )
    if "\0" in text:
        return Document(name, problem=f"it is no text: byte {content.index(0)} is 0x00")
    return Document(name, text) if text else Document(name, problem="it is empty")


def _lines(file: Path, field: str) -> Iterator[Document]:
    try:
        with open(file, "rb") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield _line(f"{file}:{number}", line, field)
    except OSError as reason:
        yield _document(str(file), reason)


def _line(name: str, line: bytes, field: str) -> Document:
    try:
        found = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError) as reason:  # UnicodeDecodeError and JSONDecodeError are ValueErrors
        return Document(name, problem=f"it is no JSON: {reason}")
    text = found.get(field) if isinstance(found, dict) else None
    if not isinstance(text, str):
        fields = ", ".join(map(repr, found)) if isinstance(found, dict) else "none: it is no object"
        return Document(name, problem=f"it has no text under {field!r}; its fields are {fields}")
    try:
        return _document(name, text.encode("utf-8"))
    except UnicodeEncodeError as reason:
        return Document(name, problem=f"it is no text: character {reason.start} is half of a surrogate pair")
