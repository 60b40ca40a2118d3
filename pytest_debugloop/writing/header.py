"""How the journal of a process begins: with a line that says which run it is of, and on what."""

from __future__ import annotations

import os
import sys
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_debugloop.clock import boot_facts
from pytest_debugloop.environment import folders
from pytest_debugloop.environment.identity import RunIdentity, process_start
from pytest_debugloop.journal.journal import Journal
from pytest_debugloop.journal.records import JOURNAL_FORMAT, Run, clean_text
from pytest_debugloop.journal.shared_names import JOURNAL_SUFFIX
from pytest_debugloop.own_imports import OwnImports
from pytest_debugloop.private import JOURNALS
from pytest_debugloop.system import System
from pytest_debugloop.writing.machine_facts import machine_facts

if TYPE_CHECKING:
    from pytest_debugloop.capture.snapshot import Capturer
    from pytest_debugloop.settings import Settings

_SEEDS = ("randomly_seed", "random_order_seed", "random_order_bucket", "hypothesis_seed")


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
    if is_main and "coverage" in sys.modules:
        facts |= _coverage_facts(config)
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
    fallback = folders.fallback_folder() / JOURNALS / run_folder.name / f"{stem}-spare{JOURNAL_SUFFIX}"
    return Journal(run_folder / (stem + JOURNAL_SUFFIX), header, fallback)


def run_facts(config: pytest.Config, environ: Mapping[str, str], capturer: Capturer, leg: str) -> dict[str, Any]:
    """Collect what is stored in ``debug_runs``.

    Args:
        config: of the run.
        environ: the environment.
        capturer: knows which variables are kept, and takes secrets out.
        leg: the name that the user has given to this run's leg; empty for none.
    """
    plugins = dict(_name_and_version(dist) for _, dist in config.pluginmanager.list_plugin_distinfo())
    return {
        **machine_facts(
            config.rootpath,
            config.invocation_params.dir,
            environ,
            capturer,
            leg,
            map(str, config.invocation_params.args),
        ),
        "pytest_version": pytest.__version__,
        "plugins": plugins,
        "random_seeds": _random_seeds(config),
    }


def _name_and_version(distribution: Any) -> tuple[str, str]:
    """Read the head of a distribution's metadata, for which the library would load a parser of e-mails."""
    head = (distribution.read_text("METADATA") or "").partition("\n\n")[0]
    told = dict(line.split(": ", 1) for line in head.split("\n") if line.startswith(("Name: ", "Version: ")))
    if len(told) == 2:
        return told["Name"].strip(), told["Version"].strip()
    return str(distribution.project_name), str(distribution.version)


def _coverage_facts(config: pytest.Config) -> dict[str, Any]:
    with OwnImports():
        from pytest_debugloop.writing.coverage import coverage_facts

    found = coverage_facts(config)
    if found is None:
        return {}
    return {"coverage": {key: clean_text(value) if type(value) is str else value for key, value in found.items()}}


def _random_seeds(config: pytest.Config) -> dict[str, str]:
    """Give the seeds of plugins that put tests in random order, or seed generators of random numbers."""
    found = {name: config.getoption(name, None) for name in _SEEDS}
    return {name: str(value) for name, value in found.items() if type(value) in (str, int)}
