"""What becomes of a run's journals: the loader's start, where they go, and what the run says of that at its end."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_debugloop import private
from pytest_debugloop.environment.folders import fallback_folder, open_folder
from pytest_debugloop.journal.left_runs import leave_run
from pytest_debugloop.journal.shared_names import STATUS_FILE
from pytest_debugloop.own_imports import OwnImports
from pytest_debugloop.private import remove
from pytest_debugloop.summary import terminal as summary
from pytest_debugloop.summary.loader_start import LoaderStart, loader_order
from pytest_debugloop.summary.short_wait import SHORT_SECONDS, ShortWait
from pytest_debugloop.summary.terminal import SUMMARY_FAILURES_LIMIT, command_of
from pytest_debugloop.system import System, identity_change
from pytest_debugloop.text.ci_log import harmless
from pytest_debugloop.text.words import short

if TYPE_CHECKING:
    import pytest

    from pytest_debugloop.capture.redact import Redactor
    from pytest_debugloop.settings import Settings
    from pytest_debugloop.summary.ci_report import CiReport
    from pytest_debugloop.summary.fixed_tests import FixedTests

# What the command reads as the plugin does, from the environment and the ini file, but for the run's command line.
_FOR_THE_COMMAND = ("dsn", "dir", "schema", "project")


class RunEnd:
    """The way of one run's journals into the record, as the user's process sees it.

    Args:
        config: of the run.
        settings: of the run.
        run_id: of the run.
        folder: of the record.
        run_folder: of the run's journals.
        redactor: of the run.

    Attributes:
        name: the short id of the run: eight characters, or more where the loader has found that others end so.
    """

    def __init__(
        self,
        config: pytest.Config,
        settings: Settings,
        run_id: str,
        folder: Path,
        run_folder: Path,
        redactor: Redactor,
    ) -> None:
        self._config = config
        self._settings = settings
        self.name = short(run_id)
        self._folder = folder
        self._run_folder = run_folder
        self._redactor = redactor
        self._ci = self._ci_report()
        # As pytest has it: where nobody looks at a terminal, lines are not cut to its width.
        self._is_ci = bool(os.environ.get("CI") or os.environ.get("BUILD_NUMBER"))
        self._wait = settings.wait
        self._short_wait = ShortWait(settings, folder, run_folder)
        self._loader: LoaderStart | None = None
        self._folder_identity = _identity(run_folder)
        self.fixed: list[FixedTests] = []
        self._server = ""
        if settings.dsn:
            with OwnImports():
                from pytest_debugloop.dsn import describe_dsn
            self._server = describe_dsn(settings.dsn)
        # Written at once: at the end, a test may have taken away the modules that this needs.
        self._command_words = self._given_words()

    def _ci_report(self) -> CiReport | None:
        if not self._settings.ci_report or not (os.environ.get("GITHUB_ACTIONS") or os.environ.get("GITLAB_CI")):
            return None
        with OwnImports():
            from pytest_debugloop.summary.ci_report import CiReport
        return CiReport.of(self._config, os.environ)

    def start(self) -> list[str]:
        """Start the loader, where the run is to be stored while it goes on.

        Returns:
            What went wrong, one sentence each.
        """
        problems = []
        if self._ci is not None:
            try:
                self._ci.begin(self.name, self._command("show", self.name))
            except Exception as error:
                problems.append(f"the report for the CI could not be started ({error!r}); please report this.")
        if self._settings.load or self._wait:  # without the one, the code of the run is looked at, at its end
            is_reported = self._ci is not None and self._ci.is_reported
            folders = self._folder, self._run_folder, fallback_folder()
            order = loader_order(
                self._config.rootpath, self._settings, *folders, self._redactor, is_reported=is_reported
            )
            try:
                order |= {"is_survey": not self._settings.load, "is_awaited": not self._short_wait.is_possible}
                self._loader = LoaderStart(self._folder, order)
                if self._settings.load:
                    self._loader.start(comes_early=True)
            except Exception as error:
                problems.append(self._not_started(error))
        return problems

    def _not_started(self, error: Exception) -> str:
        self._loader = None
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error).rstrip(".")
        if self._settings.load:
            return f"the loader was not started ({reason})."
        return (
            f"the code of this run was not recorded ({reason}): `debugloop load` does it, if you change nothing before."
        )

    def _survey(self) -> tuple[bool, list[str]]:
        """Have the run's code looked at now that it has ended, and wait for that: files change, and machines go.

        Returns:
            Whether the loader of another run has stored this one meanwhile, and what went wrong.
        """
        loader = self._loader
        if loader is None or not self._wait:
            return False, []
        try:
            loader.start()
            status = summary.wait_for_status(self._run_folder, self._wait)
            loader.wait_for_child(self._wait)
        except OSError as error:
            return False, [self._not_started(error)]
        except KeyboardInterrupt:  # of someone who will not wait, while the tests are done
            return False, []
        if status is not None and status.get("stored"):
            return True, []
        with contextlib.suppress(OSError):
            remove(self._run_folder / STATUS_FILE)
        reason = status.get("problem") if status else "it took longer than debugloop_wait"
        return False, [f"the code of this run is not recorded ({reason})."] if reason else []

    def do_not_wait(self) -> None:
        """Do not wait at the end for a word of the loader that cannot come."""
        self._wait = 0.0

    @property
    def target(self) -> str:
        """Where records go, for people."""
        if not self._settings.load:
            return str(self._relative(self._run_folder))
        if self._server:
            return self._server
        return f"{self._relative(self._folder)} (embedded PostgreSQL)"

    def _relative(self, folder: Path) -> Path:
        with contextlib.suppress(ValueError):
            return folder.relative_to(self._config.rootpath)
        return folder

    @property
    def _address(self) -> str:
        """Where the run is in a browser; empty where nobody has said."""
        return f"{self._settings.web_url}/runs/{self.name}" if self._settings.web_url else ""

    def _command(self, *arguments: str) -> str:
        return " ".join((self._command_words, *arguments))

    def _given_words(self) -> str:
        given = {}
        for name in _FOR_THE_COMMAND:
            value = self._config.getoption(f"debugloop_{name}", None)
            if value:
                given[f"--{name}"] = str(value)
        if "--dir" in given:  # which the command takes from where it is typed
            folder = self._config.rootpath / given["--dir"]
            given["--dir"] = os.path.relpath(folder, self._config.invocation_params.dir)
        return command_of(given, self._redactor.text)

    def lines(self, problems: list[str], journal: Path, *, is_quiet: bool = False) -> list[str]:
        """Wait for the loader, and say in one paragraph what was stored.

        Args:
            problems: one sentence for each thing that went wrong in this process.
            journal: of this process, wherever it is now.
            is_quiet: whether nothing failed, and no test ran that had failed before.
        """
        changed = identity_change()
        is_displaced = not changed and _identity(self._run_folder) != self._folder_identity
        is_stored = False
        if not self._settings.load:
            if not changed and not is_displaced:
                is_stored, more = self._survey()
                problems = problems + more
        elif self._loader is not None and (self._loader.is_deferred or is_displaced):
            try:
                self._start_at_end(journal if is_displaced else None, changed)
            except OSError as error:
                problems = [*problems, self._not_started(error)]
        if self._loader is None or not (self._settings.load or is_stored):
            waits_in = str(journal.parent if is_displaced else self._relative(self._run_folder))
            lines = summary.not_loaded_lines(self.name, waits_in, self._command("load"), problems)
            if self._ci is not None:
                from pytest_debugloop.summary.known_failures import KnownFailures  # loaded by the report

                more = self._ci.end(lines[0], None, KnownFailures([], 0), "")[1]
                lines += [f"debugloop: {problem}" for problem in more]
            return list(map(harmless, lines))
        if changed:
            return self._unreadable(f"a test {changed}", problems)
        is_short = is_quiet and not is_displaced and not self._loader.is_deferred and self._short_wait.is_enough()
        try:
            seconds = min(SHORT_SECONDS, self._wait) if is_short else self._wait
            status = summary.wait_for_status(self._run_folder, seconds, journal, self._say_that_it_waits)
            self._loader.wait_for_child(self._wait)
        except KeyboardInterrupt:  # of someone who will not wait, while the tests are done
            status = None
        except OSError as error:
            return self._unreadable(str(error.strerror), problems)
        if status is None and leave_run(self._run_folder):  # it was stored in this very moment
            status = summary.wait_for_status(self._run_folder, 0, journal)
        if status is not None and not status.get("problem") and not status.get("unread"):
            shutil.rmtree(self._run_folder, ignore_errors=True)
        if status is not None and isinstance(name := status.get("run"), str):
            self.name = name
        below = [f"  see more: {self._command('show', self.name)}"]
        annotations: list[str] = []
        if self._ci is not None or (status is not None and (status.get("failures") or status.get("fixed"))):
            try:
                below, annotations, more = self._failure_lines(status, below)
                problems = problems + more
            except Exception as error:
                problems = [
                    *problems,
                    f"the summary of known failures could not be made ({error!r}); please report this.",
                ]
        if self._settings.web_url and (is_short if status is None else not status.get("problem")):
            below = [*below, f"  in a browser: {self._address}"]
        goes_on = not self._loader.is_deferred
        if status is None and is_short:
            lines = summary.left_lines(self.name, self.target, below)
        else:
            lines = summary.summary_lines(status, self.name, self.target, problems, self._wait, below, goes_on=goes_on)
        return [*map(harmless, lines), *annotations]

    def _say_that_it_waits(self) -> None:
        """Tell why pytest does not end yet, unless nobody looks and the time to wait was set."""
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None and (reporter.isatty or "wait" not in self._settings.given):
            line = f"debugloop: waiting until run {self.name} is stored, at most {self._wait:g} s (Ctrl-C: do not wait)"
            reporter.write_line(harmless(line))

    def _unreadable(self, reason: str, problems: list[str]) -> list[str]:
        lines = summary.unreadable_lines(self.name, reason, self._command("show"), problems)
        return list(map(harmless, lines))

    def _start_at_end(self, displaced: Path | None, changed: str) -> None:
        """Start a loader when the tests are over.

        Args:
            displaced: the journal that is left of a run whose folder a test has removed, with all that the first
                loader stood on.
            changed: see :func:`identity_change`.

        Raises:
            OSError: it cannot be started.
        """
        assert self._loader is not None  # noqa: S101 - whoever calls has asked
        if changed:
            raise OSError(errno.EACCES, f"a test {changed}")
        if displaced is not None:
            if _identity(displaced) is None or _identity(self._folder.parent) is None:
                raise FileNotFoundError(errno.ENOENT, f"a test removed {self._run_folder}")
            folder, _ = open_folder(self._folder)
            if folder != self._folder:
                raise OSError(errno.EACCES, f"{self._folder}, which a test removed, could not be created again")
            System.close(private.open_folder(self._run_folder, make=True))
        self._loader.start()

    def _failure_lines(self, status: dict[str, Any] | None, below: list[str]) -> tuple[list[str], list[str], list[str]]:
        """Give the lines below the count of what is stored, those for the CI, and what went wrong."""
        try:
            with OwnImports():  # nothing of this is needed where there is nothing to tell
                from pytest_debugloop.summary.fixed_tests import fixed_lines, fixed_of
                from pytest_debugloop.summary.folding import cut
                from pytest_debugloop.summary.known_failures import KnownFailures, failure_lines
        except ImportError:  # a test has taken all modules away: what was stored is said without more
            return below, [], []
        known = KnownFailures.of(status)
        annotations: list[str] = []
        problems: list[str] = []
        if self._ci is not None:
            head = summary.summary_lines(status, self.name, self.target, [], self._wait)[0]
            is_stored = status is not None and not status.get("problem")
            command = self._command("show", self.name) if is_stored else ""
            annotations, problems = self._ci.end(head, status, known, command, self._address if is_stored else "")
        width = None if self._is_ci else self._config.get_terminal_writer().fullwidth
        self.fixed = fixed_of(status)
        fixed = [line if width is None else cut(line, width) for line in fixed_lines(self.fixed)]
        if known.failures or fixed:
            lines = [*failure_lines(known, width, SUMMARY_FAILURES_LIMIT - len(fixed)), *fixed]
            # On a server of many, the last run need not be this one.
            below = [*lines, *below] if self._settings.dsn else [*lines, f"  see more: {self._command('show')}"]
        return below, annotations, problems


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = System.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
