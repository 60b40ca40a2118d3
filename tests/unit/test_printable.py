"""Text from a record cannot act on the terminal that shows it."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_debugloop.text.printable import printable

ANY_TEXT = st.text(st.characters(exclude_categories=()))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("a\nb\tc\rd", "a\\nb\\tc\\rd"),
        ("\x1b[31mred\x1b]0;title\x07", "\\x1b[31mred\\x1b]0;title\\x07"),
        ("\x9b2J", "\\x9b2J"),
        ("access \u202e level\u2066", "access \\u202e level\\u2066"),
        ("שלום مرحبا 你好 é ✓", "שלום مرحبا 你好 é ✓"),
        ("half \ud800", "half \\ud800"),
        ("tag\U000e0041", "tag\\U000e0041"),
        ("[bold]no markup[/bold]", "[bold]no markup[/bold]"),
    ],
)
def test_what_a_terminal_would_act_on_is_spelt_out(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_source_keeps_its_lines_and_its_indentation() -> None:
    assert printable("if x:\r\n\treturn '\x1b'\n", lines=True) == "if x:\n        return '\\x1b'\n"


@given(ANY_TEXT)
def test_no_control_format_or_surrogate_character_is_left(text: str) -> None:
    left = {unicodedata.category(c) for c in printable(text)}
    assert not left & {"Cc", "Cs", "Zl", "Zp"}
    printable(text).encode()
