"""A run as JUnit XML, in the shape of pytest's own ``--junitxml``.

Attempts that were run again are in the one ``testcase`` of the test, as Maven Surefire has it: ``flakyFailure`` where
it passed in the end, ``rerunFailure`` where it did not; pytest itself has no place for them.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import IO, TYPE_CHECKING

from pytest_debugloop.queries.exports import Attempt, ExportedFailure, attempts_of_run, failures_by_id, failures_of_run
from pytest_debugloop.queries.runs import Run
from pytest_debugloop.text.ci_log import harmless

if TYPE_CHECKING:
    import uuid

    from pytest_debugloop.answers.record import Record

# What XML 1.0 cannot hold (https://www.w3.org/TR/xml/#charsets), and DEL and the C1 controls, which act on terminals.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_REFERENCE = "&#{};"
_LONGEST_MESSAGE = 500


def write_junit(
    out: IO[str], record: Record, runs: Iterable[Run], task_ids: Sequence[uuid.UUID] | None = None
) -> dict[str, int]:
    """Write runs, a ``testsuite`` each.

    Args:
        out: what to write to.
        record: to ask.
        runs: which.
        task_ids: only what is of these tests; None for all.

    Returns:
        How many runs and how many test cases were written.
    """
    counts = {"run": 0, "testcase": 0}
    out.write('<?xml version="1.0" encoding="utf-8"?>\n<testsuites name="pytest tests">\n')
    for run in runs:
        suite = _suite(record, run, task_ids)
        counts["run"] += 1
        counts["testcase"] += len(suite) - 1  # the properties
        out.write(written(suite))
    out.write("</testsuites>\n")
    return counts


def _suite(record: Record, run: Run, task_ids: Sequence[uuid.UUID] | None) -> ET.Element:
    cases = list(_cases(record, run, task_ids))
    for failure in record.stream(failures_of_run(run.id, task_ids)):
        if not failure.operation_name:  # as pytest has it where its own error ends a run
            case = element("testcase", classname="pytest", name="internal", time="0.000")
            case.append(
                element(
                    "error", failure.error_stack_trace or failure.error_message, message=_shortened(_message(failure))
                )
            )
            cases.append(case)
    totals = Counter(child.tag for case in cases for child in case)
    seconds = (run.finished_at - run.started_at).total_seconds() if run.finished_at else 0
    suite = element(
        "testsuite",
        name="pytest",
        errors=totals["error"],
        failures=totals["failure"],
        skipped=totals["skipped"],
        tests=len(cases),
        time=f"{seconds:.3f}",
        timestamp=run.started_at.isoformat(),
        hostname=(run.platform or "").partition(" ")[0],
    )
    properties = element("properties")
    properties.extend(element("property", name=f"debugloop.{name}", value=v) for name, v in _facts(run).items())
    suite.append(properties)
    suite.extend(cases)
    for child in (suite, *suite):
        child.tail = "\n"
    return suite


def _facts(run: Run) -> dict[str, object]:
    facts = {
        "run_id": run.id,
        "correlation_id": run.correlation_id,
        "session_id": run.session_id,
        "project": run.project,
        "status": run.status,
        "exit_status": run.exit_status,
        "branch": run.git_branch,
        "commit": run.git_commit,
        "is_dirty": str(run.is_dirty).lower(),
        "python": run.python_version,
        "platform": run.platform,
        "pytest": run.pytest_version,
        **(run.ci if isinstance(run.ci, dict) else {}),
    }
    return {name: value for name, value in facts.items() if value is not None}


def _cases(record: Record, run: Run, task_ids: Sequence[uuid.UUID] | None) -> Iterator[ET.Element]:
    attempts = record.fetch(attempts_of_run(run.id, task_ids))
    ids = [id_ for attempt in attempts for id_ in attempt.failures]
    failures = {failure.id: failure for failure in (record.fetch(failures_by_id(ids)) if ids else ())}
    for _, group in groupby(attempts, key=lambda a: (a.operation_name, a.agent_name)):
        tried = list(group)
        last = tried[-1]
        yield case_of(tried, failures)
        if last.call_outcome == "failed" and last.teardown_outcome == "failed":
            case = _named(last, 0)  # pytest has two, for one case cannot fail twice
            case.extend(_failed("error", one) for one in _of(last, failures) if one.phase == "teardown")
            yield case


def case_of(attempts: list[Attempt], failures: dict[uuid.UUID, ExportedFailure]) -> ET.Element:
    """Make the ``testcase`` of a test.

    Args:
        attempts: all of the test, in order.
        failures: of theirs, those that are in the record.
    """
    last = attempts[-1]
    case = _named(last, sum(float(ms or 0) for a in attempts for ms in (a.setup_ms, a.call_ms, a.teardown_ms)))
    if last.outcome in ("skipped", "xfailed") or (
        last.outcome == "error" and "skipped" in (last.setup_outcome, last.call_outcome)
    ):
        reason = last.reason or ""
        is_xfail = last.outcome == "xfailed"
        kind = "pytest.xfail" if is_xfail else "pytest.skip"
        case.append(element("skipped", "" if is_xfail else reason, type=kind, message=reason))
    if last.outcome == "died":
        case.append(element("error", message="the process died in this test"))
    for failure in _of(last, failures):
        if failure.phase != "teardown" or last.call_outcome != "failed":
            case.append(_failed("failure" if failure.phase in ("call", "subtest") else "error", failure))
    tag = {"failed": "failure", "error": "error"}.get(last.outcome)
    if tag and case.find(tag) is None:  # its failure is not in the record
        case.append(element(tag))
    again = "rerunFailure" if last.outcome in ("failed", "error", "died") else "flakyFailure"
    case.extend(_again(again, failure) for attempt in attempts[:-1] for failure in _of(attempt, failures))
    return case


def _of(attempt: Attempt, failures: dict[uuid.UUID, ExportedFailure]) -> list[ExportedFailure]:
    return [failures[id_] for id_ in attempt.failures if id_ in failures]


def _named(attempt: Attempt, milliseconds: float) -> ET.Element:
    classname, name = address(attempt.node_id)
    return element("testcase", classname=classname, name=name, time=f"{milliseconds / 1000:.3f}")


def _failed(tag: str, failure: ExportedFailure) -> ET.Element:
    message = _message(failure)
    if tag == "error":
        message = f'failed on {failure.phase} with "{message}"' if failure.phase != "collect" else "collection failure"
    return element(tag, failure.error_stack_trace or failure.error_message, message=_shortened(message))


def _again(tag: str, failure: ExportedFailure) -> ET.Element:
    kind = failure.exception or failure.error_code or failure.error_type
    again = element(tag, message=_shortened(_message(failure)), type=kind)
    again.append(element("stackTrace", failure.error_stack_trace or failure.error_message))
    return again


def _message(failure: ExportedFailure) -> str:
    code = failure.error_code
    return f"{code}: {failure.error_message}" if code else failure.error_message


def _shortened(message: str) -> str:
    return message if len(message) <= _LONGEST_MESSAGE else message[:_LONGEST_MESSAGE] + "..."


def address(node_id: str) -> tuple[str, str]:
    """Split a node id into class name and name, as pytest's ``mangle_test_address`` does.

    Args:
        node_id: of a test, or the path of a file.
    """
    path, bracket, parameters = node_id.partition("[")
    names = path.split("::")
    names[0] = re.sub(r"\.py$", "", names[0].replace("/", "."))
    names[-1] += bracket + parameters
    return ".".join(names[:-1]), names[-1]


def element(tag: str, text: str = "", **attributes: object) -> ET.Element:
    """Make an element; what XML cannot hold is spelt as pytest spells it, ``#x1B``.

    Args:
        tag: its name.
        text: its content.
        **attributes: by name, in order.
    """
    made = ET.Element(tag, {name: _FORBIDDEN.sub(_spelt, str(value)) for name, value in attributes.items()})
    made.text = _FORBIDDEN.sub(_spelt, text).replace("\r", "#x0D")  # of which a parser would make a line end
    return made


def written(tree: ET.Element) -> str:
    """Write an element as XML of which nothing is a command to a CI that reads it as a log.

    Args:
        tree: the element.
    """
    return harmless(ET.tostring(tree, encoding="unicode"), _REFERENCE)


def _spelt(match: re.Match[str]) -> str:
    number = ord(match[0])
    return f"#x{number:02X}" if number <= 0xFF else f"#x{number:04X}"
