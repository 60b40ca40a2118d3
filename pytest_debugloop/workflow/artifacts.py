"""Files and bytes that a test or a program keeps: read once, up to a size, and written into the journal."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

from pytest_debugloop.journal.notes import Artifact, Note
from pytest_debugloop.system import System
from pytest_debugloop.workflow import drops

if TYPE_CHECKING:
    from pytest_debugloop.workflow.notes import Notes
    from pytest_debugloop.workflow.scope import Scope

_BINARY = "application/octet-stream"
_TEXT = "text/plain"
_fspath, _fsdecode, _basename = os.fspath, os.fsdecode, os.path.basename


def write_artifact(scope: Scope, content: object, name: object, media_type: object) -> None:
    """Append a file, or bytes, with a note of it; one that is too large, or no regular file, is counted.

    Args:
        scope: where it belongs.
        content: a path, or bytes.
        name: of the artifact; that of the file if empty.
        media_type: guessed from the name if empty.
    """
    notes = scope.notes
    data, file_name, reason = _content(notes, content)
    if data is None:
        notes.drops.add(reason)
        return
    title = notes.name(name) or notes.name(file_name) or "artifact"
    text = _text_of(data)
    kind = notes.name(media_type) or _guess(title) or (_BINARY if text is None else _TEXT)
    if text is not None:
        data = notes.writer.capturer.redactor.text(text).encode("utf-8", "surrogateescape")
    notes.artifacts_left -= len(data)
    writer = notes.writer
    at = writer.now()
    step, attempt, _ = scope.place()
    n = writer.next_n()
    facts = {"size": len(data), "media_type": kind}
    note = Note(
        n=n, rev=1, phase="artifact", name=title, started=at, ended=at, outcome="passed", attempt=attempt, parent=step,
        metadata=facts,
    )  # fmt: skip
    artifact = Artifact.of(writer.next_n(), at, "attached", title, kind, data, step=(n, at))
    writer.append(note.to_line() + artifact.to_line())


def _content(notes: Notes, content: object) -> tuple[bytes | None, str, str]:
    """Give the bytes and the name of a file; None and the reason where they are not kept."""
    most = notes.artifact_bytes
    if isinstance(content, (bytes, bytearray, memoryview)):
        size = content.nbytes if isinstance(content, memoryview) else len(content)
        if size > min(most, notes.artifacts_left):
            return None, "", drops.ARTIFACT_SIZE if size > most else drops.ARTIFACT_TOTAL
        return bytes(content), "", ""
    try:
        path = _fspath(content)  # type: ignore[call-overload]
        fd = System.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a pipe would keep the test waiting
        try:
            found = System.fstat(fd)
            if not stat.S_ISREG(found.st_mode):
                raise OSError(errno.EINVAL, "no regular file")
            if found.st_size > min(most, notes.artifacts_left):
                return None, "", drops.ARTIFACT_SIZE if found.st_size > most else drops.ARTIFACT_TOTAL
            data = b""
            while chunk := System.pread(fd, most + 1 - len(data), len(data)):
                data += chunk
        finally:
            System.close(fd)
    except Exception:  # also of an object's own __fspath__
        return None, "", drops.ARTIFACT_UNREADABLE
    if len(data) > most:  # as files of /proc, which have no size
        return None, "", drops.ARTIFACT_SIZE
    return data, _basename(_fsdecode(path)), ""


def _text_of(data: bytes) -> str | None:
    if b"\0" in data:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _guess(name: str) -> str:
    import mimetypes

    return mimetypes.guess_type(name)[0] or ""
