"""The API over a connection that blocks, and over one that does not: the same operations, each written once."""

from __future__ import annotations

import asyncio
import functools
import inspect
import os
import threading
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager, AbstractContextManager, nullcontext, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar, overload

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import kwargs_row

from pytest_debugloop.answers.connection import PATIENCE
from pytest_debugloop.answers.reading import register_lenient_loaders
from pytest_debugloop.answers.record import AsyncRecord, Record
from pytest_debugloop.api import events, reading, states
from pytest_debugloop.api import steps as workflow_steps
from pytest_debugloop.api.reading import Context
from pytest_debugloop.api.refusals import AnyConnection, check_usable, in_our_words
from pytest_debugloop.api.values import RunningStep
from pytest_debugloop.errors import ClosedConnectionError
from pytest_debugloop.queries.question import Row, Steps, fetch, one
from pytest_debugloop.queries.transactions import beginning, current_settings, entering, restoring

if TYPE_CHECKING:
    from typing_extensions import Self

P = ParamSpec("P")
T = TypeVar("T")


class operation(Generic[P, T]):  # noqa: N801 - it is used as a decorator would be
    """An operation of both kinds of record: a method that returns its result, or a coroutine of it.

    Args:
        steps: asks for it, question by question.
        reads: whether it writes nothing.
    """

    def __init__(self, steps: Callable[P, Steps[T]], *, reads: bool = False) -> None:
        self._steps = steps
        self._reads = reads
        self.__doc__ = steps.__doc__
        self.__wrapped__ = steps

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: DebugRecord, owner: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, instance: AsyncDebugRecord, owner: type) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is None:
            return self

        @functools.wraps(self._steps)
        def bound(*arguments: Any, **named: Any) -> Any:
            return instance.run(self._steps_of(instance, *arguments, **named), reads=self._reads)

        bound.__signature__ = self._signature()  # type: ignore[attr-defined]
        return bound

    def _steps_of(self, instance: Any, *arguments: Any, **named: Any) -> Steps[T]:
        return self._steps(*arguments, **named)

    def _signature(self) -> inspect.Signature:
        return inspect.signature(self._steps)


class located(operation[P, T]):  # noqa: N801
    """An operation that reads, and needs to know where the record is; callers do not give that.

    Args:
        steps: the same, with a :class:`Context` as its first argument.
    """

    def __init__(self, steps: Callable[Concatenate[Context, P], Steps[T]]) -> None:
        super().__init__(steps, reads=True)  # type: ignore[arg-type]  # the first argument is given below

    def _steps_of(self, instance: Any, *arguments: Any, **named: Any) -> Steps[T]:
        return super()._steps_of(instance, instance.context, *arguments, **named)

    def _signature(self) -> inspect.Signature:
        whole = super()._signature()
        return whole.replace(parameters=list(whole.parameters.values())[1:])


class StepBlock:
    """A step as a ``with`` block, or as an ``async with`` block.

    Args:
        record: writes it.
        begin: asks for the step.
    """

    def __init__(self, record: Any, begin: Steps[Any]) -> None:
        self._record = record
        self._begin = begin
        self._running: RunningStep

    def __enter__(self) -> RunningStep:
        self._running = RunningStep(self._record.run(self._begin))
        return self._running

    def __exit__(self, kind: Any, error: BaseException | None, trace: TracebackType | None) -> None:
        with _unless_masking(error):
            self._record.run(workflow_steps.end_of_block(self._running, error))

    async def __aenter__(self) -> RunningStep:
        self._running = RunningStep(await self._record.run(self._begin))
        return self._running

    async def __aexit__(self, kind: Any, error: BaseException | None, trace: TracebackType | None) -> None:
        with _unless_masking(error):
            await self._record.run(workflow_steps.end_of_block(self._running, error))


def _unless_masking(error: BaseException | None) -> AbstractContextManager[None]:
    """Let nothing that goes wrong with the record take the place of an exception that is under way."""
    return nullcontext() if error is None else suppress(Exception)


class step_operation(Generic[P]):  # noqa: N801
    """The operation that begins a step, as a block.

    Args:
        steps: begins it.
    """

    def __init__(self, steps: Callable[P, Steps[Any]]) -> None:
        self._steps = steps
        self.__doc__ = steps.__doc__
        self.__wrapped__ = steps

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: DebugRecord, owner: type) -> Callable[P, AbstractContextManager[RunningStep]]: ...
    @overload
    def __get__(
        self, instance: AsyncDebugRecord, owner: type
    ) -> Callable[P, AbstractAsyncContextManager[RunningStep]]: ...
    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is None:
            return self

        @functools.wraps(self._steps)
        def bound(*arguments: Any, **named: Any) -> StepBlock:
            return StepBlock(instance, self._steps(*arguments, **named))

        return bound


class Operations:
    """What both kinds of record can do.

    Args:
        context: where the record is.
    """

    capture_state_snapshot = operation(states.capture_state_snapshot)
    log_transformation_with_state = operation(states.log_transformation_with_state)
    start_step = operation(workflow_steps.start_step)
    complete_step = operation(workflow_steps.complete_step)
    step = step_operation(workflow_steps.start_step)
    record_error = operation(events.record_error)
    record_success = operation(events.record_success)
    link_recovery = operation(events.link_recovery)
    get_llm_calls = operation(reading.get_llm_calls, reads=True)
    get_debug_context = operation(reading.get_debug_context, reads=True)
    recovery_patterns = operation(reading.recovery_patterns, reads=True)
    flaky_tests = located(reading.flaky_tests)
    failures = located(reading.failures)
    history = located(reading.history)
    compare = located(reading.compare)

    def __init__(self, context: Context) -> None:
        self.context = context
        self._process = os.getpid()

    def _check_process(self) -> None:
        """Keep a forked child from writing into the connection of its parent.

        Raises:
            ClosedConnectionError: this is such a child.
        """
        if os.getpid() != self._process:
            raise ClosedConnectionError(reason=" to this process, which was forked after it was opened")


class DebugRecord(Operations):
    """The record over a connection that blocks; threads that share it take turns.

    Args:
        context: where the record is.
        connection: to its server.
    """

    def __init__(self, context: Context, connection: psycopg.Connection[Any]) -> None:
        super().__init__(context)
        self.connection = connection
        self._turn = threading.Lock()

    def run(self, steps: Steps[T], *, reads: bool = False) -> T:
        """Ask for something, in a transaction of its own.

        Args:
            steps: what.
            reads: whether nothing is to be written.
        """
        self._check_process()
        with self._turn, in_our_words(self.connection, self.context.location.schema):
            whole = _in_record(steps, self.connection, self.context.location.schema, reads=reads)
            with self.connection.transaction():
                return _OwnRecord(self.connection).answer(whole)


class AsyncDebugRecord(Operations):
    """The record over a connection that does not block; tasks that share it take turns.

    Args:
        context: where the record is.
        connection: to its server.
    """

    def __init__(self, context: Context, connection: psycopg.AsyncConnection[Any]) -> None:
        super().__init__(context)
        self.connection = connection
        self._turn = asyncio.Lock()

    async def run(self, steps: Steps[T], *, reads: bool = False) -> T:
        """Ask for something, in a transaction of its own.

        Args:
            steps: what.
            reads: whether nothing is to be written.
        """
        self._check_process()
        async with self._turn:
            with in_our_words(self.connection, self.context.location.schema):
                whole = _in_record(steps, self.connection, self.context.location.schema, reads=reads)
                async with self.connection.transaction():
                    return await _OwnAsyncRecord(self.connection).answer(whole)


def _in_record(steps: Steps[T], connection: AnyConnection, schema: str, *, reads: bool) -> Steps[T]:
    """Give steps that leave no trace in a transaction that goes on after them."""
    check_usable(connection)
    goes_on = connection.info.transaction_status != TransactionStatus.IDLE

    def whole() -> Steps[T]:
        before = None
        if goes_on:
            before = yield from one(current_settings())
        else:
            yield from fetch(beginning(reads=reads))
        yield from fetch(entering(schema, PATIENCE))
        result = yield from steps
        if before is not None:
            yield from fetch(restoring(before))
        return result

    return whole()


class _OwnRecord(Record):
    """Asks by cursors of its own kind, whatever the connection of somebody else is set to."""

    def cursor(self, row: Callable[..., Row]) -> psycopg.Cursor[Row]:
        cursor = psycopg.Cursor(self.connection, row_factory=kwargs_row(row))
        register_lenient_loaders(cursor)
        return cursor


class _OwnAsyncRecord(AsyncRecord):
    """The same, without blocking."""

    def cursor(self, row: Callable[..., Row]) -> psycopg.AsyncCursor[Row]:
        cursor = psycopg.AsyncCursor(self.connection, row_factory=kwargs_row(row))
        register_lenient_loaders(cursor)
        return cursor
