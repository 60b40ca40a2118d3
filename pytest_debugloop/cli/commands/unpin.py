"""``debugloop unpin``: let a run go with its age again."""

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
    """Remove the pin of a run, so that it is pruned when it is old.

    \b
    Example: debugloop unpin 1f0c22aa
    """
    change_pin(location, run, is_pinned=False, as_json=as_json)
