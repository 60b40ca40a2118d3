"""What the test process and the loader agree on: names of files and variables, and what a run is told at its end."""

from __future__ import annotations

from typing import Any, NamedTuple

SUFFIX = ".jsonl"
"""Ending of a journal's name."""

MAIN_JOURNAL = "main" + SUFFIX
"""The journal of the process that the user started; an xdist worker's is named after the worker."""

STATUS_FILE = "status.json"
"""What the loader stored, in the run's folder, once it is done with it."""

LOADER_LOCK = "loader.lock"
"""Held by the loader of a run, in the run's folder."""

OWN_LOADER = 0o100
"""A bit of the lock's mode: the loader that the run started has held it, and not only those of other runs."""

TROUBLE_FILE = "trouble.json"
"""Why the journals of a run could not be stored, and how often that was tried, in the run's folder."""

LOADER_LOG = "loader.log"
"""What a loader has to say beyond its status, in the folder of the record."""

OPEN_FAILURES_FILE = "open-failures.json"
"""Which tests have failed and not passed since, in the folder of the record: runs trace what these run."""

LOADER_VARIABLE = "PYTEST_DEBUGLOOP_LOADER"
"""The loader's order, as JSON."""


WORKER_INPUT = "debugloop"
"""Under this name a worker of pytest-xdist is told how it records, and tells what it lost, if it does."""


class KnownFailure(NamedTuple):
    """A test that a run leaves failed, and what the record knows of it.

    Attributes:
        test: its node id; of what is no test, such as a file that could not be collected, the name it has there.
        is_test: whether it is one: only tests have a history.
        error: what was raised.
        message: the beginning of what that says.
        file: where it failed, from rootdir: in the test's own file where a frame is of it; empty where it is not known.
        line: there; 0 where it is not known.
        times: runs of the last days on its line in which it failed with the same fingerprint, this one among them.
        is_cut: whether there were more failures than were looked at.
        last_seen_seconds: age of the last one before this run; None where it is the first.
        times_otherwise: earlier runs on its line in which it failed with another fingerprint.
        has_passed: whether it ever passed before on its line: in this leg, and on this branch, change or working copy.
        failed_before: whether a run before this one failed there, and none has passed since.
        failing_seconds: age of the first of these failures.
        failing_commit: the commit that it happened on, None where the files were not as it has them, or nobody knows.
        strategy: how this failure, or another of the test where this one never did, recovers most often; None: never.
        strategy_times: how often by that strategy.
        recoveries: how often at all.
        fix_file: where what was changed when it last was fixed is; None for a distribution.
        fix_name: the function, or the distribution with its version; None: nothing is known.
        is_flaky: whether it is flaky, as ``debugloop flaky`` says it; not told of what failed before.
        passes_elsewhere: branch, change and leg of other lines on which it passed last, the nearest first.
        not_run_seconds: age of the attempt on its line before this run, where that was long ago; None where it was not.
        times_elsewhere: runs of the last days on other lines in which it failed with the same fingerprint.
        elsewhere_seconds: age of the last one on another line; None where there is none.
    """

    test: str
    is_test: bool
    error: str
    message: str
    file: str
    line: int
    times: int
    is_cut: bool
    last_seen_seconds: float | None
    times_otherwise: int
    has_passed: bool
    failed_before: bool
    failing_seconds: float | None
    failing_commit: str | None
    strategy: str | None
    strategy_times: int | None
    recoveries: int | None
    fix_file: str | None
    fix_name: str | None
    is_flaky: bool
    passes_elsewhere: list[dict[str, Any]] = []  # noqa: RUF012 - never changed
    not_run_seconds: float | None = None
    times_elsewhere: int = 0
    elsewhere_seconds: float | None = None


TOLD = 10
"""How many failed tests the summary of a run tells of."""

DAYS = 7
"""How far back the failures are counted that the summary of a run tells of."""
