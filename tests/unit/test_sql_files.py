"""SQL is found beside the code of a package, and a file of several statements gives each by its name."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pytest_debugloop.database.sql_files import sql_text

TEXT = "-- What they are of.\n\n-- name: one\n-- The first.\nSELECT 1;\n\n-- name: two\nSELECT 2;\n"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    name = f"sql_of_{tmp_path.name}"
    (tmp_path / name / "sql").mkdir(parents=True)
    (tmp_path / name / "__init__.py").touch()
    (tmp_path / name / "sql" / "numbers.sql").write_text(TEXT, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, name, raising=False)
    return name


def test_a_part_is_what_stands_behind_its_name(package: str) -> None:
    assert sql_text(package, "numbers") == TEXT
    assert sql_text(package, "numbers", "one") == "-- The first.\nSELECT 1;\n\n"
    assert sql_text(package, "numbers", "two") == "SELECT 2;\n"


def test_what_is_not_there_is_named(package: str) -> None:
    with pytest.raises(LookupError, match=r"numbers\.sql has no part three"):
        sql_text(package, "numbers", "three")
    with pytest.raises(FileNotFoundError):
        sql_text(package, "letters")


def test_a_file_can_stand_in_others(package: str, tmp_path: Path) -> None:
    folder = tmp_path / package / "sql"
    (folder / "columns.sql").write_text("    a, b\n", encoding="utf-8")
    (folder / "rows.sql").write_text("SELECT\n    -- include: columns\nFROM t;\n", encoding="utf-8")
    assert sql_text(package, "rows") == "SELECT\n    a, b\nFROM t;\n"
