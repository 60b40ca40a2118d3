"""``debugloop rollback``: undo migrations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.cli.output import json_option, write_json

if TYPE_CHECKING:
    from pytest_debugloop.database.losses import Losses

_NAMED = 5


@click.command()
@click.option(
    "--to",
    type=click.IntRange(min=0),
    metavar="VERSION",
    help="Last version to keep; 0 undoes all. Default: undo the newest migration only.",
)
@click.option("--sql", "as_sql", is_flag=True, help="Write a script for psql instead, and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@json_option
@click.pass_obj
def command(location: RecordLocation, to: int | None, as_sql: bool, yes: bool, as_json: bool) -> None:
    """Undo the newest migration, or all after a version, and delete their data.

    Says first how many rows and values that deletes, and asks. With --sql, it writes a script for `psql -X -f`, which
    does not ask.

    \b
    Example: debugloop rollback
    Example: debugloop rollback --to 0
    """
    if as_sql and as_json:
        raise click.UsageError("--sql writes a script and --json an answer: give one of them.")
    from pytest_debugloop.answers.connection import open_server
    from pytest_debugloop.database.losses import losses_of_rollback
    from pytest_debugloop.database.migrate import pending, rollback
    from pytest_debugloop.database.migration_files import available
    from pytest_debugloop.database.migration_script import rollback_script

    with open_server(location) as (_, connection):
        waiting = {migration.version for migration in pending(connection, location.schema)}
        applied = [one for one in available() if one.version not in waiting]
        if to is None:
            to = applied[-2].version if len(applied) > 1 else 0
        chosen = [one for one in reversed(applied) if one.version > to]
        if as_sql:
            click.echo(rollback_script(location.schema, chosen), nl=False)
            return
        losses = losses_of_rollback(connection, location.schema, chosen)
        if chosen:
            names = f"{chosen[0].version:03} {chosen[0].name}"
            if len(chosen) > 1:
                names = f"{len(chosen)} migrations, {chosen[0].version:03} to {chosen[-1].version:03},"
            click.echo(f"Undoing {names} deletes {_told(losses)}.", err=as_json)
        if chosen and not yes:
            click.confirm("Continue?", abort=True, err=as_json)
        undone = rollback(connection, location.schema, to)
    if as_json:
        deleted = {"tables": losses.tables, "columns": losses.columns}
        write_json("rollback", {"deleted": deleted}, undone=({"version": m.version, "name": m.name} for m in undone))
        return
    for migration in undone:
        click.echo(f"rolled back {migration.version:03} {migration.name}")
    if not undone:
        click.echo("nothing to roll back")


def _told(losses: Losses) -> str:
    from pytest_debugloop.text.words import counted

    parts = [
        f"{counted(sum(counts.values()), what)} of {_named(counts, kind)}"
        for counts, what, kind in ((losses.tables, "row", "table"), (losses.columns, "value", "column"))
        if any(counts.values())
    ]
    return " and ".join(parts) or "no data"


def _named(counts: dict[str, int], kind: str) -> str:
    from pytest_debugloop.text.words import counted

    filled = sorted(((count, name) for name, count in counts.items() if count), reverse=True)
    named = ", ".join(f"{name}: {count:,}" for count, name in filled[:_NAMED])
    more = f" and {len(filled) - _NAMED} more" if len(filled) > _NAMED else ""
    return f"{counted(len(filled), kind)} ({named}{more})"
