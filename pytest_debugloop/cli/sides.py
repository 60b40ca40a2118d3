"""How the two sides of a comparison are named on the command line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import click

from pytest_debugloop.cli.completion import complete_branch

if TYPE_CHECKING:
    from pytest_debugloop.answers.filters import TypedFilters

F = TypeVar("F", bound=Callable[..., Any])

_NAMING = ("branch", "change", "session")


def side_arguments(command: F) -> F:
    """Declare both sides, A and B.

    Args:
        command: its function.
    """
    for name in ("b", "a"):
        command = click.argument(name, metavar=f"[{name.upper()}]", required=False, shell_complete=complete_branch)(
            command
        )
    return command


def named_sides(a: str | None, b: str | None, typed: TypedFilters) -> tuple[str | None, str | None, TypedFilters]:
    """Take a filter that names a side for A: with ``--branch feature``, a name is that of B.

    Args:
        a: as it was typed, or None; as is ``b``.
        b: the other side.
        typed: the options that narrow both sides.

    Returns:
        Both sides, and the options without those that name A.

    Raises:
        click.UsageError: A is named twice.
    """
    named = [(kind, value) for kind in _NAMING if (value := getattr(typed, kind)) is not None]
    if len(named) > 1 or (named and b):
        raise click.UsageError("A is named by one of A, --branch, --change and --session.")
    if not named:
        return a, b, typed
    ((kind, value),) = named
    # A session is looked up by its name, too.
    rest = replace(typed, branch=None, change=None)
    return (None if kind == "session" else f"{kind}:{value}"), a, rest
