"""Workers of pytest-xdist without their start: forked from a run of pytest before it has done anything.

A run that is forked, and that may have workers, has children in store (`zygote.py`); execnet gets one of them where it
would start an interpreter. It gets an interpreter where it wants another one, where a worker would inherit what the
child in store has not, and when the store is empty. Read by its path, never imported.
"""

from __future__ import annotations

import contextlib
import importlib
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_PIPE = subprocess.PIPE


class Store:
    """Children that wait to be workers.

    Args:
        count: how many.
        inherits: gives what a process inherits at the moment, beside its environment's usual variables.

    Attributes:
        is_worker: whether this process is such a child, and has become a worker.
    """

    def __init__(self, count: int, inherits: Callable[[Any], object]) -> None:
        self.is_worker = False
        self._inherits = inherits
        self._inherited = inherits(os.environ)
        self._waiting: list[tuple[int, socket.socket]] = []
        for _ in range(count):
            ours, its = socket.socketpair()
            child = os.fork()
            if not child:
                for connection in (ours, *(other for _, other in self._waiting)):
                    connection.close()
                self._become_worker(its)
                return
            its.close()
            self._waiting.append((child, ours))
        masters: Any = importlib.import_module("execnet.gateway_io").Popen2IOMaster
        begin = masters.__mro__[1].__init__

        def start(self_: Any, args: Sequence[str], execmodel: Any) -> None:
            self_.popen = process = self._start(list(args))
            begin(self_, process.stdin, process.stdout, execmodel=execmodel)

        masters.__init__ = start

    def _start(self, args: list[str]) -> subprocess.Popen[bytes]:
        usual = [sys.executable, "-u", "-c", importlib.import_module("execnet.gateway_io").popen_bootstrapline]
        if not self._waiting or args != usual or self._inherits(os.environ) != self._inherited:
            return subprocess.Popen(args, stdin=_PIPE, stdout=_PIPE)
        child, connection = self._waiting.pop(0)
        read, write = os.pipe(), os.pipe()
        order = os.memfd_create("order")
        os.write(order, json.dumps([str(Path.cwd()), _environment()]).encode())
        with connection:
            socket.send_fds(connection, [b"."], [read[0], write[1], 2, order])
        for number in (read[0], write[1], order):
            os.close(number)
        return _started(args, child, read[1], write[0])

    def _become_worker(self, connection: socket.socket) -> None:
        """Wait, holding nothing open; end where there is nothing to do."""
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        nothing = os.open(os.devnull, os.O_RDWR)
        for number in range(3):
            os.dup2(nothing, number)
        os.close(nothing)
        received: list[int] = []
        with contextlib.suppress(ConnectionError), connection:
            _, received, _, _ = socket.recv_fds(connection, 1, 4)
        if not received:
            os._exit(0)
        *streams, order = received
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        with os.fdopen(order, "rb") as file:
            file.seek(0)
            folder, environment = json.loads(file.read())
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self.is_worker = True

    def work(self) -> None:
        """Do what the interpreter would have been started with."""
        bootstrap = importlib.import_module("execnet.gateway_io").popen_bootstrapline
        sys.argv[:] = ["-c"]
        sys.orig_argv[:] = [sys.executable, "-u", "-c", bootstrap]
        sys.path[0] = ""
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(line_buffering=False, write_through=True)  # type: ignore[union-attr]
        main = types.ModuleType("__main__")
        if "__annotations__" in vars(sys.modules["__main__"]):  # until Python 3.13
            main.__annotations__ = {}
        sys.modules["__main__"] = main
        exec(bootstrap, vars(main))


def _environment() -> dict[str, str]:
    """Give the variables that a program would get: readline sets some behind Python's back."""
    import ctypes

    variables: Any = ctypes.POINTER(ctypes.c_char_p).in_dll(ctypes.CDLL(None), "environ")
    told = (os.fsdecode(one).partition("=") for one in itertools.takewhile(bool, variables))
    return {name: value for name, _, value in told}


def _started(args: list[str], child: int, stdin: int, stdout: int) -> subprocess.Popen[bytes]:
    """Give what `subprocess` would have given of a process that it had started."""
    process: Any = subprocess.Popen.__new__(subprocess.Popen)
    process.args, process.pid, process.returncode = args, child, None
    process.stdin, process.stdout, process.stderr = os.fdopen(stdin, "wb"), os.fdopen(stdout, "rb"), None
    process._child_created, process._waitpid_lock, process._sigint_wait_secs = True, threading.Lock(), 0.25
    process._input, process._communication_started = None, False
    started: subprocess.Popen[bytes] = process
    return started
