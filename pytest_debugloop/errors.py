"""Everything this package raises: one tree, and each class's docstring is its message.

A message says what happened and what to do about it, in one sentence that is fit for a terminal.
"""

from __future__ import annotations

import inspect
import re

_WORD = re.compile(r"(?<!^)(?=[A-Z])")


class DebugloopError(Exception):
    """Something in pytest-debugloop went wrong."""

    def __init__(self, **facts: object) -> None:
        """Fill the class's docstring.

        Args:
            **facts: one value for each ``{name}`` in the docstring of the class.
        """
        self.facts = facts
        super().__init__(self.template.format(**facts))

    @property
    def template(self) -> str:
        """The message, with a ``{name}`` for each fact."""
        return " ".join(inspect.cleandoc(type(self).__doc__ or "").split())

    @property
    def code(self) -> str:
        """The name of the class for programs, as in ``not_found``."""
        return _WORD.sub("_", type(self).__name__.removesuffix("Error")).lower()


class SettingInvalidError(DebugloopError):
    """The setting {name} is not valid: {reason}."""


class DriverMissingError(DebugloopError):
    """The PostgreSQL driver cannot be imported ({reason}): run `pip install "pytest-debugloop[binary]"`."""


class ExtraMissingError(DebugloopError):
    """The package {package} is not installed: run `pip install "pytest-debugloop[{extra}]"`."""


class DatabaseUnreachableError(DebugloopError):
    """PostgreSQL at {where} did not answer ({reason}): check the connection string."""


class ServerTooOldError(DebugloopError):
    """The server at {where} is PostgreSQL {found}, but pytest-debugloop requires {needed} or later: upgrade it."""


class EmbeddedServerError(DebugloopError):
    """The embedded PostgreSQL in {directory} did not start: {reason}."""


class EmbeddedServerNotStoppedError(DebugloopError):
    """The embedded PostgreSQL in {directory} was not stopped: {reason}."""


class EmbeddedServerMissingError(EmbeddedServerError):
    """No PostgreSQL to record to: run `pip install "pytest-debugloop[embedded]"`, or set --debugloop-dsn."""


class EmbeddedVersionMissingError(EmbeddedServerMissingError):
    """PostgreSQL {wanted} is not installed, only {available}: choose one of these, or set --debugloop-dsn."""


class DataDirectoryVersionError(EmbeddedServerError):
    """{directory} contains data of PostgreSQL {found}, but the installed versions are {available}: move it away."""


class ForeignRecordError(EmbeddedServerError):
    """Another user or machine made {directory}, which may contain programs: open it with `debugloop status --trust`."""


class NoRecordError(DebugloopError):
    """There is no record in {folder}: run `pytest --debugloop` there first, or name a server with --dsn."""


class NotLoadedError(DebugloopError):
    """There is no record in {folder}, but there are journals: run `debugloop load`, or name a server with --dsn."""


class NoSchemaError(DebugloopError):
    """There is no record in schema {schema} of {where}: run `pytest --debugloop` or `debugloop migrate` first."""


class SchemaTooOldError(DebugloopError):
    """The record in schema {schema} is at version {found} of {known}: run `debugloop migrate`."""


class NotFoundError(DebugloopError):
    """Nothing in the record matches {text}: {hint}."""


class WrongKindError(DebugloopError):
    """{text} is {kind}, but {kinds} is expected here."""


class AmbiguousError(DebugloopError):
    """{text} is ambiguous, it matches {count}: {candidates}."""


class NoRunsError(DebugloopError):
    """The record has no runs of project {project}, only of {others}: choose one with --project."""


class EmptyRecordError(DebugloopError):
    """The record has no runs yet: run `pytest --debugloop`."""


class NothingToCompareError(DebugloopError):
    """The record has no runs of {head}{narrowed}: name a run, branch, change, commit or session that has some."""


class NoBaseError(DebugloopError):
    """There is nothing to compare {head} with: the record has no {base}; name another base."""


class CannotJudgeError(DebugloopError):
    """The check has no answer: {reason}."""


class NeverFailedError(DebugloopError):
    """{text} has never failed in this record."""


class NoRunBeforeError(DebugloopError):
    """No earlier run is known on the line of run {run}: name what to compare it with (`debugloop runs`)."""


class NotRecoveredError(DebugloopError):
    """{text} has not passed since, and no earlier pass is known: name what to compare it with (`debugloop history`)."""


class NotInRunError(DebugloopError):
    """{test} did not run to its end in run {run}: `debugloop history` lists the runs in which it did."""


class SnapshotTooLargeError(DebugloopError):
    """Snapshot {id} is too large to show ({megabytes} MB): write it with `debugloop show {id} --json > FILE`."""


class NotAPathError(DebugloopError):
    """{path} is not a path from {rest} on: write it like frames[-1].locals.self.path or fixtures['a name'][0]."""


class NoValueError(DebugloopError):
    """Nothing is recorded at {path}: {hint}."""


class NoStateError(DebugloopError):
    """No values are recorded for {error}: see `debugloop show {error}`."""


class MigrationError(DebugloopError):
    """Migration {version} ({name}) failed and changed nothing: {reason}."""


class SchemaTooNewError(MigrationError):
    """Schema {schema} is at version {found}, but this pytest-debugloop only knows {known}: upgrade the package."""


class MigrationChangedError(MigrationError):
    """Migration {version} ({name}) differs from the file that was applied: restore it, or roll back and migrate."""


class HostIndexError(DebugloopError):
    """{table} could not be indexed ({reason}): let its owner run `{statement};`."""


class NewerJournalError(DebugloopError):
    """The journal {path} was written by a newer pytest-debugloop than this one: upgrade the package."""


class NoInterpreterError(DebugloopError):
    """sys.executable is {found}, which is not this run's Python interpreter."""


class JournalUnreadableError(DebugloopError):
    """The run of journal {path} is unknown: neither the file, nor those beside it, nor its directory name one."""


class RerunImpossibleError(DebugloopError):
    """The test cannot be rerun: {reason}."""


class RerunFailedError(DebugloopError):
    """The rerun did not reach the test: {reason}."""


class NotAsRecordedError(DebugloopError):
    """Nothing can be proved here: alone, the test {ending}, but it {expected} in run {run}: {reason}."""


class CodeChangedError(DebugloopError):
    """The code has changed ({functions}), and a debugger would show the wrong lines: add --force to continue."""


class NothingToDebugError(DebugloopError):
    """Error {id} has no recorded frames ({what}): `debugloop show {id}` shows what is recorded."""


class NoDebuggerError(DebugloopError):
    """The debugger {name} cannot be used ({reason}): choose one with --pdbcls MODULE:CLASS."""


class OutputExistsError(DebugloopError):
    """{path} already exists: choose another name, or add --force to overwrite it."""


class RecordBusyError(DebugloopError):
    """Nothing was deleted, as others keep writing to schema {schema}: try again when no run is in progress."""


class RecordLockedError(DebugloopError):
    """The record has been locked for {seconds} s, for example by a migration or VACUUM FULL: try again later."""


class FolderGoneError(DebugloopError):
    """The current directory no longer exists: change to another one."""


class ClosedConnectionError(DebugloopError):
    """The connection to the record is closed{reason}: open another one."""


class BrokenTransactionError(DebugloopError):
    """The connection is in a transaction that has failed, and PostgreSQL refuses everything until it is rolled back."""


class MissingGrantError(DebugloopError):
    """The database role lacks a right ({reason}): let the owner of the record run `{grant}`."""


class ReadOnlyConnectionError(DebugloopError):
    """Nothing can be written over this connection ({reason}): use one that is not read-only."""


class NotAUuidError(DebugloopError):
    """{name} must be a UUID, but it is {value}."""


class NotStorableError(DebugloopError):
    """{where} cannot be stored as JSON: {reason}."""


class RefusedValueError(DebugloopError):
    """The record does not accept a value: {reason}."""


class UnknownIdError(DebugloopError):
    """The record has no {kind} {id}."""


class StepEndedError(DebugloopError):
    """Step {id} has ended before, as {status}."""


class InternalFaultError(DebugloopError):
    """Internal error in pytest-debugloop ({reason}): report it; `python -X dev -m pytest_debugloop` shows more."""
