"""What cannot be as it was: other code, another interpreter, other distributions. One sentence each."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pytest_debugloop.capture.redact import Redactor
from pytest_debugloop.environment.checkout import git_facts
from pytest_debugloop.environment.project_folders import checkout_around
from pytest_debugloop.queries.rerunning import FailureToRerun
from pytest_debugloop.replay.sources import whole
from pytest_debugloop.snapshots.agent_state import StoredFrame
from pytest_debugloop.snapshots.frames import lines_around
from pytest_debugloop.snapshots.states import recorded_exceptions
from pytest_debugloop.sources.beside import hash_beside, is_beside
from pytest_debugloop.sources.checkout import text_of
from pytest_debugloop.sources.file_hashes import FileHashes
from pytest_debugloop.sources.installed import distribution_versions
from pytest_debugloop.sources.secrets import matches
from pytest_debugloop.sources.tree import tree_of

_MAX_NAMED = 3
_CUT = 300  # a recorded line of this length may have been cut


def changes_since(failure: FailureToRerun, rootdir: Path, redactor: Redactor) -> list[str]:
    """Compare what a run was run on with what is here now.

    Args:
        failure: of the run.
        rootdir: of the checkout.
        redactor: takes secrets out as runs in the checkout do, for both sides are hashed without them.

    Returns:
        One sentence for each difference that may matter; none for what the record does not have.
    """
    notes = _code_changes(failure, rootdir, _files_now(failure.files or (), rootdir, redactor))
    version = platform.python_version()
    if failure.python_version not in (None, version):
        notes.append(f"it ran on Python {failure.python_version}, this is {version}")
    this_platform = f"{sys.platform} {platform.machine()}"
    if failure.platform not in (None, this_platform):
        notes.append(f"it ran on {failure.platform}, this is {this_platform}")
    differing = _differing(failure.distributions, distribution_versions()) if failure.distributions else []
    if differing:
        notes.append(_differs(differing, "distribution"))
    return notes


def _files_now(recorded: Iterable[str], rootdir: Path, redactor: Redactor) -> dict[str, str] | None:
    """Hash the project's files, and the recorded ones beside it; None where they are not known."""
    tree = tree_of(rootdir)
    if tree is None:
        return None
    return FileHashes(rootdir, redactor).told_of_all({**tree.files, **dict(_beside(recorded, rootdir))})


def _beside(names: Iterable[str], rootdir: Path) -> Iterator[tuple[str, str]]:
    """Hash the recorded files beside rootdir: of a record that somebody else made, only those of the same checkout."""
    top = checkout_around(rootdir)
    for name in names if top is not None else ():
        path = Path(os.path.realpath(rootdir / name)) if is_beside(name) else None
        if path is not None and path.is_relative_to(os.path.realpath(top or rootdir)):
            yield name, hash_beside(path)


def _code_changes(failure: FailureToRerun, rootdir: Path, files: Mapping[str, str] | None) -> list[str]:
    commit = git_facts(rootdir).get("vcs.ref.head.revision", "")
    then = failure.git_commit or ""
    commits = f", commit {then[:12]} then and {commit[:12]} now" if then and commit and then != commit else ""
    if failure.files is not None and files is not None:
        known = [f for f in failure.files.keys() | files.keys() if f in files or not is_beside(f)]
        changed = sorted(f for f in known if failure.files.get(f) != files.get(f))
        if not changed:
            return []
        return [f"the code has changed{commits}: {_differs(changed, 'file')}"]
    return [f"the code may have changed{commits}"] if commits else []


def _differing(then: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    return [
        f"{name} {then.get(name, 'not there')} then, {now.get(name, 'not there')} now"
        for name in sorted(then.keys() | now.keys())
        if then.get(name) != now.get(name)
    ]


def _differs(names: Sequence[str], what: str) -> str:
    counted = f"1 {what} differs" if len(names) == 1 else f"{len(names):,} {what}s differ"
    more = f" and {len(names) - _MAX_NAMED:,} more" if len(names) > _MAX_NAMED else ""
    return f"{counted}: {'; '.join(names[:_MAX_NAMED])}{more}"


def project_frames(chain: Any) -> list[StoredFrame]:
    """Give the project's own frames of the exception that failed a test, outermost first.

    Args:
        chain: the exceptions of a snapshot, the raised one first.

    Returns:
        Those that pytest shows, as that of ``pytest.fail`` is none; where it shows none of them, all.
    """
    own = [frame for one in recorded_exceptions(chain)[:1] for frame in one["frames"] if "is_folded" not in frame]
    return [frame for frame in own if "is_hidden" not in frame] or own


def changed_frames(frames: Sequence[StoredFrame], rootdir: Path) -> list[str]:
    """Name the functions of frames whose code is not what was recorded.

    Code that only moved is the same: where the line is another one now, the recorded lines around it are looked for.

    Args:
        frames: as a snapshot has them.
        rootdir: of the checkout.

    Returns:
        File and function of each, outermost first.
    """
    known = [frame for frame in frames if frame["source"] and not frame["file"].startswith("<")]
    return list(dict.fromkeys(f"{one['function']} in {one['file']}" for one in known if not _is_same(one, rootdir)))


def _is_same(frame: StoredFrame, rootdir: Path) -> bool:
    text = text_of(rootdir / frame["file"])
    if text is None:
        return False
    lines = [line.rstrip() for line in whole(text).lines.values()]
    if frame["line"] <= len(lines) and _matches(lines[frame["line"] - 1].strip(), frame["source"]):
        return True
    _, around = lines_around(frame)
    if around == [frame["source"]]:
        return any(_matches(line.strip(), frame["source"]) for line in lines)
    starts = range(len(lines) - len(around) + 1)
    return any(all(_matches(lines[at + i], line) for i, line in enumerate(around)) for at in starts)


def _matches(line: str, recorded: str) -> bool:
    """Hold a line against a recorded one, which may be cut, and from which secrets are taken out."""
    return matches(line, recorded) or (len(recorded) >= _CUT and line.startswith(recorded))
