"""Which commits merged others without being their descendants, as a squash and a rebase do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from pytest_debugloop.sources.commits import ask_git

_MOST = 100
_MAX_BRANCHES = 5
# As GitHub, Bitbucket and Azure write it at the end of a subject, and GitLab in the body.
_AT_END = re.compile(r"\((?:#|pull request #|!)(\d{1,20})\)$|^Merged PR (\d{1,20}): ")
_IN_BODY = re.compile(r"^See merge request (?:[\w./-]*)!(\d{1,20})$", re.MULTILINE)


def changes_merged(rootdir: Path) -> list[list[str]]:
    """List the latest commits that name the change (pull request, merge request) that they merged.

    Args:
        rootdir: a folder in a checkout, or not.

    Returns:
        The name of each commit, and the number of the change.
    """
    output = ask_git(rootdir, b"", "log", "--first-parent", f"--max-count={_MOST}", "-z", "--format=%H%n%s%n%b", "HEAD")
    found = []
    for entry in output.decode("utf-8", "replace").split("\0"):
        commit, _, message = entry.partition("\n")
        subject, _, body = message.partition("\n")
        named = _AT_END.search(subject.strip()) or _IN_BODY.search(body)
        if named:
            found.append([commit, next(filter(None, named.groups()))])
    return found


def merged_otherwise(rootdir: Path) -> list[list[str]]:
    """List the local branches whose changes the checked out commit has, though it does not descend from them.

    Args:
        rootdir: a folder in a checkout, or not.

    Returns:
        The name of a commit that has all changes of a branch, and that of the branch's last commit, for each of the
        latest few branches of which that is so.
    """
    output = ask_git(
        rootdir, b"", "for-each-ref", "--no-merged=HEAD", "--sort=-committerdate", f"--count={_MAX_BRANCHES}",
        "--format=%(objectname)", "refs/heads",
    )  # fmt: skip
    found = []
    for tip in output.decode("ascii", "replace").split():
        merged = _squashed(rootdir, tip) or _rebased(rootdir, tip)
        if merged:
            found.append([merged, tip])
    return found


def _squashed(rootdir: Path, tip: str) -> str:
    """Give the commit that has the whole difference of a branch to where it began; nothing where there is none."""
    base = ask_git(rootdir, b"", "merge-base", "HEAD", tip).decode("ascii", "replace").strip()
    files = (
        set(ask_git(rootdir, b"", "diff-tree", "-r", "-z", "--name-only", base, tip).split(b"\0")) if base else set()
    )
    if not files - {b""}:
        return ""
    alike = [commit for commit, changed in _files_since(rootdir, base) if changed == files - {b""}]
    if not alike:
        return ""
    wanted = _patch_id(rootdir, base, tip)
    return next((commit for commit in alike if _patch_id(rootdir, f"{commit}^", commit) == wanted), "")


def _files_since(rootdir: Path, base: str) -> Iterator[tuple[str, set[bytes]]]:
    """Give the latest commits since one, with the files that each changed."""
    output = ask_git(
        rootdir, b"", "log", "--first-parent", "--no-merges", f"--max-count={_MOST}", "-z", "--name-only",
        "--no-renames", "--format=%x01%H", f"{base}..HEAD",
    )  # fmt: skip
    for entry in output.split(b"\x01")[1:]:
        commit, *files = entry.replace(b"\n", b"\0").split(b"\0")
        yield commit.decode("ascii", "replace"), set(files) - {b""}


def _patch_id(rootdir: Path, before: str, after: str) -> bytes:
    patch = ask_git(rootdir, b"", "diff-tree", "-p", before, after)
    return ask_git(rootdir, patch, "patch-id", "--stable").partition(b" ")[0]


def _rebased(rootdir: Path, tip: str) -> str:
    """Give the checked out commit, if it has each commit of a branch under another name; else nothing."""
    count = ask_git(rootdir, b"", "rev-list", "--count", f"HEAD...{tip}").strip()
    if not count.isdigit() or int(count) > _MOST:
        return ""
    marks: Sequence[bytes] = ask_git(rootdir, b"", "cherry", "HEAD", tip).splitlines()
    if not marks or any(not mark.startswith(b"-") for mark in marks):
        return ""
    return ask_git(rootdir, b"", "rev-parse", "HEAD").decode("ascii", "replace").strip()
