"""One recorded run in one process: begin, wire the hooks, end, and tell the user."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from pytest_debugloop.capture.redact import Redactor
from pytest_debugloop.clock import Clock
from pytest_debugloop.environment import folders
from pytest_debugloop.environment.identity import RunIdentity
from pytest_debugloop.journal.journal import Journal
from pytest_debugloop.journal.losses import Losses
from pytest_debugloop.journal.records import Finish, clean_text
from pytest_debugloop.journal.shared_names import JOURNAL_SUFFIX, WORKER_INPUT
from pytest_debugloop.own_imports import OwnImports
from pytest_debugloop.private import JOURNALS, open_folder
from pytest_debugloop.recording.attempts import Attempts
from pytest_debugloop.recording.capture_setup import capturer_of
from pytest_debugloop.recording.collection import CollectionRecorder
from pytest_debugloop.recording.exit_status import News, PytestExit
from pytest_debugloop.recording.fixtures import FixtureRecorder
from pytest_debugloop.recording.hooks import Hooks
from pytest_debugloop.recording.phase_hooks import PhaseHooks
from pytest_debugloop.recording.recorder import Recorder
from pytest_debugloop.recording.tasks import Tasks
from pytest_debugloop.recording.test_notes import TestNotes
from pytest_debugloop.recording.trace_selection import TraceSelection
from pytest_debugloop.recording.tracebacks import remove_from_error, remove_from_internal_error
from pytest_debugloop.settings import Settings, raw_value
from pytest_debugloop.summary.run_end import RunEnd
from pytest_debugloop.system import System, open_files_allowed
from pytest_debugloop.text.ci_log import harmless
from pytest_debugloop.writing.failure import WORKER_CRASH, kind_of_report
from pytest_debugloop.writing.failure_context import FailureContext
from pytest_debugloop.writing.header import open_journal
from pytest_debugloop.writing.loaded_files import LoadedFiles
from pytest_debugloop.writing.node_ids import NodeIds, OutsideFiles
from pytest_debugloop.writing.writer import Writer


class Session:
    """The recorded run, in the process that the user started or in a worker of pytest-xdist.

    Args:
        config: of the run.

    Attributes:
        worker: name of the xdist worker that this process is, None in the user's process.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._clock = Clock()
        ini = config.getini
        self.settings = Settings(lambda option: raw_value(option, config.getoption, ini, os.environ))
        self._problems = list(map(str, self.settings.problems))
        worker_input: dict[str, Any] | None = getattr(config, "workerinput", None)
        self.worker: str | None = None if worker_input is None else str(worker_input["workerid"])
        self._worker_input: dict[str, Any] | None = None if worker_input is None else worker_input.get(WORKER_INPUT)
        self._writer: Writer | None = None
        self._hooks = Hooks(config)
        self._redactor = Redactor()
        self._journal: Journal | None = None
        self._recorder: Recorder | None = None
        self._collection: CollectionRecorder | None = None
        self._notes: TestNotes | None = None
        self._run_end: RunEnd | None = None
        self._run_folder: Path | None = None
        self._identity: RunIdentity | None = None
        self._losses = Losses()
        self._news = News()
        self._pid = System.getpid()
        self._exit = PytestExit()
        self._finished = False
        self._has_summary = False

    # -- begin ------------------------------------------------------------------------------------------------------

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Open the journal and, in the user's process, start the loader."""
        self._exit.session_started(session)
        try:
            self._open()
        except Exception as error:
            self._writer = None
            reason = error.strerror if isinstance(error, OSError) and error.strerror else repr(error)
            self._losses.add_problem(
                f"this run is not recorded, because no journal could be written ({reason}): "
                "set --debugloop-dir to a writable directory."
            )

    def _open(self) -> None:
        config = self._config
        capturer = capturer_of(config, self.settings, self._problems, self._hooks.refuse)
        self._redactor = capturer.redactor
        if self.worker is None:
            if not self.settings.session_id:
                self.settings.__dict__["session_id"] = self._hooks.session_id()
            self._identity = RunIdentity.new(self.settings, config.rootpath, os.environ, self._clock.now())
            folder, problem = folders.open_folder(config.rootpath / self.settings.directory)
            if problem:
                self._problems.append(problem)
            name = f"{self._identity.correlation_id}_{self._identity.run_id}"
            self._run_folder = folder / JOURNALS / name
            System.close(open_folder(self._run_folder, make=True))
            self._identity.checkout = folders.checkout_id(folder, config.rootpath)
            run_id = self._identity.run_id
            self._run_end = RunEnd(config, self.settings, run_id, folder, self._run_folder, self._redactor)
            if self.settings.gate:
                with OwnImports():
                    from pytest_debugloop.recording.gate import Gate

                gate = Gate(config, self.settings, folder, run_id)
                config.pluginmanager.register(gate, "debugloop-gate")
        elif self._worker_input is None:
            return
        else:
            self._identity = RunIdentity(**self._worker_input["identity"])
            self._run_folder = Path(self._worker_input["run_folder"])
        self._journal = open_journal(
            config, self.settings, self.worker, self._run_folder, self._identity, capturer, self._clock.now
        )
        self._writer = self._news.writer = Writer(self._journal, self._clock, capturer)
        if self.worker is None:
            self._hooks.write_metadata(self._writer)
        if not config.pluginmanager.hasplugin("dsession"):  # with it, the workers run the tests
            places = OutsideFiles(capturer.project, config.rootpath)
            node_ids = NodeIds(self._redactor, places, group_suffix=self.worker is not None and self.is_grouped)
            tasks = Tasks(self._writer, places)
            record = self._run_folder.parents[1]
            selection = TraceSelection(config, self.settings, self._writer, record, self._identity.project)
            pm, attempts, self._news.selection = config.pluginmanager, Attempts(node_ids, tasks, capturer), selection
            self._recorder = Recorder(self._writer, attempts, selection)
            phases = PhaseHooks(config, self._recorder, self._writer)
            if "pytest_timeout" in sys.modules:
                with OwnImports():
                    from pytest_debugloop.recording.timeouts import Timeouts

                timeouts = Timeouts(self._writer, self._recorder.current_step)
                timeouts.watch()
                config.pluginmanager.register(timeouts, "debugloop-timeouts")
            self._notes = TestNotes(self._writer, self.settings, self._recorder.current_step)
            fixtures = FixtureRecorder(self._writer, self._recorder.current_step, capturer.project, phases.expect_parts)
            loaded = LoadedFiles(capturer.project, pm.get_plugins)
            self._collection = CollectionRecorder(self._writer, node_ids, loaded)
            plugins = {"notes": self._notes, "fixtures": fixtures, "tasks": tasks, "recorder": self._recorder}
            for name, plugin in {**plugins, "hooks": phases, "collection": self._collection}.items():
                pm.register(plugin, f"debugloop-{name}")
        if self._run_end is not None:
            self._problems += self._run_end.start()

    @property
    def is_grouped(self) -> bool:
        """Whether xdist appends ``@group`` to node ids in the workers of this run."""
        option = self._config.getoption  # in a worker xdist sets dist back to "no", and loadgroup instead
        return option("dist", None) == "loadgroup" or bool(option("loadgroup", False))

    def worker_input(self) -> dict[str, Any] | None:
        """Give what a worker of pytest-xdist needs, as basic types; None where nothing is recorded."""
        if self._writer is None or self._identity is None:
            return None
        return {"identity": self._identity.to_plain(), "run_folder": str(self._run_folder)}

    # -- what happens outside of tests ------------------------------------------------------------------------------

    def pytest_report_header(self) -> list[str]:
        """Say where records go."""
        if self._run_end is None or self._writer is None or self._identity is None:
            return []
        return [harmless(f"debugloop: recording to {self._run_end.target} as run {self._run_end.name}")]

    @pytest.hookimpl(tryfirst=True)
    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Note an interrupt; where it hit a test, the phase's wrapper has recorded it."""
        self._exit.is_interrupted = True

    @pytest.hookimpl(tryfirst=True)
    def pytest_internalerror(self, excrepr: Any, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Record an error of pytest or of a plugin; what is printed of it is as without us."""
        remove_from_internal_error(excrepr, excinfo)
        if self._writer is not None:
            self._exit.record(self._writer, excinfo.value)

    def worker_failed(self, worker: str, node_id: str, text: str, phase: str = "call") -> None:
        """Record what only the controller of pytest-xdist knows: that a worker died, or collected other tests.

        Args:
            worker: its name.
            node_id: of the test it was in, empty where it was in none.
            text: what xdist says of it.
            phase: ``call`` for a crash, in whatever phase; ``collect`` for other tests than another worker's.
        """
        if self._writer is None or self._run_folder is None:
            return
        with OwnImports():
            from pytest_debugloop.journal.last_test import last_begun_test

        begun = last_begun_test(self._run_folder / (worker + JOURNAL_SUFFIX), node_id)
        if node_id:
            text = text.replace(node_id, begun.node_id)
        context = FailureContext(
            at=self._writer.now(),
            node_id=self._redactor.text(begun.node_id),
            phase=begun.phase if phase == "call" else phase,
            attempt=begun.attempt,
            task=self._redactor.text(begun.task),
            worker=worker,
        )
        kind = WORKER_CRASH if phase == "call" else kind_of_report(phase, text)
        self._writer.write_failure(self._writer.failure_of_text(clean_text(text), kind, context))

    # -- end --------------------------------------------------------------------------------------------------------

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """End a worker's journal; the user's process has more to come."""
        self._exit.session_finished(session, exitstatus)
        if self.worker is not None:
            with open_files_allowed():
                self._finish()
            self._config.workeroutput[WORKER_INPUT] = self._losses.to_plain() | self._news.to_plain()  # type: ignore[attr-defined]

    def add_worker_losses(self, losses: dict[str, Any]) -> None:
        """Sum up what a worker of pytest-xdist could not record.

        Args:
            losses: what it says of that.
        """
        self._losses.add(losses)
        self._news.add(losses)

    @pytest.hookimpl(wrapper=True, tryfirst=True)  # outermost: what it says comes last
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> Generator[None, None, None]:
        """End the journal, wait for the loader, and say in one paragraph what was stored."""
        yield
        self._exit.look_again()
        self._write_summary(terminalreporter)

    def pytest_unconfigure(self) -> None:
        """End what no summary has ended: after an internal error there is none, nor without a terminal."""
        remove_from_error(sys.exc_info()[1])  # what ends pytest itself, as from another plugin's summary
        if self._writer is not None and System.getpid() == self._pid:
            if not self._finished:
                self._exit.unconfigured(self._writer)
            if self.worker is not None:
                self._finish()
            self._write_summary(self._config.pluginmanager.get_plugin("terminalreporter"))

    def _write_summary(self, reporter: pytest.TerminalReporter | None) -> None:
        # A worker has a terminal too, which nobody sees; a fork of ours may come here, and is none of our business.
        if self._has_summary or self.worker is not None or System.getpid() != self._pid:
            return
        self._has_summary = True
        with open_files_allowed():
            self._finish()
            self._problems += self._losses.sentences()
            if self._losses.dropped:
                from pytest_debugloop.workflow.drops import sentences_of

                self._problems += sentences_of(self._losses.dropped, self._losses.first_fault)
            lines = self._summary()
        if reporter is not None:
            for line in lines:
                reporter.write_line(line)
        elif self._problems:
            print(*lines, sep="\n", file=sys.stderr)  # noqa: T201

    def _finish(self) -> None:
        writer, journal = self._writer, self._journal
        if self._finished or writer is None or journal is None or System.getpid() != self._pid:
            return
        self._finished = True
        if self._recorder is not None:
            self._recorder.finish()
        if self._collection is not None:
            self._collection.finish()
        for problem in self._hooks.problems.values():
            self._losses.add_problem(problem)
        if self._notes is not None:
            self._losses.add_dropped(*self._notes.end())
        faults, ending = writer.faults, self._exit
        self._losses.add_faults(faults)
        self._losses.check_closed_journals()
        finish = Finish(
            at=writer.now(), exit_status=ending.exit_status, interrupted=ending.is_interrupted, problems=faults[:20]
        )
        try:
            writer.end(finish.to_line())
        except Exception as fault:
            self._losses.add_problem(f"the journal could not be completed ({fault!r}); please report this.")
            if self._run_end is not None:
                self._run_end.do_not_wait()  # the loader waits for an end that it does not learn of
        self._losses.add_journal(journal.loss)
        if self.worker is not None:
            self._losses.add_closed_journal(journal.left())

    def _summary(self) -> list[str]:
        if self._writer is None or self._run_end is None or self._journal is None:
            return _prefixed(self._problems)
        problems = [self._redactor.text(problem) for problem in self._problems]
        try:
            known = len(self._hooks.problems)
            is_quiet = not problems and self._news.is_none(self._exit)
            lines = self._run_end.lines(problems, self._journal.path, is_quiet=is_quiet)
            self._hooks.recovered(self._run_end.fixed)
            return lines + _prefixed(list(self._hooks.problems.values())[known:])
        except Exception as fault:  # the summary is pytest's: what we cannot tell may not end it
            problems.append(f"the summary of what was stored could not be made ({fault!r}); please report this.")
            return _prefixed(problems)


def _prefixed(problems: list[str]) -> list[str]:
    return [harmless(f"debugloop: {problem}") for problem in problems]
