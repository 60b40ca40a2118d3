"""Which program is Python, and what one that we start is given; an application that embeds it is never started."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from pytest_debugloop.lazy import lazy_pattern

# What interpreters are called: python3.13t, python3-dbg, pypy3.11, and .python3-wrapped on NixOS.
_NAME = lazy_pattern(r"\.?(python|pypy|graalpy)w?[\d.]*[a-z]?(-dbg|-debug|-wrapped)?", re.IGNORECASE)
_VERSION = lazy_pattern(r"(?:python|pypy)(\d+)\.(\d+)")


def interpreter() -> str:
    """Give the Python that this process runs on.

    Returns:
        The path of its program.

    Raises:
        NoInterpreterError: it is not known, as in an application that embeds Python: its name stands in
            ``sys.executable``, and another of it would start.
    """
    found: object = sys.executable
    if isinstance(found, str) and os.access(found, os.X_OK) and (_is_python(found) or _has_taken_a_module(found)):
        return found
    from pytest_debugloop.errors import NoInterpreterError

    raise NoInterpreterError(found=repr(found))


def _is_python(program: str) -> bool:
    names = [os.path.basename(path) for path in (os.path.realpath(program), program)]  # noqa: PTH119
    # An application may name whatever python3 is first on the PATH: one of another version than it embeds.
    version = _VERSION.search(names[0])
    is_another = version is not None and (int(version[1]), int(version[2])) != sys.version_info[:2]
    return not is_another and any(_NAME.fullmatch(name) for name in names)


def _has_taken_a_module(program: str) -> bool:
    """Tell whether it was called as only Python can be, such as ``mayapy -m pytest``: it has a name of its own."""
    called, *arguments = sys.orig_argv or [""]
    options = arguments[: arguments.index("-m")] if "-m" in arguments else ["no option"]
    is_same = os.path.basename(called) == os.path.basename(program)  # noqa: PTH119
    return is_same and all(option.startswith("-") for option in options)


# What we start must not count as one of the processes that coverage or another plugin measures.
_NOT_INHERITED = ("COV_", "COVERAGE_", "PYTEST_", "PYTHON")


def inherited_environment() -> dict[str, str]:
    """Give the variables that a Python of ours gets."""
    return {key: value for key, value in os.environ.items() if not key.startswith(_NOT_INHERITED)}


def import_paths() -> list[str]:
    """Give the folders that a Python of ours imports from, besides the standard library."""
    return [path for path in sys.path if Path(path).is_absolute()]
