"""Journals that nobody would write: damage of every kind to lines, files and folders of a real run's journal."""

from __future__ import annotations

import json
import os
import uuid
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

STORED, REFUSED, ASIDE, ALONE, GONE = "stored", "some lines refused", "set aside", "left alone", "nothing to store"

INFINITY = float("inf")
DEEP = b"[" * 100_000 + b"]" * 100_000
HALF = "\ud800"
WRONG: tuple[Any, ...] = (
    *(None, True, -1, 0, 1.5, 10**15, 10**17, 2**53, 2**63, 10**30, INFINITY),
    *("", "text", "\x00", HALF, "x" * 70_000),
    *([], [[]], [None], ["\x00"], [-1, 10**30], {}, {"\x00": HALF}, {"attempt": "x", "code": [5], "facts": 1}),
)
"""What no member of a record, or hardly any, may be."""


class Hostile(NamedTuple):
    """One kind of damage.

    Attributes:
        plant: makes a folder of a run, of its path and of the lines of a healthy journal.
        fate: what is to become of it.
        refused: how many lines are refused, None where that does not matter.
    """

    plant: Callable[[Path, list[bytes]], None]
    fate: str
    refused: int | None = None


def as_run(lines: list[bytes], run: uuid.UUID, **header: object) -> list[bytes]:
    """Make a healthy journal that of another run.

    Args:
        lines: of it.
        run: the id of the run, and of its workflow.
        **header: more members of its header.
    """
    head = json.loads(lines[0])
    head |= {"run_id": str(run), "correlation_id": str(run), "journal_id": str(uuid.uuid5(run, "main")), **header}
    return [json.dumps(head, separators=(",", ":")).encode() + b"\n", *lines[1:]]


def run_of(name: str) -> uuid.UUID:
    """Give the id of the run that a kind of damage is done to."""
    return uuid.uuid5(uuid.NAMESPACE_OID, name)


def folder_of(name: str) -> str:
    """Name the folder of the run that a kind of damage is done to."""
    return f"{run_of(name)}_{run_of(name)}"


def write(path: Path, data: bytes) -> None:
    """Write a file as the recorder does: for its owner only."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with open(path, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(data)


def _main(change: Callable[[list[bytes]], bytes]) -> Callable[[Path, list[bytes]], None]:
    return lambda folder, lines: write(folder / "main.jsonl", change(lines))


def _with(line: bytes, *, times: int = 1) -> Hostile:
    """Put a line into the middle of the journal."""
    return Hostile(_main(lambda lines: b"".join([*lines[:5], line * times, *lines[5:]])), REFUSED, times)


def _header(**members: object) -> Callable[[Path, list[bytes]], None]:
    return _main(lambda lines: b"".join([dumped({**json.loads(lines[0]), **members}), *lines[1:]]))


def dumped(record: object) -> bytes:
    """Write what need not be a record as a line."""
    return json.dumps(record, separators=(",", ":")).encode() + b"\n"


def _without_header(lines: list[bytes]) -> bytes:
    return b"".join(lines[1:])


def _first(lines: list[bytes], kind: bytes) -> int:
    return next(at for at, line in enumerate(lines) if line.startswith(b'{"kind":"' + kind + b'"'))


def _twice(kind: bytes) -> Callable[[list[bytes]], bytes]:
    def change(lines: list[bytes]) -> bytes:
        at = _first(lines, kind)
        return b"".join([*lines[: at + 1], *lines[at:]])

    return change


def _other_name(name: str, change: Callable[[list[bytes]], bytes]) -> Callable[[Path, list[bytes]], None]:
    return lambda folder, lines: write(folder.with_name(name) / "main.jsonl", change(lines))


def _beside(make: Callable[[Path], object], *, name: str) -> Callable[[Path, list[bytes]], None]:
    """Put something beside a healthy journal."""

    def plant(folder: Path, lines: list[bytes]) -> None:
        write(folder / "main.jsonl", b"".join(lines))
        make(folder / name)

    return plant


def _instead(make: Callable[[Path], object], *, name: str = "main.jsonl") -> Callable[[Path, list[bytes]], None]:
    def plant(folder: Path, lines: list[bytes]) -> None:
        folder.mkdir(mode=0o700)
        make(folder / name)

    return plant


def _file_for_a_folder(folder: Path, lines: list[bytes]) -> None:
    write(folder, b"".join(lines))


def _link_for_a_folder(folder: Path, lines: list[bytes]) -> None:
    folder.symlink_to(folder.parent)


def _pipe_for_a_folder(folder: Path, lines: list[bytes]) -> None:
    os.mkfifo(folder, 0o600)


def _worker_alone(folder: Path, lines: list[bytes]) -> None:
    head = json.loads(lines[0])
    head |= {"role": "worker", "agent_name": "pytest:gw0", "facts": {}}
    head["journal_id"] = str(uuid.uuid5(uuid.UUID(head["run_id"]), "gw0"))
    write(folder / "gw0.jsonl", b"".join([dumped(head), *lines[1:]]))


def _worker_without_header(folder: Path, lines: list[bytes]) -> None:
    write(folder / "main.jsonl", b"".join([lines[0], lines[-1]]))
    write(folder / "gw0.jsonl", b"".join(lines[1:]))


def _two_headers(lines: list[bytes]) -> bytes:
    other = as_run(lines, run_of("the second of two headers"))[0]
    return b"".join([lines[0], other, *lines[1:]])


def _at(members: dict[str, object], kind: bytes) -> Callable[[list[bytes]], bytes]:
    """Add a copy of the first record of a kind with other members."""

    def change(lines: list[bytes]) -> bytes:
        at = _first(lines, kind)
        return b"".join([*lines[: at + 1], dumped({**json.loads(lines[at]), **members}), *lines[at + 1 :]])

    return change


def _reversed_around_errors(lines: list[bytes]) -> bytes:
    return b"".join(reversed(lines))


def wrong_members(line: bytes, first_n: int) -> Iterator[bytes]:
    """Give a record with each of its members wrong in each way, and missing.

    Args:
        line: of the record.
        first_n: what is added to its number, so that these are other records.
    """
    record = json.loads(line)
    number = first_n
    for member in (*record, *(f"metadata.{name}" for name in record.get("metadata", ()))):
        for wrong in (*WRONG, ...):
            number += 1
            other = json.loads(line)
            if "n" in other:
                other["n"] += number
            if "state" in other:
                other["state"]["of"] = number
            inner, _, name = member.rpartition(".")
            target = other[inner] if inner else other
            if wrong is ...:
                del target[name]
            else:
                target[name] = wrong
            yield dumped(other)


HOSTILE: dict[str, Hostile] = {
    # -- headers ----------------------------------------------------------------------------------------------------
    "no header": Hostile(_main(_without_header), STORED, 0),
    "a header that is cut": Hostile(_main(lambda lines: lines[0][:50] + b"\n" + _without_header(lines)), REFUSED, 1),
    "a header behind a torn one": Hostile(_main(lambda lines: lines[0][:50] + b"\n" + b"".join(lines)), REFUSED, 1),
    "a header of no text": Hostile(_main(lambda lines: b"\xff\xfe\x00\n" + _without_header(lines)), REFUSED, 1),
    "two headers": Hostile(_main(_two_headers), STORED, None),
    "a header twice": Hostile(_main(lambda lines: lines[0] + b"".join(lines)), STORED, 0),
    "a header at the end": Hostile(_main(lambda lines: _without_header(lines) + lines[0]), STORED, 0),
    "a header alone": Hostile(_main(lambda lines: lines[0]), STORED, 0),
    "a header nested deep": Hostile(
        _main(lambda lines: lines[0][:-2] + b',"facts":' + DEEP + b"}\n" + _without_header(lines)), REFUSED, 1
    ),
    "a header that is a list": Hostile(_main(lambda lines: b"[1]\n" + _without_header(lines)), REFUSED, 1),
    "a header that is a number": Hostile(_main(lambda lines: b"1e999\n" + _without_header(lines)), REFUSED, 1),
    "format Infinity": Hostile(_header(format=INFINITY), REFUSED, 1),
    "format NaN": Hostile(_header(format=float("nan")), REFUSED, 1),
    "format null": Hostile(_header(format=None), STORED, 0),
    "format a text": Hostile(_header(format="one"), STORED, 0),
    "format a list": Hostile(_header(format=[1]), STORED, 0),
    "format of the future": Hostile(_header(format=10**6), ASIDE),
    "format of many digits": Hostile(
        _main(lambda lines: lines[0].replace(b'"format":1', b'"format":' + b"1" * 5000) + _without_header(lines)),
        REFUSED,
    ),
    "NUL in the project": Hostile(_header(project="a\x00b"), REFUSED, 1),
    "half a surrogate in the project": Hostile(_header(project=HALF), REFUSED, 1),
    "a project that is a list": Hostile(_header(project=["a"]), STORED, 0),
    "a project of a megabyte": Hostile(_header(project="x" * 1_000_000), STORED, 0),
    "NUL in the agent": Hostile(_header(agent_name="\x00"), REFUSED, 1),
    "an agent of a megabyte": Hostile(_header(agent_name="x" * 1_000_000), STORED, 0),
    "NUL in the rootdir": Hostile(_header(rootdir="\x00"), REFUSED, 1),
    "a rootdir that is a number": Hostile(_header(rootdir=1), REFUSED, 1),
    "ids that are none": Hostile(_header(run_id="x", correlation_id=5, journal_id=None), REFUSED, 1),
    "ids in braces": Hostile(_header(session_id="{" + str(uuid.uuid4()) + "}"), STORED, 0),
    "a session that is none": Hostile(_header(session_id="tuesday"), STORED, 0),
    "no facts": Hostile(_header(facts=None), STORED, 0),
    "facts that are a list": Hostile(_header(facts=[1, 2]), REFUSED, 1),
    "a command line that is a text": Hostile(_header(facts={"command_line": "pytest"}), REFUSED, 1),
    "facts of other types": Hostile(_header(facts={"environment": 5, "plugins": [], "ci": 1}), REFUSED, 1),
    "a start before all time": Hostile(_header(started=-(10**17)), REFUSED, 1),
    "a start after all time": Hostile(_header(started=10**18), REFUSED, 1),
    "a start that is a text": Hostile(_header(started="noon"), REFUSED, 1),
    "a process that is none": Hostile(_header(pid=-(10**30)), STORED, 0),
    "a process that is a list": Hostile(_header(pid=[]), STORED, 0),
    "a role that is none": Hostile(_header(role=7), STORED, 0),
    # -- lines ------------------------------------------------------------------------------------------------------
    "a line that is no JSON": _with(b'{"kind":"step","n":}\n'),
    "a line cut in the middle": _with(b'{"kind":"step","rev":1,"n":7,"phase":"se\n'),
    "a line that is not UTF-8": _with(b'{"kind":"error","n":7,"message":"\xff\xfe"}\n'),
    "a byte order mark": Hostile(_main(lambda lines: b"\xef\xbb\xbf" + b"".join(lines)), STORED, 0),
    "line ends of Windows": Hostile(_main(lambda lines: b"".join(lines).replace(b"\n", b"\r\n")), STORED, 0),
    "line ends of old Macs": Hostile(_main(lambda lines: b"".join(lines).replace(b"\n", b"\r")), REFUSED, 1),
    "UTF-16": Hostile(_main(lambda lines: b"".join(lines).decode("ascii").encode("utf-16")), REFUSED),
    "blank lines": Hostile(_main(lambda lines: b"\n\n".join(lines) + b"\n \n\n"), STORED, 0),
    "control characters": _with(b'{"kind":"step","n":7,"phase":"\x01\x02\x1f"}\n'),
    "NUL bytes": _with(b"\x00" * 1000 + b"\n"),
    "an escaped NUL": _with(b'{"kind":"error","n":999983,"at":1,"node_id":"\\u0000"}\n'),
    "half a surrogate": _with(b'{"kind":"error","n":999983,"at":1,"node_id":"\\ud800"}\n'),
    "NaN": _with(b'{"kind":"snapshot","n":999983,"at":NaN,"type":"error","state":{}}\n'),
    "Infinity": _with(b'{"kind":"finish","at":Infinity,"problems":[]}\n'),
    "an end of data": _with(b"\\.\n"),
    "an unknown kind": _with(b'{"kind":"surprise","n":7}\n'),
    "a kind that is a number": _with(b'{"kind":7}\n'),
    "no kind": _with(b"{}\n"),
    "a list": _with(b'["kind","step"]\n'),
    "null": _with(b"null\n"),
    "a text": _with(b'"step"\n'),
    "a line nested deep": _with(b'{"kind":"snapshot","n":1,"at":1,"type":"error","state":' + DEEP + b"}\n"),
    "a line of many members": _with(dumped({"kind": "surprise", **{str(n): n for n in range(50_000)}})),
    "a line of 40 megabytes": _with(b'{"kind":"surprise","n":"' + b"x" * 40_000_000 + b'"}\n'),
    "a last line of 40 megabytes without an end": Hostile(
        _main(lambda lines: b"".join(lines) + b"x" * 40_000_000), REFUSED, 1
    ),
    "a first line of 40 megabytes": Hostile(
        _main(lambda lines: b"x" * 40_000_000 + b"\n" + b"".join(lines)), REFUSED, 1
    ),
    "many lines that are no JSON": Hostile(
        _main(lambda lines: b"".join([*lines, *(b'{"kind":"step","n":%d' % n + b"\n" for n in range(3000))])),
        REFUSED,
        3000,
    ),
    "many steps that are none": Hostile(
        _main(
            lambda lines: b"".join(
                [
                    *lines,
                    *(
                        b'{"kind":"step","rev":1,"n":%d,"phase":"call","node_id":"a","attempt":1,"started":5,"ended":6,'
                        b'"outcome":"shrug"}\n' % n
                        for n in range(3000)
                    ),
                ]
            )
        ),
        REFUSED,
        3000,
    ),
    # -- records ----------------------------------------------------------------------------------------------------
    "a snapshot twice": Hostile(_main(_twice(b"snapshot")), STORED, 0),
    "an error twice": Hostile(_main(_twice(b"error")), STORED, 0),
    "a step twice": Hostile(_main(_twice(b"step")), STORED, 0),
    "a finish twice": Hostile(_main(_twice(b"finish")), STORED, 0),
    "all lines twice": Hostile(_main(lambda lines: b"".join(line * 2 for line in lines)), STORED, 0),
    "the journal twice": Hostile(_main(lambda lines: b"".join(lines * 2)), STORED, 0),
    "all lines in the other order": Hostile(_main(_reversed_around_errors), STORED, 0),
    "a snapshot of another state with a number that is taken": Hostile(
        _main(_at({"state": {"x": 1}}, b"snapshot")), STORED, 0
    ),
    "an error with an attempt that is a text": Hostile(
        _main(_at({"n": 999_983, "metadata": {"attempt": "first"}}, b"error")), REFUSED, 1
    ),
    "an error with places that are none": Hostile(
        _main(_at({"n": 999_983, "metadata": {"code": [["f.py"], 7]}}, b"error")), REFUSED, 1
    ),
    "a survey of numbers": _with(b'{"kind":"survey","code_version":"x","files":{"a.py":5},"distributions":{}}\n'),
    "a survey that is a list": _with(b'{"kind":"survey","distributions":[],"dirty":7}\n'),
    "code without functions": _with(b'{"kind":"code_file","file":"a.py","hash":"x","variables":[],"units":[5]}\n'),
    "a finish at no time": _with(b'{"kind":"finish","at":1e300,"exit_status":"x","problems":5}\n'),
    # -- files and folders --------------------------------------------------------------------------------------------
    "an empty journal": Hostile(_instead(lambda path: write(path, b"")), GONE),
    "a journal of one newline": Hostile(_instead(lambda path: write(path, b"\n")), STORED, 0),
    "a journal of one byte": Hostile(_instead(lambda path: write(path, b"{")), REFUSED, 1),
    "a journal of NUL bytes": Hostile(_instead(lambda path: write(path, b"\x00" * 5000)), REFUSED, 1),
    "a folder for a journal": Hostile(_instead(lambda path: path.mkdir(mode=0o700)), ALONE),
    "a pipe for a journal": Hostile(_instead(lambda path: os.mkfifo(path, 0o600)), ALONE),
    "a link for a journal": Hostile(_instead(lambda path: path.symlink_to("/etc/hostname")), ALONE),
    "a link to itself": Hostile(_instead(lambda path: path.symlink_to(path.name)), ALONE),
    "a file for a folder": Hostile(_file_for_a_folder, ALONE),
    "a link for a folder": Hostile(_link_for_a_folder, ALONE),
    "a pipe for a folder": Hostile(_pipe_for_a_folder, ALONE),
    "a pipe beside the journal": Hostile(_beside(lambda path: os.mkfifo(path, 0o600), name="gw0.jsonl"), ALONE),
    "a folder beside the journal": Hostile(_beside(lambda path: path.mkdir(mode=0o700), name="gw0.jsonl"), ALONE),
    "a folder for the lock": Hostile(_beside(lambda path: path.mkdir(mode=0o700), name="loader.lock"), ASIDE),
    "a pipe for the lock": Hostile(_beside(lambda path: os.mkfifo(path, 0o600), name="loader.lock"), ASIDE),
    "a folder for the status": Hostile(_beside(lambda path: path.mkdir(mode=0o700), name="status.json"), STORED, 0),
    "trouble that is none": Hostile(
        _beside(lambda path: write(path, b'{"tries":' + DEEP), name="trouble.json"), STORED, 0
    ),
    "trouble of infinite tries": Hostile(
        _beside(lambda path: write(path, b'{"tries":1e999,"version":"","reason":""}'), name="trouble.json"), STORED, 0
    ),
    "a journal of a worker without a header": Hostile(_worker_without_header, STORED, 0),
    "a journal of a worker alone": Hostile(_worker_alone, STORED, 0),
    "a folder of another name": Hostile(_other_name("holiday pictures", b"".join), STORED, 0),
    "a folder of another name without a header": Hostile(_other_name("no name", _without_header), ASIDE),
    "a folder with a newline in its name": Hostile(_other_name("a\nb\x1b[31m", _without_header), ASIDE),
    "a folder whose name is no text": Hostile(_other_name("\udcff\udcfe", _without_header), ASIDE),
}
