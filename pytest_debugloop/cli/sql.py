"""``debugloop sql``: psql on the record."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import click

from pytest_debugloop.cli.output import json_option, write_json
from pytest_debugloop.cli.place import Place


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("psql_arguments", nargs=-1, type=click.UNPROCESSED)
@json_option
@click.pass_obj
def command(place: Place, psql_arguments: tuple[str, ...], as_json: bool) -> None:
    r"""Open psql on the record, or run it with the arguments given.

    With --json the one argument is a statement, and its rows are written; it can only read.

    \b
    Example: debugloop sql -c "SELECT * FROM debug_workflow_context"
    Example: debugloop sql --json "SELECT node_id, score FROM debug_flaky_tests"
    """
    if as_json:
        _write_rows(place, psql_arguments)
        return
    from psycopg.conninfo import make_conninfo

    from pytest_debugloop.cli.record import open_server
    from pytest_debugloop.database.embedded import binaries

    with open_server(place) as (conninfo, connection):
        connection.close()
        psql = shutil.which("psql") if place.dsn else None
        program = psql or str(binaries(place.postgres_version) / "psql")
        target = make_conninfo(conninfo, options=f"-c search_path={_quoted(place.schema)},public")
        done = subprocess.run([program, "-d", target, *psql_arguments], check=False)
    sys.exit(done.returncode)


def _write_rows(place: Place, arguments: tuple[str, ...]) -> None:
    from psycopg.rows import dict_row

    from pytest_debugloop.cli.record import open_record

    statement = arguments[-1] if len(arguments) == 1 or (len(arguments) == 2 and arguments[0] == "-c") else None
    if statement is None:
        raise click.UsageError("with --json, one statement is to be given.")
    with open_record(place) as connection, connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(statement.encode())
        rows: Iterator[Any] = iter(cursor) if cursor.description else iter(())
        write_json("sql", {}, rows=rows)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""').replace("\\", "\\\\").replace(" ", "\\ ") + '"'
