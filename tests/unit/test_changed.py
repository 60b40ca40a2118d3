"""What is different since a pass, and what a run fixed, in a few words that are safe for a terminal."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_debugloop.summary.fixed_tests import FixedTests, fixed_lines
from pytest_debugloop.text.changed import changed_lines_of, changed_words, reason_words

PRICE = {"file": "shop.py", "function": "price", "change": "changed", "lines": [1, 2]}
DIFF = "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n def x():\n-    return 1\n+    return 2\n+    # more"


@pytest.mark.parametrize(
    ("evidence", "words"),
    [
        ({"code": [PRICE]}, "price in shop.py (+1 -2)"),
        ({"code": [PRICE | {"function": "<module>"}]}, "shop.py (+1 -2)"),
        ({"code": [PRICE | {"change": "added"}]}, "price in shop.py (added)"),
        ({"code": [{**PRICE, "lines": "odd"}]}, "price in shop.py"),
        ({"code": [{"file": "x.py", "function": "x", "diff": DIFF}]}, "x in x.py (+2 -1)"),
        ({"code": [PRICE] * 4}, "price in shop.py (+1 -2), price in shop.py (+1 -2) and 2 more"),
        ({"data": [{"file": "prices.csv"}], "order": {}}, "prices.csv"),
        ({"distributions": {"attrs": ["1", "2"]}}, "version of attrs"),
        ({"order": {"alone": None}}, "the tests that ran before it"),
        ({"code": [PRICE | {"function": "\x1b[2J\u202e"}]}, r"\x1b[2J\u202e in shop.py (+1 -2)"),
        ({"code": "odd", "data": 7, "options": []}, ""),
        (None, ""),
    ],
)
def test_the_likeliest_changes_are_named(evidence: Any, words: str) -> None:
    assert changed_words(evidence) == words


def test_lines_of_half_a_diff_are_not_counted() -> None:
    assert changed_lines_of(DIFF) == [2, 1]
    assert changed_lines_of(DIFF + "\n[cut]") is None


def test_what_was_fixed_is_told_in_three_lines_at_most() -> None:
    fixed = [FixedTests(12, "code_change", "get_value in utils.py", is_sure=True)]
    assert list(fixed_lines(fixed)) == ["  fixed: 12 tests, by get_value in utils.py"]
    unsure = FixedTests(1, "dependency_change", "", is_sure=False)
    flake = FixedTests(2, "rerun", "", is_sure=True)
    assert list(fixed_lines([*fixed, unsure, unsure, flake])) == [
        "  fixed: 12 tests, by get_value in utils.py",
        "  fixed: 2 more tests",
        "  passed again: 2 tests, with no change that explains it",
    ]
    assert list(fixed_lines([unsure])) == ["  fixed: 1 test, perhaps by another package version"]


@pytest.mark.parametrize(
    ("strategy", "words"), [("order_change", "the tests that ran before it"), ("rerun", ""), ("retry", ""), (None, "")]
)
def test_what_was_different_is_told_only_of_what_passed_because_of_it(strategy: str | None, words: str) -> None:
    assert reason_words(strategy, {"order": {"alone": None}}) == words
