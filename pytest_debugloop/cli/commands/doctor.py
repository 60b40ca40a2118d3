"""``debugloop doctor``: check the whole set-up, and say how to fix it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.cli.output import json_option, show, write_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.console import RenderableType

    from pytest_debugloop.cli.checks.check import Check

_STYLES = {"ok": "pass", "warning": "warn", "problem": "fail"}


@click.command()
@json_option
@click.pass_obj
def command(location: RecordLocation, as_json: bool) -> None:
    """Check the whole set-up and say how to fix problems.

    Prints ok, warning or problem for each check, and changes nothing. The exit status is 1 if there is a problem.

    \b
    Example: debugloop doctor
    """
    seen: list[Check] = []

    def watched() -> Iterator[Check]:
        for check in _checks(location):
            seen.append(check)
            yield check

    if as_json:
        checks = list(watched())
        write_json("doctor", {"problems": _count(seen, "problem"), "warnings": _count(seen, "warning")}, checks=checks)
    else:
        show(_pages(watched(), seen), paging=False)
    if _count(seen, "problem"):
        sys.exit(1)


def _checks(location: RecordLocation) -> Iterator[Check]:
    from pytest_debugloop.cli.checks import check, machine
    from pytest_debugloop.cli.checks import location as location_checks

    yield from check.run_checks(
        [
            ("python", machine.python_and_packages),
            ("psycopg", machine.driver),
            ("plugins", machine.plugins),
            ("plugin", lambda: machine.registration(location.rootdir)),
            ("rootdir", lambda: machine.configuration(location.rootdir)),
            ("recording", lambda: machine.switch(location.rootdir)),
            ("git", lambda: location_checks.checkout(location.rootdir)),
            ("ci", location_checks.ci),
            ("folder", lambda: location_checks.folder(location)),
            ("journals", lambda: location_checks.waiting(location)),
            ("loader", lambda: location_checks.loader_log(location)),
            ("embedded", lambda: _of_record("binaries", location)),
            ("lingering", lambda: _of_server(location)),
            ("server", lambda: _of_record("server", location)),
        ]
    )


def _of_server(location: RecordLocation) -> Iterable[Check]:
    """Look at the embedded server before another check uses it."""
    from pytest_debugloop.cli.checks.lingering import lingering

    return lingering(location)


def _of_record(name: str, location: RecordLocation) -> Iterable[Check]:
    """Look at the record, for which the driver is needed."""
    from pytest_debugloop.cli.checks import record as checks_record

    checked: Iterable[Check] = getattr(checks_record, name)(location)
    return checked


def _pages(checks: Iterable[Check], seen: list[Check]) -> Iterator[RenderableType]:
    from rich.text import Text

    from pytest_debugloop.text.words import counted

    for check in checks:
        yield _line(check)
    problems, warnings = _count(seen, "problem"), _count(seen, "warning")
    style = "fail" if problems else "warn" if warnings else "pass"
    yield Text(f"{counted(problems, 'problem')}, {counted(warnings, 'warning')}.", style=style)


def _line(check: Check) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    from pytest_debugloop.text.printable import printable

    text = printable(check.message)
    if check.hint:
        text += f" -> {printable(check.hint)}"
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(width=7)
    grid.add_column(width=16)
    grid.add_column(overflow="fold")
    grid.add_row(Text(check.state, style=_STYLES[check.state]), Text(check.name), Text(text))
    return grid


def _count(checks: Iterable[Check], state: str) -> int:
    return sum(check.state == state for check in checks)
