"""Projects by the names that they have, or had."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from pytest_debugloop.queries.statements import one


@dataclass(frozen=True, slots=True)
class _Name:
    name: str


def project_named(connection: Connection[Any], name: str) -> str:
    """Give the name that a project has now.

    Args:
        connection: its search path leads to the record.
        name: that it has, or had before its checkout got another.

    Returns:
        The given name where no project was called so, or several were.

    Raises:
        psycopg.Error: the database cannot answer.
    """
    return one(connection, _Name, "project_named", called=name).name
