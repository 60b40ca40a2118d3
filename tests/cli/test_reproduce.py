"""`debugloop reproduce` on failures of suites that were really run: the same way, another way, or not any more."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import sql

from tests.cli.rerun_suites import POLLUTED, Recorded, polluted, polluted_record, suite
from tests.support.environment import as_from_a_shell, clean_environment
from tests.support.waiting import has_ended, wait_until

if TYPE_CHECKING:
    from tests.cli.rerun_suites import Suite


__all__ = ["polluted", "polluted_record", "suite"]


def endings(found: dict[str, Any]) -> list[str]:
    return [outcome["ending"] for outcome in found["outcomes"]]


def test_a_failure_that_depends_on_what_ran_before_fails_the_same_way_and_not_alone(polluted: Recorded) -> None:
    found = polluted.reproduce("test_target")
    assert endings(found) == ["same"]
    assert (found["before"], found["workers"], found["reproduced"]) == (4, 0, True)
    assert found["outcomes"][0]["fingerprint"] == found["fingerprint"]
    alone = polluted.reproduce("test_target", "--alone")
    assert (endings(alone), alone["reproduced"]) == (["passed"], False)


def test_a_failure_that_needs_nothing_before_it_is_reproduced_alone(suite: Suite) -> None:
    recorded = suite({"test_a.py": "def test_one(): pass\ndef test_target(): assert False"})
    recorded.fails()
    found = recorded.reproduce("test_target")
    assert (endings(found), found["failed_alone"], found["before"]) == (["same"], True, 0)
    told = recorded.debugloop("reproduce", "test_target").stdout
    assert "failed the same way alone: no earlier test is needed (" in told
    as_it_ran = recorded.reproduce("test_target", "--times", "1")
    assert (endings(as_it_ran), as_it_ran["failed_alone"], as_it_ran["before"]) == (["same"], False, 1)


def test_nothing_of_reruns_is_added_to_the_record_nor_left_in_the_project(suite: Suite, tmp_path: Path) -> None:
    recorded = suite(POLLUTED, ini="addopts = --junit-xml=out.xml\n")
    recorded.fails()
    (recorded.folder / "out.xml").unlink()
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    count = "SELECT count(*), (SELECT count(*) FROM debug_workflow_steps) FROM debug_runs"
    before = recorded.query(count), sorted(recorded.folder.rglob("*"))
    recorded.reproduce("test_target", TMPDIR=str(temporary), PYTHONDONTWRITEBYTECODE="1")
    assert (recorded.query(count), sorted(recorded.folder.rglob("*"))) == before
    assert list(temporary.iterdir()) == []


def test_what_would_choose_repeat_or_stop_tests_does_not(suite: Suite) -> None:
    recorded = suite(POLLUTED, ini="addopts = -x --reruns 1 -p no:cacheprovider\n")
    recorded.fails("test_a.py", "test_b.py", "--maxfail=3", "-k", "not nothing")
    recorded.edit({"pytest.ini": "[pytest]\naddopts = -x --reruns 1 -k nothing --deselect test_b.py::test_target\n"})
    assert endings(recorded.reproduce("test_target")) == ["same"]


def test_options_of_the_project_stay_and_those_of_nobody_are_left_out(suite: Suite) -> None:
    options = """
        def pytest_addoption(parser):
            parser.addoption("--place")
            parser.addoption("--gone")
    """
    test = """
        def test_target(request):
            assert request.config.getoption("--place") != "moon"
    """
    recorded = suite({"tests/conftest.py": options, "tests/test_b.py": test})
    recorded.fails("--place", "moon", "--gone=1", "tests")
    recorded.edit({"tests/conftest.py": options.replace('parser.addoption("--gone")', "")})
    found = recorded.reproduce("test_target")
    assert endings(found) == ["same"]
    assert found["outcomes"][0]["notes"] == ["--gone=1 is not an option here and was left out"]


def test_a_pure_flake_is_measured_with_an_interval(suite: Suite, tmp_path: Path) -> None:
    counter = tmp_path / "counter"
    test = f"""
        from pathlib import Path
        def test_target():
            counter = Path({str(counter)!r})
            n = len(counter.read_text()) if counter.exists() else 0
            counter.write_text("x" * (n + 1))
            assert n % 3
    """
    recorded = suite({"test_b.py": test})
    recorded.fails()
    found = recorded.reproduce("test_target", "--times", "6")
    assert endings(found) == ["passed", "passed", "same"] * 2
    assert found["rate"] == {
        "count": 2,
        "runs": 6,
        "rate": pytest.approx(1 / 3),
        "low": pytest.approx(0.0968, abs=1e-4),
        "high": pytest.approx(0.7000, abs=1e-4),
    }
    done = recorded.debugloop("reproduce", "test_target", "--times", "3")
    assert "failed the same way 1 of 3 times: 33%" in done.stdout
    assert "2 times: passed" in done.stdout
    counter.write_text("")
    assert recorded.reproduce("test_target", "--bisect")["bisect"]["verdict"] == "flaky"


def test_each_worker_runs_what_it_ran(suite: Suite, tmp_path: Path) -> None:
    meeting = tmp_path / "meeting"
    test = f"""
        import os, pathlib, time
        import pytest
        ran = []
        meeting = pathlib.Path({str(meeting)!r})
        @pytest.mark.parametrize("n", range(8))
        def test_step(n):
            ran.append(n)
            if n < 2:  # both workers have begun before either goes on
                (meeting / str(n)).touch()
                deadline = time.monotonic() + 60
                while len(list(meeting.iterdir())) < 2 and time.monotonic() < deadline:
                    time.sleep(0.01)
        @pytest.mark.xdist_group("last")
        def test_target(worker_id):
            worker = f"{{worker_id}} of {{os.environ['PYTEST_XDIST_WORKER_COUNT']}}: {{[chr(65 + n) for n in ran]}}"
            assert not worker, worker
    """
    recorded = suite({"test_b.py": test})
    meeting.mkdir()
    recorded.fails("-p", "xdist", "-n", "2", "--dist", "loadgroup")
    message = recorded.query("SELECT error_message FROM debug_error_events")[0][0].partition("\n")[0]
    for place in meeting.iterdir():
        place.unlink()
    found = recorded.reproduce("test_target")
    assert (endings(found), found["workers"]) == (["same"], 2)
    assert found["outcomes"][0]["message"].partition("\n")[0] == message
    assert message.startswith(found["worker"])


def test_the_crash_of_a_worker_is_the_same_crash(suite: Suite) -> None:
    recorded = suite({"test_b.py": "import os\ndef test_first(): pass\ndef test_target(): os._exit(3)\n"})
    recorded.fails("-p", "xdist", "-n", "1")
    assert endings(recorded.reproduce("test_target")) == ["same"]


def test_the_end_of_the_whole_process_is_a_crash(suite: Suite) -> None:
    recorded = suite({"test_b.py": "def test_target(): assert 0\n"})
    recorded.fails()
    recorded.edit({"test_b.py": "import os\ndef test_target(): os._exit(3)\n"})
    assert endings(recorded.reproduce("test_target")) == ["crashed"]


@pytest.mark.parametrize(
    ("dies", "what"),
    [("def test_target(): os._exit(3)", "test_target"), ("os._exit(3)", "test_b.py")],
    ids=["in a test", "while a file was imported"],
)
def test_a_run_that_died_dies_in_the_same_again(suite: Suite, dies: str, what: str) -> None:
    recorded = suite({"test_b.py": f"import os\ndef test_first(): pass\n{dies}\n"})
    assert recorded.record().returncode == 3

    def crashes() -> list[dict[str, Any]]:
        shown = recorded.debugloop("show", "--json")
        return json.loads(shown.stdout)["failures"] if shown.returncode == 0 else []

    wait_until(lambda: crashes() != [])
    (crash,) = (found["failure"] for found in crashes())
    assert crash["node_id"].endswith(what)
    error = crash["id"]
    assert endings(recorded.reproduce(error)) == ["same"]
    recorded.edit({"test_b.py": "def test_first(): pass\ndef test_target(): pass\n"})
    assert endings(recorded.reproduce(error)) == ["passed"]


def test_the_random_seed_and_order_are_those_of_the_run(suite: Suite) -> None:
    test = """
        import random, string
        import pytest
        ran = []
        @pytest.mark.parametrize("n", range(6))
        def test_step(n):
            ran.append("abcdef"[n])
        def test_target():
            told = "".join(ran) + "".join(random.choices(string.ascii_letters, k=20))
            assert not told, told
    """
    recorded = suite({"test_b.py": test})
    recorded.fails("-p", "pytest_randomly")
    message = recorded.query("SELECT error_message FROM debug_error_events")[0][0].partition("\n")[0]
    found = recorded.reproduce("test_target")
    assert endings(found) == ["same"]
    assert found["outcomes"][0]["message"].partition("\n")[0] == message
    assert any(word.startswith("--randomly-seed=") for word in found["arguments"])


def test_recorded_variables_are_set_and_those_that_were_not_are_taken_out(suite: Suite) -> None:
    test = """
        import os
        def test_target():
            place, tz = os.environ.get("SHOP_PLACE"), os.environ.get("TZ")
            extra = os.environ.get("SHOP_EXTRA")
            assert (place, tz, extra) != ("moon", None, None)
    """
    recorded = suite({"test_b.py": test})
    recorded.fails(SHOP_PLACE="moon")
    found = recorded.reproduce("test_target", SHOP_PLACE="earth", SHOP_EXTRA="1", TZ="UTC")
    assert endings(found) == ["same"]
    changes = {name: found["environment"].get(name, "") for name in ("SHOP_PLACE", "SHOP_EXTRA", "TZ")}
    assert changes == {"SHOP_PLACE": "moon", "SHOP_EXTRA": None, "TZ": None}


def test_a_value_that_was_redacted_is_left_alone_and_said(suite: Suite) -> None:
    test = """
        import os
        def test_target():
            assert os.environ.get("SHOP_PASSWORD") != "hush-hush-hush"
    """
    recorded = suite({"test_b.py": test})
    recorded.fails(SHOP_PASSWORD="hush-hush-hush")
    found = recorded.reproduce("test_target", SHOP_PASSWORD="hush-hush-hush")
    assert endings(found) == ["same"]
    assert "the record does not have the value of SHOP_PASSWORD: the current value is used" in found["notes"]


def test_the_hash_seed_is_that_of_the_run(suite: Suite) -> None:
    test = """
        def test_target():
            order = "".join(set("abcdefghijklmnop"))
            assert not order, order
    """
    recorded = suite({"test_b.py": test})
    recorded.fails(PYTHONHASHSEED="7")
    found = recorded.reproduce("test_target", PYTHONHASHSEED="8")
    assert endings(found) == ["same"]
    assert found["environment"]["PYTHONHASHSEED"] == "7"
    assert not any("hash seed" in note for note in found["notes"])


def test_a_hash_seed_that_nobody_knows_is_said(polluted: Recorded) -> None:
    assert any("the hash seed was random" in note for note in polluted.reproduce("test_target")["notes"])


def test_a_test_that_is_gone_is_said(suite: Suite) -> None:
    recorded = suite(POLLUTED)
    recorded.fails()
    recorded.edit({"test_b.py": POLLUTED["test_b.py"].replace("test_target", "test_renamed")})
    found = recorded.reproduce("test_target")
    assert endings(found) == ["not_found"]
    done = recorded.debugloop("reproduce", "test_target")
    assert done.stdout.splitlines()[-1].startswith("no longer exists")
    (recorded.folder / "test_b.py").unlink()
    done = recorded.debugloop("reproduce", "test_target")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"Error: The test cannot be rerun: there is no test_b.py in {recorded.folder}.\n"


def test_preceding_tests_that_are_gone_are_named(polluted: Recorded) -> None:
    polluted.edit({"test_a.py": POLLUTED["test_a.py"].replace("test_pollutes", "test_renamed")})
    found = polluted.reproduce("test_target")
    assert endings(found) == ["passed"]
    assert found["outcomes"][0]["missing"] == ["test_a.py::test_pollutes"]
    assert "the code has changed: 1 file differs: test_a.py" in found["notes"]


def test_another_failure_is_told_from_the_recorded_one(polluted: Recorded) -> None:
    polluted.edit({"shared.py": "state = []\ndef check():\n    raise KeyError('other \\x1b[31m')\n"})
    found = polluted.reproduce("test_target")
    assert endings(found) == ["other"]
    assert found["outcomes"][0]["error"] == "KeyError"
    done = polluted.debugloop("reproduce", "test_target")
    assert done.returncode == 1
    assert "failed in another way: KeyError: " in done.stdout
    assert "\x1b" not in done.stdout


def test_repeated_attempts_of_what_ran_before_count_once(suite: Suite) -> None:
    test = """
        count = []
        def test_flaky():
            count.append(1)
            assert len(count) > 1
        def test_target():
            is_dirty = bool(count)
            assert not is_dirty
    """
    recorded = suite({"test_b.py": test})
    recorded.fails("--reruns", "2")
    found = recorded.reproduce("test_target")
    assert (endings(found), found["before"]) == (["same"], 1)


def test_tests_whose_names_are_never_the_same_are_found_by_what_is(suite: Suite) -> None:
    test = """
        import os
        import pytest
        seen = []
        address = hex(0x7f0000000000 + int.from_bytes(os.urandom(4), "big"))
        @pytest.mark.parametrize("at", [address])
        def test_pollutes(at):
            seen.append(1)
        @pytest.mark.parametrize("at", [address])
        def test_target(at):
            assert not seen
    """
    recorded = suite({"test_b.py": test})
    recorded.fails()
    found = recorded.reproduce("test_target")
    assert (endings(found), found["outcomes"][0]["missing"]) == (["same"], [])


def test_tests_of_secret_and_of_long_names_are_found(suite: Suite) -> None:
    test = """
        import pytest
        seen = []
        @pytest.mark.parametrize("password", ["hush-hush-1", "hush-hush-2"])
        def test_pollutes(password):
            seen.append(password)
        @pytest.mark.parametrize("text", ["x", "y"], ids=["x" * 400, "x" * 401])
        def test_target(text):
            are_many = len(seen) > 1
            assert not are_many
    """
    recorded = suite({"test_b.py": test})
    recorded.fails()
    found = recorded.reproduce(f"test_target[{'x' * 401}]")
    assert (endings(found), found["before"], found["outcomes"][0]["missing"]) == (["same"], 3, [])


def test_a_file_that_cannot_be_collected_fails_again(suite: Suite) -> None:
    recorded = suite({"test_a.py": "def test_a(): pass\n", "test_b.py": "raise RuntimeError('no')\n"})
    done = recorded.record()
    assert done.returncode == 2
    error = str(recorded.query("SELECT id FROM debug_error_events")[0][0])
    assert endings(recorded.reproduce(error)) == ["same"]


def test_a_rerun_that_takes_too_long_is_stopped_with_all_that_it_started(suite: Suite, tmp_path: Path) -> None:
    recorded = suite({"test_b.py": "def test_target(): assert 0\n"})
    recorded.fails()
    pid = tmp_path / "pid"
    recorded.edit({"test_b.py": _SLEEPER.format(pid=str(pid))})
    found = recorded.reproduce("test_target", "--timeout", "5")
    assert endings(found) == ["timed_out"]
    wait_until(lambda: has_ended(int(pid.read_text())))


@pytest.mark.parametrize(
    ("number", "status", "said"),
    [
        (signal.SIGINT, 130, "Interrupted."),
        (signal.SIGTERM, 143, ""),
        pytest.param(signal.SIGHUP, 129, "", marks=pytest.mark.thorough),
    ],
)
def test_ctrl_c_and_what_else_ends_it_stop_all_that_it_started_and_leave_no_folder(
    suite: Suite, tmp_path: Path, number: signal.Signals, status: int, said: str
) -> None:
    recorded = suite({"test_b.py": "def test_target(): assert 0\n"})
    recorded.fails()
    pid = tmp_path / "pid"
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    recorded.edit({"test_b.py": _SLEEPER.format(pid=str(pid))})
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest_debugloop", "reproduce", "test_target"],
        cwd=recorded.folder,
        env=clean_environment(**recorded.variables, TMPDIR=str(temporary)),
        preexec_fn=as_from_a_shell,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until(lambda: pid.exists() and pid.read_text())
    process.send_signal(number)
    _, stderr = process.communicate(timeout=60)
    assert (process.returncode, stderr.strip()) == (status, said)
    wait_until(lambda: has_ended(int(pid.read_text())))
    assert list(temporary.iterdir()) == []


_SLEEPER = """
import pathlib, subprocess, sys, time
def test_target():
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    pathlib.Path({pid!r}).write_text(str(child.pid))
    time.sleep(600)
"""


def test_a_checkout_elsewhere_is_taken_where_the_command_is_typed(suite: Suite, tmp_path: Path) -> None:
    recorded = suite(POLLUTED)
    recorded.fails("--debugloop-project", "here")
    other = tmp_path / "other"
    shutil.copytree(recorded.folder, other)
    shutil.rmtree(recorded.folder)
    moved = Recorded(other, recorded.conninfo, recorded.schema, {"DEBUGLOOP_PROJECT": "here"})
    found = moved.reproduce("test_target")
    assert (endings(found), found["rootdir"]) == (["same"], str(other))


@pytest.mark.parametrize(
    ("arguments", "status", "reason"),
    [
        (("test_clean",), 1, "test_clean has never failed"),
        (("nothing",), 1, "Nothing in the record matches nothing"),
        (("test_target", "--bisect", "--times", "3"), 2, "--bisect cannot be combined with --times or --alone"),
        (("test_target", "--max-runs", "3"), 2, "--max-runs requires --bisect"),
        (("test_target", "--times", "0"), 2, "Invalid value for '--times'"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    polluted: Recorded, arguments: tuple[str, ...], status: int, reason: str
) -> None:
    done = polluted.debugloop("reproduce", *arguments)
    assert (done.returncode, done.stdout) == (status, "")
    assert reason in done.stderr


def test_a_run_that_does_not_come_to_its_tests_says_why(polluted: Recorded) -> None:
    polluted.edit({"conftest.py": "import nothing_of_this_name\n"})
    done = polluted.debugloop("reproduce", "test_target")
    assert done.returncode == 1
    assert "nothing_of_this_name" in done.stderr


def test_who_can_write_to_the_record_runs_no_code_from_elsewhere(suite: Suite, tmp_path: Path) -> None:
    recorded = suite({**POLLUTED, "conftest.py": "def pytest_addoption(parser): parser.addoption('--out')\n"})
    recorded.fails()
    evil, mark = tmp_path / "evil", tmp_path / "mark"
    evil.mkdir()
    code = f"open({str(mark)!r}, 'a').write('x')\n"
    (evil / "sitecustomize.py").write_text(code, encoding="utf-8")
    (evil / "evil_plugin.py").write_text(code, encoding="utf-8")
    (evil / "evil.ini").write_text("[pytest]\naddopts = -p evil_plugin\n", encoding="utf-8")
    words = ["-c", f"{evil}/evil.ini", "-o", f"pythonpath={evil}", "-o", f"log_file={mark}", "--out", str(mark)]
    environment = {"PYTHONPATH": str(evil), "LD_PRELOAD": "no.so", "PYTEST_ADDOPTS": f"--log-file={mark} -c {evil}/x"}
    with psycopg.connect(recorded.conninfo) as connection:
        name = sql.Identifier(recorded.schema)
        connection.execute(sql.SQL("SET search_path TO {}").format(name))
        connection.execute(
            "UPDATE debug_runs SET command_line = command_line || %s::text[], environment = %s",
            (words, json.dumps(environment)),
        )
    found = recorded.reproduce("test_target")
    assert endings(found) == ["same"]
    assert not mark.exists()
    (note,) = [note for note in found["notes"] if "--trust" in note]
    assert all(words in note for words in ("evil.ini", "pythonpath=", "--out", "LD_PRELOAD=", "and 3 more"))
