"""What all tools share: they ask the record in a transaction of their own, and give one whole answer in its budget."""

from __future__ import annotations

import functools
import inspect
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, ParamSpec, TypeAlias

import psycopg
from mcp_types import CallToolResult
from pydantic import BaseModel, Field

from pytest_debugloop.answers.filters import asked_project
from pytest_debugloop.answers.here import here
from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.answers.lookup import find, find_id, named_test
from pytest_debugloop.answers.reader import RecordReader
from pytest_debugloop.answers.record import Record
from pytest_debugloop.answers.runs import last_run
from pytest_debugloop.errors import DebugloopError
from pytest_debugloop.mcp.failing import error_result
from pytest_debugloop.mcp.room import result_of
from pytest_debugloop.queries import runs
from pytest_debugloop.queries.compare import last_run_here
from pytest_debugloop.queries.lookup import Found, Test, test_of
from pytest_debugloop.queries.runs import Run

P = ParamSpec("P")

LONGEST_GIVEN = 1_000
"""Characters of a name or a path that an agent gives."""

TestOrError: TypeAlias = Annotated[
    str,
    Field(min_length=1, max_length=LONGEST_GIVEN, description="id of an error or a test, or (part of) a node id"),
]
Id: TypeAlias = Annotated[str, Field(max_length=64, description="id, or its first or last characters")]
Name: TypeAlias = Annotated[str, Field(max_length=LONGEST_GIVEN)]

Answer: TypeAlias = Callable[P, CallToolResult]


def tool(method: Callable[P, BaseModel]) -> Answer[P]:
    """Send what a method answers, or what went wrong.

    Args:
        method: of :class:`Tools`; the class that it gives becomes the schema of the tool.
    """

    @functools.wraps(method)
    def call(*args: P.args, **kwargs: P.kwargs) -> CallToolResult:
        try:
            return result_of(method(*args, **kwargs))
        except (DebugloopError, psycopg.Error, OSError) as error:
            return error_result(error)

    answer = inspect.get_annotations(method, eval_str=True)["return"]
    call.__annotations__ = {
        **inspect.get_annotations(method, eval_str=True),
        "return": Annotated[CallToolResult, answer],
    }
    call.__signature__ = inspect.signature(method, eval_str=True).replace(  # type: ignore[attr-defined]
        return_annotation=Annotated[CallToolResult, answer]
    )
    return call


@dataclass(frozen=True, slots=True)
class Asking:
    """The record, for tools: a method that is one has as docstring the description that the agent reads.

    Attributes:
        location: where the record is.
        reader: keeps it open.
    """

    location: RecordLocation
    reader: RecordReader

    def run_of(self, record: Record, text: str) -> Run:
        """Find a run.

        Args:
            record: to ask.
            text: its id or a part of it; empty for the last one of this checkout, or else of the project.
        """
        if text:
            return record.one(runs.run_of(record.answer(find_id(text, "run"))))
        project = record.answer(asked_project(self.location))
        last = record.first(last_run_here(project, here(self.location)))
        return record.one(runs.run_of(last.id)) if last else record.answer(last_run(project))

    def found(self, record: Record, text: str, kinds: tuple[str, ...]) -> Found:
        """Find what an agent means.

        Args:
            record: to ask.
            text: an id, or a node id or a part of it.
            kinds: what it may be.
        """
        return record.answer(find(text, self.location.asked_project(), kinds, self.location.checkout_project()))

    def test_ids(self, record: Record, text: str) -> tuple[uuid.UUID, ...] | None:
        """Find the test that a list is to be of.

        Args:
            record: to ask.
            text: its id, or a node id or a part of it; empty for all tests.
        """
        return (self.test_of(record, text).id,) if text else None

    def test_of(self, record: Record, text: str) -> Test:
        """Find a test.

        Args:
            record: to ask.
            text: the id of the test or of one of its failures, or a node id or a part of it.
        """
        named = record.answer(named_test(text, self.location.asked_project(), self.location.checkout_project()))
        return named.test or record.one(test_of(named.id))
