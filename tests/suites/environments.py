"""An environment for each suite: its source distribution and a virtual environment, made once and kept in a cache.

Everything comes from PyPI through pip. What is under test here, this project, is in none of them: it is built into a
folder of its own at every start, so that a cached environment never holds an old one.
"""

from __future__ import annotations

import ast
import atexit
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests.suites import probe
from tests.suites.suites import COMMON_REQUIREMENTS, Suite
from tests.support.environment import CHECKOUT

CACHE_VARIABLE = "DEBUGLOOP_TEST_SUITES_CACHE"
PROBE_MODULE = "suites_probe"
_UNREACHABLE = re.compile(
    r"NewConnectionError|NameResolutionError|ConnectTimeout|ReadTimeout|ProxyError|Max retries|SSLError"
    r"|Connection (refused|reset|aborted|broken)|Temporary failure in name resolution|Network is unreachable"
    r"|No module named pip"
)
_COMPLETE = "complete"


class UnavailableError(Exception):
    """A suite cannot be had on this machine, which is no fault of ours."""


class PyPIUnreachableError(UnavailableError):
    """PyPI cannot be reached, or pip is not here to do it."""


class PythonTooOldError(UnavailableError):
    """The suite's version is for newer Pythons."""


class PipError(Exception):
    """Pip could be run, and failed."""


@dataclass(frozen=True, slots=True)
class Environment:
    """Where a suite is run.

    Attributes:
        python: the interpreter of its virtual environment.
        sdist: its source distribution.
    """

    python: Path
    sdist: Path

    def unpack(self, folder: Path) -> Path:
        """Unpack the suite as it was published, in place of what is there.

        Args:
            folder: to unpack into.

        Returns:
            The folder at the top of the source distribution.
        """
        shutil.rmtree(folder, ignore_errors=True)
        with tarfile.open(self.sdist) as archive:
            archive.extractall(folder, filter="data")
        (top,) = folder.iterdir()
        return top


def default_cache() -> Path:
    """Give the folder of the cache: the variable DEBUGLOOP_TEST_SUITES_CACHE, else one in pytest's own cache."""
    given = os.environ.get(CACHE_VARIABLE)
    return Path(given).absolute() if given else CHECKOUT / ".pytest_cache" / "d" / "debugloop-suites"


def environment(suite: Suite, cache: Path, python: Path | None = None) -> Environment:
    """Make the environment of a suite, or find it in the cache.

    Args:
        suite: which one.
        cache: a folder, which need not exist.
        python: an interpreter; this one by default.

    Raises:
        PythonTooOldError: the suite is not for that interpreter.
        PyPIUnreachableError: it is not in the cache, and cannot be had now.
        PipError: pip failed.
    """
    requirements = (*COMMON_REQUIREMENTS, *suite.requirements)
    number, version, prefix = _interpreter(python)
    if number < suite.python:
        raise PythonTooOldError(f"{suite.name} {suite.version} needs Python {'.'.join(map(str, suite.python))}")
    text = repr((suite.name, suite.version, suite.sha256, requirements, version, prefix))
    folder = cache / f"{suite.name}-{suite.version}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
    cache.mkdir(parents=True, exist_ok=True)
    with _locked(cache / f"{folder.name}.lock"):
        if not (folder / _COMPLETE).exists():
            shutil.rmtree(folder, ignore_errors=True)
            _download(suite, folder / "sdist")
            if python is None:
                venv.create(folder / "venv", symlinks=True)
            else:
                subprocess.run([str(python), "-m", "venv", "--without-pip", str(folder / "venv")], check=True)
            # The wheel of the same version: building one takes longer than all the rest.
            wanted = f"{suite.name}=={suite.version}"
            _pip("--python", _python(folder), "install", "--no-compile", wanted, *requirements)
            (folder / _COMPLETE).touch()
    (sdist,) = (folder / "sdist").glob("*.tar.gz")
    return Environment(_python(folder), sdist)


@cache
def build_project() -> Path:
    """Install this project as a user would have it, and the probe beside it, once in this process.

    Returns:
        The folder to put on PYTHONPATH; it goes with this process.

    Raises:
        PyPIUnreachableError: what builds it cannot be had.
        PipError: pip failed.
    """
    folder = Path(tempfile.mkdtemp(prefix="dl-site-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    site = folder / "site-packages"
    _pip("install", "--no-compile", "--no-deps", "--target", site, CHECKOUT)
    shutil.copyfile(str(probe.__file__), site / f"{PROBE_MODULE}.py")
    return site


def _interpreter(python: Path | None) -> tuple[tuple[int, int], str, str]:
    """Give the version of an interpreter, as two numbers and as a text, and its prefix."""
    if python is None:
        return sys.version_info[:2], sys.version, sys.base_prefix
    command = [str(python), "-c", "import sys; print(repr((sys.version_info[:2], sys.version, sys.base_prefix)))"]
    number, version, prefix = ast.literal_eval(
        subprocess.run(command, check=True, capture_output=True, text=True).stdout
    )
    return number, str(version), str(prefix)


def _python(folder: Path) -> Path:
    return folder / "venv" / "bin" / "python"


def _download(suite: Suite, folder: Path) -> None:
    folder.mkdir(parents=True)
    wanted = folder / "requirement.txt"
    wanted.write_text(f"{suite.name}=={suite.version} --hash=sha256:{suite.sha256}\n", encoding="ascii")
    _pip("download", "--no-deps", "--no-binary", suite.name, "--require-hashes", "-r", wanted, "--dest", folder)


def _pip(*arguments: object) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "--retries", "2"]
    done = subprocess.run([*command, *map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return
    said = done.stderr.strip()
    if _UNREACHABLE.search(said):
        raise PyPIUnreachableError(f"PyPI cannot be reached: {said.splitlines()[-1]}")
    raise PipError(f"pip {' '.join(map(str, arguments))} failed:\n{said}")


@contextmanager
def skip_if_unavailable() -> Iterator[None]:
    """Skip the test whose suite cannot be had."""
    try:
        yield
    except UnavailableError as error:
        pytest.skip(str(error))


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
