"""Our modules are imported past pytest, and nobody else's are."""

from __future__ import annotations

import importlib
import sys
import zipfile
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from pytest_debugloop.own_imports import OwnImports


class Other:
    """Another finder, as pytest's own is one; it finds nothing, and notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:
        self.asked.append(fullname)
        return None


@pytest.fixture
def other(monkeypatch: pytest.MonkeyPatch) -> Other:
    found = Other()
    monkeypatch.setattr(sys, "meta_path", [found, *sys.meta_path])
    for name in ("this", "pytest_debugloop_more"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return found


def test_a_module_of_ours_is_found_without_the_finders_of_others(other: Other, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "pytest_debugloop.text.pointers"
    monkeypatch.setitem(sys.modules, name, sys)  # what is imported here is taken out again
    del sys.modules[name]
    with OwnImports():
        importlib.import_module(name)
    assert other.asked == []


def test_all_other_modules_are_left_to_them(other: Other, capsys: pytest.CaptureFixture[str]) -> None:
    with OwnImports():
        importlib.import_module("this")
        for name in ("pytest_debugloop_more", "pytest_debugloop.nothing"):
            with pytest.raises(ModuleNotFoundError):
                importlib.import_module(name)
    capsys.readouterr()
    assert other.asked == ["this", "pytest_debugloop_more", "pytest_debugloop.nothing"]


def test_the_finder_is_gone_afterwards(other: Other) -> None:
    before = list(sys.meta_path)
    with pytest.raises(KeyError), OwnImports(), OwnImports():
        raise KeyError
    assert sys.meta_path == before


def test_it_is_gone_too_where_the_list_was_replaced_meanwhile(other: Other) -> None:
    before = sys.meta_path
    with OwnImports():
        sys.meta_path = list(before)
    assert not any(isinstance(finder, OwnImports) for finder in [*before, *sys.meta_path])


def test_a_package_in_an_archive_is_found(tmp_path: Path, other: Other) -> None:
    archive = tmp_path / "more.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("in_archive.py", "WORD = 'found'\n")
    with OwnImports():
        spec = OwnImports().find_spec("pytest_debugloop.in_archive", [str(archive)])
    assert spec is not None
    assert spec.origin == f"{archive}/in_archive.py"
