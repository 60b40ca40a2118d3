"""The job summary is short whatever failed, and takes the texts of tests as texts."""

from __future__ import annotations

import re

from hypothesis import example, given
from hypothesis import strategies as st

from pytest_debugloop.summary.job_summary import LINES, UnstoredCause, job_summary
from pytest_debugloop.summary.known_failures import KnownFailures
from tests.unit.test_known_failures import NEW

TEXTS = st.text(max_size=200)
NOTHING = KnownFailures([], 0)


def shown_lines(text: str) -> int:
    return len(text.strip("\n").split("\n")) + text.count("<br>")


def test_the_loaders_report_is_taken_as_it_is() -> None:
    text = job_summary("head", {"report": ["<!-- mark -->", "**Check passed**"]}, NOTHING, "debugloop show 1a2b3c4d")
    assert text == "\n<!-- mark -->\n**Check passed**\n\nSee more: `debugloop show 1a2b3c4d`\n\n"


def test_a_report_that_is_not_the_loaders_is_not_taken() -> None:
    reports: tuple[object, ...] = ("text", [1], {}, [])
    for report in reports:
        assert job_summary("head", {"report": report}, NOTHING, "").strip() == "**head**"


def test_without_a_report_the_known_failures_are_told() -> None:
    failures = [NEW, NEW._replace(tests=3, cause="3 x E in a.py:1 f", others=["a.py::b", "a.py::c"])]
    assert job_summary("head", None, KnownFailures(failures, 9), "").splitlines()[1:] == [
        "**head**",
        "",
        "- `tests/test_orders.py::test_total`<br>AssertionError: assert 3 == 2<br>first seen in this run",
        "- 3 x E in a.py\\:1 f<br>`tests/test_orders.py::test_total`<br>AssertionError: assert 3 == 2"
        "<br>first seen in this run<br>also `a.py::b`, `a.py::c`",
        "",
        "and 5 more",
        "",
    ]


def test_of_a_run_that_is_not_stored_its_journals_tell() -> None:
    causes = [UnstoredCause(f"a.py::t{n}", "E", "no", 2, "2 x E", ["a.py::u"]) for n in range(20)]
    text = job_summary("head", {"unstored": causes, "failing": 40}, NOTHING, "")
    assert shown_lines(text) <= LINES
    assert text.count("- 2 x E<br>`a.py::t") == 9
    assert text.rstrip().endswith("and 22 more")


@given(TEXTS, TEXTS, TEXTS, TEXTS)
@example("a|b`</code>\n\n", "</td></tr></table>", "<script>", "&amp; \x1b[2J")
def test_no_text_of_a_test_is_markup(test: str, error: str, message: str, fix: str) -> None:
    failure = NEW._replace(test=test, error=error, message=message, fix_name=fix, others=[test], tests=2, cause=error)
    text = job_summary("head", None, KnownFailures([failure] * 3, 9), "debugloop show")
    assert shown_lines(text) <= LINES
    outside = re.sub(r"(`+) ?.*?(?<!`)\1(?!`)", "", text.replace("<br>", "\n"))
    assert "<" not in outside
    assert not any(line.lstrip().startswith("::") for line in text.split("\n"))
