"""What tells one run, and one process, from another: ids, and the leg of a matrix."""

from __future__ import annotations

import os
import platform
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path

from pytest_debugloop.environment import providers as fact
from pytest_debugloop.environment.checkout import project_name, repository_of
from pytest_debugloop.environment.ci import ci_facts
from pytest_debugloop.journal.records import clean_text
from pytest_debugloop.settings import Settings

# tox and nox set a variable in each of their environments, hatch too; TOXENV is set by whoever chooses one of tox.
_ENVIRONMENTS = ("TOX_ENV_NAME", "TOXENV", "NOX_CURRENT_SESSION", "HATCH_ENV_ACTIVE")
_SHORT = {"cpython": "py"}
_LONGEST = 255


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


def uuid7(microseconds: int) -> uuid.UUID:
    """Make a UUID of version 7 (RFC 9562, section 5.7).

    Args:
        microseconds: since 1970-01-01 UTC.
    """
    value = (microseconds // 1000) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return uuid.UUID(int=value)


def uuid_of(text: str, namespace: str) -> uuid.UUID:
    """Read a UUID, or make one (version 5) of any other text.

    Args:
        text: what the user gave.
        namespace: what keeps equal texts of different meaning apart.
    """
    try:
        return uuid.UUID(text)
    except ValueError:
        name = f"pytest-debugloop:{namespace}:{text}"
        # The environment may hold bytes that are no text, which uuid5 would not take.
        return uuid.uuid5(uuid.NAMESPACE_URL, name.encode("utf-8", "backslashreplace").decode("utf-8"))


def leg_of(chosen: str, ci: Mapping[str, str], environ: Mapping[str, str]) -> str:
    """Name the leg of a run: a test that fails in one leg is not fixed by a pass in another.

    Args:
        chosen: by the user; where it is empty, the leg is made of the CI's job, the environment of tox, nox or hatch,
            and, in a known CI, of interpreter and platform: a job does not know all values of its matrix.
        ci: what :func:`pytest_debugloop.environment.ci.ci_facts` gave.
        environ: the environment.

    Returns:
        At most 255 characters; empty where nothing tells the runs of this machine apart.
    """
    if chosen:
        return chosen[:_LONGEST]
    provider = ci.get(fact.PROVIDER, "unknown")
    parts = [ci.get(fact.JOB, "")]
    if provider == "jenkins":  # whose jobs are whole projects
        parts.append(ci.get(fact.STAGE, ""))
    parts.append(next((environ[name] for name in _ENVIRONMENTS if environ.get(name)), ""))
    if provider != "unknown":
        # Images of GitHub and Azure say which system they are: ubuntu22, win22. In a container nobody tells the job.
        system = environ.get("ImageOS", "") or (_distribution() if provider == "github" else "") or sys.platform
        parts += [_interpreter(), system, platform.machine()]
    return ", ".join(dict.fromkeys(part for part in parts if part))[:_LONGEST]


def _interpreter() -> str:
    name = sys.implementation.name
    version = ".".join(map(str, sys.version_info[:2]))
    return f"{_SHORT.get(name, name)}{version}{getattr(sys, 'abiflags', '')}"  # t: without the GIL


def _distribution() -> str:
    """Name the distribution of Linux, as in debian12 and alpine3.20; nothing where it has no name."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return ""
    version = release.get("VERSION_ID", "").split(".")
    return release["ID"] + ".".join(version[:2])
