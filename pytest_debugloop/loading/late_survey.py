"""What a run was run on, found when it is loaded later: where its checkout is still as the run left it."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pytest_debugloop.environment.checkout import git_facts
from pytest_debugloop.environment.providers import COMMIT
from pytest_debugloop.journal.shared_names import MAIN_JOURNAL
from pytest_debugloop.loading.journals import LONGEST_LINE, JournalFile
from pytest_debugloop.loading.loader_order import LoaderOrder
from pytest_debugloop.loading.surveying import CODE_JOURNAL, NO_RECORD, Surveyor, loaded_in
from pytest_debugloop.private import read_file


def survey_late(folder: Path, paths: Iterable[Path], order: LoaderOrder) -> Surveyor | None:
    """Look at the code of a run whose journals have waited.

    It is given only where nothing has changed since the run: the files that it has loaded are the same, so is the
    commit, and no file of the project is newer than its journals. Distributions and variables are not given: they may
    be others here.

    Args:
        folder: of the run's journals.
        paths: of the journals.
        order: names the checkout that this process works for; of other folders, nothing is looked at.

    Returns:
        None where that was given before, or cannot be.
    """
    paths = list(paths)
    if order.rootdir is None or any(path.name == CODE_JOURNAL for path in paths):
        return None
    try:
        head, ended = _begin_and_end(next(path for path in paths if path.name == MAIN_JOURNAL))
        rootdir = Path(head["rootdir"])
        if os.path.realpath(rootdir) != os.path.realpath(order.rootdir) or not _is_same_commit(head, rootdir):
            return None
        if not all(_is_unchanged(rootdir / path, changed, size) for path, changed, size in _loaded(paths)):
            return None
        surveyor = Surveyor.of(rootdir, head["redactor"])
        surveyor.look(paths, None)
    except (OSError, StopIteration, *NO_RECORD):
        return None
    files = surveyor.files()
    if not files or any(_is_newer(rootdir / path, ended) for path in files):
        return None
    surveyor.leave_out("distributions", "installation", "installed", "environment")
    return surveyor


def _begin_and_end(journal: Path) -> tuple[dict[str, Any], int]:
    """Give the header of the main process's journal, and when it was written to last, in nanoseconds."""
    with read_file(journal) as file:
        head: dict[str, Any] = json.loads(file.readline(LONGEST_LINE))
        return head, os.fstat(file.fileno()).st_mtime_ns


def _is_same_commit(head: dict[str, Any], rootdir: Path) -> bool:
    return bool(head["facts"]["git"].get(COMMIT) == git_facts(rootdir).get(COMMIT))


def _loaded(paths: Iterable[Path]) -> Iterator[tuple[str, int, int]]:
    for path in paths:
        journal = JournalFile(path)
        while (piece := journal.read()).end > journal.offset:
            journal.offset = piece.end
            for files in loaded_in(piece.data):
                yield from files


def _is_unchanged(path: Path, changed: int, size: int) -> bool:
    status = path.stat()
    return (status.st_mtime_ns, status.st_size) == (changed, size)


def _is_newer(path: Path, moment: int) -> bool:
    with contextlib.suppress(OSError):
        return path.stat().st_mtime_ns > moment
    return True
