"""A process that has imported what its children need, and forks one for each order; run by its path, never imported.

A child has the folder, environment, arguments and streams of its order, and ends as any interpreter does, but for
finalizing what is left then. Who may be started so is said in `warm.py`. A run of pytest that records nothing finds
nothing of pytest_debugloop imported; one that records, and the loader, find what they import first of all, but for the
plugin, which pytest rewrites.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import gc
import importlib
import importlib.metadata
import inspect
import json
import os
import runpy
import select
import signal
import socket
import sys
import threading
import time
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# A loader goes to init: see pytest_debugloop.summary.loader_start.
_DETACHED = ["/bin/sh", "-c", '"$@" &', "sh"]
_LOADER = [sys.executable, "-I", "-X", "utf8", "-c"]
# Is started, and waited for, in the loader's place.
_NOTHING = ["/bin/sh", "-c", ":"]
# As many workers of pytest-xdist as a run has, but for few.
_WORKERS = 2
# Bound before any test, which may put something else there.
_spawn, _open, _close, _write, _getcwd = os.posix_spawn, os.open, os.close, os.write, os.getcwd
_memfd_create, _Socket, _send_fds, _exit = os.memfd_create, socket.socket, socket.send_fds, os._exit


def serve_pytest(asked: int, *, recorded: bool, parallel: bool) -> None:
    """Fork a run of pytest for each order that comes from a socket; its number and how it ended are told.

    Args:
        asked: the descriptor of the socket.
        recorded: whether the runs record.
        parallel: whether they may have workers.
    """
    import pytest  # noqa: F401
    from _pytest.config import default_plugins

    os.posix_spawn = _spawn_or_order  # before pytest_debugloop binds it
    for name in default_plugins:
        importlib.import_module(f"_pytest.{name}")
    for name in ("ctypes", "email.parser", "faulthandler", "pdb", "readline", "resource", "_pytest._argcomplete"):
        importlib.import_module(name)
    if recorded:
        importlib.import_module("pytest_debugloop.recording.start")
        importlib.import_module("pytest_debugloop.capture.redact").Redactor()  # `re` keeps what it compiles
    if parallel:
        importlib.import_module("execnet.gateway_io")
    _look_up_ahead()
    gc.freeze()  # what pytest collects at its end is what the run made
    orders = socket.socket(fileno=asked)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for keepers
    while received := _received(orders, 5):
        if not os.fork():
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            orders.close()
            if child := os.fork():
                _keep(child, received[-1])
            _be_pytest(received, workers=_WORKERS if parallel else 0)
            return
        for number in received:
            os.close(number)


def _look_up_ahead() -> None:
    """Find out what the first failure and the first look for plugins would, of what is imported and installed."""
    # Which module is of which file.
    inspect.getmodule(compile("", "<nowhere>", "exec"))
    # What each distribution has for others: it is asked for by each run, and is the same.
    read = importlib.metadata.PathDistribution.read_text
    known = {
        str(path): found.read_text("entry_points.txt")
        for found in importlib.metadata.distributions()
        if (path := getattr(found, "_path", None))
    }

    def read_text(self: Any, filename: Any) -> str | None:
        if filename == "entry_points.txt" and (path := str(self._path)) in known:
            return known[path]
        return read(self, filename)

    importlib.metadata.PathDistribution.read_text = read_text  # type: ignore[method-assign]


def _keep(child: int, answers: int) -> NoReturn:
    """Wait for a child and tell how it ended: its parent, that those who start several at once need not be."""
    # Its streams are not ours: who reads them waits until all have closed them.
    os.closerange(3, answers)
    os.closerange(answers + 1, os.sysconf("SC_OPEN_MAX"))
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with contextlib.suppress(BrokenPipeError):
        os.write(answers, b"%d\n" % status)
    os._exit(0)


def _be_pytest(received: list[int], workers: int) -> None:
    *streams, described, answers = received
    order = json.loads(_text(described))
    if order["session"]:
        os.setsid()
    os.write(answers, b"%d\n" % os.getpid())
    os.close(answers)
    _take(streams, order["folder"], order["environment"])
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.dont_write_bytecode = bool(order["environment"].get("PYTHONDONTWRITEBYTECODE"))
    sys.orig_argv[:] = order["command"]
    _read_python_path()
    _Loaders.are_at(order["loaders"], tuple(order["at_start"]))
    if workers:
        store = runpy.run_path(str(Path(__file__).with_name("workers.py")))["Store"](workers, _Loaders.inherits)
        if store.is_worker:
            _end_after(store.work)
            return
    sys.argv[:] = ["-m", *order["command"][3:]]
    sys.path[0] = str(Path.cwd())
    module, run = order["command"][2], runpy._run_module_as_main  # type: ignore[attr-defined] # what -m does
    main = types.ModuleType("__main__")  # which is to be pytest's
    if "__annotations__" in vars(sys.modules["__main__"]):  # until Python 3.13
        main.__annotations__ = {}
    sys.modules["__main__"] = main
    _end_after(lambda: run(module))


def _end_after(work: Callable[[], object]) -> None:
    """Do what an interpreter was started for, and end as it does, but for taking apart all that was imported.

    That takes a fifth of the time. Where the end is not a plain one, the interpreter brings it about.
    """
    status = 0
    try:
        work()
    except SystemExit as end:
        if end.code is not None and type(end.code) is not int:
            raise
        status = end.code or 0
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    try:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
    except Exception:
        sys.exit(status)
    _exit(status & 0xFF)


def _read_python_path() -> None:
    """Do what an interpreter does with PYTHONPATH when it starts; what lies there hides nothing: see `warm.py`."""
    if path := os.environ.get("PYTHONPATH", ""):
        sys.path[1:] = dict.fromkeys([*map(os.path.abspath, path.split(os.pathsep)), *sys.path[1:]])


class _Loaders:
    """Where loaders are forked, and what they would inherit when that was told."""

    address = ""
    at_start: tuple[str, ...] = ()
    inherited: object = None

    @classmethod
    def are_at(cls, address: str, at_start: tuple[str, ...]) -> None:
        cls.address, cls.at_start = address, at_start
        cls.inherited = cls.inherits(os.environ)

    @classmethod
    def inherits(cls, environment: Any) -> object:
        told = {k: v for k, v in environment.items() if k.startswith(cls.at_start) and not k.startswith("PYTHON")}
        return told, _surroundings()


def _spawn_or_order(path: Any, argv: Any, env: Any, *, file_actions: Any = (), **more: Any) -> int:
    """Be `os.posix_spawn`, and order a loader from its zygote where it would inherit what the zygote has."""
    begin = [*_DETACHED, *_LOADER]
    if list(argv[: len(begin)]) == begin and _Loaders.inherits(env) == _Loaders.inherited:
        with contextlib.suppress(OSError):
            _order_loader(list(argv[len(begin) :]), env, next(one[1] for one in file_actions if one[-1] == 1))
            path, argv = _NOTHING[0], _NOTHING
    return _spawn(path, argv, env, file_actions=file_actions, **more)


def _order_loader(words: list[str], env: Any, output: int) -> None:
    """Give its streams and all that it is told to the zygote of loaders."""
    order, nothing = _memfd_create("order"), _open(os.devnull, os.O_RDONLY)
    try:
        _write(order, repr((words, _getcwd(), dict(env))).encode("utf-8", "surrogatepass"))
        with _Socket(socket.AF_UNIX, socket.SOCK_STREAM) as zygote:
            zygote.connect(_Loaders.address)
            _send_fds(zygote, [b"."], [nothing, output, output, order])
    finally:
        _close(order)
        _close(nothing)


def _surroundings() -> tuple[object, ...]:
    """Tell what a process inherits, but for its environment."""
    import os
    import resource
    import signal

    root = os.stat("/")  # noqa: PTH116 - tests may have changed what pathlib does
    limits = [resource.getrlimit(getattr(resource, name)) for name in dir(resource) if name.startswith("RLIMIT_")]
    mask = os.umask(0o077)
    os.umask(mask)
    ignored = [signal.getsignal(number) is signal.SIG_IGN for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP)]
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    return root.st_dev, root.st_ino, os.getresuid(), os.getresgid(), limits, mask, ignored, blocked, os.nice(0)


def serve_loaders(asked: int, folder: Path) -> None:
    """Fork a loader for each order that comes to a listening socket, until standard input ends.

    Args:
        asked: the descriptor of the socket.
        folder: of data directories that are copied.
    """
    importlib.import_module("pytest_debugloop.loading.process")
    runpy.run_path(str(Path(__file__).with_name("clusters.py")))["use_copies"](folder)
    _remember_what_is_installed()
    _read_ahead(sys.argv[5:])
    gc.freeze()
    waiting = socket.socket(fileno=asked)
    while True:
        readable, _, _ = select.select([waiting.fileno(), 0], [], [])
        if 0 in readable:
            return
        connection, _ = waiting.accept()
        received = _received(connection, 4)
        if received:
            child = os.fork()
            if not child:
                if os.fork():  # nobody's child
                    os._exit(0)
                waiting.close()
                connection.close()
                _be_loader(received)
                return
            os.waitpid(child, 0)
            for number in received:
                os.close(number)
        connection.close()


def _remember_what_is_installed() -> None:
    """Look once for what lies where this interpreter looks itself: a third of a loader's time."""
    survey: Any = importlib.import_module("pytest_debugloop.sources.survey")
    look, places = survey.installed, frozenset(sys.path)
    found, then = look(), _written(places)

    def installed(folder: Path | None = None) -> Any:
        more = [place for place in sys.path if place not in places]
        has_more = any(name.endswith((".dist-info", ".egg-info")) for place in more for name in _names_in(place))
        return look(folder) if has_more or _written(places) != then else dict(found)

    survey.installed = installed


def _read_ahead(project: list[str]) -> None:
    """Read the SQL, and compile the regular expressions, that every loader needs: `sql_text` and `re` keep them.

    Args:
        project: folders whose source files are split into units too.
    """
    sql_files = importlib.import_module("pytest_debugloop.database.sql_files")
    for package in ("database", "loading", "loading.recoveries"):
        name = f"pytest_debugloop.{package}"
        for file in (Path(str(importlib.import_module(name).__file__)).parent / "sql").glob("*.sql"):
            sql_files.sql_text(name, file.stem)
    importlib.import_module("pytest_debugloop.capture.redact").Redactor()
    survey: Any = importlib.import_module("pytest_debugloop.sources.survey")
    survey.units_of = split = functools.cache(survey.units_of)
    for folder in project:
        for file in Path(folder).rglob("*.py"):
            with contextlib.suppress(OSError, ValueError):
                split(file.read_text(encoding="utf-8"))


def _names_in(place: str) -> list[str]:
    try:
        return os.listdir(place)  # noqa: PTH208 - Path's comes with 3.13
    except OSError:
        return []


def _written(places: Iterable[str]) -> dict[str, int]:
    """Tell when each folder was written to."""
    return {place: os.stat(place).st_mtime_ns for place in places if os.path.isdir(place)}  # noqa: PTH112, PTH116


def _be_loader(received: list[int]) -> None:
    import ast

    *streams, order = received
    (code, *arguments), folder, environment = ast.literal_eval(_text(order))
    _take(streams, folder, environment)
    sys.orig_argv[:] = [*_LOADER, code, *arguments]
    sys.argv[:] = ["-c", *arguments]
    _end_after(lambda: exec(code, {"__name__": "__main__"}))


def _received(connection: socket.socket, count: int) -> list[int]:
    """Receive the descriptors of an order; none: there will be no more."""
    try:
        told, descriptors, _, _ = socket.recv_fds(connection, 1, count)
    except ConnectionError:
        return []
    return descriptors if told else []


def _text(descriptor: int) -> str:
    with os.fdopen(descriptor, "rb") as file:
        file.seek(0)
        return file.read().decode("utf-8", "surrogatepass")


def _take(streams: list[int], folder: str, environment: dict[str, str]) -> None:
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it ends with whoever started it
    what, descriptor = sys.argv[1], int(sys.argv[2])
    if os.fork():
        os._exit(0)
    if what == "loaders":
        sys.path += sys.argv[4:5]
        serve_loaders(descriptor, Path(sys.argv[3]))
    else:
        serve_pytest(descriptor, recorded="recorded" in what, parallel="parallel" in what)
