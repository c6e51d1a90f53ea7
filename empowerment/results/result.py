"""The base of every result: a table, HTML and a file, each derived from its fields."""

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
        What the rows are.
    labels : sequence or None
        A label of each row; None numbers them from 0.
    columns : mapping of str to sequence or array
    """

    kind: str
    labels: Sequence[Any] | None
    columns: Mapping[str, Any]


class Result:
    """The base of every result, which is a dataclass.

    A result says in `_table` what its rows are, and in `_check` what its fields must satisfy. Files hold its fields:
    arrays, numbers, texts, tuples and mappings of them, and objects of the classes in `_parts`.
    """

    _parts: ClassVar[tuple[type[Any], ...]] = ()

    def _table(self) -> Table:
        """Return the rows that tables show."""
        raise NotImplementedError

    def _check(self) -> None:
        """Raise a ValueError that names the first field that no result can have."""

    def _facts(self) -> dict[str, Any]:
        """Return the fields that are single numbers, texts or truth values."""
        found = {each.name: getattr(self, each.name) for each in dataclasses.fields(self)}  # type: ignore[arg-type]
        return {name: value for name, value in found.items() if type(value) in _PLAIN}

    def to_dataframe(self) -> Any:
        """Return the result as a table.

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
        """Return the result as a table of HTML, as notebooks show it."""
        kind, labels, columns = self._table()
        first = {} if labels is None else {kind: list(labels)}
        return table({**first, **{name: [_shown(each) for each in own] for name, own in columns.items()}}, repr(self))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write everything into an ``.npz`` file (no pickle), whole or not at all.

        Parameters
        ----------
        path : path
            What is replaced must be a regular file, and hands its mode on; of a symbolic link the target is replaced.

        Raises
        ------
        TypeError
            If a label is of a kind that JSON cannot hold.
        ValueError
            If the fields do not fit together, so that :meth:`load` would refuse the file.
        OSError
            If nothing can be written there; the message names the path and the reason.
        """
        self._check()
        save_fields(self, path)

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, memory: float = 4e9) -> Self:
        """Read what :meth:`save` wrote, if nothing in the file has changed since.

        Parameters
        ----------
        path : path
        memory : float
            The most bytes that the arrays in the file may take; a larger file is refused before it is unpacked.

        Returns
        -------
        object of this class

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it is not a saved result of this class, is damaged, or was written by another version of the library;
            the message names the file and what in it is wrong.
        MemoryError
            If it would unpack to more than `memory`.
        """
        return load_fields(cls, path, memory)


def _shown(value: Any) -> Any:
    return f"{value:.6g}" if isinstance(value, float) else value
