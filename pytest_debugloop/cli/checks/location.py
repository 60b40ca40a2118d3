"""Checks of the folder of the record, of what waits in it, and of the checkout."""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.cli.checks.check import OK, PROBLEM, WARNING, Check
from pytest_debugloop.environment import providers as fact
from pytest_debugloop.journal.shared_names import LOADER_LOG
from pytest_debugloop.private import NotPrivateError, read_file
from pytest_debugloop.text.words import counted

_LITTLE_ROOM = 500_000_000
_NO_ROOM = 50_000_000
_TAIL = 64 * 1024
# How an exception ends, and what a server says; the beginning of a traceback says nothing.
_BAD = re.compile(r"error|exception|fatal|panic", re.IGNORECASE)


def folder(location: RecordLocation) -> Iterator[Check]:
    """Look at the folder of the record: whose it is, who may enter it, and how much room it has.

    Args:
        location: where the record is.
    """
    yield from _room(location.folder)
    if location.obstacle:
        yield Check(
            "place",
            WARNING,
            f"runs are recorded to {location.folder}, because {location.obstacle}",
            "move it away, or choose another directory with debugloop_dir.",
        )
    if os.path.lexists(location.folder) and not location.folder.is_dir():
        yield Check(
            "folder", PROBLEM, f"{location.folder} is not a directory", "move it away, or choose another directory."
        )
        return
    if not location.folder.is_dir():
        parent = next(p for p in location.folder.absolute().parents if p.exists())
        if os.access(parent, os.W_OK | os.X_OK):
            yield Check("folder", OK, f"{location.folder} does not exist yet: the first run creates it")
        else:
            yield Check(
                "folder",
                WARNING,
                f"{location.folder} does not exist, and {parent} is not writable: runs are recorded elsewhere",
                "choose another directory with debugloop_dir.",
            )
        return
    found = location.folder.stat()
    mode = stat.S_IMODE(found.st_mode)
    if found.st_uid != os.getuid():
        yield Check(
            "folder",
            PROBLEM,
            f"{location.folder} belongs to user {found.st_uid}",
            "choose another directory with debugloop_dir.",
        )
    elif mode & stat.S_IWOTH:
        yield Check("folder", PROBLEM, f"every user can write to {location.folder}", f"chmod 700 {location.folder}")
    elif mode & 0o077:
        yield Check(
            "folder",
            WARNING,
            f"other users can access {location.folder} (mode {mode:04o})",
            "the next run makes it private (chmod 700).",
        )
    elif not os.access(location.folder, os.W_OK | os.X_OK):
        yield Check("folder", PROBLEM, f"{location.folder} is not writable", f"chmod u+rwx {location.folder}")
    else:
        yield Check("folder", OK, f"{location.folder}, private (mode {mode:04o})")
    yield from _ignored(location.folder)


def _room(folder: Path) -> Iterator[Check]:
    there = next(p for p in (folder.absolute(), *folder.absolute().parents) if p.exists())
    free = shutil.disk_usage(there).free
    text = f"{free / 1e9:.1f} GB free"
    if free < _NO_ROOM:
        yield Check("disk", PROBLEM, text, "free some space: PostgreSQL stops when it cannot write.")
    elif free < _LITTLE_ROOM:
        yield Check("disk", WARNING, text, "free some space, for example with debugloop prune --older-than 30d.")
    else:
        yield Check("disk", OK, text)


def _ignored(folder: Path) -> Iterator[Check]:
    if not any((parent / ".git").exists() for parent in folder.absolute().parents):
        return
    ignore = folder / ".gitignore"
    if ignore.is_file() and "*" in ignore.read_text(encoding="utf-8", errors="replace").split():
        yield Check("git-ignore", OK, "git ignores the directory")
    else:
        yield Check("git-ignore", WARNING, f"{ignore} does not ignore the directory", "add a line with * to it.")


def waiting(location: RecordLocation) -> Iterator[Check]:
    """Look for journals that are not stored.

    Args:
        location: where the record is.
    """
    from pytest_debugloop.loading.waiting import ignored_paths, waiting_runs

    order = location.loader_order()
    refused = ignored_paths(order)
    if refused:
        more = f", and {len(refused) - 1:,} more" if len(refused) > 1 else ""
        yield Check(
            "journals",
            PROBLEM,
            refused[0] + more,
            "find out who made it, then remove it or make it private (chmod -R go=).",
        )
    found = waiting_runs(order)
    for trouble in found.load_failures:
        yield Check("journals", PROBLEM if trouble.is_set_aside else WARNING, str(trouble))
    going_on = f"{counted(len(found.going_on), 'run')} in progress or being stored" if found.going_on else ""
    if found.waiting:
        text = f"{counted(len(found.waiting), 'run')} not stored yet" + (f", {going_on}" if going_on else "")
        yield Check("journals", WARNING, text, "run debugloop load.")
    else:
        yield Check("journals", OK, going_on or "none waiting")


def loader_log(location: RecordLocation) -> Iterator[Check]:
    """Look for errors at the end of what loaders had to say.

    Args:
        location: where the record is.
    """
    path = location.folder / LOADER_LOG
    if not path.is_symlink() and not path.is_file():
        yield Check("loader", OK, "no log")
        return
    try:
        file = read_file(path)
    except NotPrivateError as error:
        yield Check("loader", PROBLEM, str(error), f"remove {path}.")
        return
    with file:
        file.seek(max(os.fstat(file.fileno()).st_size - _TAIL, 0))
        lines = [line.strip() for line in file.read().decode("utf-8", "replace").splitlines() if line.strip()]
    bad = [line for line in lines if _BAD.search(line)]
    if bad:
        yield Check(
            "loader",
            WARNING,
            f"it logged errors, the last one: {bad[-1][:300]}",
            f"see {path}, and delete the file afterwards.",
        )
    else:
        yield Check("loader", OK, f"no errors in {path.name}")


def checkout(rootdir: Path) -> Iterator[Check]:
    """Look whether the checkout can be read: its commit, and the files that git knows.

    Args:
        rootdir: of pytest.
    """
    from pytest_debugloop.environment.checkout import git_facts

    if not any((parent / ".git").exists() for parent in (rootdir, *rootdir.parents)):
        yield Check("git", WARNING, "not a checkout: runs have no commit and no branch")
        return
    facts = git_facts(rootdir)
    commit = facts.get(fact.COMMIT, "")
    if not commit:
        yield Check("git", WARNING, "the checkout cannot be read", "run git status to see the reason.")
    elif not shutil.which("git"):
        yield Check(
            "git",
            WARNING,
            f"{commit[:12]}, but git is not installed",
            "install git, which lists the files of the project.",
        )
    else:
        # A branch before its first commit is all that its head says.
        text = "no commit yet" if commit.startswith("ref: ") else commit[:12]
        yield Check("git", OK, f"{facts.get(fact.BRANCH, 'no branch')}, {text}")


def ci(environ: Mapping[str, str] = os.environ) -> Iterator[Check]:
    """Look which CI this is.

    Args:
        environ: the environment.
    """
    from pytest_debugloop.environment.ci import ci_facts

    facts = ci_facts(environ)
    provider = facts.get(fact.PROVIDER)
    if provider == "unknown":
        yield Check(
            "ci", WARNING, "CI is set, but the provider is unknown", "set DEBUGLOOP_SESSION_ID to the id of the CI run."
        )
    elif provider:
        run = facts.get(fact.RUN, "without a run id")
        yield Check("ci", OK, f"{provider}, {run}")
    else:
        yield Check("ci", OK, "none")
