"""Suites that are run with plugins that try tests again, and what the record says of their attempts."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterable

    from tests.support.projects import Error, Project, Record, Run

PHASES = ("setup", "call", "teardown")
TWO_WORKERS = ("-p", "xdist", "-n2")
RERUNS = ("-p", "pytest_rerunfailures", "--reruns")
RETRIES = {
    "rerunfailures": (*RERUNS, "2"),
    "flaky": ("-p", "flaky.flaky_pytest_plugin", "--force-flaky", "--max-runs=3", "--no-flaky-report"),
    "retry": ("-p", "pytest_retry.retry_plugin", "--retries", "2"),
}
COPIES = {
    "repeat": ("-p", "pytest_repeat", "--count", "4"),
    "flakefinder": ("-p", "pytest_flakefinder", "--flake-finder", "--flake-runs=4"),
}

# Counted in files: a process that crashed forgets what it counted, and copies are shared out among workers.
COUNTER = """
import os
import pathlib
import time

_counted = set()


def attempt(name):
    with pathlib.Path(os.environ["COUNTED"], name).open("a+") as counted:
        counted.write(f"{os.getpid():9}\\n")
        counted.flush()
        number = counted.tell() // 10
        counted.seek(0)
        before = [int(line) for line in counted][: number - 1]
    _counted.add(name)
    for pid in set(before) - {os.getpid()}:
        wait_for_the_end_of_its_test(pid, name)  # the copy in the other worker is first in every respect
    return number


def ended(pid, name):
    return pathlib.Path(os.environ["COUNTED"], f"{name}-ended-{pid}")


def wait_for_the_end_of_its_test(pid, name):
    deadline = time.monotonic() + 120
    while not ended(pid, name).exists():
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        assert time.monotonic() < deadline
        time.sleep(0.01)


def pytest_runtest_logfinish():
    for name in _counted:
        ended(os.getpid(), name).touch()
    _counted.clear()
"""


@dataclass(frozen=True)
class Twice:
    """One suite, run with a record and without."""

    recorded: Run
    plain: Run

    @property
    def record(self) -> Record:
        return self.recorded.record

    @cached_property
    def verdicts(self) -> dict[str, str]:
        """What pytest says of each test in the end."""
        verdicts: dict[str, str] = {}
        for line in self.recorded.lines:
            found = re.match(r"(PASSED|FAILED|ERROR) (\S+)", line)
            if found is not None and verdicts.get(found[2]) != "failed":
                verdicts[found[2]] = "passed" if found[1] == "PASSED" else "failed"
        return verdicts


def run_twice(project: Project, *arguments: str) -> Twice:
    project.write("counter.py", COUNTER)
    project.write("conftest.py", "from counter import pytest_runtest_logfinish\n")

    def run(recorded: bool) -> Run:
        for number in range(5):
            counted = project.folder / f"counted-{recorded}-{number}"
            counted.mkdir()
            environment = {"COUNTED": str(counted)}
            done = project.run("-rA", "-p", "no:cacheprovider", *arguments, recorded=recorded, env=environment)
            if not done.xdist_broke:
                break
        return done

    with ThreadPoolExecutor(2) as both:
        return Twice(*both.map(run, [True, False]))


def with_and_without_workers(plugins: Iterable[str]) -> list[Any]:
    """Combine plugins and workers: each plugin in one process, and one of them with workers, by default."""
    return [
        pytest.param(
            (plugin, workers),
            id=f"{plugin}, {'two workers' if workers else 'one process'}",
            marks=[pytest.mark.thorough] if workers and number else [],
        )
        for number, plugin in enumerate(plugins)
        for workers in ((), TWO_WORKERS)
    ]


def attempts(record: Record, test: str) -> list[tuple[int, list[tuple[str, str]]]]:
    """The attempts of a test in order of time: the number, and each phase with its status."""
    found: list[tuple[tuple[str, int], list[tuple[str, str]]]] = []
    for step in record.steps(test):
        if step.step_type not in PHASES:
            continue
        key = (step.agent_name, step.metadata["attempt"])
        if not found or found[-1][0] != key:
            found.append((key, []))
        found[-1][1].append((step.step_type, step.status))
    return [(number, phases) for (_, number), phases in found]


def attempt(number: int, **not_completed: str) -> tuple[int, list[tuple[str, str]]]:
    return number, [(phase, not_completed.get(phase, "completed")) for phase in PHASES]


def links(record: Record) -> list[tuple[uuid.UUID, uuid.UUID]]:
    rows = record.query(
        "SELECT error_event_id, success_event_id FROM debug_error_success_correlation WHERE error_event_id IN"
        " (SELECT id FROM debug_error_events WHERE correlation_id = %(id)s)"
    )
    return [(row["error_event_id"], row["success_event_id"]) for row in rows]


def fates(errors: Iterable[Error]) -> list[tuple[bool, bool | None, str | None, bool]]:
    return [
        (e.recovery_attempted, e.recovery_successful, e.recovery_strategy, e.resolved_at is not None) for e in errors
    ]


RECOVERED = (True, True, "retry", True)
IN_VAIN = (True, False, None, False)


def assert_recovered(record: Record, test: str, phases: list[tuple[int, str]], by: int) -> None:
    """All errors of a test are these, by attempt and phase, and one success of this attempt recovered them."""
    errors = record.errors(test)
    assert [(e.metadata["attempt"], e.metadata["phase"]) for e in errors] == phases
    assert fates(errors) == [RECOVERED] * len(errors)
    (success,) = [s for s in record.successes(test) if s.success_type == "recovery_success"]
    assert success.retry_count + 1 == by
    of_test = [link for link in links(record) if link[0] in {e.id for e in errors}]
    assert sorted(of_test) == sorted((e.id, success.id) for e in errors)


def assert_exhausted(record: Record, test: str, phases: list[tuple[int, str]]) -> None:
    """All errors of a test are these, by attempt and phase, and nothing recovered them."""
    errors = record.errors(test)
    assert [(e.metadata["attempt"], e.metadata["phase"]) for e in errors] == phases
    assert fates(errors[:-1]) == [IN_VAIN] * (len(errors) - 1)
    (last,) = errors[-1:]
    assert (last.recovery_successful, last.resolved_at) in ((None, None), (False, None))
    assert not {e.id for e in errors} & {error for error, _ in links(record)}
    assert "recovery_success" not in {s.success_type for s in record.successes(test)}


def verdicts_in_record(record: Record) -> dict[str, str]:
    """How the last attempt of each test ended."""
    rows = record.query(
        "SELECT operation_name, failed FROM debug_test_attempts JOIN debug_runs AS run ON run.id = run_id"
        " WHERE run.correlation_id = %(id)s ORDER BY ended_at"
    )
    return {row["operation_name"]: "failed" if row["failed"] else "passed" for row in rows}


def states(record: Record) -> dict[str, dict[str, Any]]:
    """What is kept of the end of each test that has it, and what had changed."""
    rows = record.query(
        "SELECT operation_name, success_type, snapshot_type, success_factors, state_snapshot_id,"
        " agent_state -> 'returned' -> 'locals' AS locals FROM debug_success_events AS e"
        " LEFT JOIN debug_state_snapshots AS s ON s.id = e.state_snapshot_id"
        " WHERE e.correlation_id = %(id)s AND (state_snapshot_id IS NOT NULL OR success_factors IS NOT NULL)"
    )
    assert {row["snapshot_type"] for row in rows} <= {"success"}
    return {row["operation_name"]: row for row in rows}
