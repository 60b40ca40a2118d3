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
from pytest_debugloop.queries.rerunning import FailureToRerun, RecordedStep
from pytest_debugloop.rerunning.environment import rerun_environment
from pytest_debugloop.rerunning.live import stop_of
from pytest_debugloop.rerunning.plan import Before, Plan, plan_rerun
from pytest_debugloop.rerunning.planned import Planned
from pytest_debugloop.rerunning.plugins import Plugins

NOW = datetime(2026, 1, 2, tzinfo=timezone.utc)


def failure(rootdir: Path, **more: Any) -> FailureToRerun:
    known = FailureToRerun(
        id=uuid.UUID(int=1),
        run_id=uuid.UUID(int=2),
        correlation_id=uuid.UUID(int=3),
        project="p",
        task_id=uuid.UUID(int=4),
        node_id="test_b.py::test_target",
        operation_name="test_b.py::test_target",
        task=None,
        agent_name="pytest",
        main_agent="pytest",
        error_type="validation_error",
        error_category="agent",
        error_severity="high",
        snapshot_id=None,
        recovery_strategy=None,
        resolved_at=None,
        subtest=None,
        is_incident=False,
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
    return plan_rerun(failure(rootdir, **more), steps, rootdir, {"PATH": "/bin"}, own_variables=["SHOP*"])


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
    assert found.notes == ("it was attempt 2 of the test in its process; here it runs once",)


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
    assert "tests of the other workers are left out" in single.notes[-1]


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
        "the code has changed: 3 files differ: test_a.py; test_b.py; test_c.py",
        f"it ran on Python 2.7.18, this is {platform.python_version()}",
        "the record does not have the value of SHOP_KEY: the current value is used",
        "the record does not have the value of LONG: the current value is used",
        "the hash seed was random",
        "pytest-randomly seeded the random number generators, but is not installed here",
        "the record does not have the value of --api-token, which is left out",
        "options that were given in a file",
        "1 of the 2 files that were collected no longer exist",
    ):
        assert words in told


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"operation_name": ""}, "the failure does not belong to a test"),
        ({"operation_name": "", "error_type": "internal_error"}, "the failure does not belong to a test"),
        ({"operation_name": "test_x.py::test_target"}, "there is no test_x.py in "),
    ],
)
def test_what_cannot_be_run_is_refused_in_a_sentence(rootdir: Path, more: dict[str, Any], reason: str) -> None:
    with pytest.raises(RerunImpossibleError, match=f"The test cannot be rerun: {reason}"):
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
    assert found.notes == ["PYTHONPATH named directories that do not exist here: the current value is used"]


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


def test_source_in_another_encoding_is_read_in_that_one(rootdir: Path) -> None:
    frame = {"file": "test_b.py", "function": "f", "line": 2, "source": "shop('fünf')"}
    (rootdir / "test_b.py").write_bytes("# coding: latin-1\nshop('fünf')\n".encode("latin-1"))
    assert stop_of(failure(rootdir, chain=[{"frames": [frame]}]), plan(rootdir), force=False).function == "f"


def test_what_is_no_file_of_source_is_never_read(rootdir: Path) -> None:
    for file in ("/dev/zero", ".", "no\0thing"):
        frame = {"file": file, "function": "f", "line": 1, "source": "x"}
        with pytest.raises(CodeChangedError):
            stop_of(failure(rootdir, chain=[{"frames": [frame]}]), plan(rootdir), force=False)


def test_a_debugger_does_not_stop_in_a_frame_that_pytest_hides(rootdir: Path) -> None:
    hidden = {"file": "/lib/_pytest/outcomes.py", "function": "_Fail.__call__", "line": 1, "is_hidden": True}
    recorded = failure(rootdir, chain=[{"frames": [FRAME, hidden]}])
    assert stop_of(recorded, plan(rootdir), force=False).function == "test_target"


def test_a_crash_has_no_frame_to_stop_at(rootdir: Path) -> None:
    with pytest.raises(RerunImpossibleError, match="no frame to stop at"):
        stop_of(failure(rootdir, error_type="worker_crash"), plan(rootdir), force=True)


HOSTILE_WORDS = (
    ("-c", "/tmp/evil.ini"),
    ("--config-file=../evil.ini",),
    ("-o", "addopts=-c /tmp/evil.ini"),
    ("-opythonpath=/tmp/evil",),
    ("--override-ini=pythonpath=src ../../evil",),
    ("-o", "log_file=/home/me/.bashrc"),
    ("-p", "a/../b"),
    ("--confcutdir=/",),
    ("--db=postgres://production/shop",),
    ("--report-to", "~/.ssh/authorized_keys"),
    ("--html-dir=docs,/etc",),
)


@pytest.mark.parametrize("words", HOSTILE_WORDS)
def test_an_option_that_leads_out_of_the_checkout_is_left_out_and_said_unless_the_record_is_trusted(
    rootdir: Path, words: tuple[str, ...]
) -> None:
    given = {"command_line": ["-v", *words, "--env=staging"]}
    found = plan(rootdir, **given)
    assert [word for word in found.arguments if word not in ("-p", "pytest_debugloop.plugin")][:2] == [
        "-v",
        "--env=staging",
    ]
    assert found.notes[-1].startswith("left out because it points outside the checkout (--trust allows it): -")
    trusted = plan_rerun(failure(rootdir, **given), (), rootdir, {}, is_trusted=True)
    assert trusted.arguments[1 : 1 + len(words)] == words


@pytest.mark.parametrize(
    "words",
    [
        ("-p", "tests.plugin"),
        ("-c", "tests/pytest.ini"),
        ("-o", "python_files=test_*.py"),
        ("-W", "error::tests.Strange"),
        ("--confcutdir=.",),
        ("--log-format=%(message)s [%(name)s]",),
        ("-opythonpath=src tests/../lib",),
    ],
)
def test_an_option_that_stays_in_the_checkout_is_taken(rootdir: Path, words: tuple[str, ...]) -> None:
    found = plan(rootdir, command_line=[*words])
    assert found.arguments[: len(words)] == words
    assert found.notes == ()


def test_variables_that_the_code_here_names_are_taken(rootdir: Path) -> None:
    (rootdir / "shop.py").write_text("import os\nos.environ['MOON']\nos.getenv(\"DATABASE\")\n", encoding="utf-8")
    (rootdir / "venv").mkdir()
    (rootdir / "venv" / "pyvenv.cfg").touch()
    (rootdir / "venv" / "x.py").write_text("'PAGER'\n", encoding="utf-8")
    recorded = {"MOON": "full", "DATABASE": "postgres://there", "PAGER": "evil", "OON": "1", "PYTHONHASHSEED": "0"}
    found = plan(rootdir, environment=recorded)
    assert {k: v for k, v in found.environment.items() if k != AUTOLOAD} == {"MOON": "full", "PYTHONHASHSEED": "0"}
    assert "DATABASE=postgres://there; PAGER=evil; OON=1" in found.notes[-1]


def test_the_debugger_is_the_users_and_nothing_is_sent_away(rootdir: Path) -> None:
    found = plan(rootdir, command_line=["--pdbcls=evil:Pdb", "--pastebin=all", "-v"])
    assert found.arguments[0] == "-v"
    assert found.notes == ()


def test_variables_that_nobody_here_records_or_that_lead_out_stay_as_they_are_now(rootdir: Path) -> None:
    recorded = {
        "LD_PRELOAD": "/tmp/evil.so",
        "PATH": None,
        "PYTHONPATH": f"src:{rootdir.parent}",
        "PYTEST_ADDOPTS": "-q -c /tmp/evil.ini --pastebin=all",
        "PYTHON=X": "1",
        "TZ": "UTC",
        "SHOP_URL": "https://shop.example",
        "SHOP_MOON": "full",
        "PYTHONHASHSEED": "0",
    }
    now = {"PATH": "/bin", "PYTHONPATH": "here", "SHOP_URL": "x"}
    given = failure(rootdir, environment=recorded)
    found = plan_rerun(given, (), rootdir, now, own_variables=["SHOP_*"])
    kept = {"TZ": "UTC", "SHOP_MOON": "full", "PYTHONHASHSEED": "0"}
    assert {k: v for k, v in found.environment.items() if k not in ("PYTEST_ADDOPTS", AUTOLOAD)} == kept
    assert "evil" not in str(found.environment)
    (note,) = [note for note in found.notes if "--trust" in note]
    assert "LD_PRELOAD=/tmp/evil.so; PATH unset; PYTHONPATH=src:" in note
    trusted = plan_rerun(given, (), rootdir, now, is_trusted=True)
    assert trusted.environment["LD_PRELOAD"] == "/tmp/evil.so"


AUTOLOAD = "PYTEST_DISABLE_PLUGIN_AUTOLOAD"


@pytest.mark.parametrize("file", ["../outside/test_x.py", "{outside}/test_x.py"])
def test_a_file_outside_of_the_checkout_is_neither_collected_nor_run(tmp_path: Path, file: str) -> None:
    rootdir, outside = tmp_path / "checkout", tmp_path / "outside"
    for folder, name in ((rootdir, "test_b.py"), (outside, "test_x.py")):
        folder.mkdir()
        (folder / name).write_text("def test_target(): pass\n", encoding="utf-8")
    file = file.format(outside=outside)
    assert plan(rootdir, collect(file)).files == ("test_b.py",)
    with pytest.raises(RerunImpossibleError, match="is outside "):
        plan(rootdir, operation_name=f"{file}::test_target")
    # nor is the rootdir that the record names one, where it is no part of this checkout
    with pytest.raises(RerunImpossibleError, match="run the command there"):
        plan_rerun(failure(outside, operation_name="test_x.py::test_target"), (), rootdir)
    assert (
        plan_rerun(failure(outside, operation_name="test_x.py::test_target"), (), rootdir, is_trusted=True).rootdir
        == outside
    )


def test_the_rootdir_of_the_run_is_taken_in_the_same_repository(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    (tmp_path / "b" / "test_x.py").touch()
    found = plan_rerun(failure(tmp_path / "b", operation_name="test_x.py::test_target"), (), tmp_path / "a")
    assert found.rootdir == tmp_path / "b"


def test_a_record_starts_no_more_workers_than_it_is_trusted_with(rootdir: Path) -> None:
    pytest.importorskip("xdist")
    steps = [setup(f"test_a.py::test_{n}", f"pytest:gw{n}") for n in range(65)]
    with pytest.raises(RerunImpossibleError, match="65 workers"):
        plan(rootdir, *steps, agent_name="pytest:gw0")
    trusted = plan_rerun(failure(rootdir, agent_name="pytest:gw0"), steps, rootdir, is_trusted=True)
    assert trusted.workers == 65


def test_a_folder_with_brackets_in_its_name_is_no_parameter(tmp_path: Path) -> None:
    (tmp_path / "a[1]").mkdir()
    (tmp_path / "a[1]" / "test_b.py").touch()
    found = plan(tmp_path, operation_name="a[1]/test_b.py::test_target[x::y]")
    assert (found.target_file, found.files) == ("a[1]/test_b.py", ("a[1]/test_b.py",))
