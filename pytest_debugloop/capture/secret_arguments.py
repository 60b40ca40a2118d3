"""Secrets on a command line: whole words are taken out, for what a word holds does not show in its shape alone."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable

from pytest_debugloop.capture.redact import REDACTED, Redactor
from pytest_debugloop.lazy import lazy_pattern

ARGUMENT_VARIABLES = frozenset({"PYTEST_ADDOPTS"})
"""Environment variables that hold words of a command line."""

_OPTION = lazy_pattern(r"--?[A-Za-z][\w-]*$")
_ASSIGNED = lazy_pattern(r"(?P<before>(?:-o|--override-ini=)?(?:--?)?(?P<name>[A-Za-z_][\w.-]*)=)", re.DOTALL)
_ALWAYS = ("dsn", "token", "secret", "password", "passwd", "key")


def redacted_arguments(words: Iterable[str], redactor: Redactor) -> list[str]:
    """Take secrets out of the words of a command line.

    Args:
        words: that a program was given: ``--api-token=x``, or ``--debugloop-dsn`` with ``x`` after it.
        redactor: knows names and shapes.

    Returns:
        As many words.
    """
    out: list[str] = []
    is_of_secret = False
    for word in words:
        assigned = _ASSIGNED.match(word) if "=" in word else None
        if is_of_secret and not word.startswith("-"):
            out.append(REDACTED)
        elif assigned is not None and _is_secret(assigned["name"], redactor, is_option=word.startswith("-")):
            out.append(f"{assigned['before']}{REDACTED}")
        else:
            out.append(redactor.text(word))
        is_option = word.startswith("-") and redactor.names.is_secret(word.lstrip("-"))
        is_of_secret = is_option and _OPTION.match(word) is not None
    return out


def redacted_words(text: str, redactor: Redactor) -> str:
    """Take secrets out of words that a shell, or ``shlex``, would split, such as the value of ``PYTEST_ADDOPTS``.

    Args:
        text: the words.
        redactor: knows names and shapes.
    """
    try:
        words = shlex.split(text)
    except ValueError:  # a quote without its end
        return redactor.text(text)
    redacted = redacted_arguments(words, redactor)
    return text if redacted == words else shlex.join(redacted)


def _is_secret(name: str, redactor: Redactor, *, is_option: bool) -> bool:
    if redactor.names.is_shown(name):
        return False
    if redactor.names.is_secret(name):
        return True
    low = name.lower()
    return is_option and any(part in low for part in _ALWAYS)
