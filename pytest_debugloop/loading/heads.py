"""Who wrote a journal: by its header, or by what is around it where that is damaged."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pytest_debugloop.journal.records import JOURNAL_FORMAT, clean_text
from pytest_debugloop.journal.shared_names import MAIN_JOURNAL

_HEADER = b'{"kind":"run"'
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LONGEST_NAME = 255
_SOURCES = ("given", "repository", "folder")
_ID_MASK = (1 << 61) - 1


@dataclass(frozen=True, slots=True)
class JournalHead:
    """Who wrote a journal.

    Attributes:
        id_base: the number that a record's ``n`` is added to in its id, as a signed 64-bit integer whose top two bits
            are the variant of RFC 9562.
        id_mark: two hexadecimal digits of its ids.
        record: the folder of the record that the run was begun in, empty where that is not known.
        checkout_id: of the checkout that the run was in, None where that is not known.
        project_source: where the project's name is from, None where that is not known.
    """

    journal_id: uuid.UUID
    run_id: uuid.UUID
    correlation_id: uuid.UUID
    session_id: uuid.UUID | None
    project: str
    agent_name: str
    is_main: bool
    format: int = JOURNAL_FORMAT
    pid: int = 0
    process_start: str = ""
    record: str = ""
    checkout_id: uuid.UUID | None = None
    project_source: str | None = None

    @property
    def id_base(self) -> int:
        """What a record's ``n`` is added to."""
        return (self.journal_id.int & _ID_MASK) - (1 << 63)

    @property
    def id_mark(self) -> str:
        """Two hexadecimal digits of the journal's id."""
        return f"{(self.journal_id.int >> 64) & 0xFF:02x}"


def head_in(data: bytes) -> JournalHead | None:
    """Read the header of a journal, which is its first line unless that was torn.

    Args:
        data: lines of the journal, from its beginning.

    Returns:
        None where there is no header that can be read.
    """
    data = data.removeprefix(_BYTE_ORDER_MARK)
    begin = 0 if data.startswith(_HEADER) else data.find(b"\n" + _HEADER) + 1
    end = data.find(b"\n", begin)
    return _read(data[begin:] if end < 0 else data[begin:end])


def _read(line: bytes) -> JournalHead | None:
    # Whatever a line can hold: too deep, of other types, numbers that are none.
    try:
        values: dict[str, Any] = json.loads(line)
        if values["kind"] != "run":
            return None
        facts = values.get("facts")
        facts = facts if isinstance(facts, dict) else {}
        return JournalHead(
            uuid.UUID(values["journal_id"]),
            uuid.UUID(values["run_id"]),
            uuid.UUID(values["correlation_id"]),
            uuid.UUID(values["session_id"]) if values.get("session_id") else None,
            _name(values["project"]),
            _name(values["agent_name"]),
            values["role"] == "main",
            int(values["format"]),
            int(values["pid"]),
            str(facts.get("process_start", "")),
            str(facts.get("record", "")),
            uuid.UUID(values["checkout"]) if values.get("checkout") else None,
            values["project_source"] if values.get("project_source") in _SOURCES else None,
        )
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError):
        return None


def _name(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return clean_text(value)[:_LONGEST_NAME]


def head_beside(path: Path, known: JournalHead) -> JournalHead:
    """Tell who wrote a journal without a header by that of another process of its run.

    Args:
        path: of the journal, which is named after the process.
        known: who wrote another journal of the run.
    """
    stem = _process(path)
    is_main = stem == Path(MAIN_JOURNAL).stem
    agent = known.agent_name if known.is_main else known.agent_name.rpartition(":")[0] or known.agent_name
    return replace(
        known,
        journal_id=uuid.uuid5(known.run_id, stem),
        agent_name=agent if is_main else f"{agent}:{stem}"[:_LONGEST_NAME],
        is_main=is_main,
        pid=0,
        process_start="",
    )


def head_by_path(path: Path) -> JournalHead | None:
    """Tell who wrote a journal without a header by where it is.

    Args:
        path: of the journal; its folder is named after the run.

    Returns:
        None where the folder has another name.
    """
    correlation_id, _, run_id = path.parent.name.partition("_")
    try:
        run, workflow = uuid.UUID(run_id), uuid.UUID(correlation_id)
    except ValueError:
        return None
    return head_beside(path, JournalHead(run, run, workflow, None, "unknown", "pytest", is_main=True))


def head_of(path: Path, line: bytes) -> JournalHead:
    """Tell who wrote a journal that is alone.

    Args:
        path: of the journal.
        line: its first line.

    Raises:
        ValueError: neither the line nor the path tells.
    """
    head = head_in(line) or head_by_path(path)
    if head is None:
        raise ValueError("neither its first line nor the name of its directory identifies a run")
    return head


def _process(path: Path) -> str:
    return clean_text(path.stem.partition("-spare")[0])
