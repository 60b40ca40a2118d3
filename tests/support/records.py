"""A migrated schema, a loader into it, and all that lies in it."""

from __future__ import annotations

import psycopg
from psycopg import sql

from pytest_debugloop.database.connect import connect
from pytest_debugloop.database.migrate import migrate
from pytest_debugloop.loading.loader import Loader

# Tables of the record that are not named as ours.
_OF_HOSTS = ("agent_transformation_events", "hook_events")


class Record:
    """A schema, a loader into it, and what lies in it."""

    def __init__(self, conninfo: str, schema: str) -> None:
        self.conninfo = conninfo
        self.schema = schema
        self.connection = self.connect()
        self.renew()

    def connect(self) -> psycopg.Connection:
        connection = connect(self.conninfo)
        self._enter(connection)
        return connection

    def renew(self) -> None:
        """Begin anew over the same connection: as a test before may have left the session and the schema."""
        self.connection.execute("RESET ALL")
        self._enter(self.connection)
        migrate(self.connection, self.schema)
        self.loader = Loader(self.connection, self.schema)

    def _enter(self, connection: psycopg.Connection) -> None:
        connection.execute(sql.SQL("SET search_path TO {}, public").format(sql.Identifier(self.schema)))

    def rows(self, query: str) -> list[tuple[object, ...]]:
        return self.connection.execute(query.encode()).fetchall()

    def value(self, query: str) -> object:
        return self.rows(query)[0][0]

    def tables(self) -> list[str]:
        """Name the tables that a run fills."""
        return [
            str(row[0])
            for row in self.rows(
                "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema() "
                "AND table_type = 'BASE TABLE' AND table_name LIKE 'debug%' ORDER BY 1"
            )
        ]

    def empty(self) -> None:
        """Delete all that is stored: TRUNCATE makes new files for each table and index, and all look at them anew."""
        tables = (*self.tables(), *_OF_HOSTS)
        deletions = [sql.SQL("DELETE FROM {}").format(sql.Identifier(table)) for table in tables]
        with self.connection.transaction():
            self.connection.execute("SET LOCAL session_replication_role TO replica")  # in any order, by no trigger
            self.connection.execute(sql.SQL("; ").join(deletions))

    def content(self, **more_left_out: set[str]) -> dict[str, list[tuple[object, ...]]]:
        """Give all that is stored, but for what says when it was stored, and for what is of chance.

        Args:
            **more_left_out: columns that are left out too, by their table.
        """
        left_out = more_left_out | {
            "debug_rejected_lines": {"rejected_at"},
            "debug_hash_key": {"key"},  # of chance
        }
        content = {}
        for table in self.tables():
            columns = [
                str(row[0])
                for row in self.rows(
                    "SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema() "
                    f"AND table_name = '{table}' ORDER BY 1"
                )
                if row[0] not in left_out.get(table, set())
            ]
            content[table] = sorted(self.rows(f"SELECT {', '.join(columns)} FROM {table}"), key=repr)
        return content
