"""Recorded frames are real ones, which any debugger takes."""

from __future__ import annotations

import inspect
import json
import sys
import traceback
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

import pytest

from pytest_debugloop.replay.frames import RecordedException, rebuild, sources_of
from pytest_debugloop.replay.sources import listed, whole
from pytest_debugloop.snapshots.agent_state import AgentState
from pytest_debugloop.snapshots.frames import contexts_of, files_of
from pytest_debugloop.snapshots.states import recorded_state
from tests.unit.recorded import state_of

HERE = Path(__file__)
ROOT = HERE.parent
TEXT = HERE.read_text(encoding="utf-8")


class Shop:
    def sell(self, article: str, *, count: int = 1) -> int:
        price = {"apple": 2}
        return price[article] * count


def ask(shop: Shop) -> int:
    order = ["pear", {"count": 3}]
    return sum(shop.sell(str(article)) for article in order[:1])


def chain() -> None:
    try:
        ask(Shop())
    except KeyError as error:
        try:
            raise ValueError("not \x1b[2Ksold") from error
        except ValueError:
            raise OSError("closed")  # noqa: B904 - with the other as context


def rebuilt(state: AgentState, **sources: Any) -> list[RecordedException]:
    return rebuild(state, "/nowhere", {HERE.name: whole(TEXT), **sources})


def state_with(*frames: dict[str, Any], **exception: Any) -> AgentState:
    """A state that somebody stored."""
    given = {"relation": "raised", "type": "E", "message": "", "frames": frames, **exception}
    state = recorded_state(json.loads(json.dumps({"schema": 1, "exceptions": [given], "fixtures": {}})))
    assert state is not None
    return state


def test_frames_have_the_file_function_line_and_locals_that_were_recorded() -> None:
    state = state_of(lambda: ask(Shop()), ROOT)
    (raised,) = rebuilt(state)
    frames = raised.frames[1:]  # without the lambda
    recorded = state["exceptions"][0]["frames"][1:]
    for frame, node in zip(frames, recorded, strict=True):
        code = frame.frame.f_code
        assert isinstance(frame.frame, FrameType)
        assert code.co_filename == frame.path == f"/nowhere/{HERE.name}"
        assert (frame.frame.f_lineno, frame.line) == (node["line"], node["line"])
        assert code.co_name == node["function"].rpartition(".")[2]
        assert set(frame.frame.f_locals) == set(node["locals"])
    assert [frame.frame.f_code.co_name for frame in frames] == ["ask", "<genexpr>", "sell"]
    assert frames[0].frame.f_locals["order"] == ["pear", {"count": 3}]
    assert frames[2].frame.f_locals["self"] is frames[0].frame.f_locals["shop"]


def test_a_frame_evaluates_expressions_on_the_recorded_values() -> None:
    (raised,) = rebuilt(state_of(lambda: ask(Shop()), ROOT))
    frame = raised.frames[-1].frame
    assert eval("[len(article), sorted(price)]", frame.f_globals, frame.f_locals) == [4, ["apple"]]
    with pytest.raises(NameError):
        eval("Shop", frame.f_globals, frame.f_locals)


def test_the_traceback_runs_through_all_frames_and_is_printed_with_the_source() -> None:
    state = state_of(lambda: ask(Shop()), ROOT)
    exceptions = rebuilt(state)
    with listed(sources_of(exceptions)):
        text = "".join(
            traceback.format_exception(type(exceptions[0].error), exceptions[0].error, exceptions[0].traceback)
        )
    lines = [line.strip() for line in text.splitlines()]
    assert "return price[article] * count" in lines
    assert not [line for line in lines if line and not line.strip("^~")]
    assert lines[-1] == "KeyError: 'pear'"
    entries = []
    at: TracebackType | None = exceptions[0].traceback
    while at is not None:
        entries.append((at.tb_frame, at.tb_lineno))
        at = at.tb_next
    assert entries == [(frame.frame, frame.line) for frame in exceptions[0].frames]


def test_the_whole_function_is_what_inspect_finds() -> None:
    exceptions = rebuilt(state_of(lambda: ask(Shop()), ROOT))
    with listed(sources_of(exceptions)):
        lines, first = inspect.getsourcelines(exceptions[0].frames[-1].frame)
    assert "".join(lines) == inspect.getsource(Shop.sell)
    assert first == Shop.sell.__code__.co_firstlineno


def test_exceptions_are_tied_as_they_were() -> None:
    raised, context, cause = rebuilt(state_of(chain, ROOT))
    assert (raised.relation, context.relation, cause.relation) == ("raised", "context", "cause")
    assert raised.error.__context__ is context.error
    assert context.error.__cause__ is cause.error
    assert [type(one.error).__name__ for one in (raised, context, cause)] == ["OSError", "ValueError", "KeyError"]
    assert not isinstance(raised.error, OSError)
    assert repr(context.error) == "<recorded ValueError: not \\x1b[2Ksold>"


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.10 has no groups")
def test_members_of_a_group_and_notes_are_kept() -> None:
    def grouped() -> None:
        group = ExceptionGroup("many", [KeyError("a"), KeyError("b")])  # type: ignore[name-defined,unused-ignore]  # noqa: F821
        group.add_note("look here")
        raise group

    group, first, second = rebuilt(state_of(grouped, ROOT))
    assert group.error.exceptions == (first.error, second.error)  # type: ignore[attr-defined]
    assert vars(group.error)["__notes__"] == ["look here"]
    assert first.traceback is None


def test_the_session_starts_at_the_innermost_frame_of_the_project() -> None:
    state = state_of(lambda: json.loads("["), ROOT)
    (raised,) = rebuilt(state)
    assert [frame.is_folded for frame in raised.frames] == [False, True, True, True]
    assert raised.start == 0
    folded = raised.frames[-1]
    assert dict(folded.frame.f_locals) == {}
    assert folded.source.lines[folded.line] == state["exceptions"][0]["frames"][-1]["source"]
    assert folded.source.unknown(folded.line - 1, folded.line) == [(folded.line - 1, folded.line - 1)]


def test_without_the_files_the_lines_around_each_frame_are_known() -> None:
    state = state_of(lambda: ask(Shop()), ROOT)
    assert files_of(state["exceptions"]) == [HERE.name]
    frame = rebuild(state, "/nowhere")[0].frames[-1]
    assert frame.source.lines[frame.line] == "        return price[article] * count"
    assert all(line == TEXT.split("\n")[number - 1] for number, line in frame.source.lines.items())
    assert len(contexts_of(state["exceptions"], HERE.name)) == len(state["exceptions"][0]["frames"])


HOSTILE = {
    "file": "../a\x1b]0;x\x07\u202e.py", "function": "f\x1b[2J.<locals>.g\n", "line": 10**30,
    "source": "x\x1b", "locals": {"a\x1b": {"$type": "T\x1b[31m", "x": 1}},
}  # fmt: skip


def test_no_control_character_of_a_record_is_in_what_a_debugger_prints() -> None:
    (one,) = rebuild(state_with(HOSTILE, type="E\x1b"), "/r")
    code = one.frames[0].frame.f_code
    assert all(
        text.isprintable() for text in (code.co_filename, code.co_name, repr(one.error), type(one.error).__name__)
    )
    assert repr(dict(one.frames[0].frame.f_locals)).isprintable()


@pytest.mark.parametrize("line", [None, 0, -5, 1, 7, 10**6, 10**7])
def test_any_line_makes_a_frame(line: int | None) -> None:
    node = {"file": "<string>", "function": "f", "line": line, "source": ""}
    (one,) = rebuild(state_with(node), "/r")
    frame = one.frames[0].frame
    assert (frame.f_code.co_filename, frame.f_lineno) == ("<string>", max(line or 1, 1))


def test_a_state_without_exceptions_has_nothing_to_look_at() -> None:
    assert rebuild({"schema": 1, "exceptions": [], "fixtures": {}}, "/r") == []


@pytest.mark.parametrize("junk", [None, True, 0, -1, 1.5, 10**30, "", "x\x1b\ud800", [], [1], {}, {"$ref": ""}, [[]]])
@pytest.mark.parametrize(
    "place",
    [
        ("exceptions",),
        ("exceptions", 0),
        *(("exceptions", 0, key) for key in ("type", "message", "notes", "relation", "parent", "frames")),
        ("exceptions", 0, "frames", 0),
        *(("exceptions", 0, "frames", 0, key) for key in ("file", "function", "line", "source", "context", "locals")),
        *(("exceptions", 0, "frames", 0, "context", key) for key in ("first", "lines")),
    ],
)
def test_json_that_is_no_snapshot_has_no_frames_and_does_no_harm(junk: Any, place: tuple[Any, ...]) -> None:
    found = json.loads(json.dumps(state_of(lambda: ask(Shop()), ROOT)))
    part = found
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] = junk
    state = recorded_state(found)
    if state is None:
        assert place == ("exceptions",)
        return
    for one in rebuild(state, "/nowhere"):
        assert all(1 <= frame.line <= 10_000_000 for frame in one.frames)
        assert repr(one.error).isprintable()
    assert all(isinstance(file, str) for file in files_of(state["exceptions"]))
    assert all(first >= 1 for first, _ in contexts_of(state["exceptions"], HERE.name))
