"""Make docs/data-dictionary.md from the comments in the migrations.

python -m tests.docs.dictionary    # writes the page anew
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from pytest_debugloop.database.migrate import migrate
from tests.support.kinds import FIRST
from tests.support.servers import Servers

PAGE = Path(__file__).parents[2] / "docs" / "data-dictionary.md"

_HEAD = """\
# Data dictionary

This page lists all tables, views and columns of the schema `agent_observability`, with their comments. It is generated
from the migrations by `python -m tests.docs.dictionary`, so do not edit it. The tables `agent_actions`,
`agent_transformation_events` and `hook_events` belong to the host application: if a database already has them, they are
not changed, only extended. See also the [example queries](sql.md), and [ten questions](questions.md) with answers.
"""
_RELATIONS = """
    SELECT c.oid, c.relname AS name, c.relkind = 'v' AS is_view, obj_description(c.oid, 'pg_class') AS comment
    FROM pg_class AS c
    WHERE c.relnamespace = %(schema)s::regnamespace AND c.relkind IN ('r', 'v')
    ORDER BY c.relkind, c.relname
"""
_COLUMNS = """
    SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS required,
        col_description(a.attrelid, a.attnum) AS comment
    FROM pg_attribute AS a
    WHERE a.attrelid = %(relation)s AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY a.attnum
"""


def data_dictionary(connection: psycopg.Connection[Any], schema: str) -> str:
    """Write the page.

    Args:
        connection: to a database that is migrated.
        schema: of the record.
    """
    page = [_HEAD]
    with connection.cursor(row_factory=dict_row) as cursor:
        for relation in cursor.execute(_RELATIONS, {"schema": schema}).fetchall():
            kind = "view" if relation["is_view"] else "table"
            page += [f"\n## {relation['name']} ({kind})\n", relation["comment"] or "", ""]
            page += ["| column | type | meaning |", "| --- | --- | --- |"]
            for column in cursor.execute(_COLUMNS, {"relation": relation["oid"]}):
                required = " not null" if column["required"] else ""
                comment = (column["comment"] or "").replace("|", "\\|").replace("\n", " ")
                page.append(f"| `{column['name']}` | {column['type']}{required} | {comment} |")
    return "\n".join(page) + "\n"


def main() -> None:
    """Write the page into the folder of the documents."""
    with Servers() as servers:
        server = servers.get(FIRST)
        with server.schema() as schema, psycopg.connect(server.conninfo, autocommit=True) as connection:
            migrate(connection, schema)
            page = data_dictionary(connection, sql.Identifier(schema).as_string(connection))
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
