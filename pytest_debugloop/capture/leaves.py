"""Values that are best shown as a text: dates, decimals, identifiers.

Each is read through the slots of the standard library's own class, never through those of a class derived from it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone
from typing import Any
from uuid import UUID

from pytest_debugloop.capture.storage import find_class

_date_text = date.isoformat
_time_parts = tuple(time.__dict__[name].__get__ for name in ("hour", "minute", "second", "microsecond"))
_datetime_parts = tuple(datetime.__dict__[name].__get__ for name in ("hour", "minute", "second", "microsecond"))
_time_zone, _datetime_zone = time.__dict__["tzinfo"].__get__, datetime.__dict__["tzinfo"].__get__
_timedelta_text = timedelta.__str__
_zone_text = timezone.__str__
_uuid_number = UUID.__dict__["int"].__get__
_type, _id = type, id


def writer_of(cls: type) -> Callable[[Any], str] | None:
    """Give what writes the values of a class as text.

    Args:
        cls: one class of those that a value is an instance of.

    Returns:
        None where they are not written as text.
    """
    write = _WRITERS.get(_id(cls))
    if write is None and cls is find_class("decimal", "Decimal"):
        # The module is not imported for this: where there is a Decimal, it is there.
        write = cls.__dict__["__str__"]
    return write


def _datetime(value: Any) -> str:
    return f"{_date_text(value)}T{_clock(value, _datetime_parts)}{_zone(_datetime_zone(value))}"


def _time(value: Any) -> str:
    return _clock(value, _time_parts) + _zone(_time_zone(value))


def _clock(value: Any, parts: tuple[Callable[[Any], int], ...]) -> str:
    hour, minute, second, microsecond = (part(value) for part in parts)
    return f"{hour:02}:{minute:02}:{second:02}" + (f".{microsecond:06}" if microsecond else "")


def _zone(zone: object) -> str:
    # Any other zone would be asked for its offset, and that may be anybody's code.
    if zone is None:
        return ""
    return f" {_zone_text(zone)}" if _type(zone) is timezone else " <another time zone>"


def _uuid(value: Any) -> str:
    digits = f"{_uuid_number(value):032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


_WRITERS: dict[int, Callable[[Any], str]] = {
    _id(datetime): _datetime,
    _id(date): _date_text,
    _id(time): _time,
    _id(timedelta): _timedelta_text,
    _id(complex): complex.__repr__,
    _id(range): range.__repr__,
    _id(UUID): _uuid,
    _id(_type(...)): lambda _: "...",
    _id(_type(NotImplemented)): lambda _: "NotImplemented",
}
