"""Two secrets of one snapshot can be told apart, and nothing more is told of them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_debugloop.capture.exceptions import CapturedException
from pytest_debugloop.capture.fingerprint import fingerprint_of
from pytest_debugloop.capture.redact import Redactor
from pytest_debugloop.capture.secret_marks import NumberedMarks, without_numbers
from pytest_debugloop.capture.secret_names import SecretNames
from pytest_debugloop.replay.partial import Withheld
from pytest_debugloop.replay.values import Recording
from pytest_debugloop.snapshots.agent_state import AgentState
from pytest_debugloop.snapshots.changes import failure_changes
from pytest_debugloop.snapshots.states import recorded_state
from tests.unit.shown import numbered_names

ONE, TWO = "[redacted: key #1]", "[redacted: key #2]"


def numbered(text: str, **more: Any) -> str:
    return Redactor(**more).text(text, marks=NumberedMarks())


def test_both_sides_of_an_assertion_are_told_apart() -> None:
    assert numbered("assert 'mycookie=abcd' == 'mycookie=wxyz'") == f"assert 'mycookie={ONE}' == 'mycookie={TWO}'"
    assert numbered("assert 'mycookie=abcd' == 'mycookie=abcd'") == f"assert 'mycookie={ONE}' == 'mycookie={ONE}'"


def test_equal_secrets_have_one_number_in_all_places() -> None:
    found = numbered_names(
        [
            ("password", "correct-horse-7"),
            ("token", "wrong-battery-9"),
            ("says", "password='wrong-battery-9', then correct-horse-7, and cookie: other-thing-3"),
            ("nested", [{"api_key": "correct-horse-7"}]),
        ]
    )
    assert (found["password"], found["token"]) == (ONE, TWO)
    assert found["says"] == f"password='{TWO}', then {ONE}, and cookie: [redacted: key #3]"
    assert found["nested"] == [{"api_key": ONE}]


def _nested(depth: int) -> list[Any]:
    found: list[Any] = []
    for _ in range(depth):
        found = [found]
    return found


@pytest.mark.parametrize(
    ("first", "second", "are_equal"),
    [
        ("1234", 1234, False),
        ("abcdefgh", b"abcdefgh", False),
        (b"abcdefgh", b"abcdefgh", True),
        (["a", {"b": 1}], ["a", {"b": 1}], True),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ({"a": 1}, {"a": 2}, False),
        ({1, 2}, {2, 1}, True),
        ([1], (1,), False),
        (1, True, False),
        (1.5, 1.5, True),
        (["x"] * 10_000, ["x"] * 10_000, False),
        (10**5000, 10**5000, True),
        (b"x" * 20_000, b"x" * 20_000, True),
        (_nested(3_000), _nested(3_000), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_of_plain_types_are_compared_and_large_ones_by_identity(
    first: object, second: object, are_equal: bool
) -> None:
    found = numbered_names([("password", first), ("token", second if type(second) is bool else _copy(second))])
    if type(second) is bool:
        assert found == {"password": ONE, "token": True}
    else:
        assert found == {"password": ONE, "token": ONE if are_equal else TWO}


def _copy(value: Any) -> Any:
    return type(value)(value) if type(value) in (list, dict, set) else value


def test_no_code_of_an_object_is_run_to_compare_it() -> None:
    class Sly:
        def __eq__(self, other: object) -> bool:
            raise AssertionError

        def __hash__(self) -> int:
            raise AssertionError

    one = Sly()
    assert numbered_names([("password", one), ("token", Sly()), ("secret", one)]) == {
        "password": ONE,
        "token": TWO,
        "secret": ONE,
    }

    class Text(str):
        __slots__ = ()
        __eq__ = Sly.__eq__
        __hash__ = Sly.__hash__

    assert numbered_names([("password", [Text("a")])]) == {"password": ONE}


def test_what_pytest_has_cut_has_the_number_of_the_whole_and_is_not_told() -> None:
    cut = "assert 'mycookie=sid...f0123456' == 'authorizatio...cba98765'\n  - authorization_cookie=sid-fedcba98765\n"
    shown = numbered(cut + "  + mycookie=sid-abcdef0123456\n")
    assert shown == (
        f"assert 'mycookie={ONE}' == 'authorizatio{TWO}'\n  - authorization_cookie={TWO}\n  + mycookie={ONE}\n"
    )
    assert numbered("loading ... done, 'a...b'") == "loading ... done, 'a...b'"


@given(st.text(max_size=300))
def test_redaction_with_numbers_is_stable(text: str) -> None:
    marks = NumberedMarks()
    redactor = Redactor()
    once = redactor.text(text, marks=marks)
    assert redactor.text(once, marks=marks) == once
    assert without_numbers(once) == without_numbers(redactor.text(text))


def test_a_number_tells_nothing_of_the_secret() -> None:
    first = [numbered(f"password={secret}") for secret in ("aaaa", "zzzz" * 9, "0123")]
    assert set(first) == {f"password={ONE}"}


def test_a_failure_has_the_same_fingerprint_whatever_the_numbers() -> None:
    def named(message: str) -> str:
        return fingerprint_of(CapturedException("raised", "AssertionError", message, [], []))

    plain = "assert 'mycookie=[redacted: key]' == 'x' " * 20
    assert named(plain.replace("key]", "key #7]")) == named(plain) == named(plain.replace("key]", "key #123]"))


def test_secrets_that_only_have_other_numbers_are_no_difference() -> None:
    def state(number: int) -> AgentState:
        frame = {"function": "test", "locals": {"token": f"[redacted: key #{number}]", "n": 1}}
        raised = {"type": "E", "message": f"no [redacted: jwt #{number}]", "frames": [frame]}
        found = recorded_state({"schema": 1, "exceptions": [raised]})
        assert found is not None
        return found

    assert failure_changes(state(1), state(2)) == {"changes": []}


def test_a_debugger_knows_a_numbered_secret_for_one() -> None:
    assert type(Recording({}).value(ONE)) is Withheld
    assert type(Recording({}).value("[redacted: private key #12]")) is Withheld


def test_excepted_names_are_shown_and_shapes_are_not() -> None:
    more = {"shown": ["*cookie*", "sid"]}
    assert numbered("mycookie=abcd == mycookie=wxyz", **more) == "mycookie=abcd == mycookie=wxyz"
    key = "gh" + "p_" + "a1B2" * 9
    assert numbered(f"mycookie={key}, token=abcd", **more) == f"mycookie=[redacted: github token #1], token={TWO}"
    found = numbered_names([("mycookie", "abcdefgh"), ("token", "wxyzwxyz"), ("url", "x://u:abcdefghi@h")], **more)
    assert found == {"mycookie": "abcdefgh", "token": ONE, "url": "x://[redacted: url #2]@h"}


def test_an_exception_goes_before_names_that_were_added_but_not_before_what_is_never_kept() -> None:
    names = SecretNames(["sid"], ["*_blob"], ["sid*", "*"])
    assert not names.is_secret("sid")
    assert not names.is_secret("password")
    assert names.kind("x_blob") == 4
