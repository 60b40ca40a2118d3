"""What workers collected differently is told by the tests that only one of them has."""

from __future__ import annotations

import pytest
from xdist.report import report_collection_diff  # type: ignore[import-untyped]

from pytest_debugloop.writing.collected import collection_difference

NAMES = [f"test_it.py::test[{name}]" for name in "abcdefgh"]


def told(first: list[str], second: list[str]) -> list[str]:
    report = report_collection_diff(first, second, "gw0", "gw1")
    assert report is not None
    found = collection_difference(report)
    assert found is not None
    return found.split("\n")


@pytest.mark.parametrize(
    ("first", "second", "says"),
    [
        (NAMES[:4], NAMES[1:4], ["gw1 collected other tests than gw0: N[a] only in gw0", "only in gw0: N[a]"]),
        (
            [*NAMES[:4], "more.py::x"],
            [NAMES[4], *NAMES[2:4], "more.py::x"],
            [
                "gw1 collected other tests than gw0: N[a] and 1 more only in gw0, N[e] only in gw1",
                "only in gw0: N[a]",
                "only in gw0: N[b]",
                "only in gw1: N[e]",
            ],
        ),
        (
            NAMES,
            [*NAMES[:2], NAMES[3], NAMES[2], *NAMES[4:]],
            ["gw1 collected the same tests as gw0 in another order: the first that stands elsewhere is N[c]"],
        ),
    ],
    ids=["a test more", "both have some", "another order"],
)
def test_the_difference_is_told_first(first: list[str], second: list[str], says: list[str]) -> None:
    assert [line.replace("test_it.py::test", "N") for line in told(first, second)] in (
        says,
        [says[0].replace("[c]", "[d]")],
    )


def test_of_many_tests_the_first_are_listed() -> None:
    first = [f"a.py::{number}" for number in range(1000)]
    lines = told(first, ["b.py::x"])
    assert lines[0] == "gw1 collected other tests than gw0: a.py::0 and 999 more only in gw0, b.py::x only in gw1"
    assert len(lines) == 1 + 20 + 1 + 1
    assert lines[-1] == "and 980 more"


def test_another_text_is_none_of_xdists() -> None:
    assert collection_difference("ImportError: no such module") is None
