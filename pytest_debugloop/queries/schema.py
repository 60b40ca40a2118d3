"""Which version of the record a schema holds."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_debugloop.queries.question import Question


@dataclass(frozen=True, slots=True)
class SchemaVersion:
    """The last migration that a record has; ``version`` is None where it has none."""

    version: int | None


@dataclass(frozen=True, slots=True)
class SchemaKind:
    """What a schema holds.

    Attributes:
        is_record: whether it has a table of migrations like ours.
        is_usable: whether the role may use what is in it.
    """

    is_record: bool
    is_usable: bool


def schema_kind(schema: str) -> Question[SchemaKind]:
    """Say whether a schema holds a record.

    Args:
        schema: its name.
    """
    return Question("schema_kind", SchemaKind, {"schema": schema})


def schema_version() -> Question[SchemaVersion]:
    """Give the version of the record that the search path leads to."""
    return Question("schema_version", SchemaVersion)
