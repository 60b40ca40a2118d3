"""Options by which lists are filtered, and how their values are read."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from datetime import datetime, time, timedelta, timezone
from typing import TYPE_CHECKING, Any, TypeVar

import click

from pytest_debugloop.answers.test_selection import NotAnExpressionError, TestSelection
from pytest_debugloop.cli.completion import complete_branch

F = TypeVar("F", bound=Callable[..., Any])

if TYPE_CHECKING:
    _ParamType = click.ParamType[datetime]
    _Selection = click.ParamType[TestSelection]
else:  # before click 8.4 it takes no type
    _ParamType = _Selection = click.ParamType

_UNITS = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800, "y": 365 * 86_400}
_SPAN = re.compile(r"(\d{1,6})\s*([mhdwy])", re.IGNORECASE)
_DAYS = {"today": 0, "yesterday": 1}


class Moment(_ParamType):
    """A time: ISO 8601, in local time where it names no zone, a span before now such as ``7d``, or a day."""

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
            if text.lower() == "now":
                return datetime.now(timezone.utc)
            if text.lower() in _DAYS:
                day = datetime.now().astimezone().date() - timedelta(days=_DAYS[text.lower()])
                return datetime.combine(day, time()).astimezone()
            return datetime.fromisoformat(re.sub(r"[Zz]$", "+00:00", text)).astimezone()
        except (ValueError, OverflowError, OSError):
            self.fail(
                f"{text!r} is not a time: use 2026-11-25, 2026-11-25T12:30, yesterday, or an age such as 30m, 6h, 7d, "
                "2w, 1y."
            )


class Selection(_Selection):
    """Tests: a node id, or an expression as for ``pytest -k``."""

    name = "TEST"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> TestSelection:
        """Read which tests are meant.

        Args:
            value: what was typed.
            param: of the command.
            ctx: of the command.

        Raises:
            click.BadParameter: it is no expression.
        """
        if isinstance(value, TestSelection):
            return value
        try:
            return TestSelection(str(value))
        except NotAnExpressionError as error:
            self.fail(f"{value!r} is neither a node id nor an expression as for pytest -k: {error}.")


_MOST = 1_000_000_000  # more would be too large for the database too


def count_of(least: int) -> click.IntRange:
    """Make the type of an option that is a number of things.

    Args:
        least: that it may be.
    """
    return click.IntRange(least, _MOST)


branch_option = click.option("--branch", help="Only runs on this git branch.", shell_complete=complete_branch)
"""Declares ``--branch`` alone."""

_OPTIONS = (
    branch_option,
    click.option("--change", metavar="NUMBER", help="Only runs of this pull or merge request."),
    click.option("--job", help="Only runs of this CI job."),
    click.option("--leg", help="Only runs of this leg, by its name or a part of it between commas."),
    click.option("--session", help="Only runs of this CI run or session, by its id or name."),
    click.option(
        "--since", type=Moment(), help="Only since this time: a date, yesterday, or an age such as 6h, 7d, 2w, 1y."
    ),
    click.option("--until", type=Moment(), help="Only before this time."),
    click.option(
        "--test",
        "-k",
        "selection",
        type=Selection(),
        help="Only these tests: a node id, or an expression as for pytest -k, but without marker names.",
    ),
)


def filter_options(command: F) -> F:
    """Declare the options that narrow a list; the command gets them as one value, ``typed``.

    Args:
        command: its function.
    """

    @functools.wraps(command)
    def narrowed(*arguments: Any, selection: TestSelection | None, **values: Any) -> Any:
        names = ("branch", "change", "job", "leg", "session", "since", "until")
        from pytest_debugloop.answers.filters import TypedFilters

        typed = TypedFilters(test=selection, **{name: values.pop(name) for name in names})
        return command(*arguments, typed=typed, **values)

    for option in reversed(_OPTIONS):
        narrowed = option(narrowed)
    return narrowed  # type: ignore[return-value]  # it takes the options in place of the value


def limit_option(default: int, what: str) -> Callable[[F], F]:
    """Declare ``--limit``.

    Args:
        default: how many where it is not given.
        what: is listed.
    """
    return click.option(
        "--limit", default=default, show_default=True, type=count_of(0), help=f"Maximum number of {what}; 0 for all."
    )
