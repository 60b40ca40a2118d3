"""The gate that a user has asked for: the run's exit status is what ``debugloop check`` says of its failures."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_debugloop.environment.interpreter import import_paths, inherited_environment, interpreter
from pytest_debugloop.errors import NoInterpreterError
from pytest_debugloop.text.ci_log import harmless

if TYPE_CHECKING:
    from pytest_debugloop.settings import Settings

# Nothing of the tests' folder comes before the standard library and the environment's packages.
_BOOTSTRAP = (
    "import sys, json; paths, arguments = json.loads(sys.argv[1]); sys.path += paths; sys.argv[1:] = arguments; "
    "from pytest_debugloop.cli.app import main; main()"
)


class Gate:
    """Asks for the verdict when everything else of the run is over.

    Args:
        config: of the run.
        settings: of the run.
        folder: of the record.
        run_id: of the run.
    """

    def __init__(self, config: pytest.Config, settings: Settings, folder: Path, run_id: str) -> None:
        self._config = config
        self._settings = settings
        self._folder = folder
        self._run_id = run_id
        self._session: pytest.Session | None = None

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Keep the session: its exit status may still change."""
        self._session = session

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        """Change the exit status of a run whose failures are all known; say why, or why not."""
        session = self._session
        if session is None or session.exitstatus != pytest.ExitCode.TESTS_FAILED or sys.exc_info()[1] is not None:
            return
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            failed = sum(len(reporter.stats.get(word, ())) for word in ("failed", "error"))
            if session.testsfailed > failed:  # a limit of coverage, say
                self._write(reporter, "not asked: another plugin has failed this run")
                return
        passed, reason = self._verdict()
        if passed:
            session.exitstatus = pytest.ExitCode.OK
        self._write(reporter, reason)

    def _write(self, reporter: Any, words: str) -> None:
        if reporter is not None:
            reporter.write_line(harmless(f"debugloop: gate {words}"))

    def _verdict(self) -> tuple[bool, str]:
        """Ask, and give whether the run passes, and what to say of it."""
        settings, seconds = self._settings, max(self._settings.wait, 1)
        arguments = ["check", f"run:{self._run_id}", "--json", "--no-pager", "--timeout", str(seconds)]
        arguments += ["--if-unknown", settings.gate_if_unknown, "--dir", str(self._folder)]
        environ = inherited_environment()
        environ["DEBUGLOOP_SCHEMA"] = settings.schema
        environ["DEBUGLOOP_DSN"] = settings.dsn
        environ["DEBUGLOOP_PROJECT"] = settings.project
        try:
            command = [interpreter(), "-I", "-X", "utf8", "-c", _BOOTSTRAP, json.dumps([import_paths(), arguments])]
            done = subprocess.run(
                command,
                cwd=self._config.rootpath,
                env=environ,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=seconds + 30,
                check=False,
            )
            try:
                found = json.loads(done.stdout)
                return bool(found["passed"]), _sentence(found)
            except (ValueError, KeyError):
                reason = (done.stderr.decode("utf-8", "replace").strip().splitlines() or ["it wrote no answer"])[-1]
        except (OSError, ValueError, subprocess.SubprocessError, NoInterpreterError) as error:
            reason = repr(error)
        return settings.gate_if_unknown == "pass", f"unknown: `debugloop check` failed: {reason}"


def _sentence(found: dict[str, Any]) -> str:
    reason = str(found["reason"])
    return f"unknown: {reason}" if found["verdict"] == "unknown" else reason
