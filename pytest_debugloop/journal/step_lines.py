"""The lines that tell of a step. They are put together by hand: six are written of every test."""

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


def step_head(n: int, phase: str, started: int) -> str:
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


def step_ended(head: str, suffix: str, ended: int, outcome: str, rev: int = 1, extra: str = "") -> str:
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
