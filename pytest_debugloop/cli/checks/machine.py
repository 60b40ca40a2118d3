"""Checks of what is installed, and of how pytest is set up here."""

from __future__ import annotations

import os
import platform
import shlex
import sys
from collections.abc import Iterator, Mapping
from importlib import metadata
from itertools import pairwise
from pathlib import Path

from pytest_debugloop.cli.checks.check import OK, PROBLEM, WARNING, Check
from pytest_debugloop.environment.ini import NAMES, find_ini
from pytest_debugloop.settings import OPTIONS, Settings, raw_value

_OLDEST_PYTHON = (3, 10)
_NEEDED = {"pytest": (8, 0), "pluggy": (1, 5), "click": (8, 1), "rich": (13,)}
# Plugins that run tests in many processes, or again: from which version on they are tried.
_TRIED = {
    "pytest-xdist": (3, 6),
    "pytest-rerunfailures": (14,),
    "flaky": (3, 8),
    "pytest-retry": (1, 6),
    "pytest-repeat": (0, 9, 3),
    "pytest-flakefinder": (1, 1),
}


def python_and_packages() -> Iterator[Check]:
    """Look at the versions of the interpreter and of what this package needs."""
    found = f"{platform.python_implementation()} {platform.python_version()}, {sys.executable}"
    if sys.version_info >= _OLDEST_PYTHON:
        yield Check("python", OK, found)
    else:
        yield Check("python", PROBLEM, found, "use Python 3.10 or later.")
    yield Check("pytest-debugloop", OK, _version("pytest-debugloop") or "not installed as a distribution")
    for name, oldest in _NEEDED.items():
        version = _version(name)
        if version is None:
            yield Check(name, PROBLEM, "not installed", f"pip install '{name}>={_dotted(oldest)}'")
        elif _numbers(version) < oldest:
            yield Check(
                name, PROBLEM, f"{version}, older than {_dotted(oldest)}", f"pip install '{name}>={_dotted(oldest)}'"
            )
        else:
            yield Check(name, OK, version)


def driver() -> Iterator[Check]:
    """Look at psycopg, and at the libpq that it uses."""
    try:
        from psycopg import __version__, pq
    except ImportError as error:
        reason = " ".join(str(error).split())
        yield Check("psycopg", PROBLEM, f"cannot be imported: {reason}", 'pip install "pytest-debugloop[binary]"')
        return
    number = pq.version()
    yield Check("psycopg", OK, f"{__version__} ({pq.__impl__}), libpq {number // 10000}.{number % 10000}")


def plugins() -> Iterator[Check]:
    """Look at the plugins that run tests in many processes, or again."""
    found = {name: version for name in _TRIED if (version := _version(name))}
    old = [f"{name} {version}" for name, version in found.items() if _numbers(version) < _TRIED[name]]
    text = ", ".join(f"{name} {version}" for name, version in found.items()) or "none that needs special support"
    if old:
        yield Check("plugins", WARNING, f"{text}: older than tested: {', '.join(old)}", "upgrade them.")
    else:
        yield Check("plugins", OK, text)


def registration(rootdir: Path, environ: Mapping[str, str] = os.environ) -> Iterator[Check]:
    """Look whether pytest will load the plugin here.

    Args:
        rootdir: of pytest.
        environ: the environment.
    """
    points = metadata.entry_points(group="pytest11")
    if not any(point.value == "pytest_debugloop.plugin" for point in points):
        yield Check(
            "plugin",
            PROBLEM,
            f"not installed for pytest of {sys.executable}",
            "install pytest-debugloop into the environment that runs the tests.",
        )
        return
    arguments = _added_arguments(rootdir, environ)
    pairs = list(pairwise(arguments))
    if ("-p", "no:debugloop") in pairs or "-pno:debugloop" in arguments:
        yield Check("plugin", WARNING, "disabled by addopts or PYTEST_ADDOPTS", "remove -p no:debugloop.")
    elif environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD") and ("-p", "pytest_debugloop.plugin") not in pairs:
        yield Check(
            "plugin", WARNING, "PYTEST_DISABLE_PLUGIN_AUTOLOAD is set", "run pytest with -p pytest_debugloop.plugin."
        )
    else:
        yield Check("plugin", OK, "registered")


def configuration(rootdir: Path) -> Iterator[Check]:
    """Look which file configures pytest here.

    Args:
        rootdir: of pytest.
    """
    _, options = find_ini(rootdir)
    names = [name for name in NAMES if (rootdir / name).is_file()]
    if not names:
        yield Check("rootdir", OK, f"{rootdir}, without a pytest configuration file")
        return
    # The first of them that has a part for pytest; a folder that has none is its own rootdir for another reason.
    text = names[0] if len(names) == 1 else f"the first of {', '.join(names)} that configures pytest"
    ours = sorted(name for name in options if name.startswith("debugloop"))
    sets = f", which sets {', '.join(ours)}" if ours else ""
    yield Check("rootdir", OK, f"{rootdir}, configured by {text}{sets}")


def switch(rootdir: Path, environ: Mapping[str, str] = os.environ) -> Iterator[Check]:
    """Look whether a plain ``pytest`` would record here, and which setting says so; and at all other settings.

    Args:
        rootdir: of pytest.
        environ: the environment.
    """
    _, ini = find_ini(rootdir)
    flag = {"--debugloop": True, "--no-debugloop": False}
    given = [flag[argument] for argument in _added_arguments(rootdir, environ) if argument in flag]
    flags = {"debugloop": given[-1]} if given else {}
    settings = Settings(lambda option: raw_value(option, flags.get, ini.get, environ))
    if given:
        source = "addopts or PYTEST_ADDOPTS"
    elif environ.get("DEBUGLOOP"):
        source = "the variable DEBUGLOOP"
    else:
        source = "the ini file" if "debugloop" in ini else ""
    if settings.enabled:
        yield Check("recording", OK, f"on, by {source}")
    elif source:
        yield Check("recording", WARNING, f"off, by {source}", "use pytest --debugloop to record anyway.")
    else:
        yield Check(
            "recording",
            OK,
            "off unless you run pytest --debugloop",
            "set DEBUGLOOP=1 to record every run.",
        )
    unknown = sorted(set(ini) - {option.name for option in OPTIONS})
    wrong = [name for name in unknown if name.startswith("debugloop")]
    for problem in settings.problems:
        yield Check("settings", PROBLEM, str(problem), "correct the setting.")
    if wrong:
        yield Check(
            "settings", WARNING, f"the ini file sets {', '.join(wrong)}, which is not an option", "correct its name."
        )


def _added_arguments(rootdir: Path, environ: Mapping[str, str]) -> list[str]:
    """Give the arguments that pytest adds by itself."""
    _, ini = find_ini(rootdir)
    found: list[str] = []
    for value in (ini.get("addopts", ""), environ.get("PYTEST_ADDOPTS", "")):
        if isinstance(value, list):
            found += map(str, value)
        else:
            try:
                found += shlex.split(str(value))
            except ValueError:  # pytest itself says what is wrong with it
                found += str(value).split()
    return found


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _numbers(version: str) -> tuple[int, ...]:
    parts = []
    for part in version.split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits:
            break
        parts.append(int(digits))
    return tuple(parts)


def _dotted(numbers: tuple[int, ...]) -> str:
    return ".".join(map(str, numbers))
