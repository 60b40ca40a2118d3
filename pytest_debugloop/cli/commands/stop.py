"""``debugloop stop``: stop the embedded server that lingers after its last use."""

from __future__ import annotations

import click

from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.cli.output import json_option, write_json


@click.command()
@json_option
@click.pass_obj
def command(location: RecordLocation, as_json: bool) -> None:
    """Stop the embedded server, which keeps running for a while after its last use.

    It stops by itself after debugloop_linger seconds, and the next run or command starts it again. A server that is in
    use is not stopped, and neither is one that --dsn names.

    \b
    Example: debugloop stop
    """
    if location.dsn:
        raise click.UsageError("stop is for the embedded server, and debugloop_dsn names another one.")
    from pytest_debugloop.database.embedded import stop_embedded_server

    was_running = stop_embedded_server(location.folder)
    if as_json:
        write_json("stop", {"stopped": was_running, "folder": str(location.folder)})
        return
    where = f"the embedded server in {location.description}"
    click.echo(f"stopped {where}" if was_running else f"{where} is not running")
