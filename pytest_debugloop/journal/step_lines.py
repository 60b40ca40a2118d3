"""The lines that tell of a step. They are put together by hand: four to six are written of every test."""

from __future__ import annotations

from pytest_debugloop.journal.records import json_string


def step_suffix(node_id: str, attempt: int, task: str) -> str:
    """Write what all lines of one attempt's steps share, to the end of the line.

    Args:
        node_id: the test's whole node id.
        attempt: 1 for the first.
        task: the test's name across runs, which most often is its node id.
    """
    name = "" if task == node_id else f'"task":{json_string(task)},'
    return f'{name}"node_id":{json_string(node_id)},"attempt":{attempt}}}\n'


def step_head(n: int | str, phase: str, started: int | str) -> str:
    """Write what all lines of one step begin with, after what kind of line it is.

    Args:
        n: the record's number.
        phase: ``collect``, ``setup``, ``call``, ``teardown`` or ``subtest``.
        started: when it began.
    """
    return f'"n":{n},"phase":"{phase}","started":{started}'


def step_started(head: str, suffix: str) -> str:
    """Write that a step began. Built by hand: it runs three times in every test.

    Args:
        head: see :func:`step_head`.
        suffix: see :func:`step_suffix`.
    """
    return f'{{"kind":"step","rev":0,{head},{suffix}'


def step_ended(head: str, suffix: str, ended: int | str, outcome: str, rev: int = 1, extra: str = "") -> str:
    """Write how a step ended; the line holds all that the one of its start did.

    Args:
        head: see :func:`step_head`.
        suffix: see :func:`step_suffix`.
        ended: when it ended.
        outcome: ``passed``, ``failed``, ``skipped``, ``xfailed``, ``xpassed`` or ``rerun``.
        rev: higher than that of every line about this step written before.
        extra: more members as JSON, each followed by a comma.
    """
    return f'{{"kind":"step","rev":{rev},{head},"ended":{ended},"outcome":"{outcome}",{extra}{suffix}'


def steps_before(before: str, n: str, started: str) -> str:
    """Write the steps that the next one depends on.

    Args:
        before: those that the last one depends on, as this gives them; empty for none.
        n: number of the last one's record.
        started: when it began, in microseconds.
    """
    return f"{before[:-2]},{n},{started}]," if before else f'"after":[{n},{started}],'


def setup_passed(n: str, started: str, ended: str, call: str, after: str, suffix: str) -> str:
    """Write that the setup of a test passed and its call began, in one go: this runs for every test.

    Args:
        n: number of the setup's record.
        started: when the setup began, in microseconds.
        ended: when it ended, and the call began.
        call: number of the call's record.
        after: what the call depends on, see :func:`steps_before`.
        suffix: see :func:`step_suffix`.
    """
    return (
        f'{{"kind":"step","rev":1,"n":{n},"phase":"setup","started":{started},"ended":{ended},"outcome":"passed",'
        f'{suffix}{{"kind":"step","rev":0,"n":{call},"phase":"call","started":{ended},{after}{suffix}'
    )


def call_and_teardown_passed(
    n: str, started: str, called: str, teardown: str, ended: str, after: str, suffix: str
) -> str:
    """Write that the call of a test and its teardown passed, in one go: this runs for every test.

    Args:
        n: number of the call's record.
        started: when the call began, in microseconds.
        called: when it ended, and the teardown began.
        teardown: number of the teardown's record.
        ended: when the teardown ended.
        after: what the call depends on, at least one step, see :func:`steps_before`.
        suffix: see :func:`step_suffix`.
    """
    return (
        f'{{"kind":"step","rev":1,"n":{n},"phase":"call","started":{started},"ended":{called},"outcome":"passed",'
        f'{after}{suffix}{{"kind":"step","rev":1,"n":{teardown},"phase":"teardown","started":{called},'
        f'"ended":{ended},"outcome":"passed",{after[:-2]},{n},{started}],{suffix}'
    )
