"""What ``debugloop show`` says of each kind of thing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING

from pytest_debugloop.answers.causes import grouped
from pytest_debugloop.answers.comparison import passed_lines
from pytest_debugloop.answers.recoveries import passed_again_lines, recovery_lines
from pytest_debugloop.answers.runs import nothing_failed
from pytest_debugloop.answers.shown import ShownFailure, ShownPass, ShownRun, ShownSession, ShownSnapshot, ShownTest
from pytest_debugloop.cli.views.failure import cause_lines, failure_lines, surroundings
from pytest_debugloop.cli.views.frames import exception_lines, names_lines
from pytest_debugloop.cli.views.notes import note_lines
from pytest_debugloop.cli.views.run import run_lines
from pytest_debugloop.cli.views.session import session_lines
from pytest_debugloop.cli.views.sparkline import strip_of
from pytest_debugloop.snapshots.states import recorded_state
from pytest_debugloop.snapshots.values import Values
from pytest_debugloop.text.lines import Line
from pytest_debugloop.text.printable import printable
from pytest_debugloop.text.words import ago, classes_by_leg, counted, error_line, local, short

if TYPE_CHECKING:
    from pytest_debugloop.answers.shown import Shown
    from pytest_debugloop.queries.failures import DetailedFailure, Snapshot
    from pytest_debugloop.queries.notes import Note
    from pytest_debugloop.queries.recoveries import Recovery

NAMED = 21
"""Failures of one cause that are shown: one whole, the others by name."""
_LISTED = 10


def pages(
    shown: Shown,
    failures: Iterable[DetailedFailure],
    width: int,
    limit: int,
    *,
    all_frames: bool = False,
    passes: Iterable[Recovery] = (),
    notes: Iterable[Note] = (),
) -> Iterator[Line]:
    """Write what was found.

    Args:
        shown: of a run, a test, a failure, a snapshot or a recovery.
        failures: those of the run, cause by cause, of one cause more than ``limit`` where there are more; or of the
            test.
        width: columns of the terminal.
        limit: causes or failures at most.
        all_frames: whether the frames of installed packages are shown.
        passes: of a run in which nothing failed, the recoveries that it brought; nobody asks for others.
        notes: of a run, what its tests, or the program, recorded.
    """
    if isinstance(shown, ShownSession):
        return session_lines(shown, width)
    if isinstance(shown, ShownRun):
        return chain(_run(shown, iter(failures), passes, width, limit), _below(note_lines(notes, limit)))
    if isinstance(shown, ShownTest):
        return _test(shown, list(islice(failures, min(limit, _LISTED))), width, limit, all_frames=all_frames)
    if isinstance(shown, ShownFailure):
        return _failure(shown, width, all_frames=all_frames)
    if isinstance(shown, ShownPass):
        return passed_lines(shown.success)
    if isinstance(shown, ShownSnapshot):
        return _snapshot(shown.snapshot, width)
    return recovery_lines(shown.recovery, width)


def _run(
    shown: ShownRun, failures: Iterator[DetailedFailure], passes: Iterable[Recovery], width: int, limit: int
) -> Iterator[Line]:
    run = shown.run
    yield from run_lines(run)
    yield Line.of()
    groups = grouped(failures)
    first = next(groups, None)
    if first is None:
        yield Line.of(nothing_failed(run), "pass" if run.exit_status in (0, 5) else "warn")
        if run.recoveries_total:
            yield from passed_again_lines(passes, limit)
        return
    is_cut = False
    for group in islice(chain([first], groups), limit):
        yield from cause_lines(group, width)
        is_cut |= group.failures > len(group.others) + 1
    if next(groups, None) is not None or is_cut:
        yield Line.of(f"To see all failures: debugloop show {short(run.id)} --limit 0", "faint")
    yield Line.of("To see all of one: debugloop show ID; in a debugger: debugloop debug ID", "faint")


def _below(lines: Iterator[Line]) -> Iterator[Line]:
    for place, line in enumerate(lines):
        if place == 0:
            yield Line.of()
        yield line


def _failure(shown: ShownFailure, width: int, *, all_frames: bool) -> Iterator[Line]:
    yield from failure_lines(shown.failure, width, all_frames=all_frames)
    if shown.failure.failure.snapshot_id and shown.failure.state is None:
        yield Line.of(f"  Its state: debugloop show {shown.failure.failure.snapshot_id}", "warn")
    for recovery in shown.recoveries[:1]:
        yield Line.of()
        yield from recovery_lines(recovery, width)


def _test(
    shown: ShownTest, failures: list[DetailedFailure], width: int, limit: int, *, all_frames: bool
) -> Iterator[Line]:
    test, attempts = shown.test, shown.attempts
    yield Line.of(printable(test.node_id), "title")
    yield Line.of(f"  project {printable(test.project)}, test {short(test.id)}", "faint")
    if attempts:
        yield Line((("  ", ""), *strip_of(attempts).spans))
        failed = sum(attempt.failed for attempt in attempts)
        yield Line.of(f"  {failed} of the last {counted(len(attempts), 'attempt')} failed", "faint")
    if by_leg := classes_by_leg({leg.leg: leg.class_ for leg in shown.legs}):
        yield Line.of(f"  {by_leg}", "warn")
    yield Line.of()
    for known in failures:
        failure = known.failure
        line = Line.of(f"  {local(failure.occurred_at)} {short(failure.id)} ", "id", is_cut=True)
        yield line.append(error_line(failure.error_code, failure.error_type, failure.error_message))
    if failures:
        yield Line.of()
        yield Line.of("The last failure", "title")
        yield from failure_lines(failures[0], width, all_frames=all_frames)
    else:
        yield Line.of("  It never failed.", "pass")
    yield from _below(note_lines(shown.notes, limit))


def _snapshot(snapshot: Snapshot, width: int) -> Iterator[Line]:
    size = f"{snapshot.state_size_bytes or 0:,} bytes"
    taken = f"{snapshot.snapshot_type}, {size}, taken {local(snapshot.captured_at)} ({ago(snapshot.captured_at)})"
    yield Line.of(f"snapshot {snapshot.id}", "title")
    yield Line.of(f"  {taken} by {printable(snapshot.agent_name)}", "faint")
    yield Line.of()
    if state := recorded_state(snapshot.state):
        yield from exception_lines(state, width)
        yield from surroundings(state, width)
    elif isinstance(snapshot.state, dict):
        yield from names_lines(snapshot.state, snapshot.state, width, pointer="")
    else:
        for line in Values({}).tree("", snapshot.state, width - 8):
            yield Line.of(f"  {'  ' * line.depth}{line.name} {line.text}".rstrip())
