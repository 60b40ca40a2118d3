"""``debugloop prune``: delete old runs, with all that is only theirs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.cli.filters import Moment, branch_option, count_of
from pytest_debugloop.cli.output import json_option, write_json
from pytest_debugloop.text.json_values import plain

if TYPE_CHECKING:
    import datetime as dt

    from pytest_debugloop.answers.connection import Connection
    from pytest_debugloop.loading.prune import Choice, Plan

_MAX_TOLD_KINDS = ("runs", "steps", "failures", "successes", "recoveries", "snapshots", "tests", "functions")


@click.command()
@click.option(
    "--older-than", type=Moment(), help="Delete runs that started before this: a date, or an age such as 30d, 12w."
)
@click.option("--keep", type=count_of(1), metavar="N", help="Keep the last N runs of each branch.")
@branch_option
@click.option("--dry-run", is_flag=True, help="Show what would be deleted, and delete nothing.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask for confirmation.")
@json_option
@click.pass_obj
def command(
    location: RecordLocation,
    older_than: dt.datetime | None,
    keep: int | None,
    branch: str | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Delete old runs and what belongs only to them.

    Without --older-than and --keep, what the setting debugloop_retention says is deleted, without asking. With both, a
    run is deleted only if both allow it. Failures, states, tests and code are deleted with the last run that has them.
    Runs that are pinned or have not ended are kept. Either everything is deleted or nothing, and no run is stored
    meanwhile.

    \b
    Example: debugloop prune --dry-run
    Example: debugloop prune --older-than 90d --keep 20
    """
    is_by_setting = older_than is None and keep is None
    if as_json and not (dry_run or yes or is_by_setting):
        raise click.UsageError("--json cannot ask for confirmation: add --dry-run or --yes.")
    from pytest_debugloop.answers.connection import check_schema, enter, open_server
    from pytest_debugloop.answers.filters import asked_project
    from pytest_debugloop.answers.record import Record
    from pytest_debugloop.loading.prune import Choice, plan
    from pytest_debugloop.loading.retention import cutoffs_of

    with open_server(location) as (conninfo, connection):
        with connection.transaction():
            enter(connection, location.schema)
            check_schema(connection, location, conninfo)
            project = Record(connection).answer(asked_project(location))
        choice = Choice(before=older_than, keep=keep, project=project, branch=branch)
        if is_by_setting:
            choice = replace(choice, cutoffs=cutoffs_of(location.retention()))
        planned = plan(connection, location.schema, choice)
        if not as_json:
            click.echo(_told(planned))
        if dry_run or not (planned.runs or planned.workflows):
            if as_json:
                write_json("prune", {"is_dry_run": dry_run, "plan": _without_ids(planned), "deleted": None})
            return
        if not yes and not is_by_setting:
            click.confirm("Delete them?", abort=True)
        _delete(location, connection, planned, choice, as_json=as_json)


def _delete(location: RecordLocation, connection: Connection, planned: Plan, choice: Choice, *, as_json: bool) -> None:
    import psycopg

    from pytest_debugloop.cli.progress import working
    from pytest_debugloop.loading.prune import prune, vacuum

    before = _size(location, connection)
    with working("Deleting"):
        gone = prune(connection, location.schema, replace(choice, only=planned.ids))
    problem = ""
    if not location.dsn:
        # Writing all anew pays where much of it goes.
        full = planned.runs * 3 >= planned.runs_in_all
        try:
            with working("Reclaiming disk space"):
                vacuum(connection, location.schema, full=full)
        except psycopg.Error as error:
            problem = " ".join(str(error).split())
    after = _size(location, connection)
    if as_json:
        facts: dict[str, Any] = {"is_dry_run": False, "plan": _without_ids(planned), "deleted": gone}
        facts |= {"bytes_before": before, "bytes_after": after, "vacuum_problem": problem or None}
        write_json("prune", facts)
        return
    _print_deleted(location, gone, before, after, problem)


def _size(location: RecordLocation, connection: Connection) -> int:
    """Give the bytes on the disk: of an embedded record all that is in its folder, and not its tables alone."""
    from pytest_debugloop.database.data_directory import bytes_on_disk
    from pytest_debugloop.loading.prune import size

    return size(connection, location.schema) if location.dsn else bytes_on_disk(location.folder / "postgres")


def _print_deleted(location: RecordLocation, gone: dict[str, int], before: int, after: int, problem: str) -> None:
    from pytest_debugloop.text.printable import printable
    from pytest_debugloop.text.words import counted, data_size

    kinds = [counted(gone[kind], _one(kind)) for kind in _MAX_TOLD_KINDS if gone[kind]]
    click.echo(f"Deleted {', '.join(kinds) or 'what is of no run'}.")
    if location.dsn:
        click.echo(
            f"The record still takes {data_size(after)} on disk: autovacuum makes the space available to later "
            "runs, and VACUUM FULL returns it to the system."
        )
    elif problem:
        click.echo(f"The space is not free yet, because VACUUM did not finish: {printable(problem)}")
    else:
        click.echo(f"The record took {data_size(before)} on disk and now takes {data_size(after)}.")


def _told(planned: Plan) -> str:
    from pytest_debugloop.text.words import counted, local

    stay = f" {counted(planned.running, 'run')} that did not end will be kept." if planned.running else ""
    stay += f" {counted(planned.pinned, 'pinned run')} will be kept." if planned.pinned else ""
    if planned.workflows:
        stay = f" {counted(planned.workflows, 'workflow')} of no run would be deleted.{stay}"
    if not planned.runs:
        return f"None of {counted(planned.runs_in_all, 'run')} would be deleted.{stay}"
    when = f"from {local(planned.first_at)} to {local(planned.last_at)}"
    parts = [
        counted(planned.steps, "step"),
        counted(planned.failures, "failure"),
        counted(planned.successes, "success event"),
    ]
    return (
        f"{planned.runs:,} of {counted(planned.runs_in_all, 'run')}, {when}, with {', '.join(parts)}, and the states, "
        f"tests and code that no other run has.{stay}"
    )


def _without_ids(planned: Plan) -> dict[str, Any]:
    return {name: value for name, value in plain(planned).items() if name != "ids"}


def _one(kind: str) -> str:
    return {"recoveries": "recovery", "successes": "success event"}.get(kind, kind[:-1])
