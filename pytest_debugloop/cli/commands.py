"""The commands that keep the record: load what waits, migrate, roll back, and look at it with psql."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import psycopg
from psycopg.conninfo import make_conninfo

from pytest_debugloop.database.connect import connect
from pytest_debugloop.database.embedded import binaries, embedded_server
from pytest_debugloop.database.migrate import migrate, pending, rollback
from pytest_debugloop.errors import DebugloopError
from pytest_debugloop.handover import JOURNALS
from pytest_debugloop.loading.order import Order
from pytest_debugloop.loading.process import load_waiting
from pytest_debugloop.recording.folders import spare_folder
from pytest_debugloop.settings import OPTIONS

_DEFAULTS = {option.name: option.default for option in OPTIONS}


@click.group(context_settings={"auto_envvar_prefix": None, "help_option_names": ["-h", "--help"]})
@click.option("--dsn", envvar="DEBUGLOOP_DSN", default="", help="The PostgreSQL of the record; else the embedded one.")
@click.option(
    "--dir",
    "folder",
    envvar="DEBUGLOOP_DIR",
    default=str(_DEFAULTS["debugloop_dir"]),
    show_default=True,
    type=click.Path(path_type=Path),
    help="Folder of the journals and of the embedded server.",
)
@click.option("--schema", envvar="DEBUGLOOP_SCHEMA", default=str(_DEFAULTS["debugloop_schema"]), show_default=True)
@click.option(
    "--postgres-version",
    envvar="DEBUGLOOP_POSTGRES_VERSION",
    default=int(str(_DEFAULTS["debugloop_postgres_version"])),
    show_default=True,
    help="Of the embedded server, where it has no data yet.",
)
@click.version_option(package_name="pytest-debugloop")
@click.pass_context
def commands(context: click.Context, dsn: str, folder: Path, schema: str, postgres_version: int) -> None:
    """Keep and ask the record that `pytest --debugloop` makes."""
    context.obj = Order(
        folder=folder.absolute(),
        run_folder=None,
        dsn=dsn,
        schema=schema,
        postgres_version=postgres_version,
        wait=0,
        spare=spare_folder() / JOURNALS,
    )


@commands.command()
@click.pass_obj
def load(order: Order) -> None:
    """Store the journals that runs have left waiting.

    Example: debugloop --dsn service=ci load
    """
    stored, waiting, rejected, problem = load_waiting(order)
    click.echo(f"{stored} run(s) stored, {waiting} still waiting.")
    if rejected:
        click.echo(f"{rejected} line(s) could not be stored: see debug_rejected_lines, which keeps them and why.")
    if problem:
        raise click.ClickException(problem)


@commands.command("migrate")
@click.pass_obj
def migrate_command(order: Order) -> None:
    """Bring the schema to this version; twice does nothing.

    Example: debugloop --dsn postgresql://ci@db.example.org/record migrate
    """
    with _database(order) as (_, connection):
        applied = migrate(connection, order.schema)
    for migration in applied:
        click.echo(f"applied {migration.version:03} {migration.name}")
    if not applied:
        click.echo("nothing to apply")


@commands.command("rollback")
@click.option("--to", default=0, show_default=True, help="The last version to keep.")
@click.confirmation_option(prompt="This deletes the record. Go on?")
@click.pass_obj
def rollback_command(order: Order, to: int) -> None:
    """Undo migrations, newest first, with all that they hold.

    Example: debugloop rollback --yes
    """
    with _database(order) as (_, connection):
        undone = rollback(connection, order.schema, to)
    for migration in undone:
        click.echo(f"rolled back {migration.version:03} {migration.name}")
    if not undone:
        click.echo("nothing to roll back")


@commands.command()
@click.pass_obj
def status(order: Order) -> None:
    """Say whether the record can be reached, and what is pending.

    Example: debugloop status
    """
    with _database(order) as (where, connection):
        waiting = pending(connection, order.schema)
        version = connection.info.server_version // 10000
    click.echo(f"{where}: PostgreSQL {version}, schema {order.schema}, {len(waiting)} migration(s) pending")


@commands.command(context_settings={"ignore_unknown_options": True})
@click.argument("psql_arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_obj
def sql(order: Order, psql_arguments: tuple[str, ...]) -> None:
    """Open psql on the record, or run it with the arguments given.

    Example: debugloop sql -c "SELECT * FROM debug_workflow_context"
    """
    with _database(order) as (conninfo, connection):
        connection.close()
        psql = shutil.which("psql") if order.dsn else None
        program = psql or str(binaries(order.postgres_version) / "psql")
        target = make_conninfo(conninfo, options=f"-c search_path={_quoted(order.schema)},public")
        done = subprocess.run([program, "-d", target, *psql_arguments], check=False)
    sys.exit(done.returncode)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""').replace("\\", "\\\\").replace(" ", "\\ ") + '"'


@contextmanager
def _database(order: Order) -> Iterator[tuple[str, psycopg.Connection]]:
    if order.dsn:
        with connect(order.dsn) as connection:
            yield order.dsn, connection
        return
    if not (order.folder / "postgres").is_dir():
        raise click.ClickException(f"there is no record in {order.folder}: run `pytest --debugloop` there first.")
    server = embedded_server(order.folder, postgres_version=order.postgres_version)
    with server as conninfo, connect(conninfo) as connection:
        yield conninfo, connection


def main() -> None:
    """Run the command; what goes wrong is one sentence and exit status 1."""
    try:
        commands(prog_name="debugloop")
    except (DebugloopError, psycopg.Error, OSError) as error:
        click.echo(f"Error: {' '.join(str(error).split())}", err=True)
        sys.exit(1)
