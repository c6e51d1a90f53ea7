"""The cells of a table in a text file, however its columns are parted, and what each of them may be."""

from __future__ import annotations

import codecs
import csv
import re
from dataclasses import dataclass

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_PARTERS = {"\t": "tabs", ";": "semicolons", ",": "commas", " ": "spaces"}
_STATED = re.compile(r"sep=([\t;,])", re.IGNORECASE)
_QUOTED = re.compile(r'"(?:[^"]|"")*"')
_WORD = re.compile(r'"((?:[^"]|"")*)"(?=\s|$)|(\S+)')
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_NUMBER_WITH_COMMA = re.compile(r"[+-]?(\d+,?\d*|,\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_LIKE_A_NUMBER = re.compile(r"[+-]?[.,]?\d", re.ASCII)
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}([.,]\d{3})+", re.ASCII)
_AS_SAVETXT = re.compile(r"[+-]?\d[.,]\d{18}e[+-]\d\d\d?", re.ASCII)
_MISSING = {"na", "n/a", "#n/a", "nan", "null", "none", "inf", "+inf", "-inf", "infinity", "-infinity", "-", "?", "."}

NUMBER, NAME, EMPTY, ODD = "number", "name", "empty", "odd"


@dataclass(frozen=True)
class Row:
    """A line of a table: its number in the file, and its cells."""

    line: int
    cells: list[str]


@dataclass(frozen=True)
class Cells:
    """The lines of a table that are neither blank nor comments.

    Attributes
    ----------
    source : str
        What the file is called in a message.
    parter : str
        What stands between the cells: a tab, a semicolon, a comma, or a space for any white space.
    rows : list of Row
    comments : list of Row
        The lines that begin with ``#``, split alike: each may be a row whose label begins so.
    """

    source: str
    parter: str
    rows: list[Row]
    comments: list[Row]

    @property
    def decimal_commas(self) -> bool:
        """Whether a comma may stand in a number, since it does not part cells."""
        return self.parter in ("\t", ";")

    @property
    def parted_by(self) -> str:
        """The name of what stands between the cells."""
        return _PARTERS[self.parter]

    def kind(self, cell: str) -> str:
        """Return what a cell may be: a number, a name, nothing, or something that is none of these for sure."""
        if _NUMBER.fullmatch(cell) or (self.decimal_commas and _NUMBER_WITH_COMMA.fullmatch(cell)):
            return NUMBER
        if not cell:
            return EMPTY
        return ODD if _LIKE_A_NUMBER.match(cell) or cell.lower() in _MISSING else NAME

    def number(self, cell: str) -> float:
        """Return the value of a cell that is a number."""
        return float(cell.replace(",", ".") if self.decimal_commas else cell)

    def complaint(self, row: Row, wanted: str) -> ValueError:
        """Return an error that names the file, a line, and what stands there."""
        shown = self.parter.join(row.cells)
        return ValueError(
            f"line {row.line} of {self.source} is {shown[:40] + ('…' if len(shown) > 40 else '')!r}, {wanted}"
        )


def written_by_savetxt(cells: list[str]) -> bool:
    """Whether numbers are written as `numpy.savetxt` does by default, and nobody writes a name."""
    return bool(cells) and all(_AS_SAVETXT.fullmatch(cell) for cell in cells)


def may_have_thousands(cells: list[str]) -> bool:
    """Whether a sign in a number may part thousands as well as decimals, as in 1.000 or 12,345."""
    return any(_THOUSANDS.fullmatch(cell) for cell in cells)


def read_cells(raw: bytes, source: str) -> Cells:
    """Return the cells of a table in UTF-8, or UTF-16 with a mark at its beginning.

    Blank lines are passed over, and comments, which begin with ``#``, are set apart. Columns are parted by tabs if
    there is one outside quotes, else by semicolons, else by commas, else by white space, unless a first line such as
    ``sep=;`` says by what, as Excel writes it. Columns at either end that are empty in every line are left out.

    Raises
    ------
    ValueError
        If it is no text, has no lines, or a quote in a line does not end.
    """
    try:
        text = raw.decode("utf-16" if raw.startswith(_UTF16) else "utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise ValueError(f"{source} is not a text file in UTF-8")
    lines = [(n, line.strip(" ")) for n, line in enumerate(re.split(r"\r\n|\n|\r", text), start=1)]
    comments = [(n, line) for n, line in lines if line.lstrip().startswith("#")]
    lines = [(n, line) for n, line in lines if line.strip() and not line.lstrip().startswith("#")]
    stated = _STATED.fullmatch(lines[0][1]) if lines else None
    lines = lines[1:] if stated else lines
    if not lines:
        raise ValueError(f"{source} has no lines with numbers, expected a row of probabilities for each input")
    outside = "".join(_QUOTED.sub("", line) for _, line in lines)
    parter = stated[1] if stated else next((sign for sign in "\t;," if sign in outside), " ")
    rows = [Row(n, _split(line, parter, n, source)) for n, line in lines]
    noted = [Row(n, line.split(None if parter == " " else parter)) for n, line in comments]
    for end in (0, -1):
        while all(len(row.cells) > 1 and not row.cells[end] for row in rows):
            for row in rows:
                row.cells.pop(end)
    return Cells(source, parter, rows, noted)


def _split(line: str, parter: str, number: int, source: str) -> list[str]:
    if parter == " ":
        return [word if word else quoted.replace('""', '"') for quoted, word in _WORD.findall(line)]
    try:
        (cells,) = csv.reader([line], delimiter=parter, skipinitialspace=True, strict=True)
    except csv.Error as reason:
        raise ValueError(f"line {number} of {source} is {line[:40]!r}, which cannot be split: {reason}") from None
    return [cell.strip() for cell in cells]
