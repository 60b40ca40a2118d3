"""Which commits come after which, as git tells it of whole and of shallow clones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_debugloop.sources.commits import checked_out, commits_of
from pytest_debugloop.sources.merged import changes_merged, merged_otherwise
from tests.support.projects import Project

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def merged(tmp_path: Path) -> Project:
    """A repository whose main has a merged branch."""
    project = Project(tmp_path / "origin")
    project.folder.mkdir()
    project.git("init", "-q")
    commit(project, "root")
    project.git("checkout", "-q", "-b", "feature")
    commit(project, "feature")
    project.git("checkout", "-q", "main")
    commit(project, "main")
    project.git("merge", "-q", "--no-ff", "-m", "merge\n\nparent of nothing", "feature")
    return project


def commit(project: Project, message: str) -> None:
    project.git("commit", "-q", "--allow-empty", "-m", message)


def named(project: Project, *names: str) -> list[str]:
    return project.git("rev-parse", *names).split()


def test_each_commit_is_told_with_those_it_comes_after(merged: Project) -> None:
    head, main, feature, root = named(merged, "HEAD", "HEAD^1", "HEAD^2", "HEAD^2^")
    assert sorted(commits_of(merged.folder)) == sorted([[head, main, feature], [main, root], [feature, root]])


def test_of_a_shallow_clone_the_last_commit_still_tells_what_it_comes_after(merged: Project, tmp_path: Path) -> None:
    merged.git("clone", "-q", "--depth", "1", merged.folder.as_uri(), str(tmp_path / "shallow"))
    assert commits_of(tmp_path / "shallow") == [named(merged, "HEAD", "HEAD^1", "HEAD^2")]


def test_where_git_tells_nothing_nothing_is_told(tmp_path: Path) -> None:
    assert commits_of(tmp_path) == []
    project = Project(tmp_path)
    project.git("init", "-q")
    assert commits_of(tmp_path) == []
    commit(project, "root")
    assert commits_of(tmp_path) == []
    assert commits_of(tmp_path / "missing") == []


def test_a_long_history_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_debugloop.sources.commits._MOST", 2)
    project = Project(tmp_path)
    project.git("init", "-q")
    for message in "abcd":
        commit(project, message)
    assert len(commits_of(tmp_path)) == 2


def test_what_is_checked_out_is_named(merged: Project) -> None:
    (head,) = named(merged, "HEAD")
    assert checked_out(merged.folder) == {"head": head, "branch": "main"}
    merged.git("checkout", "-q", "--detach")
    assert checked_out(merged.folder) == {"head": head}


def test_where_nothing_is_checked_out_nothing_is_named(tmp_path: Path) -> None:
    assert checked_out(tmp_path) == {}
    Project(tmp_path).git("init", "-q")
    assert checked_out(tmp_path) == {}


@pytest.fixture
def feature(tmp_path: Path) -> Project:
    """A repository whose main went on after a branch of two commits had begun."""
    project = Project(tmp_path / "origin")
    project.folder.mkdir()
    project.git("init", "-q")
    commit(project, "root")
    project.git("checkout", "-q", "-b", "feature")
    for name in ("one.py", "two.py"):
        project.write(name, "x = 1\n")
        project.git("add", "-A")
        commit(project, name)
    project.git("checkout", "-q", "main")
    project.write("other.py", "x = 2\n")
    project.git("add", "-A")
    commit(project, "main")
    return project


def test_a_squash_is_told_with_the_branch_that_it_merged(feature: Project) -> None:
    assert merged_otherwise(feature.folder) == []
    feature.git("merge", "-q", "--squash", "feature")
    commit(feature, "squash")
    commit(feature, "later")
    squash, tip = named(feature, "HEAD^", "feature")
    assert merged_otherwise(feature.folder) == [[squash, tip]]


def test_a_squash_that_is_not_the_whole_branch_is_none(feature: Project) -> None:
    feature.git("merge", "-q", "--squash", "feature")
    feature.write("two.py", "x = 3\n")
    feature.git("add", "-A")
    commit(feature, "squash")
    assert merged_otherwise(feature.folder) == []


def test_a_rebase_is_told_with_the_branch_that_it_merged(feature: Project) -> None:
    feature.git("cherry-pick", "feature~1", "feature")
    assert merged_otherwise(feature.folder) == [named(feature, "HEAD", "feature")]


@pytest.mark.parametrize(
    ("message", "change"),
    [
        ("Mend it (#12)", "12"),
        ("Mend it\n\nof many words (#12)", None),
        ('Revert "Mend it (#12)" (#15)', "15"),
        ("Fixes #12", None),
        ("Merge branch 'a' into 'main'\n\nMend it\n\nSee merge request shop/api!12", "12"),
        ("Merged in feature (pull request #12)", "12"),
        ("Merged PR 12: mend it", "12"),
    ],
)
def test_a_message_names_the_change_that_was_merged(tmp_path: Path, message: str, change: str | None) -> None:
    project = Project(tmp_path)
    project.git("init", "-q")
    commit(project, "root")
    commit(project, message)
    assert [number for _, number in changes_merged(tmp_path)] == ([change] if change else [])
