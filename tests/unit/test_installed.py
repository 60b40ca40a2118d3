"""What can be imported is told with its version, what is in it, how it is imported, and what it needs."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
from importlib import metadata
from typing import TYPE_CHECKING
from unittest import mock

import pytest

from pytest_debugloop.sources import file_identity, kept_distributions
from pytest_debugloop.sources.installed import Installed, distribution_versions, installed

if TYPE_CHECKING:
    from pathlib import Path


def test_the_distributions_are_told_by_their_normalised_names() -> None:
    found = installed()
    assert found["pytest"].version == pytest.__version__
    assert list(found) == sorted(found)
    assert all(name == name.lower() and "_" not in name for name in found)


def test_each_distribution_is_told_as_its_metadata_tells_it() -> None:
    said: dict[str, str] = {}
    for distribution in metadata.distributions():
        said.setdefault(re.sub(r"[-_.]+", "-", distribution.metadata["Name"]).lower(), distribution.version)
    assert {name: one.version for name, one in installed().items()} == distribution_versions() == said


@pytest.mark.parametrize(
    ("folder", "file", "expected"),
    [
        ("Some_Thing-1.0+local.1.dist-info", "METADATA", "1.0+local.1"),
        ("some_thing.egg-info", "PKG-INFO", "2.0"),  # its folder tells no version
        ("some_thing-3.0.dist-info", "RECORD", None),  # as an interrupted pip leaves it
        ("-.dist-info", "METADATA", "2.0"),
    ],
)
def test_a_distribution_of_any_form_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, file: str, expected: str | None
) -> None:
    (tmp_path / folder).mkdir()
    (tmp_path / folder / file).write_text("Metadata-Version: 2.1\nName: Some.Thing\nVersion: 2.0\n", encoding="utf-8")
    monkeypatch.setattr("sys.path", [str(tmp_path)])
    found = installed().get("some-thing")
    assert (found and found.version) == distribution_versions().get("some-thing") == expected


def digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


class Site:
    """A folder of installed distributions."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def install(self, files: dict[str, str], metadata_: str = "") -> None:
        info = self.folder / "dep-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: dep\nVersion: 1.0\n{metadata_}\nText\n")
        rows = [f"{path},sha256={digest(text)},{len(text)}" for path, text in files.items()]
        rows += [f"../../../bin/dep,sha256={os.urandom(8).hex()},9", "dep-1.0.dist-info/METADATA,sha256=x,1"]
        for path, text in files.items():
            (self.folder / path).parent.mkdir(exist_ok=True)
            (self.folder / path).write_text(text)
            os.utime(self.folder / path, (1, 1))
        (info / "RECORD").write_text("\n".join(rows) + "\n")

    def found(self) -> Installed:
        return installed()["dep"]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setattr("sys.path", [str(tmp_path)])
    return Site(tmp_path)


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a record, in which all is kept however new it is."""
    monkeypatch.setattr(file_identity, "_TICK", 0)
    folder = tmp_path / "record"
    folder.mkdir(mode=0o700)
    return folder


def test_what_is_kept_of_a_distribution_is_told_until_it_changes(site: Site, record: Path) -> None:
    site.install({"dep/__init__.py": "RATE = 1\n", "dep/more.py": ""}, "Requires-Dist: other\n")
    first = installed(record)
    assert installed(record) == first == installed()
    with mock.patch("pytest_debugloop.sources.installed._files", side_effect=AssertionError):
        assert installed(record) == first, "nothing is read again"
    (site.folder / "dep" / "more.py").write_text("EDITED = 1\n")
    for _ in range(2):
        assert installed(record) == installed() != first
    os.utime(site.folder / "dep" / "more.py", (1, 1))
    (site.folder / "dep" / "__init__.py").unlink()
    assert installed(record) == installed() != first
    shutil.rmtree(site.folder / "dep-1.0.dist-info")
    assert installed(record) == {}
    site.install({"dep/__init__.py": "RATE = 2\n"})
    assert installed(record) == installed()
    assert installed(record)["dep"].requires == ()


def test_distributions_of_another_environment_stay_known(
    site: Site, record: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.install({"dep/__init__.py": ""})
    first = installed(record)
    other = Site(site.folder / "other")
    other.folder.mkdir()
    monkeypatch.setattr("sys.path", [str(other.folder)])
    other.install({"dep/__init__.py": "x = 1\n"})
    assert installed(record) != first
    monkeypatch.setattr("sys.path", [str(site.folder)])
    with mock.patch("pytest_debugloop.sources.installed._files", side_effect=AssertionError):
        assert installed(record) == first


@pytest.mark.parametrize(
    "kept",
    ["", "[]", '{"format": 1}', '{"format": 1, "distributions": {"DEP": [1, 2]}}', '{"format": 0}', "{" * 99_999],
)
def test_what_is_kept_and_damaged_is_read_again(site: Site, record: Path, kept: str) -> None:
    site.install({"dep/__init__.py": ""})
    path = record / kept_distributions.KEPT
    path.write_text(kept.replace("DEP", str(site.folder / "dep-1.0.dist-info")), encoding="utf-8")
    path.chmod(0o600)
    assert installed(record) == installed()


def test_a_distribution_that_was_installed_just_now_is_not_kept(site: Site, tmp_path: Path) -> None:
    record = tmp_path / "record"
    record.mkdir(mode=0o700)
    site.install({"dep/__init__.py": ""})
    assert installed(record) == installed()
    assert not (record / kept_distributions.KEPT).exists()


def test_the_same_files_have_the_same_hash_whoever_installed_them(site: Site, tmp_path: Path) -> None:
    files = {"dep/__init__.py": "RATE = 1\n", "dep/more.py": "", "one.py": "x = 1\n"}
    site.install(files)
    found = site.found()
    assert found.hash
    assert found.modules == ("dep", "one")
    other = Site(tmp_path / "other")
    other.install(files)
    os.utime(other.folder / "dep" / "__init__.py")  # written anew with what was in it
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.path", [str(other.folder)])
        assert other.found() == found


def test_a_file_that_was_changed_where_it_is_installed_is_another(site: Site) -> None:
    site.install({"dep/__init__.py": "RATE = 1\n"})
    before = site.found()
    (site.folder / "dep" / "__init__.py").write_text("RATE = 2\n")
    after = site.found()
    assert (before.version, before.hash != after.hash) == (after.version, True)
    (site.folder / "dep" / "__init__.py").unlink()
    assert site.found().hash not in (before.hash, after.hash)


def test_entry_points_are_among_what_was_installed_and_their_groups_are_told(site: Site) -> None:
    points = "[console_scripts]\ndep = dep:main\n\n[shop.rates]\nbook = dep:{}\n"
    site.install({"dep.py": "", "dep-1.0.dist-info/entry_points.txt": points.format("old")})
    before = site.found()
    assert before.modules == ("dep", "group:shop.rates")
    shutil.rmtree(site.folder / "dep-1.0.dist-info")
    site.install({"dep.py": "", "dep-1.0.dist-info/entry_points.txt": points.format("new")})
    assert before.hash != site.found().hash


def test_what_a_distribution_needs_is_told_without_its_extras(site: Site) -> None:
    needs = "Requires-Dist: Low.Level>=1\nRequires-Dist: extra-one; extra == 'all'\nRequires-Dist: typing_extensions\n"
    site.install({"dep.py": ""}, needs)
    assert site.found().requires == ("low-level", "typing-extensions")


def test_a_distribution_without_a_list_of_its_files_is_known_by_those_of_its_name(site: Site) -> None:
    site.install({"dep/__init__.py": "RATE = 1\n"})
    (site.folder / "dep-1.0.dist-info" / "RECORD").unlink()
    before = site.found()
    (site.folder / "dep" / "__init__.py").write_text("RATE = 2\n")
    assert (before.modules, before.hash != site.found().hash) == (("dep",), True)
