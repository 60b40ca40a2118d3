"""Migrations as a script for psql: what the command does over a connection, for who may not connect that way."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from pytest_debugloop.database.binaries import installed_versions
from pytest_debugloop.database.host_index import host_index_script, index_host
from pytest_debugloop.database.migrate import migrate, pending, rollback
from pytest_debugloop.database.migration_files import available
from pytest_debugloop.database.migration_script import migration_script, rollback_script
from tests.migration.catalog import catalog, rows
from tests.migration.test_host import HOST

if TYPE_CHECKING:
    from pathlib import Path

    from tests.migration.conftest import Connection

pytestmark = pytest.mark.version_matrix

ALL = available()


class Psql:
    """The psql of the embedded server, on a database."""

    def __init__(self, conninfo: str, folder: Path) -> None:
        self.conninfo, self.folder = conninfo, folder

    def __call__(self, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a script from a file."""
        versions = installed_versions()
        file = self.folder / "script.sql"
        file.write_text(script, encoding="utf-8")
        command = [str(versions[max(versions)] / "psql"), "-X", "-d", self.conninfo, *arguments, "-f", str(file)]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture
def psql(database: str, tmp_path: Path) -> Psql:
    return Psql(database, tmp_path)


def _shape(connection: Connection) -> list[str]:
    return sorted(re.sub(r" \| \d+ \| ", " | ", line) for line in catalog(connection))


@pytest.mark.parametrize("schema", ["agent_observability", 'My "Runs" $$'])
def test_a_script_does_what_the_command_does_and_another_undoes_it(empty: Connection, psql: Psql, schema: str) -> None:
    empty.execute(HOST)
    before = catalog(empty), rows(empty)
    migrate(empty, schema)
    wanted = _shape(empty)
    records = f"SELECT version, description, checksum FROM {_quoted(schema)}.schema_migrations ORDER BY 1".encode()
    wanted_records = empty.execute(records).fetchall()
    rollback(empty, schema)
    assert (catalog(empty), rows(empty)) == before

    script = migration_script(schema, pending(empty, schema))
    done = psql(script)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [f"applied {m.version:03} {m.name}" for m in ALL]
    assert _shape(empty) == wanted
    assert empty.execute(records).fetchall() == wanted_records
    assert pending(empty, schema) == []
    after = catalog(empty), rows(empty)
    assert (psql(script).returncode, psql(script).stdout) == (0, "")
    assert (catalog(empty), rows(empty)) == after

    back = rollback_script(schema, ALL[::-1])
    done = psql(back)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [f"rolled back {m.version:03} {m.name}" for m in ALL[::-1]]
    assert (catalog(empty), rows(empty)) == before
    assert (psql(back).returncode, psql(back).stdout, psql(back).stderr) == (0, "", "")


def test_a_script_has_only_what_is_pending_and_is_for_the_schema_that_it_was_written_for(
    empty: Connection, psql: Psql
) -> None:
    migrate(empty, "ours")
    rollback(empty, "ours", to=ALL[-3].version)
    script = migration_script("ours", pending(empty, "ours"))
    rollback(empty, "ours", to=ALL[-4].version)
    before = catalog(empty)
    refused = psql(script)
    assert refused.returncode == 3
    assert "schema ours has changed since this script was written" in refused.stderr
    assert catalog(empty) == before
    done = psql(migration_script("ours", pending(empty, "ours")))
    assert done.stdout.splitlines() == [f"applied {m.version:03} {m.name}" for m in ALL[-3:]]
    assert pending(empty, "ours") == []


def test_a_script_stops_at_a_migration_that_fails_and_keeps_those_before_it(empty: Connection, psql: Psql) -> None:
    script = migration_script("ours", pending(empty, "ours"))
    broken = script.replace("CREATE TABLE IF NOT EXISTS debug_tasks", "SELECT 1 / 0; CREATE TABLE debug_tasks")
    assert broken != script
    done = psql(broken)
    assert done.returncode == 3
    assert "division by zero" in done.stderr
    assert [m.version for m in pending(empty, "ours")] == [m.version for m in ALL if m.version >= 6]
    assert psql(script).returncode == 0
    assert pending(empty, "ours") == []


def test_the_hosts_index_is_made_by_script_too(empty: Connection, psql: Psql) -> None:
    empty.execute(HOST)
    before = catalog(empty), rows(empty)
    migrate(empty, "ours")
    done = psql(migration_script("ours", []) + host_index_script("ours"))
    assert (done.returncode, done.stdout, done.stderr) == (0, "indexed hook_events\n", "")
    assert index_host(empty, "ours") == ""
    rollback(empty, "ours")
    assert (catalog(empty), rows(empty)) == before


def test_without_anything_pending_a_script_changes_nothing(empty: Connection, psql: Psql) -> None:
    migrate(empty, "ours")
    before = catalog(empty)
    for script in (migration_script("ours", []), rollback_script("ours", [])):
        done = psql(script)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert catalog(empty) == before


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
