"""What users' own expressions find in a text by itself is found wherever in a snapshot the text is, also alone."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from pytest_debugloop.capture.bounds import Bounds
from pytest_debugloop.capture.item_facts import ItemFacts
from pytest_debugloop.capture.project_code import ProjectCode
from pytest_debugloop.capture.redact import Redactor
from pytest_debugloop.capture.secret_marks import PLAIN
from pytest_debugloop.capture.snapshot import Capturer
from tests.unit.shown import shown_names

if TYPE_CHECKING:
    from pathlib import Path

MARK = "[redacted: pattern]"
CODE = "SHOP-123456"
# An expression, a text, and what is left of it.
CASES = {
    "begin and end": (r"^SHOP-\d{6}$", CODE, MARK),
    "begin": (r"^SHOP-\d+", f"{CODE} is closed", f"{MARK} is closed"),
    "end": (r"SHOP-\d+$", f"of {CODE}", f"of {MARK}"),
    "begin and end of all": (r"\ASHOP-\d{6}\Z", CODE, MARK),
    "words": (r"\bSHOP\b-\d{6}\b", f"({CODE})", f"({MARK})"),
    "no word": (r"\B-\B", "-", MARK),
    "nothing before": (r"(?<!\S)SHOP-\d{6}", CODE, MARK),
    "nothing but a comma before": (r"(?<![^,])SHOP-\d{6}", CODE, MARK),
    "nothing after": (r"SHOP-\d{6}(?!.)", CODE, MARK),
    "nothing at all after": (r"SHOP-\d{6}(?![\s\S])", CODE, MARK),
    "the end ahead": (r"SHOP-\d{6}(?=$)", CODE, MARK),
    "begin or a comma behind": (r"(?:^|(?<=,))SHOP-\d{6}", f"a,{CODE}", f"a,{MARK}"),
    "a condition": (r"(^)?(?(1)SHOP|HOPS)-\d{6}", CODE, MARK),
    "flags": (r"(?i)^shop-\d{6}$", CODE, MARK),
    "flags of a part": (r"^(?i:shop)-\d{6}$", CODE, MARK),
    "verbose": ("(?x) ^ SHOP - \\d{6} $  # of the shop", CODE, MARK),
    "lines": (r"(?m)^SHOP-\d{6}$", f"a\n{CODE}\nb", f"a\n{MARK}\nb"),
    "lines as one": (r"(?s)^BEGIN.*END$", "BEGIN\nx\nEND", MARK),
    "a line break": (r"^a\nSHOP-\d{6}$", f"a\n{CODE}", MARK),
    "quotes": (r'^"SHOP"$', '"SHOP"', MARK),
    "a backslash": (r"^C:\\SHOP\d$", "C:\\SHOP7", MARK),
    "a tabulator": (r"^\t\w+\t$", "\tSHOP\t", MARK),
    "another alphabet": (r"^caf\u00e9-\d$", "café-7", MARK),
    "beyond the first plane": ("^\U0001f511.$", "\U0001f511x", MARK),
    "all but ASCII": (r"^[^\x00-\x7f]+$", "éé", MARK),
    "short": (r"^\d{3}$", "123", MARK),
    "very short": (r"^S$", "S", MARK),
}
if sys.version_info >= (3, 11):
    CASES["without giving back"] = (r"^SHOP[^,]++$", CODE, MARK)
    CASES["atomic"] = (r"x(?>[^,]+)\b", "x-a", MARK)
INNOCENT = [("before", "it is, and ends with-"), ("number", 7), ("more", ["words", "--", "\n", "x,"])]


@pytest.mark.parametrize("name", CASES)
def test_the_only_secret_of_a_snapshot_is_found_by_whatever_the_expression_asks_for(name: str) -> None:
    pattern, text, left = CASES[name]
    redactor = Redactor(patterns=[pattern])
    assert redactor.text(text) == left
    for _ in range(2):  # what was met before is looked at again
        found = shown_names([*INNOCENT, ("here", text), ("after", "x-b")], redactor=redactor)
        assert found["here"] == left
        found = shown_names([*INNOCENT, ("here", ["x"] * 20 + [text]), ("after", "-")], redactor=redactor)
        assert found["here"][-1] == left
        found = shown_names([*INNOCENT, ("here", {text: 1}), ("after", "-")], redactor=redactor)
        assert found["here"] == {left: 1}


class Text(str):
    __slots__ = ()


@pytest.mark.parametrize(
    "value",
    [(CODE,), {CODE}, {"x": {"y": CODE}}, Text(CODE), ValueError(CODE), {CODE: 1}, {("a", CODE): 1},
     {(1, b"x", CODE): 1},
     {CODE.encode(): 1}, {(b"x", CODE.encode()): 1}, [{"code": CODE}] * 9, CODE.encode()],
    ids=repr,
)  # fmt: skip
def test_it_is_found_in_whatever_holds_it(value: object) -> None:
    found = str(shown_names([*INNOCENT, ("value", value)], redactor=Redactor(patterns=[r"^SHOP-\d{6}$"])))
    assert "SHOP" not in found.replace("tests.privacy", "")
    assert MARK in found


def test_a_key_that_begins_as_ours_do_is_looked_at_without_what_we_add() -> None:
    found = shown_names([("value", {"$SHOP": 1})], redactor=Redactor(patterns=[r"^\$SHOP$"]))
    assert found["value"] == {MARK: 1}


def test_names_of_classes_are_looked_at_where_users_add_something() -> None:
    cls = type("SHOP_123456", (), {})
    redactor = Redactor(patterns=[r"SHOP_\d{6}"])
    for value in (cls, cls()):
        assert "SHOP" not in str(shown_names([("value", value)], redactor=redactor))


def state_of(error: Exception, folder: Path, *patterns: str, **facts: Any) -> tuple[Any, dict[str, Any]]:
    capturer = Capturer(ProjectCode(str(folder)), Bounds(milliseconds=1e6), Redactor(patterns=patterns))
    seen = capturer.capture_exception_chain(error, PLAIN)
    seen, state = capturer.capture_state(seen, ItemFacts(**facts), PLAIN)
    return seen, json.loads(state)


def raised(folder: Path, source: str) -> Exception:
    path = folder / "test_shop.py"
    path.write_text(source, encoding="utf-8")
    try:
        exec(compile(source, str(path), "exec"), {"__name__": "test_shop"})
    except Exception as error:
        error.__traceback__ = error.__traceback__ and error.__traceback__.tb_next
        return error
    raise AssertionError("it did not fail")


def test_each_line_of_source_is_a_text_of_its_own(tmp_path: Path) -> None:
    source = "def inner():\n    raise ValueError\n\n# SHOP_123456\ninner(), 'SHOP'\n"
    seen, state = state_of(raised(tmp_path, source), tmp_path, r"^# SHOP_\d{6}$", r"'SHOP'$")
    assert "SHOP" not in str(state)
    assert "SHOP" not in str([frame.source for frame in seen[0].frames])
    assert "inner(), [redacted: pattern]" in str(state)


@pytest.mark.parametrize("pattern", [r"BEGIN[\s\S]*", r"\s+"])
def test_an_expression_that_takes_breaks_of_lines_costs_no_frame(tmp_path: Path, pattern: str) -> None:
    source = "def inner():\n    raise ValueError\n\ninner(), 'BEGIN SHOP'\n"
    seen, state = state_of(raised(tmp_path, source), tmp_path, pattern)
    assert [frame.function for frame in seen[0].frames] == ["<module>", "inner"]
    assert "SHOP" not in str(state) or pattern == r"\s+"


def test_a_line_of_source_that_begins_a_private_key_costs_no_frame(tmp_path: Path) -> None:
    source = "def inner():\n    raise ValueError\n\ninner(), '-----BEGIN PRIVATE KEY-----'\n"
    seen, _ = state_of(raised(tmp_path, source), tmp_path)
    assert [frame.function for frame in seen[0].frames] == ["<module>", "inner"]
    assert seen[0].frames[-1].source == "raise ValueError"


def test_markers_messages_notes_and_output_are_looked_at(tmp_path: Path) -> None:
    error = ValueError(CODE)
    error.__notes__ = [CODE]  # type: ignore[attr-defined]  # as add_note has it, which Python 3.10 has not
    facts: dict[str, Any] = {"captured": (("call stdout", CODE),), "parameters": {"p": CODE}}
    _, state = state_of(error, tmp_path, r"^SHOP-\d{6}$", markers=((CODE, (CODE,), {}),), **facts)
    assert "SHOP" not in str(state)
    assert str(state).count(MARK) == 6
