"""Where the project's code lies beside rootdir: in its checkout, in editable installs, around its tests."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytest_debugloop.environment.project_folders import checkout_around, folder_of_tests, installed_from_folders


def install(site: Path, name: str, url: str, *files: str, **dir_info: bool) -> None:
    """Write what pip writes of a distribution that it installs from a folder."""
    info = site / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "direct_url.json").write_text(json.dumps({"url": url, "dir_info": dir_info}), encoding="utf-8")
    records = [*files, f"{info.name}/RECORD", "../../bin/shop", "__pycache__/x.pyc"]
    (info / "RECORD").write_text("".join(f"{file},sha256=x,1\n" for file in records), encoding="utf-8")


def test_editable_installs_are_the_projects_wherever_they_lie(tmp_path: Path) -> None:
    install(tmp_path, "lib", "file:///srv/my%20lib", editable=True)
    install(tmp_path, "pytest_debugloop", "file:///srv/debugloop", editable=True)
    (tmp_path / "old.egg-link").write_text("/srv/old/src\n../", encoding="utf-8")
    assert sorted(installed_from_folders([str(tmp_path)], [])) == ["/srv/my lib", "/srv/old/src"]


def test_copies_of_the_projects_own_packages_are_and_those_of_others_are_not(tmp_path: Path) -> None:
    install(tmp_path, "shop", "file:///srv/shop", "shop/__init__.py", "shop/a/b.py", "cli.py", "space/till/__init__.py")
    install(tmp_path, "other", "file:///srv/other", "other/__init__.py")
    found = installed_from_folders([str(tmp_path)], ["/srv/shop"])
    assert found == [str(tmp_path / name) for name in ("shop", "cli.py", "space/till")]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"url": 3}', '{"url": "https://x/y"}', '{"url": "file:///x"}'])
def test_what_cannot_be_read_there_is_passed_over(tmp_path: Path, text: str) -> None:
    (tmp_path / "x-1.dist-info").mkdir()
    (tmp_path / "x-1.dist-info/direct_url.json").write_text(text, encoding="utf-8")
    (tmp_path / "x.egg-link").mkdir()
    assert installed_from_folders([str(tmp_path), str(tmp_path / "gone"), ""], ["/x"]) == []


def test_a_checkout_is_the_folder_with_git_but_nobodys_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "a/b").mkdir(parents=True)
    assert checkout_around(tmp_path / "a/b") == tmp_path
    monkeypatch.setenv("HOME", str(tmp_path))
    assert checkout_around(tmp_path / "a/b") is None


@pytest.mark.parametrize(
    ("made", "test", "folder"),
    [
        (("x/.git",), "x/tests/test_a.py", "x"),
        ((), "x/tests/test_a.py", ""),
        ((), "lib/site-packages/shop/tests/test_a.py", "lib/site-packages/shop"),
    ],
    ids=["checkout", "beside", "installed"],
)
def test_the_folder_of_tests_outside_of_rootdir(tmp_path: Path, made: tuple[str, ...], test: str, folder: str) -> None:
    for name in made:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert folder_of_tests(tmp_path / test, tmp_path / "app") == tmp_path / folder


@pytest.mark.parametrize(
    ("made", "folder"),
    [
        (("x/tests/__init__.py", "x/tests/sub/__init__.py"), "x"),
        (("x/tests/conftest.py",), "x/tests"),
        ((), "x/tests/sub"),
    ],
    ids=["packages", "conftest", "folder"],
)
def test_nor_is_a_folder_of_everything_the_projects(
    tmp_path: Path, made: tuple[str, ...], folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in made:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert folder_of_tests(tmp_path / "x/tests/sub/test_a.py", tmp_path / "app") == tmp_path / folder
