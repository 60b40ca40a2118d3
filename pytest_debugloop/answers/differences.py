"""What ``diff`` compares: what somebody names, and where that is one side alone, what it is to be compared with."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pytest_debugloop.answers.comparison import ChangedCode, Comparison, Side, compare, side, side_in_run
from pytest_debugloop.answers.lookup import find
from pytest_debugloop.errors import NeverFailedError, NoRunBeforeError, NotInRunError, NotRecoveredError
from pytest_debugloop.queries.failures import failures_of_test
from pytest_debugloop.queries.proving import last_pass_before
from pytest_debugloop.queries.question import Question, Steps, first, one
from pytest_debugloop.queries.recoveries import Recovery, recoveries
from pytest_debugloop.text.json_values import plain
from pytest_debugloop.text.printable import printable
from pytest_debugloop.text.words import short

_KINDS = ("error", "success", "snapshot", "recovery", "test")


@dataclass(frozen=True, slots=True)
class Compared:
    """A comparison; ``recovery`` is that which leads from the first side to the second, None where both were named."""

    comparison: Comparison
    recovery: Recovery | None


@dataclass(frozen=True, slots=True)
class _RunBefore:
    id: uuid.UUID


@dataclass(frozen=True, slots=True)
class _TestOf:
    task_id: uuid.UUID


def compared(a: str, b: str | None, project: str | None, here: str | None = None) -> Steps[Compared]:
    """Compare what somebody names: two moments, two runs, or a failure with the pass after it, or else before it.

    Args:
        a: a failure, a pass, a snapshot, a run, or a test, of which it is the last failure; without the second one also
            a recovery.
        b: the second; None for the pass that recovered the first, or, where nothing has, the last one before it; of a
            run the one before it on its line. A run and anything else: what the test of the other side did in it.
        project: tests only of this one, by the name that it has or had; None for all.
        here: the project whose tests are preferred; None for none.

    Raises:
        NotFoundError, WrongKindError, AmbiguousError: nothing, nothing of these, or more than one thing is called so.
        NeverFailedError: the test has not failed.
        NotInRunError: the test did not run to its end in the run.
        NotRecoveredError: no pass followed the first one, or is known before it.
        NoRunBeforeError: it is a run, and the first on its line.
    """
    before, recovery = yield from _named(a, project, (*_KINDS, "run"), here)
    if b is None and before.kind == "run":
        earlier = yield from first(Question("diff_run_before", _RunBefore, {"id": before.id}))
        if earlier is None:
            raise NoRunBeforeError(run=short(before.id))
        return Compared((yield from compare((yield from one(side("run", earlier.id))), before)), None)
    if b is not None:
        after, _ = yield from _named(b, project, (*_KINDS, "run"), here)
        if after.kind == "run" and before.kind != "run":
            after = yield from _in_run(before, after)
        elif before.kind == "run" and after.kind != "run":
            before = yield from _in_run(after, before)
        return Compared((yield from compare(before, after)), None)
    if recovery is None and before.kind == "error":
        recovery = yield from first(recoveries(error_id=before.id, limit=1))
        if recovery is None and (passed := (yield from first(last_pass_before(before.id)))) is not None:
            last = yield from one(side("success", passed.success_id))
            return Compared((yield from compare(last, before)), None)
    if recovery is None:
        raise NotRecoveredError(text=printable(a))
    after = yield from one(side("success", recovery.success_event_id))
    return Compared((yield from compare(before, after)), recovery)


def code_changed_since_pass(error_id: uuid.UUID) -> Steps[Sequence[ChangedCode]]:
    """Give the code that changed since the test of an open failure last passed; empty where that is not known.

    Args:
        error_id: of the failure.
    """
    try:
        return (yield from compared(str(error_id), None, None)).comparison.code or ()
    except NotRecoveredError:
        return ()


def as_json(answer: Compared) -> dict[str, Any]:
    """Write an answer for programs.

    Args:
        answer: of :func:`compared`.
    """
    code = answer.comparison.code
    changed = None if code is None else [{**plain(each), "diff": each.diff} for each in code]
    return {**plain(answer.comparison), "code": changed, "recovery": plain(answer.recovery)}


def _named(
    text: str, project: str | None, kinds: tuple[str, ...], here: str | None
) -> Steps[tuple[Side, Recovery | None]]:
    """Find what somebody means by one side."""
    found = yield from find(text, project, kinds, here)
    if found.kind == "recovery":
        recovery = yield from one(recoveries(id=found.id, limit=1))
        return (yield from one(side("error", recovery.error_event_id))), recovery
    if found.kind == "test":
        last = yield from first(failures_of_test(found.id, 1, details=0))
        if last is None:
            raise NeverFailedError(text=printable(text))
        return (yield from one(side("error", last.failure.id))), None
    return (yield from one(side(found.kind, found.id))), None


def _in_run(moment: Side, run: Side) -> Steps[Side]:
    """Give what the test of one side did in a run."""
    test = yield from first(Question("diff_test_of_side", _TestOf, {"id": moment.id}))
    found = None if test is None else (yield from first(side_in_run(test.task_id, run.id)))
    if found is None:
        raise NotInRunError(test=printable(moment.node_id) or "It", run=short(run.id))
    return found
