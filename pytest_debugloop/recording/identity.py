"""What a run is: its ids, and the facts that hold in all of its processes."""

from __future__ import annotations

import locale
import platform
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pytest_debugloop.capture.redact import REDACTED, Redactor
from pytest_debugloop.capture.secret_arguments import ARGUMENT_VARIABLES, redacted_arguments, redacted_words
from pytest_debugloop.capture.snapshot import Capturer
from pytest_debugloop.environment import providers as fact
from pytest_debugloop.environment.checkout import git_facts, project_name, repository_of
from pytest_debugloop.environment.ci import ci_facts
from pytest_debugloop.environment.leg import leg_of
from pytest_debugloop.journal.records import clean_text
from pytest_debugloop.recording.clock import uuid7, uuid_of
from pytest_debugloop.settings import Settings

_SEEDS = ("randomly_seed", "random_order_seed", "random_order_bucket", "hypothesis_seed")


class RunIdentity:
    """The ids of one invocation; pytest-xdist's workers are given those of their controller.

    Attributes:
        run_id: UUID of this invocation.
        correlation_id: UUID of the workflow, which several invocations may share where the user says so.
        session_id: UUID of what groups workflows, or None.
        project: name of the project.
        project_source: where that is from: ``given`` by the user, ``repository`` or ``folder``.
        checkout: UUID of the checkout, None where it has none.
    """

    __slots__ = ("checkout", "correlation_id", "project", "project_source", "run_id", "session_id")

    def __init__(
        self,
        run_id: str,
        correlation_id: str,
        session_id: str | None,
        project: str,
        project_source: str = "given",
        checkout: str | None = None,
    ) -> None:
        self.run_id = run_id
        self.correlation_id = correlation_id
        self.session_id = session_id
        self.project = project
        self.project_source = project_source
        self.checkout = checkout

    @classmethod
    def new(cls, settings: Settings, rootdir: Path, environ: Mapping[str, str], now: int) -> RunIdentity:
        """Make the ids of an invocation.

        Args:
            settings: of the run.
            rootdir: pytest's rootdir.
            environ: the environment.
            now: microseconds since 1970-01-01 UTC.
        """
        ci = ci_facts(environ)
        repository = repository_of(rootdir, ci)
        project = settings.project[:255] or project_name(repository, rootdir)
        correlation = str(uuid_of(settings.correlation_id, project) if settings.correlation_id else uuid7(now))
        session = None
        if settings.session_id:
            session = str(uuid_of(settings.session_id, project))
        elif fact.RUN in ci:
            session = str(uuid_of(f"{ci[fact.PROVIDER]}:{repository}:{ci[fact.RUN]}", "ci"))
        source = "given" if settings.project else "repository" if repository else "folder"
        return cls(str(uuid7(now)), correlation, session, clean_text(project), source)

    def to_plain(self) -> dict[str, str | None]:
        """Give the ids as basic types, which execnet can carry to a worker."""
        return {name: getattr(self, name) for name in self.__slots__}


def run_facts(config: pytest.Config, environ: Mapping[str, str], capturer: Capturer, leg: str) -> dict[str, Any]:
    """Collect what is stored in ``debug_runs``.

    Args:
        config: of the run.
        environ: the environment.
        capturer: knows which variables are kept, and takes secrets out.
        leg: the name that the user has given to this run's leg; empty for none.
    """
    redactor = capturer.redactor
    ci = ci_facts(environ)
    plugins = {str(dist.project_name): str(dist.version) for _, dist in config.pluginmanager.list_plugin_distinfo()}
    return {
        "command_line": redacted_arguments(map(clean_text, map(str, config.invocation_params.args)), redactor),
        "python_version": platform.python_version(),
        "platform": f"{sys.platform} {platform.machine()}",
        "pytest_version": pytest.__version__,
        "plugins": plugins,
        "git": git_facts(config.rootpath),
        "ci": {key: clean_text(value) for key, value in ci.items()},
        "leg": redactor.text(clean_text(leg_of(leg, ci, environ))),
        "interpreter": {
            "implementation": sys.implementation.name,
            "version": platform.python_version(),
            "flags": [name for name in ("optimize", "dev_mode", "utf8_mode") if getattr(sys.flags, name)],
            "encoding": f"{sys.getfilesystemencoding()}, {locale.getpreferredencoding(False)}",
        },
        "environment": {
            clean_text(name): REDACTED if redactor.names.is_secret(name) else _redacted(name, value, redactor)
            for name, value in sorted(environ.items())
            if capturer.is_kept_variable(name)
        },
        "random_seeds": _random_seeds(config),
    }


def _redacted(name: str, value: str, redactor: Redactor) -> str:
    value = clean_text(value)
    return redacted_words(value, redactor) if name in ARGUMENT_VARIABLES else redactor.text(value)


def _random_seeds(config: pytest.Config) -> dict[str, str]:
    """Give the seeds of plugins that put tests in random order, or seed generators of random numbers."""
    found = {name: config.getoption(name, None) for name in _SEEDS}
    return {name: str(value) for name, value in found.items() if type(value) in (str, int)}


def process_start(pid: int) -> str:
    """Tell one process from a later one of the same number.

    Args:
        pid: of a process on this machine.

    Returns:
        The kernel's start time of the process, empty where there is no ``/proc``.
    """
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123 - also runs where tests patch pathlib
            return file.read().rpartition(b")")[2].split()[19].decode("ascii")
    except (OSError, LookupError):
        return ""
