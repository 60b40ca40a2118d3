"""Whose fault it is that something could not be stored: that of the data, or of the database."""

from __future__ import annotations

import psycopg

# SQLSTATE classes that blame a line: cardinality violation, data exception, constraint violation, and beyond the limits
# of the server. All others (no privilege, no disk, no server) are the database's own trouble: the lines wait.
_REFUSALS = frozenset({"21", "22", "23", "54"})
_INTERNAL_ERROR = "XX000"  # "invalid memory alloc request size", say


def is_data_error(error: BaseException) -> bool:
    """Tell whether an error is about what was to be stored, and not trouble of the database.

    Args:
        error: that came of storing something.
    """
    if not isinstance(error, psycopg.Error):
        return False
    if error.sqlstate:
        return error.sqlstate[:2] in _REFUSALS
    # The driver's own: it cannot send a value, or there is no connection any more.
    return not isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError))


def is_server_error(error: psycopg.Error) -> bool:
    """Tell whether an error is trouble of the database, which no other journal would fare better with.

    Args:
        error: that came of storing something.
    """
    return not is_data_error(error) and error.sqlstate != _INTERNAL_ERROR
