"""``debugloop load``: store the journals that runs have left waiting."""

from __future__ import annotations

import click

from pytest_debugloop.cli.output import json_option, write_json
from pytest_debugloop.cli.place import Place


@click.command()
@json_option
@click.pass_obj
def command(place: Place, as_json: bool) -> None:
    """Store the journals that runs have left waiting.

    \b
    Example: debugloop --dsn service=ci load
    """
    from pytest_debugloop.cli.progress import working
    from pytest_debugloop.cli.views.words import counted
    from pytest_debugloop.errors import NoRecordError
    from pytest_debugloop.loading.process import count_waiting, load_waiting

    order = place.order()
    if not place.dsn and not (place.folder / "postgres").is_dir() and not count_waiting(order):
        raise NoRecordError(folder=place.told)  # and none is made, for there is nothing to put into it
    with working("Storing the journals that wait"):
        stored, waiting, rejected, problem = load_waiting(order)
    if as_json:
        facts = {"stored": stored, "waiting": waiting, "rejected_lines": rejected, "problem": problem or None}
        write_json("load", facts)
    else:
        click.echo(f"{counted(stored, 'run')} stored, {waiting:,} still waiting.")
        if waiting and not problem:
            click.echo("What waits is of a run that goes on, or another process is storing it.")
        if rejected:
            lines = counted(rejected, "line")
            click.echo(f"{lines} could not be stored: see debug_rejected_lines, which keeps them and why.")
    if problem:
        raise click.ClickException(problem)
