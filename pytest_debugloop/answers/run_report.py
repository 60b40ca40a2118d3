"""What a run reports to the CI at its end, by the connection that has just stored it."""

from __future__ import annotations

import uuid
from pathlib import Path

import psycopg

from pytest_debugloop.answers.compared_runs import compare_runs
from pytest_debugloop.answers.gate import judge
from pytest_debugloop.answers.here import base_branches
from pytest_debugloop.answers.record import Record
from pytest_debugloop.answers.report_lines import report_markdown
from pytest_debugloop.queries.compare import Here
from pytest_debugloop.queries.question import Steps, one
from pytest_debugloop.queries.runs import run_of

LINES = 38
"""How many lines the report of a run has at most: the run adds the command that shows more."""


def report_on(connection: psycopg.Connection, run_id: uuid.UUID, rootdir: Path) -> list[str]:
    """Report on a run against its base, as ``debugloop report`` does: see :mod:`pytest_debugloop.loading.end_of_run`.

    Args:
        connection: in a transaction on the record.
        run_id: of the run.
        rootdir: pytest's rootdir.

    Raises:
        DebugloopError: the record cannot answer.
        psycopg.Error: nor can the server.
    """
    return Record(connection).answer(_report(run_id, rootdir))


def _report(run_id: uuid.UUID, rootdir: Path) -> Steps[list[str]]:
    run = yield from one(run_of(run_id))
    here = Here(None, run.leg, None, str(rootdir), base_branches(rootdir))
    compared = yield from compare_runs(f"run:{run_id}", None, run.project, here, needs_base=False)
    return report_markdown(judge(compared), LINES)
