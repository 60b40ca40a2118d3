"""`debugloop reproduce --bisect` and `--vary`: what the failure depends on is found."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.rerun_suites import POLLUTED, TWO_POLLUTERS, Recorded, polluted, polluted_record, suite

if TYPE_CHECKING:
    from tests.cli.rerun_suites import Suite

__all__ = ["polluted", "polluted_record", "suite"]


def test_the_polluter_is_found_and_named(polluted: Recorded) -> None:
    found = polluted.reproduce("test_target", "--bisect")["bisect"]
    assert found["polluters"] == [{"test": "test_a.py::test_pollutes", "worker": ""}]
    assert (found["verdict"], found["is_minimal"]) == ("polluted", True)
    done = polluted.debugloop("reproduce", "test_target", "--bisect")
    assert (done.returncode, done.stderr) == (0, "")
    assert "fails the same way after this, and passes without" in done.stdout
    assert "\n  test_a.py::test_pollutes\n" in done.stdout
    by_hand = done.stdout.partition("by hand: ")[2].split()
    assert by_hand[-2:] == ["test_a.py::test_pollutes", "test_b.py::test_target"]


def test_two_polluters_that_need_each_other_are_both_found(suite: Suite) -> None:
    recorded = suite(TWO_POLLUTERS)
    recorded.fails()
    found = recorded.reproduce("test_target", "--bisect")
    assert [one["test"] for one in found["bisect"]["polluters"]] == [
        "test_a.py::test_step[1]",
        "test_a.py::test_step[3]",
    ]
    assert found["bisect"]["runs"] == len(found["outcomes"]) < 30


def test_a_search_takes_no_more_runs_than_it_may_and_says_that_fewer_tests_may_be_enough(suite: Suite) -> None:
    recorded = suite(TWO_POLLUTERS)
    recorded.fails()
    found = recorded.reproduce("test_target", "--bisect", "--max-runs", "3")["bisect"]
    assert (found["verdict"], found["is_minimal"]) == ("polluted", False)
    assert found["runs"] <= 3 + 3  # and the confirmation
    assert {f"test_a.py::test_step[{n}]" for n in (1, 3)} <= {one.get("test") for one in found["polluters"]}


def test_an_import_that_pollutes_is_told_from_a_test(suite: Suite) -> None:
    recorded = suite({**POLLUTED, "test_a.py": "import shared\nshared.state.append(1)\ndef test_clean(): pass\n"})
    recorded.fails()
    found = recorded.reproduce("test_target", "--bisect")["bisect"]
    assert found["polluters"] == [{"imported_file": "test_a.py"}]


def test_a_failure_that_needs_nothing_before_it_is_found_alone(suite: Suite) -> None:
    recorded = suite({**POLLUTED, "test_b.py": "def test_target(): assert 1 == 2\n"})
    recorded.fails()
    found = recorded.reproduce("test_target", "--bisect")["bisect"]
    assert (found["verdict"], found["polluters"], found["runs"]) == ("alone", [], 2)


def test_the_axis_that_a_flake_depends_on_is_named(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, values in {
        "_SEEDS": (1,),
        "_ZONES": ("UTC",),
        "_LOADED_TRIES": 1,
        "_MOMENTS": ("2025-01-31T23:59:58",),
    }.items():
        monkeypatch.setattr(f"pytest_debugloop.rerunning.varying.{name}", values)
    recorded = suite({"test_zone.py": "import time\ndef test_zone(): assert time.localtime(0).tm_hour == 0\n"})
    recorded.fails(TZ="Asia/Tokyo")
    done = recorded.debugloop("reproduce", "test_zone", "--vary", "--times", "5", "--json")
    found = json.loads(done.stdout)["vary"]
    assert (done.returncode, found["axis"], found["failures"], found["runs"]) == (0, "time zone", 5, 5)
    assert [(one["value"], one["failures"]) for one in found["compared"]] == [("UTC", 0)]
    assert found["skipped"].keys() == {"order", "alone"}
