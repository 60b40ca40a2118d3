"""``debugloop status``: whether the record can be reached, and what is pending."""

from __future__ import annotations

import click

from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.cli.output import json_option, write_json


@click.command()
@json_option
@click.pass_obj
def command(location: RecordLocation, as_json: bool) -> None:
    """Show whether the record can be reached, and pending migrations.

    \b
    Example: debugloop status
    """
    from pytest_debugloop.answers.connection import enter, open_server, waiting_migrations
    from pytest_debugloop.database.connect import describe
    from pytest_debugloop.text.words import counted

    with open_server(location, reading=True) as (conninfo, connection):
        with connection.transaction():
            enter(connection, location.schema)
            waiting = waiting_migrations(connection, location.schema)
        version = connection.info.server_version // 10000
    where = describe(conninfo) if location.dsn else f"{location.folder} (embedded PostgreSQL)"
    if as_json:
        facts = {"where": where, "postgres_version": version, "record_schema": location.schema, "pending": len(waiting)}
        write_json("status", facts)
        return
    click.echo(f"{where}: PostgreSQL {version}, schema {location.schema}, {counted(len(waiting), 'migration')} pending")
