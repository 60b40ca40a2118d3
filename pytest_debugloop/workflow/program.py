"""Recording a program: the same journal and loader as those of a test run, without pytest."""

from __future__ import annotations

import logging
import os
import shutil
import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_debugloop.clock import Clock, boot_facts
from pytest_debugloop.environment import folders
from pytest_debugloop.environment.identity import RunIdentity, process_start
from pytest_debugloop.environment.ini import find_ini
from pytest_debugloop.journal.journal import Journal
from pytest_debugloop.journal.records import JOURNAL_FORMAT, Finish, Run, clean_text
from pytest_debugloop.journal.shared_names import JOURNAL_SUFFIX, MAIN_JOURNAL
from pytest_debugloop.private import JOURNALS, open_folder
from pytest_debugloop.setting_values import as_bool
from pytest_debugloop.settings import Option, Settings, raw_value
from pytest_debugloop.summary.loader_start import LoaderStart, loader_order
from pytest_debugloop.summary.terminal import summary_lines, wait_for_status
from pytest_debugloop.system import System
from pytest_debugloop.workflow.debugloop import DebugLoop
from pytest_debugloop.workflow.drops import sentences_of
from pytest_debugloop.workflow.failing import PROGRAM
from pytest_debugloop.workflow.handles import RecordedStep
from pytest_debugloop.workflow.notes import Notes
from pytest_debugloop.workflow.program_capture import program_capturer
from pytest_debugloop.workflow.scope import Place, Scope
from pytest_debugloop.writing.machine_facts import machine_facts
from pytest_debugloop.writing.writer import Writer

if TYPE_CHECKING:
    from types import TracebackType

_TESTS_WORTH = 100  # of calls, and of bytes, that a program may record
_BYTES = 512 * 1024 * 1024

log = logging.getLogger("pytest_debugloop")


class recording:  # noqa: N801 - it is called as a function, like contextlib.suppress
    """Record a program as a run: ``with recording("import orders") as debugloop: ...``.

    The settings are read as by the plugin, from the environment and pytest's ini file; the record is that of the
    current folder. Nothing here raises: what goes wrong is logged as a warning (logger ``pytest_debugloop``), and the
    program goes on without being recorded. So it does where ``DEBUGLOOP=0`` is set.

    An exception that leaves the block, or a step in it, is recorded with its state, and goes on.

    Args:
        name: of the program; it is the outermost step.
        dsn: of a PostgreSQL server, as libpq takes it; the embedded server if empty, and no setting names one.
        directory: of the record, relative to the rootdir.
        schema: of the record.
        correlation_id: of the workflow: a UUID, or any text to derive one from; a new UUID if empty.
        session_id: of what groups workflows, in the same way.
        agent_name: who runs; ``agent`` if empty.
        project: name of the project.
        user_request: what the user had asked for, stored with each state.
        wait: seconds to wait at the end until all is stored; ``debugloop_wait`` if None.

    Attributes:
        correlation_id: of the workflow, as a UUID; empty where nothing is recorded.
        problems: what went wrong, one sentence each.
    """

    def __init__(
        self,
        name: str = "program",
        *,
        dsn: str = "",
        directory: str | os.PathLike[str] = "",
        schema: str = "",
        correlation_id: str | uuid.UUID = "",
        session_id: str | uuid.UUID = "",
        agent_name: str = "",
        project: str = "",
        user_request: str = "",
        wait: float | None = None,
    ) -> None:
        given: dict[str, object] = {
            "debugloop_dsn": dsn,
            "debugloop_dir": directory,
            "debugloop_schema": schema,
            "debugloop_correlation_id": correlation_id,
            "debugloop_session_id": session_id,
            "debugloop_agent_name": agent_name,
            "debugloop_project": project,
        }
        self._given = {key: text for key, value in given.items() if (text := _text(value))}
        self._name = name
        self._request = user_request
        self._wait = wait
        self._scope: Scope | None = None
        self._root: RecordedStep | None = None
        self.correlation_id = ""
        self.problems: list[str] = []

    def __enter__(self) -> DebugLoop:
        """Begin: open a journal, and start the loader."""
        try:
            if as_bool(os.environ.get("DEBUGLOOP") or "1"):
                self._open()
        except Exception as error:
            self._scope = None
            self._problem(f"this program is not recorded ({error}): choose another directory or server.")
        if self._scope is not None:
            self._root = RecordedStep(self._scope, self._name, {})
            self._root.__enter__()
        return DebugLoop(self._scope)

    def __exit__(self, kind: object, error: BaseException | None, traceback: TracebackType | None) -> None:
        """End: close the journal, and wait until it is stored; an exception goes on."""
        scope, self._scope = self._scope, None
        if scope is None or scope.notes.writer.is_fork:
            return
        try:
            if self._root is not None:
                self._root.__exit__(kind, error, traceback)
            self._close(scope, error)
        except Exception as fault:
            self._problem(f"the end of this program could not be recorded ({fault!r}); please report this.")

    def _open(self) -> None:
        rootdir, ini = find_ini(Path.cwd())

        def lookup(option: Option[Any]) -> object:
            return raw_value(option, self._given.get, ini.get, os.environ)

        settings = self._settings = Settings(lookup)
        for problem in settings.problems:
            self._problem(str(problem))
        clock = Clock()
        identity = RunIdentity.new(settings, rootdir, os.environ, clock.now())
        folder, trouble = folders.open_folder(rootdir / settings.directory)
        if trouble:
            self._problem(trouble)
        self._run_folder = folder / JOURNALS / f"{identity.correlation_id}_{identity.run_id}"
        System.close(open_folder(self._run_folder, make=True))
        identity.checkout = folders.checkout_id(folder, rootdir)
        capturer = program_capturer(settings, rootdir)
        agent = settings.agent_name if "debugloop_agent_name" in self._given else "agent"
        started = clock.now()
        facts = {
            **machine_facts(rootdir, Path.cwd(), os.environ, capturer, settings.leg, sys.argv),
            **boot_facts(started, clock.now),
            "process_start": process_start(System.getpid()),
            "record": clean_text(str(folder)),
        }
        header = Run(
            format=JOURNAL_FORMAT,
            run_id=identity.run_id,
            journal_id=str(uuid.uuid5(uuid.UUID(identity.run_id), "main")),
            correlation_id=identity.correlation_id,
            session_id=identity.session_id,
            project=identity.project,
            agent_name=clean_text(agent)[:255],
            role="main",
            pid=System.getpid(),
            started=started,
            rootdir=clean_text(str(rootdir)),
            facts=facts,
            redactor=capturer.redactor.to_plain(),
            checkout=identity.checkout,
            project_source=identity.project_source,
        ).to_line()
        fallback = folders.fallback_folder() / JOURNALS / self._run_folder.name / f"main-spare{JOURNAL_SUFFIX}"
        self._journal = Journal(self._run_folder / MAIN_JOURNAL, header, fallback)
        writer = Writer(self._journal, clock, capturer)
        most = _TESTS_WORTH * settings.max_checkpoints
        notes = Notes(writer, most, settings.max_artifact_bytes)
        request = notes.text(self._request)
        self._scope = Scope(notes, lambda: Place(None), notes.name(self._name), PROGRAM, request, most_bytes=_BYTES)
        self.correlation_id = identity.correlation_id
        self._target = "the server" if settings.dsn else f"{folder} (embedded PostgreSQL)"
        self._loader = self._started_loader(rootdir, folder, capturer.redactor)

    def _started_loader(self, rootdir: Path, folder: Path, redactor: Any) -> LoaderStart | None:
        if not self._settings.load:
            return None
        order = loader_order(rootdir, self._settings, folder, self._run_folder, folders.fallback_folder(), redactor)
        loader = LoaderStart(folder, order | {"is_survey": False})
        loader.start(comes_early=True)
        return loader

    def _close(self, scope: Scope, error: BaseException | None) -> None:
        scope.close()
        writer = scope.notes.writer
        for sentence in sentences_of(*scope.notes.end()):
            self._problem(sentence)
        is_stopped = isinstance(error, KeyboardInterrupt)
        code = error.code if isinstance(error, SystemExit) else None
        is_green = error is None or (isinstance(error, SystemExit) and code in (None, 0))
        finish = Finish(
            at=writer.now(),
            exit_status=0 if is_green else code if type(code) is int else 1,
            interrupted=is_stopped,
            problems=writer.faults[:20],
        )
        writer.end(finish.to_line())
        for fault in writer.faults[:1]:
            self._problem(f"a record could not be created ({fault}); please report this.")
        if self._journal.loss is not None:
            self._problem(str(self._journal.loss))
        if self._loader is None or is_stopped:
            return
        seconds = self._settings.wait if self._wait is None else self._wait
        if self._loader.is_deferred:
            self._loader.start()
        status = wait_for_status(self._run_folder, seconds, self._journal.path)
        self._loader.wait_for_child(seconds)
        if status is not None and not status.get("problem") and not status.get("unread"):
            shutil.rmtree(self._run_folder, ignore_errors=True)
        elif status is not None or seconds:
            told = summary_lines(status, self.correlation_id, self._target, [], seconds)
            self._problem(told[0].removeprefix("debugloop: "))
        if status and status.get("rejected"):
            self._problem(f"{status['rejected']} lines of the journal could not be stored: see debug_rejected_lines.")

    def _problem(self, sentence: str) -> None:
        self.problems.append(sentence)
        log.warning("debugloop: %s", sentence)


def _text(value: object) -> str:
    """Give the text of an argument; of one that has none, nothing: it is as if it were not given."""
    try:
        return "" if value is None else str(value)
    except Exception:
        return ""
