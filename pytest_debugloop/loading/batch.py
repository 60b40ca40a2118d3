"""A batch of journal lines: copied into staging tables, and stored from there by the statements that it needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import asdict
from typing import Any

import psycopg
from psycopg import sql

from pytest_debugloop.database.sql_files import sql_text
from pytest_debugloop.loading.heads import JournalHead
from pytest_debugloop.loading.lines import Chunk

Needed = tuple[tuple[str, frozenset[str]], ...]
"""Names of statements, and what each is for."""
ALWAYS = frozenset[str]()
"""What a statement is for that every batch, or every run, needs."""
_STAGING = ("records", "steps_stage")
# In their order, and what of a batch each is for: most batches hold nothing but steps of tests that pass, and to plan a
# statement that finds nothing takes longer than storing a hundred steps.
_STORING: Needed = (
    ("runs", frozenset({"run"})),
    ("code", frozenset({"survey", "code_file"})),
    ("commits", frozenset({"commits"})),
    ("stage_indexes", frozenset({"note", "snapshot"})),
    ("notes_stage", frozenset({"note"})),
    ("fixtures_stage", frozenset({"fixture"})),
    ("steps_known", ALWAYS),
    ("steps_number", ALWAYS),
    ("tasks", ALWAYS),
    ("snapshots", frozenset({"snapshot"})),
    ("errors_stage", frozenset({"error", "snapshot"})),
    ("errors", frozenset({"error"})),
    ("successes", ALWAYS),
    ("captures", frozenset({"snapshot"})),
    ("steps", ALWAYS),
    ("retract", frozenset({"correction", "note"})),
    ("notes_store", frozenset({"note"})),
    ("artifacts", frozenset({"artifact"})),
    ("traces", frozenset({"trace"})),
    ("runs_without_header", frozenset({"new run"})),
    ("finish", frozenset({"finish"})),
    ("stamps", frozenset({"run", "survey"})),
)
# JSON never holds these bytes as they are: with them as quote and delimiter, COPY takes any line of JSON whole.
_COPY = sql.SQL(
    "COPY staged_lines (line) FROM STDIN WITH (FORMAT csv, QUOTE E'\\x01', ESCAPE E'\\x01', DELIMITER E'\\x02')"
)


def statement(name: str) -> str:
    """Read one of the loader's SQL files.

    Args:
        name: without its ending.
    """
    return sql_text("pytest_debugloop.loading", name)


def contents_of(cursor: psycopg.Cursor, name: str, values: Mapping[str, Any] | None = None) -> set[str]:
    """Ask what there is to be done.

    Args:
        cursor: in a transaction on the record.
        name: of the statement that tells it, in one array.
        values: that it asks for.
    """
    (contents,) = cursor.execute(statement(name), values).fetchone() or ([],)
    return set(contents)


def execute_needed(
    cursor: psycopg.Cursor, statements: Needed, contents: Set[str], values: Mapping[str, Any] | None = None
) -> None:
    """Execute those statements that are for something that there is.

    Args:
        cursor: in a transaction on the record.
        statements: their names, in their order, and what each is for; :data:`ALWAYS` is for all.
        contents: what there is.
        values: that they ask for.
    """
    for name, needed_for in statements:
        if not needed_for or needed_for & contents:
            cursor.execute(statement(name), values)


def stage(cursor: psycopg.Cursor, chunks: Sequence[Chunk]) -> list[JournalHead]:
    """Copy lines into the staging tables.

    Args:
        cursor: in a transaction on the record.
        chunks: lines, and who wrote them.

    Returns:
        The writers of the journals, in the order of their numbers there.
    """
    # Asked each time: behind a pooler, each transaction may have another server process, with tables of its own.
    if cursor.execute("SELECT to_regclass('pg_temp.staged_lines') IS NULL").fetchone() == (True,):
        cursor.execute(statement("stage"))
    heads: list[JournalHead] = []
    for head, data in chunks:
        if head not in heads:
            heads.append(head)
            columns = {**asdict(head), "id_base": head.id_base, "id_mark": head.id_mark}
            cursor.execute(statement("stage_head"), {"number": len(heads), **columns})
        cursor.execute("SELECT set_config('debugloop.journal_no', %s, true)", (str(heads.index(head) + 1),))
        with cursor.copy(_COPY) as copy:
            copy.write(data)
    return heads


def store(cursor: psycopg.Cursor) -> None:
    """Store what is staged, but for records that have not the shape of their kind.

    Args:
        cursor: in the transaction in which it was staged.
    """
    for name in _STAGING:
        cursor.execute(statement(name))
    kinds = contents_of(cursor, "contents")
    if kinds - {"fixture", "correction", "new run"}:
        cursor.execute(statement("unfit"))
    execute_needed(cursor, _STORING, kinds)
