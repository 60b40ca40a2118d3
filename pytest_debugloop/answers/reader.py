"""A record that stays open for many answers, as a server gives them: each in a read-only transaction of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import TracebackType

import psycopg

from pytest_debugloop.answers.connection import Connection, connected, read_transaction, server_of
from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.answers.not_loaded import await_left_runs
from pytest_debugloop.answers.record import Record

CONNECTIONS = 4
"""How many answers are given at once where nobody asks for another number."""


class RecordReader:
    """Keeps the server of a record and a few connections to it, for threads that ask at the same time.

    A connection is made when it is needed first. One that was lost is replaced at the next question.

    Args:
        location: where the record is.
        size: connections at most; who asks while all are in use waits.
    """

    def __init__(self, location: RecordLocation, size: int = CONNECTIONS) -> None:
        self._location = location
        self._size = size
        self._stack: ExitStack | None = None
        self._conninfo = ""
        self._idle: list[Connection] = []
        self._lock = threading.Lock()
        self._room = threading.BoundedSemaphore(size)

    def __enter__(self) -> RecordReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def record(self) -> Iterator[Record]:
        """Read the record, as it is now.

        Yields:
            The record, in a read-only transaction; all questions see one moment.

        Raises:
            DebugloopError: as :func:`~pytest_debugloop.answers.connection.open_record` raises it.
            psycopg.Error: the server cannot answer.
        """
        await_left_runs(self._location)
        with self._room:
            connection = self._take()
            try:
                with read_transaction(connection, self._location, self._conninfo) as record:
                    yield record
            finally:
                self._give_back(connection)

    def _take(self) -> Connection:
        with self._lock:
            while self._idle:
                connection = self._idle.pop()
                if _is_alive(connection):
                    return connection
                connection.close()
            if self._stack is None:
                with ExitStack() as stack:
                    self._conninfo = stack.enter_context(server_of(self._location, reading=True))
                    self._stack = stack.pop_all()
            conninfo = self._conninfo
        try:
            return connected(conninfo)
        except Exception:
            self._forget_server()  # it may have been started again, and be elsewhere
            raise

    def _give_back(self, connection: Connection) -> None:
        with self._lock:
            if connection.closed or connection.broken or self._stack is None:
                connection.close()
            else:
                self._idle.append(connection)

    def _forget_server(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
            stack, self._stack = self._stack, None
        for connection in idle:
            connection.close()
        if stack is not None:
            stack.close()

    def close(self) -> None:
        """Close the connections, and leave the server; the next question opens them again."""
        self._forget_server()


def _is_alive(connection: Connection) -> bool:
    """Ask the server whether it still knows the connection: one that was lost while idle says so only when asked."""
    try:
        connection.execute("")
    except psycopg.Error:
        return False
    return True
