"""Values of the standard library, made again of the text that was recorded of them; nothing of it is evaluated."""

from __future__ import annotations

import pathlib
import re
import sys
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from ipaddress import IPv4Address, IPv6Address
from typing import Any
from uuid import UUID

_LONGEST = 4_000
_OFFSET = re.compile(
    r"(?P<clock>[^ ]+)(?: UTC(?:(?P<sign>[+-])(?P<hours>\d\d):(?P<minutes>\d\d)(?::(?P<seconds>[\d.]+))?)?)?"
)
_DELTA = re.compile(r"(?:(-?\d+) days?, )?(\d+):(\d\d):(\d\d)(?:\.(\d{6}))?")
_RANGE = re.compile(r"range\((-?\d+), (-?\d+)(?:, (-?\d+))?\)")
_ESCAPE = re.compile(r"\\(x[0-9a-f]{2}|[ntr\\'\"])")
_PLAIN_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


def rebuilt(name: str, text: str) -> Any:
    """Make a value of a type of the standard library.

    Args:
        name: of the type, as it was recorded.
        text: of the value, as it was recorded.

    Returns:
        None where it is of another type, or where the text does not say enough.
    """
    make = _MAKERS.get(name)
    if make is None or len(text) > _LONGEST:
        return None
    try:
        return make(text)
    except (ValueError, ArithmeticError):
        return None


def floating(text: object) -> float | None:
    """Make a float that JSON has no word for.

    Args:
        text: ``nan``, ``inf`` or ``-inf``.

    Returns:
        None where it is something else.
    """
    return float(text) if text in ("nan", "inf", "-inf") else None


def bytes_of(text: str) -> bytes:
    """Read bytes in Python's notation, without the quotes.

    Args:
        text: of which the end may be cut off, in an escape too.
    """
    found = _ESCAPE.sub(_meant, text)
    return found.encode("latin-1", "backslashreplace")


def _meant(match: re.Match[str]) -> str:
    escape = match[1]
    return chr(int(escape[1:], 16)) if escape[0] == "x" else _PLAIN_ESCAPES.get(escape, escape)


def _zoned(read: Callable[[str], Any]) -> Callable[[str], Any]:
    """Read a time with its zone, which is one that says its offset, or none."""

    def make(text: str) -> Any:
        match = _OFFSET.fullmatch(text)
        if match is None:
            return None
        found = read(match["clock"])
        if " " not in text:
            return found
        if match["sign"] is None:
            return found.replace(tzinfo=timezone.utc)
        offset = timedelta(
            hours=int(match["hours"]), minutes=int(match["minutes"]), seconds=float(match["seconds"] or 0)
        )
        return found.replace(tzinfo=timezone(-offset if match["sign"] == "-" else offset))

    return make


def _timedelta(text: str) -> timedelta | None:
    match = _DELTA.fullmatch(text)
    if match is None:
        return None
    days, hours, minutes, seconds, microseconds = (int(part or 0) for part in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds, microseconds=microseconds)


def _range(text: str) -> range | None:
    match = _RANGE.fullmatch(text)
    return None if match is None else range(int(match[1]), int(match[2]), int(match[3] or 1))


def _posix_path(text: str) -> pathlib.PurePath:
    return pathlib.PurePosixPath(text) if sys.platform == "win32" else pathlib.PosixPath(text)


_MAKERS: dict[str, Callable[[str], Any]] = {
    "decimal.Decimal": Decimal,
    "datetime.datetime": _zoned(datetime.fromisoformat),
    "datetime.date": date.fromisoformat,
    "datetime.time": _zoned(time.fromisoformat),
    "datetime.timedelta": _timedelta,
    "complex": complex,
    "range": _range,
    "uuid.UUID": UUID,
    "ellipsis": lambda _: ...,
    "NotImplementedType": lambda _: NotImplemented,
    "ipaddress.IPv4Address": IPv4Address,
    "ipaddress.IPv6Address": IPv6Address,
    **{f"{module}.PosixPath": _posix_path for module in ("pathlib", "pathlib._local")},
    **{f"{module}.PurePosixPath": pathlib.PurePosixPath for module in ("pathlib", "pathlib._local")},
    **{f"{module}.WindowsPath": pathlib.PureWindowsPath for module in ("pathlib", "pathlib._local")},
    **{f"{module}.PureWindowsPath": pathlib.PureWindowsPath for module in ("pathlib", "pathlib._local")},
}
