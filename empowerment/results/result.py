"""Base class of results: a table, HTML and a file, each derived from the fields."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple, Self

from empowerment.export.html import table
from empowerment.export.npz import load_fields, save_fields
from empowerment.export.tables import data_frame

_PLAIN = (bool, int, float, str)


class Table(NamedTuple):
    """A result as columns of equal length.

    Attributes
    ----------
    kind : str
        Name of the rows.
    labels : sequence or None
        Label of each row; None numbers them from 0.
    columns : mapping of str to sequence or array
        The columns by name.
    """

    kind: str
    labels: Sequence[Any] | None
    columns: Mapping[str, Any]


class Result:
    """Base class of results, which are dataclasses.

    A result defines its rows in `_table`, and the conditions on its fields in `_check`. Files hold its fields:
    arrays,
    numbers, texts, tuples and mappings of them, and objects of the classes in `_parts`.
    """

    _parts: ClassVar[tuple[type[Any], ...]] = ()

    def _table(self) -> Table:
        """Return the rows of the table."""
        raise NotImplementedError

    def _check(self) -> None:
        """Raise a ValueError that names the first field with an impossible value."""

    def _facts(self) -> dict[str, Any]:
        """Return the fields that are single numbers, texts or truth values."""
        found = {each.name: getattr(self, each.name) for each in dataclasses.fields(self)}  # type: ignore[arg-type]
        return {name: value for name, value in found.items() if type(value) in _PLAIN}

    def to_dataframe(self) -> Any:
        """Convert the result into a table.

        Returns
        -------
        pandas.DataFrame
            Fields that are single numbers or texts are in its ``attrs``.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        kind, labels, columns = self._table()
        return data_frame(columns, kind, labels, self._facts())

    def _repr_html_(self) -> str:
        """Return the result as an HTML table, as notebooks show it."""
        kind, labels, columns = self._table()
        first = {} if labels is None else {kind: list(labels)}
        return table({**first, **{name: [_shown(each) for each in own] for name, own in columns.items()}}, repr(self))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the result to an ``.npz`` file without pickles, completely or not at all.

        Parameters
        ----------
        path : path
            File to write. An existing one must be a regular file, whose mode is kept; of a symbolic link the target
            is replaced.

        Raises
        ------
        TypeError
            If JSON cannot hold a label.
        ValueError
            If the fields contradict each other, so that :meth:`load` would refuse the file.
        OSError
            If the file cannot be written; the message names the path and the reason.
        """
        self._check()
        save_fields(self, path)

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, memory: float = 4e9) -> Self:
        """Read a result that :meth:`save` wrote, if the file was not changed.

        Parameters
        ----------
        path : path
            The file.
        memory : float
            Limit in bytes on the arrays; a larger file is refused before it is unpacked.

        Returns
        -------
        object of this class
            The result.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it is not a saved result of this class, is damaged, or was written by another version of the library;
            the message names the file and what is wrong.
        MemoryError
            If it would unpack to more than `memory`.
        """
        return load_fields(cls, path, memory)


def _shown(value: Any) -> Any:
    return f"{value:.6g}" if isinstance(value, float) else value
