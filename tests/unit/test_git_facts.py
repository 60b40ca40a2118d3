"""What a checkout says is read from git's files, however git has laid them, and what it does not say is not guessed."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from pytest_debugloop.environment.checkout import git_facts, project_name, repository_of
from tests.support.environment import clean_environment

if TYPE_CHECKING:
    from pathlib import Path

COMMIT, BRANCH, REMOTE = "vcs.ref.head.revision", "vcs.ref.head.name", "vcs.repository.url.full"


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main")
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=folder, env=clean_environment(), check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    (folder / "packages" / "shop").mkdir(parents=True)
    git(folder, "init", "-q")
    git(folder, "commit", "-q", "--allow-empty", "-m", "first")
    return folder


@pytest.mark.parametrize("below", [".", "packages/shop"])
def test_commit_and_branch_are_those_of_git(checkout: Path, below: str) -> None:
    assert git_facts(checkout / below) == {COMMIT: git(checkout, "rev-parse", "HEAD"), BRANCH: "main"}


def test_a_commit_that_git_has_packed_is_found(checkout: Path) -> None:
    git(checkout, "branch", "other")
    git(checkout, "pack-refs", "--all")
    assert not (checkout / ".git" / "refs" / "heads" / "main").exists()
    assert git_facts(checkout)[COMMIT] == git(checkout, "rev-parse", "HEAD")


def test_a_detached_head_has_a_commit_and_no_branch(checkout: Path) -> None:
    git(checkout, "checkout", "-q", "--detach")
    assert git_facts(checkout) == {COMMIT: git(checkout, "rev-parse", "HEAD")}


def test_a_branch_without_a_commit_has_none(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    assert git_facts(tmp_path) == {BRANCH: "main"}


def test_references_that_are_in_a_table_are_not_guessed(checkout: Path) -> None:
    (checkout / ".git" / "HEAD").write_text("ref: refs/heads/.invalid\n")
    assert not {"vcs.ref.head.name", "vcs.ref.head.revision"} & git_facts(checkout).keys()


def test_a_worktree_has_its_own_branch_and_the_remote_of_all(checkout: Path, tmp_path: Path) -> None:
    git(checkout, "remote", "add", "origin", "git@example.org:owner/shop.git")
    git(checkout, "worktree", "add", "-q", "-b", "mend", str(tmp_path / "tree"))
    git(tmp_path / "tree", "commit", "-q", "--allow-empty", "-m", "second")
    assert git_facts(tmp_path / "tree") == {
        COMMIT: git(tmp_path / "tree", "rev-parse", "HEAD"),
        BRANCH: "mend",
        REMOTE: "example.org:owner/shop",
    }


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://ann:hush@example.org/owner/shop.git", "example.org/owner/shop"),
        ("ssh://git@example.org/owner/shop", "example.org/owner/shop"),
        ("git@example.org:owner/shop.git", "example.org/owner/shop"),
    ],
)
def test_a_repository_has_one_name_however_it_was_cloned(checkout: Path, url: str, name: str) -> None:
    git(checkout, "remote", "add", "backup", "https://example.org/elsewhere/copy.git")
    git(checkout, "remote", "add", "origin", url)
    assert repository_of(checkout, {}) == name
    assert "hush" not in str(git_facts(checkout))


def test_each_folder_of_a_repository_is_a_project_of_its_own(checkout: Path, tmp_path: Path) -> None:
    assert project_name("example.org/owner/shop", checkout) == "example.org/owner/shop"
    assert project_name("example.org/owner/shop", checkout / "packages" / "shop") == (
        "example.org/owner/shop:packages/shop"
    )
    assert project_name("example.org/owner/shop", tmp_path) == "example.org/owner/shop"  # CI told its name
    assert project_name("", checkout) == "checkout"


@pytest.mark.parametrize("damage", ["gitdir: nowhere\n", "", "\udcff"])
def test_what_is_no_checkout_says_nothing(tmp_path: Path, damage: str) -> None:
    assert git_facts(tmp_path) == {}
    (tmp_path / ".git").write_text(damage, encoding="utf-8", errors="surrogateescape")
    assert git_facts(tmp_path) == {}
