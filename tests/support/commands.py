"""The command `debugloop`: called in this process, which takes a tenth of the time, or as a process of its own.

Called, it is the same function that the script calls, on file descriptors, in a folder, with an environment and with
handlers of signals of its own; what it changed of these is put back. A process of its own is for tests whose subject is
one: start-up, signals, closed streams, terminals, and what else ends or outlives it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

from tests.support.environment import clean_environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Done = subprocess.CompletedProcess[str]

COMMAND = (sys.executable, "-m", "pytest_debugloop")


def start_command(folder: Path, *arguments: str, timeout: float = 120, input: str = "", **more: str) -> Done:  # noqa: A002
    """Run the command as a process of its own, to its end.

    Args:
        folder: to run it in.
        *arguments: of its command line.
        timeout: in seconds.
        input: what it reads.
        **more: variables of its environment.
    """
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=folder,
        env=clean_environment(**more),
        input=input,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=timeout,
        check=False,
    )


def call_command(folder: Path, *arguments: str, input: str = "", **more: str) -> Done:  # noqa: A002
    """Run the command in this process.

    Args:
        folder: to run it in.
        *arguments: of its command line.
        input: what it reads.
        **more: variables of its environment.

    Returns:
        What a process of its own would have given.
    """
    with ExitStack() as stack:
        given, out, err = files = [stack.enter_context(tempfile.TemporaryFile()) for _ in range(3)]
        given.write(input.encode())
        given.seek(0)
        status = call_main(folder, arguments, [file.fileno() for file in files], clean_environment(**more))
        return subprocess.CompletedProcess(["debugloop", *arguments], status, _text(out), _text(err))


def call_main(folder: Path, arguments: Sequence[str], streams: Sequence[int], environment: dict[str, str]) -> int:
    """Call what the script calls.

    Args:
        folder: to be in.
        arguments: of its command line.
        streams: file descriptors for standard input, output and error.
        environment: its variables.

    Returns:
        The exit status.
    """
    from pytest_debugloop.__main__ import main

    with (
        _process_of_its_own(folder, environment),
        _streams(streams, environment.get("PYTHONIOENCODING", "utf-8")),
    ):
        sys.argv = ["debugloop", *arguments]
        status: object = 0
        try:
            main()
        except SystemExit as end:
            status = end.code
        if isinstance(status, str):
            sys.stderr.write(f"{status}\n")
            status = 1
        return int(str(status or 0))


def _text(stream: IO[bytes]) -> str:
    stream.seek(0)
    # Universal newlines, as of a process.
    return stream.read().decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")


@contextmanager
def _streams(descriptors: Sequence[int], encoding: str) -> Iterator[None]:
    """Put others in place of the three standard streams, for programs that are started too."""
    before = sys.stdin, sys.stdout, sys.stderr
    sys.stdout.flush()
    sys.stderr.flush()
    saved = [os.dup(number) for number in range(3)]
    opened = []
    try:
        for number, descriptor in enumerate(descriptors):
            os.dup2(descriptor, number)
            mode = "w" if number else "r"
            opened.append(open(number, mode, encoding=encoding, closefd=False))  # noqa: SIM115 - closed below
        sys.stdin, sys.stdout, sys.stderr = opened
        yield
    finally:
        sys.stdin, sys.stdout, sys.stderr = before
        for stream in opened:
            with suppress(OSError):  # nobody reads it any more
                stream.close()
        for number, copy in enumerate(saved):
            os.dup2(copy, number)
            os.close(copy)


@contextmanager
def _process_of_its_own(folder: Path, environment: dict[str, str]) -> Iterator[None]:
    """Enter a folder and an environment, and put back afterwards what a command may change of its process."""
    arguments = sys.argv
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    variables, here = dict(os.environ), Path.cwd()
    try:
        os.chdir(folder)
        _set_environment(environment)
        yield
    finally:
        os.chdir(here)
        _set_environment(variables)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        sys.argv = arguments


def _set_environment(variables: dict[str, str]) -> None:
    for name in set(os.environ) - set(variables):
        del os.environ[name]
    os.environ.update(variables)
