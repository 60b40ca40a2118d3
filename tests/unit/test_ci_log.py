"""No text is a command to a CI that reads it as a log, in whatever pieces it is written."""

from __future__ import annotations

import io
import json
import sys
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_debugloop.answers.junit import element, written
from pytest_debugloop.cli.safe_output import guard_output
from pytest_debugloop.environment.providers import PROVIDERS
from pytest_debugloop.text.ci_log import VARIABLES, Lines, harmless, is_ci
from pytest_debugloop.text.json_values import json_text
from tests.support.ci import commands_in

SIGNS = (
    *("::", "##[", "##vso[", "##teamcity[", "--- ", "+++ ", "~~~ ", "^^^ ", "section_start:", "travis_fold:", "]"),
    *("\n", "\r", "\r\n", "\n ", "\t", "\xa0", "\u200b", "\ufeff", "\xad", "\x0b", "\x85", "\x1b[31m", "\x1b", "\x00"),
    *("add-mask", "stop-commands", "error", "task.setvariable", "#", ":", "x", "é", " " * 70),
)
LOG = st.lists(st.sampled_from(SIGNS) | st.text(max_size=3)).map("".join)


@pytest.fixture(autouse=True)
def _on_buildkite(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUILDKITE", "true")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("::stop-commands::x", ":\\x3astop-commands::x"),
        ("a\n  ::add-mask::x\nb", "a\n  :\\x3aadd-mask::x\nb"),
        ("\xa0\u2003::add-mask::x", "\xa0\u2003:\\x3aadd-mask::x"),
        ("\x1b[1m::add-mask::x", "\x1b[1m:\\x3aadd-mask::x"),
        ("x ##[add-mask]y", "x ##\\x5badd-mask]y"),
        ("x ##vso[task.setvariable variable=a]y", "x ##vso\\x5btask.setvariable variable=a]y"),
        ("##teamcity[buildStop]", "##teamcity\\x5bbuildStop]"),
        ("--- a section", "---\\x20a section"),
        ("section_start:0:x\r\x1b[0K", "section_start\\x3a0:x\r\x1b[0K"),
        ("test_a.py::test_b::c", "test_a.py::test_b::c"),
        ("  tests/test_a.py::test_b", "  tests/test_a.py::test_b"),
        ("x = std::vector; ## [1.0]", "x = std::vector; ## [1.0]"),
        ("----- x", "----- x"),
    ],
)
def test_one_character_of_a_command_is_spelt_out(text: str, shown: str) -> None:
    assert harmless(text) == shown
    assert harmless(shown) == shown


@given(LOG)
def test_no_text_holds_a_command(text: str) -> None:
    assert commands_in(harmless(text)) == []


@given(st.lists(LOG))
def test_nor_do_pieces_that_come_one_by_one(pieces: list[str]) -> None:
    lines = Lines()
    out = b"".join(lines.harmless(piece.encode("utf-8", "surrogatepass")) for piece in pieces)
    assert commands_in(out.decode("utf-8", "surrogatepass")) == []


@given(st.text() | LOG)
def test_json_and_xml_hold_none_and_mean_the_same(text: str) -> None:
    as_json = json_text({"a": text, text: [[text]]})
    assert commands_in(as_json) == []
    assert json.loads(as_json) == json.loads(json.dumps({"a": text, text: [[text]]}))
    plain = "".join(c for c in text if c in "\n\t" or " " <= c <= "~")
    as_xml = written(element("x", plain, y=plain))
    assert commands_in(as_xml) == []
    found = ET.fromstring(as_xml)
    assert (found.text or "", found.get("y")) == (plain, plain)


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
def test_whoever_prints_prints_no_command(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    import click

    written = io.BytesIO()
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, io.TextIOWrapper(written, encoding=encoding, errors="backslashreplace"))
    guard_output()
    print("::add-mask::é")  # noqa: T201
    sys.stdout.write(":")
    sys.stdout.write(":add-mask::y\n")
    click.echo("::add-mask::é")
    click.echo("##[add-mask]é", err=True)
    sys.stdout.buffer.write(b"##vso[x.y]\n")
    click.UsageError("::x::").show()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    log = written.getvalue().decode(encoding, "replace")
    assert log.count("add-mask") == 4
    assert commands_in(log) == []


def test_every_ci_that_is_known_is_one() -> None:
    assert {provider.detect for provider in PROVIDERS} <= set(VARIABLES)
    assert is_ci({"GITHUB_ACTIONS": "true"})
    assert is_ci({"CI": "1"})
    assert not is_ci({"CI": "false", "HOME": "/root"})
