"""Answers fit the terminal, are plain in a pipe, and nothing of a record acts on the terminal."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from pytest_debugloop.text.printable import printable
from tests.support.terminal import ALLOWED, SGR, called_in_terminal, width_of

if TYPE_CHECKING:
    from tests.support.projects import Project

READERS: tuple[tuple[str, ...], ...] = (
    ("show",),
    ("show", "test_unknown_article"),
    ("show", "--brief"),
    ("runs",),
    ("history", "test_unknown_article"),
    ("failures",),
    ("flaky", "--all"),
    ("recoveries",),
    ("recoveries", "--patterns"),
    ("diff", "discount_keeps"),
    ("slow", "--all"),
    ("doctor",),
    ("status",),
)
# Where a line is as long as what it holds: text for programs, and sentences that any terminal wraps.
UNFITTED = {("show", "--brief"), ("doctor",), ("status",)}
COLOUR = re.compile(r"\x1b\[[0-9;]*(3[0-7]|9[0-7]|38;)[0-9;]*m")


@pytest.mark.parametrize("columns", [60, 80, 200])
@pytest.mark.parametrize("arguments", READERS, ids=" ".join)
def test_an_answer_fits_the_terminal(shop: Project, arguments: tuple[str, ...], columns: int) -> None:
    seen = called_in_terminal(shop.folder, "--no-pager", *arguments, columns=columns)
    assert seen.returncode in (0, 1 if arguments == ("doctor",) else 0), seen.raw
    assert printable(seen.text, lines=True) == seen.text
    if arguments not in UNFITTED:
        assert [line for line in seen.text.splitlines() if width_of(line) > columns] == []


@pytest.mark.parametrize("arguments", READERS, ids=" ".join)
def test_a_pipe_gets_no_escape_and_whole_lines(shop: Project, arguments: tuple[str, ...]) -> None:
    text = shop.debugloop(*arguments).stdout
    assert text
    assert printable(text, lines=True) == text
    if arguments not in UNFITTED and arguments[0] != "slow":
        assert "…" not in text.replace("… ", "")  # nothing is cut for want of room


def test_colour_is_for_terminals_and_not_where_it_is_unwanted(shop: Project) -> None:
    assert COLOUR.search(called_in_terminal(shop.folder, "--no-pager", "show").raw)
    unwanted: tuple[dict[str, Any], ...] = ({"NO_COLOR": "1"}, {"TERM": "dumb"})
    for variables in unwanted:
        plain = called_in_terminal(shop.folder, "--no-pager", "show", **variables).raw
        assert not SGR.search(plain)
        assert "KeyError" in plain


@pytest.mark.parametrize("arguments", [a for a in READERS if a != ("doctor",)], ids=" ".join)
def test_json_is_one_object_in_ascii_also_on_a_terminal(shop: Project, arguments: tuple[str, ...]) -> None:
    seen = called_in_terminal(shop.folder, *arguments, "--json", columns=60)
    assert seen.returncode == 0, seen.raw
    assert seen.raw.isascii()
    assert "\x1b" not in seen.raw
    answer = json.loads(seen.raw)
    assert (answer["schema"], answer["version"]) == (f"debugloop/{arguments[0]}", 1)


def test_a_long_answer_goes_through_the_pager(shop: Project) -> None:
    seen = called_in_terminal(shop.folder, "show", PAGER="sed s/^/paged:/")
    lines = [line for line in seen.text.splitlines() if line.strip()]
    assert lines
    assert all(line.startswith("paged:") for line in lines)
    assert "paged:" not in called_in_terminal(shop.folder, "--no-pager", "show", PAGER="sed s/^/paged:/").text


def test_a_pager_that_is_left_early_is_no_error(shop: Project) -> None:
    seen = called_in_terminal(shop.folder, "show", "--limit", "0", PAGER="head -n 1")
    assert seen.text.count("\n") == 1
    assert "Error" not in seen.text
    assert "Traceback" not in seen.text


@pytest.mark.skipif(shutil.which("less") is None, reason="there is no less here")
def test_less_shows_a_short_answer_and_leaves(shop: Project) -> None:
    seen = called_in_terminal(shop.folder, "runs", PAGER="less")
    assert "mend" in seen.text


HOSTILE_READERS: tuple[tuple[str, ...], ...] = (
    ("show",),
    ("show", "red]"),
    ("show", "--brief", "--budget", "20000"),
    ("history", "gnp"),
    ("failures",),
    ("flaky", "--all"),
    ("runs",),
    ("slow", "--all"),
)


@pytest.mark.parametrize("arguments", HOSTILE_READERS, ids=" ".join)
def test_nothing_of_a_record_acts_on_the_terminal(hostile: Project, arguments: tuple[str, ...]) -> None:
    piped = hostile.printed(*arguments)
    assert printable(piped, lines=True) == piped
    seen = called_in_terminal(hostile.folder, "--no-pager", *arguments, columns=80)
    rest = SGR.sub("", seen.raw)
    assert ALLOWED.sub("", rest) == rest.replace("\r", "")
    assert printable(rest.replace("\r", ""), lines=True) == rest.replace("\r", "")


def test_hostile_text_is_told_as_it_is_and_not_as_markup(hostile: Project) -> None:
    text = hostile.printed("show", "--limit", "0")
    assert "test_sly[" in text
    assert r"\x1b[2J" in text
    assert "[red]no[/red]" in text
    assert "[bold]b[/bold]" in text
    assert "שלום" in text
    assert r"\u202e" in text
    assert r"\x9b2J" in text


def test_a_name_with_a_line_end_stays_one_line_of_a_table(hostile: Project) -> None:
    groups = json.loads(hostile.printed("failures", "--json"))["failures"]
    assert len(hostile.printed("failures", "--by", "fingerprint").splitlines()) == len(groups) + 1


def test_an_output_that_knows_no_such_letters_is_no_error(hostile: Project, shop: Project) -> None:
    for project in (hostile, shop):
        done = project.debugloop("show", PYTHONIOENCODING="ascii")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.isascii()
    assert shop.printed("history", "discount_keeps", PYTHONIOENCODING="ascii").splitlines()[2] == "FF .."
