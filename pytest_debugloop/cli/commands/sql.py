"""``debugloop sql``: psql on the record, or a small prompt where there is none."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sys
from typing import TYPE_CHECKING

import click

from pytest_debugloop.cli.output import json_option, write_json
from pytest_debugloop.cli.place import Place

if TYPE_CHECKING:
    from collections.abc import Generator

    from pytest_debugloop.cli.record import Connection


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("psql_arguments", nargs=-1, type=click.UNPROCESSED)
@json_option
@click.pass_obj
def command(place: Place, psql_arguments: tuple[str, ...], as_json: bool) -> None:
    """Open psql on the record, or run it with the arguments given.

    Where there is no psql, a small prompt of our own takes its place; of psql's options it has -c.
    With --json the one argument is a statement, and its rows are written; it can only read.

    \b
    Example: debugloop sql -c "SELECT * FROM debug_workflow_context"
    Example: debugloop sql --json "SELECT node_id, score FROM debug_flaky_tests"
    """
    if as_json:
        _write_rows(place, psql_arguments)
        return
    from pytest_debugloop.cli.record import open_server

    with open_server(place) as (conninfo, connection):
        program = _psql(place)
        if program is None:
            sys.exit(_own_prompt(place, connection, psql_arguments))
        connection.close()
        sys.exit(_run_psql(program, conninfo, place, psql_arguments))


def _run_psql(program: str, conninfo: str, place: Place, arguments: tuple[str, ...]) -> int:
    """Run psql on the record, and give its exit status; Ctrl-C is psql's, which stops a statement and goes on."""
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    from pytest_debugloop.cli.guarded import run_guarded
    from pytest_debugloop.cli.process import interrupts_left_to_child

    given = {name: str(value) for name, value in conninfo_to_dict(conninfo).items()}
    environment = dict(os.environ)
    # Arguments of a process can be read by every user of the machine.
    if password := given.pop("password", None):
        environment["PGPASSWORD"] = password
    # Ours go behind those that somebody gave; an embedded server takes none from the environment.
    theirs = given.get("options", os.environ.get("PGOPTIONS", ""))
    options = f"{theirs} -c search_path={_quoted(place.schema)},public".strip()
    target = make_conninfo(**{**given, "options": options})
    with interrupts_left_to_child() as interrupts:
        status = run_guarded([program, "-d", target, *arguments], environment)
    if status and interrupts:
        return 130
    return status if status >= 0 else 128 - status


def _psql(place: Place) -> str | None:
    """Find psql: the machine's for a server that is named, else the embedded server's; None where there is none."""
    from pytest_debugloop.database.binaries import binaries, installed_versions
    from pytest_debugloop.errors import EmbeddedServerMissingError

    if place.dsn and (found := shutil.which("psql")):
        return found
    try:
        folder = binaries(place.postgres_version)
    except EmbeddedServerMissingError:
        try:  # psql talks to servers of other versions
            folder = next(iter(installed_versions().values()))
        except EmbeddedServerMissingError:
            return None
    program = folder / "psql"
    return str(program) if program.is_file() else None


def _own_prompt(place: Place, connection: Connection, arguments: tuple[str, ...]) -> int:
    """Do what psql would, as far as it is asked for that alone: -c STATEMENT, or a prompt."""
    from psycopg import sql

    from pytest_debugloop.cli.prompt import prompt, run_statements

    statements = _commands(arguments)
    if statements is None:
        raise click.ClickException(
            "there is no psql on the PATH, and only -c STATEMENT can be had without it: install psql, or "
            '`pip install "pytest-debugloop[embedded]"`.'
        )
    path = sql.SQL("SET search_path TO {}, public").format(sql.Identifier(place.schema))
    connection.execute(path)
    if statements:
        return run_statements(connection, statements)
    from pytest_debugloop.recording.folders import state_folder

    folder = state_folder()
    if folder is None:
        return prompt(connection, None)
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return prompt(connection, folder / "sql_history")


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


def _write_rows(place: Place, arguments: tuple[str, ...]) -> None:
    from itertools import chain, islice
    from typing import Any, cast

    import psycopg
    from psycopg.rows import dict_row

    from pytest_debugloop.cli.record import open_record

    statement = arguments[-1] if len(arguments) == 1 or (len(arguments) == 2 and arguments[0] == "-c") else None
    if statement is None:
        raise click.UsageError("with --json, one statement is to be given.")
    with open_record(place) as connection, connection.cursor(row_factory=dict_row) as cursor:
        # Row by row as they come, and one statement alone: a second one could leave the read-only transaction.
        rows = cast("Generator[Any]", cursor.stream(statement.encode("utf-8", "surrogateescape")))
        try:
            first = list(islice(rows, 1))  # what is wrong with it is known before anything is written
            write_json("sql", {}, rows=chain(first, rows))
        except (psycopg.ProgrammingError, psycopg.InternalError) as error:
            if error.sqlstate is None:  # of psycopg: COPY and SET, say
                connection.close()
                raise click.ClickException("--json takes a statement that gives rows.") from error
            raise
        finally:
            rows.close()  # or the end of the transaction waits for the rest of the rows for ever


def _quoted(name: str) -> str:
    """Write a name for the options of a connection, in which white space and backslashes are escaped."""
    return re.sub(r"([\s\\])", r"\\\1", '"' + name.replace('"', '""') + '"')
