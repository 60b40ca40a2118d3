"""Options by which lists are filtered, and how their values are read."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

if TYPE_CHECKING:
    _ParamType = click.ParamType[datetime]
else:  # before click 8.4 it takes no type
    _ParamType = click.ParamType

_UNITS = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_SPAN = re.compile(r"(\d{1,6})\s*([mhdw])", re.IGNORECASE)


class Moment(_ParamType):
    """A time: ISO 8601, in local time where it names no zone, or a span before now such as ``7d``."""

    name = "TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read a time.

        Args:
            value: what was typed.
            param: of the command.
            ctx: of the command.

        Raises:
            click.BadParameter: it is no time.
        """
        if isinstance(value, datetime):
            return value
        text = str(value).strip()
        try:
            if match := _SPAN.fullmatch(text):
                seconds = int(match[1]) * _UNITS[match[2].lower()]
                return datetime.now(timezone.utc) - timedelta(seconds=seconds)
            return datetime.fromisoformat(re.sub(r"[Zz]$", "+00:00", text)).astimezone()
        except (ValueError, OverflowError, OSError):
            self.fail(f"{text!r} is not a time: use 2026-11-25, 2026-11-25T12:30, or an age such as 30m, 6h, 7d, 2w.")


_MOST = 1_000_000_000  # more would be too large for the database too


def count_of(least: int) -> click.IntRange:
    """Make the type of an option that is a number of things.

    Args:
        least: that it may be.
    """
    return click.IntRange(least, _MOST)


since_option = click.option(
    "--since", type=Moment(), help="Only since this time: a date, or an age such as 6h, 7d, 2w."
)
"""Declares ``--since``, a time."""

branch_option = click.option("--branch", help="Only runs on this git branch.")
"""Declares ``--branch``."""


def limit_option(default: int, what: str) -> Callable[[F], F]:
    """Declare ``--limit``.

    Args:
        default: how many where it is not given.
        what: is listed.
    """
    return click.option(
        "--limit", default=default, show_default=True, type=count_of(0), help=f"Maximum number of {what}; 0 for all."
    )
