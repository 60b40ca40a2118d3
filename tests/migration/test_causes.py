"""Failures are grouped by a cause that is coarser than their fingerprint."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.migration.conftest import Connection

RUN = uuid.uuid4()


def failed(
    connection: Connection, test: str, kind: str, message: str, *frames: tuple[str, int, str, str], **metadata: Any
) -> str:
    """Add an error as the loader does, and give its cause; frames are file, line, function and source."""
    lines = [line for frame in frames for line in ('  File "{}", line {}, in {}'.format(*frame), f"    {frame[3]}")]
    places = [[file, line, "frame"] for file, line, _, _ in reversed(frames)]
    row = connection.execute(
        "INSERT INTO debug_error_events (correlation_id, run_id, task_id, error_type, error_category, error_severity,"
        " error_message, error_code, error_stack_trace, agent_name, operation_name, metadata)"
        " VALUES (%s, %s, %s, 'execution_error', 'agent', 'high', %s, %s, %s, 'pytest', %s, %s)"
        " RETURNING cause_fingerprint",
        (
            RUN,
            RUN,
            uuid.uuid5(RUN, test),
            message,
            kind,
            "\n".join([*lines, f"{kind}: {message}"]) if frames else None,
            test,
            json.dumps({"attempt": 1, "exception": kind, "code": places, **metadata}),
        ),
    ).fetchone()
    assert row is not None
    return str(row[0])


def called(line: int) -> tuple[str, int, str, str]:
    return "test_cart.py", line, f"test_{line}", f"assert Cart().total({line})"


BROKEN = ("cart.py", 3, "Cart.total", "return self.nothing + x")


def test_tests_that_fail_in_one_function_have_one_cause(migrated: Connection) -> None:
    one = failed(migrated, "test_1", "AttributeError", "no attribute 'a'", called(1), BROKEN)
    # Another line of it, another message.
    moved = ("cart.py", 9, *BROKEN[2:])
    assert failed(migrated, "test_2", "AttributeError", "no attribute 'b'", called(2), moved) == one
    assert failed(migrated, "test_3", "TypeError", "no attribute 'a'", called(3), BROKEN) != one
    assert failed(migrated, "test_4", "AttributeError", "no attribute 'a'", called(4)) != one


def test_an_assertion_is_told_by_its_function_and_the_shape_of_its_comparison(migrated: Connection) -> None:
    def asserts(message: str, source: str = "assert a == b", function: str = "check") -> str:
        return failed(migrated, "test_it", "AssertionError", message, called(1), ("helper.py", 5, function, source))

    one = asserts("assert 3 == 4")
    assert asserts("why\nassert 'a in b' == [1, 2]") == one
    assert asserts("AssertionError") == one
    assert asserts("assert 3 in [4]", "assert a in b") != one
    assert asserts("assert 3 == 4", function="other") != one


def test_what_no_frame_of_the_project_tells_is_told_by_what_it_says(migrated: Connection) -> None:
    one = failed(migrated, "test_1", "ImportError", "cannot import name 'x' (3 of 4)")
    assert failed(migrated, "test_2", "ImportError", "cannot import name 'x' (2 of 4)") == one
    assert failed(migrated, "test_2", "ImportError", "cannot import name 'y' (2 of 4)") != one


@pytest.mark.parametrize("metadata", [{"code": None}, {"code": "text"}, {"code": [1, ["a"]]}, {"code": [[{}, {}, {}]]}])
def test_metadata_of_others_keeps_no_error_from_being_stored(migrated: Connection, metadata: dict[str, Any]) -> None:
    assert failed(migrated, "test_1", "ValueError", "no", called(1), **metadata).startswith("1:")


def test_causes_of_a_run_are_listed_with_an_example(migrated: Connection) -> None:
    for number in (1, 2, 3):
        failed(migrated, f"test_{number}", "AttributeError", f"no attribute 'a{number}'", called(number), BROKEN)
    failed(migrated, "test_4", "ValueError", "no", called(4))
    rows = migrated.execute(
        "SELECT error_code, file, line, function, failures, tests, names FROM debug_failure_causes"
        " WHERE run_id = %s ORDER BY failures DESC",
        (RUN,),
    ).fetchall()
    assert rows == [
        ("AttributeError", "cart.py", 3, "Cart.total", 3, 3, ["test_1", "test_2", "test_3"]),
        ("ValueError", "test_cart.py", 4, "test_4", 1, 1, ["test_4"]),
    ]
