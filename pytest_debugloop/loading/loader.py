"""Load batches of journal lines: bytes into a staging table, and the rest in set-based SQL, one transaction a batch.

A batch that the database refuses is halved until the lines to blame stand alone; those are kept with the reason, and
all others are stored. Loading a line twice changes nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files

import psycopg
from psycopg import ClientCursor, Connection, sql

from pytest_debugloop.handover import KnownFailure
from pytest_debugloop.loading.journals import JournalHead
from pytest_debugloop.loading.known import known_failures
from pytest_debugloop.loading.recoveries.reasons import compare_states, explain

_BATCH_STATEMENTS = (
    "records",
    "runs",
    "code",
    "steps_stage",
    "steps_known",
    "steps_number",
    "tasks",
    "snapshots",
    "errors",
    "successes",
    "steps",
    "retract",
    "finish",
)
_COMPLETE_STATEMENTS = (
    "complete_renumber",
    "complete_crashes",
    "complete_incidents",
)
# JSON never holds these bytes as they are: with them as quote and delimiter, COPY takes any line of JSON whole.
_COPY = sql.SQL(
    "COPY staged_lines (line) FROM STDIN WITH (FORMAT csv, QUOTE E'\\x01', ESCAPE E'\\x01', DELIMITER E'\\x02')"
)
# What COPY would trip over: its own marks, an end of data, and what is no text or would end a line. All other control
# characters are refused with their line, as JSON.
_NOT_FOR_COPY = (b"\x00", b"\x01", b"\x02", b"\r")
_END_OF_COPY = b"\\."

# The work is done in memory; compiling plans would take longer than running them.
_SETTINGS = "SET LOCAL timezone TO 'UTC'; SET LOCAL work_mem TO '64MB'; SET LOCAL jit TO off"

# SQLSTATE classes that blame a line: data exception, constraint violation, and beyond the server's limits. All others
# (no privilege, no disk, no server) are the database's own trouble: the lines wait.
_REFUSALS = frozenset({"22", "23", "54"})

Chunk = tuple[JournalHead, bytes]


@cache
def statement(name: str) -> str:
    """Read one of the loader's SQL files.

    Args:
        name: without its ending.
    """
    return (files(__package__) / "sql" / f"{name}.sql").read_text(encoding="utf-8")


class Loader:
    """Loads journal lines over one connection.

    Args:
        connection: in autocommit mode, to a migrated database.
        schema: of the record.

    Attributes:
        rejected: how many lines could not be stored, and were kept with the reason.
    """

    def __init__(self, connection: Connection, schema: str) -> None:
        self._connection = connection
        self._schema = schema
        self.rejected = 0

    def load(self, chunks: Sequence[Chunk]) -> None:
        """Store lines.

        Args:
            chunks: the writers of journals and whole lines of theirs.

        Raises:
            psycopg.Error: the database cannot store anything; nothing of the batch is.
        """
        clean: list[Chunk] = []
        for head, data in chunks:
            good, bad = _separate(data)
            if good:
                clean.append((head, good))
            for line in bad:
                self._reject(head, line, "it is damaged: no line of JSON in UTF-8 without control characters")
        if clean:
            self._load(clean)

    def _load(self, chunks: Sequence[Chunk]) -> None:
        try:
            unknown = self._load_batch(chunks)
        except psycopg.Error as error:
            if (error.sqlstate or "")[:2] not in _REFUSALS:
                raise
            self._halve(chunks, error)
        else:
            for head, line, reason in unknown:
                self._reject(head, line.encode(), reason)

    def _halve(self, chunks: Sequence[Chunk], error: psycopg.Error) -> None:
        units = [(head, unit) for head, data in chunks for unit in _units(data)]
        if len(units) > 1:
            middle = len(units) // 2
            for half in (units[:middle], units[middle:]):
                self._load(_joined(half))
            return
        head, unit = units[0]
        lines = unit.splitlines(keepends=True)
        if len(lines) > 1:  # a snapshot and its error: one of them may do without the other
            for line in lines:
                self._load([(head, line)])
            return
        self._reject(head, unit.rstrip(b"\n"), (error.diag.message_primary or str(error)).strip())

    def _load_batch(self, chunks: Sequence[Chunk]) -> list[tuple[JournalHead, str, str]]:
        with self._connection.transaction(), self._connection.cursor() as cursor:
            self._enter(cursor, {head.correlation_id for head, _ in chunks})
            cursor.execute(statement("stage"))
            heads: list[JournalHead] = []
            for head, data in chunks:
                if head not in heads:
                    heads.append(head)
                    self._stage_head(cursor, len(heads), head)
                cursor.execute("SELECT set_config('debugloop.journal_no', %s, true)", (str(heads.index(head) + 1),))
                with cursor.copy(_COPY) as copy:
                    copy.write(data)
            for name in _BATCH_STATEMENTS:
                cursor.execute(statement(name))
            cursor.execute(statement("unknown"))
            return [(heads[number - 1], line, reason) for number, line, reason in cursor.fetchall()]

    def _stage_head(self, cursor: psycopg.Cursor, number: int, head: JournalHead) -> None:
        cursor.execute(
            "INSERT INTO staged_journals VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (
                number,
                head.journal_id,
                head.run_id,
                head.correlation_id,
                head.session_id,
                head.project,
                head.agent_name,
                head.is_main,
                head.id_base,
                head.id_mark,
            ),
        )

    def _enter(self, cursor: psycopg.Cursor, workflows: Iterable[uuid.UUID]) -> None:
        """Begin a transaction: the schema, and the locks of the workflows, whose steps have one numbering each."""
        cursor.execute(sql.SQL("SET LOCAL search_path TO {}, public").format(sql.Identifier(self._schema)))
        cursor.execute(_SETTINGS)
        for workflow in sorted(workflows):
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (str(workflow),))

    def known_files(self, files: list[tuple[str, str]]) -> dict[tuple[str, str], list[str]]:
        """Tell which source files the database has.

        Args:
            files: path and hash of each.

        Returns:
            The environment variables that are named in each that it has.

        Raises:
            psycopg.Error: the database cannot answer.
        """
        with self._connection.transaction(), self._connection.cursor() as cursor:
            self._enter(cursor, ())
            paths, hashes = [path for path, _ in files], [digest for _, digest in files]
            cursor.execute(statement("code_known"), (paths, hashes))
            return {(path, digest): variables for path, digest, variables in cursor}

    def _reject(self, head: JournalHead, line: bytes, reason: str) -> None:
        with self._connection.transaction(), self._connection.cursor() as cursor:
            self._enter(cursor, ())
            cursor.execute(
                statement("reject"),
                {
                    "line": line,
                    "journal_id": head.journal_id,
                    "correlation_id": head.correlation_id,
                    "reason": reason,
                },
            )
        self.rejected += 1

    def complete(self, run_id: uuid.UUID, correlation_id: uuid.UUID) -> dict[str, int]:
        """Draw the conclusions of a run of which every journal is loaded, and make all of it durable.

        Args:
            run_id: of the run.
            correlation_id: of its workflow.

        Returns:
            How many ``step``, ``failure`` and ``recovery`` rows the run has.

        Raises:
            psycopg.Error: the database cannot store anything.
        """
        with self._connection.transaction(), ClientCursor(self._connection) as cursor:
            self._enter(cursor, {correlation_id})
            # The journals go after this: the server must not answer before all of the run is on its disk.
            cursor.execute("SET LOCAL synchronous_commit TO on")
            run = {"run_id": run_id, "correlation_id": correlation_id}
            for name in _COMPLETE_STATEMENTS:
                cursor.execute(statement(name), run)
            self._link(cursor, run_id, correlation_id)
            cursor.execute(statement("complete_run"), run)
            while cursor.nextset():
                pass
            row = cursor.fetchone()
        steps, failures, recoveries = row or (0, 0, 0)
        return {"step": steps, "failure": failures, "recovery": recoveries}

    def known_failures(self, run_id: uuid.UUID, correlation_id: uuid.UUID, most: int) -> tuple[list[KnownFailure], int]:
        """Tell what the record knows of the tests that a concluded run leaves failed.

        Args:
            run_id: of the run.
            correlation_id: of its workflow.
            most: how many tests at most.

        Returns:
            The tests that most is known of, and how many there are.

        Raises:
            psycopg.Error: the database cannot answer, or not soon.
        """
        with self._connection.transaction():
            self._enter(cursor := self._connection.cursor(), ())
            return known_failures(cursor, statement, run_id, correlation_id, most)

    def _link(self, cursor: psycopg.Cursor, run_id: uuid.UUID, correlation_id: uuid.UUID) -> None:
        """Link what failed and passed again, and find the reasons."""
        run = {"run_id": run_id, "correlation_id": correlation_id}
        cursor.execute(statement("lock_project"), run)
        cursor.execute(statement("recoveries_link"), run)
        concluded = explain(cursor, statement, run_id, correlation_id)
        compare_states(cursor, statement)
        cursor.execute(statement("recoveries_conclude"), {**run, "concluded": concluded})


def _separate(data: bytes) -> tuple[bytes, list[bytes]]:
    """Take out the lines that COPY would trip over."""
    if (
        data.endswith(b"\n")
        and _is_text(data)
        and not data.startswith(_END_OF_COPY)
        and b"\n" + _END_OF_COPY not in data
    ):
        return data, []
    good, bad = [], []
    for line in data.split(b"\n"):
        if line.startswith(b"{") and line.endswith(b"}") and _is_text(line):
            good.append(line)
        elif line.strip():
            bad.append(line)
    return b"".join(line + b"\n" for line in good), bad


def _is_text(data: bytes) -> bool:
    if any(mark in data for mark in _NOT_FOR_COPY):
        return False
    if data.isascii():
        return True
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _units(data: bytes) -> list[bytes]:
    """Split into what is loaded together: a line, or a snapshot with the error behind it."""
    units: list[bytes] = []
    held = b""
    for line in data.splitlines(keepends=True):
        if line.startswith(b'{"kind":"snapshot"') and not held:
            held = line
            continue
        units.append(held + line)
        held = b""
    if held:
        units.append(held)
    return units


def _joined(units: Iterable[Chunk]) -> list[Chunk]:
    chunks: list[Chunk] = []
    for head, unit in units:
        if chunks and chunks[-1][0] is head:
            chunks[-1] = (head, chunks[-1][1] + unit)
        else:
            chunks.append((head, unit))
    return chunks
