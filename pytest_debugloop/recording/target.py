"""How a connection string is shown: never with a password."""

from __future__ import annotations

import re

_PASSWORD = re.compile(r"(password|passfile|sslpassword)\s*=\s*('(?:[^'\\]|\\.)*'|\S+)", re.IGNORECASE)


def describe_dsn(dsn: str) -> str:
    """Show a connection string to people, without a driver at hand.

    Args:
        dsn: any libpq connection string or URL, well-formed or not.
    """
    if "://" in dsn:
        scheme, _, rest = dsn.partition("://")
        rest = rest.partition("?")[0]
        return f"{scheme}://{rest.rpartition('@')[2]}"
    shown = _PASSWORD.sub("", dsn).split()
    return "PostgreSQL at " + (" ".join(shown) or "the default of libpq")
