"""A plugin of suites that are harmed on purpose: it witnesses what pytest does, and does harm at a chosen moment.

It is copied beside the suite, and needs nothing but the standard library and pytest. A moment is the inside of a phase,
or the report of one; they are counted from 1. What was witnessed was recorded before: our plugin has written that a
phase begins before its inside is reached, and that it failed before it is reported; that it passed is written together
with the begin of the next.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

# Bound before any harm is done to the module.
_OPEN, _WRITE, _CLOSE = os.open, os.write, os.close


class Witness:
    """Counts the moments of this process, writes down what happens, and does what the plan says."""

    def __init__(self, plan: list[dict[str, object]], path: str) -> None:
        self._plan = plan
        self._path = path
        self._moment = 0

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        self._begin(item, "setup")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> None:
        self._begin(item, "call")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> None:
        self._begin(item, "teardown")

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        outcome = "xfailed" if report.skipped and hasattr(report, "wasxfail") else report.outcome
        self._write("end", report.nodeid, str(report.when), outcome)
        self._reach()

    def _begin(self, item: pytest.Item, phase: str) -> None:
        self._write("begin", item.nodeid, phase, "")
        self._reach()

    def _write(self, *words: str) -> None:
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limits[1], limits[1]))  # the witness has room, whatever is harmed
        fd = _OPEN(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        _WRITE(fd, ("\t".join((str(os.getpid()), *words)) + "\n").encode())
        _CLOSE(fd)
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    def _reach(self) -> None:
        self._moment += 1
        for harm in self._plan:
            if harm["at"] == self._moment:
                with contextlib.suppress(OSError):  # there is nothing to harm, or it was harmed before
                    HARMS[str(harm["name"])](float(str(harm["amount"])))


def pytest_configure(config: pytest.Config) -> None:
    """Witness in the processes that run tests."""
    if hasattr(config, "workerinput") or not config.getoption("numprocesses", None):
        config.pluginmanager.register(Witness(json.loads(os.environ["HARM"]), os.environ["WITNESS"]))


# -- what there is to harm --


def _journals() -> list[Path]:
    found = Path(os.environ["RECORD"], "journals").glob("*/*.jsonl")
    return sorted(path for path in found if path.is_file())  # to write into a pipe is to wait for who reads it


def _processes(mark: bytes, file: str) -> list[int]:
    found = []
    for process in Path("/proc").iterdir():
        try:
            if process.name.isdigit() and mark in (process / file).read_bytes():
                found.append(int(process.name))
        except OSError:  # noqa: PERF203 - it ended, or is another user's
            continue
    return found


def _signal(pids: list[int], number: int) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except OSError:  # noqa: PERF203 - it ended
            continue


def _loaders() -> list[int]:
    found = _processes(os.environ["RECORD"].encode(), "environ")
    return [pid for pid in found if b"PYTEST_DEBUGLOOP_LOADER=" in Path(f"/proc/{pid}/environ").read_bytes()]


def _servers() -> list[int]:
    try:
        return [int(Path(os.environ["RECORD"], "postgres", "postmaster.pid").read_text().split()[0])]
    except (OSError, ValueError, IndexError):
        return []


# -- harms; the amount is between 0 and 1 --


def kill(_: float) -> None:
    """End without a chance to say so."""
    os.kill(os.getpid(), signal.SIGKILL)


def leave(_: float) -> None:
    """End behind the interpreter's back."""
    os._exit(3)


def segfault(_: float) -> None:
    """End by a fault."""
    signal.signal(signal.SIGSEGV, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGSEGV)


def terminate(_: float) -> None:
    """End as a CI ends a job."""
    os.kill(os.getpid(), signal.SIGTERM)


def interrupt(_: float) -> None:
    """End as by Ctrl-C."""
    os.kill(os.getpid(), signal.SIGINT)


def kill_parent(_: float) -> None:
    """Kill the controller of this worker."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        os.kill(os.getppid(), signal.SIGKILL)


def kill_loader(_: float) -> None:
    """Kill what stores the run."""
    _signal(_loaders(), signal.SIGKILL)


def terminate_loader(_: float) -> None:
    """Ask what stores the run to end."""
    _signal(_loaders(), signal.SIGTERM)


def kill_server(_: float) -> None:
    """Kill the embedded server."""
    _signal(_servers(), signal.SIGKILL)


def stop_server(_: float) -> None:
    """Ask the embedded server to end at once."""
    _signal(_servers(), signal.SIGQUIT)


def kill_backends(_: float) -> None:
    """End the connections to the server that many runs share."""
    parent = os.environ.get("POSTMASTER", "")
    spared = os.environ.get("SPARED", "").split()
    for pid in _processes(b"postgres: ", "cmdline"):
        try:
            words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            title = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            continue
        if words[1] == parent and b"[local]" in title and str(pid) not in spared:
            _signal([pid], signal.SIGTERM)


def cut_journal(amount: float) -> None:
    """Shorten a journal somewhere."""
    for path in _journals():
        os.truncate(path, int(path.stat().st_size * amount))


def empty_journal(_: float) -> None:
    """Open a journal as a file to be written."""
    for path in _journals():
        path.write_bytes(b"")


def garble_journal(amount: float) -> None:
    """Write zeros over a few bytes."""
    for path in _journals():
        with path.open("r+b") as file:
            file.seek(int(path.stat().st_size * amount))
            file.write(b"\0" * 5)


def append_rubbish(amount: float) -> None:
    """Append what is no line of ours."""
    rubbish = [b"\xff\xfe rubbish\n", b"no line", b"\n\n\n", b'{"kind":"step"', b"[" * 5000 + b"\n", b'{"kind":1}\n']
    for path in _journals():
        with path.open("ab") as file:
            file.write(rubbish[int(amount * len(rubbish)) % len(rubbish)])


def repeat_lines(amount: float) -> None:
    """Append lines once more that are there already."""
    for path in _journals():
        with path.open("r+b") as file:
            lines = file.read().splitlines(keepends=True)
            file.write(b"".join(lines[int(len(lines) * amount) :]))


def remove_journal(_: float) -> None:
    """Remove the journals."""
    for path in _journals():
        path.unlink()


def remove_record(_: float) -> None:
    """Remove the folder of the record, as a cleaning of the checkout does."""
    shutil.rmtree(os.environ["RECORD"], ignore_errors=True)


def move_record(_: float) -> None:
    """Move the folder of the record out of the way."""
    record = Path(os.environ["RECORD"])
    if record.exists():
        record.rename(record.with_name("moved"))


def copy_record(_: float) -> None:
    """Copy the checkout, which opens and closes each file of it."""
    record = Path(os.environ["RECORD"])
    shutil.copytree(record.parent, record.parent.parent / "copy", ignore=lambda *_: ["postgres"], dirs_exist_ok=True)


def close_descriptors(_: float) -> None:
    """Close all that is open but the streams."""
    os.closerange(3, 1024)


def take_descriptors(_: float) -> None:
    """Close all that is open, and open files of this test's own in its place."""
    os.closerange(3, 1024)
    for number in range(20):
        os.open(f"{os.environ['WITNESS']}.own-{number}", os.O_RDWR | os.O_CREAT)


def limit_descriptors(_: float) -> None:
    """Let this process open nothing any more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 5), hard))


def limit_files(amount: float) -> None:
    """Let files grow no more, as on a full disk."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(200 + amount * 20_000), hard))


def hide_files(_: float) -> None:
    """Let new files be readable by nobody."""
    os.umask(0o777)


def go_away(_: float) -> None:
    """Change the folder."""
    os.chdir("/")


def turn_clock(amount: float) -> None:
    """Turn the clock back or on, as tests with a clock of their own do."""
    real, shift = time.time, (amount - 0.5) * 10_000_000
    time.time = lambda: real() + shift
    time.time_ns = lambda: int((real() + shift) * 1e9)


def stop_clock(_: float) -> None:
    """Stop each clock."""
    for name in ("time", "monotonic", "perf_counter"):
        now = getattr(time, name)()
        setattr(time, name, lambda now=now: now)
        setattr(time, f"{name}_ns", lambda now=now: int(now * 1e9))


def break_writing(_: float) -> None:
    """Take what writes files away."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError("writing is not allowed in this test")

    for name in ("write", "open", "fstat", "lseek"):
        setattr(os, name, refuse)


def break_json(_: float) -> None:
    """Take what makes JSON away."""

    def refuse(*_: object, **__: object) -> None:
        raise ValueError("no JSON in this test")

    json.dumps = refuse  # type: ignore[assignment]


def fork(_: float) -> None:
    """Fork, and end the child as a program of its own would."""
    pid = os.fork()
    if pid == 0:
        os.closerange(3, 1024)
        os._exit(0)
    os.waitpid(pid, 0)


def nothing(_: float) -> None:
    """Do no harm."""


HARMS: dict[str, Callable[[float], None]] = {
    harm.__name__: harm
    for harm in (
        *(kill, leave, segfault, terminate, interrupt, kill_parent),
        *(kill_loader, terminate_loader, kill_server, stop_server, kill_backends),
        *(cut_journal, empty_journal, garble_journal, append_rubbish, repeat_lines, remove_journal),
        *(remove_record, move_record, copy_record),
        *(close_descriptors, take_descriptors, limit_descriptors, limit_files, hide_files, go_away),
        *(turn_clock, stop_clock, break_writing, break_json, fork, nothing),
    )
}
