"""The lines of a journal: what each kind holds, and how it is written.

A line is one JSON object in ASCII with a ``kind``. Readers ignore keys they do not know. Times are integers, in
microseconds since 1970-01-01 UTC. ``n`` numbers the records of one journal; with the journal's id it is a record's
identity, so that loading a line twice changes nothing. A later line with the same ``kind`` and ``n`` and a higher
``rev`` replaces an earlier one, whatever the order of loading.

Every string is made fit for PostgreSQL here: it refuses NUL and lone surrogates in text and in jsonb.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from json.encoder import encode_basestring_ascii
from typing import Any, ClassVar

from pytest_debugloop.lazy import Data, dataclass, lazy_pattern

JOURNAL_FORMAT = 1
CRASHES = frozenset({"worker_crash", "process_crash"})
"""The types of errors of a process that died: either its parent saw it, or nobody did."""

_COLOURS = lazy_pattern(r"\x1b\[[\d;]*m|\x1b(\[[\d;]*)?(?=\.\.\.|\Z)")

_encode_string = encode_basestring_ascii
_encoder = json.JSONEncoder(ensure_ascii=True, allow_nan=False, check_circular=False, separators=(",", ":"))


def _fast_encoder() -> Callable[[Any], str]:
    """Give an encoder that looks up no built-in function, for a test may have patched one."""
    make: Any = json.encoder.c_make_encoder  # type: ignore[attr-defined]
    if make is None:
        return _encoder.encode
    chunks = make(None, _encoder.default, _encode_string, None, ":", ",", False, False, False)
    join = "".join
    return lambda value: join(chunks(value, 0))


_dumps = _fast_encoder()


def clean_text(text: str) -> str:
    r"""Make a string fit for PostgreSQL's text and jsonb.

    Args:
        text: any string.

    Returns:
        The string with NUL as the four characters ``\x00`` and each lone surrogate as its six-character escape.
    """
    return text.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode("utf-8")


def plain_text(text: str) -> str:
    """Take colours out of a text: pytest writes them into explanations of assertions and lines of the log.

    Args:
        text: any string.

    Returns:
        The string without sequences that colour, whole or cut, as pytest cuts explanations that are too long.
    """
    return _COLOURS.sub("", text) if "\x1b" in text else text


def json_string(text: str) -> str:
    """Write a string as JSON that PostgreSQL takes.

    Args:
        text: any string.
    """
    encoded: str = _encode_string(text)
    if "\\u0000" in encoded or "\\ud" in encoded:
        encoded = _encode_string(clean_text(text))
    return encoded


class JsonText(str):
    """JSON, in ASCII, that stands in a line as it is; it is as long as it will be there."""

    __slots__ = ()


def json_text(value: Any) -> JsonText:
    """Write a value as it stands in a line.

    Args:
        value: as :func:`json_line` takes it.
    """
    return JsonText(_dumps(value))


def json_line(value: dict[str, Any]) -> bytes:
    """Write one line of a journal.

    Args:
        value: a tree of dict, list, str, int, finite float, bool and None whose strings are clean already.

    Raises:
        ValueError: a float is not finite.
    """
    return _dumps(value).encode("ascii") + b"\n"


@dataclass(frozen=True)
class Record(Data):
    """One line of a journal; each kind has its own fields."""

    kind: ClassVar[str]

    def to_line(self) -> bytes:
        """Write the record as a line; what is None is left out."""
        line: dict[str, Any] = {"kind": self.kind}
        written = ""
        for name in self.members:
            value = getattr(self, name)
            if type(value) is JsonText:
                written += f',"{name}":{value}'
            elif value is not None:
                line[name] = clean_text(value) if type(value) is str else value
        return json_line(line) if not written else f"{_dumps(line)[:-1]}{written}}}\n".encode("ascii")


@dataclass(frozen=True)
class Run(Record):
    """The first line of every journal: which run, which process, and on what.

    Attributes:
        run_id: UUID of the invocation, shared by its workers.
        journal_id: UUID of this process's journal.
        role: ``main``, or ``worker`` for a process of pytest-xdist.
        facts: what is the same in all processes of the run: versions, platform, git, CI, command line.
        redactor: how secrets are taken out, for whoever looks at the run's code later; not stored.
        checkout: UUID of the checkout, None where it has none.
        project_source: where the name of the project is from: ``given``, ``repository`` or ``folder``.
    """

    kind: ClassVar[str] = "run"
    format: int
    run_id: str
    journal_id: str
    correlation_id: str
    session_id: str | None
    project: str
    agent_name: str
    role: str
    pid: int
    started: int
    rootdir: str
    facts: dict[str, Any]
    redactor: dict[str, list[str]] | None = None
    checkout: str | None = None
    project_source: str | None = None


@dataclass(frozen=True)
class Snapshot(Record):
    """State at one moment; ``state`` is what becomes ``agent_state``, a large one as JSON already.

    Attributes:
        type: ``error``, ``success``, ``checkpoint``, ``pre_transform`` or ``post_transform``.
        memory_mb: resident memory of the process in MiB, at its highest so far.
        cpu_ms: processor time of the process.
        wall_ms: time since the process began to record.
        step: ``n`` and start of the step that it was taken in, None outside of any.
        depth: how many steps that one is nested in.
        request: what the user had asked for, where a program says so.
    """

    kind: ClassVar[str] = "snapshot"
    n: int
    at: int
    type: str
    description: str
    state: dict[str, Any] | JsonText
    memory_mb: float | None = None
    cpu_ms: int | None = None
    wall_ms: int | None = None
    step: tuple[int, int] | None = None
    depth: int | None = None
    request: str | None = None


@dataclass(frozen=True)
class ErrorEvent(Record):
    """A failure.

    Attributes:
        step: ``n`` and start of the step it happened in, None outside of any.
        node_id: of the test or collector; empty where there is none.
        snapshot: ``n`` of the snapshot taken at it, None where none was taken.
        once: text that makes the same failure, seen by several processes of a run, one event; None for all others.
        task: the test's name across runs, None where that is its node id.
    """

    kind: ClassVar[str] = "error"
    n: int
    step: tuple[int, int] | None
    at: int
    node_id: str
    type: str
    category: str
    severity: str
    message: str
    code: str
    stack: str | None
    snapshot: int | None
    metadata: dict[str, Any]
    once: str | None = None
    worker: str | None = None
    task: str | None = None


@dataclass(frozen=True)
class Loaded(Record):
    """The project's source files that a process has loaded since it last said so.

    Attributes:
        files: path relative to rootdir, time of change in nanoseconds and size in bytes of each.
    """

    kind: ClassVar[str] = "loaded"
    files: list[tuple[str, int, int]]


@dataclass(frozen=True)
class Trace(Record):
    """What an attempt of a test ran, of the project's code.

    Attributes:
        step: ``n`` and start of the attempt's first step.
        node_id: of the test.
        attempt: which one.
        how: ``monitoring``, ``profile``, or ``none`` where nothing could be watched.
        files: by path relative to rootdir: ``functions``, a qualified name and first line each, and ``lines`` that were
            run, where these are known.
        opened: files of the project that it read, from rootdir.
        children: the processes that it started: ``program``, and the ``files`` and ``modules`` that their words name.
        cut: why it did more than is recorded here, one reason each.
        task: the test's name across runs, None where that is its node id.
    """

    kind: ClassVar[str] = "trace"
    n: int
    step: tuple[int, int]
    node_id: str
    attempt: int
    how: str
    files: dict[str, dict[str, list[Any]]]
    opened: list[str]
    children: list[dict[str, Any]]
    cut: list[str]
    task: str | None = None


@dataclass(frozen=True)
class Finish(Record):
    """The last line of a process that ended by itself."""

    kind: ClassVar[str] = "finish"
    at: int
    exit_status: int | None
    interrupted: bool
    problems: list[str]
