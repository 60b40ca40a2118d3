"""A pytest plugin that writes down all that pytest reports; it is copied beside the suites, and knows nothing of us.

It runs last: pytest's terminal turns a test with failed subtests into a failed one while it shows the report.
"""

from __future__ import annotations

import json
import os
import warnings
from typing import Any

import pytest

VARIABLE = "SUITES_PROBE_FILE"


class Probe:
    """Collects, and writes at the end."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._reports: list[list[Any]] = []
        self._collect: list[list[Any]] = []
        self._warnings: list[list[Any]] = []

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a report."""
        subtest = ""
        if getattr(report, "context", None) is not None:
            describe: Any = getattr(report, "_sub_test_description")  # noqa: B009 - of the reports of subtests
            subtest = str(describe())
        self._reports.append(
            [
                report.nodeid,
                report.when,
                report.outcome,
                getattr(report, "wasxfail", None),
                subtest,
                report.longreprtext,
                [list(section) for section in report.sections],
                [[str(name), repr(value)] for name, value in report.user_properties],
            ]
        )

    @pytest.hookimpl(trylast=True)
    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note a collection that did not pass; of the others pytest-xdist tells nothing."""
        if report.outcome != "passed":
            self._collect.append([report.nodeid, report.outcome, report.longreprtext])

    @pytest.hookimpl(trylast=True)
    def pytest_warning_recorded(
        self,
        warning_message: warnings.WarningMessage,
        when: str,
        nodeid: str,
        location: tuple[str, int, str] | None,
    ) -> None:
        """Note a warning."""
        self._warnings.append(
            [
                warning_message.category.__qualname__,
                warning_message.filename,
                warning_message.lineno,
                str(warning_message.message),
                when,
                nodeid,
                None if location is None else list(location),
            ]
        )

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        """Write what was collected."""
        noted = {"reports": self._reports, "collect": self._collect, "warnings": self._warnings}
        with open(self._path, "w", encoding="utf-8", errors="backslashreplace") as file:  # noqa: PTH123
            json.dump(noted, file)


def pytest_configure(config: pytest.Config) -> None:
    """Watch in the process that the user started; pytest-xdist sends it all reports."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Probe(os.environ[VARIABLE]), "suites-probe")
