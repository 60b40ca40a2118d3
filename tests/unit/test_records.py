"""What is written is what PostgreSQL reads."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pytest_debugloop.journal.records import (
    ErrorEvent,
    Finish,
    Snapshot,
    clean_text,
    json_line,
    json_string,
    json_text,
    plain_text,
)
from pytest_debugloop.journal.step_lines import (
    call_and_teardown_passed,
    setup_passed,
    step_ended,
    step_head,
    step_started,
    step_suffix,
    steps_before,
)

TEXT = st.text(st.characters(exclude_categories=()))  # lone surrogates too


@given(TEXT)
def test_clean_text_is_fit_for_postgresql(text: str) -> None:
    cleaned = clean_text(text)
    assert "\0" not in cleaned
    cleaned.encode("utf-8")


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")))
def test_text_that_is_fit_is_left_as_it_is(text: str) -> None:
    assert clean_text(text) == text
    assert json.loads(json_string(text)) == text


@given(TEXT)
def test_a_string_is_json_in_ascii(text: str) -> None:
    encoded = json_string(text)
    assert encoded.isascii()
    assert "\0" not in json.loads(encoded)
    assert json.loads(encoded) == clean_text(text)


@given(TEXT, TEXT, st.integers(1, 99), st.integers(1, 10**9), st.integers(10**15, 2 * 10**15), st.integers(0, 10**9))
def test_the_lines_of_a_step_are_json_and_say_what_they_were_given(
    node_id: str, task: str, attempt: int, n: int, started: int, lasted: int
) -> None:
    head, suffix = step_head(n, "call", started), step_suffix(node_id, attempt, task)
    begun, ended = step_started(head, suffix), step_ended(head, suffix, started + lasted, "passed", 2, '"reason":"x",')
    same = {"kind": "step", "n": n, "phase": "call", "started": started, "attempt": attempt}
    same["node_id"] = clean_text(node_id)
    if task != node_id:
        same["task"] = clean_text(task)
    assert json.loads(begun) == same | {"rev": 0}
    assert json.loads(ended) == same | {"rev": 2, "ended": started + lasted, "outcome": "passed", "reason": "x"}
    # The loader tells the lines apart by these bytes.
    assert begun.startswith(f'{{"kind":"step","rev":0,"n":{n},')
    assert ended.startswith('{"kind":"step","rev":2,')
    assert begun.count("\n") == ended.count("\n") == 1


@given(
    TEXT,
    st.integers(1, 10**9),
    st.integers(10**15, 2 * 10**15),
    st.lists(st.integers(0, 10**9), min_size=3, max_size=3),
)
def test_lines_of_a_test_that_are_put_together_in_one_go_are_those_of_its_steps(
    node_id: str, n: int, started: int, lasted: list[int]
) -> None:
    set_up, called, torn_down = (started + sum(lasted[: phase + 1]) for phase in range(3))
    suffix = step_suffix(node_id, 1, node_id)
    after = f'"after":[{n},{started}],'
    after_both = f'"after":[{n},{started},{n + 1},{set_up}],'
    setup, call, teardown = (
        step_head(n, "setup", started),
        step_head(n + 1, "call", set_up),
        step_head(n + 2, "teardown", called),
    )
    assert setup_passed(f"{n}", f"{started}", f"{set_up}", f"{n + 1}", after, suffix) == (
        step_ended(setup, suffix, set_up, "passed") + step_started(call, after + suffix)
    )
    call_passed = step_ended(call, after + suffix, called, "passed")
    # Of numbers and of their texts.
    of_texts = step_ended(step_head(f"{n + 1}", "call", f"{set_up}"), after + suffix, f"{called}", "passed")
    assert of_texts == call_passed
    assert steps_before("", f"{n}", f"{started}") == after
    assert steps_before(after, f"{n + 1}", f"{set_up}") == after_both
    assert call_and_teardown_passed(
        f"{n + 1}", f"{set_up}", f"{called}", f"{n + 2}", f"{torn_down}", after, suffix
    ) == call_passed + step_ended(teardown, after_both + suffix, torn_down, "passed")


@given(st.dictionaries(TEXT.map(clean_text), TEXT.map(clean_text) | st.integers() | st.none()), TEXT)
def test_a_state_that_is_json_already_stands_in_its_line_as_one_that_is_not(state: dict[str, Any], text: str) -> None:
    line = Snapshot(n=1, at=2, type="error", description=text, state=state, depth=3).to_line()
    written = Snapshot(n=1, at=2, type="error", description=text, state=json_text(state), depth=3).to_line()
    assert json.loads(written) == json.loads(line)
    assert len(written) == len(line)
    assert len(json_text(state)) == len(json_line(state)) - 1
    assert written.isascii()
    assert written.endswith(b"}\n")
    assert written.count(b"\n") == 1


def test_what_is_none_is_left_out() -> None:
    line = ErrorEvent(1, None, 2, "t", "a", "b", "c", "m", "C", None, None, {"k": None}).to_line()
    assert json.loads(line) == {
        "kind": "error",
        "n": 1,
        "at": 2,
        "node_id": "t",
        "type": "a",
        "category": "b",
        "severity": "c",
        "message": "m",
        "code": "C",
        "metadata": {"k": None},
    }
    assert b"exit_status" not in Finish(at=1, exit_status=None, interrupted=False, problems=[]).to_line()


def test_a_coloured_text_is_plain_wherever_pytest_cuts_it() -> None:
    coloured = (
        "is \x1b[0m[\x1b[94m1\x1b[39;49;00m, \x1b[33m'\x1b[39;49;00mm\x1b[33m'\x1b[39;49;00m]\x1b[90m\x1b[39;49;00m"
    )
    plain = "is [1, 'm']"
    assert plain_text(coloured) == plain
    for size in range(len(coloured)):
        assert plain.startswith(plain_text(coloured[:size]))
        assert plain.startswith(plain_text(coloured[:size] + "...").removesuffix("..."))


def test_what_is_no_colour_stays_as_it_is() -> None:
    for text in ("", "plain", "[31m", "\x1b[2K", "\x1b]8;;", "a \x1b b"):
        assert plain_text(text) == text
