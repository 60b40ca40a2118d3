"""On what a process runs: interpreter, machine, code, CI and environment; also of programs that never import pytest."""

from __future__ import annotations

import contextlib
import locale
import os
import platform
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_debugloop.capture.redact import REDACTED, Redactor
from pytest_debugloop.capture.secret_arguments import ARGUMENT_VARIABLES, redacted_arguments, redacted_words
from pytest_debugloop.environment.checkout import git_facts
from pytest_debugloop.environment.ci import ci_facts
from pytest_debugloop.environment.identity import leg_of
from pytest_debugloop.environment.process_state import process_state
from pytest_debugloop.journal.records import clean_text

if TYPE_CHECKING:
    from pytest_debugloop.capture.snapshot import Capturer


def machine_facts(
    rootdir: Path, folder: Path, environ: Mapping[str, str], capturer: Capturer, leg: str, arguments: Iterable[str]
) -> dict[str, Any]:
    """Collect what is stored in ``debug_runs`` of any process.

    Args:
        rootdir: where its code is.
        folder: that it was started in.
        environ: the environment.
        capturer: knows which variables are kept, and takes secrets out.
        leg: the name that the user has given to this run's leg; empty for none.
        arguments: of the command line.
    """
    redactor = capturer.redactor
    ci = ci_facts(environ)
    version = sys.version.partition(" ")[0]
    started_with = process_state(folder, rootdir)
    return {
        "command_line": redacted_arguments(map(clean_text, arguments), redactor),
        "python_version": version,
        "platform": f"{sys.platform} {platform.machine()}",
        "hardware": _hardware(),
        "git": git_facts(rootdir),
        "ci": {key: clean_text(value) for key, value in ci.items()},
        "leg": leg_name(leg, ci, environ, redactor),
        "interpreter": {
            "implementation": sys.implementation.name,
            "version": version,
            "flags": [name for name in ("optimize", "dev_mode", "utf8_mode") if getattr(sys.flags, name)],
            "encoding": f"{sys.getfilesystemencoding()}, {locale.getpreferredencoding(False)}",
            **{name: clean_text(value) for name, value in started_with.items()},
        },
        "environment": {
            clean_text(name): REDACTED if redactor.names.is_secret(name) else _redacted(name, value, redactor)
            for name, value in sorted(environ.items())
            if capturer.is_kept_variable(name)
        },
    }


def leg_name(chosen: str, ci: Mapping[str, str], environ: Mapping[str, str], redactor: Redactor) -> str:
    """Name the leg of a run as the record has it.

    Args:
        chosen: the name that the user has given to it; empty for none.
        ci: facts of the CI.
        environ: the environment.
        redactor: takes secrets out.
    """
    return redactor.text(clean_text(leg_of(chosen, ci, environ)))


def _redacted(name: str, value: str, redactor: Redactor) -> str:
    value = clean_text(value)
    return redacted_words(value, redactor) if name in ARGUMENT_VARIABLES else redactor.text(value)


def _hardware() -> dict[str, Any]:
    """Say what the machine is: processors that this process may use, and memory in MiB."""
    found: dict[str, Any] = {"machine": platform.machine(), "processors": _processors()}
    with contextlib.suppress(ValueError, OSError):
        found["memory_mb"] = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    return found


def _processors() -> int | None:
    try:
        return len(os.sched_getaffinity(0))
    except (AttributeError, OSError):
        return os.cpu_count()
