"""What a rerun is planned to be, from what the record has."""

from __future__ import annotations

import platform
import sys
import uuid
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from pytest_debugloop.errors import CodeChangedError, RerunImpossibleError
from pytest_debugloop.rerunning.environment import rerun_environment
from pytest_debugloop.rerunning.live import stop_of
from pytest_debugloop.rerunning.plan import Before, Plan, plan_rerun
from pytest_debugloop.rerunning.plugins import Plugins
from pytest_debugloop.rerunning.recorded import Planned, RecordedFailure, RecordedStep

NOW = datetime(2026, 1, 2, tzinfo=timezone.utc)


def failure(rootdir: Path, **more: Any) -> RecordedFailure:
    known = RecordedFailure(
        id=uuid.UUID(int=1),
        run_id=uuid.UUID(int=2),
        correlation_id=uuid.UUID(int=3),
        project="p",
        task_id=uuid.UUID(int=4),
        test="test_b.py::test_target",
        task=None,
        agent_name="pytest",
        main_agent="pytest",
        error_type="validation_error",
        error_code="AssertionError",
        error_message="no",
        fingerprint="1:abc",
        phase="call",
        attempt=1,
        exception="AssertionError",
        places=[["test_b.py", 2, "frame"], ["test_b.py", 1, "test"]],
        occurred_at=NOW + timedelta(seconds=10),
        started_at=NOW,
        rootdir=str(rootdir),
        command_line=["--debugloop"],
        python_version=platform.python_version(),
        platform=f"{sys.platform} {platform.machine()}",
        plugins={},
        git_commit=None,
        files=None,
        distributions=None,
        environment={"PYTHONHASHSEED": "0"},
        random_seeds={},
        chain=None,
    )
    return replace(known, **more)


def setup(test: str, agent: str = "pytest", task: str | None = None) -> RecordedStep:
    return RecordedStep("setup", agent, test, task)


def collect(file: str, agent: str = "pytest") -> RecordedStep:
    return RecordedStep("collect", agent, file, None)


@pytest.fixture
def rootdir(tmp_path: Path) -> Path:
    """A checkout with three files of tests."""
    for name in ("test_a.py", "test_b.py", "test_c.py"):
        (tmp_path / name).write_text("def test_target():\n    assert False\n", encoding="utf-8")
    return tmp_path


def plan(rootdir: Path, *steps: RecordedStep, **more: Any) -> Plan:
    return plan_rerun(failure(rootdir, **more), steps, rootdir, {"PATH": "/bin"})


def test_the_plan_has_what_began_before_in_order_and_the_files_as_they_were_collected(rootdir: Path) -> None:
    found = plan(
        rootdir,
        collect("test_c.py"),
        collect("test_a.py"),
        collect("test_b.py"),
        setup("test_b.py::test_1"),
        setup("test_a.py::test_2"),
        setup("test_b.py::test_target"),
    )
    assert [one.test.name for one in found.before] == ["test_b.py::test_1", "test_a.py::test_2"]
    assert found.files == ("test_c.py", "test_a.py", "test_b.py")
    assert found.order() == {"": [*(one.test for one in found.before), Planned("test_b.py::test_target")]}
    assert found.notes == ()


def test_attempts_that_were_repeated_count_once_and_those_of_the_test_itself_are_said(rootdir: Path) -> None:
    again, target = setup("test_a.py::test_1"), setup("test_b.py::test_target")
    found = plan(rootdir, again, again, target, again, target)
    assert [one.test.name for one in found.before] == ["test_a.py::test_1"]
    assert found.notes == ("it was attempt 2 of the test in its process: it is tried once here",)


def test_workers_keep_their_own_tests(rootdir: Path) -> None:
    pytest.importorskip("xdist")
    steps = [
        collect("test_a.py", "me:gw0"),
        collect("test_b.py", "me:gw1"),
        setup("test_a.py::test_1", "me:gw0"),
        setup("test_b.py::test_2", "me:gw1"),
        setup("test_b.py::test_target", "me:gw1"),
        setup("test_a.py::test_3", "me:gw0"),
    ]
    more = {"agent_name": "me:gw1", "main_agent": "me", "command_line": ["-n2", "--dist", "loadgroup"]}
    found = plan(rootdir, *steps, **more)
    assert (found.worker, found.workers, found.dist) == ("gw1", 2, "loadgroup")
    assert found.order() == {
        "gw0": [Planned("test_a.py::test_1"), Planned("test_a.py::test_3")],
        "gw1": [Planned("test_b.py::test_2"), Planned("test_b.py::test_target")],
    }
    single = found.in_one_process()
    assert (single.worker, single.workers, single.dist) == ("", 0, "no")
    assert single.before == (Before("", Planned("test_b.py::test_2")),)
    assert "what ran in the others is left out" in single.notes[-1]


def test_alone_is_without_other_tests_and_without_other_files(rootdir: Path) -> None:
    found = plan(rootdir, collect("test_a.py"), collect("test_b.py"), setup("test_a.py::test_1")).alone()
    assert (found.before, found.files) == ((), ("test_b.py",))


def test_what_is_gone_or_other_is_said(rootdir: Path) -> None:
    found = plan(
        rootdir,
        collect("test_gone.py"),
        python_version="2.7.18",
        files={"test_a.py": "0" * 40},
        environment={"SHOP_KEY": "[redacted: key]", "LONG": "x" * 500},
        random_seeds={"randomly_seed": "3"},
        command_line=["--api-token=[redacted: key]", "@more"],
    )
    assert found.files == ("test_b.py",)
    told = "\n".join(found.notes)
    for words in (
        "the code is not as it was: 3 files differ: test_a.py; test_b.py; test_c.py",
        f"it ran on Python 2.7.18, this is {platform.python_version()}",
        "the record does not hold the value of SHOP_KEY: it is as it is now",
        "the record does not hold the value of LONG: it is as it is now",
        "the hash seed was random",
        "pytest-randomly seeded the generators of random numbers, and is not installed here",
        "the record does not hold the value of --api-token: it is left out",
        "options that were given in a file",
        "1 of the 2 files that were collected are not there any more",
    ):
        assert words in told


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"test": ""}, "the failure is of no test"),
        ({"test": "", "error_type": "internal_error"}, "the failure is of no test"),
        ({"test": "test_x.py::test_target"}, "there is no test_x.py in "),
    ],
)
def test_what_cannot_be_run_is_refused_in_a_sentence(rootdir: Path, more: dict[str, Any], reason: str) -> None:
    with pytest.raises(RerunImpossibleError, match=f"It cannot be run again: {reason}"):
        plan(rootdir, **more)


def test_recorded_variables_are_set_or_taken_out_and_those_of_the_machine_are_left() -> None:
    recorded = {
        "SHOP": "moon",
        "SHOP_OFF": None,
        "VIRTUAL_ENV": "/ci/venv",
        "COVERAGE_FILE": "x",
        "PYTHONPATH": "/nowhere/at/all",
        "PYTHONHASHSEED": "3",
    }
    current = {
        "SHOP_OFF": "1",
        "TZ": "UTC",
        "VIRTUAL_ENV": "/my/venv",
        "COVERAGE_FILE": "y",
        "DEBUGLOOP_DSN": "d",
        "DEBUGLOOP_REDACT_NAMES": "pin",
        "PYTEST_XDIST_WORKER": "gw3",
        "UNKNOWN": "1",
        "PYTHONHASHSEED": "3",
    }
    found = rerun_environment(recorded, False, current)
    assert found.changes == {
        "SHOP": "moon",
        "SHOP_OFF": None,
        "TZ": None,
        "COVERAGE_FILE": None,
        "DEBUGLOOP_DSN": None,
        "PYTEST_XDIST_WORKER": None,
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    assert found.notes == ["PYTHONPATH named folders that are not here: it is as it is now"]


@pytest.mark.parametrize(
    ("recorded", "distributions", "is_autoload"),
    [
        (None, None, None),
        ({}, {"pytest-debugloop": "1"}, False),
        ({"pytest-xdist": "3"}, {"pytest-debugloop": "1", "pytest-xdist": "3"}, False),
        ({"pytest_debugloop": "1"}, {"pytest-debugloop": "1"}, True),
    ],
)
def test_whether_plugins_were_loaded_by_themselves_is_told_by_our_own(
    recorded: dict[str, str] | None, distributions: dict[str, str] | None, is_autoload: bool | None
) -> None:
    assert Plugins(recorded, distributions, ()).is_autoload is is_autoload


def test_a_plugin_that_the_command_line_names_is_loaded_also_without_autoload() -> None:
    assert Plugins({}, {}, ["-p", "some.plugin"]).loads("some.plugin")
    assert Plugins({}, {}, ["-psome.plugin"]).loads("some.plugin")
    assert not Plugins({}, {}, ["-p", "no:some.plugin"]).loads("some.plugin")


FRAME = {
    "file": "test_b.py",
    "function": "test_target",
    "line": 2,
    "source": "assert False",
    "context": {"first": 1, "lines": ["def test_target():", "    assert False"]},
}


@pytest.mark.parametrize(
    "text",
    [
        "def test_target():\n    assert False\n",
        "import os\n\n\ndef test_target():\n    assert False\n",  # it only moved
    ],
)
def test_a_debugger_stops_at_the_innermost_recorded_frame_of_the_project(rootdir: Path, text: str) -> None:
    (rootdir / "test_b.py").write_text(text, encoding="utf-8")
    inner = {"file": "/usr/lib/python3/site-packages/x.py", "function": "f", "line": 1, "is_folded": True}
    recorded = failure(rootdir, chain=[{"frames": [FRAME, inner]}])
    stop = stop_of(recorded, plan(rootdir), force=False)
    assert (stop.file, stop.function, stop.fingerprint) == ("test_b.py", "test_target", "1:abc")


@pytest.mark.parametrize("text", ["def test_target():\n    assert True\n", ""])
def test_other_code_is_refused_unless_that_is_forced(rootdir: Path, text: str) -> None:
    recorded = failure(rootdir, chain=[{"frames": [FRAME]}])
    (rootdir / "test_b.py").write_text(text, encoding="utf-8")
    with pytest.raises(CodeChangedError, match=r"test_target in test_b\.py"):
        stop_of(recorded, plan(rootdir), force=False)
    assert stop_of(recorded, plan(rootdir), force=True).is_forced


def test_a_line_whose_secret_was_taken_out_is_held_against_what_is_left_of_it(rootdir: Path) -> None:
    frame = {"file": "test_b.py", "function": "f", "line": 1, "source": "connect('[redacted: key]')"}
    recorded = failure(rootdir, chain=[{"frames": [frame]}])
    (rootdir / "test_b.py").write_text("connect('hush')\n", encoding="utf-8")
    assert stop_of(recorded, plan(rootdir), force=False).function == "f"
    (rootdir / "test_b.py").write_text("listen('hush')\n", encoding="utf-8")
    with pytest.raises(CodeChangedError):
        stop_of(recorded, plan(rootdir), force=False)


def test_a_crash_has_no_frame_to_stop_at(rootdir: Path) -> None:
    with pytest.raises(RerunImpossibleError, match="no frame to stop at"):
        stop_of(failure(rootdir, error_type="worker_crash"), plan(rootdir), force=True)
