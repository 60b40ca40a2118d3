"""A run as JUnit XML, in the shape of pytest's own ``--junitxml``.

Attempts that were run again are in the one ``testcase`` of the test, as Maven Surefire has it: ``flakyFailure`` where
it passed in the end, ``rerunFailure`` where it did not; pytest itself has no place for them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import IO, TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from pytest_debugloop.ci_log import harmless
from pytest_debugloop.queries.exports import Attempt, WholeFailure, attempts_of_run, failures_by_id, failures_of_run
from pytest_debugloop.queries.runs import Run

if TYPE_CHECKING:
    import uuid

    from pytest_debugloop.cli.record import Connection

# What XML 1.0 cannot hold (https://www.w3.org/TR/xml/#charsets), and DEL and the C1 controls, which act on terminals.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_REFERENCE = "&#{};"
_LONGEST_MESSAGE = 500
_COUNTED = ("failure", "error", "skipped")


def write_junit(out: IO[str], connection: Connection, runs: Iterable[Run]) -> dict[str, int]:
    """Write runs, a ``testsuite`` each.

    Args:
        out: what to write to.
        connection: to the record.
        runs: which.

    Returns:
        How many runs and how many test cases were written.
    """
    counts = {"run": 0, "testcase": 0}
    out.write('<?xml version="1.0" encoding="utf-8"?>\n<testsuites name="pytest tests">\n')
    for run in runs:
        counts["run"] += 1
        counts["testcase"] += _write_suite(out, connection, run)
    out.write("</testsuites>\n")
    return counts


def _write_suite(out: IO[str], connection: Connection, run: Run) -> int:
    # The head has the totals, so the cases are counted before they are written; both read the same moment.
    totals = dict.fromkeys(("tests", *_COUNTED), 0)
    for case in _cases(connection, run):
        totals["tests"] += 1
        for tag in case.tags:
            totals[tag] += 1
    of_no_test = [f for f in failures_of_run(connection, run.id) if not f.operation_name]
    totals["tests"] += len(of_no_test)
    totals["error"] += len(of_no_test)
    seconds = (run.finished_at - run.started_at).total_seconds() if run.finished_at else 0
    head = {
        "name": "pytest",
        "errors": totals["error"],
        "failures": totals["failure"],
        "skipped": totals["skipped"],
        "tests": totals["tests"],
        "time": f"{seconds:.3f}",
        "timestamp": run.started_at.isoformat(),
        "hostname": (run.platform or "").partition(" ")[0],
    }
    out.write(f"<testsuite{attributes(head)}>\n<properties>\n")
    for name, value in _facts(run).items():
        out.write(f"<property{attributes({'name': f'debugloop.{name}', 'value': value})}/>\n")
    out.write("</properties>\n")
    for case in _cases(connection, run):
        case.write(out, connection)
    for failure in of_no_test:  # as pytest has it where its own error ends a run
        message = attributes({"message": _shortened(_message(failure))})
        text = escaped(failure.error_stack_trace or failure.error_message)
        out.write(
            f'<testcase classname="pytest" name="internal" time="0.000"><error{message}>{text}</error></testcase>\n'
        )
    out.write("</testsuite>\n")
    return totals["tests"]


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


def _cases(connection: Connection, run: Run) -> Iterator[_Case]:
    attempts = attempts_of_run(connection, run.id)
    for _, group in groupby(attempts, key=lambda a: (a.operation_name, a.agent_name)):
        tried = list(group)
        last = tried[-1]
        yield _Case(tried)
        if last.call_outcome == "failed" and last.teardown_outcome == "failed":
            yield _Case([last], only_teardown=True)  # pytest has two, for one case cannot fail twice


class _Case:
    """A ``testcase``: a test with all its attempts.

    Args:
        attempts: of the test, in order.
        only_teardown: whether it is of the teardown that failed after the call had.
    """

    def __init__(self, attempts: list[Attempt], *, only_teardown: bool = False) -> None:
        self._attempts = attempts
        self._only_teardown = only_teardown
        self._last = attempts[-1]
        self.tags = list(self._tags())

    def _tags(self) -> Iterator[str]:
        """Name the elements that are counted, as far as they are known without the failures themselves."""
        last = self._last
        if self._only_teardown:
            yield "error"
            return
        if last.outcome in ("skipped", "xfailed") or (
            last.outcome == "error" and "skipped" in (last.setup_outcome, last.call_outcome)
        ):
            yield "skipped"
        if "failed" in (last.setup_outcome, last.collect_outcome) or last.outcome == "died":
            yield "error"
        failed_in_call = len(last.failures) - sum(o == "failed" for o in (last.setup_outcome, last.teardown_outcome))
        if last.outcome == "failed":
            yield from ["failure"] * max(failed_in_call, 1)
        if last.teardown_outcome == "failed" and last.call_outcome != "failed":
            yield "error"

    def write(self, out: IO[str], connection: Connection) -> None:
        """Write it.

        Args:
            out: what to write to.
            connection: to the record.
        """
        attempts = [self._last] if self._only_teardown else self._attempts
        failures = failures_by_id(connection, [id_ for attempt in attempts for id_ in attempt.failures])
        classname, name = address(self._last.node_id)
        if self._only_teardown:
            took = 0.0
        else:
            took = sum(float(ms or 0) for a in attempts for ms in (a.setup_ms, a.call_ms, a.teardown_ms))
        out.write(f"<testcase{attributes({'classname': classname, 'name': name, 'time': f'{took / 1000:.3f}'})}>")
        out.writelines(self._elements(failures))
        out.write("</testcase>\n")

    def _elements(self, failures: dict[uuid.UUID, WholeFailure]) -> Iterator[str]:
        last = self._last
        of_last = [failures[id_] for id_ in last.failures if id_ in failures]
        if self._only_teardown:
            for failure in of_last:
                if failure.phase == "teardown":
                    yield _failed("error", failure)
            return
        again = "rerunFailure" if last.outcome in ("failed", "error", "died") else "flakyFailure"
        if "skipped" in self.tags:
            kind = "pytest.xfail" if last.outcome == "xfailed" else "pytest.skip"
            reason = last.reason or ""
            text = "" if kind == "pytest.xfail" else escaped(reason)
            yield f"<skipped{attributes({'type': kind, 'message': reason})}>{text}</skipped>"
        if last.outcome == "died":
            yield f"<error{attributes({'message': 'the process died in this test'})}/>"
        for failure in of_last:
            if failure.phase == "teardown" and last.call_outcome == "failed":
                continue
            yield _failed("failure" if failure.phase in ("call", "subtest") else "error", failure)
        if last.outcome == "failed" and not of_last:
            yield "<failure/>"
        for attempt in self._attempts[:-1]:
            for id_ in attempt.failures:
                if id_ in failures:
                    yield _again(again, failures[id_])


def _failed(tag: str, failure: WholeFailure) -> str:
    message = _message(failure)
    if tag == "error":
        message = f'failed on {failure.phase} with "{message}"' if failure.phase != "collect" else "collection failure"
    head = attributes({"message": _shortened(message)})
    return f"<{tag}{head}>{escaped(failure.error_stack_trace or failure.error_message)}</{tag}>"


def _again(tag: str, failure: WholeFailure) -> str:
    kind = failure.exception or failure.error_code or failure.error_type
    head = attributes({"message": _shortened(_message(failure)), "type": kind})
    trace = escaped(failure.error_stack_trace or failure.error_message)
    return f"<{tag}{head}><stackTrace>{trace}</stackTrace></{tag}>"


def _message(failure: WholeFailure) -> str:
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


def escaped(text: str) -> str:
    """Write a text as the content of an element; what XML cannot hold is spelt as pytest spells it, ``#x1B``.

    Args:
        text: any.
    """
    return harmless(escape(_FORBIDDEN.sub(_spelt, text).replace("\r", "#x0D")), _REFERENCE)


def attributes(values: dict[str, object]) -> str:
    """Write attributes of an element, each behind a space.

    Args:
        values: by name.
    """
    return "".join(f" {name}={_quoted(str(value))}" for name, value in values.items())


def _quoted(text: str) -> str:
    # A parser makes spaces of line ends that are not written as references.
    written = quoteattr(_FORBIDDEN.sub(_spelt, text), {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})
    return harmless(written, _REFERENCE)


def _spelt(match: re.Match[str]) -> str:
    number = ord(match[0])
    return f"#x{number:02X}" if number <= 0xFF else f"#x{number:04X}"
