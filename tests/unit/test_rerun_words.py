"""What a search for the tests that a failure needs is told as, however it ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_debugloop.cli.views.rerun import RerunPrinter
from pytest_debugloop.rerunning.bisect import Found, Verdict
from pytest_debugloop.rerunning.outcome import Ending, Outcome
from pytest_debugloop.rerunning.plan import Before
from pytest_debugloop.rerunning.planned import Planned
from tests.unit.test_rerunning_plan import failure
from tests.unit.test_varying import plan

FIRST, SECOND = (Before("", Planned(f"test_a.py::test_{name}")) for name in ("one", "two"))
PASSED = Outcome(Ending.PASSED, None, None, None, None, 0.5)
BY_HAND = "by hand: "


@pytest.mark.parametrize(
    ("verdict", "tests", "is_minimal", "told"),
    [
        (
            Verdict.PASSES,
            (),
            False,
            ["did not fail the same way, even with everything that ran before it (3 runs)", "passed"],
        ),
        (Verdict.ALONE, (), True, ["fails the same way alone: no earlier test is needed (3 runs)", BY_HAND]),
        (
            Verdict.FLAKY,
            (),
            False,
            ["sometimes fails with the same tests before it: use --times to measure it (3 runs)"],
        ),
        (
            Verdict.FLAKY,
            (FIRST,),
            False,
            [
                "sometimes fails with the same tests before it: use --times to measure it (3 runs)",
                "last seen failing after:",
                "  test_a.py::test_one",
            ],
        ),
        (
            Verdict.INTERRUPTED,
            (FIRST,),
            False,
            [
                "interrupted: fails the same way after these, and fewer may be enough (3 runs):",
                "  test_a.py::test_one",
                BY_HAND,
            ],
        ),
        (
            Verdict.POLLUTED,
            (FIRST,),
            True,
            ["fails the same way after this, and passes without (3 runs):", "  test_a.py::test_one", BY_HAND],
        ),
        (
            Verdict.POLLUTED,
            (FIRST, SECOND),
            False,
            [
                "fails the same way after these 2 together, and passes without, and fewer may be enough (3 runs):",
                "  test_a.py::test_one",
                "  test_a.py::test_two",
                BY_HAND,
            ],
        ),
    ],
)
def test_each_verdict_is_told_with_what_it_needs(
    verdict: Verdict,
    tests: tuple[Before, ...],
    is_minimal: bool,
    told: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("COLUMNS", "FORCE_COLOR"):  # whatever these tests are run in
        monkeypatch.delenv(name, raising=False)
    printer = RerunPrinter(failure(Path("/shop")), plan(), as_json=False)
    capsys.readouterr()
    printer.print_result(Found(verdict, tests, 3, is_minimal), [PASSED])
    said = capsys.readouterr().out.splitlines()
    assert [line.partition(BY_HAND)[1] or line for line in said] == told
