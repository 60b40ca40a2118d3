"""A test that passes under another interpreter than it failed under: that is what was different."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.made_runs import MadeRun
from tests.support.records import Record

if TYPE_CHECKING:
    from tests.support.servers import Server

TEST = "test_it.py::test_it"


def python(version: str, implementation: str = "cpython") -> dict[str, object]:
    return {"interpreter": {"implementation": implementation, "version": version}, "python_version": version}


@pytest.mark.parametrize(
    ("failing", "passing", "changed", "is_language"),
    [
        (python("3.12.1"), python("3.13.0"), {"version": ["3.12.1", "3.13.0"]}, True),
        (python("3.12.1"), python("3.12.5"), {"version": ["3.12.1", "3.12.5"]}, False),
        (python("3.11.1"), python("3.11.1", "pypy"), {"implementation": ["cpython", "pypy"]}, True),
        (
            {"platform": "linux x86_64"},
            {"platform": "linux aarch64"},
            {"platform": ["linux x86_64", "linux aarch64"]},
            False,
        ),
    ],
    ids=["another language", "another patch", "another implementation", "another platform"],
)
def test_another_interpreter_is_named(
    any_postgres: Server,
    failing: dict[str, object],
    passing: dict[str, object],
    changed: dict[str, list[str]],
    is_language: bool,
) -> None:
    with any_postgres.record() as (conninfo, schema):
        record = Record(conninfo, schema)
        for at, facts in enumerate((failing, passing)):
            MadeRun({TEST: at == 1}, at, facts=facts, tree="a" * 40).load(record)
        ((strategy, evidence, confidence),) = record.connection.execute(
            "SELECT recovery_strategy, evidence, confidence_score FROM debug_error_success_correlation"
        ).fetchall()
        record.connection.close()
    assert (strategy, evidence["interpreter"]) == ("environment_change", changed)
    is_sure = evidence["situations"] == {"environment_change": ["another version of Python"]}
    assert (is_sure, confidence > 0.9) == (is_language, is_language)
