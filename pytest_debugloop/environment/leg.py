"""The leg of a run: which of the jobs, environments and interpreters that all run the same tests."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping

from pytest_debugloop.environment import providers as fact

# tox and nox set a variable in each of their environments, hatch too; TOXENV is set by whoever chooses one of tox.
_ENVIRONMENTS = ("TOX_ENV_NAME", "TOXENV", "NOX_CURRENT_SESSION", "HATCH_ENV_ACTIVE")
_SHORT = {"cpython": "py"}
_LONGEST = 255


def leg_of(chosen: str, ci: Mapping[str, str], environ: Mapping[str, str]) -> str:
    """Name the leg of a run: a test that fails in one leg is not mended by a pass in another.

    Args:
        chosen: by the user; where it is empty, the leg is made of the CI's job, the environment of tox, nox or hatch,
            and, in a known CI, of interpreter and platform: a job is not told all values of its matrix.
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
        told = platform.freedesktop_os_release()
    except OSError:
        return ""
    version = told.get("VERSION_ID", "").split(".")
    return told["ID"] + ".".join(version[:2])
