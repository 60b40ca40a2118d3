"""How what is said is counted."""

from __future__ import annotations

import pytest

from benchmarks.truth.recording import Said
from benchmarks.truth.report import Verdict, calibration


@pytest.mark.parametrize(
    ("is_right", "strategy", "confidence", "word"),
    [
        (True, "rerun", 0.01, "right"),
        (True, "unknown", 0.9, "right"),
        (False, "code_change", 0.5, "wrong"),
        (False, "code_change", 0.49, "silent"),
        (False, "unknown", 0.9, "silent"),
        (False, "", 0.0, "silent"),
    ],
)
def test_only_what_is_false_and_claimed_is_wrong(is_right: bool, strategy: str, confidence: float, word: str) -> None:
    assert Verdict(("kind", "name"), "fit", is_right, Said(strategy, confidence)).word == word


def test_what_is_said_is_counted_by_its_confidence() -> None:
    bands = calibration([(0.0, False), (0.2, True), (0.79, False), (0.8, True), (1.0, True)])
    assert [(band.right, band.said) for band in bands] == [(0, 1), (1, 1), (0, 1), (2, 2)]
