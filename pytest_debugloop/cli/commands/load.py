"""``debugloop load``: store the journals that runs have left waiting."""

from __future__ import annotations

import click

from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.cli.output import json_option, write_json


@click.command()
@click.option("--again", is_flag=True, help="Also retry runs that were set aside because they could not be stored.")
@json_option
@click.pass_obj
def command(location: RecordLocation, again: bool, as_json: bool) -> None:
    """Store runs that are still waiting in their journals.

    \b
    Example: debugloop --dsn service=ci load
    """
    from dataclasses import replace

    from pytest_debugloop.answers.connection import admit
    from pytest_debugloop.cli.progress import working
    from pytest_debugloop.errors import NoRecordError
    from pytest_debugloop.loading.waiting import load_waiting, waiting_runs
    from pytest_debugloop.text.printable import printable
    from pytest_debugloop.text.words import counted

    if not location.dsn and not location.trusted:
        location = replace(location, trusted=admit(location))
    order = location.loader_order()
    found = waiting_runs(order)
    if not location.dsn and not (location.folder / "postgres").is_dir() and not any(found):
        raise NoRecordError(folder=location.description)  # and none is made, for there is nothing to put into it
    with working("Storing waiting journals"):
        loaded = load_waiting(order, again=again, found=found)
    left, problem = loaded.left, printable(loaded.problem)
    problems = [str(trouble) for trouble in left.load_failures if str(trouble) != loaded.problem]
    if as_json:
        facts = {
            "stored": loaded.stored,
            "waiting": len(left.waiting),
            "going_on": len(left.going_on),
            "set_aside": len(left.set_aside),
            "rejected_lines": loaded.refused_lines,
            "problem": problem or None,
        }
        write_json("load", facts, troubles=[str(trouble) for trouble in left.load_failures])
    else:
        click.echo(f"{counted(loaded.stored, 'run')} stored, {len(left.waiting):,} still waiting.")
        if left.going_on:
            click.echo(
                f"Not counted: {counted(len(left.going_on), 'run')} in progress, or being stored by another process."
            )
        if loaded.refused_lines:
            lines = counted(loaded.refused_lines, "line")
            click.echo(
                f"{lines} could not be stored: see the table debug_rejected_lines for the lines and the reasons."
            )
        for trouble in problems:
            click.echo(printable(trouble[0].upper() + trouble[1:]))
    if problem:
        raise click.ClickException(problem)
