"""``debugloop rollback``: undo migrations."""

from __future__ import annotations

import click

from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.cli.output import json_option, write_json


@click.command()
@click.option("--to", default=0, show_default=True, type=click.IntRange(min=0), help="Last version to keep.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@json_option
@click.pass_obj
def command(location: RecordLocation, to: int, yes: bool, as_json: bool) -> None:
    """Undo migrations, newest first, and delete their data.

    \b
    Example: debugloop rollback --yes
    """
    from pytest_debugloop.answers.connection import open_server
    from pytest_debugloop.database.migrate import available, pending, rollback

    with open_server(location) as (_, connection):
        waiting = {migration.version for migration in pending(connection, location.schema)}
        is_any = any(one.version > to and one.version not in waiting for one in available())
        if is_any and not yes:
            click.confirm("This deletes the record. Continue?", abort=True, err=as_json)
        undone = rollback(connection, location.schema, to)
    if as_json:
        write_json("rollback", {}, undone=({"version": m.version, "name": m.name} for m in undone))
        return
    for migration in undone:
        click.echo(f"rolled back {migration.version:03} {migration.name}")
    if not undone:
        click.echo("nothing to roll back")
