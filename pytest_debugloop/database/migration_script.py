"""Writes migrations and their rollbacks as a script for psql, for databases that only their administrator may change.

The script does what `migrate` and `rollback` do over a connection, with the same records and under the same lock. Each
migration is a transaction of its own, and one that the schema has (or, on the way back, has not) is skipped, so a
script that stopped in the middle can be run again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql

from pytest_debugloop.database.migrate import LOCK, MARK, SCHEMA_COMMENT, records_statements
from pytest_debugloop.database.migration_files import Migration, available, text_of
from pytest_debugloop.database.sql_files import sql_text

if TYPE_CHECKING:
    from collections.abc import Sequence


def migration_script(schema: str, pending: Sequence[Migration]) -> str:
    """Write the script that applies migrations.

    Args:
        schema (str): the schema that they are for; the script creates it where it is missing.
        pending (Sequence[Migration]): the migrations, lowest version first, as `pending` gives them.

    Returns:
        str: the script, for ``psql -f``.
    """
    parts = [_heading("debugloop migrate --sql", schema, pending), _part("head")]
    waiting = {migration.version for migration in pending}
    earlier = [migration.version for migration in available() if migration.version not in waiting]
    for migration in pending:
        values = _values(schema, migration)
        parts += [_title(migration), _part("begin", **values)]
        if migration is pending[0]:
            parts.append(_part("schema", **values))
            if earlier:
                versions, count = sql.Literal(earlier), sql.Literal(len(earlier))
                parts.append(_part("expect", **values, versions=versions, count=count))
        parts += [_part("unless_applied", **values), _part("enter", **values)]
        parts += map(text_of, migration.paths)
        parts += [_part("add_record", **values), _part("end", **values)]
    return "\n".join(parts)


def rollback_script(schema: str, chosen: Sequence[Migration]) -> str:
    """Write the script that undoes migrations.

    Args:
        schema (str): the schema that they are for; with the last one it goes, as by `rollback`.
        chosen (Sequence[Migration]): the migrations, highest version first.

    Returns:
        str: the script, for ``psql -f``.
    """
    parts = [_heading("debugloop rollback --sql", schema, chosen), _part("head")]
    for migration in chosen:
        values = _values(schema, migration)
        parts += [_title(migration), _part("begin", **values), _part("if_applied", **values), _part("enter", **values)]
        parts += [text_of(migration.rollback_path), _part("remove_record", **values), _part("end", **values)]
    return "\n".join(parts)


def _heading(command: str, schema: str, migrations: Sequence[Migration]) -> str:
    names = " ".join(f"{migration.version:03}" for migration in migrations) or "none"
    # Nothing of a name may end the comment.
    shown = schema.encode("unicode_escape").decode("ascii")
    return (
        f"-- {command}: migrations {names}, schema {shown}\n"
        "--\n"
        "-- Run it with: psql -X -f FILE. Its tables belong to the role that runs it.\n"
    )


def _title(migration: Migration) -> str:
    return f"\n-- {migration.version:03} {migration.name} {'-' * (110 - len(migration.name))}\n"


def _part(name: str, **values: sql.Composable) -> str:
    return sql.SQL(sql_text("pytest_debugloop.database", "script", name)).format(**values).as_string(None)


def _values(schema: str, migration: Migration) -> dict[str, sql.Composable]:
    name = sql.Identifier(schema)
    return {
        "schema": name,
        "schema_name": sql.Literal(schema),
        "schema_comment": sql.Literal(SCHEMA_COMMENT),
        "schema_mark": sql.Literal(f"%{MARK}"),
        "records": records_statements(schema),
        "records_name": sql.Literal(f"{name.as_string(None)}.schema_migrations"),
        "lock": sql.Literal(LOCK),
        "version": sql.Literal(migration.version),
        "description": sql.Literal(migration.description),
        "checksum": sql.Literal(migration.checksum),
        "told": sql.SQL(f"{migration.version:03} {migration.name}"),
    }
