"""The whole catalog of a database as text, to compare before and after."""

from __future__ import annotations

from typing import Any

import psycopg

# Every line says one fact. Object ids are in it, so that dropping something and making it again is seen too.
_DUMP: bytes = b"""
WITH space AS (
    SELECT oid, nspname, obj_description(oid, 'pg_namespace') AS comment FROM pg_namespace
    WHERE nspname <> 'information_schema' AND nspname NOT LIKE 'pg\\_%'
), relation AS (
    SELECT c.oid, s.nspname, c.relname, c.relkind, c.reloptions, c.relacl
    FROM pg_class AS c JOIN space AS s ON s.oid = c.relnamespace
)
SELECT concat_ws(' | ', 'schema', nspname, comment) FROM space
UNION ALL
SELECT concat_ws(' | ', 'relation', oid, nspname, relname, relkind, reloptions::text, relacl::text,
    obj_description(oid, 'pg_class')) FROM relation
UNION ALL
SELECT concat_ws(' | ', 'column', r.nspname, r.relname, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod),
    a.attnotnull, pg_get_expr(d.adbin, d.adrelid), col_description(r.oid, a.attnum))
FROM relation AS r
JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef AS d ON d.adrelid = r.oid AND d.adnum = a.attnum
UNION ALL
SELECT concat_ws(' | ', 'constraint', c.oid, s.nspname, c.conrelid::regclass, c.conname, pg_get_constraintdef(c.oid),
    c.convalidated, obj_description(c.oid, 'pg_constraint'))
FROM pg_constraint AS c JOIN space AS s ON s.oid = c.connamespace
UNION ALL
SELECT concat_ws(' | ', 'index', r.oid, pg_get_indexdef(r.oid)) FROM relation AS r WHERE r.relkind = 'i'
UNION ALL
SELECT concat_ws(' | ', 'view', r.oid, r.nspname, r.relname, pg_get_viewdef(r.oid))
FROM relation AS r WHERE r.relkind = 'v'
UNION ALL
SELECT concat_ws(' | ', 'function', p.oid, pg_get_functiondef(p.oid), p.proacl::text, obj_description(p.oid, 'pg_proc'))
FROM pg_proc AS p JOIN space AS s ON s.oid = p.pronamespace
UNION ALL
SELECT concat_ws(' | ', 'trigger', t.oid, pg_get_triggerdef(t.oid))
FROM pg_trigger AS t JOIN relation AS r ON r.oid = t.tgrelid WHERE NOT t.tgisinternal
UNION ALL
SELECT concat_ws(' | ', 'type', s.nspname, t.typname) FROM pg_type AS t JOIN space AS s ON s.oid = t.typnamespace
ORDER BY 1
"""


def catalog(connection: psycopg.Connection[Any]) -> list[str]:
    """Dump all schemas that are not the system's."""
    return [line for (line,) in connection.execute(_DUMP, prepare=False).fetchall()]


def rows(connection: psycopg.Connection[Any]) -> dict[str, list[str]]:
    """Dump the rows of all tables that are not the system's."""
    tables = connection.execute(
        "SELECT oid::regclass::text FROM pg_class"
        " WHERE relkind = 'r' AND relnamespace::regnamespace::text !~ '^(pg_|information_schema)'"
    ).fetchall()
    return {
        table: [
            row for (row,) in connection.execute(f"SELECT t::text FROM {table} AS t ORDER BY 1".encode()).fetchall()
        ]
        for (table,) in tables
    }
