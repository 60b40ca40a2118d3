"""How a record is named to people: never with a password."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl, quote, urlencode

_SECRET = ("password", "passfile", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key")
_SECRET_WORD = re.compile(rf"\b({'|'.join(_SECRET)})\s*=\s*('(?:[^'\\]|\\.)*'|\S+)", re.IGNORECASE)
_UNKNOWN = "..."


def describe_dsn(dsn: str) -> str:
    """Show a connection string to people, without a driver at hand.

    Args:
        dsn: any libpq connection string or URL, well-formed or not.
    """
    if "://" in dsn:
        scheme, _, rest = dsn.partition("://")
        rest = rest.partition("?")[0]
        return f"{scheme}://{rest.rpartition('@')[2]}"
    shown = _SECRET_WORD.sub("", dsn).split()
    return "PostgreSQL at " + (" ".join(shown) or "the default of libpq")


def public_dsn(dsn: str) -> str:
    """Give a connection string that leads to the same place, and may be printed: the password is asked for elsewhere.

    Args:
        dsn: any libpq connection string or URL, well-formed or not.
    """
    if "://" not in dsn:
        return " ".join(_SECRET_WORD.sub("", dsn).split())
    scheme, _, rest = dsn.partition("://")
    place, _, query = rest.partition("?")
    user, at, host = place.rpartition("@")
    kept = [pair for pair in parse_qsl(query) if pair[0].lower() not in _SECRET]
    shown = f"{scheme}://{user.partition(':')[0]}{at}{host}"
    return f"{shown}?{urlencode(kept, quote_via=quote)}" if kept else shown


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
        safe = shown.isprintable() and redacted(shown) == shown
        words += [option, shlex.quote(shown) if safe else _UNKNOWN]
    return " ".join(words)
