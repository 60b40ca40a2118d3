"""What there is to ask with SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from pytest_debugloop.queries.statements import rows


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or a view, or a column of one.

    Attributes:
        kind: table or view; of a column its type.
    """

    name: str
    kind: str
    comment: str


def relations(connection: Connection[Any], name: str | None = None) -> list[Relation]:
    """List tables and views, or the columns of one.

    Args:
        connection: its search path leads to the record.
        name: of a table or a view; None for all.

    Returns:
        What there is; nothing where that name is not there.

    Raises:
        psycopg.Error: the database cannot answer.
    """
    return rows(connection, Relation, "relations", relation=name)
