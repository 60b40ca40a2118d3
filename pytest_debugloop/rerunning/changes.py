"""What cannot be as it was: other code, another interpreter, other distributions. One sentence each."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pytest_debugloop.capture.redact import REDACTED, Redactor
from pytest_debugloop.recording.checkout import git_facts
from pytest_debugloop.rerunning.recorded import RecordedFailure
from pytest_debugloop.sources.survey import Survey

_MOST_NAMED = 3


def changes_since(failure: RecordedFailure, rootdir: Path) -> list[str]:
    """Compare what a run was run on with what is here now.

    Args:
        failure: of the run.
        rootdir: of the checkout.

    Returns:
        One sentence for each difference that may matter; none for what the record does not have.
    """
    now = Survey(rootdir, Redactor(), {}).conclude()
    notes = _code_changes(failure, rootdir, now.get("files"))
    version = platform.python_version()
    if failure.python_version not in (None, version):
        notes.append(f"it ran on Python {failure.python_version}, this is {version}")
    this_platform = f"{sys.platform} {platform.machine()}"
    if failure.platform not in (None, this_platform):
        notes.append(f"it ran on {failure.platform}, this is {this_platform}")
    differing = _differing(failure.distributions or {}, now["distributions"]) if failure.distributions else []
    if differing:
        notes.append(_differs(differing, "distribution"))
    return notes


def _code_changes(failure: RecordedFailure, rootdir: Path, files: Mapping[str, str] | None) -> list[str]:
    commit = git_facts(rootdir).get("vcs.ref.head.revision", "")
    then = failure.git_commit or ""
    commits = f", commit {then[:12]} then and {commit[:12]} now" if then and commit and then != commit else ""
    if failure.files is not None and files is not None:
        changed = sorted(f for f in failure.files.keys() | files.keys() if failure.files.get(f) != files.get(f))
        if not changed:
            return []
        return [f"the code is not as it was{commits}: {_differs(changed, 'file')}"]
    return [f"the code may not be as it was{commits}"] if commits else []


def _differing(then: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    return [
        f"{name} {then.get(name, 'not there')} then, {now.get(name, 'not there')} now"
        for name in sorted(then.keys() | now.keys())
        if then.get(name) != now.get(name)
    ]


def _differs(names: Sequence[str], what: str) -> str:
    counted = f"1 {what} differs" if len(names) == 1 else f"{len(names):,} {what}s differ"
    more = f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
    return f"{counted}: {'; '.join(names[:_MOST_NAMED])}{more}"


def project_frames(chain: Sequence[dict[str, Any]] | None) -> list[dict[str, Any]]:
    """Give the project's own frames of the exception that failed a test, outermost first.

    Args:
        chain: the exceptions of a snapshot, the raised one first.
    """
    frames = (chain or [{}])[0].get("frames") or []
    return [f for f in frames if isinstance(f, dict) and f.get("file") and not f.get("is_folded")]


def changed_frames(frames: Sequence[Mapping[str, Any]], rootdir: Path) -> list[str]:
    """Name the functions of frames whose code is not what was recorded.

    Code that only moved is the same: where the line is another one now, the recorded lines around it are looked for.

    Args:
        frames: as a snapshot has them: ``file``, ``function``, ``line``, ``source`` and ``context``.
        rootdir: of the checkout.

    Returns:
        File and function of each, outermost first.
    """
    found = []
    for frame in frames:
        source = str(frame.get("source") or "")
        if not source or str(frame["file"]).startswith("<"):
            continue  # nothing was recorded to hold it against
        if not _is_same(frame, source, rootdir):
            found.append(f"{frame.get('function')} in {frame['file']}")
    return list(dict.fromkeys(found))


def _is_same(frame: Mapping[str, Any], source: str, rootdir: Path) -> bool:
    try:
        text = (rootdir / str(frame["file"])).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    lines = [line.rstrip() for line in text.splitlines()]
    place = int(frame.get("line") or 0) - 1
    if 0 <= place < len(lines) and _matches(lines[place].strip(), source):
        return True
    around = [str(line) for line in (frame.get("context") or {}).get("lines") or []]
    if not around:
        return any(_matches(line.strip(), source) for line in lines)
    starts = range(len(lines) - len(around) + 1)
    return any(all(_matches(lines[at + i], around[i]) for i in range(len(around))) for at in starts)


def _matches(line: str, recorded: str) -> bool:
    """Hold a line against a recorded one, which may be cut, and from which secrets are taken out."""
    mark = REDACTED.partition(":")[0].rstrip("]")
    if mark in recorded:
        head, tail = recorded.partition(mark)[0], recorded.rpartition("]")[2]
        return line.startswith(head) and line.endswith(tail)
    return line == recorded or (len(recorded) >= _CUT and line.startswith(recorded))


_CUT = 300
