"""Checks of the server and of the record in it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from pytest_debugloop.answers.connection import Connection, enter, open_server, waiting_migrations
from pytest_debugloop.answers.filters import asked_project
from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.answers.record import Record
from pytest_debugloop.cli.checks.check import OK, PROBLEM, WARNING, Check, Checker, run_checks
from pytest_debugloop.database.account import Account
from pytest_debugloop.database.connect import describe
from pytest_debugloop.database.data_directory import bytes_on_disk, check_maker
from pytest_debugloop.database.migrate import pending
from pytest_debugloop.database.migration_files import available
from pytest_debugloop.errors import DebugloopError
from pytest_debugloop.queries import health
from pytest_debugloop.text.words import ago, counted, short

_SLOW_MS = 200.0
_MANY_BYTES = 20_000_000_000


def binaries(location: RecordLocation) -> Iterator[Check]:
    """Look for the programs of the embedded server.

    Args:
        location: where the record is.
    """
    from pytest_debugloop.database.binaries import installed_versions

    try:
        found = installed_versions()
    except DebugloopError as error:
        if location.dsn:
            yield Check("embedded", OK, "not installed, and not needed with a server of your own")
        else:
            yield Check("embedded", PROBLEM, str(error))
        return
    text = "PostgreSQL " + ", ".join(map(str, sorted(found)))
    data = _data_version(location.folder / "postgres")
    if data and data not in found and not location.dsn:
        yield Check(
            "embedded",
            PROBLEM,
            f"{text}, but the data directory has version {data}",
            "install that version, or move the data away.",
        )
    else:
        yield Check("embedded", OK, text)


def _data_version(data: Path) -> int | None:
    try:
        return int((data / "PG_VERSION").read_text(encoding="ascii").strip())
    except (OSError, ValueError):  # not ours to enter, or not there
        return None


def server(location: RecordLocation) -> Iterator[Check]:
    """Look whether the server answers, and at all that is in it.

    Args:
        location: where the record is.
    """
    if not location.dsn and not (location.folder / "postgres").is_dir():
        if os.path.lexists(location.folder / "postgres"):
            yield Check("server", PROBLEM, f"{location.folder / 'postgres'} is not a directory", "move it away.")
            return
        yield _first_start(location)
        return
    with ExitStack() as stack:
        begun = time.monotonic()
        try:
            conninfo, connection = stack.enter_context(open_server(replace(location, ask=None, linger=None)))
        except (DebugloopError, OSError) as error:
            yield Check("server", PROBLEM, " ".join(str(error).split()))
            return
        seconds = time.monotonic() - begun
        connection.read_only = True
        inside: list[tuple[str, Callable[[RecordLocation, Connection], Iterator[Check]]]] = [
            ("role", _role),
            ("schema", _schema),
            ("record", _record),
            ("last run", _last_run),
        ]
        yield _answers(location, conninfo, connection, seconds)
        yield from run_checks((name, _bound(check, location, connection)) for name, check in inside)


def _first_start(location: RecordLocation) -> Check:
    """Look whether there is somebody to run the embedded server."""
    try:
        if location.folder.is_dir():
            data = location.folder / "postgres"
            check_maker(Account.for_data(data).maker(), data)
    except DebugloopError as error:
        return Check("server", PROBLEM, str(error))
    return Check("server", OK, "the embedded server has no data yet: the first run creates it")


def _bound(
    check: Callable[[RecordLocation, Connection], Iterator[Check]], location: RecordLocation, connection: Connection
) -> Checker:
    return lambda: check(location, connection)


def _answers(location: RecordLocation, conninfo: str, connection: Connection, seconds: float) -> Check:
    taken = []
    for _ in range(3):
        begun = time.monotonic()
        connection.execute("SELECT 1")
        taken.append((time.monotonic() - begun) * 1000)
    milliseconds = sorted(taken)[1]
    number = connection.info.server_version
    where = describe(conninfo) if location.dsn else "the embedded server"
    text = (
        f"{where}: PostgreSQL {number // 10000}.{number % 10000}, connected in {seconds:.2f} s, answers in "
        f"{milliseconds:.1f} ms"
    )
    if milliseconds > _SLOW_MS:
        return Check("server", WARNING, text, "a server closer to you would store runs faster.")
    return Check("server", OK, text)


def _role(location: RecordLocation, connection: Connection) -> Iterator[Check]:
    role = Record(connection).one(health.role_of(location.schema))
    who = f"{role.role}"
    if role.is_read_only:
        yield Check(
            "role", WARNING, f"{who} can only read: no run can be stored", "use the primary server for recording."
        )
    elif not role.schema_exists and not role.may_create:
        yield Check(
            "role",
            PROBLEM,
            f"{who} cannot create the schema {location.schema}",
            f'GRANT CREATE ON DATABASE ... TO "{role.role}", or let its owner run debugloop migrate.',
        )
    elif role.schema_exists and not (role.may_read and (role.may_read_runs or not role.has_runs)):
        yield Check(
            "role", PROBLEM, f"{who} cannot read the schema {location.schema}", "ask its owner to grant access."
        )
    elif role.has_runs and not role.may_write_runs:
        yield Check(
            "role",
            WARNING,
            f"{who} can read the record but not write to it",
            "use a role that can write for recording.",
        )
    else:
        may = "read, write and create" if role.may_create else "read and write, but not migrate"
        yield Check("role", OK, f"{who} can {may}")


def _schema(location: RecordLocation, connection: Connection) -> Iterator[Check]:
    with connection.transaction():
        enter(connection, location.schema)
        waiting = waiting_migrations(connection, location.schema)
    known = available()
    if len(waiting) == len(known):
        yield Check("schema", OK, f"{location.schema} has no record yet: the first run creates it")
    elif waiting:
        yield Check(
            "schema",
            PROBLEM,
            f"{location.schema} is at version {waiting[0].version - 1} of {known[-1].version}",
            "run debugloop migrate, or let the next run do it.",
        )
    else:
        yield Check("schema", OK, f"{location.schema}, version {known[-1].version}")


def _record(location: RecordLocation, connection: Connection) -> Iterator[Check]:
    with connection.transaction():
        if not _enter(location, connection):
            return
        state = Record(connection).one(health.state_of())
    on_disk = state.bytes if location.dsn else bytes_on_disk(location.folder / "postgres")
    text = f"{counted(state.runs, 'run')}, {on_disk / 1e6:,.0f} MB{_growth(location, state, on_disk)}"
    if on_disk > _MANY_BYTES:
        yield Check("record", WARNING, text, "set debugloop_retention to less, or run debugloop prune.")
    else:
        yield Check("record", OK, text)
    if state.rejected:
        yield Check(
            "refused lines",
            WARNING,
            f"{counted(state.rejected, 'line')} could not be stored, the last {ago(state.rejected_last_at)}",
            'debugloop sql -c "SELECT reason, count(*) FROM debug_rejected_lines GROUP BY 1"',
        )
    else:
        yield Check("refused lines", OK, "none")
    if state.died_lately or state.never_ended:
        parts = []
        if state.died_lately:
            parts.append(f"{counted(state.died_lately, 'run')} of the last 7 days died")
        if state.never_ended:
            parts.append(f"{counted(state.never_ended, 'run')} never ended")
        yield Check("died", WARNING, ", ".join(parts), "list them with debugloop runs --status died.")
    else:
        yield Check("died", OK, "none in the last 7 days")


def _growth(location: RecordLocation, state: health.RecordState, on_disk: int) -> str:
    """Say how fast the record grows, and what it comes to, as far as the last two weeks tell."""
    daily = state.bytes * state.steps_lately / state.steps / state.days if state.steps else 0
    if daily < 1:
        return ""
    ages = location.retention()
    longest = max((days or 0 for days in ages), default=0)
    text = f", {daily / 1e6:,.1f} MB more a day: {(on_disk + 30 * daily) / 1e6:,.0f} MB in 30 days"
    if None in ages:
        return f"{text}, and more without an end, because debugloop_retention keeps all"
    rest = max(on_disk - state.bytes, 0)
    return f"{text}, {(rest + longest * daily) / 1e6:,.0f} MB when {longest:g} days are full"


def _last_run(location: RecordLocation, connection: Connection) -> Iterator[Check]:
    with connection.transaction():
        if not _enter(location, connection):
            return
        record = Record(connection)
        project = record.answer(asked_project(location))
        run = record.first(health.last_run_of(project))
    of = f" of project {project}" if project else ""
    if run is None:
        yield Check(
            "last run",
            WARNING,
            f"none{of}",
            "record one with pytest --debugloop, or choose another project with --project.",
        )
        return
    text = f"{short(run.id)}{of}, {ago(run.started_at)}, {run.status}"
    if run.is_code_known or run.status == "running":
        yield Check("last run", OK, f"{text}, with its code" if run.is_code_known else text)
    else:
        yield Check(
            "last run",
            WARNING,
            f"{text}, without its code",
            "see loader.log, and record in a git checkout; otherwise changed code cannot be found as a reason.",
        )


def _enter(location: RecordLocation, connection: Connection) -> bool:
    """Lead the search path to the record; give False where it is none of this version, as another check tells."""
    enter(connection, location.schema)
    try:
        return not pending(connection, location.schema)
    except DebugloopError:
        return False
