"""Where a test passes and how it does in each leg, in words."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_debugloop.text.words import classes_by_leg, data_size, listed, one_line, passes_elsewhere

LINUX, MAC = "tests, py3.11, linux, x86_64", "tests, py3.11, darwin, arm64"


def place(branch: str | None, leg: str, *, change: str | None = None, **same: bool) -> dict[str, Any]:
    return {"branch": branch, "change": change, "leg": leg, "same_branch": False, "same_leg": False} | same


@pytest.mark.parametrize(
    ("places", "words"),
    [
        ([], ""),
        ([place("main", "", same_leg=True)], "passes on main"),
        ([place(None, "", change="12", same_leg=True)], "passes in change 12"),
        ([place(None, "", same_leg=True)], "passes in another working copy"),
        ([place("a", "py312", same_branch=True)], "passes in leg py312"),
        ([place("a", "", same_branch=True)], "passes outside of any leg"),
        ([place("main", "py312")], "passes on main in leg py312"),
        ([place("main", "x", same_leg=True), place("other", "y")], "passes on main"),
        ([place(name, "x", same_leg=True) for name in "abcde"], "passes on a, on b, on c and 2 more"),
        ([place("\x1b[31m", "", same_leg=True)], "passes on \\x1b[31m"),
    ],
)
def test_a_pass_elsewhere_is_said_as_what_it_is(places: list[dict[str, Any]], words: str) -> None:
    assert passes_elsewhere(places) == words


@pytest.mark.parametrize(
    ("classes", "words"),
    [
        ({}, ""),
        ({"py311": "broken"}, ""),
        ({"py311": "broken", "py312": "broken"}, ""),
        ({"py311": "broken", "py312": "stable"}, "broken on py311, stable elsewhere"),
        ({"py311": "broken", "": "stable"}, "broken on py311, stable elsewhere"),
        ({"": "flaky", "py311": "stable"}, "flaky on runs without a leg, stable elsewhere"),
        ({LINUX: "flaky", MAC: "stable"}, "flaky on linux x86_64, stable elsewhere"),
        (
            {"py310": "flaky", "py311": "broken", "py312": "stable", "py313": "stable"},
            "broken on py311, flaky on py310, stable elsewhere",
        ),
        ({**{f"a{n}": "broken" for n in range(5)}, **{f"b{n}": "stable" for n in range(5)}},
         "broken on a0, a1, a2 and 2 more, stable elsewhere"),
    ],
)  # fmt: skip
def test_a_class_is_told_by_leg_where_legs_differ(classes: dict[str, str], words: str) -> None:
    assert classes_by_leg(classes) == words


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 bytes"), (999, "999 bytes"), (1_000, "1.0 KB"), (123_456, "123 KB"), (5_400_000, "5.4 MB"),
     (7_000_000_000_000, "7,000 GB")],
)  # fmt: skip
def test_room_on_the_disk_has_the_unit_of_its_size(count: int, words: str) -> None:
    assert data_size(count) == words


@pytest.mark.parametrize(
    ("names", "words"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (list("abc"), "a, b and c")]
)
def test_names_are_listed_as_in_a_sentence(names: list[str], words: str) -> None:
    assert listed(names) == words


def test_of_a_long_text_one_line_is_said() -> None:
    assert one_line("a\x1b\nb") == "a\\x1b"
    assert one_line("x" * 300) == "x" * 197 + "..."
