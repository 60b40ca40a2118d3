"""A question is a value: connections that wait and those that do not give the same answers to it."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg
import pytest

from pytest_debugloop.answers.async_connection import open_record_async
from pytest_debugloop.answers.comparison import compare, side
from pytest_debugloop.answers.connection import open_record
from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.answers.lookup import find
from pytest_debugloop.answers.record import AsyncRecord, Record
from pytest_debugloop.answers.runs import last_run
from pytest_debugloop.database.embedded import embedded_server
from pytest_debugloop.database.migrate import migrate, rollback
from pytest_debugloop.database.migration_files import available
from pytest_debugloop.errors import (
    DatabaseUnreachableError,
    NoRecordError,
    NoSchemaError,
    NotFoundError,
    SchemaTooOldError,
)
from pytest_debugloop.queries.failures import failure_groups
from pytest_debugloop.queries.question import Question
from pytest_debugloop.queries.recoveries import recoveries
from pytest_debugloop.queries.runs import run_of, runs
from tests.support.environment import clean_environment

if TYPE_CHECKING:
    from tests.support.projects import Project
    from tests.support.servers import Server

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


def test_a_record_is_opened_without_blocking_as_it_is_with(shop: Project) -> None:
    location = RecordLocation.from_settings({"debugloop_dir": str(shop.folder / ".debugloop")})

    async def ask() -> Any:
        async with open_record_async(location) as record:
            with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
                async with record.connection.transaction():
                    await record.connection.execute("CREATE TABLE more ()")
            return await record.answer(last_run())

    with open_record(location) as record:
        assert asyncio.run(ask()) == record.answer(last_run())


def test_what_is_no_record_is_said_without_blocking_too(any_postgres: Server, tmp_path: Path) -> None:
    async def ask(**given: str) -> None:
        async with open_record_async(RecordLocation.from_settings(given)):
            pass

    with pytest.raises(NoRecordError, match=str(tmp_path)):
        asyncio.run(ask(debugloop_dir=str(tmp_path)))
    with pytest.raises(NoSchemaError, match="no record in schema nobodys"):
        asyncio.run(ask(debugloop_dsn=any_postgres.conninfo, debugloop_schema="nobodys"))
    with pytest.raises(DatabaseUnreachableError, match="host=/nowhere"):
        asyncio.run(ask(debugloop_dsn="host=/nowhere password=secret"))


def test_an_older_record_is_told_from_one_of_today(any_postgres: Server) -> None:
    with any_postgres.schema() as schema, psycopg.connect(any_postgres.conninfo, autocommit=True) as connection:
        migrate(connection, schema)
        rollback(connection, schema, to=available()[-2].version)

        async def ask() -> None:
            location = RecordLocation.from_settings(
                {"debugloop_dsn": any_postgres.conninfo, "debugloop_schema": schema}
            )
            async with open_record_async(location):
                pass

        with pytest.raises(SchemaTooOldError, match="run `debugloop migrate`"):
            asyncio.run(ask())


def test_a_server_is_left_when_its_opener_is_cancelled(shop: Project, tmp_path: Path) -> None:
    folder = tmp_path / ".debugloop"
    shutil.copytree(shop.folder / ".debugloop", folder, ignore=shutil.ignore_patterns("postgres"))
    with embedded_server(folder):
        pass  # it has data now
    location = RecordLocation.from_settings({"debugloop_dir": str(folder)})

    async def open_and_cancel() -> None:
        async def opened() -> None:
            async with open_record_async(location):
                pass

        task = asyncio.ensure_future(opened())
        await asyncio.sleep(0)  # it has begun to start the server
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(open_and_cancel())
    assert not (folder / "postgres" / "postmaster.pid").exists()


ASKED = """
import sys
import pytest_debugloop
assert "psycopg" not in sys.modules
with pytest_debugloop.connect() as record:
    groups = record.failures()
    history = record.history("test_unknown_article", limit=3)
    compared = record.compare()
    flaky = record.flaky_tests(everything=True)
assert not {"pytest", "_pytest", "click", "rich"} & set(sys.modules), "imported"
print(len(groups), len(history), compared.head.kind, len(flaky) > 0)
"""


@pytest.mark.process
def test_a_program_reads_the_record_of_its_directory_without_importing_pytest(shop: Project) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ASKED],
        cwd=shop.folder,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    groups, history, kind, is_scored = done.stdout.split()
    assert (int(groups) > 3, int(history), kind, is_scored) == (True, 3, "run", "True")
