"""A command line on which one option is as it was: what the ini file and the environment say is overridden by it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pytest_debugloop.rerunning.trust import trusted_arguments
from pytest_debugloop.sources.arguments import options_of
from pytest_debugloop.sources.editing import CannotUndoError
from pytest_debugloop.sources.options import is_same_option


def with_option(
    arguments: Sequence[str], option: str, here: Any, there: Any, rootdir: Path, *, is_trusted: bool
) -> tuple[str, ...]:
    """Have one option as the other side had it.

    Args:
        arguments: of a rerun.
        option: as evidence names it: with its dashes, or by its name in an ini file.
        here: its value, or several; an empty text for a flag, None where it is not given.
        there: what it was on the other side.
        rootdir: to tell paths from values.
        is_trusted: whether to take also what leads out of the checkout.

    Raises:
        CannotUndoError: a command line cannot say it, or it is not to be taken.
    """
    mine, theirs = _values(here), _values(there)
    if not option.startswith("-"):
        if there is None:
            raise CannotUndoError("it is in a configuration file, and can only be removed there")
        return (*arguments, *_trusted(["-o", f"{option}=" + "\n".join(theirs)], rootdir, is_trusted=is_trusted))
    left: list[str] = []
    gone = 0
    for name, words in options_of(list(arguments), rootdir):
        value = words[0][len(name) :].removeprefix("=") or " ".join(words[1:])
        if is_same_option(name, option) and value in mine:
            gone += 1
        else:
            left += words
    wanted = [word for value in theirs for word in _words(option, value)]
    if not wanted and gone < len(mine):
        raise CannotUndoError("it is in a configuration file, and can only be removed there")
    return (*left, *_trusted(wanted, rootdir, is_trusted=is_trusted))


def _values(value: Any) -> list[str]:
    return [] if value is None else [str(one) for one in value] if isinstance(value, list) else [str(value)]


def _words(option: str, value: str) -> list[str]:
    if not value:
        return [option]
    return [f"{option}={value}"] if option.startswith("--") else [option, value]


def _trusted(words: list[str], rootdir: Path, *, is_trusted: bool) -> list[str]:
    if not is_trusted and trusted_arguments(words, rootdir).doubtful:
        raise CannotUndoError("it points outside the checkout; use --trust to allow it")
    return words
