"""What a failure says is held against changed lines."""

from __future__ import annotations

import pytest

from pytest_debugloop.loading.recoveries.failure_words import share_of_words, words_of
from pytest_debugloop.loading.recoveries.flakes import Failure

PLAIN = ("def f(x):\n    return x\n", "def f(x):\n    return x + 1\n")
CHECKED = (PLAIN[0], "def f(x):\n    if not x:\n        raise GrammarError('no price')\n    return x\n")


@pytest.mark.parametrize(
    ("message", "code", "expected"),
    [
        ("DID NOT RAISE <class 'lark.GrammarError'>", "Failed", {"lark", "GrammarError"}),
        ("GrammarError not raised", "AssertionError", {"GrammarError"}),
        ("'Cart' object has no attribute 'total'", "AttributeError", {"Cart", "total", "AttributeError"}),
        ("pay() got an unexpected keyword argument 'at'", "TypeError", {"pay", "TypeError"}),
        ("'str' object is not callable", "TypeError", {"TypeError"}),
        ("assert 1 == 2", "AssertionError", set()),
        ("", "", set()),
    ],
)
def test_a_failure_speaks_of_what_it_quotes_and_of_exceptions(message: str, code: str, expected: set[str]) -> None:
    assert words_of(Failure("assertion", code, message)) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"a": PLAIN, "b": CHECKED}, {"a": 0, "b": 1}),
        ({"a": CHECKED, "b": CHECKED}, {"a": 0.5, "b": 0.5}),
        ({"a": CHECKED[::-1], "b": PLAIN}, {"a": 1, "b": 0}),
        ({"a": (CHECKED[1], CHECKED[1].replace("no price", "none")), "b": PLAIN}, {"a": 0, "b": 0}),
        ({"a": (PLAIN[0], PLAIN[0] + "    # GrammarError\n"), "b": PLAIN}, {"a": 0, "b": 0}),
        ({"a": ("", CHECKED[1]), "b": PLAIN}, {"a": 1, "b": 0}),
    ],
)
def test_words_count_where_they_came_or_went(changes: dict[str, tuple[str, str]], expected: dict[str, float]) -> None:
    assert share_of_words(frozenset({"GrammarError"}), changes) == expected
    assert set(share_of_words(frozenset(), changes).values()) == {0}
