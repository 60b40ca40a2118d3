"""Which commits the checked out one comes after, as git knows them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from pytest_debugloop.sources.tree import is_in_checkout

_SECONDS = 20
_MOST = 1000


def commits_of(rootdir: Path) -> list[list[str]]:
    """List the checked out commit and those before it, the latest thousand.

    A shallow clone has few of them, and git hides what the last ones come after; the commits themselves still say it.

    Args:
        rootdir: a folder in a checkout, or not.

    Returns:
        The names of a commit and of its parents, for each that has parents; empty where git tells nothing.
    """
    output = ask_git(rootdir, b"", "rev-list", "--parents", f"--max-count={_MOST}", "HEAD")
    commits = [line.split() for line in output.decode("ascii", "replace").splitlines()]
    bare = [one[0] for one in commits if len(one) == 1]
    named = {one[0]: one for one in commits}
    if bare:
        contents = ask_git(rootdir, "\n".join(bare).encode() + b"\n", "cat-file", "--batch")
        named |= {commit: [commit, *parents] for commit, parents in _parents_in(contents)}
    return [one for one in named.values() if len(one) > 1]


def checked_out(rootdir: Path) -> dict[str, str]:
    """Name the commit and the branch that are checked out, where the test process cannot: git may keep them in a table.

    Args:
        rootdir: a folder in a checkout, or not.

    Returns:
        ``head`` and ``branch``, without the second where the head is detached; empty where git tells nothing.
    """
    output = (
        ask_git(rootdir, b"", "rev-parse", "HEAD", "--symbolic-full-name", "HEAD")
        .decode("utf-8", "replace")
        .split("\n")
    )
    if len(output) < 2:
        return {}
    branch = output[1].removeprefix("refs/heads/")
    return {"head": output[0]} | ({"branch": branch} if branch not in ("", "HEAD") else {})


def _parents_in(contents: bytes) -> list[tuple[str, list[str]]]:
    """Read the headers of commits, as ``git cat-file --batch`` writes them: name, kind and size, then what is in it."""
    found = []
    place = 0
    while (end := contents.find(b"\n", place)) >= 0:
        name, _, about = contents[place:end].partition(b" ")
        kind, _, size = about.partition(b" ")
        if kind != b"commit" or not size.isdigit():  # one that is missing has no more than this line
            place = end + 1
            continue
        header = contents[end + 1 : end + 1 + int(size)].partition(b"\n\n")[0]
        lines = header.decode("ascii", "replace").splitlines()
        found.append((name.decode("ascii"), [line[7:] for line in lines if line.startswith("parent ")]))
        place = end + 2 + int(size)
    return found


def ask_git(folder: Path, given: bytes, *arguments: str) -> bytes:
    """Ask git something that changes nothing, and fetches nothing.

    Args:
        folder: in a checkout, or not.
        given: for its standard input.
        *arguments: a command, and its arguments.

    Returns:
        What it printed; nothing where it failed, took too long, or is not there.
    """
    if not is_in_checkout(folder):
        return b""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", "--no-optional-locks", *arguments],  # noqa: S607 - the user's git
            cwd=folder,
            env=environ | {"GIT_NO_LAZY_FETCH": "1"},  # nothing is fetched for this
            input=given,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return b""
    return done.stdout if done.returncode == 0 else b""
