"""The error events of processes that died: each names the step that the journal leaves open.

Nobody but its parent knows how a process ended, and the loader is none: an event says that it died, and in what.
"""

from __future__ import annotations

import contextlib
import json
import os
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import IO, Any

from pytest_debugloop.capture.fingerprint import normalised, text_fingerprint
from pytest_debugloop.journal.records import ErrorEvent
from pytest_debugloop.loading.heads import JournalHead
from pytest_debugloop.loading.journals import JournalFile

PROCESS_CRASH = "process_crash"
"""The error type of a process that died."""

_LONGEST_LINE = 1024 * 1024
_HEAD = b'{"kind":"run",'
_STARTED = b'{"kind":"step","rev":0,'
_STEP = b'{"kind":"step",'
_ERROR = b'{"kind":"error",'
_CRASHES = (b'"type":"worker_crash"', b'"type":"process_crash"')
_NEEDED = ("n", "phase", "started", "node_id", "attempt")
_WHEN = {
    "collect": "while collecting {}",
    "setup": "while setting up {}",
    "call": "while running {}",
    "teardown": "while tearing down {}, or shortly after",  # its end is written with the start of the next test
}


@dataclass(slots=True)
class JournalEnd:
    """What the journal of a process that died says of its end.

    Attributes:
        step: the line of the step that was begun last, None where that has ended, or there is none.
        last_at: the latest time in it, in microseconds since 1970.
        is_recorded: whether the process has written the error event of that step itself, before it was ended.
        crashed_workers: the workers of pytest-xdist whose crash it has recorded.
    """

    step: dict[str, Any] | None = None
    last_at: int = 0
    is_recorded: bool = False
    crashed_workers: set[str] = field(default_factory=set)

    def read(self, file: IO[bytes]) -> None:
        """Take in a journal, or the next file of one.

        Args:
            file: opened at its beginning.
        """
        is_whole = True
        while piece := file.readline(_LONGEST_LINE):
            is_first, is_whole = is_whole, piece.endswith(b"\n")
            if is_first and is_whole:
                self._take(piece)

    def _take(self, line: bytes) -> None:
        is_step = line.startswith(_STEP)
        is_crash = line.startswith(_ERROR) and any(name in line for name in _CRASHES)
        if not (is_step or is_crash or line.startswith(_HEAD)):
            return
        try:
            record = json.loads(line)
            times = (record.get("started"), record.get("ended"), record.get("at"))
            self.last_at = max(self.last_at, *(time for time in times if isinstance(time, int)))
            if is_crash and record["type"] == PROCESS_CRASH:
                self.is_recorded = self.step is not None and record["step"] == [self.step["n"], self.step["started"]]
            elif is_crash:
                self.crashed_workers.add(str(record["worker"]))
            elif line.startswith(_STARTED):
                self.step = {name: record[name] for name in _NEEDED} | {"task": record.get("task")}
                self.is_recorded = False
            elif is_step and self.step is not None and self.step["n"] == record["n"]:
                self.step = None
        except (ValueError, LookupError, TypeError, RecursionError):
            return  # damaged: the database says what is wrong with it


def crashes_of(journals: Iterable[JournalFile]) -> list[tuple[JournalHead, bytes]]:
    """Write the error events of the processes of a run that died.

    A worker of pytest-xdist that died while the main process lived has its event from there, or was stopped.

    Args:
        journals: of one run, to which nothing is added any more.

    Returns:
        Who died, and the line of the event; the same ones whenever it is asked. None where the main process ended its
        journal.
    """
    heads: dict[uuid.UUID, JournalHead] = {}
    files: dict[uuid.UUID, list[JournalFile]] = {}
    for journal in journals:
        if journal.head is not None:
            heads.setdefault(journal.head.journal_id, journal.head)
            files.setdefault(journal.head.journal_id, []).append(journal)
    ended = {id_ for id_, found in files.items() if any(journal.finished for journal in found)}
    main = {id_ for id_, head in heads.items() if head.is_main}
    if not main or main & ended:
        return []
    ends = {id_: _journal_end_of(found) for id_, found in files.items() if id_ not in ended}
    known = set().union(*(ends[id_].crashed_workers for id_ in main))
    open_steps = {
        id_
        for id_, one in ends.items()
        if one.step is not None and (id_ in main or heads[id_].agent_name.rpartition(":")[2] not in known)
    }
    # Of a controller nothing else is to be said where its workers say more.
    untold = [id_ for id_ in open_steps or main if not ends[id_].is_recorded]
    return [(heads[id_], _event(heads[id_], ends[id_], len(open_steps)).to_line()) for id_ in untold]


def _journal_end_of(journals: list[JournalFile]) -> JournalEnd:
    end = JournalEnd()
    for journal in sorted(journals, key=lambda one: one.path.stem.endswith("-spare")):
        with contextlib.suppress(OSError), journal.opened() as file:  # of one that cannot be read it is known already
            end.read(file)
            end.last_at = end.last_at or os.fstat(file.fileno()).st_mtime_ns // 1000
    return end


def _event(head: JournalHead, end: JournalEnd, in_tests: int) -> ErrorEvent:
    step = end.step or {}
    node_id, phase = str(step.get("node_id", "")), str(step.get("phase", ""))
    message = "the process died " + _WHEN.get(phase, "outside of any test").format(repr(node_id))
    fingerprint = text_fingerprint("\0".join((PROCESS_CRASH, node_id, normalised(message))))
    metadata = {"fingerprint": fingerprint, "code": [], "phase": phase, "attempt": step.get("attempt", 0)}
    # Of several that went down at once no test is to blame.
    blame = {"incident": in_tests} if in_tests > 1 else {}
    return ErrorEvent(
        n=step.get("n", 0),
        step=(step["n"], step["started"]) if step else None,
        at=step.get("started", end.last_at),
        node_id=node_id,
        type=PROCESS_CRASH,
        category="agent",
        severity="critical",
        message=message,
        code=PROCESS_CRASH,
        stack=None,
        snapshot=None,
        metadata=metadata | blame,
        once=f"{PROCESS_CRASH} {head.journal_id} {step.get('n', 0)}",
        task=step.get("task"),
    )
