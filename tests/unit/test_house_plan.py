"""The floors of the house, read from the imports: docs/how-it-works.md says what lives where."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

# Each file is parsed once for all of them.
pytestmark = pytest.mark.xdist_group("house-plan")

PACKAGE = Path(__file__).parents[2] / "pytest_debugloop"
MODULES = sorted(PACKAGE.rglob("*.py"))
FLOORS = {
    "system": -1,
    "own_imports": -1,
    "lazy": -1,
    "hookspec": -1,
    "errors": 0,
    "setting_values": -1,
    "settings": 0,
    "private": 0,
    "dsn": 0,
    "clock": 0,
    "text": 1,
    "journal": 1,
    "environment": 2,
    "capture": 3,
    "snapshots": 4,
    "sources": 4,
    "summary": 4,
    "writing": 4,
    "replay": 5,
    "database": 5,
    "tracing": 5,
    "workflow": 5,
    "queries": 6,
    "recording": 6,
    "rerunning": 7,
    "loading": 8,
    "answers": 9,
    # Faces, of which none imports another; the command starts those that are servers.
    "mcp": 10,
    "web": 10,
    "api": 10,
    # To come.
    "otel": 10,
    "cli": 11,
    "plugin": 12,
    "loader_main": 12,
    "__main__": 12,
    "__init__": 12,
}
_LONGEST = 320
# The child plugin of `rerunning` is loaded by the pytest of a rerun.
_IMPORT_PYTEST = {"recording", "writing", "summary", "hookspec", "plugin", "rerunning"}
_IMPORT_PSYCOPG = {"database", "loading", "answers", "cli", "mcp", "api", "web"}
# What an extra brings, and the room that may import it.
_OF_EXTRAS = {
    "mcp": {"mcp", "mcp_types", "pydantic"},
    "web": {"jinja2", "markupsafe", "pygments"},
}
_COMMANDS = {"mcp": {"mcp.py"}, "web": {"serve.py", "report.py"}}
_TEST_PROCESS = (
    "recording",
    "tracing",
    "workflow",
    "writing",
    "summary",
    "environment",
    "capture",
    "journal",
    "settings",
    "setting_values",
    "text",
    "private",
    "dsn",
    "clock",
    "system",
    "own_imports",
    "hookspec",
    "lazy",
    "errors",
    "plugin",
)


@cache
def imports_of(path: Path) -> list[ast.Import | ast.ImportFrom]:
    """The imports of a file, inside of functions too."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))]


def modules_imported(path: Path) -> set[Path]:
    """The modules of the package that a file imports, for types only and inside of functions too."""
    found: set[Path] = set()
    for node in imports_of(path):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == PACKAGE.name:
            folder = PACKAGE.parent.joinpath(*node.module.split("."))
            # A name may be that of a module, else it is in the one that it is imported from.
            found |= {place for name in node.names if (place := folder / f"{name.name}.py").is_file()} or {
                folder.with_suffix(".py") if folder.with_suffix(".py").is_file() else folder / "__init__.py"
            }
    return found


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """All modules that a file imports, inside of functions too."""
    found: set[str] = set()
    for node in imports_of(path):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            found.add(node.module or "")
    return found


def rooms_imported(path: Path) -> set[str]:
    inner = {m.split(".")[1] for m in imported(path) if m.startswith("pytest_debugloop.")}
    return inner - {room(path)}


def test_a_module_imports_only_from_floors_below_its_own() -> None:
    above = {
        str(path.relative_to(PACKAGE)): found
        for path in MODULES
        if (found := {other for other in rooms_imported(path) if FLOORS[other] >= FLOORS[room(path)]})
    }
    assert above == {}


def test_no_two_modules_import_one_another() -> None:
    left = {path: modules_imported(path) for path in MODULES}
    while done := [path for path, imported_ones in left.items() if not imported_ones & left.keys()]:
        for path in done:
            del left[path]
    assert sorted(str(path.relative_to(PACKAGE)) for path in left) == []  # in a circle, or above one


def test_a_module_is_no_longer_than_one_can_read() -> None:
    lengths = {str(p.relative_to(PACKAGE)): len(p.read_text(encoding="utf-8").splitlines()) for p in MODULES}
    assert {name: length for name, length in lengths.items() if length > _LONGEST} == {}


def test_only_the_rooms_of_the_plugin_import_pytest() -> None:
    found = {room(p) for p in MODULES if {m.split(".")[0] for m in imported(p)} & {"pytest", "_pytest", "pluggy"}}
    assert found == _IMPORT_PYTEST


def test_only_the_rooms_of_the_database_import_the_driver() -> None:
    found = {room(p) for p in MODULES if any(m.split(".")[0] == "psycopg" for m in imported(p))}
    assert found == _IMPORT_PSYCOPG


def test_the_api_has_its_connections_from_answers() -> None:
    for path in (PACKAGE / "api").glob("*.py"):
        assert "pytest_debugloop.database.connect" not in imported(path), path
        assert not re.search(r"psycopg\.connect\(|Connection\.connect\(", path.read_text("utf-8")), path


def test_questions_borrow_nothing_from_those_who_ask_them() -> None:
    for path in MODULES:
        if room(path) == "queries":
            assert rooms_imported(path).isdisjoint({"rerunning", "replay", "answers", "loading"}), path


def test_the_test_process_enters_no_room_of_the_database() -> None:
    for path in MODULES:
        if room(path) in _TEST_PROCESS:
            assert rooms_imported(path) <= set(_TEST_PROCESS), path


def test_only_the_command_knows_click_and_rich() -> None:
    for path in MODULES:
        if {m.split(".")[0] for m in imported(path)} & {"click", "rich"}:
            assert room(path) in ("cli", "__main__"), path


def test_what_an_extra_brings_is_imported_by_its_room_alone() -> None:
    for path in MODULES:
        for extra, distributions in _OF_EXTRAS.items():
            if room(path) != extra:
                assert not {m.split(".")[0] for m in imported(path)} & distributions, path
                users = {m for m in imported(path) if m.startswith(f"pytest_debugloop.{extra}")}
                assert not users or (path.parent.name, path.name in _COMMANDS[extra]) == ("commands", True), path


def test_a_view_gets_answers_and_no_connection_to_ask_for_them() -> None:
    asking = {"pytest_debugloop.answers.connection", "pytest_debugloop.answers.record", "psycopg"}
    for path in (PACKAGE / "cli" / "views").glob("*.py"):
        assert not imported(path) & asking, path


def test_a_command_asks_only_what_answers_give_it() -> None:
    # Constants and classes of rows are no questions.
    for path in (PACKAGE / "cli" / "commands").glob("*.py"):
        names = {
            f"{node.module}.{alias.name}"
            for node in imports_of(path)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        asked = [name for name in names if ".queries." in name and name.rpartition(".")[2][0].islower()]
        assert asked == [], path


def test_only_tables_and_output_draw_with_rich() -> None:
    drawing = {"output.py", "tables.py", "progress.py", "doctor.py"}
    found = {path.name for path in MODULES if any(m.split(".")[0] == "rich" for m in imported(path))}
    assert found <= drawing


def test_a_connection_is_opened_for_reading_in_one_place_and_for_loading_in_another() -> None:
    opening = re.compile(r"\b(connect|connect_async|embedded_server)\(|\bConnection\.connect\b")
    found = {path.relative_to(PACKAGE).as_posix() for path in MODULES if opening.search(path.read_text("utf-8"))}
    outside = {name for name in found if not name.startswith(("database/", "api/"))}  # whose own name is `connect`
    assert outside == {"answers/connection.py", "answers/async_connection.py", "loading/store.py"}


def test_a_function_of_queries_gives_a_question() -> None:
    for path in MODULES:
        if room(path) != "queries" or path.name == "question.py":
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                assert ast.unparse(node.returns or ast.Constant(None)).startswith("Question["), f"{path}: {node.name}"


def test_tables_are_filled_and_made_in_sql_files_only() -> None:
    for path in MODULES:
        if room(path) == "database":
            continue  # the runner of migrations has its own table
        text = path.read_text(encoding="utf-8")
        for words in ("INSERT INTO debug_", "UPDATE debug_", "DELETE FROM debug_", "CREATE TABLE"):
            assert words not in text, path


def test_every_sql_file_is_read_by_its_name() -> None:
    # What stands in quotes, or before the bracket of a name that is put together.
    named = {name for path in MODULES for name in re.findall(r'"(\w+)["{]', path.read_text(encoding="utf-8"))}
    texts = [path.read_text(encoding="utf-8") for path in PACKAGE.rglob("sql/*.sql")]
    named |= {name for text in texts for name in re.findall(r"-- include: (\w+)", text)}
    begun = tuple(name for name in named if name.endswith("_"))
    unread = [p for p in PACKAGE.rglob("sql/*.sql") if p.stem not in named and not p.stem.startswith(begun)]
    assert unread == []


def test_the_columns_of_a_failure_are_selected_in_one_place() -> None:
    for path in PACKAGE.rglob("sql/*.sql"):
        text = path.read_text(encoding="utf-8")
        selects = "e.error_severity" in text and "AS snapshot_id" in text
        assert not selects or path.stem == "failure_columns", path


def test_every_part_of_an_sql_file_is_run_by_its_name() -> None:
    text = (PACKAGE / "loading" / "sql" / "prune.sql").read_text(encoding="utf-8")
    parts = re.findall(r"^-- name: (\w+)$", text, re.MULTILINE)
    code = (PACKAGE / "loading" / "prune.py").read_text(encoding="utf-8")
    assert [part for part in parts if f'"{part}"' not in code] == []
    assert len(set(parts)) == len(parts)
