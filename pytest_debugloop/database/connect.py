"""Opens connections to the server that records, whichever it is, and says in one line why it does not answer."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pytest_debugloop.dsn import problem_of, value_problem
from pytest_debugloop.errors import DatabaseUnreachableError, ServerTooOldError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg.rows import TupleRow

OLDEST_SERVER = 16
# What `describe` tells, in this order, and the variable that libpq asks where a connection string is silent.
_DESCRIBED = {
    "host": "PGHOST",
    "hostaddr": "PGHOSTADDR",
    "port": "PGPORT",
    "dbname": "PGDATABASE",
    "user": "PGUSER",
}
# A server whose machine is gone without a word is found out in half a minute, and not in two hours. The last is in
# milliseconds, the first two are in seconds.
_KEPT_ALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 4, "tcp_user_timeout": 30_000}
_MALFORMED = "an unknown address"


def connect(
    conninfo: str, *, application_name: str = "pytest-debugloop", connect_timeout: int = 5
) -> psycopg.Connection[TupleRow]:
    """Connect in autocommit mode, and so that a pooler may lend another server connection for each transaction.

    Args:
        conninfo (str): any libpq connection string, with several hosts or a service too.
        application_name (str): what the server shows us as, where the connection string does not say.
        connect_timeout (int): how many seconds to wait for each host, where neither that nor PGCONNECT_TIMEOUT says.

    Returns:
        psycopg.Connection: an open connection that prepares no statements.

    Raises:
        DatabaseUnreachableError: no server answered, or it refused us.
        ServerTooOldError: it is older than PostgreSQL 16.
    """
    with _in_our_words(conninfo):
        wanted = _completed(conninfo, application_name, connect_timeout)
        connection = psycopg.connect(wanted, autocommit=True, prepare_threshold=None)
    try:
        check_server(connection, conninfo)
    except ServerTooOldError:
        connection.close()
        raise
    return connection


async def connect_async(
    conninfo: str, *, application_name: str = "pytest-debugloop", connect_timeout: int = 5
) -> psycopg.AsyncConnection[TupleRow]:
    """Connect as :func:`connect` does, without blocking the event loop.

    Args:
        conninfo (str): see :func:`connect`, as for the others.
        application_name (str): the same.
        connect_timeout (int): the same.

    Returns:
        psycopg.AsyncConnection: an open connection in autocommit mode that prepares no statements.

    Raises:
        DatabaseUnreachableError: no server answered, or it refused us.
        ServerTooOldError: it is older than PostgreSQL 16.
    """
    with _in_our_words(conninfo):
        wanted = _completed(conninfo, application_name, connect_timeout)
        connection = await psycopg.AsyncConnection.connect(wanted, autocommit=True, prepare_threshold=None)
    try:
        check_server(connection, conninfo)
    except ServerTooOldError:
        await connection.close()
        raise
    return connection


def check_server(connection: psycopg.Connection[Any] | psycopg.AsyncConnection[Any], conninfo: str = "") -> None:
    """Make sure that a server is not too old.

    Args:
        connection (psycopg.Connection): to it, of either kind.
        conninfo (str): by which it was reached.

    Raises:
        ServerTooOldError: it is older than PostgreSQL 16.
    """
    found = connection.info.server_version // 10000
    if found < OLDEST_SERVER:
        raise ServerTooOldError(where=describe(conninfo), found=found, needed=OLDEST_SERVER)


def _completed(conninfo: str, application_name: str, connect_timeout: int) -> str:
    """Add what a connection string does not say."""
    given = _parse(conninfo)
    if given is None:
        reason = problem_of(conninfo) or "libpq cannot read it"
        raise DatabaseUnreachableError(where=describe(conninfo), reason=reason)
    ours: dict[str, str | int] = {"client_encoding": "UTF8"}  # whatever PGCLIENTENCODING says
    if "fallback_application_name" not in given:
        ours["fallback_application_name"] = application_name
    if not given.get("service", os.environ.get("PGSERVICE")):  # which may say so itself, and comes after what is given
        ours |= {name: value for name, value in _KEPT_ALIVE.items() if name not in given}
    if "connect_timeout" not in given and not os.environ.get("PGCONNECT_TIMEOUT"):
        ours["connect_timeout"] = connect_timeout
    return make_conninfo(conninfo, **ours)


@contextmanager
def _in_our_words(conninfo: str) -> Iterator[None]:
    try:
        yield
    except (psycopg.Error, ValueError) as error:
        # Where libpq has read it otherwise than it was meant, what it says may quote a part of the password.
        reason = _problem(_parse(conninfo) or {}) or " ".join(str(error).split())
        # Without its cause, which is shown whole and may quote a part of a password.
        raise DatabaseUnreachableError(where=describe(conninfo), reason=reason) from None


def describe(conninfo: str) -> str:
    """Tell people which server a connection string means, and no secret.

    Args:
        conninfo (str): any libpq connection string, even one that libpq cannot read.

    Returns:
        str: its host, port, database and user, or its service, in the words of a connection string.
    """
    given = _parse(conninfo)
    if given is None or _problem(given):
        return _MALFORMED
    named = {}
    if service := given.get("service", os.environ.get("PGSERVICE")):
        named["service"] = service
    for name, variable in _DESCRIBED.items():
        # A service goes before the variables; what it says is not known here.
        if value := given.get(name, "" if service else os.environ.get(variable, "")):
            named[name] = value
    shown = {name: "?" if value_problem(name, value) else value for name, value in named.items()}
    return make_conninfo(**shown) or "libpq's default address"


def _parse(conninfo: str) -> dict[str, str] | None:
    try:
        return {name: str(value) for name, value in conninfo_to_dict(conninfo).items()}
    except (psycopg.Error, ValueError):  # its message is kept from everybody: it quotes the string
        return None


def _problem(given: dict[str, str]) -> str:
    return next(filter(None, (value_problem(name, value) for name, value in given.items())), "")
