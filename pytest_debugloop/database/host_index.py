"""The one index that we may put on a table of the host: on its calls by workflow, and only when somebody asks."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import errors as server_errors
from psycopg import sql

from pytest_debugloop.database.sql_files import sql_text
from pytest_debugloop.errors import HostIndexError


def host_index_script(schema: str) -> str:
    """Write the statements that index the host's table, for psql.

    Args:
        schema (str): the schema of the record.

    Returns:
        str: statements outside of any transaction; they index no table of ours.
    """
    return sql.SQL(_part("script")).format(schema=sql.Identifier(schema)).as_string(None)


def index_host(connection: psycopg.Connection[Any], schema: str) -> str:
    """Index the host's table of hooks, without keeping others from writing to it; the rollback drops the index.

    Args:
        connection (psycopg.Connection): in autocommit mode, outside any transaction.
        schema (str): the schema of the record.

    Returns:
        str: the name of the table; empty where it is ours and has its index, or the host has one like it.

    Raises:
        HostIndexError: the table is not this role's.
        psycopg.Error: the server refused.
    """
    row = connection.execute(sql.SQL(_part("wanted")).format(schema=sql.Literal(schema))).fetchone()
    if row is None:
        return ""
    namespace, table, left_behind = row
    name = sql.Identifier(namespace, table)
    statement = sql.SQL(_part("create")).format(table=name)
    try:
        if left_behind:
            connection.execute(sql.SQL("DROP INDEX CONCURRENTLY {}").format(sql.Identifier(namespace, left_behind)))
        connection.execute(statement)
        connection.execute(sql.SQL(_part("comment")).format(schema=sql.Identifier(namespace)))
    except server_errors.InsufficientPrivilege as error:
        raise HostIndexError(
            table=f"{namespace}.{table}",
            reason=str(error.diag.message_primary),
            statement=" ".join(statement.as_string(None).split()),
        ) from error
    return f"{namespace}.{table}"


def _part(name: str) -> str:
    return sql_text("pytest_debugloop.database", "host_index", name).strip().removesuffix(";")
