"""``debugloop pin``: keep a run, whatever its age."""

from __future__ import annotations

import click

from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.cli.output import json_option
from pytest_debugloop.cli.pinning import change_pin


@click.command()
@click.argument("run")
@json_option
@click.pass_obj
def command(location: RecordLocation, run: str, as_json: bool) -> None:
    """Keep a run, whatever debugloop_retention says and whoever prunes.

    \b
    Example: debugloop pin 1f0c22aa
    """
    change_pin(location, run, is_pinned=True, as_json=as_json)
