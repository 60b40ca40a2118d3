"""``debugloop sql``: psql on the record."""

from __future__ import annotations

import os
import re
import shutil
import sys
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, cast

import click

from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.cli.output import json_option, write_json

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from psycopg import Cursor

    from pytest_debugloop.answers.connection import Connection
    from pytest_debugloop.text.lines import Line

_LONGEST_CELL = 1000


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("psql_arguments", nargs=-1, type=click.UNPROCESSED)
@json_option
@click.pass_obj
def command(location: RecordLocation, psql_arguments: tuple[str, ...], as_json: bool) -> None:
    """Open psql on the record, with any arguments of psql.

    A single argument that is no option is a statement, as after -c. The embedded server comes with psql. Without any
    psql, only statements work. With --json, the only argument is a statement, which may only read; its rows are written
    as JSON.

    \b
    Example: debugloop sql "SELECT * FROM debug_workflow_context"
    Example: debugloop sql --json "SELECT node_id, score FROM debug_flaky_tests"
    """
    if as_json:
        _write_rows(location, psql_arguments)
        return
    if len(psql_arguments) == 1 and not psql_arguments[0].startswith("-"):
        psql_arguments = ("-c", *psql_arguments)  # the database is given, so that psql would take it for a role
    from pytest_debugloop.answers.connection import open_server

    with open_server(location) as (conninfo, connection):
        program = _psql(location)
        if program is None:
            _run_statements(location, connection, psql_arguments)
            return
        connection.close()
        sys.exit(_run_psql(program, conninfo, location, psql_arguments))


def _run_psql(program: str, conninfo: str, location: RecordLocation, arguments: tuple[str, ...]) -> int:
    """Run psql on the record, and give its exit status; Ctrl-C is psql's, which stops a statement and goes on."""
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    from pytest_debugloop.cli.process import interrupts_left_to_child
    from pytest_debugloop.cli.safe_output import run_guarded

    given = {name: str(value) for name, value in conninfo_to_dict(conninfo).items()}
    environment = dict(os.environ)
    # Arguments of a process can be read by every user of the machine.
    if password := given.pop("password", None):
        environment["PGPASSWORD"] = password
    # Ours go after those that somebody gave; an embedded server takes none from the environment.
    theirs = given.get("options", os.environ.get("PGOPTIONS", ""))
    options = f"{theirs} -c search_path={_quoted(location.schema)},public".strip()
    target = make_conninfo(**{**given, "options": options})
    with interrupts_left_to_child() as interrupts:
        status = run_guarded([program, "-d", target, *arguments], environment)
    if status and interrupts:
        return 130
    return status if status >= 0 else 128 - status


def _psql(location: RecordLocation) -> str | None:
    """Find psql: the machine's first for a server that is named, else the embedded server's; None: there is none."""
    from pytest_debugloop.database.binaries import installed_versions
    from pytest_debugloop.errors import EmbeddedServerMissingError

    try:
        versions = installed_versions()
    except EmbeddedServerMissingError:
        versions = {}
    # That of the server's version first; psql talks to servers of other versions too.
    folders = sorted(versions, key=lambda version: version != location.postgres_version)
    ours = next((str(path) for version in folders if (path := versions[version] / "psql").is_file()), None)
    return (shutil.which("psql") if location.dsn or not ours else None) or ours


def _run_statements(location: RecordLocation, connection: Connection, arguments: tuple[str, ...]) -> None:
    """Do what ``psql -c`` does, where there is no psql: run each, print its rows, stop at the first that fails."""
    from psycopg import sql

    from pytest_debugloop.cli.output import show
    from pytest_debugloop.text.printable import printable
    from pytest_debugloop.text.words import counted

    statements = _commands(arguments)
    if not statements:
        raise click.ClickException(
            "psql is not on the PATH, and without it only -c STATEMENT works: install psql, or run "
            '`pip install "pytest-debugloop[embedded]"`.'
        )
    path = sql.SQL("SET search_path TO {}, public").format(sql.Identifier(location.schema))
    connection.execute(path)
    for statement in statements:
        cursor = connection.execute(statement.encode("utf-8", "surrogateescape"))
        has_more: bool | None = True
        while has_more:
            if cursor.description is None:
                click.echo(printable(cursor.statusmessage or ""))
            else:
                show(_table(cursor), paging=False)
                click.echo(f"({counted(cursor.rowcount, 'row')})")
            has_more = cursor.nextset()


def _table(cursor: Cursor[Any]) -> Iterator[Line]:
    from pytest_debugloop.cli.output import make_console
    from pytest_debugloop.cli.views.tables import Column, table
    from pytest_debugloop.text.printable import printable

    columns = [Column(printable(column.name), flexible=True) for column in cursor.description or ()]
    return table(columns, ([_cell(value) for value in row] for row in cursor), make_console().width)


def _cell(value: object) -> str:
    from pytest_debugloop.text.printable import printable

    text = "" if value is None else value.hex() if isinstance(value, (bytes, memoryview)) else str(value)
    return printable(text if len(text) <= _LONGEST_CELL else text[:_LONGEST_CELL] + "…")


def _commands(arguments: tuple[str, ...]) -> list[str] | None:
    """Give the statements of ``-c``; None where there is anything else."""
    found, rest = [], list(arguments)
    while rest:
        argument = rest.pop(0)
        if argument in ("-c", "--command") and rest:
            found.append(rest.pop(0))
        elif argument.startswith("--command="):
            found.append(argument.partition("=")[2])
        elif argument.startswith("-c") and len(argument) > 2:
            found.append(argument[2:])
        else:
            return None
    return found


def _write_rows(location: RecordLocation, arguments: tuple[str, ...]) -> None:
    import psycopg
    from psycopg.rows import dict_row

    from pytest_debugloop.answers.connection import open_record

    statement = arguments[-1] if len(arguments) == 1 or (len(arguments) == 2 and arguments[0] == "-c") else None
    if statement is None:
        raise click.UsageError("--json requires exactly one statement.")
    with open_record(location) as record, record.connection.cursor(row_factory=dict_row) as cursor:
        # Row by row as they come, and one statement alone: a second one could leave the read-only transaction.
        rows = cast("Generator[Any]", cursor.stream(statement.encode("utf-8", "surrogateescape")))
        try:
            first = list(islice(rows, 1))  # what is wrong with it is known before anything is written
            write_json("sql", {}, rows=chain(first, rows))
        except (psycopg.ProgrammingError, psycopg.InternalError) as error:
            if error.sqlstate is None:  # of psycopg: COPY and SET, say
                record.connection.close()
                raise click.ClickException("--json requires a statement that returns rows.") from error
            raise
        finally:
            rows.close()  # or the end of the transaction waits for the rest of the rows for ever


def _quoted(name: str) -> str:
    """Write a name for the options of a connection, in which white space and backslashes are escaped."""
    return re.sub(r"([\s\\])", r"\\\1", '"' + name.replace('"', '""') + '"')
