"""How the journal of a process begins: with a line that says which run it is of, and on what."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_debugloop.environment import folders
from pytest_debugloop.journal.handover import SUFFIX
from pytest_debugloop.journal.journal import Journal
from pytest_debugloop.journal.records import JOURNAL_FORMAT, Run, clean_text
from pytest_debugloop.private import JOURNALS
from pytest_debugloop.recording.clock import boot_facts
from pytest_debugloop.recording.covered import coverage_facts
from pytest_debugloop.recording.identity import RunIdentity, process_start, run_facts
from pytest_debugloop.system import System

if TYPE_CHECKING:
    import pytest

    from pytest_debugloop.capture.snapshot import Capturer
    from pytest_debugloop.settings import Settings


def open_journal(
    config: pytest.Config,
    settings: Settings,
    worker: str | None,
    run_folder: Path,
    identity: RunIdentity,
    capturer: Capturer,
    now: Callable[[], int],
) -> Journal:
    """Open the journal of this process.

    Args:
        config: of the run.
        settings: of the run.
        worker: name of the xdist worker that this process is, None in the user's process.
        run_folder: of the run's journals.
        identity: of the run.
        capturer: knows how secrets are taken out.
        now: gives microseconds since 1970-01-01 UTC.

    Raises:
        OSError: it cannot be written.
    """
    is_main, stem = worker is None, worker or "main"
    agent = settings.agent_name if is_main else f"{settings.agent_name}:{worker}"
    started = now()
    facts = {**run_facts(config, os.environ, capturer, settings.leg), **boot_facts(started, now)} if is_main else {}
    facts["process_start"] = process_start(System.getpid())
    if is_main and (coverage := coverage_facts(config)) is not None:
        facts["coverage"] = {key: clean_text(value) if type(value) is str else value for key, value in coverage.items()}
    facts["record"] = clean_text(str(run_folder.parents[1]))
    header = Run(
        format=JOURNAL_FORMAT,
        run_id=identity.run_id,
        journal_id=str(uuid.uuid5(uuid.UUID(identity.run_id), stem)),
        correlation_id=identity.correlation_id,
        session_id=identity.session_id,
        project=identity.project,
        agent_name=agent[:255],
        role="main" if is_main else "worker",
        pid=System.getpid(),
        started=started,
        rootdir=clean_text(str(config.rootpath)),
        facts=facts,
        redactor=capturer.redactor.to_plain() if is_main else None,
        checkout=identity.checkout,
        project_source=identity.project_source,
    ).to_line()
    spare = folders.spare_folder() / JOURNALS / run_folder.name / f"{stem}-spare{SUFFIX}"
    return Journal(run_folder / (stem + SUFFIX), header, spare)
