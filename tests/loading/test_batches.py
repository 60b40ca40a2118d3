"""A batch takes a time that grows with its lines, and finds its staging tables whichever server process it meets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from psycopg import ClientCursor

from pytest_debugloop.loading.batch import statement
from pytest_debugloop.loading.heads import JournalHead, head_of
from pytest_debugloop.private import JOURNALS
from tests.support.projects import Project

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.records import Record

TESTS = 1_000
AT = 1_800_000_000_000_000


@pytest.fixture(scope="module")
def header(tmp_path_factory: pytest.TempPathFactory) -> tuple[JournalHead, bytes]:
    """The first line of a journal, and who wrote it."""
    project = Project.new(tmp_path_factory.mktemp("run"))
    project.write("test_one.py", "def test_one(): pass")
    done = project.record("-q", "-p", "no:cacheprovider", "--no-debugloop-load", "--debugloop-wait", "0")
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = (project.folder / ".debugloop" / JOURNALS).glob("*/main.jsonl")
    line = path.read_bytes().splitlines(keepends=True)[0]
    return head_of(path, line), line


def line_of(kind: str, **members: object) -> bytes:
    return json.dumps({"kind": kind, **members}, separators=(",", ":")).encode() + b"\n"


def lines_of_tests(first: int, last: int, files: int = 5) -> list[bytes]:
    """Make tests that use a fixture of their own file; every fifth test fails."""
    lines = []
    for number in range(first, last):
        n, at, node_id = 10 * number + 1, AT + 1_000 * number, f"test_{number % files}.py::test_{number}"
        step = {"started": at, "ended": at + 100, "node_id": node_id, "attempt": 1}
        fixture = ["data", "function", at, 1, 0, f"test_{number % files}.py", 3, "data", []]
        lines.append(
            line_of("step", rev=1, n=n, phase="setup", outcome="passed", fixtures=[fixture], uses=["data"], **step)
        )
        if number % 5:
            lines.append(line_of("step", rev=1, n=n + 1, phase="call", outcome="passed", **step))
            continue
        metadata = {"attempt": 1, "phase": "call"}
        lines.append(line_of("snapshot", n=n + 2, at=at, type="error", state={"n": n}))
        lines.append(
            line_of(
                "error", n=n + 3, at=at + 100, step=[n + 1, at], node_id=node_id, type="execution_error",
                category="agent", severity="high", message="no", snapshot=n + 2, metadata=metadata,
            )
        )  # fmt: skip
        lines.append(line_of("step", rev=1, n=n + 1, phase="call", outcome="failed", error=n + 3, **step))
    return lines


def rows_read(record: Record) -> int:
    connection = record.loader.connection
    connection.execute("SELECT pg_stat_force_next_flush()")
    ((read,),) = connection.execute(
        "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_user_tables"
        " WHERE starts_with(relname, 'staged_')"
    ).fetchall()
    return int(read)


def test_a_batch_of_many_tests_is_not_searched_once_for_each_of_them(
    record: Record, header: tuple[JournalHead, bytes]
) -> None:
    head, first = header
    record.empty()
    record.loader.load([(head, first)])
    before = rows_read(record)
    record.loader.load([(head, b"".join(lines_of_tests(0, TESTS)))])
    assert 0 < rows_read(record) - before < 100 * 3 * TESTS
    counts = record.loader.complete(head.run_id, head.correlation_id)
    assert counts == {"step": 2 * TESTS, "failure": TESTS // 5, "recovery": 0}


def test_each_test_uses_the_fixture_of_its_own_file(record: Record, header: tuple[JournalHead, bytes]) -> None:
    head, first = header
    record.empty()
    record.loader.load([(head, first + b"".join(lines_of_tests(0, 20)))])
    record.loader.complete(head.run_id, head.correlation_id)
    edges = record.connection.execute(
        "SELECT split_part(e.source_name, '::', 1), f.file FROM debug_graph_edges AS e"
        " JOIN debug_transform_functions AS f ON f.id = e.target_id WHERE e.kind = 'test_uses_fixture'"
    ).fetchall()
    assert len(edges) == 20
    assert all(of_test == of_fixture for of_test, of_fixture in edges)


def test_tests_are_not_compared_with_the_fixture_of_each_file(
    record: Record, header: tuple[JournalHead, bytes]
) -> None:
    head, first = header
    record.empty()
    record.loader.load([(head, first + b"".join(lines_of_tests(0, TESTS, files=100)))])
    drawing = statement("complete_graph").partition(";\n")[0]
    run = {"run_id": head.run_id, "correlation_id": head.correlation_id}
    with record.loader.entered() as entered, ClientCursor(entered.connection) as cursor:
        explained = cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + drawing[drawing.index("CREATE") :], run)
        ((((plan,),),),) = (explained.fetchall(),)
    assert max(rows_of(plan["Plan"])) < 15 * TESTS


def rows_of(node: dict[str, Any]) -> Iterator[float]:
    """What each node of a plan gave in all."""
    yield node["Actual Rows"] * node["Actual Loops"]
    for child in node.get("Plans", ()):
        yield from rows_of(child)


def test_a_batch_that_meets_another_process_of_the_server_makes_its_tables_there(
    record: Record, header: tuple[JournalHead, bytes]
) -> None:
    head, first = header
    record.empty()
    record.loader.load([(head, first + b"".join(lines_of_tests(0, 3)))])
    record.loader.connection.execute("DISCARD TEMP")  # what a pooler does, or another process has not
    record.loader.load([(head, b"".join(lines_of_tests(3, 6)))])
    assert record.loader.rejected == 0
    assert record.loader.complete(head.run_id, head.correlation_id)["step"] == 12
