"""What ``debugloop show`` has to say of each kind of thing, as pages for people and as JSON."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from pytest_debugloop.cli.views.failure import listed, surroundings, whole
from pytest_debugloop.cli.views.frames import exception_lines, names_lines
from pytest_debugloop.cli.views.recovery import recovery_lines
from pytest_debugloop.cli.views.run import nothing_failed, run_lines
from pytest_debugloop.cli.views.strip import strip_of
from pytest_debugloop.errors import SnapshotTooLargeError
from pytest_debugloop.queries import failures, recoveries, runs
from pytest_debugloop.queries.legs import legs_of_tests
from pytest_debugloop.queries.lookup import Found, test_of
from pytest_debugloop.queries.question import MANY
from pytest_debugloop.snapshots.frames import failing_frame
from pytest_debugloop.snapshots.states import recorded_state
from pytest_debugloop.snapshots.values import Values
from pytest_debugloop.text.json_values import plain
from pytest_debugloop.text.printable import printable
from pytest_debugloop.text.words import ago, classes_by_leg, counted, error_line, local, short

if TYPE_CHECKING:
    from rich.text import Text

    from pytest_debugloop.answers.record import Record

_STRIP = 60
_LISTED = 10


def pages(record: Record, found: Found, width: int, limit: int, *, folded: bool = False) -> Iterator[Text]:
    """Write what was found, for people.

    Args:
        record: to ask.
        found: what to show.
        width: columns of the terminal.
        limit: failures at most; 0 for all.
        folded: whether the frames of installed packages are shown.
    """
    if found.kind == "run":
        return _run(record, found.id, width, limit or MANY)
    if found.kind == "test":
        return _test(record, found.id, width, limit or MANY, folded=folded)
    if found.kind == "error":
        return _error(record, found.id, width, folded=folded)
    if found.kind == "snapshot":
        return _snapshot(record, found.id, width)
    return _recovery(record, found.id, width)


def _run(record: Record, id: uuid.UUID, width: int, limit: int) -> Iterator[Text]:  # noqa: A002
    from rich.text import Text

    run = record.one(runs.run_of(id))
    yield from run_lines(run)
    yield Text("")
    shown = 0
    failed = record.stream(failures.failures_of_run(run.id, run.correlation_id, limit + 1))
    for failure in islice(failed, limit):
        shown += 1
        history = record.answer(failures.history_of_failure(failure))
        state = record.answer(failures.recorded_state_of(failure.snapshot_id))
        yield from listed(failure, state, history, width)
    if not shown:
        yield Text(nothing_failed(run), style="pass" if run.exit_status in (0, 5) else "warn")
        return
    if next(failed, None) is not None:
        yield Text(f"More failed: `debugloop show {short(run.id)} --limit 0` shows all.", style="faint")
    yield Text("One of them whole: debugloop show ID; in a debugger: debugloop debug ID", style="faint")


def _error(record: Record, id: uuid.UUID, width: int, *, folded: bool) -> Iterator[Text]:  # noqa: A002
    from rich.text import Text

    failure = record.one(failures.failure_of(id))
    state = record.answer(failures.recorded_state_of(failure.snapshot_id))
    history = record.answer(failures.history_of_failure(failure))
    yield from whole(failure, state, history, width, folded=folded)
    if failure.snapshot_id and state is None:
        yield Text(f"  Its state: debugloop show {failure.snapshot_id}", style="warn")
    for recovery in record.fetch(recoveries.recoveries(error_id=failure.id, limit=1)):
        yield Text("")
        yield from recovery_lines(recovery, width)


def _test(record: Record, id: uuid.UUID, width: int, limit: int, *, folded: bool) -> Iterator[Text]:  # noqa: A002
    from rich.text import Text

    test = record.one(test_of(id))
    attempts = record.fetch(recoveries.history_of_test(id, _STRIP))
    yield Text(printable(test.node_id), style="title")
    yield Text(f"  project {printable(test.project)}, test {short(test.id)}", style="faint")
    if attempts:
        yield Text("  ").append_text(strip_of(attempts))
        failed = sum(attempt.failed for attempt in attempts)
        yield Text(f"  {failed} of the last {counted(len(attempts), 'attempt')} failed", style="faint")
    if by_leg := classes_by_leg({leg.leg: leg.class_ for leg in record.fetch(legs_of_tests([id]))}):
        yield Text(f"  {by_leg}", style="warn")
    listed_failures = record.fetch(failures.failures_of_test(id, min(limit, _LISTED)))
    yield Text("")
    for failure in listed_failures:
        text = Text(f"  {local(failure.occurred_at)} {short(failure.id)} ", style="id")
        text.append(error_line(failure.error_code, failure.error_type, failure.error_message))
        text.truncate(max(width, 40), overflow="ellipsis")
        yield text
    if listed_failures:
        failure = listed_failures[0]
        yield Text("")
        yield Text("The last failure", style="title")
        state = record.answer(failures.recorded_state_of(failure.snapshot_id))
        history = record.answer(failures.history_of_failure(failure))
        yield from whole(failure, state, history, width, folded=folded)
    else:
        yield Text("  It never failed.", style="pass")


def _snapshot(record: Record, id: uuid.UUID, width: int) -> Iterator[Text]:  # noqa: A002
    from rich.text import Text

    snapshot = record.one(failures.snapshot_of(id))
    if snapshot.is_too_large:
        raise SnapshotTooLargeError(id=short(id), megabytes=f"{(snapshot.state_size_bytes or 0) / 1e6:,.0f}")
    size = f"{snapshot.state_size_bytes or 0:,} bytes"
    taken = f"{snapshot.snapshot_type}, {size}, taken {local(snapshot.captured_at)} ({ago(snapshot.captured_at)})"
    yield Text(f"snapshot {snapshot.id}", style="title")
    yield Text(f"  {taken} by {printable(snapshot.agent_name)}", style="faint")
    yield Text("")
    if state := recorded_state(snapshot.state):
        yield from exception_lines(state, width)
        yield from surroundings(state, width)
    elif isinstance(snapshot.state, dict):
        yield from names_lines(snapshot.state, snapshot.state, width, pointer="")
    else:
        for line in Values({}).tree("", snapshot.state, width - 8):
            yield Text(f"  {'  ' * line.depth}{line.name} {line.text}".rstrip())


def _recovery(record: Record, id: uuid.UUID, width: int) -> Iterator[Text]:  # noqa: A002
    for recovery in record.fetch(recoveries.recoveries(id=id, limit=1)):
        yield from recovery_lines(recovery, width)


def as_json(record: Record, found: Found, limit: int) -> tuple[dict[str, Any], dict[str, Iterable[Any]]]:
    """Write what was found, for programs.

    Args:
        record: to ask.
        found: what to show.
        limit: failures at most; 0 for all.

    Returns:
        The keys that are there at once, and those that hold rows.
    """
    limit = limit or MANY
    if found.kind == "run":
        run = record.one(runs.run_of(found.id))
        failed = record.stream(failures.failures_of_run(run.id, run.correlation_id, limit))
        return {"run": run}, {"failures": (_listed_json(record, failure) for failure in failed)}
    if found.kind == "test":
        test = record.one(test_of(found.id))
        failed = record.stream(failures.failures_of_test(found.id, limit))
        attempts = record.stream(recoveries.history_of_test(found.id, _STRIP))
        return {"test": test}, {"attempts": attempts, "failures": failed}
    if found.kind == "error":
        failure = record.one(failures.failure_of(found.id))
        state = record.answer(failures.recorded_state_of(failure.snapshot_id))
        return {**_failure_json(record, failure, state), "state": state}, {
            "recoveries": record.stream(recoveries.recoveries(error_id=failure.id))
        }
    if found.kind == "snapshot":
        return {"snapshot": record.one(failures.snapshot_of(found.id, largest=MANY))}, {}
    return {"recovery": record.one(recoveries.recoveries(id=found.id, limit=1))}, {}


def _listed_json(record: Record, failure: failures.Failure) -> dict[str, Any]:
    return _failure_json(record, failure, record.answer(failures.recorded_state_of(failure.snapshot_id)))


def _failure_json(record: Record, failure: failures.Failure, state: dict[str, Any] | None) -> dict[str, Any]:
    place = failing_frame(state) if state else None
    frame = state["exceptions"][place[0]]["frames"][place[1]] if state and place else None
    history = record.answer(failures.history_of_failure(failure))
    return {"failure": plain(failure), "frame": frame, "history": plain(history)}
