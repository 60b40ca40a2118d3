"""The same code has the same version, however it came to lie there; another has another."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_debugloop.sources import tree as tree_module
from pytest_debugloop.sources.commits import commits_of
from pytest_debugloop.sources.tree import Tree, file_hash, tree_of, version_of

if TYPE_CHECKING:
    from pathlib import Path

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


class Checkout:
    """A real checkout of git."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str) -> str:
        environ = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
        command = ["git", "-c", "user.name=ann", "-c", "user.email=ann@example.com", *arguments]
        done = subprocess.run(command, cwd=self.folder, env=environ, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def write(self, path: str, text: str) -> None:
        write(self.folder, path, text)

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "more")

    def hash(self, path: str) -> str:
        return self.git("hash-object", path)


def write(folder: Path, path: str, text: str) -> None:
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode())


def look(folder: Path) -> Tree:
    tree = tree_of(folder)
    assert tree is not None
    return tree


def version(folder: Path) -> str:
    return version_of(look(folder).files)


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """One commit of three files."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    made = Checkout(tmp_path / "project")
    made.write("app.py", "RATE = 1\n")
    made.write("tests/test_app.py", "def test(): pass\n")
    made.write("data.json", "{}\n")
    made.commit()
    return made


@pytest.mark.parametrize("data", [b"", b"x = 1\n", b"a\r\nb\r\n", bytes(range(256))])
@needs_git
def test_a_file_is_hashed_as_git_does(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "file").write_bytes(data)
    assert file_hash(data) == Checkout(tmp_path).git("hash-object", "--no-filters", "file")


def test_a_clean_checkout_is_what_its_commit_holds(checkout: Checkout) -> None:
    tree = look(checkout.folder)
    assert tree.files == {path: checkout.hash(path) for path in ("app.py", "data.json", "tests/test_app.py")}
    assert tree.dirty == {}
    assert tree.tree == checkout.git("rev-parse", "HEAD^{tree}")


def test_a_file_that_was_changed_counts_as_it_is(checkout: Checkout) -> None:
    before = version(checkout.folder)
    checkout.write("app.py", "RATE = 2\n")
    tree = look(checkout.folder)
    assert tree.dirty == {"app.py": file_hash(b"RATE = 2\n")}
    assert tree.files["app.py"] == file_hash(b"RATE = 2\n")
    assert version_of(tree.files) != before


def test_a_change_has_the_same_version_before_it_is_staged_and_after_and_when_committed(checkout: Checkout) -> None:
    checkout.write("app.py", "RATE = 2\n")
    versions = [version(checkout.folder)]
    checkout.git("add", "app.py")
    versions.append(version(checkout.folder))
    checkout.commit()
    versions.append(version(checkout.folder))
    assert len(set(versions)) == 1


def test_a_file_that_was_deleted_is_not_there(checkout: Checkout) -> None:
    (checkout.folder / "app.py").unlink()
    tree = look(checkout.folder)
    assert tree.dirty == {"app.py": ""}
    assert "app.py" not in tree.files


def test_of_the_files_that_git_does_not_know_code_counts_and_nothing_else(checkout: Checkout) -> None:
    checkout.write("new.py", "x = 1\n")
    checkout.write("deep/er/new.py", "x = 2\n")
    checkout.write("notes.txt", "x\n")
    checkout.write("output.json", "{}\n")
    tree = look(checkout.folder)
    assert tree.dirty == {"new.py": file_hash(b"x = 1\n"), "deep/er/new.py": file_hash(b"x = 2\n")}
    assert {"new.py", "deep/er/new.py"} <= tree.files.keys()


def test_what_git_ignores_does_not_count(checkout: Checkout) -> None:
    checkout.write(".gitignore", "generated.py\nout/\n")
    checkout.commit()
    before = look(checkout.folder)
    checkout.write("generated.py", "x = 1\n")
    checkout.write("out/more.py", "x = 1\n")
    assert look(checkout.folder) == before


def test_names_that_git_would_quote_are_read(checkout: Checkout) -> None:
    names = ["größe.py", "with blank.py", 'with"quote.py', "new\nline.py"]
    for name in names:
        checkout.write(name, "x = 1\n")
    assert look(checkout.folder).dirty.keys() == set(names)
    checkout.commit()
    assert set(names) <= look(checkout.folder).files.keys()


def test_of_a_folder_in_a_checkout_only_what_lies_below_it_counts(checkout: Checkout) -> None:
    checkout.write("part/part/mod.py", "x = 1\n")
    checkout.write("part/test_mod.py", "x = 1\n")
    checkout.commit()
    before = look(checkout.folder / "part")
    assert before.files.keys() == {"part/mod.py", "test_mod.py"}
    checkout.write("app.py", "RATE = 2\n")
    checkout.write("other.py", "x = 1\n")
    assert look(checkout.folder / "part") == before
    checkout.write("part/part/mod.py", "x = 2\n")
    checkout.write("part/new.py", "x = 3\n")
    assert look(checkout.folder / "part").dirty == {
        "part/mod.py": file_hash(b"x = 2\n"),
        "new.py": file_hash(b"x = 3\n"),
    }


def test_a_folder_that_the_checkout_around_it_ignores_is_read_itself(checkout: Checkout) -> None:
    # A home folder may be a checkout that ignores all projects below it: they are not empty for that.
    checkout.write(".gitignore", "work/\n")
    checkout.commit()
    checkout.write("work/app.py", "RATE = 1\n")
    before = version(checkout.folder / "work")
    checkout.write("work/app.py", "RATE = 2\n")
    assert look(checkout.folder / "work").files == {"app.py": file_hash(b"RATE = 2\n")}
    assert version(checkout.folder / "work") != before


def test_a_detached_head_is_a_commit_as_any(checkout: Checkout) -> None:
    before = look(checkout.folder)
    checkout.git("checkout", "--quiet", "--detach")
    assert look(checkout.folder) == before


def test_a_shallow_clone_is_the_same_code(checkout: Checkout, tmp_path: Path) -> None:
    checkout.write("app.py", "RATE = 2\n")
    checkout.commit()
    checkout.git("clone", "--quiet", "--depth", "1", f"file://{checkout.folder}", str(tmp_path / "shallow"))
    assert (tmp_path / "shallow" / ".git" / "shallow").exists()
    assert look(tmp_path / "shallow") == look(checkout.folder)


@needs_git
def test_before_the_first_commit_the_folder_is_read(tmp_path: Path) -> None:
    made = Checkout(tmp_path / "project")
    made.write("app.py", "RATE = 1\n")
    assert look(made.folder) == Tree({"app.py": file_hash(b"RATE = 1\n")}, "", {})


def test_what_may_be_executed_is_told_as_it_is_now(checkout: Checkout) -> None:
    for name in ("tool.sh", "other.sh", "app.py"):
        checkout.write(name, "x = 1\n")
        (checkout.folder / name).chmod(0o755)
    checkout.commit()
    assert look(checkout.folder).executable == {"tool.sh", "other.sh"}
    (checkout.folder / "tool.sh").chmod(0o644)
    assert look(checkout.folder).executable == {"other.sh"}


def test_commits_of_the_same_tree_are_the_same_code(checkout: Checkout) -> None:
    before = look(checkout.folder)
    first = checkout.git("rev-parse", "HEAD")
    checkout.git("commit", "--quiet", "--allow-empty", "--message", "nothing")
    assert checkout.git("rev-parse", "HEAD") != first
    assert look(checkout.folder) == before


@pytest.mark.parametrize("path", ["README.md", "docs/index.rst", "docs/plan.svg", ".github/workflows/ci.yml"])
def test_a_change_of_documents_alone_is_the_same_code(checkout: Checkout, path: str) -> None:
    before = version(checkout.folder)
    checkout.write(path, "one\n")
    assert version(checkout.folder) == before
    checkout.commit()
    assert version(checkout.folder) == before
    checkout.write(path, "two\n")
    tree = look(checkout.folder)
    assert (version_of(tree.files), tree.dirty) == (before, {})


def test_a_change_of_data_that_git_keeps_is_other_code(checkout: Checkout) -> None:
    before = version(checkout.folder)
    checkout.write("data.json", "[]\n")
    assert version(checkout.folder) != before


def test_an_environment_in_a_checkout_that_does_not_ignore_it_is_left_out(checkout: Checkout) -> None:
    before = look(checkout.folder)
    checkout.write(".venv/pyvenv.cfg", "home = /usr/bin\n")
    checkout.write(".venv/lib/python3.12/site-packages/thing.py", "x = 1\n")
    checkout.write("env/pyvenv.cfg", "home = /usr/bin\n")
    checkout.write("env/lib/python3.12/site-packages/thing.py", "x = 1\n")
    assert look(checkout.folder) == before


def test_looking_leaves_the_checkout_as_it_was(checkout: Checkout) -> None:
    index = checkout.folder / ".git" / "index"
    os.utime(checkout.folder / "app.py", (1, 1))  # git would write its index anew
    before = index.read_bytes(), index.stat().st_mtime_ns
    look(checkout.folder)
    assert (index.read_bytes(), index.stat().st_mtime_ns) == before


def test_variables_of_a_git_hook_lead_to_no_other_repository(
    checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = look(checkout.folder)
    other = Checkout(tmp_path / "other")
    monkeypatch.setenv("GIT_DIR", str(other.folder / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other.folder))
    assert look(checkout.folder) == before


def test_a_folder_without_git_is_what_code_lies_in_it(tmp_path: Path) -> None:
    for path in ("app.py", "pkg/mod.pyi", "pyproject.toml", "setup.cfg", "tox.ini"):
        write(tmp_path, path, "x\n")
    for path in (
        "README.md",
        "data.json",
        ".hidden/a.py",
        "pkg/__pycache__/b.py",
        "node_modules/c.py",
        "x.egg-info/d.py",
    ):
        write(tmp_path, path, "x\n")
    tree = look(tmp_path)
    assert tree.files == dict.fromkeys(
        ("app.py", "pkg/mod.pyi", "pyproject.toml", "setup.cfg", "tox.ini"), file_hash(b"x\n")
    )
    assert (tree.tree, tree.dirty) == ("", {})


def test_environments_below_a_folder_are_left_out(tmp_path: Path) -> None:
    write(tmp_path, "app.py", "x\n")
    write(tmp_path, "my-env/pyvenv.cfg", "home = /usr/bin\n")
    write(tmp_path, "my-env/lib/thing.py", "x\n")
    assert look(tmp_path).files.keys() == {"app.py"}


def test_where_git_is_not_installed_the_folder_is_read(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(checkout.folder))
    tree = look(checkout.folder)
    assert tree.files.keys() == {"app.py", "tests/test_app.py"}
    assert tree.tree == ""


def test_a_file_that_cannot_be_read_is_no_error(tmp_path: Path) -> None:
    write(tmp_path, "app.py", "x\n")
    (tmp_path / "gone.py").symlink_to(tmp_path / "nowhere.py")
    (tmp_path / "loop").symlink_to(tmp_path)
    assert look(tmp_path).files.keys() == {"app.py"}


FILES = st.dictionaries(st.text(max_size=8), st.text("0123456789abcdef", min_size=40, max_size=40), max_size=6)


@given(files=FILES, data=st.data())
def test_the_order_of_files_makes_no_version(files: dict[str, str], data: st.DataObject) -> None:
    other = dict(data.draw(st.permutations(list(files.items()))))
    assert version_of(other) == version_of(files)


@given(one=FILES, other=FILES)
def test_other_files_have_another_version(one: dict[str, str], other: dict[str, str]) -> None:
    assert (version_of(one) == version_of(other)) is (one == other)


def test_a_folder_that_takes_too_long_to_walk_is_not_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        (tmp_path / f"empty_{number}").mkdir()
    assert tree_of(tmp_path) is not None
    monkeypatch.setattr("pytest_debugloop.sources.tree._WALK_SECONDS", -1.0)
    assert tree_of(tmp_path) is None


def test_of_very_many_files_code_is_told_and_of_too_much_code_nothing(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not look(checkout.folder).is_cut
    monkeypatch.setattr(tree_module, "_MAX_FILES", 2)
    assert look(checkout.folder).is_cut
    assert look(checkout.folder).files.keys() == {"app.py", "tests/test_app.py"}
    monkeypatch.setattr(tree_module, "_MAX_CODE", 1)
    monkeypatch.setattr(tree_module, "_walk", None)  # is not tried in its place: it takes seconds there
    assert tree_of(checkout.folder) is None


def test_where_more_was_changed_than_is_read_nothing_is_told(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tree_module, "_MAX_FILES", 2)
    monkeypatch.setattr(tree_module, "hash_of", None)
    for number in range(3):
        checkout.write(f"new_{number}.py", "x = 1\n")
    assert tree_of(checkout.folder) is None


def test_where_no_checkout_is_git_is_not_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", None)
    assert tree_module.git(tmp_path, "status") is None
    assert commits_of(tmp_path) == []


@needs_git
def test_a_worktree_below_a_link_is_a_checkout(checkout: Checkout, tmp_path: Path) -> None:
    checkout.write("app.py", "x = 1\n")
    checkout.git("add", "-A")
    checkout.git("commit", "--quiet", "-m", "first")
    checkout.git("worktree", "add", "--quiet", str(tmp_path / "worktree"))
    (tmp_path / "worktree" / "below").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "worktree" / "below")
    for place in ("worktree", "link"):
        assert tree_module.git(tmp_path / place, "rev-parse", "--is-inside-work-tree") == "true\n"
