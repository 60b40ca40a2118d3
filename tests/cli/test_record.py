"""A question is a value: connections that wait and those that do not give the same answers to it."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg
import pytest

from pytest_debugloop.answers.comparison import compare, side
from pytest_debugloop.answers.lookup import find
from pytest_debugloop.answers.record import AsyncRecord, Record
from pytest_debugloop.answers.runs import last_run
from pytest_debugloop.database.embedded import embedded_server
from pytest_debugloop.errors import NotFoundError
from pytest_debugloop.queries.failures import failure_groups
from pytest_debugloop.queries.question import Question
from pytest_debugloop.queries.recoveries import recoveries
from pytest_debugloop.queries.runs import run_of, runs

if TYPE_CHECKING:
    from tests.support.projects import Project

T = TypeVar("T")
_ENTER = "SET search_path TO agent_observability, public"


@pytest.fixture
def waiting(shop: Project) -> Callable[[Callable[[Record], T]], T]:
    def ask(questions: Callable[[Record], T]) -> T:
        with embedded_server(shop.folder / ".debugloop") as conninfo, psycopg.connect(conninfo) as connection:
            connection.execute(_ENTER)
            return questions(Record(connection))

    return ask


@pytest.fixture
def not_waiting(shop: Project) -> Callable[[Callable[[AsyncRecord], Coroutine[Any, Any, T]]], T]:
    def ask(questions: Callable[[AsyncRecord], Coroutine[Any, Any, T]]) -> T:
        async def asked() -> T:
            async with await psycopg.AsyncConnection.connect(conninfo) as connection:
                await connection.execute(_ENTER)
                return await questions(AsyncRecord(connection))

        with embedded_server(shop.folder / ".debugloop") as conninfo:
            return asyncio.run(asked())

    return ask


def test_questions_are_values_that_can_be_compared() -> None:
    id_ = uuid.uuid4()
    assert run_of(id_) == run_of(id_)
    assert run_of(id_) != run_of(uuid.uuid4())


def test_texts_are_asked_for_as_the_record_has_them() -> None:
    # What argv gives for a byte that is no UTF-8, and what no text of PostgreSQL has.
    asked: Question[dict[str, Any]] = Question("test", dict, {"text": "a\0b\udcff", "number": 1})
    assert asked.parameters == {"text": r"a\x00b\udcff", "number": 1}


def test_rows_are_the_same_with_both_kinds_of_connection(
    waiting: Callable[..., Any], not_waiting: Callable[..., Any]
) -> None:
    def ask(record: Record) -> tuple[Any, ...]:
        return record.fetch(failure_groups()), record.first(runs(limit=1)), list(record.stream(runs()))

    async def ask_without_waiting(record: AsyncRecord) -> tuple[Any, ...]:
        first = await record.first(runs(limit=1))
        return await record.fetch(failure_groups()), first, [run async for run in record.stream(runs())]

    groups, first, streamed = waiting(ask)
    assert groups
    assert streamed[0] == first
    assert not_waiting(ask_without_waiting) == (groups, first, streamed)


def test_one_row_must_be_there(waiting: Callable[..., Any], not_waiting: Callable[..., Any]) -> None:
    nobody = run_of(uuid.UUID(int=1))
    with pytest.raises(LookupError, match="runs of "):
        waiting(lambda record: record.one(nobody))
    with pytest.raises(LookupError, match="runs of "):
        not_waiting(lambda record: record.one(nobody))
    assert waiting(lambda record: record.first(nobody)) is None


def test_an_answer_of_several_questions_is_written_once(
    waiting: Callable[..., Any], not_waiting: Callable[..., Any]
) -> None:
    def ask(record: Record) -> tuple[Any, ...]:
        recovery = record.one(recoveries(limit=1))
        sides = [
            record.one(side("error", recovery.error_event_id)),
            record.one(side("success", recovery.success_event_id)),
        ]
        return record.answer(last_run()), record.answer(compare(*sides))

    async def ask_without_waiting(record: AsyncRecord) -> tuple[Any, ...]:
        recovery = await record.one(recoveries(limit=1))
        sides = [await record.one(side("error", recovery.error_event_id))]
        sides += [await record.one(side("success", recovery.success_event_id))]
        return await record.answer(last_run()), await record.answer(compare(*sides))

    run, comparison = waiting(ask)
    assert comparison.before.kind == "error"
    assert not_waiting(ask_without_waiting) == (run, comparison)


def test_steps_that_end_early_say_why(waiting: Callable[..., Any], not_waiting: Callable[..., Any]) -> None:
    with pytest.raises(NotFoundError, match="nothing_is_called_so"):
        waiting(lambda record: record.answer(find("nothing_is_called_so")))
    with pytest.raises(NotFoundError, match="nothing_is_called_so"):
        not_waiting(lambda record: record.answer(find("nothing_is_called_so")))
