"""Recorded text in Markdown means only itself."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_debugloop.text.markdown import code, escaped
from pytest_debugloop.text.printable import printable


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a plain sentence: 1 == 2, a/b.py", "a plain sentence: 1 == 2, a/b.py"),
        ("@everyone #12 !3", r"\@everyone \#12 \!3"),
        ("[link](https://x)", r"\[link\]\(https\://x\)"),
        ("<img src=x>", "&lt;img src=x&gt;"),
        ("a | b", r"a \| b"),
        (":smile:", r"\:smile:"),
        ("one\ntwo", r"one\\ntwo"),
    ],
)
def test_markup_is_escaped_and_the_rest_stays_readable(text: str, written: str) -> None:
    assert escaped(text) == written


@given(st.text())
def test_nothing_of_a_text_is_lost(text: str) -> None:
    assert re.sub(r"\\([\\`*_{}\[\]()#!|~$@:])", r"\1", html.unescape(escaped(text))) == printable(text) or "&" in text


@given(st.text(alphabet="`a |\\ "))
def test_no_backtick_ends_the_code_that_it_stands_in(text: str) -> None:
    written = code(text)
    fence = re.match("`+", written)
    assert fence is not None
    assert fence[0] not in re.findall("`+", written[len(fence[0]) : -len(fence[0])])
