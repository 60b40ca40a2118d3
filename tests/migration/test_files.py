"""What holds for the files of the migrations, without a server."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_debugloop.database import migration_files
from pytest_debugloop.errors import MigrationError

FOLDER = Path(__file__).resolve().parents[2] / "migrations"
FILES = sorted(FOLDER.glob("*.sql"))


def test_rollback_files_are_not_migrations() -> None:
    assert len(FILES) >= 6
    found = migration_files.available()
    assert [f"{m.version:03}_{m.name}.sql" for m in found] == [
        f.name for f in FILES if not re.search("_(rollback|prepare)_", f.name)
    ]
    assert [m.rollback_path.name for m in found] == [f.name for f in FILES if "_rollback_" in f.name]
    assert not any("rollback" in m.name or "prepare" in m.name for m in found)
    prepared = [m.prepare_path.name for m in found if m.prepare_path is not None]
    assert prepared == [f.name for f in FILES if "_prepare_" in f.name]
    assert [name.replace("_prepare_", "_") for name in prepared] == [m.sql_path.name for m in found if m.prepare_path]


def test_versions_start_after_the_hosts_and_have_no_gap() -> None:
    versions = [migration.version for migration in migration_files.available()]
    assert versions == list(range(4, 4 + len(versions)))


def test_a_migration_is_described_by_its_first_line() -> None:
    by_version = {migration.version: migration for migration in migration_files.available()}
    assert by_version[5].name == "debug_state_management"
    assert by_version[5].description == "Add debug loop tables for state tracking and error/success analysis"
    assert all(10 < len(migration.description) < 100 for migration in by_version.values())


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_file_leaves_transaction_and_schema_to_the_runner(file: Path) -> None:
    text = file.read_bytes().decode("ascii")
    statements = re.sub(r"--.*", "", text)
    outside_bodies = re.sub(r"\$(\w*)\$.*?\$\1\$|'[^']*'", "", statements, flags=re.DOTALL)
    never = r"\b(BEGIN(?! ATOMIC)|COMMIT|ROLLBACK|SAVEPOINT|SET search_path TO)\b"
    assert not re.search(never, outside_bodies, re.IGNORECASE)
    assert "agent_observability" not in statements
    assert "CASCADE;" not in statements
    assert max(map(len, text.splitlines())) <= 120


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_checkout_with_windows_line_ends_has_the_same_checksums(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, newline: str
) -> None:
    before = [migration.checksum for migration in migration_files.available()]
    for file in FILES:
        (tmp_path / file.name).write_bytes(file.read_bytes().replace(b"\n", newline.encode()))
    monkeypatch.setattr(migration_files, "_folder", lambda: tmp_path)
    assert [migration.checksum for migration in migration_files.available()] == before


def test_a_changed_file_has_another_checksum(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {migration.checksum for migration in migration_files.available()}
    for file in FILES:
        (tmp_path / file.name).write_bytes(file.read_bytes() + b"-- one more line\n" * ("_prepare_" not in file.name))
    monkeypatch.setattr(migration_files, "_folder", lambda: tmp_path)
    assert before.isdisjoint(migration.checksum for migration in migration_files.available())


def test_a_migration_without_its_rollback_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "001_first.sql").write_text("-- First\n")
    (tmp_path / "001_rollback_other.sql").write_text("-- Undo another\n")
    monkeypatch.setattr(migration_files, "_folder", lambda: tmp_path)
    with pytest.raises(MigrationError, match=r"1 \(first\).*its rollback file is missing"):
        migration_files.available()


def test_two_migrations_of_one_version_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("first", "second"):
        (tmp_path / f"001_{name}.sql").write_text("-- One\n")
    monkeypatch.setattr(migration_files, "_folder", lambda: tmp_path)
    with pytest.raises(MigrationError, match=r"has the same version"):
        migration_files.available()
