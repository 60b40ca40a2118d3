"""``debugloop migrate``: bring the schema of the record to this version."""

from __future__ import annotations

import click

from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.cli.output import json_option, write_json


@click.command()
@json_option
@click.pass_obj
def command(location: RecordLocation, as_json: bool) -> None:
    """Migrate the schema to the version of this package.

    \b
    Example: debugloop --dsn postgresql://ci@db.example.org/record migrate
    """
    from pytest_debugloop.answers.connection import open_server
    from pytest_debugloop.database.migrate import migrate

    with open_server(location) as (_, connection):
        applied = migrate(connection, location.schema)
    if as_json:
        write_json("migrate", {}, applied=({"version": m.version, "name": m.name} for m in applied))
        return
    for migration in applied:
        click.echo(f"applied {migration.version:03} {migration.name}")
    if not applied:
        click.echo("nothing to apply")
