"""How an answer reaches the user: JSON of a documented shape, or rich text that fits the terminal and is paged."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import click

from pytest_debugloop.cli.json_pages import asked_page, paged
from pytest_debugloop.text.ci_log import is_ci
from pytest_debugloop.text.json_values import JSON_VERSION, json_text, plain
from pytest_debugloop.text.lines import Line

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text

_PIPE_WIDTH = 10_000
_NARROWEST = 40  # of lines that are cut

json_option = click.option("--json", "as_json", is_flag=True, help="Write JSON, as described in docs/json.md.")
"""Declares ``--json``; the command gets it as ``as_json``."""


def write_json(command: str, facts: dict[str, Any], **lists: Iterable[Any]) -> None:
    """Write the answer of a command as one JSON object, its lists row by row as they come.

    Args:
        command: its name.
        facts: the keys that are there at once.
        **lists: the keys that hold rows.
    """
    head = {"schema": f"debugloop/{command}", "version": JSON_VERSION, **facts}
    out = sys.stdout
    if page := asked_page():
        for text in paged(head, lists, page):
            out.write(text)
        out.flush()
        return
    out.write(_json(head)[:-1])
    for name, rows in lists.items():
        out.write(f", {_json(name)}: [")
        for number, row in enumerate(rows):
            out.write(",\n " if number else "\n ")
            out.write(_json(row))
        out.write("]")
    out.write("}\n")
    out.flush()


def _json(value: Any) -> str:
    return json_text(plain(value))


def show(pages: Iterable[Line | RenderableType], *, paging: bool = True) -> None:
    """Print what a command has to say, piece by piece as it comes.

    Args:
        pages: lines, or renderables of rich; plain texts are taken as they are, without markup.
        paging: whether to use a pager where the answer goes to a terminal.
    """
    console = make_console()
    texts = _rendered(console, pages)
    if paging and console.is_terminal and sys.stdin.isatty() and os.environ.get("TERM") != "dumb" and not is_ci():
        os.environ.setdefault("LESS", "FRX")  # leave at once what fits the screen; colours; keep the screen
        click.echo_via_pager(texts, color=True)
        return
    for text in texts:
        sys.stdout.write(text)
    sys.stdout.flush()


def make_console(*, stderr: bool = False) -> Console:
    """Make what prints: as wide as the terminal, or as long as the lines are; colours only where they are wanted.

    Args:
        stderr: whether to print to standard error.
    """
    from rich.console import Console
    from rich.theme import Theme

    stream = sys.stderr if stderr else sys.stdout
    forced = bool(os.environ.get("FORCE_COLOR"))
    is_terminal = stream.isatty() or forced
    return Console(
        file=stream,
        width=None if stream.isatty() or os.environ.get("COLUMNS") else _PIPE_WIDTH,
        force_terminal=is_terminal,
        no_color=bool(os.environ.get("NO_COLOR")),
        color_system=None if os.environ.get("NO_COLOR") or not is_terminal else "auto",
        markup=False,
        emoji=False,
        highlight=False,
        legacy_windows=False,
        theme=Theme(STYLES, inherit=True),
    )


STYLES = {
    "title": "bold",
    "fail": "red",
    "pass": "green",
    "warn": "yellow",
    "id": "cyan",
    "faint": "dim",
    "name": "cyan",
    "mark": "bold red",
}
"""The names of styles that commands use."""


def _rendered(console: Console, pages: Iterable[Line | RenderableType]) -> Iterator[str]:
    for page in pages:
        with console.capture() as capture:
            if not isinstance(page, Line):
                console.print(page)
            elif page.is_whole:
                console.print(drawn(page, console.width), soft_wrap=True)
            else:
                for row in _folded(drawn(page, console.width), console):
                    console.print(row, soft_wrap=True)
        yield _without_trailing_space(capture.get())


def drawn(line: Line, width: int) -> Text:
    """Give a line as rich draws it.

    Args:
        line: of which the style of the first piece is below those of the others.
        width: columns of the terminal.
    """
    from rich.text import Text

    (text, style), *others = line.spans
    made = Text(text, style=style)
    for piece in others:
        made.append(*piece)
    if line.is_cut:
        made.truncate(max(width, _NARROWEST), overflow="ellipsis")
    return made


def _folded(text: Text, console: Console) -> Iterator[Text]:
    """Break a line that is longer than the terminal is wide; what follows is indented like it."""
    from rich.text import Text

    plain = text.plain
    indent = len(plain) - len(plain.lstrip(" "))
    if text.cell_len <= console.width or not 0 < indent < console.width // 2:
        yield from text.wrap(console, console.width) if text.cell_len > console.width else [text]
        return
    for row in text[indent:].wrap(console, console.width - indent):
        row.rstrip()
        yield Text(" " * indent).append_text(row)


def _without_trailing_space(text: str) -> str:
    return "\n".join(line.rstrip(" ") for line in text.split("\n"))
