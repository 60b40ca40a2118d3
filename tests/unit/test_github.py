"""No text of a test ends a workflow command early."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_debugloop.summary.github import append_summary, error_commands, workflow_command
from pytest_debugloop.summary.known_failures import KnownFailures
from pytest_debugloop.text.printable import printable
from tests.unit.test_known_failures import NEW

# Of what no XML may hold, which HTML may.
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\ufffe\uffff"), max_size=200)


def read_command(line: str) -> tuple[str, dict[str, str], str]:
    """Read a workflow command as the runner does (ActionCommand.TryParseV2 of actions/runner)."""
    assert len(line.split("\n")) == 1
    assert "\r" not in line
    head, _, message = line[2:].partition("::")
    name, _, told = head.partition(" ")
    pairs = [pair.partition("=") for pair in told.split(",") if pair]
    escapes = (("%2C", ","), ("%3A", ":"), ("%0A", "\n"), ("%0D", "\r"), ("%25", "%"))

    def plain(text: str, *, data: bool = False) -> str:
        for escape, character in escapes[2:] if data else escapes:
            text = text.replace(escape, character)
        return text

    return name, {key: plain(value) for key, _, value in pairs}, plain(message, data=True)


@given(TEXTS, TEXTS, TEXTS)
@example("a:b,c", "50%\r\n::error::x", "::debug::%0A, :")
def test_a_command_says_what_it_was_given(file: str, title: str, message: str) -> None:
    line = workflow_command("error", {"file": file, "title": title}, message)
    assert read_command(line) == ("error", {"file": file, "title": title}, message)


@given(TEXTS, TEXTS, TEXTS)
def test_annotations_are_one_line_each(test: str, error: str, message: str) -> None:
    known = KnownFailures([NEW._replace(test=test, error=error, message=message)] * 12, 12)
    commands = error_commands(known, "debugloop show", Path("/checkout/sub"), "/checkout")
    assert len(commands) == 10
    name, properties, told = read_command(commands[0])
    assert (name, properties["file"], properties["line"]) == ("error", "sub/tests/test_orders.py", "7")
    assert printable(told, lines=True) == told
    assert told.endswith("\ndebugloop: first seen in this run\ndebugloop show")


@pytest.mark.parametrize("workspace", ["", "/elsewhere", "/checkout/subfolder"])
def test_a_file_that_github_does_not_have_is_not_named(workspace: str) -> None:
    (command,) = error_commands(KnownFailures([NEW], 1), "debugloop show", Path("/checkout/sub"), workspace)
    assert command.startswith("::error title=")


def test_a_summary_that_would_become_too_large_is_left_as_it_is(tmp_path: Path) -> None:
    path, text = tmp_path / "summary.md", "x" * 400_000
    append_summary(str(path), text)
    append_summary(str(path), text)
    with pytest.raises(OSError, match="1 MiB"):
        append_summary(str(path), text)
    assert path.read_text(encoding="utf-8") == text * 2
