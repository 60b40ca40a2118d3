"""The page of a run that is one file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytest_debugloop.answers.connection import open_record
from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.answers.shown import found_or_last_run
from pytest_debugloop.web import report
from tests.support.projects import Project
from tests.web.conftest import XSS
from tests.web.test_pages import Page


def written(record: Project, tmp_path: Path, *arguments: str) -> Page:
    done = record.printed("report", *arguments, "--output", str(tmp_path / "report.html"))
    assert "report.html" in done
    return Page((tmp_path / "report.html").read_text(encoding="utf-8"))


def test_a_run_is_one_page_that_needs_nothing_else(record: Project, tmp_path: Path) -> None:
    page = written(record, tmp_path)
    assert page.open == []
    assert "2 x KeyError in shop.py" in page.text
    assert "(the failing line)" in page.text
    assert "changed since: price in shop.py" in page.text
    for tag in ("script", "link", "img", "iframe", "a", "form"):
        assert page.all(tag) == []
    assert not any(name.startswith("on") or name == "style" for _, names in page.elements for name in names)
    assert XSS[:25] in page.text


def test_a_failure_is_one_page(record: Project, tmp_path: Path) -> None:
    page = written(record, tmp_path, _error(record))
    assert "Both sides of the comparison" in page.text
    assert "KeyError" not in page.text


def _error(record: Project) -> str:

    causes = json.loads(record.printed("failures", "--json"))["causes"]
    return next(str(cause["last_error_id"]) for cause in causes if "test_cart" in cause["last_node_id"])


@pytest.mark.parametrize("most", [70_000, 64_000, 62_000])
def test_what_has_no_room_is_named_or_counted(
    location: RecordLocation, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(report, "MOST", most)
    with open_record(location) as record:
        page = report.report_html(record, record.answer(found_or_last_run(None, None)))
    assert len(page.encode()) <= most
    assert "only named: the page is full" in page or "had no room here" in page


def test_options_of_a_comparison_are_refused(record: Project) -> None:
    done = record.debugloop("report", "--output", "x.html", "--json")
    assert done.returncode == 2
