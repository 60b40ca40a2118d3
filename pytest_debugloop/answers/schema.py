"""Makes sure that a schema holds a record of the version that this package knows, over a connection of any kind."""

from __future__ import annotations

from pytest_debugloop.database.migration_files import available
from pytest_debugloop.errors import MissingGrantError, NoSchemaError, SchemaTooNewError, SchemaTooOldError
from pytest_debugloop.queries.question import Steps, one
from pytest_debugloop.queries.schema import schema_kind, schema_version


def known_schema(schema: str, where: str) -> Steps[None]:
    """Make sure that a record can be used.

    Args:
        schema: its name, to which the search path leads.
        where: the server, for people.

    Raises:
        NoSchemaError: the schema holds no record.
        MissingGrantError: the role may not use it.
        SchemaTooOldError, SchemaTooNewError: the record is of another version of this package.
    """
    kind = yield from one(schema_kind(schema))
    if not kind.is_usable:
        raise MissingGrantError(reason=f"permission denied for schema {schema}", grant=grants(schema))
    found = (yield from one(schema_version())).version if kind.is_record else None
    if found is None:
        raise NoSchemaError(schema=schema, where=where)
    known = available()[-1].version
    if found != known:
        raise (SchemaTooOldError if found < known else SchemaTooNewError)(schema=schema, found=found, known=known)


def grants(schema: str) -> str:
    """Give the statements by which the owner of a record lets a role use it.

    Args:
        schema: of the record.
    """
    return (
        f"GRANT USAGE ON SCHEMA {schema} TO ROLE; GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA {schema} TO ROLE"
    )
