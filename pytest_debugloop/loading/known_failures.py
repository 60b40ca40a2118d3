"""What the record knows of the tests that a run leaves failed: asked once, when the run is stored."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import Any

from psycopg import Cursor
from psycopg.rows import dict_row

from pytest_debugloop.summary.known_failures import SUMMARY_DAYS, KnownFailure
from pytest_debugloop.text.causes import cause_title
from pytest_debugloop.text.changed import changed_words
from pytest_debugloop.text.words import short

# Each part of the answer is the first rows of an index, in its order: nothing is to be sorted. The run waits for it.
_SETTINGS = "SET LOCAL enable_bitmapscan TO off; SET LOCAL statement_timeout TO '2s'"
_LIMITS = {"days": SUMMARY_DAYS, "most_failures": 100, "most_attempts": 120, "most_runs": 500, "named": 21}
_LEAST_LOOKED_AT = 40
_LONGEST_TEXT = 500
_LONGEST_NAME = 4_000  # a shorter one is never cut: it is to be copied


def known_failures(
    cursor: Cursor[Any], statement: Callable[[str], str], run_id: uuid.UUID, correlation_id: uuid.UUID, most: int
) -> tuple[list[KnownFailure], int]:
    """Tell what the record knows of the tests that a run leaves failed.

    Args:
        cursor: in a transaction of its own, the search path on the record.
        statement: gives SQL by its name.
        run_id: of the run, all of it stored and linked.
        correlation_id: of its workflow.
        most: how many causes at most.

    Returns:
        A test of each cause, those first that are news, and how many tests there are.

    Raises:
        psycopg.Error: the database cannot answer, or not within two seconds.
    """
    cursor.execute(_SETTINGS)
    with cursor.connection.cursor(row_factory=dict_row) as rows:
        asked = {
            "run_id": run_id,
            "correlation_id": correlation_id,
            "most": most,
            "looked_at": max(most, _LEAST_LOOKED_AT),
            **_LIMITS,
        }
        found = rows.execute(statement("known_failures").encode(), asked).fetchall()
    total = found[0]["failures"] if found else 0
    return [_known(row) for row in found], total


def _known(row: dict[str, Any]) -> KnownFailure:
    file, line = place_of(row["test"], row.pop("places"))
    del row["failures"]
    place: list[Any] = row.pop("place") or [None] * 3
    raised_at = int(place[1]) if str(place[1]).isdecimal() else None
    row["cause"] = cause_title(row["tests"], row["error"], place[0], raised_at, place[2])
    row["others"] = [cut_name(other) for other in row["others"]]
    row["test"] = cut_name(row["test"])
    row["message"] = _cut(row["message"], _LONGEST_TEXT)
    row["changed"] = changed_words(evidence := row.pop("evidence"))
    row["is_change_known"] = not (isinstance(evidence, dict) and evidence.get("missing"))
    for name in ("passed_run", "red_run"):
        row[name] = short(row[name]) or None
    return KnownFailure(file=file, line=line, **row)


def place_of(test: str, places: Sequence[Sequence[Any]]) -> tuple[str, int]:
    """Choose where to show a failure: where the test itself stood, as people look for it there.

    Args:
        test: its node id.
        places: file, line and role of frames, the innermost first, and of the functions that the test is made of.

    Returns:
        File, from rootdir, and line; the test's file and 0 where nothing is known.
    """
    own = test.partition("::")[0]
    frames = [(str(file), int(line)) for file, line, role in places if role == "frame"]
    functions = [(str(file), int(line)) for file, line, role in places if role == "test"]
    in_files = [place for place in frames if not place[0].startswith("<")]  # generated code is in none
    for found in ([place for place in frames if place[0] == own], in_files, functions):
        if found:
            return found[0]
    return own, 0


def cut_name(name: str) -> str:
    """Shorten a node id that nobody would type.

    Args:
        name: of a test.
    """
    return _cut(name, _LONGEST_NAME)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 3] + "..."
