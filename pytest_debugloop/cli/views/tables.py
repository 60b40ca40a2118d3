"""Tables whose rows come one after another: the first page decides how wide the columns are, and is there at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, TypeVar, cast

if TYPE_CHECKING:
    from rich.text import Text

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
    """

    title: str
    style: str = ""
    right: bool = False
    flexible: bool = False
    optional: int = 0
    keep_end: bool = False


Row = Sequence["Text | str"]


def begun(rows: Iterator[T]) -> Iterator[T] | None:
    """Tell whether there are rows at all, by asking for the first.

    Args:
        rows: as they come.

    Returns:
        All of them; None where there is none.
    """
    first = next(rows, _NOTHING)
    return None if first is _NOTHING else chain([cast("T", first)], rows)


def table(columns: list[Column], rows: Iterable[Row], width: int) -> Iterator[Text]:
    """Write a table line by line.

    Args:
        columns: from left to right.
        rows: a cell for each column, without line ends; texts are taken as they are, without markup.
        width: columns of the terminal.
    """
    from rich.cells import cell_len
    from rich.text import Text

    source = iter(rows)
    page = list(islice(source, _PAGE))
    if not page:
        return
    widths = [
        max(cell_len(column.title), *(cell_len(str(row[place])) for row in page))
        for place, column in enumerate(columns)
    ]
    widths = _fitted(columns, widths, width)
    kept = [place for place in range(len(columns)) if widths[place]]

    def line(cells: Row, style: str | None = None) -> Text:
        text = Text()
        for place in kept:
            column = columns[place]
            given = cells[place]
            cell = given.copy() if isinstance(given, Text) else Text(given)
            cell.stylize(column.style if style is None else style)
            text.append_text(_cut(cell, widths[place], column))
            text.append(" " * _GAP)
        text.rstrip()
        text.truncate(max(width, 1), overflow="ellipsis")
        return text

    yield line([column.title for column in columns], "faint")
    for row in page:
        yield line(row)
    for row in source:
        yield line(row)


def _fitted(columns: list[Column], widths: list[int], width: int) -> list[int]:
    """Leave out columns, then narrow the flexible ones, until a row fits; a width of 0 leaves a column out."""
    widths = list(widths)
    flexible = [place for place, column in enumerate(columns) if column.flexible]
    least = {place: min(widths[place], 24) for place in flexible}

    def total() -> int:
        return sum(w + _GAP for w in widths if w) - _GAP

    for rank in sorted({column.optional for column in columns} - {0}):
        for place, column in reversed(list(enumerate(columns))):
            needed = total() - sum(widths[p] - least[p] for p in flexible if widths[p])
            if column.optional == rank and needed > width:
                widths[place] = 0
    excess = total() - width
    while excess > 0:
        widest = max((p for p in flexible if widths[p]), key=lambda p: widths[p], default=None)
        if widest is None or widths[widest] <= 8:
            break
        widths[widest] -= 1
        excess -= 1
    return widths


def _cut(cell: Text, width: int, column: Column) -> Text:
    from rich.text import Text

    if cell.cell_len > width and column.keep_end:
        while cell.cell_len >= width and len(cell):
            cell = cell[1 : len(cell)]
        cell = Text("…").append_text(cell)
    cell.truncate(width, overflow="ellipsis")
    cell.align("right" if column.right else "left", width)
    return cell
