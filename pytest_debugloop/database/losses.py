"""What a rollback would delete: it is tried in a transaction that is undone, and what is missing then is counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import tuple_row

from pytest_debugloop.database.migration_files import Migration

_BEGIN = sql.SQL(
    "SET LOCAL lock_timeout TO '10s'; SET LOCAL client_min_messages TO warning;"
    " SET LOCAL search_path TO {schema}, public"
)
_COLUMNS = """
    SELECT t.relname, a.attname
    FROM pg_class AS t
    JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE t.relnamespace = to_regnamespace(quote_ident(%s)) AND t.relkind IN ('r', 'p')
    ORDER BY t.relname, a.attnum
"""


@dataclass(frozen=True, slots=True)
class Losses:
    """What a rollback would delete.

    Attributes:
        tables: number of rows of each table that goes.
        columns: number of values of each column that goes from a table that stays, as ``table.column``.
    """

    tables: dict[str, int]
    columns: dict[str, int]


def losses_of_rollback(connection: psycopg.Connection[Any], schema: str, migrations: Sequence[Migration]) -> Losses:
    """Count what undoing migrations would delete; nothing is changed.

    Args:
        connection (psycopg.Connection): in autocommit mode, outside of a transaction.
        schema (str): of the record.
        migrations (Sequence[Migration]): what would be undone, the newest first.

    Raises:
        psycopg.Error: the server refused, or one of them cannot be undone.
    """
    with connection.transaction(force_rollback=True), connection.cursor(row_factory=tuple_row) as cursor:
        cursor.execute(_BEGIN.format(schema=sql.Identifier(schema)), prepare=False)
        before = cursor.execute(_COLUMNS, (schema,), prepare=False).fetchall()
        with connection.transaction(force_rollback=True):
            for migration in migrations:
                cursor.execute(migration.rollback_path.read_text(encoding="utf-8").encode(), prepare=False)
            left = set(cursor.execute(_COLUMNS, (schema,), prepare=False).fetchall())
        tables_left = {table for table, _ in left}

        def count(table: str, what: sql.Composable) -> int:
            query = sql.SQL("SELECT count({}) FROM {}").format(what, sql.Identifier(schema, table))
            return int(cursor.execute(query, prepare=False).fetchall()[0][0])

        gone = dict.fromkeys(table for table, _ in before if table not in tables_left)
        return Losses(
            {table: count(table, sql.SQL("*")) for table in gone},
            {
                f"{table}.{column}": count(table, sql.Identifier(column))
                for table, column in before
                if table in tables_left and (table, column) not in left
            },
        )
