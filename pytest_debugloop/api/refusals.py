"""What PostgreSQL refuses, as errors of this package that say what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import errors as server_errors
from psycopg.pq import TransactionStatus

from pytest_debugloop.answers.connection import PATIENCE
from pytest_debugloop.answers.schema import grants
from pytest_debugloop.errors import (
    BrokenTransactionError,
    ClosedConnectionError,
    MissingGrantError,
    ReadOnlyConnectionError,
    RecordLockedError,
    RefusedValueError,
    UnknownIdError,
)

_KEY = re.compile(r"\((\w+)\)=\(([^)]*)\)")

AnyConnection = psycopg.Connection[Any] | psycopg.AsyncConnection[Any]


def check_usable(connection: AnyConnection) -> None:
    """Make sure that something can be asked over a connection.

    Args:
        connection: of either kind.

    Raises:
        ClosedConnectionError: it is closed.
        BrokenTransactionError: it is in a transaction that has failed.
    """
    if connection.closed:
        raise ClosedConnectionError(reason="")
    if connection.info.transaction_status == TransactionStatus.INERROR:
        raise BrokenTransactionError


@contextmanager
def in_our_words(connection: AnyConnection, schema: str) -> Iterator[None]:
    """Turn what the server refuses into errors of this package; what nobody expects stays what it is.

    Args:
        connection: that is used inside of the block.
        schema: of the record.

    Raises:
        MissingGrantError: the role lacks a right.
        ReadOnlyConnectionError: nothing can be written.
        RecordLockedError: somebody has locked the record.
        UnknownIdError: an id that was given is none of the record.
        RefusedValueError: a value does not fit.
        ClosedConnectionError: the connection was lost.
    """
    try:
        yield
    except psycopg.Error as error:
        raise (_meaning(error, connection, schema) or error) from error


def _meaning(error: psycopg.Error, connection: AnyConnection, schema: str) -> Exception | None:
    reason = error.diag.message_primary or " ".join(str(error).split())
    if isinstance(error, server_errors.InsufficientPrivilege):
        return MissingGrantError(reason=reason, grant=grants(schema))
    if isinstance(error, server_errors.ReadOnlySqlTransaction):
        return ReadOnlyConnectionError(reason=reason)
    if isinstance(error, server_errors.LockNotAvailable):
        return RecordLockedError(seconds=PATIENCE)
    if isinstance(error, server_errors.ForeignKeyViolation):
        key = _KEY.search(error.diag.message_detail or "")
        return UnknownIdError(kind=key[1], id=key[2]) if key else RefusedValueError(reason=reason)
    if isinstance(error, (psycopg.DataError, psycopg.IntegrityError, server_errors.ProgramLimitExceeded)):
        return RefusedValueError(reason=reason)
    if type(error) is psycopg.ProgrammingError and error.sqlstate is None:  # a value of a type that it does not know
        return RefusedValueError(reason=reason)
    if isinstance(error, server_errors.UndefinedColumn):  # of a host's table that is another one than is known
        return RefusedValueError(reason=f"the host's table is not as expected: {reason}")
    if connection.closed:
        return ClosedConnectionError(reason=f" ({reason})")
    return None
