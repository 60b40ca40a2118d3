"""A recorded failure again, live: it stops at the recorded frame in the user's debugger, or says why it does not."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.cli.rerun_suites import POLLUTED, polluted, polluted_record, suite

if TYPE_CHECKING:
    from tests.cli.rerun_suites import Recorded, Suite

__all__ = ["polluted", "polluted_record", "suite"]

OWN_DEBUGGER = """
    import pdb
    class Mine(pdb.Pdb):
        def __init__(self):
            super().__init__()
            self.prompt = "(mine) "
"""


def debug(
    recorded: Recorded, test: str, commands: str = "", *, pdbcls: str = "", force: bool = False
) -> subprocess.CompletedProcess[str]:
    options = [*(["--pdbcls", pdbcls] if pdbcls else []), *(["--force"] if force else [])]
    return recorded.debugloop("debug", test, "--live", *options, input=commands)


def test_it_stops_at_the_recorded_frame_after_what_ran_before_and_goes_up_and_down(polluted: Recorded) -> None:
    done = debug(polluted, "test_target", "p state\nup\np mine\ndown\np 'here', state\nq\n")
    assert done.returncode == 0, done
    stopped = done.stdout.partition("stopped at the recorded failure, live")[2]
    assert f"> {polluted.folder}/shared.py(3)check()" in stopped
    for line in ("(Pdb) ['dirt']", f"> {polluted.folder}/test_b.py(5)test_target()", "(Pdb) 42", "('here', ['dirt'])"):
        assert line in stopped
    assert "did not stop" not in done.stderr


def test_where_begins_at_the_test_and_recorded_values_stand_beside_the_live_ones(suite: Suite) -> None:
    test = """
        class Order:
            def __init__(self): self.lines = {f"line {n}": n * 1000 for n in range(20)}

        def helper(order): raise ValueError("bad order")

        def test_target():
            mine = 42
            helper(Order())
    """
    recorded = suite({"test_b.py": test})
    recorded.fails()
    done = debug(recorded, "test_target", "where\nup\nrecorded\nq\n")
    assert done.returncode == 0, done
    banner, _, session = done.stdout.partition("stopped at the recorded failure, live")[2].partition("(Pdb) ")
    assert "Values recorded in this frame" in banner
    tree = banner.partition("of any frame):\n")[2].splitlines()
    assert tree[0].startswith("    order = Order")
    assert [line.index(line.lstrip()[0]) for line in tree[1:3]] == [6, 8]  # what is in it is indented
    where, _, rest = session.partition("(Pdb) ")
    assert re.findall(r"\((\d+)\)(\w+)\(\)", where) == [("8", "test_target"), ("4", "helper")]
    assert "(Pdb)     mine = 42\n" in rest


def test_capture_is_suspended_and_what_was_captured_is_shown(suite: Suite) -> None:
    recorded = suite({"test_b.py": "def test_target():\n    print('said before')\n    assert 0\n"})
    recorded.fails()
    done = debug(recorded, "test_target", "!print('said', 'now')\nq\n")
    assert done.returncode == 0, done
    assert "said before" in done.stdout
    assert "(Pdb) said now" in done.stdout


@pytest.mark.parametrize("place", ["option", "configuration"])
def test_the_users_own_debugger_is_entered(suite: Suite, place: str) -> None:
    files = {**POLLUTED, "own_debugger.py": OWN_DEBUGGER}
    recorded = suite(files, ini="addopts = --pdbcls=own_debugger:Mine\n" if place == "configuration" else "")
    recorded.fails()
    done = debug(recorded, "test_target", "p state\nq\n", pdbcls="own_debugger:Mine" if place == "option" else "")
    assert done.returncode == 0, done
    assert "(mine) ['dirt']" in done.stdout


def test_only_the_recorded_failure_of_the_target_stops(suite: Suite) -> None:
    test = """
        import shared
        def test_first(): assert 0, 'another test'
        def test_target(): shared.check()
    """
    recorded = suite({**POLLUTED, "test_b.py": test})
    recorded.fails()
    done = debug(recorded, "test_target", "p state\nq\n")
    assert done.returncode == 0, done
    assert done.stdout.count("stopped at the recorded failure") == 1
    assert "(Pdb) ['dirt']" in done.stdout


def test_a_test_that_passes_now_is_said(polluted: Recorded) -> None:
    polluted.edit({"test_a.py": "def test_clean(): pass\n"})
    done = debug(polluted, "test_target", "q\n")
    assert done.returncode == 1
    assert "(Pdb)" not in done.stdout
    assert done.stderr.rstrip().endswith("It did not stop at the recorded failure: it passed.")


def test_a_test_that_fails_another_way_is_said(polluted: Recorded) -> None:
    polluted.edit({"conftest.py": "import pytest\n@pytest.fixture(autouse=True)\ndef no(): raise KeyError('other')\n"})
    done = debug(polluted, "test_target", "q\n")
    assert done.returncode == 1
    assert "(Pdb)" not in done.stdout
    assert "It did not stop at the recorded failure: it failed in another way: KeyError: 'other'." in done.stderr


def test_other_code_is_refused_and_gone_on_with_where_that_is_forced(polluted: Recorded) -> None:
    polluted.edit({"shared.py": POLLUTED["shared.py"].replace("assert not state, state", "assert len(state) == 0")})
    done = debug(polluted, "test_target", "q\n")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "Error: The code has changed (check in shared.py), and a debugger would show the wrong lines: "
        "add --force to continue.\n"
    )
    forced = debug(polluted, "test_target", "p len(state)\nq\n", force=True)
    assert forced.returncode == 0, forced
    assert "(Pdb) 1" in forced.stdout


def test_what_ran_in_a_worker_is_run_in_one_process(suite: Suite) -> None:
    recorded = suite({"test_b.py": "ran = []\ndef test_a(): ran.append(1)\ndef test_target(): assert not ran\n"})
    recorded.fails("-p", "xdist", "-n", "1")
    done = debug(recorded, "test_target", "p ran\nq\n")
    assert done.returncode == 0, done
    assert "(Pdb) [1]" in done.stdout
    assert "tests of the other workers are left out" in done.stderr


def test_a_fixture_that_fails_stops_in_the_fixture(suite: Suite) -> None:
    test = """
        import pytest
        @pytest.fixture
        def thing():
            inside = 'the fixture'
            raise RuntimeError(inside)
        def test_target(thing): pass
    """
    recorded = suite({"test_b.py": test})
    recorded.fails()
    done = debug(recorded, "test_target", "p inside\nq\n")
    assert done.returncode == 0, done
    assert "(Pdb) 'the fixture'" in done.stdout


def test_it_stops_where_the_test_says_that_it_fails_and_not_in_pytest(suite: Suite) -> None:
    recorded = suite({"test_b.py": "import pytest\ndef test_target():\n    mine = 42\n    pytest.fail('no')\n"})
    recorded.fails()
    done = debug(recorded, "test_target", "p mine\nq\n")
    assert done.returncode == 0, done
    assert "(Pdb) 42" in done.stdout
