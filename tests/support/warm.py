"""Runs of pytest without its start: forked from a process that has imported it, which takes a third of the time.

So runs what a test wants recorded. A run has a process that starts from nothing where it has variables that are read
when an interpreter starts, such as LC_ALL, in tests marked `process`, and where DEBUGLOOP_TEST_PROCESSES is
`fresh`. Runs that follow each other come from two processes in turns, so that sets have another order in each.
"""

from __future__ import annotations

import atexit
import contextlib
import itertools
import json
import os
import select
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

from pytest_debugloop.rerunning import processes
from tests.support.clusters import begin_record
from tests.support.environment import clean_environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pytest

    Done = subprocess.CompletedProcess[str]

_ZYGOTE = str(Path(__file__).with_name("zygote.py"))
# Variables that are read when an interpreter starts or when a library is loaded, by what their names begin with.
_AT_START = ("PYTHON", "COVERAGE_", "LANG", "LC_", "TZ", "LD_", "MALLOC_", "PSYCOPG", "OPENSSL", "GCONV")
# Of PYTHONHASHSEED: none, and the one that `debugloop why` takes where none was recorded.
_SEEDS = ("", "0")
# Modules that run pytest.
_MODULES = ("pytest", "pytest_debugloop.rerunning.overlay")
_is_of_a_process = False


class Python(NamedTuple):
    """An interpreter that runs pytest.

    Attributes:
        path: of it.
        site: the folder that has pytest_debugloop, and what is for it alone; empty where it has that itself.
        project: a folder whose files are read ahead, for loaders that find them new each time.
        tested: a module that is tested there, and that no run is forked with: a PYTHONPATH may hide it.
    """

    path: str = sys.executable
    site: str = ""
    project: str = ""
    tested: str = ""


def run(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    timeout: float = 120,
    python: Python = Python(),  # noqa: B008 - the one that runs this
) -> Done:
    """Run a command to its end, forked where nothing can tell the difference.

    Args:
        command: a command line.
        folder: to run it in.
        environment: its variables, all of them.
        timeout: in seconds.
        python: the interpreter that the command names.

    Raises:
        subprocess.TimeoutExpired: it took longer, and was killed.
    """
    if can_be_forked(command, folder, environment, python):
        return _run_forked(command, folder, environment, timeout, python)
    return subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",
        timeout=timeout,
        check=False,
    )


def start(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], output: IO[bytes]
) -> Forked | subprocess.Popen[bytes]:
    """Start a rerun, in place of `pytest_debugloop.rerunning.processes.start`: forked where nothing can tell."""
    if can_be_forked(command, folder, environment):
        return Forked(command, folder, environment, output.fileno(), output.fileno(), session=True)
    return processes.start(command, folder, environment, output)


def start_here(
    command: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> Forked | subprocess.Popen[bytes]:
    """Start a live run, in place of `rerunning.processes.start_here`: forked where nothing can tell."""
    if can_be_forked(command, folder, environment):
        return Forked(command, folder, environment, 1, 2, stdin=0)
    return processes.start_here(command, folder, environment)


class Forked:
    """A run of pytest that goes on: what `subprocess.Popen` gives of it.

    Args:
        command: its command line.
        folder: to run it in.
        environment: its variables, all of them.
        out: descriptor of its output.
        err: descriptor of its error output.
        stdin: descriptor of what it reads; None: it reads nothing.
        session: whether it leads a session of its own.
        python: the interpreter that the command names.

    Attributes:
        pid: its number.
        returncode: how it ended; None: it goes on, as far as is known.
        answers: the descriptor that has something to read when it has ended.
    """

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        out: int,
        err: int,
        *,
        stdin: int | None = None,
        session: bool = False,
        python: Python = Python(),  # noqa: B008
    ) -> None:
        order = {
            "command": list(command),
            "folder": str(folder),
            "environment": dict(environment),
            "session": session,
            "loaders": _loaders(python),
            "at_start": _AT_START,
        }
        self.args = list(command)
        self.returncode: int | None = None
        self.answers, told = os.pipe()
        try:
            with tempfile.TemporaryFile() as described, Path(os.devnull).open("rb") as nothing:
                described.write(json.dumps(order).encode())
                described.flush()
                read = nothing.fileno() if stdin is None else stdin
                streams = [read, out, err, described.fileno(), told]
                socket.send_fds(
                    next(_zygotes(_kind(command), environment.get("PYTHONHASHSEED", ""), python)), [b"."], streams
                )
        finally:
            os.close(told)
        self.pid = int(self._answer())

    def poll(self) -> int | None:
        """Give how it ended, or None."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.wait(0)
        return None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end.

        Raises:
            subprocess.TimeoutExpired: it goes on.
        """
        if self.returncode is None:
            if not select.select([self.answers], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            self.returncode = int(self._answer())
            os.close(self.answers)
        return self.returncode

    def kill(self) -> None:
        """Kill it, where it has not ended."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)

    def _answer(self) -> bytes:
        line = b""
        while not line.endswith(b"\n"):
            read = os.read(self.answers, 1)  # a line, and not what follows
            assert read, "nobody tells how it went on"
            line += read
        return line


def begin_test(item: pytest.Item) -> None:
    """Note what the test that begins wants: one that is marked `process` has processes that start from nothing."""
    global _is_of_a_process
    _is_of_a_process = item.get_closest_marker("process") is not None
    if not wants_fresh() and sys.platform == "linux" and "unit" not in item.path.parts:
        _begin_record()


@contextlib.contextmanager
def shared() -> Iterator[None]:
    """Make what many tests read: not as the first test that asks for it wants its own processes."""
    global _is_of_a_process
    before, _is_of_a_process = _is_of_a_process, False
    try:
        yield
    finally:
        _is_of_a_process = before


def wants_fresh() -> bool:
    """Tell whether every process is to start from nothing."""
    return _is_of_a_process or os.environ.get("DEBUGLOOP_TEST_PROCESSES") == "fresh"


@cache
def clusters() -> str:
    """Give the folder of data directories that are copied: see `clusters.py`."""
    folder = tempfile.mkdtemp(prefix="dl-clusters-", dir="/tmp")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def _begin_record() -> None:
    begin_record(Path(clusters()))


def can_be_forked(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    python: Python = Python(),  # noqa: B008
) -> bool:
    """Tell whether a command in this folder, with these variables, may be forked, in the test that goes on."""
    return (
        sys.platform == "linux"
        and not wants_fresh()
        and tuple(command[:2]) == (python.path, "-m")
        and command[2] in _MODULES
        and environment.get("PYTHONHASHSEED", "") in _SEEDS
        and _read_at_start(environment) == _read_at_start(clean_environment())
        and not _hides_modules(environment.get("PYTHONPATH", ""), folder, python)
    )


def _read_at_start(environment: Mapping[str, str]) -> dict[str, str]:
    told = {name: value for name, value in environment.items() if name.startswith(_AT_START)}
    for name in ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "PYTHONHASHSEED", "TZ"):  # of which a fork can be told
        told.pop(name, None)
    return told


def _hides_modules(path: str, folder: Path, python: Python) -> bool:
    """Tell whether a PYTHONPATH has modules that stand before those that a run may be forked with."""
    places = [folder / place for place in path.split(os.pathsep) if path and place != python.site]
    return any(not _installed_names().isdisjoint(_names_in(place) - {python.tested}) for place in places)


@cache
def _installed_names() -> frozenset[str]:
    sites = [Path(place) for place in (sysconfig.get_path("purelib"), sysconfig.get_path("platlib"))]
    ours = {"sitecustomize", "usercustomize", "pytest_debugloop"}
    return frozenset(sys.stdlib_module_names).union(ours, *map(_names_in, sites)) - {"__pycache__"}


def _names_in(folder: Path) -> set[str]:
    """Give the names by which what lies in a folder is imported."""
    try:
        found = (path.name.partition(".") for path in folder.iterdir())
        return {name for name, _, ending in found if ending in ("", "py") or ending.endswith(("pyc", "so"))}
    except OSError:
        return set()


def _run_forked(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], timeout: float, python: Python
) -> Done:
    deadline = time.monotonic() + timeout
    pipes = [os.pipe() for _ in range(2)]
    with os.fdopen(pipes[0][0], "rb", buffering=0) as out, os.fdopen(pipes[1][0], "rb", buffering=0) as err:
        given = [write for _, write in pipes]
        try:
            process = Forked(command, folder, environment, *given, python=python)
        finally:
            for number in given:
                os.close(number)
        read = {out: b"", err: b""}
        with selectors.DefaultSelector() as selector:
            for file in read:
                selector.register(file, selectors.EVENT_READ)
            while selector.get_map():
                ready = selector.select(max(deadline - time.monotonic(), 0))
                if not ready:
                    process.kill()
                    process.wait()
                    raise subprocess.TimeoutExpired(command, timeout, read[out], read[err])
                for key, _ in ready:
                    block = os.read(key.fd, 65536)
                    read[key.fileobj] += block  # type: ignore[index]
                    if not block:
                        selector.unregister(key.fileobj)
    return subprocess.CompletedProcess(command, process.wait(), _text(read[out]), _text(read[err]))


def _text(read: bytes) -> str:
    # Universal newlines, as of a process.
    return read.decode("utf-8", "surrogateescape").replace("\r\n", "\n").replace("\r", "\n")


def _kind(command: Sequence[str]) -> str:
    """Choose what a run is forked from: what finds nothing imported that it would not have, and what has workers."""
    kind = "recorded" if "--debugloop" in command else "pytest"
    is_parallel = any(word.startswith(("-n", "--numprocesses", "--tx")) for word in command)
    return f"{kind}, parallel" if is_parallel else kind


@cache
def _zygotes(what: str, seed: str, python: Python) -> Iterator[socket.socket]:
    """Give sockets that take orders, in turns: with no seed each has one of its own."""
    ours = []
    for _ in range(1 if seed or python.site else 2):
        mine, its = socket.socketpair()
        more = {"PYTHONHASHSEED": seed} if seed else {}
        _start([python.path], [what], its, stdin=subprocess.DEVNULL, **_on_path(python.site), **more)
        ours.append(_kept_open.enter_context(mine))
    return itertools.cycle(ours)


@cache
def _loaders(python: Python) -> str:
    """Start what forks loaders; give the path of its socket."""
    folder = tempfile.mkdtemp(prefix="dl-loaders-", dir="/tmp")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(f"{folder}/orders")
        listening.listen(32)
        words = ["loaders", clusters(), *filter(None, [python.site, python.project])]
        _start([python.path, "-I", "-X", "utf8"], words, listening, stdin=subprocess.PIPE)
    return f"{folder}/orders"


def _on_path(site: str) -> dict[str, str]:
    return {"PYTHONPATH": site} if site else {}


def _start(python: list[str], what: list[str], orders: socket.socket, stdin: int, **more: str) -> None:
    """Start a zygote, which ends with this process: with its socket, or its standard input."""
    command = [*python, _ZYGOTE, what[0], str(orders.fileno()), *what[1:]]
    with orders:
        process = subprocess.Popen(
            command,
            cwd="/",
            env=clean_environment(**more),
            stdin=stdin,
            stdout=subprocess.PIPE,  # no terminal, as those of its children
            pass_fds=[orders.fileno()],
        )
    process.wait()  # it goes on as nobody's child: tests ask which children they have
    for stream in filter(None, (process.stdin, process.stdout)):
        _kept_open.enter_context(stream)


_kept_open = contextlib.ExitStack()
atexit.register(_kept_open.close)
