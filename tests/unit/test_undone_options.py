"""One option of a command line as it was on the other side."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytest_debugloop.rerunning.undone_options import with_option
from pytest_debugloop.sources.editing import CannotUndoError

ROOT = Path("/shop")


@pytest.mark.parametrize(
    ("arguments", "option", "here", "there", "expected"),
    [
        ("-W error -p plug", "-W", "error", None, "-p plug"),
        ("--pythonwarnings=error -x", "-W", "error", "ignore", "-x -W ignore"),
        ("-p no:randomly -p plug", "-p", "plug", None, "-p no:randomly"),
        ("", "--import-mode", None, "importlib", "--import-mode=importlib"),
        ("--strict", "--strict", "", None, ""),
        ("", "--strict", None, "", "--strict"),
        ("-W a -W b", "-W", ["a", "b"], ["b"], "-W b"),
        ("", "xfail_strict", "false", "true", "-o xfail_strict=true"),
    ],
)
def test_an_option_is_as_it_was_and_the_others_are_left(
    arguments: str, option: str, here: Any, there: Any, expected: str
) -> None:
    found = with_option(arguments.split(), option, here, there, ROOT, is_trusted=False)
    assert " ".join(found) == expected


@pytest.mark.parametrize(
    ("option", "here", "there"),
    [("-W", "error", None), ("filterwarnings", "error", None), ("-c", None, "/tmp/x.ini"), ("addopts", "", "-p bad")],
)
def test_what_a_command_line_cannot_say_or_is_not_to_be_taken_is_refused(option: str, here: Any, there: Any) -> None:
    with pytest.raises(CannotUndoError):
        with_option([], option, here, there, ROOT, is_trusted=False)
