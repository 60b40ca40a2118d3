"""SQL that is beside the code of a package: a statement a file, or in one file several that belong together."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

_INCLUDE = re.compile(r"^ *-- include: (\w+)\n", re.MULTILINE)
_PART = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)


@cache
def sql_text(package: str, name: str, part: str = "") -> str:
    """Read SQL; a line ``-- include: NAME`` stands for another file beside it.

    Args:
        package: in whose folder ``sql`` the file is.
        name: of the file, without its ending.
        part: what follows the line ``-- name: PART``, up to the next such line; empty for the whole file.

    Raises:
        FileNotFoundError: there is no such file.
        LookupError: the file has no such part.
    """
    text = (files(package) / "sql" / f"{name}.sql").read_text(encoding="utf-8")
    text = _INCLUDE.sub(lambda match: sql_text(package, match[1]), text)
    if not part:
        return text
    _, *pieces = _PART.split(text)
    parts = dict(zip(pieces[::2], pieces[1::2], strict=True))
    if part not in parts:
        raise LookupError(f"{name}.sql has no part {part}")
    return parts[part]
