"""Cuts a connection whose server has fallen silent, so that whoever waits for an answer learns that there is none.

libpq waits for an answer for ever. The system's own means, keepalives and ``tcp_user_timeout``, find a machine that is
gone, and not a server, or a proxy before it, that no longer reads while its system still answers in its place.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.pq import TransactionStatus

_SECONDS = 30.0
_CONNECT_SECONDS = 5.0
_LONGEST_STATEMENT_SECONDS = 660.0  # a minute more than the loader lets the server work at one
# Asked on another connection: one that waits for us, while we wait for it, never got what we sent.
_STATE = b"""
    SELECT state <> 'active' AND clock_timestamp() - state_change > %(seconds)s * interval '1 second'
        OR clock_timestamp() - query_start > %(longest)s * interval '1 second'
    FROM pg_stat_activity
    WHERE pid = %(pid)s AND usename = current_user
"""


class SilenceWatch:
    """Watches one connection, in a thread of its own.

    Args:
        connection: to be watched; its ``tcp_user_timeout`` says how long no answer is no silence, else 30 seconds.
        conninfo: how it was made.

    Attributes:
        seconds: after how long the server is asked on another connection whether it is there.
        has_cut: whether the server was silent, and the connection is cut.
    """

    def __init__(self, connection: psycopg.Connection, conninfo: str) -> None:
        # Not by psycopg's get_parameters(), which asks for a home where there may be none.
        given = {option.keyword.decode(): option.val.decode() for option in connection.pgconn.info if option.val}
        self.seconds = _positive(given.get("tcp_user_timeout")) / 1000 or _SECONDS
        self.has_cut = False
        self._patience = _positive(given.get("connect_timeout")) or _CONNECT_SECONDS
        self._connection = connection
        # Of several hosts, the one that is connected.
        self._conninfo = make_conninfo(
            conninfo, host=connection.info.host, hostaddr=connection.info.hostaddr or None, port=connection.info.port
        )
        self._closed = threading.Event()
        self._cutting = threading.Lock()
        threading.Thread(target=self._watch, name="debugloop-silence", daemon=True).start()

    def close(self) -> None:
        """Watch no longer; to be called before the connection is closed."""
        self._closed.set()
        with self._cutting:
            pass

    def _watch(self) -> None:
        since: float | None = None
        while not self._closed.wait(min(1.0, self.seconds / 4)):
            if not self._is_waiting():
                since = None
                continue
            now = time.monotonic()
            since = now if since is None else since
            if now - since < self.seconds:
                continue
            if self._is_heard():
                since = None
            else:
                self._cut()
                return

    def _is_waiting(self) -> bool:
        return self._connection.pgconn.transaction_status == TransactionStatus.ACTIVE

    def _is_heard(self) -> bool:
        """Ask on another connection, which may fall silent too."""
        answers: list[bool] = []
        asking = threading.Thread(target=self._ask, args=(answers,), daemon=True)
        asking.start()
        asking.join(2 * self._patience)
        return bool(answers) and answers[0]

    def _ask(self, answers: list[bool]) -> None:
        asked = {
            "pid": self._connection.info.backend_pid,
            "seconds": self.seconds / 2,
            "longest": max(_LONGEST_STATEMENT_SECONDS, self.seconds),
        }
        try:
            with psycopg.connect(self._conninfo, autocommit=True, prepare_threshold=None) as other:
                row = other.execute(_STATE, asked).fetchone()
                if row is not None and row[0] is True:
                    # It would hold its locks until the server finds out that nobody is there.
                    other.execute("SELECT pg_terminate_backend(%(pid)s)", asked)
        except psycopg.Error as error:
            # One that refuses us, having no room for more connections say, is there.
            answers.append("FATAL" in str(error) or bool(error.sqlstate))
        else:
            answers.append(row is None or row[0] is not True)

    def _cut(self) -> None:
        with self._cutting, contextlib.suppress(OSError, psycopg.Error):
            if self._closed.is_set():
                return
            self.has_cut = True
            with socket.socket(fileno=os.dup(self._connection.fileno())) as found:
                found.shutdown(socket.SHUT_RDWR)


def _positive(value: str | None) -> float:
    try:
        return max(float(value or 0), 0.0)
    except ValueError:
        return 0.0
