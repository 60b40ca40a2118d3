"""JSON answers page by page: ``--budget`` bounds what is written, a cursor says where the next page begins."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple, TypeVar

import click

from pytest_debugloop.cli.filters import count_of
from pytest_debugloop.text.json_room import in_room
from pytest_debugloop.text.json_values import json_text, plain

F = TypeVar("F", bound=Callable[..., Any])

LEAST_BUDGET = 500
"""Characters of a page of JSON."""

_META = "pytest_debugloop.json"
_CURSOR = re.compile(r"(\w+)\.(\d{1,9})")
_END = 100
"""Characters of the cursor and of what ends an answer."""


class Page(NamedTuple):
    """What was asked for.

    Attributes:
        budget: characters at most; None for no limit.
        cursor: the list that the page begins in, and how many of its rows were on earlier pages.
    """

    budget: int | None = None
    cursor: tuple[str, int] | None = None


def paged_json_option(function: F) -> F:
    """Declare ``--json`` with ``--budget`` and ``--cursor``; the command gets ``as_json``, ``write_json`` the rest.

    Args:
        function: the command.
    """
    json_flag = click.option("--json", "as_json", is_flag=True, help="Write JSON, as described in docs/json.md.")
    return json_flag(pages_option(budget_option(function)))


def pages_option(function: F) -> F:
    """Declare ``--cursor``.

    Args:
        function: the command.
    """
    return click.option(
        "--cursor",
        callback=_keep,
        expose_value=False,
        help="With --json: the next page, from the cursor of the one before.",
    )(function)


def budget_option(function: F) -> F:
    """Declare ``--budget``.

    Args:
        function: the command.
    """
    return click.option(
        "--budget",
        type=count_of(LEAST_BUDGET),
        callback=_keep,
        expose_value=False,
        help="With --json: maximum number of characters of a page.",
    )(function)


def _keep(context: click.Context, option: click.Parameter, value: Any) -> None:
    kept = context.meta.setdefault(_META, {})
    if option.name == "cursor" and value is not None:
        match = _CURSOR.fullmatch(value)
        if match is None:
            raise click.BadParameter(f"{value!r} is no cursor of an answer.", context, option)
        value = (match[1], int(match[2]))
    kept[option.name] = value


def keep_budget(budget: int | None) -> None:
    """Bound what is written by a command that has an option of its own for it.

    Args:
        budget: characters at most.
    """
    click.get_current_context().meta.setdefault(_META, {})["budget"] = budget


def asked_page() -> Page | None:
    """Give the page that the command line asks for; None for all in one."""
    context = click.get_current_context(silent=True)
    kept = (context.meta.get(_META) if context else None) or {}
    page = Page(kept.get("budget"), kept.get("cursor"))
    return None if page == Page() else page


def paged(head: dict[str, Any], lists: Mapping[str, Iterable[Any]], page: Page) -> Iterator[str]:
    """Write one page of an answer.

    Args:
        head: the keys that every page has; they are cut where they are too long.
        lists: the keys that hold rows: each row is on one page, and a page has one at least.
        page: what was asked for.

    Raises:
        click.BadParameter: the cursor is not one of this answer.
    """
    begin, skipped = page.cursor or (next(iter(lists), ""), 0)
    if page.cursor and begin not in lists:
        raise click.BadParameter(f"{begin}.{skipped} is no cursor of this answer.", param_hint="--cursor")
    left: float = float("inf")
    if page.budget:
        left = page.budget - _END - sum(len(name) + 8 for name in lists)
        head = in_room(plain(head), int(left * 2 / 3 if lists else left))
    text = json_text(plain(head))[:-1]
    left -= len(text)
    yield text
    cursor, is_begun, is_empty = None, False, True
    for name, rows in lists.items():
        yield f", {json_text(name)}: ["
        is_begun = is_begun or name == begin
        first = skipped if name == begin else 0
        for number, row in enumerate(islice(rows, first, None) if is_begun and cursor is None else (), first):
            text = json_text(plain(row))
            if len(text) + 3 > left:
                if not is_empty:
                    cursor = f"{name}.{number}"
                    break
                text = json_text(in_room(plain(row), int(left) - 3))
            yield (",\n " if number > first else "\n ") + text
            left -= len(text) + 3
            is_empty = False
        yield "]"
    yield f', "cursor": {json_text(cursor)}}}\n'
