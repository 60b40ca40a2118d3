"""A snapshot is looked at as a whole, and no secret slips through because of that, be it the only one."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_debugloop.capture.redact import REDACTED, Redactor
from tests.unit.shown import numbered_names, shown, shown_names

SECRET = "correct-horse-7"
# Names that are not told from keys by anything but a shape.
GITHUB, AWS = "gh" + "p_" + "a1B2" * 9, "a1B2C3d4E5" * 4


@pytest.mark.parametrize("key", [GITHUB, "AKIA" + "A1B2" * 4, AWS])
def test_a_secret_that_is_a_key_is_taken_out_of_each_snapshot_and_not_only_of_the_first(key: str) -> None:
    redactor = Redactor()
    for _ in range(3):
        assert key not in str(shown({key: 1}, redactor=redactor))
        assert key not in str(shown(type("Holder", (), {})(), redactor=redactor) | shown({key: {}}, redactor=redactor))


def test_a_known_secret_is_found_among_keys_that_were_met_before() -> None:
    redactor = Redactor()
    for _ in range(2):
        shown({"hunter2hunter2": 1}, redactor=redactor)
        found = shown_names([("password", "hunter2hunter2"), ("hunter2hunter2", 1)], redactor=redactor)
        assert found == {"password": REDACTED, REDACTED: 1}


@pytest.mark.parametrize(
    "value",
    [
        f"y {SECRET} " + "z " * 2_000,
        f"y {SECRET} ".encode(),
        bytearray(f"y {SECRET} ".encode()),
        [f"y {SECRET}"] * 10,
        {f"y {SECRET}": 1},
        {("a", f"y {SECRET}"): 1},
        ValueError(f"y {SECRET}"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_known_secret_is_found_where_one_text_alone_has_it(value: object) -> None:
    found = str(shown_names([("password", SECRET), ("x", value)]))
    assert SECRET not in found
    assert "y [redacted: key]" in found


@pytest.mark.parametrize("text", ["pwd='a'", "jwt='q'", "dsn='x'"])
def test_a_text_need_not_be_long_to_tell_a_secret(text: str) -> None:
    assert shown(text) == f"{text[:5]}{REDACTED}'"


@pytest.mark.parametrize(
    "text", ["--wobble abcdef-123", "assert 'abcdef-123' == 'x'\n +  where 'abcdef-123' = c.wobble()"]
)
def test_a_name_that_the_user_adds_is_found_in_a_snapshot_without_another_sign(text: str) -> None:
    redactor = Redactor(names=["wobble"])
    assert "abcdef-123" not in redactor.text(text)
    assert "abcdef-123" not in str(shown_names([("a", "before"), ("b", text), ("c", "after")], redactor=redactor))


@pytest.mark.parametrize("name", ["SHOP123456", AWS])
def test_a_reference_to_what_lies_under_a_secret_does_not_tell_it(name: str) -> None:
    shared = [1]
    found = str(shown({"a": {name: [shared]}, "b": [[[[shared]]]]}, redactor=Redactor(patterns=[r"^SHOP\d{6}$"])))
    assert "$ref" in found
    assert name not in found


def test_what_was_clean_in_one_snapshot_is_taken_out_of_another_where_it_is_a_secret_there() -> None:
    redactor = Redactor()
    for _ in range(2):
        names = [("a", SECRET), ("b", [f"<{SECRET}>"] * 9)]
        assert shown_names(names, redactor=redactor) == dict(names)
        found = shown_names([*names, ("password", SECRET)], redactor=redactor)
        assert found == {"a": REDACTED, "b": [f"<{REDACTED}>"] * 9, "password": REDACTED}


def test_a_text_of_a_class_of_its_own_is_written_without_running_its_code() -> None:
    class Sly(str):
        __slots__ = ()

        def __hash__(self) -> int:
            raise AssertionError

        __eq__ = __str__ = __hash__  # type: ignore[assignment]

    found = numbered_names([("a", Sly("words")), ("b", [Sly("words")] * 9), ("c", {"password": Sly(SECRET)})])
    assert found["a"]["$value"] == found["b"][0]["$value"] == "words"
    assert found["c"] == {"password": "[redacted: key #1]"}


def test_texts_that_are_not_fit_for_postgresql_are_looked_at_as_they_are_written() -> None:
    found: Any = shown({"a": "x\0y", "b": ["\ud800"] * 20}, redactor=Redactor(patterns=[r"^[ -~]{6}$"]))
    assert found == {"a": "[redacted: pattern]", "b": ["[redacted: pattern]"] * 20}
    assert shown({"a": "x\0y", "b": ["\ud800"]}) == {"a": "x\\x00y", "b": ["\\ud800"]}


def test_marks_have_the_same_numbers_however_many_texts_are_looked_at_together() -> None:
    texts = [f"text number {n}" for n in range(48)]
    found = numbered_names([("password", SECRET), ("texts", [*texts, f"<{SECRET}>", "token='other-thing-3'"])])
    assert found["texts"] == [*texts, "<[redacted: key #1]>", "token='[redacted: key #2]'"]
