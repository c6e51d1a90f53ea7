"""Tables of probabilities: which line is a header and which column holds labels, decided without guessing."""

from __future__ import annotations

from dataclasses import dataclass

from empowerment.cli.cells import (
    EMPTY,
    NAME,
    NUMBER,
    Cells,
    Row,
    may_have_thousands,
    read_cells,
    written_by_savetxt,
)

# As for channels in double precision.
_SUM_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Table:
    """The numbers of a table, with its labels.

    Attributes
    ----------
    rows : list of list of float
    inputs, outputs : tuple of str, or None
        Labels of the rows and of the columns, where the file has any that differ.
    reading : str
        What was taken for a header and for labels.
    """

    rows: list[list[float]]
    inputs: tuple[str, ...] | None
    outputs: tuple[str, ...] | None
    reading: str


def read_table(
    raw: bytes, source: str, *, header: bool | None = None, index: bool | None = None, normalize: bool = False
) -> Table:
    """Return the table of probabilities, or of what is to be normalised, that a text file holds.

    Parameters
    ----------
    raw : bytes
        The content of the file.
    source : str
        What the file is called in a message.
    header, index : bool, optional
        Whether the first line is a header, and whether the first column holds labels. None leaves it to the file,
        and is refused where the file leaves it open.
    normalize : bool
        Whether rows need not sum to 1, so that their sums say nothing.

    Raises
    ------
    ValueError
        If the file is no such table, or may be read in two ways.
    """
    cells = read_cells(raw, source)
    _refuse_ragged(cells, header)
    _refuse_words(cells)
    has_header = _has_header(cells, normalize) if header is None else header
    first, body = cells.rows[0], cells.rows[has_header:]
    if not body:
        raise ValueError(f"{source} has a header and no other line, expected a row of probabilities for each input")
    short = has_header and len(first.cells) < len(body[0].cells)
    apart = has_header and (short or _stands_apart(first.cells, cells))
    has_index = _has_index(cells, body, apart, normalize) if index is None else index
    numbers = [_numbers(cells, Row(row.line, row.cells[has_index:])) for row in body]
    _refuse_two_decimal_signs(cells, [cell for row in body for cell in row.cells[has_index:]], normalize)
    _refuse_doubtful_comments(cells, has_index or len(body) == 1, header)
    names = first.cells[has_index and not short :] if has_header else []
    labels = [row.cells[0] for row in body] if has_index else []
    return Table(numbers, _distinct(labels), _distinct(names), _reading(cells, has_header, has_index))


def _refuse_doubtful_comments(cells: Cells, may_have_index: bool, header: bool | None) -> None:
    """Refuse a comment that may be a row whose label begins with ``#``, or the header that was meant."""
    first, width = cells.rows[0], len(cells.rows[-1].cells)
    for comment in cells.comments:
        numbers = all(cells.kind(cell.strip()) == NUMBER for cell in comment.cells[1:])
        if may_have_index and len(comment.cells) == width and numbers:
            raise cells.complaint(
                comment, "which may be a comment or a row whose label begins with '#'; take it away"
            )
        if header and comment.line < first.line and len(comment.cells) in (width, width + 1):
            raise cells.complaint(
                first, f"which --header takes for the header, but line {comment.line} may be it; take that line away"
            )


# --- the header


def _has_header(cells: Cells, normalize: bool) -> bool:
    """Return whether the first line is a header; what might be one and might be none is refused.

    Names make a header. Numbers make one where the column of labels has no name, or where they count the columns and
    cannot be a row. They make a row where they are written as `numpy.savetxt` writes, and as nobody writes a name.
    Any other line of numbers may be either.
    """
    first = cells.rows[0]
    corner, names, labels = _corner_and_names(cells)
    kinds = {cells.kind(name) for name in names}
    distinct = len(set(first.cells)) == len(first.cells)
    if kinds == {NAME} and distinct:
        return True
    numbers = [cells.number(name) for name in names if cells.kind(name) == NUMBER]
    whole = distinct and all(x.is_integer() for x in numbers)
    if corner == "" and kinds == {NAME, NUMBER} and whole and all(labels):
        return True
    if kinds != {NUMBER}:
        raise cells.complaint(
            first, "neither only names nor only numbers; pass --header if it is a header, or mend it"
        )
    # A line that lacks a cell might be a damaged row, and counts are whole: then the columns have to be counted.
    plain = not normalize and len(names) < len(first.cells)
    if corner == "" and whole and _are_labels(labels, cells) and (plain or _count(names, cells)):
        return True
    if written_by_savetxt(names):
        return False
    if corner and whole and _count(labels, cells):
        return True
    may_be_row = normalize or abs(sum(numbers) - 1.0) <= _SUM_TOLERANCE
    if not may_be_row and _count(names, cells):
        return True
    what = "a row of the channel" if may_be_row else f"a row, although its numbers sum to {sum(numbers):.6g},"
    raise cells.complaint(
        first, f"which may be {what} or a header of numbers; pass --no-header or --header to say which it is"
    )


def _corner_and_names(cells: Cells) -> tuple[str | None, list[str], list[str]]:
    """Return what stands above a column of labels, the cells beside it, and what may be labels.

    What stands there is "" where it is empty or lacking, and None where it can be no name: then there is no such
    column, or none that a header tells.
    """
    first, labels = cells.rows[0].cells, [row.cells[0] for row in cells.rows[1:]]
    if labels and len(first) < len(cells.rows[1].cells):
        return "", first, labels
    if len(first) > 1 and cells.kind(first[0]) in (NAME, EMPTY):
        return first[0], first[1:], labels
    return None, first, []


def _count(cells_in_order: list[str], cells: Cells) -> bool:
    """Whether cells are the numbers 0, 1, 2, ... or 1, 2, 3, ... ."""
    if not cells_in_order or any(cells.kind(cell) != NUMBER for cell in cells_in_order):
        return False
    numbers = [cells.number(cell) for cell in cells_in_order]
    return numbers[0] in (0, 1) and numbers == [numbers[0] + i for i in range(len(numbers))]


def _are_labels(labels: list[str], cells: Cells) -> bool:
    return _count(labels, cells) or all(cells.kind(label) == NAME for label in labels)


# --- the column of labels


def _stands_apart(header: list[str], cells: Cells) -> bool:
    """Whether a header has no name for the first column, or a name where it has numbers for all others."""
    corner, others = cells.kind(header[0]), {cells.kind(name) for name in header[1:]}
    return corner == EMPTY or (corner == NAME and others == {NUMBER})


def _has_index(cells: Cells, body: list[Row], apart: bool, normalize: bool) -> bool:
    """Return whether the first column holds labels; what might hold some and might hold none is refused.

    Names are labels, and so is what stands apart in the header. Whole numbers that increase are labels if the rows
    are probabilities without them only. Where rows are to be normalised, nothing tells numbers from labels.
    """
    first = [row.cells[0] for row in body]
    kinds = {cells.kind(cell) for cell in first}
    if len(body[0].cells) == 1 or written_by_savetxt(first):
        return False
    if kinds == {NAME} and len(set(first)) == len(first):
        return True
    if kinds != {NUMBER}:
        if apart and EMPTY not in kinds:
            return True
        odd = next(row for row in body if cells.kind(row.cells[0]) != NUMBER)
        raise cells.complaint(odd, f"{_WANTED}; pass --index if its first column holds labels")
    labels = [cells.number(cell) for cell in first]
    increasing = all(x.is_integer() for x in labels) and labels == sorted(set(labels))
    kept, dropped = (not normalize and _all_rows_sum_to_1(cells, body, start) for start in (0, 1))
    counted = _count(first, cells)
    if (normalize and not (apart and counted)) or (apart and kept and not dropped):
        raise cells.complaint(
            body[0],
            "whose first column may hold labels or numbers of the channel; pass --index or --no-index to say which",
        )
    return apart or (increasing and dropped and not kept)


def _all_rows_sum_to_1(cells: Cells, body: list[Row], start: int) -> bool:
    rows = ([cells.number(cell) for cell in row.cells[start:] if cells.kind(cell) == NUMBER] for row in body)
    return all(abs(sum(row) - 1.0) <= _SUM_TOLERANCE for row in rows)


# --- the numbers

_WANTED = "expected numbers"


def _refuse_ragged(cells: Cells, header: bool | None) -> None:
    """Refuse lines of different lengths; a header may lack the name of the column of labels."""
    first, *rest = cells.rows
    width = len(rest[0].cells) if rest else len(first.cells)
    for row in cells.rows:
        shorter = row is first and header is not False and len(row.cells) == width - 1 > 0
        if len(row.cells) != width and not shorter:
            found = f"{len(row.cells)} cells parted by {cells.parted_by}"
            raise cells.complaint(row, f"{found}, expected {width} as in line {rest[0].line}")


def _refuse_words(cells: Cells) -> None:
    """Refuse what can be a number in no reading: it lies neither in the first line nor in the first column."""
    for row in cells.rows[1:]:
        if len(row.cells) == 1:
            _numbers(cells, row)
        elif any(cells.kind(cell) != NUMBER for cell in row.cells[1:]):
            raise cells.complaint(row, f"{_WANTED} parted by {cells.parted_by}")


def _numbers(cells: Cells, row: Row) -> list[float]:
    if not row.cells or any(cells.kind(cell) != NUMBER for cell in row.cells):
        raise cells.complaint(row, f"{_WANTED} parted by {cells.parted_by}")
    return [cells.number(cell) for cell in row.cells]


def _refuse_two_decimal_signs(cells: Cells, numbers: list[str], normalize: bool) -> None:
    if not cells.decimal_commas:
        return
    commas, points = (any(sign in cell for cell in numbers) for sign in (",", "."))
    if (commas and points) or (normalize and may_have_thousands(numbers)):
        raise ValueError(
            f"{cells.source} has numbers with signs that may part decimals or thousands, such as "
            f"{next(cell for cell in numbers if '.' in cell or ',' in cell)!r}; write them with points for decimals "
            "and commas between the columns"
        )


def _distinct(labels: list[str]) -> tuple[str, ...] | None:
    return tuple(labels) if labels and len(set(labels)) == len(labels) else None


def _reading(cells: Cells, has_header: bool, has_index: bool) -> str:
    first = f"line {cells.rows[0].line} as a header" if has_header else "every line as a row"
    return f"{first}, the first column as labels" if has_index else f"{first}, every column as numbers"
