"""The code of a run that lies beside rootdir is told by folders, and so not by which tests of them were chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_debugloop.capture.redact import Redactor
from pytest_debugloop.sources.beside import tree_beside
from pytest_debugloop.sources.survey import Survey
from pytest_debugloop.sources.tree import file_hash

if TYPE_CHECKING:
    from pathlib import Path

FILES = (
    "app/app.py",
    "tests/a/test_a.py",
    "tests/b/test_b.py",
    "lib/pyproject.toml",
    "lib/src/l.py",
    "lib/x.md",
    "top.py",
)


@pytest.fixture
def rootdir(tmp_path: Path) -> Path:
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name, encoding="utf-8")
    return tmp_path / "app"


@pytest.mark.parametrize(
    ("loaded", "files"),
    [
        (["app.py"], []),
        (["../tests/a/test_a.py"], ["../tests/a/test_a.py", "../tests/b/test_b.py"]),
        (["../tests/b/test_b.py"], ["../tests/a/test_a.py", "../tests/b/test_b.py"]),
        (["../lib/src/l.py"], ["../lib/pyproject.toml", "../lib/src/l.py"]),
        (["../top.py", "../gone.py"], ["../top.py"]),
    ],
)
def test_a_folder_is_told_whole(rootdir: Path, loaded: list[str], files: list[str]) -> None:
    assert sorted(tree_beside(rootdir, loaded).files) == files


def test_a_project_elsewhere_is_found_by_what_configures_it(rootdir: Path) -> None:
    library, test = rootdir.parent / "lib", str(rootdir.parent / "tests/a/test_a.py")
    found = tree_beside(rootdir, [str(library / "src/l.py"), test]).files
    assert sorted(found) == [str(library / "pyproject.toml"), str(library / "src/l.py"), test]


def test_what_is_installed_is_told_file_by_file(rootdir: Path) -> None:
    site = rootdir.parent / "site-packages/shop"
    site.mkdir(parents=True)
    for name in ("a.py", "b.py"):
        (site / name).write_text(name, encoding="utf-8")
    assert tree_beside(rootdir, [str(site / "a.py")]).files == {str(site / "a.py"): file_hash(b"a.py")}


def test_a_change_beside_rootdir_makes_another_version_of_the_code(rootdir: Path) -> None:
    versions = []
    for text in ("x = 1\n", "x = 2\n"):
        path = rootdir.parent / "tests/a/test_a.py"
        path.write_text(text, encoding="utf-8")
        survey = Survey(rootdir, Redactor(), {})
        (record,) = survey.read_files([("../tests/a/test_a.py", path.stat().st_mtime_ns, path.stat().st_size)])
        concluded = survey.conclude()
        assert concluded["files"]["../tests/a/test_a.py"] == record["hash"]
        versions.append(concluded["code_version"])
    assert versions[0] != versions[1]
