"""One state is one row with one id, whoever captures it, and however many at once."""

from __future__ import annotations

import hashlib
import json
import threading
import time
import uuid
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import Jsonb

from pytest_debugloop.database.migrate import migrate

if TYPE_CHECKING:
    from tests.migration.conftest import Connection
    from tests.support.servers import Server

_CAPTURE = "SELECT capture_state_snapshot(%s, %s, 'pytest', %s)"
WORKFLOW = uuid.UUID("01890000-0000-7000-8000-000000000001")


def capture(connection: Connection, state: Any, kind: str = "error", workflow: uuid.UUID = WORKFLOW) -> uuid.UUID:
    row = connection.execute(_CAPTURE, (kind, workflow, Jsonb(state))).fetchone()
    assert row is not None
    assert isinstance(row[0], uuid.UUID)
    return row[0]


# Simple states, whose text PostgreSQL and Python write alike: ASCII keys of equal length, in order.
@pytest.mark.parametrize(
    ("state", "variables"),
    [
        ({}, 0),
        ({"a": 1, "b": "two", "c": [True, None]}, 3),
        ({"a": {"b": {"c": {}}}}, 1),
        ({"name": "Grüße, 世界 🎉"}, 1),
        ([], 0),
        ([1, 2, 3], 3),
        ("text", 1),
        (7, 1),
        (True, 1),
        (None, 1),
    ],
)
def test_a_state_of_any_kind_is_captured_and_measured(migrated: Connection, state: Any, variables: int) -> None:
    identity = capture(migrated, state)
    text = json.dumps(state, ensure_ascii=False).encode()
    row = migrated.execute(
        "SELECT agent_state, state_hash, state_size_bytes, variables_count, snapshot_type, correlation_id, agent_name"
        " FROM debug_state_snapshots WHERE id = %s",
        (identity,),
    ).fetchone()
    assert row == (state, hashlib.sha256(text).hexdigest(), len(text), variables, "error", WORKFLOW, "pytest")


def test_capturing_needs_no_extension(migrated: Connection) -> None:
    capture(migrated, {"a": 1})
    assert migrated.execute("SELECT extname FROM pg_extension").fetchall() == [("plpgsql",)]


def test_the_same_state_is_one_row(migrated: Connection) -> None:
    first = capture(migrated, {"a": 1, "bb": [2]})
    other_workflow = capture(migrated, {"bb": [2], "a": 1}, workflow=uuid.uuid4())
    assert first == other_workflow
    assert migrated.execute("SELECT id, correlation_id FROM debug_state_snapshots").fetchall() == [(first, WORKFLOW)]


def test_the_same_state_has_one_row_for_each_type(migrated: Connection) -> None:
    kinds = ("error", "success", "checkpoint", "pre_transform", "post_transform")
    ids = {capture(migrated, {"a": 1}, kind) for kind in kinds for _ in range(2)}
    hashes = migrated.execute("SELECT count(*), count(DISTINCT state_hash) FROM debug_state_snapshots").fetchone()
    assert (len(ids), hashes) == (5, (5, 1))
    with pytest.raises(psycopg.errors.CheckViolation):
        capture(migrated, {"a": 1}, "other")


def test_one_state_has_one_hash_however_it_was_written(migrated: Connection) -> None:
    spellings = ('{"b": 1, "a": [1, 2]}', '{"a":[1,2],"b":1}', ' {\n"a" : [1,\t2], "b": 2, "b": 1} ')
    hashes = {migrated.execute("SELECT debug_state_hash(%s::jsonb)", (spelling,)).fetchone() for spelling in spellings}
    assert len(hashes) == 1
    identity = capture(migrated, {"b": 1, "a": [1, 2]})
    stored = migrated.execute("SELECT state_hash FROM debug_state_snapshots WHERE id = %s", (identity,)).fetchone()
    assert {stored} == hashes


def test_states_that_differ_have_different_hashes(migrated: Connection) -> None:
    states: tuple[Any, ...] = ({}, [], None, {"a": 1}, {"a": "1"}, {"a": 1.0}, {"a": [1]}, {"a": True}, {"a": "1 "})
    assert len({capture(migrated, state) for state in states}) == len(states)


def test_the_database_itself_refuses_a_state_twice(migrated: Connection) -> None:
    capture(migrated, {"a": 1})
    with pytest.raises(psycopg.errors.UniqueViolation, match="idx_debug_state_snapshots_hash"):
        migrated.execute(
            "INSERT INTO debug_state_snapshots (snapshot_type, correlation_id, agent_name, agent_state, state_hash)"
            " SELECT snapshot_type, gen_random_uuid(), agent_name, agent_state, state_hash FROM debug_state_snapshots"
        )


def test_an_id_is_made_from_the_content(migrated: Connection) -> None:
    identity = capture(migrated, {"a": 1})
    expected = bytearray(hashlib.sha256(hashlib.sha256(b'{"a": 1}').hexdigest().encode() + b" error").digest()[:16])
    expected[6] = expected[6] & 0x0F | 0x80
    expected[8] = expected[8] & 0x3F | 0x80
    assert identity == uuid.UUID(bytes=bytes(expected))
    assert (identity.version, identity.variant) == (8, uuid.RFC_4122)
    migrated.execute("DELETE FROM debug_state_snapshots")
    assert capture(migrated, {"a": 1}) == identity


def test_a_snapshot_that_was_stored_under_another_id_is_found(migrated: Connection) -> None:
    identity = uuid.uuid4()
    migrated.execute(
        "INSERT INTO debug_state_snapshots (id, snapshot_type, correlation_id, agent_name, agent_state, state_hash)"
        " VALUES (%s, 'error', %s, 'pytest', '[1]', debug_state_hash('[1]'))",
        (identity, WORKFLOW),
    )
    assert capture(migrated, [1]) == identity


def test_an_id_that_another_state_has_is_told_and_not_waited_for(migrated: Connection) -> None:
    capture(migrated, [1])
    migrated.execute("UPDATE debug_state_snapshots SET state_hash = 'forged'")
    with pytest.raises(psycopg.errors.UniqueViolation, match="taken by a row with another state_hash"):
        capture(migrated, [1])


def test_all_arguments_are_stored(migrated: Connection) -> None:
    session = uuid.uuid4()
    migrated.execute(
        "SELECT capture_state_snapshot('checkpoint', %s, 'planner', '{}', 'plan the trip', %s, 7)", (WORKFLOW, session)
    )
    stored = "SELECT agent_name, task_description, session_id, execution_step FROM debug_state_snapshots"
    assert migrated.execute(stored).fetchall() == [("planner", "plan the trip", session, 7)]


def test_capturing_works_whatever_the_search_path_is(migrated: Connection, shared_schema: str) -> None:
    identity = capture(migrated, {"a": 1})
    migrated.execute("SET LOCAL search_path TO pg_catalog")
    call = sql.SQL("SELECT {}.capture_state_snapshot('error', %s, 'pytest', %s)")
    again = migrated.execute(call.format(sql.Identifier(shared_schema)), (WORKFLOW, Jsonb({"a": 1}))).fetchone()
    assert again == (identity,)


def test_ids_are_the_first_half_of_a_sha_256_marked_as_a_uuid_of_version_8(migrated: Connection) -> None:
    for state_hash, kind in (("", ""), ("ab" * 32, "error"), ("größe", "日本 \\ \n'")):
        half = bytearray(hashlib.sha256(f"{state_hash} {kind}".encode()).digest()[:16])
        half[6], half[8] = half[6] & 0x0F | 0x80, half[8] & 0x3F | 0x80
        found = migrated.execute(
            "SELECT debug_snapshot_id(%s, %s), debug_task_id(%s, %s)", (state_hash, kind, kind, state_hash)
        )
        assert found.fetchone() == (uuid.UUID(bytes=bytes(half)),) * 2


def test_ids_do_not_depend_on_the_search_path(migrated: Connection, shared_schema: str) -> None:
    wanted = migrated.execute("SELECT debug_snapshot_id('a', 'b')").fetchone()
    call = sql.SQL("SET LOCAL search_path TO ''; SELECT {}.debug_snapshot_id('a', 'b')")
    with migrated.transaction():
        cursor = migrated.execute(call.format(sql.Identifier(shared_schema)))
        cursor.nextset()
        assert cursor.fetchone() == wanted


def test_what_makes_ids_may_be_indexed_and_run_in_parallel(migrated: Connection) -> None:
    kinds = migrated.execute(
        "SELECT provolatile, proparallel, proisstrict FROM pg_proc WHERE pronamespace = current_schema()::regnamespace"
        " AND proname IN ('debug_state_hash', 'debug_state_size', 'debug_state_variables', 'debug_snapshot_id')"
    ).fetchall()
    assert kinds == [("i", "s", True)] * 4


def test_states_are_found_by_what_they_contain_through_the_cheap_kind_of_index(migrated: Connection) -> None:
    wanted = capture(migrated, {"frames": [{"function": "pay", "locals": {"total": 7}}, {"function": "add"}]})
    capture(migrated, {"frames": [{"function": "pay", "locals": {"total": 8}}]})
    migrated.execute("SET LOCAL enable_seqscan = off")
    query = 'SELECT id FROM debug_state_snapshots WHERE agent_state @> \'{"frames": [{"locals": {"total": 7}}]}\''
    assert migrated.execute(query).fetchall() == [(wanted,)]
    plan = " ".join(line for (line,) in migrated.execute(f"EXPLAIN {query}".encode()).fetchall())
    assert "idx_debug_state_snapshots_state" in plan
    definition = migrated.execute("SELECT pg_get_indexdef('idx_debug_state_snapshots_state'::regclass)").fetchone()
    assert definition is not None
    assert "jsonb_path_ops" in definition[0]


def test_many_connections_capturing_one_state_make_one_row(postgres: Server, schema: str) -> None:
    count, rounds = 16, 10
    with psycopg.connect(postgres.conninfo, autocommit=True) as watcher:
        migrate(watcher, schema)
        watcher.execute(sql.SQL("SET search_path TO {}").format(sql.Identifier(schema)))
        ids: list[list[uuid.UUID]] = [[] for _ in range(count)]
        together = threading.Barrier(count)

        def many(own: list[uuid.UUID]) -> None:
            with psycopg.connect(postgres.conninfo) as connection:
                connection.execute(sql.SQL("SET search_path TO {}").format(sql.Identifier(schema)))
                for number in range(rounds):
                    together.wait(60)
                    own.append(capture(connection, {"round": number}, workflow=uuid.uuid4()))
                    time.sleep(0.001)  # the others meet a row that is not committed
                    connection.commit()

        threads = [threading.Thread(target=many, args=(own,)) for own in ids]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        stored = watcher.execute("SELECT id FROM debug_state_snapshots ORDER BY captured_at").fetchall()
        assert len(stored) == rounds
        assert ids == [[identity for (identity,) in stored]] * count


def test_functions_go_by_what_they_do_and_by_their_old_names(migrated: Connection) -> None:
    both = migrated.execute(
        "SELECT hash_state('[1]') = debug_state_hash('[1]'), measure_state('[]') = debug_state_size('[]'),"
        " count_state_variables('[1, 2]') = 2, make_task_id('p', 't') = debug_task_id('p', 't'),"
        " allocate_step_number(gen_random_uuid()) = 1,"
        " (SELECT count(*) FROM find_last_pass(gen_random_uuid(), gen_random_uuid())) = 0"
    ).fetchone()
    assert both is not None
    assert all(both)


def test_every_function_that_can_be_called_has_a_name_of_a_verb_and_a_noun(migrated: Connection) -> None:
    old = migrated.execute(
        "SELECT p.proname FROM pg_proc AS p WHERE p.pronamespace = quote_ident(current_schema())::regnamespace"
        " AND starts_with(p.proname, 'debug_') AND p.prorettype <> 'trigger'::regtype AND NOT EXISTS ("
        "SELECT FROM pg_proc AS other WHERE other.pronamespace = p.pronamespace"
        " AND obj_description(other.oid, 'pg_proc') LIKE '%; also called ' || p.proname)"
    ).fetchall()
    assert old == []
    assert migrated.execute("SELECT compute_log_gamma(1), weigh_flake(0.5, 1, 0)").fetchone() == (0, 0.5)
