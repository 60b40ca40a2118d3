"""Whether the record of a run says the same as pytest did.

How ``--junitxml`` counts (``_pytest/junitxml.py``), for each report that the user's process logs, subtests included:

- *passed*: a ``call`` report that passed. An unexpected pass that is not strict is one. A test with failed subtests
  is not, for pytest's terminal has turned its report into a failed one by then; but a ``unittest`` test with failed
  subtests is, for there only the subtests fail.
- *failures*: a ``call`` report that failed, the strict unexpected pass included.
- *errors*: every other report that failed: setup, teardown, a crashed worker of pytest-xdist; each collection that
  failed; and an internal error, once.
- *skipped*: every report, of whatever phase, that was skipped, the expected failure included; and each collection that
  was skipped.
- *tests* is passed + failures + errors + skipped - *double*, and *double* counts the failed teardowns of tests whose
  call did not fail: they are errors of a test that was counted before.

*passed* and *double* are not in the file. So what the record must hold, each counted without the others:

====================================================================  =============================================
record                                                                junit
====================================================================  =============================================
errors of ``call`` and ``subtest`` steps                              failures
errors of other steps, and of none                                    errors
skipped steps, those of collections counted once for all workers      skipped
successes of tests and subtests + the three above - double            tests
====================================================================  =============================================

where *double* are the failed ``teardown`` steps whose test has no failed call. Under pytest-xdist each worker collects,
and the controller logs the same skip, by place and reason, once.

Beyond counting: each report is a step with the same node id (without its secrets), phase and outcome, each failed step
has its error and each passed call its success, no step is left started, they are numbered without a gap, no line was
refused, and the run's own row has the exit status, the same totals and no fault of the recorder.
"""

from __future__ import annotations

import re
import uuid
from collections import Counter
from typing import TYPE_CHECKING, Any

from psycopg import Connection, sql
from psycopg.rows import dict_row

from pytest_debugloop.capture.redact import Redactor

if TYPE_CHECKING:
    from tests.suites.running import Observed

_COUNTS = """
    WITH step AS (SELECT * FROM debug_workflow_steps WHERE correlation_id = %(run)s),
    failure AS (
        SELECT e.id, coalesce(
            (SELECT min(s.step_type) FROM step AS s WHERE s.error_event_id = e.id), 'none'
        ) AS step_type
        FROM debug_error_events AS e WHERE e.correlation_id = %(run)s
    )
    SELECT
        (SELECT count(*) FROM failure WHERE step_type IN ('call', 'subtest')) AS failures,
        (SELECT count(*) FROM failure WHERE step_type NOT IN ('call', 'subtest')) AS errors,
        (SELECT count(*) FROM step WHERE status = 'skipped' AND step_type <> 'collect') + (
            SELECT count(*) FROM (
                SELECT DISTINCT operation_name, metadata ->> 'reason'
                FROM step WHERE status = 'skipped' AND step_type = 'collect'
            ) AS skips
        ) AS skipped,
        (
            SELECT count(*) FROM debug_success_events
            WHERE correlation_id = %(run)s AND success_type IN ('validation_pass', 'recovery_success')
        ) AS passed,
        (
            SELECT count(*) FROM step AS t
            WHERE t.step_type = 'teardown' AND t.status = 'failed' AND NOT EXISTS (
                SELECT FROM step AS c
                WHERE c.step_type = 'call' AND c.status = 'failed' AND c.operation_name = t.operation_name
            )
        ) AS double,
        (SELECT count(*) FROM step WHERE status NOT IN ('completed', 'failed', 'skipped')) AS unfinished,
        (SELECT count(*) FROM step WHERE status = 'failed' AND error_event_id IS NULL) AS failed_without_error,
        (
            SELECT count(*) FROM step
            WHERE status = 'completed' AND step_type IN ('call', 'subtest') AND success_event_id IS NULL
        ) AS passed_without_success,
        (SELECT count(*) FROM step WHERE completed_at < started_at OR duration_ms < 0) AS backwards,
        (SELECT count(*) FROM step WHERE step_type = 'call' AND cardinality(depends_on_steps) <> 1)
            + (SELECT count(*) FROM step WHERE step_type = 'subtest' AND parent_step_id IS NULL) AS unconnected,
        (
            SELECT count(*) FROM (
                SELECT step_number - row_number() OVER (ORDER BY step_number) AS gap FROM step
            ) AS numbered WHERE gap <> 0
        ) AS misnumbered,
        (
            SELECT count(*) FROM (
                SELECT started_at < lag(started_at) OVER (ORDER BY step_number) AS early FROM step
            ) AS ordered WHERE early
        ) AS misordered,
        (SELECT count(*) FROM debug_rejected_lines) AS rejected
"""
_RUN = """
    SELECT status, exit_status, errors_total, successes_total, metadata ->> 'problems' AS problems
    FROM debug_runs WHERE correlation_id = %(run)s
"""
# The whole node id is kept in debug_tasks; a step holds a shorter one where it is too long.
_STEPS = """
    SELECT coalesce(t.node_id, s.operation_name) AS node_id, s.step_type,
        CASE s.step_type WHEN 'subtest' THEN s.step_description ELSE '' END AS subtest,
        s.metadata ->> 'outcome' AS outcome, count(*)
    FROM debug_workflow_steps AS s LEFT JOIN debug_tasks AS t USING (operation_name)
    WHERE s.correlation_id = %(run)s AND s.step_type NOT IN ('collect', 'fixture')
    GROUP BY 1, 2, 3, 4
"""
_NEVER = (
    "unfinished",
    "failed_without_error",
    "passed_without_success",
    "backwards",
    "unconnected",
    "misnumbered",
    "misordered",
    "rejected",
)
_SHOWN = 5
# The record numbers the tests whose ids differ only in a secret.
_NUMBERED = re.compile(r"(\[redacted\b.*\]) #\d+$")


def record_problems(
    connection: Connection[Any], schema: str, correlation_id: uuid.UUID, seen: Observed, *, workers: bool
) -> list[str]:
    """Hold the record of a run against the run.

    Args:
        connection: to the record.
        schema: of the record, which holds no other suite.
        correlation_id: of the run.
        seen: what the run showed.
        workers: whether it had workers of pytest-xdist. What subtests are called is not compared then, for pytest
            puts their parameters into quotes once more on their way to the controller.

    Returns:
        One sentence for each thing that is not as it should be.
    """
    of_run = {"run": correlation_id}
    with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(sql.SQL("SET LOCAL search_path TO {}, public").format(sql.Identifier(schema)))
        run = cursor.execute(_RUN, of_run).fetchone()
        if run is None:
            return ["the run is not in the record: " + " ".join(line for line in seen.stdout[-5:])]
        counts = cursor.execute(_COUNTS, of_run).fetchone()
        steps: Counter[tuple[str, str, str, str]] = Counter()
        for row in cursor.execute(_STEPS, of_run):
            subtest = "" if workers else row["subtest"]
            node_id = _NUMBERED.sub(r"\1", row["node_id"])
            steps[node_id, row["step_type"], subtest, row["outcome"]] += row["count"]
    assert counts is not None
    problems = [f"{counts[name]} {name.replace('_', ' ')} in the record" for name in _NEVER if counts[name]]
    recorded = {name: counts[name] for name in ("failures", "errors", "skipped")}
    recorded["tests"] = sum(recorded.values()) + counts["passed"] - counts["double"]
    problems += [
        f"{name}: {count} in the record, {getattr(seen.junit, name)} in the JUnit XML"
        for name, count in recorded.items()
        if count != getattr(seen.junit, name)
    ]
    wanted = {
        "status": "interrupted" if seen.exit_status == 2 else "finished",
        "exit_status": seen.exit_status,
        "errors_total": counts["failures"] + counts["errors"],
        "successes_total": counts["passed"],
        "problems": None,
    }
    problems += [
        f"{key} of the run is {run[key]!r}, not {value!r}" for key, value in wanted.items() if run[key] != value
    ]
    redact = Redactor().text
    reports = Counter(
        (
            redact(report.node_id),
            "subtest" if report.subtest else report.when,
            "" if workers else report.subtest,
            report.verdict,
        )
        for report in seen.reports
    )
    for told, these in (("only in the record", steps - reports), ("not in the record", reports - steps)):
        problems += [f"{told}: {step}" for step in sorted(map(str, these))[:_SHOWN]]
        if len(these) > _SHOWN:
            problems.append(f"{told}: {len(these) - _SHOWN} more")
    return problems
