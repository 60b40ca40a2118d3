"""How a record is named to people: never with a password."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping

from pytest_debugloop.dsn import public_dsn

_UNKNOWN = "..."


def command_of(given: Mapping[str, str], redacted: Callable[[str], str]) -> str:
    """Write how the ``debugloop`` command is called for this record.

    Args:
        given: what only the command line of the run said, by the option of the command, such as ``--dsn``.
        redacted: takes secrets out of a text.

    Returns:
        A shell's words, without the command's own arguments; what cannot be shown is three dots.
    """
    words = ["debugloop"]
    for option, value in given.items():
        shown = public_dsn(value) if option == "--dsn" else value
        # Where more than the password is secret, or the text could not be copied from a terminal, nobody can run it.
        safe = shown if shown is not None and shown.isprintable() and redacted(shown) == shown else None
        words += [option, _UNKNOWN if safe is None else shlex.quote(safe)]
    return " ".join(words)
