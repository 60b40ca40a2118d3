"""Load batches of journal lines: bytes into a staging table, and the rest in set-based SQL, one transaction a batch.

A batch that the database refuses is halved until the lines to blame stand alone; those are kept with the reason, and
all others are stored. Loading a line twice changes nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import psycopg
from psycopg import ClientCursor, Connection, sql

from pytest_debugloop.journal.records import clean_text
from pytest_debugloop.loading.batch import ALWAYS, contents_of, execute_needed, stage, statement, store
from pytest_debugloop.loading.error_classes import is_data_error
from pytest_debugloop.loading.heads import JournalHead
from pytest_debugloop.loading.lines import (
    DAMAGED,
    TOO_DEEP,
    Chunk,
    Refused,
    is_too_deep,
    joined,
    leave_out,
    separate,
    units,
)
from pytest_debugloop.loading.linking import link_recoveries

# In their order, and what of a run each is for: most runs have nothing of it (complete_contents.sql).
_BEFORE_LINKING = (
    ("complete_renumber", frozenset({"moved"})),
    ("complete_crashes", frozenset({"crash"})),
    ("complete_incidents", frozenset({"error"})),
    ("complete_stops", frozenset({"interrupted"})),
)
_AFTER_LINKING = (
    ("complete_retries", frozenset({"error"})),
    ("complete_graph", frozenset({"error", "fixture"})),
    ("complete_transformation", ALWAYS),
    ("complete_run", ALWAYS),
)
_REFUSED_AT_ONCE = 5_000


class Loader:
    """Loads journal lines over one connection.

    Args:
        connection: in autocommit mode, to a migrated database.
        schema: of the record.
        is_embedded: whether the record is that of one checkout.

    Attributes:
        rejected: how many lines could not be stored, and were kept with the reason.
    """

    def __init__(self, connection: Connection, schema: str, *, is_embedded: bool = False) -> None:
        self._connection = connection
        self._is_embedded = is_embedded
        self._schema = schema
        self.rejected = 0

    @property
    def connection(self) -> Connection:
        """The connection, in autocommit mode."""
        return self._connection

    def load(self, chunks: Sequence[Chunk], refused: Sequence[Refused] = ()) -> None:
        """Store lines.

        Args:
            chunks: the writers of journals and lines of theirs.
            refused: what is to be kept as refused.

        Raises:
            psycopg.Error: the database cannot store anything; what is stored of the batch by then will be again.
        """
        aside = list(refused)
        clean: list[Chunk] = []
        for head, data in chunks:
            good, bad = separate(data)
            if good:
                clean.append((head, good))
            aside += [(head, line, DAMAGED) for line in bad]
        self._reject(aside)
        if clean:
            self._load(clean)

    def _load(self, chunks: Sequence[Chunk], *, is_sifted: bool = False) -> None:
        try:
            unfit = self._load_batch(chunks)
        except psycopg.Error as error:
            if not is_data_error(error):
                raise
            if not is_sifted and (sifted := self._sift(chunks)) is not None:
                if sifted:
                    self._load(sifted, is_sifted=True)
                return
            self._halve(chunks, error, is_sifted=is_sifted)
        else:
            self._reject(unfit)

    def _sift(self, chunks: Sequence[Chunk]) -> list[Chunk] | None:
        """Set all lines aside that are not what their kind is to be, at once; give the others, None where it is all."""
        unfit: list[Refused] = []
        for head, data in chunks:
            unfit += [(head, line, TOO_DEEP) for line in data.split(b"\n") if is_too_deep(line)]
        try:
            unfit += self._unfit_of(leave_out(chunks, unfit))
        except psycopg.Error as error:
            if not is_data_error(error):
                raise
        if not unfit:
            return None
        self._reject(unfit)
        return leave_out(chunks, unfit)

    def _unfit_of(self, chunks: Sequence[Chunk]) -> list[Refused]:
        if not chunks:
            return []
        with self.entered() as cursor:
            heads = stage(cursor, chunks)
            cursor.execute(statement("sift"))
            cursor.execute(statement("unfit"))
            cursor.execute(statement("sifted"))
            return [(heads[number - 1], line.encode(), reason) for number, line, reason in cursor]

    def _halve(self, chunks: Sequence[Chunk], error: psycopg.Error, *, is_sifted: bool) -> None:
        parts = [(head, unit) for head, data in chunks for unit in units(data)]
        if len(parts) > 1:
            middle = len(parts) // 2
            for half in (parts[:middle], parts[middle:]):
                self._load(joined(half), is_sifted=is_sifted)
            return
        head, unit = parts[0]
        lines = unit.splitlines(keepends=True)
        if len(lines) > 1:  # a snapshot and its error: one of them may do without the other
            for line in lines:
                self._load([(head, line)], is_sifted=is_sifted)
            return
        self._reject([(head, unit.rstrip(b"\n"), (error.diag.message_primary or str(error)).strip())])

    def _load_batch(self, chunks: Sequence[Chunk]) -> list[Refused]:
        with self._connection.transaction(), self._connection.cursor() as cursor:
            self._enter(cursor, {head.correlation_id for head, _ in chunks})
            heads = stage(cursor, chunks)
            store(cursor)
            cursor.execute(statement("unknown"))
            return [(heads[number - 1], line.encode(), reason) for number, line, reason in cursor]

    @contextmanager
    def entered(self) -> Iterator[psycopg.Cursor]:
        """Enter a transaction on the record.

        Raises:
            psycopg.Error: the database is away.
        """
        with self._connection.transaction(), self._connection.cursor() as cursor:
            self._enter(cursor, ())
            yield cursor

    def _enter(self, cursor: psycopg.Cursor, workflows: Iterable[uuid.UUID]) -> None:
        """Begin a transaction: the schema, and the locks of the workflows, whose steps have one numbering each."""
        cursor.execute(sql.SQL("SET LOCAL search_path TO {}, public").format(sql.Identifier(self._schema)))
        cursor.execute(statement("enter"))
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
        with self.entered() as cursor:
            paths, hashes = [path for path, _ in files], [digest for _, digest in files]
            cursor.execute(statement("code_known"), (paths, hashes))
            return {(path, digest): variables for path, digest, variables in cursor}

    def hash_key(self) -> bytes:
        """Give the key of the record's keyed hashes; it raises psycopg.Error where the database cannot answer."""
        with self.entered() as cursor:
            return bytes(next(cursor.execute(statement("hash_key")))[0])

    def _reject(self, refused: Sequence[Refused]) -> None:
        """Keep lines that cannot be stored, with the reasons."""
        for begin in range(0, len(refused), _REFUSED_AT_ONCE):
            part = refused[begin : begin + _REFUSED_AT_ONCE]
            with self.entered() as cursor:
                cursor.execute(
                    statement("reject"),
                    {
                        "lines": [line for _, line, _ in part],
                        "journals": [head.journal_id for head, _, _ in part],
                        "workflows": [head.correlation_id for head, _, _ in part],
                        "reasons": [clean_text(reason) for _, _, reason in part],
                    },
                )
            self.rejected += len(part)

    def add_run(self, head: JournalHead) -> None:
        """Add the run of a journal that no main process's journal has named.

        Args:
            head: who wrote a journal of the run, of which all are loaded.

        Raises:
            psycopg.Error: the database cannot store anything.
        """
        with self.entered() as cursor:
            run = {
                name: getattr(head, name)
                for name in ("run_id", "correlation_id", "session_id", "project", "agent_name")
            }
            cursor.execute(statement("runs_without_main"), run)

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
            contents = contents_of(cursor, "complete_contents", run)
            execute_needed(cursor, _BEFORE_LINKING, contents, run)
            has_failures = "error" in contents
            link_recoveries(cursor, run_id, correlation_id, is_embedded=self._is_embedded, has_failures=has_failures)
            execute_needed(cursor, _AFTER_LINKING, contents, run)
            while cursor.nextset():
                pass
            row = cursor.fetchone()
        steps, failures, recoveries = row or (0, 0, 0)
        return {"step": steps, "failure": failures, "recovery": recoveries}
