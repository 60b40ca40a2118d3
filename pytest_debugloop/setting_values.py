"""How the value of a setting is read from what was given: each raises ValueError with the reason where it cannot."""

from __future__ import annotations

from collections.abc import Callable

_TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off", ""})
"""Words that turn a setting off, or a variable that says where a process runs."""


def as_bool(value: object) -> bool:
    """Read a switch.

    Args:
        value: a bool, or one of the words 1, true, yes, on, 0, false, no, off, in any case.

    Raises:
        ValueError: it is another word.
    """
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in _TRUE:
        return True
    if word in FALSE:
        return False
    raise ValueError(f"{value!r} is not a boolean; use true or false")


def address(value: object) -> str:
    """Read the address of a web server, which others add a path to."""
    text = str(value).strip()
    if text and (not text.startswith(("http://", "https://")) or not text.isprintable() or " " in text):
        raise ValueError(f"{text!r} is not an address, such as https://debugloop.example")
    return text.rstrip("/")


def identifier(value: object) -> str:
    """Read a name that PostgreSQL takes."""
    text = str(value)
    if not 0 < len(text.encode()) <= 63 or "\0" in text:
        raise ValueError(f"{text!r} is not a valid PostgreSQL name, which has 1 to 63 bytes")
    return text


def number_of(unit: str) -> Callable[[object], float]:
    """Read numbers of a unit, from 0 to a million."""

    def convert(value: object) -> float:
        try:
            number = float(str(value))
        except ValueError:
            number = -1
        if not 0 <= number < 1e6:
            raise ValueError(f"{value!r} is not a number of {unit}")
        return number

    return convert


def one_of(*choices: str) -> Callable[[object], str]:
    """Read one of some words."""

    def convert(value: object) -> str:
        if str(value) not in choices:
            raise ValueError(f"{value!r} is none of {', '.join(choices)}")
        return str(value)

    return convert


def words(value: object) -> tuple[str, ...]:
    """Read words that blanks or commas separate."""
    return tuple(str(value).replace(",", " ").split())


def regexes(value: object) -> tuple[str, ...]:
    """Read regular expressions that blanks separate."""
    import re

    patterns = tuple(str(value).split())
    try:
        for pattern in patterns:
            re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{pattern!r} is not a valid regular expression: {error}") from None
    return patterns


def whole_number(*, least: int = 1, most: int | None = None) -> Callable[[object], int]:
    """Read whole numbers above 0, and take the nearest between two bounds."""

    def convert(value: object) -> int:
        text = str(value)
        if not text.isdecimal() or int(text) == 0:
            raise ValueError(f"{value!r} is not a positive integer")
        number = max(int(text), least)
        return number if most is None else min(number, most)

    return convert


class Retention(tuple[float | None, float | None, float | None]):
    """How many days what is recorded stays; None for ever.

    No named tuple: Python compiles one anew at the start of each run.

    Args:
        passes: runs in which nothing failed, and what is of no run.
        failures: runs in which something failed.
        recoveries: both runs of a recovery.
    """

    members = ("passes", "failures", "recoveries")
    __slots__ = ()

    def __new__(cls, passes: float | None, failures: float | None, recoveries: float | None) -> Retention:
        """Take the three, in this order."""
        return super().__new__(cls, (passes, failures, recoveries))


_DAYS = {"h": 1 / 24, "d": 1.0, "w": 7.0, "y": 365.0}


def retention(value: object) -> Retention:
    """Read how long what is recorded stays: one age such as 90d for all of it, or one for each kind, 0 for ever."""
    ages: dict[str, float | None] = {}
    for word in words(value):
        kind, is_of_kind, age = word.rpartition("=")
        number, unit = age[:-1], age[-1:].lower()
        if (kind not in Retention.members) if is_of_kind else (len(words(value)) > 1):
            raise ValueError(f"{word!r} is no age of passes, failures or recoveries, such as failures=90d")
        if age == "0":
            days = None
        elif number.isdecimal() and unit in _DAYS and 0 < int(number) < 100_000:
            days = int(number) * _DAYS[unit]
        else:
            raise ValueError(f"{age!r} is not an age such as 36h, 90d, 12w or 1y, nor 0")
        ages.update(dict.fromkeys(Retention.members if not is_of_kind else (kind,), days))
    if not ages:
        raise ValueError("it is empty; use 0 to keep all")
    return Retention(*(ages.get(kind, 90.0) for kind in Retention.members))
