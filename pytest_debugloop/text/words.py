"""Times, spans, counts, shares and ids as people read them, in what is printed by the command and by a run."""

from __future__ import annotations

import sys
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from pytest_debugloop.text.printable import printable

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterable, Mapping, Sequence

_MAX_PLACES = 3
_LONGEST_LINE = 200
PRINTED = 8
"""Characters of an id, its last, that lists print."""
DAY = 86_400
"""In seconds."""
_SPANS = (
    (365 * DAY, "year"),
    (30 * DAY, "month"),
    (7 * DAY, "week"),
    (DAY, "day"),
    (3_600, "hour"),
    (60, "minute"),
)


def short(id: uuid.UUID | str | None) -> str:  # noqa: A002
    """Shorten an id to its end: ids made in one second begin alike, and end at random.

    Args:
        id: of anything in the record.
    """
    return "" if id is None else str(id)[-PRINTED:]


def unique_short(id: uuid.UUID, others: Iterable[uuid.UUID]) -> str:  # noqa: A002
    """Shorten an id like :func:`short`, to as many more characters as tell it from others.

    Args:
        id: of anything in the record.
        others: ids that it might be taken for.
    """
    text, length = str(id), PRINTED
    while any(str(other).endswith(text[-length:]) for other in others if other != id):
        length += 1
    return text[-length:].lstrip("-")


def ago(moment: datetime | None, now: datetime | None = None) -> str:
    """Say how long ago something was.

    Args:
        moment: with its time zone; None for never.
        now: what it is compared with; None for now.
    """
    if moment is None:
        return "never"
    seconds = ((now or datetime.now(timezone.utc)) - moment).total_seconds()
    text = age(abs(seconds))
    if not text:
        return "just now"
    return f"{text} ago" if seconds > 0 else f"in {text}"


def age(seconds: float, longest: int = _SPANS[0][0]) -> str:
    """Write a span of time in whole units of its size.

    Args:
        seconds: how long.
        longest: the largest unit to use, in seconds.

    Returns:
        Such as ``3 days``; nothing where it is less than a minute.
    """
    fitting = ((size, name) for size, name in _SPANS if size <= min(seconds, longest))
    size, name = next(fitting, (0, ""))
    return counted(int(seconds // size), name) if size else ""


def counted(number: int, what: str) -> str:
    """Write a number with its noun.

    Args:
        number: how many.
        what: the noun for one.
    """
    if number == 1:
        return f"1 {what}"
    plural = what[:-1] + "ies" if what.endswith("y") and what[-2] not in "aeiou" else what + "s"
    return f"{number:,} {plural}"


def span(milliseconds: float | None) -> str:
    """Write a time that something took.

    Args:
        milliseconds: how long; None where that is not known.
    """
    if milliseconds is None:
        return "?"
    seconds = milliseconds / 1000
    if seconds < 1:
        return f"{milliseconds:.0f} ms"
    if seconds < 120:
        return f"{seconds:.1f} s"
    if seconds < 7200:
        return f"{seconds / 60:.1f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 172_800 else f"{seconds / 86_400:.1f} d"


def percent(share: float | None) -> str:
    """Write a share as a percentage.

    Args:
        share: from 0 to 1; None where that is not known.
    """
    if share is None:
        return "?"
    if 0 < share < 0.0995:
        return f"{share:.1%}"
    return f"{min(share, 0.99) if share < 1 else share:.0%}"  # what does not always happen is not called always


def local(moment: datetime | None) -> str:
    """Write a time in the zone of whoever reads it.

    Args:
        moment: with its time zone; None for none.
    """
    return "" if moment is None else moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def error_line(code: str | None, kind: str, message: str) -> str:
    """Write in one line what was raised, and the first of what it says.

    Args:
        code: the name of the exception's class, None where there is none.
        kind: the type of the error.
        message: what it says.
    """
    return printable(f"{code or kind}: {message.split(chr(10))[0]}")


def one_line(text: str) -> str:
    """Give the first line of a text, cut where it is long.

    Args:
        text: any.
    """
    line = text.partition("\n")[0]
    return printable(line if len(line) <= _LONGEST_LINE else line[: _LONGEST_LINE - 3] + "...")


def listed(names: Sequence[str]) -> str:
    """List names, the last with an "and" before it.

    Args:
        names: of which there may be none.
    """
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else ""


def data_size(count: int) -> str:
    """Write how much room something takes.

    Args:
        count: of bytes.
    """
    number = float(count)
    for unit in ("bytes", "KB", "MB", "GB"):
        if number < 1000 or unit == "GB":
            break
        number /= 1000
    return f"{number:,.0f} {unit}" if unit == "bytes" or number >= 100 else f"{number:.1f} {unit}"


def passes_elsewhere(places: Sequence[Mapping[str, Any]]) -> str:
    """Say where a test passes that fails here; that is no reason to call the failure resolved.

    Args:
        places: branch, change and leg of each line, the nearest first, as ``debug_passes_elsewhere`` gives them.

    Returns:
        Such as ``passes on main, in leg py312``; nothing where there are none.
    """
    near = [place for place in places if place["same_leg"] or place["same_branch"]] or places
    named = [_place(place) for place in near[:_MAX_PLACES]]
    more = f" and {len(near) - len(named)} more" if len(near) > len(named) else ""
    return f"passes {', '.join(named)}{more}" if named else ""


def _place(place: Mapping[str, Any]) -> str:
    leg = f"in leg {printable(place['leg'])}" if place["leg"] else "outside of any leg"
    if place["same_branch"] and not place["same_leg"]:
        return leg
    branch = "in another working copy"
    if place["branch"]:
        branch = f"on {printable(place['branch'])}"
    elif place["change"]:
        branch = f"in change {printable(place['change'])}"
    return branch if place["same_leg"] else f"{branch} {leg}"


def classes_by_leg(classes: Mapping[str, str]) -> str:
    """Say how a test does in the legs of a matrix, where it does not do the same in all.

    Args:
        classes: of the test, by leg.

    Returns:
        Such as ``broken on py311, stable elsewhere``; nothing where it is the same everywhere.
    """
    legs: dict[str, list[str]] = {}
    for leg, name in zip(_told_apart(list(classes)), classes.values(), strict=True):
        legs.setdefault(name, []).append(leg)
    if len(legs) < 2:
        return ""
    usual = max(legs, key=lambda name: (len(legs[name]), name == "stable"))
    parts = []
    for name in sorted(legs.keys() - {usual}):
        more = len(legs[name]) - _MAX_PLACES
        listed = ", ".join(legs[name][:_MAX_PLACES]) + (f" and {more} more" if more > 0 else "")
        parts.append(f"{name} on {listed}")
    return ", ".join([*parts, f"{usual} elsewhere"])


def _told_apart(legs: Sequence[str]) -> list[str]:
    """Leave out what all legs have in common."""
    parts = [leg.split(", ") for leg in legs]
    common = set.intersection(*map(set, parts)) if parts else set()
    return [printable(" ".join(part for part in leg if part not in common)) or "runs without a leg" for leg in parts]


def can_write(text: str) -> bool:
    """Tell whether standard output has the characters of a text.

    Args:
        text: what is to be written.
    """
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def verdict_mark(failed: bool) -> str:
    """Give the sign of an attempt: a tick or a cross, where the terminal has them.

    Args:
        failed: whether it failed.
    """
    if can_write("✓✗"):
        return "✗" if failed else "✓"
    return "F" if failed else "."
