"""A run of pytest that is forked is what the same command line would have started."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support import warm
from tests.support.environment import clean_environment

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="nothing is forked there")

TELLS = """
import datetime, gc, json, locale, os, pathlib, signal, sys, tempfile, threading, time

OF_THIS_RUN = ("PYTEST_CURRENT_TEST", "PYTEST_XDIST_TESTRUNUID")

def test_tell():
    main = sys.modules["__main__"]
    streams = [sys.__stdin__, sys.__stdout__, sys.__stderr__]
    pathlib.Path("told.json").write_text(json.dumps({
        "arguments": sys.argv,
        "command line": sys.orig_argv,
        "path": sys.path,
        "folder": os.getcwd(),
        "environment": {name: value for name, value in os.environ.items() if name not in OF_THIS_RUN},
        "streams": [[s.name, s.mode, s.encoding, s.errors, s.line_buffering, s.isatty(), s.closed] for s in streams],
        "descriptors": sorted(fd for fd in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{fd}")),
        "handlers": {str(number): str(signal.getsignal(number)).split(" at ")[0] for number in signal.valid_signals()},
        "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
        "threads": threading.active_count(),
        "is main": threading.current_thread() is threading.main_thread(),
        "main": sorted(name for name in vars(main) if name != "__file__"),
        "ours": sorted(name for name in sys.modules if name.startswith(("pytest_debugloop", "psycopg", "tests"))),
        "flags": [sys.dont_write_bytecode, gc.isenabled(), sys.getrecursionlimit(), locale.getpreferredencoding()],
        "temporary": tempfile.gettempdir(),
        "clock": [time.tzname, time.timezone, time.localtime(0).tm_hour, datetime.datetime.fromtimestamp(0).hour],
        "group": [os.getpgrp(), os.getsid(0)],
        "same seed": hash("seed"),
    }))
"""


def run(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    return warm.run(command, folder, clean_environment(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1", **more))


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("DEBUGLOOP_TEST_PROCESSES", raising=False)  # forking is the subject
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    return tmp_path


def told(folder: Path, monkeypatch: pytest.MonkeyPatch, how: str, *words: str, seed: str = "") -> dict[str, Any]:
    monkeypatch.setenv("DEBUGLOOP_TEST_PROCESSES", how)
    more = {"TMPDIR": str(folder), "PYTHONDONTWRITEBYTECODE": "1", "TZ": "Asia/Tokyo"} | (
        {"PYTHONHASHSEED": seed} if seed else {}
    )
    done = run(folder, "-p", "pytest_debugloop.plugin", "-q", *words, **more)
    assert (done.returncode, done.stderr) == (0, "")
    facts: dict[str, Any] = json.loads((folder / "told.json").read_text())
    return facts


def test_nothing_tells_it_from_one_that_starts_from_nothing(suite: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (suite / "test_tell.py").write_text(TELLS)
    forked, fresh, other = (told(suite, monkeypatch, how) for how in ("warm", "fresh", "warm"))
    seeds = {facts.pop("same seed") for facts in (forked, fresh, other)}
    assert forked == fresh == other
    assert len(seeds) == 3  # the two that are forked from in turns have another one each


def test_nor_a_worker_of_xdist(suite: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (suite / "test_tell.py").write_text(TELLS)
    forked, fresh, other = (told(suite, monkeypatch, how, "-p", "xdist", "-n1") for how in ("warm", "fresh", "warm"))
    seeds = {facts.pop("same seed") for facts in (forked, fresh, other)}
    assert forked == fresh == other
    assert len(seeds) == 3


@pytest.mark.parametrize(
    ("test", "status", "err"),
    [
        ("assert 0", 1, ""),
        ("import os; os._exit(7)", 7, ""),
        ("import os; os.kill(os.getpid(), 9)", -signal.SIGKILL, ""),
        ("import atexit; atexit.register(open('told', 'w').write, 'told')", 0, ""),
    ],
)
def test_it_ends_as_one_that_starts_from_nothing(suite: Path, test: str, status: int, err: str) -> None:
    (suite / "test_end.py").write_text(f"def test(): {test}\n")
    done = run(suite)
    assert (done.returncode, done.stderr) == (status, err)
    assert "test session starts" in done.stdout or status not in (0, 1)
    assert (suite / "told").exists() == ("told" in test)
    if "told" in test:
        assert (suite / "told").read_text() == "told"


def test_what_takes_too_long_is_killed(suite: Path) -> None:
    (suite / "test_wait.py").write_text("def test():\n    open('begun', 'w')\n    import time; time.sleep(600)\n")
    command = [sys.executable, "-m", "pytest"]
    with pytest.raises(subprocess.TimeoutExpired):
        warm.run(command, suite, clean_environment(), timeout=0)
    assert run(suite, "--co").returncode == 0


SAYS = "import pathlib\ndef test(): pathlib.Path('said').write_text(pathlib.Path('/proc/self/cmdline').read_text())\n"


def may_be_forked(folder: Path, **more: str) -> bool:
    return warm.can_be_forked([sys.executable, "-m", "pytest"], folder, clean_environment(**more))


def is_forked(folder: Path, **more: str) -> bool:
    (folder / "test_say.py").write_text(SAYS)
    assert run(folder, **more).returncode == 0
    return "zygote.py" in (folder / "said").read_text()


@pytest.mark.parametrize("path", ["lib", ":lib", "{0}/lib:{0}:lib:nowhere"])
def test_folders_on_the_path_are_where_they_would_be(suite: Path, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    (suite / "lib").mkdir()
    (suite / "lib" / "found.py").write_text("")
    (suite / "test_path.py").write_text("def test(): open('path', 'w').write(repr(__import__('sys').path))\n")
    paths = []
    for how in ("warm", "fresh"):
        monkeypatch.setenv("DEBUGLOOP_TEST_PROCESSES", how)
        assert run(suite, PYTHONPATH=path.format(suite)).returncode == 0
        paths.append((suite / "path").read_text())
    assert paths[0] == paths[1]
    monkeypatch.delenv("DEBUGLOOP_TEST_PROCESSES")
    assert may_be_forked(suite, PYTHONPATH=path.format(suite))


def test_a_seed_of_hashes_is_that_of_the_fork(suite: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (suite / "test_tell.py").write_text(TELLS)
    forked, fresh = (told(suite, monkeypatch, how, seed="0") for how in ("warm", "fresh"))
    assert forked == fresh
    monkeypatch.delenv("DEBUGLOOP_TEST_PROCESSES")
    assert may_be_forked(suite, PYTHONHASHSEED="0")


@pytest.mark.parametrize("name", ["xdist.py", "sitecustomize.py", "json", "psycopg"])
def test_what_would_be_hidden_is(suite: Path, name: str) -> None:
    (suite / "lib").mkdir()
    (suite / "lib" / name).mkdir()
    assert not may_be_forked(suite, PYTHONPATH="lib")


@pytest.mark.parametrize("name", ["PYTHONHASHSEED", "PYTHONIOENCODING", "LC_ALL"])
def test_what_is_read_when_an_interpreter_starts_is_read(suite: Path, name: str) -> None:
    values = {"PYTHONHASHSEED": "7", "PYTHONIOENCODING": "latin-1", "LC_ALL": "POSIX"}
    assert not may_be_forked(suite, **{name: values.get(name, str(suite))})
    assert may_be_forked(suite, COLUMNS="100")


def test_what_may_not_be_forked_is_started(suite: Path) -> None:
    assert not is_forked(suite, LC_ALL="POSIX")
    assert is_forked(suite, COLUMNS="100")


def test_workers_are_forked_too_and_those_that_replace_them_started(suite: Path) -> None:
    (suite / "test_say.py").write_text(SAYS + "\ndef test_end(): __import__('os')._exit(1)\n")
    assert run(suite, "-p", "xdist", "-n1", "-k", "not end").returncode == 0
    assert "zygote.py" in (suite / "said").read_text()
    done = run(suite, "-p", "xdist", "-n2", "-k", "end", "--max-worker-restart=2")
    assert "crashed while running" in done.stdout
    (suite / "test_say.py").write_text("".join(f"def test_{n}(): __import__('os')._exit(1)\n" for n in range(4)) + SAYS)
    (suite / "said").unlink()
    assert run(suite, "-p", "xdist", "-n2").returncode == 1
    assert "zygote.py" not in (suite / "said").read_text()


@pytest.mark.process
def test_what_has_a_process_for_its_subject_has_one_of_its_own(suite: Path) -> None:
    assert not is_forked(suite)


def test_what_is_tested_may_be_hidden(suite: Path) -> None:
    (suite / "lib").mkdir()
    (suite / "lib" / "jinja2").mkdir()
    assert not may_be_forked(suite, PYTHONPATH="lib")
    python = warm.Python(tested="jinja2")
    assert warm.can_be_forked([sys.executable, "-m", "pytest"], suite, clean_environment(PYTHONPATH="lib"), python)
