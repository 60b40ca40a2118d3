"""The database of an order: found, connected, migrated, and found again when it was lost."""

from __future__ import annotations

import contextlib
import time
from contextlib import ExitStack

import psycopg
from psycopg import errors

from pytest_debugloop.database.connect import connect, describe
from pytest_debugloop.database.embedded import embedded_server
from pytest_debugloop.database.migrate import migrate, pending
from pytest_debugloop.database.silence import SilenceWatch
from pytest_debugloop.errors import DebugloopError
from pytest_debugloop.loading.loader import Loader
from pytest_debugloop.loading.loader_order import LoaderOrder

_RECONNECT_SECONDS = 2.0
_LONGEST_PAUSE_SECONDS = 60.0
# Unless the user or the server has another limit.
_PATIENCE = "SELECT set_config('lock_timeout', '30s', TRUE) WHERE current_setting('lock_timeout') = '0'"


class Store:
    """The database that an order names, connected when it is needed and again when it was lost.

    Args:
        order: names it.
        stack: holds the embedded server for as long as this process needs it.
    """

    def __init__(self, order: LoaderOrder, stack: ExitStack) -> None:
        self._order = order
        self._stack = stack
        self._connection: psycopg.Connection | None = None
        self._conninfo = order.dsn
        self._next_try = 0.0
        self._pause = _RECONNECT_SECONDS
        self.problem = ""
        self.rejected = 0
        self._loader: Loader | None = None
        self._watch: SilenceWatch | None = None

    def loader(self, *, now: bool = False) -> Loader | None:
        """Give the loader, or None while the database is away; ``problem`` says why.

        Args:
            now: try at once, though it was away a moment ago.
        """
        if self._loader is not None:
            return self._loader
        if not now and time.monotonic() < self._next_try:
            return None
        try:
            if not self._conninfo:
                self._conninfo = self._stack.enter_context(
                    embedded_server(
                        self._order.folder,
                        postgres_version=self._order.postgres_version,
                        trusted=self._order.trusted,
                        linger=self._order.linger,
                    )
                )
            self._stack.callback(self.close)  # before the server is left
            self._connection = connect(self._conninfo, application_name="pytest-debugloop loader")
            self._watch = SilenceWatch(self._connection, self._conninfo)
            if self._is_behind(self._connection):
                migrate(self._connection, self._order.schema)
        except (DebugloopError, psycopg.Error, OSError) as error:
            self.connection_lost(error)
            return None
        self.problem = ""
        self._loader = Loader(self._connection, self._order.schema, is_embedded=not self._order.dsn)
        return self._loader

    def _is_behind(self, connection: psycopg.Connection) -> bool:
        """Ask whether migrations are pending, and not for ever: somebody may be dropping the schema."""
        with connection.transaction():
            connection.execute(_PATIENCE)
            return bool(pending(connection, self._order.schema))

    def connection_lost(self, error: Exception) -> None:
        """Note that the database is away.

        Args:
            error: what it said.
        """
        if self._loader is not None:
            self.rejected += self._loader.rejected
        self.problem = self._in_words(error)
        self.close()
        self._conninfo = self._order.dsn  # an embedded server that died is started again
        self._next_try = time.monotonic() + self._pause
        self._pause = min(2 * self._pause, _LONGEST_PAUSE_SECONDS)

    def _in_words(self, error: Exception) -> str:
        if self._watch is not None and self._watch.has_cut:
            where = describe(self._conninfo)
            return f"PostgreSQL at {where} stopped responding: no answer for {self._watch.seconds:g} s"
        message = " ".join(str(error).split())
        if isinstance(error, errors.LockNotAvailable):
            return f"the record is locked, for example by VACUUM FULL or an open transaction ({message})"
        return message

    def reset_pause(self) -> None:
        """Note that something could be stored."""
        self._pause = _RECONNECT_SECONDS

    def rejected_total(self) -> int:
        """Count the lines that were refused."""
        return self.rejected + (self._loader.rejected if self._loader is not None else 0)

    def write_all(self) -> None:
        """Have an embedded server write all to its files: it may be copied, or killed, while nobody uses it."""
        if self._connection is not None and not self._order.dsn:
            with contextlib.suppress(psycopg.Error):
                self._connection.execute("CHECKPOINT")

    def close(self) -> None:
        """Close the connection."""
        self._loader = None
        if self._watch is not None:
            self._watch.close()
            self._watch = None
        if self._connection is not None:
            self._connection.close()
            self._connection = None
