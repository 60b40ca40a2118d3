"""Leads a browser here without the token on its command line, which other users of the machine could read."""

from __future__ import annotations

import os
from html import escape
from pathlib import Path


def private_file(address: str, folder: Path) -> Path:
    """Write a file for a browser that leads to an address.

    Args:
        address: with the token.
        folder: that only this user can enter.
    """
    file = folder / "open.html"
    shown = escape(address, quote=True)
    page = (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>debugloop</title>\n'
        f'<meta http-equiv="refresh" content="0; url={shown}">\n<p><a href="{shown}">Open the record</a></p>\n</html>\n'
    )
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as written:
        written.write(page)
    return file
