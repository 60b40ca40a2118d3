"""``debugloop migrate``: bring the schema of the record to this version."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.cli.output import json_option, write_json

if TYPE_CHECKING:
    from pytest_debugloop.database.migration_files import Migration


@click.command()
@click.option("--sql", "as_sql", is_flag=True, help="Write a script for psql instead, and change nothing.")
@click.option("--index-host", is_flag=True, help="Also index the host's hook_events by workflow.")
@json_option
@click.pass_obj
def command(location: RecordLocation, as_sql: bool, index_host: bool, as_json: bool) -> None:
    """Migrate the schema to the version of this package.

    With --sql, it writes what is pending as a script for `psql -X -f`, for a database that only its administrator may
    change. --index-host is for a database that has a table hook_events of its own; rolling back drops the index.

    \b
    Example: debugloop --dsn postgresql://ci@db.example.org/record migrate
    Example: debugloop migrate --sql > migrate.sql
    """
    if as_sql and as_json:
        raise click.UsageError("--sql writes a script and --json an answer: give one of them.")
    if as_sql:
        from pytest_debugloop.database.host_index import host_index_script
        from pytest_debugloop.database.migration_script import migration_script

        click.echo(migration_script(location.schema, _pending(location)), nl=False)
        if index_host:
            click.echo(host_index_script(location.schema))
        return
    from pytest_debugloop.answers.connection import open_server
    from pytest_debugloop.database import host_index
    from pytest_debugloop.database.migrate import migrate

    indexed = ""
    with open_server(location) as (_, connection):
        applied = migrate(connection, location.schema)
        if index_host:
            indexed = host_index.index_host(connection, location.schema)
    if as_json:
        write_json(
            "migrate", {"indexed": indexed or None}, applied=({"version": m.version, "name": m.name} for m in applied)
        )
        return
    for migration in applied:
        click.echo(f"applied {migration.version:03} {migration.name}")
    if indexed:
        click.echo(f"indexed {indexed}")
    if not applied and not indexed:
        click.echo("nothing to apply")


def _pending(location: RecordLocation) -> list[Migration]:
    """Tell what is to be applied: all of it where there is no record yet."""
    from pytest_debugloop.answers.connection import open_server, waiting_migrations
    from pytest_debugloop.database.migration_files import available
    from pytest_debugloop.errors import NoRecordError, NotLoadedError

    try:
        with open_server(location) as (_, connection):
            return waiting_migrations(connection, location.schema)
    except (NoRecordError, NotLoadedError):
        return available()
