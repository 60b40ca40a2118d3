"""Secrets are taken out before anything is written."""

from __future__ import annotations

import re

REDACTED = "[redacted: key]"
_SECRET_NAME = re.compile(
    r"passw(or)?d|passphrase|secret|token|api_?key|access_?key|private_?key|authorization|cookie|credential|\bdsn\b"
    r"|_dsn\b|session_?id\b|csrf",
    re.IGNORECASE,
)
_URL_CREDENTIALS = re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]+(?=@)")


def is_secret_name(name: str) -> bool:
    """Tell whether a variable, key or attribute of this name is likely to hold a secret.

    Args:
        name: the name.
    """
    return _SECRET_NAME.search(name) is not None


def redact_text(text: str) -> str:
    """Take credentials out of URLs in a text.

    Args:
        text: any text.
    """
    return _URL_CREDENTIALS.sub("[redacted]", text) if "://" in text else text
