"""One state has one hash, whether the plugin recorded it or SQL captured it, and is stored once."""

from __future__ import annotations

import hashlib
import json
import threading
import uuid
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from pytest_debugloop.journal.records import Snapshot
from tests.loading.test_loader import journal_lines
from tests.unit.shown import shown_names
from tests.unit.test_encode import VALUES

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.records import Record

WORKFLOW = uuid.UUID("01890000-0000-7000-8000-000000000002")


def canonical(value: Any) -> str:
    """Write a value as PostgreSQL's jsonb does: keys by length and then by bytes, numbers without exponents."""
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: (len(key.encode()), key.encode()))
        return "{" + ", ".join(f"{canonical(key)}: {canonical(value[key])}" for key in keys) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(canonical, value)) + "]"
    if isinstance(value, float):
        text = format(Decimal(repr(value)), "f")
        return text[1:] if text.startswith("-") and not text.strip("-0.") else text
    return json.dumps(value, ensure_ascii=False)


def recorded(record: Record, folder: Path, state: dict[str, Any]) -> tuple[object, object]:
    """Store a state as the plugin does; give its id and hash."""
    head, _ = journal_lines(folder)
    line = Snapshot(n=1, at=1, type="error", description="x", state=state).to_line()
    record.loader.load([(head, line)])
    ((identity, state_hash),) = record.rows("SELECT id, state_hash FROM debug_state_snapshots")
    return identity, state_hash


def captured(record: Record, state: dict[str, Any]) -> object:
    """Store a state as SQL does; give its id."""
    row = record.connection.execute(
        "SELECT capture_state_snapshot('error', %s, 'pytest', %s)", (WORKFLOW, Jsonb(state))
    ).fetchone()
    assert row is not None
    return row[0]


STATES = st.dictionaries(st.text(max_size=8), VALUES, max_size=5).map(lambda names: shown_names(names.items()))


@settings(max_examples=settings().max_examples // 2)
@given(state=STATES, is_first=st.booleans())
def test_a_state_has_one_hash_and_one_row(
    any_record: Record, recorded_run: Path, state: dict[str, Any], *, is_first: bool
) -> None:
    any_record.connection.execute("TRUNCATE debug_state_snapshots CASCADE")
    if is_first:
        identity = captured(any_record, state)
        assert recorded(any_record, recorded_run, state)[0] == identity
    else:
        identity, _ = recorded(any_record, recorded_run, state)
        assert captured(any_record, state) == identity
    ((state_hash, stored),) = any_record.rows("SELECT state_hash, agent_state FROM debug_state_snapshots")
    assert state_hash == hashlib.sha256(canonical(state).encode()).hexdigest()
    assert canonical(stored) == canonical(state)


def test_a_state_that_many_capture_at_once_is_one_row(any_record: Record, recorded_run: Path) -> None:
    state = shown_names([("order", {"lines": list(range(20)), "total": 1.5})])
    start = threading.Barrier(4)
    failed: list[BaseException] = []

    def capture() -> None:
        connection = any_record.connect()
        try:
            with connection:
                start.wait()
                for _ in range(20):
                    connection.execute(
                        "SELECT capture_state_snapshot('error', %s, 'pytest', %s)", (uuid.uuid4(), Jsonb(state))
                    )
                    connection.commit()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=capture) for _ in range(3)]
    for thread in threads:
        thread.start()
    start.wait()
    for _ in range(20):
        recorded(any_record, recorded_run, state)
    for thread in threads:
        thread.join()
    assert failed == []
    assert any_record.value("SELECT count(*) FROM debug_state_snapshots") == 1
