"""The server of one debugloop directory: starts it, asks it, stops it. Callers let only one at a time do so."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg.conninfo import make_conninfo

from pytest_debugloop.database.account import Account, open_private, own_folder
from pytest_debugloop.database.binaries import runnable
from pytest_debugloop.database.configuration import PORT, ROLE, configure, guarding_options, settings
from pytest_debugloop.database.data_directory import complaint, last_log_line, major_version, server_programs
from pytest_debugloop.database.processes import exists, is_alive, is_server, read_pid
from pytest_debugloop.database.server_user import hand_over
from pytest_debugloop.database.sql_files import sql_text
from pytest_debugloop.errors import EmbeddedServerError

if TYPE_CHECKING:
    from collections.abc import Callable

SOCKET = f".s.PGSQL.{PORT}"
_DATABASE = "debugloop"
_MAINTENANCE = "template1"
_PID_FILES = ("postmaster.pid", f"{SOCKET}.lock")
_LARGEST_LOG = 4 * 1024 * 1024
# What a start fails with as long as a killed server's processes are still going away.
_PASSING = (b"pre-existing shared memory block", b'lock" already exists', b'postmaster.pid" already exists')
# How often in one start a server may be killed by somebody else, such as a system that is out of memory.
_MAX_KILLS = 3
# What no waiting will change.
_HOPELESS = ("authentication failed", "no pg_hba.conf entry", "definition of service", "service file")


@dataclass(frozen=True, slots=True)
class _Attempt:
    """An attempt to start: its process, and where in the log its words begin."""

    pid: int
    log_offset: int


@dataclass(frozen=True, slots=True)
class Postmaster:
    """A server, whether it runs or not.

    Attributes:
        directory: the debugloop directory; the server's data lie in its folder `postgres`.
        address: the data directory's name as a client's host.
        durable: whether the data are to survive a crash of the machine.
    """

    directory: Path
    address: str
    durable: bool = True

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.directory / "postgres"

    def conninfo(self, dbname: str = _DATABASE, options: str = "") -> str:
        """Say how to connect, in a way that no PG* variable changes.

        Args:
            dbname (str): the database.
            options (str): settings of the session.

        Returns:
            str: a libpq connection string.
        """
        return make_conninfo(
            host=self.address,
            hostaddr="",
            port=PORT,
            user=ROLE,
            dbname=dbname,
            sslmode="disable",
            gssencmode="disable",
            channel_binding="disable",
            target_session_attrs="any",
            options=options,
        )

    def run(self, alone: Callable[[], bool], timeout: float, while_waiting: Callable[[], None]) -> None:
        """Make sure that the server runs, which nothing proves but its answer to a query.

        Args:
            alone (Callable): tells whether nobody else uses this server.
            timeout (float): how many seconds to wait; a server that recovers from a crash needs some.
            while_waiting (Callable): called now and then; what it raises ends the start.

        Raises:
            EmbeddedServerError: it does not run.
        """
        deadline = time.monotonic() + timeout
        attempt: _Attempt | None = None
        said = b""
        kills = 0
        try:
            while refusal := self._refusal():
                if any(words in refusal for words in _HOPELESS):
                    raise self._failed(refusal)
                if attempt and not is_alive(attempt.pid):
                    said = self._said(attempt)
                    if complaint(said, self.data):
                        worth_another = any(words in said for words in _PASSING)
                    else:  # one that ends by itself says why
                        kills += 1
                        worth_another = kills < _MAX_KILLS
                    if not worth_another:
                        raise self._failed(last_log_line(said, self.data))
                    attempt = None
                    time.sleep(0.1)
                if time.monotonic() > deadline:
                    reason = complaint(said, self.data) or refusal
                    raise self._failed(f"it did not answer within {timeout:g} seconds ({reason})")
                if not attempt and self._may_start(alone):
                    attempt = self._start()
                while_waiting()
                time.sleep(0.01)
        except BaseException:
            if attempt:
                self._await_pid(attempt)
            raise

    def _await_pid(self, attempt: _Attempt) -> None:
        """Wait until a server that was just started has written its number, or nobody would find it to stop it."""
        deadline = time.monotonic() + 3
        while is_alive(attempt.pid) and read_pid(self.data / "postmaster.pid") != attempt.pid:
            if time.monotonic() > deadline:
                with suppress(ProcessLookupError):
                    os.kill(attempt.pid, signal.SIGKILL)  # so early, it has touched nothing
                return
            time.sleep(0.005)

    def _refusal(self) -> str:
        """Ask the server for its database, and make that if it is missing; what it says against it, or nothing."""
        missing = f'database "{_DATABASE}" does not exist'
        guard = sql_text("pytest_debugloop.database", "guard")
        refusal = self._refusal_of(_DATABASE, guard)
        if missing in refusal:
            take_over = sql_text("pytest_debugloop.database", "take_over_database")
            refusal = self._refusal_of(_MAINTENANCE, take_over, "DROP DATABASE IF EXISTS template0")
            refusal = refusal or self._refusal_of(_DATABASE, guard)
        if missing in refusal:
            refusal = self._refusal_of(_MAINTENANCE, f"CREATE DATABASE {_DATABASE}")
            refusal = refusal or self._refusal_of(_DATABASE, guard)
        return refusal

    def _refusal_of(self, dbname: str, *statements: str) -> str:
        try:
            options = guarding_options(major_version(self.data))
            connection = psycopg.connect(self.conninfo(dbname, options), autocommit=True, connect_timeout=5)
        except psycopg.OperationalError as error:
            return _one_line(error)
        with connection:
            try:
                for statement in statements:
                    connection.execute(statement)
            except psycopg.Error as error:
                if error.sqlstate and not error.sqlstate.startswith("57P"):  # 57P: the server is on its way down
                    raise self._failed(_one_line(error)) from error
                return _one_line(error)
        return ""

    def _may_start(self, alone: Callable[[], bool]) -> bool:
        """Tell whether no server is there or on its way, and clear away what would wrongly keep one from starting.

        PostgreSQL sees by itself that the process named in its files is gone, but not that another has its number now.
        """
        if self._is_listening():
            return False
        stale = []
        doubtful = False
        for path in (self.data / name for name in _PID_FILES):
            pid = read_pid(path)
            if pid is None or (pid and not exists(pid)):
                continue
            if pid and is_server(pid, self.data):
                return False
            stale.append(path)
            doubtful = doubtful or not pid or is_alive(pid)
        if doubtful and not alone():
            return False
        for path in stale:
            path.unlink(missing_ok=True)
        return True

    def _is_listening(self) -> bool:
        """Tell whether a process holds the socket, be it one in another container, where process numbers are others."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(5)
            try:
                probe.connect(f"{self.address}/{SOCKET}")
            except (FileNotFoundError, ConnectionRefusedError):
                return False
            except OSError:  # such as a full queue
                pass
            return True

    def _start(self) -> _Attempt:
        account = Account.for_data(self.data)
        postgres = runnable(server_programs(self.data), account) / "postgres"
        owner = self.data.stat().st_uid
        if not account.is_ours and owner != account.uid:  # root's data, of when its server ran as `nobody`
            hand_over(self.data, owner, account.uid)
        configure(self.data, account)
        command = [str(postgres), "-D", own_folder(self.data)]
        for name, value in settings(major_version(self.data), durable=self.durable).items():
            command += ["-c", f"{name}={value}"]
        log = open_private(self._log, os.O_WRONLY | os.O_APPEND)
        try:
            if os.fstat(log).st_size > _LARGEST_LOG:
                os.ftruncate(log, 0)
            log_offset = os.fstat(log).st_size
            # The shell ends at once and leaves the server to the system, which buries it when its time comes: we may
            # be gone before, or live long after.
            launched = subprocess.run(
                ["/bin/sh", "-c", '"$@" >&2 & echo $!', "sh", *command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                check=True,
                **account.process_options(self.data),
            )
        finally:
            os.close(log)
        return _Attempt(int(launched.stdout), log_offset)

    @property
    def _log(self) -> Path:
        return self.directory / "postgres.log"

    def _said(self, attempt: _Attempt) -> bytes:
        with self._log.open("rb") as log:
            log.seek(max(attempt.log_offset, log.seek(0, os.SEEK_END) - 65536))
            return log.read()

    def _failed(self, reason: str) -> EmbeddedServerError:
        return EmbeddedServerError(directory=self.directory, reason=reason)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
