"""A recovery belongs to one workflow, has a confidence, and is counted once; steps have one allocator of numbers."""

from __future__ import annotations

import threading
import uuid
from decimal import Decimal
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql

from pytest_debugloop.database.migrate import migrate

if TYPE_CHECKING:
    from tests.migration.conftest import Connection
    from tests.support.servers import Server


def _id(connection: Connection, statement: str, *values: object) -> uuid.UUID:
    row = connection.execute(statement.encode(), values).fetchone()
    assert row is not None
    assert isinstance(row[0], uuid.UUID)
    return row[0]


def error(connection: Connection, workflow: uuid.UUID, kind: str = "timeout") -> uuid.UUID:
    return _id(
        connection,
        "INSERT INTO debug_error_events"
        " (correlation_id, error_type, error_category, error_severity, error_message, agent_name)"
        " VALUES (%s, %s, 'user', 'low', 'late', 'pytest') RETURNING id",
        workflow,
        kind,
    )


def success(connection: Connection, workflow: uuid.UUID) -> uuid.UUID:
    return _id(
        connection,
        "INSERT INTO debug_success_events (correlation_id, success_type, operation_name, agent_name)"
        " VALUES (%s, 'recovery_success', 'test_it', 'pytest') RETURNING id",
        workflow,
    )


def link(
    connection: Connection,
    error_id: uuid.UUID,
    success_id: uuid.UUID,
    workflow: uuid.UUID | None,
    confidence: float | None = 1,
    strategy: str = "retry",
    duration: int = 100,
) -> None:
    connection.execute(
        "INSERT INTO debug_error_success_correlation"
        " (error_event_id, success_event_id, correlation_id, confidence_score, recovery_strategy, recovery_duration_ms)"
        " VALUES (%s, %s, %s, %s, %s, %s)",
        (error_id, success_id, workflow, confidence, strategy, duration),
    )


@pytest.mark.parametrize("confidence", [None, -0.01, 1.01])
def test_a_recovery_has_a_confidence_from_0_to_1(migrated: Connection, confidence: float | None) -> None:
    workflow = uuid.uuid4()
    ends = error(migrated, workflow), success(migrated, workflow)
    with pytest.raises((psycopg.errors.CheckViolation, psycopg.errors.NotNullViolation)), migrated.transaction():
        link(migrated, *ends, workflow, confidence)
    link(migrated, *ends, workflow, 0.5)


def test_a_recovery_has_the_workflow_of_its_success(migrated: Connection) -> None:
    before, after = uuid.uuid4(), uuid.uuid4()
    ends = error(migrated, before), success(migrated, after)
    for wrong in (before, uuid.uuid4()):
        refused = pytest.raises(psycopg.errors.CheckViolation, match="correlation_id of its success event")
        with refused, migrated.transaction():
            link(migrated, *ends, wrong)
    link(migrated, *ends, after)
    with pytest.raises(psycopg.errors.CheckViolation), migrated.transaction():
        migrated.execute("UPDATE debug_error_success_correlation SET correlation_id = %s", (before,))
    other = success(migrated, before)
    with pytest.raises(psycopg.errors.CheckViolation), migrated.transaction():
        migrated.execute("UPDATE debug_error_success_correlation SET success_event_id = %s", (other,))


def test_a_recovery_follows_a_success_that_moves_to_another_workflow(migrated: Connection) -> None:
    before, after = uuid.uuid4(), uuid.uuid4()
    link(migrated, error(migrated, before), success(migrated, before), before)
    migrated.execute("UPDATE debug_success_events SET correlation_id = %s", (after,))
    assert migrated.execute("SELECT correlation_id FROM debug_error_success_correlation").fetchall() == [(after,)]


def test_a_recovery_by_a_success_that_is_not_there_is_the_foreign_keys_to_refuse(migrated: Connection) -> None:
    workflow = uuid.uuid4()
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        link(migrated, error(migrated, workflow), uuid.uuid4(), workflow)


def test_forty_errors_that_forty_successes_followed_are_forty_recoveries(migrated: Connection) -> None:
    workflow = uuid.uuid4()
    for _ in range(40):
        error(migrated, workflow)
        success(migrated, workflow)
    migrated.execute(
        "INSERT INTO debug_error_success_correlation (error_event_id, success_event_id, correlation_id,"
        " confidence_score, recovery_strategy, recovery_duration_ms)"
        " SELECT e.id, s.id, s.correlation_id, 0.91 - n / 100.0, 'retry', 99 + n FROM debug_error_events AS e,"
        " (SELECT *, row_number() OVER (ORDER BY occurred_at) AS n FROM debug_success_events) AS s"
    )
    assert migrated.execute("SELECT count(*) FROM debug_error_success_correlation").fetchone() == (1600,)
    # The first success is what an error recovered with: its time and its confidence count, not the mean of all pairs.
    assert migrated.execute("SELECT * FROM debug_recovery_patterns").fetchall() == [
        ("timeout", "retry", 40, Decimal(100), Decimal("0.9"))
    ]


def test_patterns_are_apart_by_type_and_strategy(migrated: Connection) -> None:
    workflow = uuid.uuid4()
    passed = success(migrated, workflow)
    for kind, strategy, duration in (
        ("timeout", "retry", 10),
        ("timeout", "retry", 30),
        ("timeout", "code_change", 50),
        ("setup_error", "retry", 70),
    ):
        link(migrated, error(migrated, workflow, kind), passed, workflow, 0.5, strategy, duration)
    found = migrated.execute(
        "SELECT error_type, recovery_strategy, errors_recovered, avg_duration_ms::integer FROM debug_recovery_patterns"
        " ORDER BY 1, 2"
    ).fetchall()
    assert found == [("setup_error", "retry", 1, 70), ("timeout", "code_change", 1, 50), ("timeout", "retry", 2, 20)]


def test_workers_that_number_their_steps_at_once_leave_neither_gap_nor_double(postgres: Server, schema: str) -> None:
    workers, rounds, workflow = 8, 12, uuid.uuid4()
    failures: list[Exception] = []
    with psycopg.connect(postgres.conninfo, autocommit=True) as watcher:
        migrate(watcher, schema)
        watcher.execute(sql.SQL("SET search_path TO {}").format(sql.Identifier(schema)))
        together = threading.Barrier(workers)

        def work() -> None:
            try:
                with psycopg.connect(postgres.conninfo) as connection:
                    connection.execute(sql.SQL("SET search_path TO {}").format(sql.Identifier(schema)))
                    connection.commit()
                    for _ in range(rounds):
                        together.wait(60)
                        connection.execute(
                            "INSERT INTO debug_workflow_steps"
                            " (correlation_id, step_number, step_type, agent_name, operation_name, status, started_at)"
                            " SELECT %(id)s, first + n, 'call', 'pytest', 'test_it', 'started', now()"
                            " FROM debug_next_step_number(%(id)s) AS first, generate_series(0, 2) AS n",
                            {"id": workflow},
                        )
                        connection.commit()
            except Exception as failure:  # noqa: BLE001, RUF100 - whatever it is, the test tells it
                failures.append(failure)
                together.abort()

        threads = [threading.Thread(target=work) for _ in range(workers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert failures == []
        total = workers * rounds * 3
        numbers = watcher.execute("SELECT min(step_number), max(step_number), count(*) FROM debug_workflow_steps")
        assert numbers.fetchone() == (1, total, total)


def test_one_number_is_one_step_of_a_workflow(migrated: Connection) -> None:
    step = (
        "INSERT INTO debug_workflow_steps"
        " (correlation_id, step_number, step_type, agent_name, operation_name, status, started_at)"
        " VALUES (%s, 1, 'call', 'pytest', 'test_it', 'started', now())"
    )
    workflow = uuid.uuid4()
    migrated.execute(step, (workflow,))
    migrated.execute(step, (uuid.uuid4(),))
    with pytest.raises(psycopg.errors.UniqueViolation):
        migrated.execute(step, (workflow,))
