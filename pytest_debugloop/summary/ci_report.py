"""What a run tells the CI that it runs in, beside the record: GitHub's annotations and job summary, GitLab's report."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_debugloop.summary import github
from pytest_debugloop.summary.job_summary import job_summary

if TYPE_CHECKING:
    import pytest

    from pytest_debugloop.summary.known_failures import KnownFailures

_ANNOTATES_TOO = "pytest_github_actions_annotate_failures"


class CiReport:
    """The report of one run.

    Args:
        config: of the run.
        environ: as it was when the run began: tests may change it.
    """

    def __init__(self, config: pytest.Config, environ: Mapping[str, str]) -> None:
        self._config = config
        self._is_github = environ.get("GITHUB_ACTIONS") == "true"
        self._is_gitlab = bool(environ.get("GITLAB_CI"))
        self._summary = environ.get("GITHUB_STEP_SUMMARY", "")
        self._workspace = environ.get("GITHUB_WORKSPACE", "")

    @classmethod
    def of(cls, config: pytest.Config, environ: Mapping[str, str]) -> CiReport | None:
        """Give the report of a run; None outside of CI.

        Args:
            config: of the run.
            environ: of the run; inside of a test, another run is what the CI is shown.
        """
        report = cls(config, environ)
        is_known = report._is_github or report._is_gitlab
        return report if is_known and "PYTEST_CURRENT_TEST" not in environ else None

    @property
    def is_reported(self) -> bool:
        """Whether the loader is to make a report."""
        return self._is_github and bool(self._summary)

    def begin(self, run: str, command: str) -> None:
        """Put the run's identity into the JUnit XML, where one is written, on GitLab.

        Args:
            run: its short id.
            command: that tells more of it.
        """
        if not self._is_gitlab:
            return
        from _pytest.junitxml import xml_key  # what record_testsuite_property uses, which only a test can have

        xml = self._config.stash.get(xml_key, None)
        if xml is not None:
            xml.add_global_property("debugloop_run", run)
            xml.add_global_property("debugloop_show", command)

    def end(
        self, head: str, status: Mapping[str, Any] | None, known: KnownFailures, command: str, address: str = ""
    ) -> tuple[list[str], list[str]]:
        """Write GitHub's job summary.

        Args:
            head: the first line of the terminal summary.
            status: what the loader says; None where it says nothing.
            known: the failures.
            command: that tells more of the run.
            address: of the run in a browser; empty for none.

        Returns:
            Lines for the end of the terminal summary, which GitHub takes as annotations; and what went wrong, in one
            sentence each.
        """
        if not self._is_github:
            return [], []
        problems = []
        if self._summary:
            try:
                github.append_summary(self._summary, job_summary(head, status, known, command, address))
            except OSError as error:
                problems.append(f"GitHub's job summary could not be written ({error.strerror}).")
        if self._annotates_already():
            return [], problems
        return github.error_commands(known, command, Path(self._config.rootpath), self._workspace), problems

    def _annotates_already(self) -> bool:
        names = [name for name, plugin in self._config.pluginmanager.list_name_plugin() if plugin is not None]
        return any(name == "annotate_errors" or name.startswith(_ANNOTATES_TOO) for name in names)
