"""Completes tests, branches and ids in a shell: within two seconds, and without a word if that cannot be done."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_SECONDS = 2.0


def complete_thing(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete a test or an id.

    Args:
        ctx: of the command.
        param: which is completed.
        incomplete: what was typed.
    """
    return _completed(ctx, "thing", incomplete)


def complete_branch(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete a branch.

    Args:
        ctx: of the command.
        param: which is completed.
        incomplete: what was typed.
    """
    return _completed(ctx, "branch", incomplete)


def _completed(ctx: click.Context, kind: str, incomplete: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    from pytest_debugloop.answers.connection import open_record
    from pytest_debugloop.answers.filters import asked_project
    from pytest_debugloop.answers.location import NAMES, RecordLocation
    from pytest_debugloop.cli.deadline import deadline
    from pytest_debugloop.queries.completions import completions
    from pytest_debugloop.text.printable import printable

    given: dict[str, object] = {}
    for context in (ctx.parent, ctx):
        values = context.params if context else {}
        given |= {name: values[name] for name in NAMES if values.get(name)}
    try:
        with deadline(_SECONDS):
            location = RecordLocation.from_settings(given)
            with open_record(location) as record:
                found = record.fetch(completions(kind, incomplete, record.answer(asked_project(location))))
    except Exception:
        return []  # a word about it would stand in the middle of what is typed
    # A name that a terminal would not show as it is cannot be typed either.
    return [
        CompletionItem(one.word, help=printable(one.help) if one.help else None)
        for one in found
        if printable(one.word) == one.word
    ]
