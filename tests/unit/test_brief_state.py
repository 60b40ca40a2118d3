"""Of a state in little room the values come first that explain the failure, and each cut says how to get the rest."""

from __future__ import annotations

from typing import Any, cast

from pytest_debugloop.answers.brief import fitted
from pytest_debugloop.answers.brief_state import Piece, state_pieces
from pytest_debugloop.snapshots.agent_state import AgentState

HEADERS = {f"x-{number}": "y" * 20 for number in range(30)}
LOCALS = {
    "Response": {"$type": "type", "name": "shop.Response"},
    "amount": 3,
    "headers": HEADERS,
    "self": {"$type": "shop.Shop", "content": "z" * 300, "path": "/a", "headers": HEADERS},
}


def texts(source: str, names: dict[str, Any] = LOCALS) -> list[str]:
    frame = {"file": "shop.py", "function": "Shop.sell", "line": 2, "source": source, "locals": names}
    raised = {"type": "KeyError", "message": "x", "relation": "raised", "frames": [frame]}
    return [piece.text for piece in state_pieces(cast(AgentState, {"exceptions": [raised]}), "0dba469d")]


def test_what_the_statement_names_comes_first_and_classes_and_headers_last() -> None:
    _, *lines = texts("return Response(self.path, self.missing)")
    assert lines[0] == "  self.path = '/a'"
    assert [line.split(" = ")[0] for line in lines[1:]] == ["  self", "  amount", "  headers", "  Response"]


def test_a_long_value_shows_its_short_parts_and_says_how_to_get_all() -> None:
    line = next(text for text in texts("return 1") if text.startswith("  self = "))
    assert line.startswith("  self = Shop(path='/a', content='zzz")
    assert line.endswith("(all: debugloop value 0dba469d 'frames[-1].locals.self')")


def test_a_long_attribute_in_the_statement_has_a_path_of_its_own() -> None:
    assert texts("return self.content")[1].endswith("(all: debugloop value 0dba469d 'frames[-1].locals.self.content')")


def test_pages_give_every_line_once() -> None:
    pieces = [Piece(number % 4, f"line {number} {'x' * number}", below=number % 3 == 1) for number in range(40)]
    pages = [fitted(pieces, 300, "debugloop show X --page", page) for page in range(1, 20)]
    lines = [line for page in pages for line in page.splitlines() if line.startswith("line")]
    assert sorted(lines) == sorted(piece.text for piece in pieces)
    assert all(len(page) <= 300 for page in pages)
    assert pages[0].splitlines()[-1].endswith("more lines: debugloop show X --page")
    assert fitted(pieces, 300, "", 1_000_000_000) == ""
