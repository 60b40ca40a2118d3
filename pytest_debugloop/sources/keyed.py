"""Hashes with a key of the record's: they hold no more of a value than whether it is the same."""

from __future__ import annotations

import hashlib
import hmac

IGNORED_PYTHON = "*.py"
"""Among ignored files: says that Python is among them, and what may be executed; older versions listed neither."""
EXECUTABLE = " (executable)"
"""Behind the path of a file that git has, among ignored files: that it may be executed."""

NO_DATA = "* (not listed)"
"""Among ignored files: says that there are so many files that nothing but code is listed."""


def keyed_hash(key: bytes, path: str, digest: str) -> str:
    """Hash what is reported of a file that git ignores.

    Args:
        key: of the record that it is for.
        path: of the file, as the project names it.
        digest: of what is in it.
    """
    return keyed(key, "file", path, digest)


def keyed(key: bytes, *parts: str) -> str:
    """Hash with a key; of 32 bits, so that even who has the key learns no long value from it.

    Args:
        key: of the record.
        *parts: what is hashed.
    """
    return hmac.new(key, "\0".join(parts).encode("utf-8", "surrogateescape"), hashlib.sha256).hexdigest()[:8]
