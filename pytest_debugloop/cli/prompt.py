"""A small prompt for SQL on the record, for where there is no psql."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import psycopg
from psycopg import pq

from pytest_debugloop.cli.output import make_console, show
from pytest_debugloop.cli.views.words import counted
from pytest_debugloop.printable import printable
from pytest_debugloop.queries.relations import relations

if TYPE_CHECKING:
    from rich.text import Text

    from pytest_debugloop.cli.record import Connection

_HELP = (
    r"Statements end with ; and run one by one. \d lists tables and views, \d NAME the columns of one, \q or Ctrl-D "
    r"leaves, Ctrl-C forgets what was typed."
)
_LONGEST_CELL = 1000
_KEPT_LINES = 1000


def run_statements(connection: Connection, statements: list[str]) -> int:
    """Run statements one after the other, as ``psql -c`` does, up to the first that fails.

    Args:
        connection: in autocommit mode, its search path leads to the record.
        statements: of SQL, or commands of the prompt.

    Returns:
        An exit status: 1 where one failed.
    """
    for text in statements:
        for statement in complete_statements(text + "\n;")[0]:
            if not _run(connection, statement):
                return 1
    return 0


def prompt(connection: Connection, history: Path | None) -> int:
    """Ask for statements and run them, until the end of the input.

    Args:
        connection: in autocommit mode, its search path leads to the record.
        history: where typed lines are kept; None for nowhere.

    Returns:
        An exit status: where a terminal asks 0, else 1 where a statement failed, as for a script.
    """
    asks = sys.stdin.isatty()
    if asks:
        server = connection.info.server_version // 10000
        click.echo(f"PostgreSQL {server}; there is no psql here, so this is a small prompt. {_HELP}")
    failed = False
    with _history(history if asks else None):
        for statement in _typed(asks):
            if statement in ("\\q", "quit", "exit"):
                break
            failed |= not _run(connection, statement)
    return 1 if failed and not asks else 0


def _typed(asks: bool) -> Iterator[str]:
    """Give each statement that is typed, as it is complete."""
    held = ""
    while True:
        try:
            line = input(("-> " if held.strip() else "=> ") if asks else "")
        except EOFError:
            if asks:
                click.echo()
            elif held.strip():
                yield held
            return
        except KeyboardInterrupt:
            if not asks:
                raise
            click.echo()
            held = ""
            continue
        if not held.strip() and line.strip().startswith("\\"):
            yield line.strip().rstrip(";").strip()
            continue
        if not held.strip() and line.strip() in ("quit", "exit"):
            yield line.strip()
            return
        statements, held = complete_statements(held + line + "\n")
        yield from statements


def complete_statements(text: str) -> tuple[list[str], str]:
    r"""Split a text at the semicolons that end statements: not those in quotes, comments, or dollar quotes.

    Args:
        text: of SQL, or commands such as ``\d``.

    Returns:
        The statements that are complete, and the rest.
    """
    found, begin, place, depth = [], 0, 0, 0
    while place < len(text):
        character = text[place]
        skipped = _skipped(text, place)
        if skipped is not None:
            if skipped < 0:
                break  # it goes on in what is not typed yet
            place = skipped
            continue
        depth = max(depth + {"(": 1, ")": -1}.get(character, 0), 0)
        if character == ";" and depth == 0:
            if _has_code(text[begin:place]):
                found.append(text[begin:place].strip())
            begin = place + 1
        place += 1
    return found, text[begin:]


def _skipped(text: str, place: int) -> int | None:
    """Give the end of the quote or comment that begins at a place, -1 where it has none yet; None: none begins."""
    character = text[place]
    before = text[place - 1 : place]
    if character in "'\"":
        # E'...' alone takes backslashes.
        takes_backslash = (
            character == "'" and before in ("e", "E") and not text[max(place - 2, 0) : place - 1].isalnum()
        )
        return _end_of_quote(text, place + 1, character, takes_backslash)
    if text.startswith("--", place):
        end = text.find("\n", place)
        return end if end >= 0 else len(text)
    if text.startswith("/*", place):
        return _end_of_comment(text, place)
    if character == "$" and not (before.isalnum() or before == "_"):
        tag_end = text.find("$", place + 1)
        tag = text[place : tag_end + 1]
        if tag_end > 0 and (tag == "$$" or tag[1:-1].isidentifier()):
            end = text.find(tag, tag_end + 1)
            return end + len(tag) if end >= 0 else -1
    return None


def _end_of_quote(text: str, place: int, quote: str, takes_backslash: bool) -> int:
    while place < len(text):
        if takes_backslash and text[place] == "\\":
            place += 2
        elif text[place] == quote:
            if text[place + 1 : place + 2] != quote:
                return place + 1
            place += 2
        else:
            place += 1
    return -1


def _end_of_comment(text: str, place: int) -> int:
    depth = 0
    while place < len(text):
        if text.startswith("/*", place):
            depth, place = depth + 1, place + 2
        elif text.startswith("*/", place):
            depth, place = depth - 1, place + 2
            if depth == 0:
                return place
        else:
            place += 1
    return -1


def _has_code(text: str) -> bool:
    place = 0
    while place < len(text):
        if text[place].isspace():
            place += 1
        elif text.startswith(("--", "/*"), place):
            skipped = _skipped(text, place)
            if skipped is None or skipped < 0:
                return False
            place = skipped
        else:
            return True
    return False


def _run(connection: Connection, statement: str) -> bool:
    """Run a statement and show what it gives; what fails is one line."""
    try:
        if statement.startswith("\\"):
            return _command(connection, statement)
        with connection.cursor() as cursor:
            cursor.execute(statement.encode("utf-8", "surrogateescape"))
            if cursor.description is None:
                click.echo(printable(cursor.statusmessage or ""))
            else:
                names = [column.name for column in cursor.description]
                show(_table(names, iter(cursor.fetchone, None)), paging=sys.stdin.isatty())
                click.echo(f"({counted(cursor.rowcount, 'row')})")
    except psycopg.Error as error:
        _fail(error.diag.message_primary or str(error))
        if connection.closed:
            raise
        if connection.info.transaction_status == pq.TransactionStatus.INERROR:
            connection.rollback()
        return False
    except KeyboardInterrupt:
        connection.cancel()
        _fail("interrupted")
        return False
    return True


def _fail(reason: str) -> None:
    click.echo(f"Error: {printable(' '.join(reason.split()))}", err=True)


def _command(connection: Connection, text: str) -> bool:
    word, _, name = text.partition(" ")
    if word == "\\d":
        found = relations(connection, name.strip() or None)
        if name.strip() and not found:
            _fail(f"there is no table or view {name.strip()}")
            return False
        show(_table(["name", "kind", "comment"], ((r.name, r.kind, r.comment) for r in found)), paging=True)
        return True
    if word in ("\\?", "\\h", "\\help"):
        click.echo(_HELP)
        return True
    _fail(rf"{word} is not known here; \d, \q and \? are")
    return False


def _table(names: list[str], rows: Iterator[Any]) -> Iterator[Text]:
    from rich.text import Text

    from pytest_debugloop.cli.views.tables import Column, table

    columns = [Column(printable(name), flexible=True) for name in names]
    shown = ([_cell(value) for value in row] for row in rows)
    first = next(shown, None)
    if first is None:
        yield Text("  ".join(column.title for column in columns), style="faint")
        return
    yield from table(columns, chain([first], shown), make_console().width)


def _cell(value: object) -> str:
    if value is None:
        return ""
    text = value.hex() if isinstance(value, (bytes, memoryview)) else str(value)
    return printable(text if len(text) <= _LONGEST_CELL else text[:_LONGEST_CELL] + "…")


@contextmanager
def _history(path: Path | None) -> Iterator[None]:
    """Keep typed lines over sessions, where this Python has readline."""
    if path is None:
        yield
        return
    try:
        import readline
    except ImportError:
        yield
        return
    # macOS has libedit under this name; it takes the same calls.
    with suppress(OSError):
        readline.read_history_file(path)
    readline.set_history_length(_KEPT_LINES)
    try:
        yield
    finally:
        with suppress(OSError):
            path.touch(mode=0o600, exist_ok=True)
            readline.write_history_file(path)
