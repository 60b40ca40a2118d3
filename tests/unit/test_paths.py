"""Names of recorded values lead to them, and say what is there where they lead nowhere."""

from __future__ import annotations

from typing import Any, cast

import pytest

from pytest_debugloop.errors import NotAPathError, NoValueError
from pytest_debugloop.snapshots.agent_state import AgentState
from pytest_debugloop.snapshots.paths import found_at, frames_path, joined

SELF = {
    "$type": "shop.Shop",
    "path": "/a",
    "$attributes": {"more": 1},
    "again": {"$ref": "/exceptions/0/frames/1/locals/it"},
}
STATE = cast(
    AgentState,
    {
        "schema": 1,
        "exceptions": [
            {
                "type": "KeyError",
                "message": "x",
                "relation": "raised",
                "frames": [
                    {"file": "t.py", "function": "test", "line": 1, "source": "", "locals": {"a b": [1, {"c": 2}]}},
                    {
                        "file": "s.py",
                        "function": "f",
                        "line": 2,
                        "source": "",
                        "locals": {
                            "self": SELF,
                            "it": {"$type": "tuple", "$items": ["one", "two"]},
                            "$$ref": "own",
                            "text": {"content-type": "json", "a/b~c": "odd"},
                        },
                    },
                    {"file": "lib.py", "function": "g", "line": 3, "source": "", "is_folded": True},
                ],
            }
        ],
        "fixtures": {"client": {"$ref": "/exceptions/0/frames/1/locals/self"}, "loop": {"$ref": "/fixtures/loop"}},
        "captured": {"call stdout": {"text": "out"}},
    },
)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("frames[-1].locals.self.path", "/a"),
        ("frames[-1].locals.self.more", 1),
        ("frames[1].locals.self.again[0]", "one"),
        ("frames[-1].locals.it[-1]", "two"),
        ("frames[-1].locals['$ref']", "own"),
        ("frames[-1].locals.text['content-type']", "json"),
        ('frames[-1].locals.text["a/b~c"]', "odd"),
        ("frames[-2].locals['a b'][1].c", 2),
        ("exceptions[0].frames[-1].file", "lib.py"),
        ("fixtures.client.path", "/a"),
        ("captured['call stdout'].text", "out"),
    ],
)
def test_a_path_leads_to_a_value(path: str, value: object) -> None:
    found: Any = found_at(STATE, path)
    assert found.value == value


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("frames[-3]", "frames has [0], [1]"),
        ("frames[-1].locals.nothing", r"frames[-1].locals has self, it, ['$ref'], text"),
        ("frames[-1].locals.self.path.x", "frames[-1].locals.self.path has no parts"),
        ("nothing", "the state has frames, schema, exceptions, fixtures, captured"),
        ("frames[-1].locals.$type", ""),
        ("fixtures.loop.x", ""),
        ("frames[-1]locals", ""),
        (".frames", ""),
        ("frames[x]", ""),
        ("frames\x1b[2J", ""),
    ],
)
def test_a_path_that_leads_nowhere_says_what_is_there(path: str, hint: str) -> None:
    with pytest.raises((NoValueError, NotAPathError)) as raised:
        found_at(STATE, path)
    assert hint in str(raised.value)
    assert "\x1b" not in str(raised.value)


def test_frames_are_named_from_the_innermost_of_the_project() -> None:
    assert [frames_path(STATE, (0, place)) for place in range(3)] == [
        "frames[-2]",
        "frames[-1]",
        "exceptions[0].frames[2]",
    ]
    assert (joined("a", "b"), joined("a", "it's")) == ("a.b", 'a["it\'s"]')
