"""Tables whose rows come one after another: the first page decides how wide the columns are, and is there at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import TypeVar, cast

from pytest_debugloop.text.lines import Line

T = TypeVar("T")

_NOTHING = object()
_PAGE = 100
_GAP = 2


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        title: above it.
        style: of its cells.
        right: whether it is of numbers.
        flexible: whether it gives way where the terminal is narrow: its cells are cut then.
        optional: how early it is left out where the terminal is narrow, 0 never.
        keep_end: whether a cell that is cut keeps its end and not its beginning.
        is_whole: whether its cells are never cut, as they are to be copied: where the terminal is too narrow, they
            stand below the row.
        least: columns of the terminal that its cells need to say enough: where there are less, they stand below the
            row, cut where the terminal ends.
    """

    title: str
    style: str = ""
    right: bool = False
    flexible: bool = False
    optional: int = 0
    keep_end: bool = False
    is_whole: bool = False
    least: int = 0


Row = Sequence[Line | str]


def nonempty(rows: Iterator[T]) -> Iterator[T] | None:
    """Tell whether there are rows at all, by asking for the first.

    Args:
        rows: as they come.

    Returns:
        All of them; None where there is none.
    """
    first = next(rows, _NOTHING)
    return None if first is _NOTHING else chain([cast("T", first)], rows)


def table(columns: list[Column], rows: Iterable[Row], width: int) -> Iterator[Line]:
    """Write a table line by line.

    Args:
        columns: from left to right.
        rows: a cell for each column, without line ends; texts are taken as they are, without markup.
        width: columns of the terminal.
    """
    from rich.cells import cell_len, set_cell_size

    source = iter(rows)
    page = [[_cell(cell) for cell in row] for row in islice(source, _PAGE)]
    if not page:
        return
    widths, below = _planned(columns, page, width)
    kept = [index for index in range(len(columns)) if widths[index]]

    def line(cells: Sequence[tuple[str, str]], style: str | None = None) -> Line:
        spans = [("", "")]
        for place in kept:
            text, own = cells[place]
            shown = columns[place].style if style is None else style
            spans += [(_aligned(text, widths[place], columns[place]), shown or own), (" " * _GAP, "")]
        return Line(tuple(_cut(spans, max(width, 1))) or (("", ""),))

    def folded(cells: Sequence[tuple[str, str]]) -> Iterator[Line]:
        """Write below a row what did not fit into it, as many cells on a line as there is room for."""
        spans: list[tuple[str, str]] = []
        for place, column in enumerate(columns):
            text, own = cells[place]
            is_late = column.is_whole and cell_len(text) > widths[place]  # by the first page it would have fit
            if not text or not (place in below or is_late):
                continue
            style = column.style or own
            if spans and _GAP + sum(cell_len(part) for part, _ in spans) + cell_len(text) > width - _GAP:
                yield Line((("  ", ""), *spans), is_whole=True)
                spans = []
            if not column.is_whole and cell_len(text) > width - _GAP:
                text = f"{set_cell_size(text, max(width - _GAP - 1, 1))}…"
            spans += [*([("  ", "")] if spans else []), (text, style)]
        if spans:
            yield Line((("  ", ""), *spans), is_whole=True)

    yield line([(column.title, "") for column in columns], "faint")
    for row in chain(page, ([_cell(cell) for cell in later] for later in source)):
        yield line(row)
        yield from folded(row)


def cell_width(text: str) -> int:
    """Count the columns of a terminal that a text takes.

    Args:
        text: without line ends.
    """
    from rich.cells import cell_len

    return cell_len(text)


def _planned(columns: list[Column], page: list[list[tuple[str, str]]], width: int) -> tuple[list[int], list[int]]:
    """Decide how wide the columns are, and which stand below the rows as there is no room for them, or no need."""
    from rich.cells import cell_len

    filled = [max(cell_len(row[index][0]) for row in page) for index in range(len(columns))]
    longest = [max(cell_len(column.title), filled[index]) for index, column in enumerate(columns)]
    folding = [index for index, column in enumerate(columns) if column.is_whole or column.least]
    # What no row of the first page has may be in a later one.
    below = {index for index in folding if not filled[index]}
    while True:
        # Without a column that stands below there is more room for the others.
        widths = _fitted(columns, [0 if index in below else one for index, one in enumerate(longest)], width)
        left = [index for index in folding if index not in below]
        needed = {index: longest[index] if columns[index].is_whole else columns[index].least for index in left}
        cut = [index for index in left if widths[index] < min(longest[index], needed[index])]
        if not cut and _total(widths) > width:
            cut = left[-1:]
        if not cut:
            return widths, sorted(below)
        below.add(max(cut, key=longest.__getitem__))


def _total(widths: Sequence[int]) -> int:
    return sum(one + _GAP for one in widths if one) - _GAP


def _fitted(columns: list[Column], widths: list[int], width: int) -> list[int]:
    """Leave out columns, then narrow the flexible ones, until a row fits; a width of 0 leaves a column out."""
    widths = list(widths)
    flexible = [index for index, column in enumerate(columns) if column.flexible]
    least = {place: min(widths[place], 24) for place in flexible}

    for rank in sorted({column.optional for column in columns} - {0}):
        for place, column in reversed(list(enumerate(columns))):
            needed = _total(widths) - sum(widths[p] - least[p] for p in flexible if widths[p])
            if column.optional == rank and needed > width:
                widths[place] = 0
    excess = _total(widths) - width
    while excess > 0:
        widest = max((p for p in flexible if widths[p]), key=lambda p: widths[p], default=None)
        if widest is None or widths[widest] <= 8:
            break
        widths[widest] -= 1
        excess -= 1
    return widths


def _cell(cell: Line | str) -> tuple[str, str]:
    """Give what a cell says, and in which style."""
    return (cell, "") if isinstance(cell, str) else (cell.plain, cell.spans[0][1])


def _aligned(text: str, width: int, column: Column) -> str:
    from rich.cells import cell_len, set_cell_size

    if cell_len(text) > width and column.keep_end:
        while cell_len(text) >= width and text:
            text = text[1:]
        text = f"…{text}"
    if cell_len(text) > width:
        text = f"{set_cell_size(text, width - 1)}…"
    blank = " " * (width - cell_len(text))
    return blank + text if column.right else text + blank


def _cut(spans: list[tuple[str, str]], width: int) -> Iterator[tuple[str, str]]:
    """End a line where the terminal does."""
    from rich.cells import cell_len, set_cell_size

    while spans and not spans[-1][0].strip():
        spans.pop()
    if spans:
        spans[-1] = (spans[-1][0].rstrip(), spans[-1][1])
    is_cut = cell_len("".join(text for text, _ in spans)) > width
    left = width - is_cut
    for text, style in spans:
        if is_cut and cell_len(text) > left:
            yield f"{set_cell_size(text, left)}…", style
            return
        yield text, style
        left -= cell_len(text)
