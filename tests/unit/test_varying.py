"""What is varied around a test, and when a difference is called one: no test is run."""

from __future__ import annotations

import signal
import subprocess
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_debugloop.cli.views.varied import found_of, varied_lines
from pytest_debugloop.rerunning import varying
from pytest_debugloop.rerunning.outcome import Ending
from pytest_debugloop.rerunning.plan import Before, Plan
from pytest_debugloop.rerunning.planned import Planned
from pytest_debugloop.rerunning.rate import difference_by_chance
from pytest_debugloop.rerunning.runner import rerun
from pytest_debugloop.rerunning.varying import Setting, Skipped, Varied, base_of, failed_as_recorded, settings_of, vary


def plan(*before: str) -> Plan:
    return Plan(
        rootdir=Path("/shop"),
        arguments=(),
        files=("test_a.py",),
        target=Planned("test_a.py::test_it"),
        worker="",
        workers=0,
        dist="no",
        before=tuple(Before("", Planned(name)) for name in before),
        environment={},
        fingerprint="1:a",
        error_type="validation_error",
        error_code="AssertionError",
        where=None,
        is_collection=False,
        notes=(),
    )


def settings(of: Plan) -> list[Setting | Skipped]:
    return list(settings_of(base_of(of), locales=["C", "de_DE.utf8"]))


def run(fails: dict[str, bool | None], *, times: int = 10, base: bool = False) -> tuple[Varied, Counter[str]]:
    """Vary a test that fails as it is said for an axis or a value of it, and else as it did."""
    runs: Counter[str] = Counter()

    def answer(setting: Setting) -> bool | None:
        runs[setting.axis] += 1
        return fails.get(setting.value, fails.get(setting.axis, base))

    everything = settings(plan("test_a.py::test_x", "test_a.py::test_y"))
    return vary(Setting("", "as it was", plan()), everything, answer, times=times), runs


def test_each_setting_changes_one_thing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONHASHSEED", raising=False)  # tox sets it
    base = base_of(plan("test_a.py::test_x", "test_a.py::test_y"))
    assert base.environment == {"PYTHONHASHSEED": "0"}
    changed = {
        one.axis: {
            name
            for name in ("environment", "before", "clock")
            if getattr(one.plan, name) != getattr(base, name) or (name == "clock" and one.plan.clock)
        }
        | ({"busy"} if one.busy else set())
        for one in settings(base)
        if isinstance(one, Setting) and one.value != "shuffled, 1"
    }
    assert changed.pop("clock") == {"clock"}  # of a library that is installed with these tests
    assert changed == {
        "hash seed": {"environment"},
        "order": {"before"},
        "alone": {"before"},
        "time zone": {"environment"},
        "locale": {"environment"},
        "load": {"busy"},
    }


def test_what_cannot_be_varied_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(varying, "CLOCKS", ("no_such_library",))
    skipped = {one.axis: one.reason for one in settings(plan()) if isinstance(one, Skipped)}
    assert skipped == {
        "order": "fewer than two tests ran before it",
        "alone": "nothing ran before it",
        "clock": "neither no_such_library is installed",
    }


@pytest.mark.parametrize("base", [False, True])
@pytest.mark.parametrize("value", ["Asia/Tokyo", "3", "nothing before it"])
def test_the_axis_that_matters_is_named_by_fresh_runs_alone(base: bool, value: str) -> None:
    varied, runs = run({value: not base}, base=base)
    (found,) = found_of(varied)
    assert (found.is_significant, found.compared.setting.value) == (True, value)
    assert found.compared.failures == (0 if base else 10)
    assert runs[""] == 10


def test_nothing_is_named_where_nothing_matters_or_what_was_noticed_does_not_hold() -> None:
    assert found_of(run({})[0]) == []
    answers = iter([True, *[False] * 10])
    everything = settings(plan())

    def once(setting: Setting) -> bool:
        return setting.axis == "load" and next(answers)

    (found,) = found_of(vary(Setting("", "as it was", plan()), everything, once, times=10))
    assert (found.compared.setting.axis, found.is_significant) == ("load", False)


def test_a_difference_is_held_against_as_many_axes_as_were_varied() -> None:
    varied, _ = run({"load": True}, times=4)
    (found,) = found_of(varied)
    assert found.compared.p_value == pytest.approx(1 / 35)
    assert found.q_value == pytest.approx(7 / 35)
    assert not found.is_significant


def test_a_test_that_was_never_run_to_its_end_says_nothing() -> None:
    varied, runs = run({"": None})
    assert (varied.runs, varied.compared, sum(runs.values())) == (0, (), 10)


@pytest.mark.parametrize(
    ("fails", "told"),
    [
        (
            {"Asia/Tokyo": True},
            [
                "as it was: failed 0 of 10 times (0% to 28%)",
                "time zone (Asia/Tokyo): failed 10 of 10 times (72% to 100%), q = 7.6e-05",
                "makes a difference: time zone",
            ],
        ),
        (
            {},
            [
                "as it was: failed 0 of 10 times (0% to 28%)",
                "no significant difference: hash seed, order, alone, clock, time zone, locale, load",
            ],
        ),
        ({"": None}, ["It never ran to the end: there is nothing to measure."]),
    ],
    ids=["something", "nothing", "not run"],
)
def test_what_matters_is_told(fails: dict[str, bool | None], told: list[str]) -> None:
    varied = replace(run(fails)[0], skipped=(Skipped("clock", "no library"),))
    lines = [line.plain for line in varied_lines(varied, found_of(varied))]
    assert lines == ["not varied: clock: no library", *told]


def test_fishers_test_is_two_sided_and_exact() -> None:
    # The lady tasting tea, with three of four right: 17/70 one-sided.
    assert difference_by_chance(3, 4, 1, 4) == pytest.approx(34 / 70)
    assert difference_by_chance(0, 5, 0, 5) == 1
    assert difference_by_chance(0, 10, 10, 10) == pytest.approx(2 / 184_756)
    with pytest.raises(ValueError, match="no shares"):
        difference_by_chance(1, 0, 0, 1)


@pytest.mark.parametrize("library", varying.CLOCKS)
def test_a_rerun_has_the_clock_that_it_is_given(tmp_path: Path, library: str) -> None:
    pytest.importorskip(library)
    test = "import datetime, time\ndef test_it(): assert datetime.date.today().year == time.gmtime().tm_year == 2031\n"
    (tmp_path / "test_a.py").write_text(test, encoding="utf-8")
    alone = replace(
        plan(),
        rootdir=tmp_path,
        arguments=("-p", "pytest_debugloop.plugin"),
        environment={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": None},
    )
    assert rerun(replace(alone, clock=f"{library} 2031-12-30T12:00:00")).ending is Ending.PASSED
    assert failed_as_recorded(rerun(alone), alone) is True


def test_busy_processes_end_with_what_they_are_for(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []

    class Noted(subprocess.Popen):  # type: ignore[type-arg]
        def __init__(self, *given: Any, **options: Any) -> None:
            super().__init__(*given, **options)
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Noted)
    with varying.busy(2):
        assert [process.poll() for process in started] == [None, None]
    assert [process.returncode for process in started] == [-signal.SIGKILL] * 2
