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
    from pytest_debugloop.loading.process import load_waiting

    with working("Storing the journals that wait"):
        stored, waiting, rejected, problem = load_waiting(place.order())
    if as_json:
        facts = {"stored": stored, "waiting": waiting, "rejected_lines": rejected, "problem": problem or None}
        write_json("load", facts)
    else:
        click.echo(f"{stored} run(s) stored, {waiting} still waiting.")
        if rejected:
            click.echo(f"{rejected} line(s) could not be stored: see debug_rejected_lines, which keeps them and why.")
    if problem:
        raise click.ClickException(problem)
