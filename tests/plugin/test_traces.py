"""Tests with an open failure, and those that are tried again, are traced; all others are not."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from coverage import CoverageData

from pytest_debugloop.journal.shared_names import OPEN_FAILURES_FILE

if TYPE_CHECKING:
    from tests.support.projects import Project, Run

HAS_LINES = sys.version_info >= (3, 12)

SHOP = """
    import json


    class Cart:
        def total(self):
            return json.load(open("rates.json"))["rate"] * 2


    class Cache:
        def total(self):
            return 1
"""
TEST = """
    import subprocess
    import sys

    import pytest
    from shop import Cart


    @pytest.fixture
    def cart(tmp_path):
        (tmp_path / "note").write_text("x")
        return Cart()


    def test_total(cart):
        subprocess.run([sys.executable, "tool.py", "--token", "s3cr3t-t0ken"], check=True)
        assert cart.total() == 6


    def test_other():
        assert Cart().total()
"""


def run(project: Project, *arguments: str) -> Run:
    return project.run("-p", "no:cacheprovider", *arguments, env={"PYTHONDONTWRITEBYTECODE": "1"})


def traces(run: Run) -> list[dict[str, Any]]:
    return run.record.query("SELECT * FROM debug_test_traces WHERE correlation_id = %(id)s ORDER BY started_at")


@pytest.fixture
def shop(project: Project) -> Project:
    project.write("shop.py", SHOP)
    project.write("test_shop.py", TEST)
    project.write("tool.py", "print('here')\n")
    project.write("rates.json", '{"rate": 2}')
    return project


def test_a_test_with_an_open_failure_is_traced_until_it_passes(shop: Project) -> None:
    first = run(shop)
    assert traces(first) == []
    note = shop.folder / ".debugloop" / OPEN_FAILURES_FILE
    assert note.stat().st_mode & 0o777 == 0o600
    (entries,) = json.loads(note.read_text())["projects"].values()
    assert [entry["test"] for entry in entries] == ["test_shop.py::test_total"]

    shop.write("shop.py", SHOP.replace("* 2", "* 3").replace("return 1", "return 7"))
    passed = run(shop)
    (trace,) = traces(passed)
    assert (trace["operation_name"], trace["attempt"], trace["cut"]) == ("test_shop.py::test_total", 1, [])
    assert trace["traced_by"] == ("monitoring" if HAS_LINES else "profile")
    found = {
        file: {name for name, _ in there["functions"]}
        for file, there in trace["files"].items()
        if not file.startswith(("/", ".."))  # helpers of our own tests may lie on the path
    }
    if sys.version_info < (3, 11):
        assert found == {"test_shop.py": {"cart", "test_total"}, "shop.py": {"total"}}
    else:
        assert found == {"test_shop.py": {"cart", "test_total"}, "shop.py": {"Cart.total"}}
    assert trace["files"]["shop.py"].get("lines") == ([6] if HAS_LINES else None)
    assert trace["opened"] == ["rates.json"]
    assert trace["children"] == [{"program": trace["children"][0]["program"], "files": ["tool.py"], "modules": []}]
    assert "s3cr3t" not in json.dumps(trace, default=str)
    (recovery,) = first.record.query(
        "SELECT c.* FROM debug_error_success_correlation AS c JOIN debug_error_events AS e ON e.id = c.error_event_id"
        " WHERE e.correlation_id = %(id)s"
    )
    evidence = recovery["evidence"]
    assert recovery["recovery_path"] == "Cart.total in shop.py was changed"
    assert [(one["function"], one["ran"]) for one in evidence["code"]] == [
        ("Cart.total", "lines" if HAS_LINES else "entered")
    ]
    assert [one["function"] for one in evidence["code_not_run"]] == ["Cache.total"]
    assert evidence["traced"] == ["passing"]

    assert not note.exists()
    assert traces(run(shop)) == []


def test_a_file_that_the_test_was_seen_to_read_is_the_first_of_those_that_changed(project: Project) -> None:
    project.write(
        "test_it.py", "import glob\n\ndef test_it():\n    assert [open(f).read() for f in glob.glob('a*')] == ['2']\n"
    )
    project.write("a.yaml", "1")
    project.write("other.yaml", "1")
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "all"]):
        project.git(*arguments)
    failed = run(project)
    project.write("a.yaml", "2")
    project.write("other.yaml", "2")
    run(project)
    (recovery,) = failed.record.query(
        "SELECT c.* FROM debug_error_success_correlation AS c JOIN debug_error_events AS e ON e.id = c.error_event_id"
        " WHERE e.correlation_id = %(id)s"
    )
    assert recovery["recovery_strategy"] == "data_change"
    first, *others = recovery["evidence"]["data"]
    assert (first["file"], first.get("opened")) == ("a.yaml", True)
    assert not any(one.get("opened") for one in others)


def test_attempts_that_are_tried_again_are_traced(project: Project) -> None:
    project.write(
        "test_flaky.py",
        """
        TRIED = []

        def helper():
            return len(TRIED)

        def test_flaky():
            TRIED.append(1)
            assert helper() == 2

        def test_steady():
            pass
        """,
    )
    found = run(project, "-p", "pytest_rerunfailures", "--reruns", "1")
    assert found.ret == 0
    (trace,) = traces(found)
    assert (trace["operation_name"], trace["attempt"]) == ("test_flaky.py::test_flaky", 2)
    if HAS_LINES:
        assert {name for name, _ in trace["files"]["test_flaky.py"]["functions"]} == {"test_flaky", "helper"}
    else:  # the one profile function is wanted for the state at the test's end
        assert trace["cut"]


def test_a_worker_of_xdist_traces_too(shop: Project) -> None:
    run(shop)
    found = run(shop, "-p", "xdist", "-n", "1")
    assert [(one["operation_name"], one["agent_name"]) for one in traces(found)] == [
        ("test_shop.py::test_total", "pytest:gw0")
    ]


def test_what_others_left_failed_is_asked_for_while_tests_are_collected(shop: Project) -> None:
    run(shop)
    (shop.folder / ".debugloop" / OPEN_FAILURES_FILE).unlink()
    shop.write(
        "conftest.py",
        f"""
        import pathlib, time

        def pytest_collection_finish():
            until = time.monotonic() + 60
            while not pathlib.Path(".debugloop/{OPEN_FAILURES_FILE}").exists() and time.monotonic() < until:
                time.sleep(0.01)
        """,
    )
    assert [one["operation_name"] for one in traces(run(shop))] == ["test_shop.py::test_total"]


def leave_open_failures(project: Project, *tests: str) -> None:
    folder = project.folder / ".debugloop"
    folder.mkdir(mode=0o700, exist_ok=True)
    (folder / ".gitignore").write_text("# Made by pytest-debugloop.\n*\n")
    note = folder / OPEN_FAILURES_FILE
    note.write_text(json.dumps({"projects": {"traced": [{"test": test} for test in tests]}}))
    note.chmod(0o600)


def traced_by_hand(project: Project, *arguments: str, coverage: bool = False) -> subprocess.CompletedProcess[str]:
    """Run a suite whose record is not loaded, under coverage where that is the subject."""
    words = project.command(
        "-p", "no:cacheprovider", "--no-debugloop-load", "--debugloop-project", "traced", *arguments
    )
    if coverage:
        words[1:3] = ["-m", "coverage", "run", "-m", "pytest"]
    more = {"COVERAGE_CORE": "sysmon"} if coverage else {}
    return subprocess.run(
        words, cwd=project.folder, env=project.environ(**more), capture_output=True, text=True, timeout=120, check=False
    )


def journalled(project: Project) -> list[dict[str, Any]]:
    """Give the traces in the journals of a record that was not loaded."""
    lines = [
        json.loads(line)
        for path in (project.folder / ".debugloop" / "journals").glob("*/main.jsonl")
        for line in path.read_text().splitlines()
    ]
    return [line for line in lines if line["kind"] == "trace"]


@pytest.mark.skipif(not HAS_LINES, reason="coverage measures by sys.monitoring from Python 3.12 on")
def test_coverage_by_sys_monitoring_is_the_same(project: Project) -> None:
    names = [f"test_{number}" for number in range(4)]
    project.write("shop.py", SHOP + "\n\n    def even(n):\n        return 'even' if n % 2 == 0 else 'odd'\n")
    tests = "\n".join(
        f"def {name}():\n    if {number} > 1:\n        assert even({number})\n    Cache().total()\n"
        for number, name in enumerate(names)
    )
    project.write("test_shop.py", f"from shop import Cache, even\n{tests}")
    measured = []
    for traced in ([], [names[1], names[2]]):
        leave_open_failures(project, *(f"test_shop.py::{name}" for name in traced))
        assert traced_by_hand(project, coverage=True).returncode == 0
        data = CoverageData(str(project.folder / ".coverage"))
        data.read()
        measured.append([sorted(data.lines(str(project.folder / name)) or ()) for name in ("shop.py", "test_shop.py")])
    assert all(measured[0])
    assert measured[0] == measured[1]
    assert [line["node_id"] for line in journalled(project)] == [f"test_shop.py::{name}" for name in names[1:3]]


def test_a_traced_test_sees_no_hook_and_loses_nothing(project: Project) -> None:
    tests = """
        import gc
        import os
        import signal
        import sys
        import threading
        import warnings
        import weakref

        import pytest

        class Late(BaseException):
            pass

        def test_hooks():
            assert (sys.gettrace(), sys.getprofile(), threading.active_count()) == (None, None, 1)

        def test_own_tools():
            monitoring = getattr(sys, "monitoring", None)
            # One may be of a coverage tool that measures us.
            free = [number for number in range(5) if monitoring and monitoring.get_tool(number) is None]
            for number in free:
                monitoring.use_tool_id(number, "mine")
                monitoring.free_tool_id(number)
            sys.setprofile(print)
            sys.setprofile(None)

        def test_nothing_is_kept():
            class Thing:
                def method(self):
                    return 1
            thing = Thing()
            thing.method()
            gone = weakref.ref(thing), weakref.ref(Thing)
            del thing, Thing
            gc.collect()
            assert [one() for one in gone] == [None, None]

        def test_late():
            def late(*_):
                raise Late
            signal.signal(signal.SIGALRM, late)
            with pytest.raises(Late):
                signal.setitimer(signal.ITIMER_REAL, 0.05)
                while True:
                    (lambda: os.listdir())()

        def test_depth():
            def fall(n):
                try:
                    return fall(n + 1)
                except RecursionError:
                    return n
            assert fall(0) == fall(0)

        def test_stops():
            with pytest.raises(StopIteration):
                next(iter(()))
    """
    project.write("test_any.py", tests)
    names = re.findall(r"def (test_\w+)", tests)
    leave_open_failures(project, *(f"test_any.py::{name}" for name in names))
    done = traced_by_hand(project, "-W", "error")
    assert done.returncode == 0, done.stdout
    assert [line["node_id"].partition("::")[2] for line in journalled(project)] == names
    assert "fault" not in done.stdout


def test_without_a_server_that_answers_what_is_there_is_taken(shop: Project) -> None:
    note = shop.folder / ".debugloop" / OPEN_FAILURES_FILE
    shop.debugloop("status")
    run(shop, "--no-debugloop-load", "-k", "other")
    for text in ("{", "[]", '{"projects": {}}', '{"projects": 5}', '{"projects": {"x": [5]}}', "\x00" * 99):
        note.write_text(text)
        note.chmod(0o600)
        found = run(shop, "--no-debugloop-load", "-k", "other")
        assert found.ret == 0
        assert not [line for line in found.paragraph if "fault" in line]
