"""What is in the wheel, that it works where it is installed, and what importing the plugin costs."""

from __future__ import annotations

import email
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.environment import CHECKOUT, clean_environment

if TYPE_CHECKING:
    from tests.support.servers import Server

_IMPORTED = """
import sys
import pytest
before = set(sys.modules)
import pytest_debugloop.plugin
print(*sorted(set(sys.modules) - before))
"""
_MIGRATIONS = "from pytest_debugloop.database import migration_files; print(migration_files._folder())"


def python(code: str, cwd: Path, **env: str) -> str:
    """Run code by a Python that knows nothing of this checkout but by its environment."""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=cwd, env=clean_environment(**env), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "--disable-pip-version-check",
        "wheel",
        "--no-deps",
        "-w",
        str(folder),
        str(CHECKOUT),
    ]
    built = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    wanted = (
        "No matching distribution found for hatchling",
        "No module named pip",
        "Could not fetch URL",
        "Max retries exceeded",
    )
    if built.returncode and any(word in built.stderr for word in wanted):
        pytest.skip("pip cannot fetch hatchling to build the wheel with")
    assert built.returncode == 0, built.stderr
    (found,) = folder.glob("pytest_debugloop-*.whl")
    return found


def test_the_wheel_holds_all_that_runs_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (entry_points,) = (archive.read(n).decode() for n in names if n.endswith("/entry_points.txt"))
    ours = {
        f"pytest_debugloop/{path.relative_to(CHECKOUT / 'pytest_debugloop').as_posix()}"
        for pattern in ("*.py", "*.sql", "*.schema.json", "py.typed", "web/templates/*.html", "web/static/*")
        for path in (CHECKOUT / "pytest_debugloop").rglob(pattern)
    }
    migrations = {f"pytest_debugloop/migrations/{path.name}" for path in (CHECKOUT / "migrations").glob("*.sql")}
    assert "pytest_debugloop/py.typed" in ours
    assert any(name.startswith("pytest_debugloop/loading/sql/") for name in ours)
    assert {name for name in names if ".dist-info/" not in name} == ours | migrations
    assert "[pytest11]\ndebugloop = pytest_debugloop.plugin\n" in entry_points
    assert "[console_scripts]\ndebugloop = pytest_debugloop.__main__:main\n" in entry_points


def test_the_long_description_is_the_readme_with_links_that_lead_to_its_source(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        head, _, body = archive.read(name).partition(b"\n\n")
    metadata = email.message_from_bytes(head)
    assert metadata["Description-Content-Type"] == "text/markdown"
    urls = dict(line.split(", ") for line in metadata.get_all("Project-URL", []))
    source = f"{urls['Source']}/blob/v{metadata['Version']}/"
    text = body.decode()
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert len(links) > 10
    assert [link for link in links if not link.startswith("https://")] == []
    ours = [link.removeprefix(source).partition("#")[0] for link in links if link.startswith(source)]
    assert [path for path in ours if not (CHECKOUT / path).exists()] == []
    readme = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    assert text.replace(source, "").strip() == readme.strip()


def test_an_installed_package_finds_its_files(wheel: Path, tmp_path: Path, any_postgres: Server) -> None:
    target, elsewhere = tmp_path / "target", tmp_path / "elsewhere"
    elsewhere.mkdir()
    with zipfile.ZipFile(wheel) as archive:  # what pip install --target does with a wheel of Python only
        archive.extractall(target)
    assert python(_MIGRATIONS, elsewhere, PYTHONPATH=str(target)) == str(target / "pytest_debugloop" / "migrations")
    with any_postgres.schema() as schema:
        code = (
            "import sys; from pytest_debugloop.__main__ import main;"
            f"sys.argv = ['debugloop', '--dsn', {any_postgres.conninfo!r}, '--schema', {schema!r}, 'migrate']; main()"
        )
        assert "applied 005 debug_state_management" in python(code, elsewhere, PYTHONPATH=str(target))
    code = "from pytest_debugloop.loading.batch import statement; print(statement('stage'))"
    assert "staged_lines" in python(code, elsewhere, PYTHONPATH=str(target))


def test_a_checkout_finds_its_files(tmp_path: Path) -> None:
    assert python(_MIGRATIONS, tmp_path, PYTHONPATH=str(CHECKOUT)) == str(CHECKOUT / "migrations")


def test_the_plugin_imports_only_its_options(tmp_path: Path) -> None:
    imported = python(_IMPORTED, tmp_path, PYTHONPATH=str(CHECKOUT)).split()
    names = ("", ".hookspec", ".own_imports", ".plugin", ".setting_values", ".settings")
    assert imported == [f"pytest_debugloop{name}" for name in names]
