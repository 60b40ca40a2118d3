"""pytest's rootdir and the options of its ini file, found as pytest finds them, without importing pytest.

See "Finding the rootdir" in pytest's reference. Importing pytest itself would take longer than the whole command.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NAMES = ("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg")
"""The files that may configure pytest, in the order in which it looks for them."""

_ALWAYS = NAMES[:4]  # these make a rootdir also where they are empty


def find_ini(folder: Path) -> tuple[Path, dict[str, object]]:
    """Find the rootdir of a folder.

    Args:
        folder: where the command is typed.

    Returns:
        The rootdir: the nearest folder upwards with a configuration of pytest, else with a ``setup.py``, else the
        folder itself. And the options of that configuration.
    """
    for place in (folder, *folder.parents):
        for name in NAMES:
            options = _options(place / name)
            if options is not None:
                return place, options
    return next((place for place in (folder, *folder.parents) if (place / "setup.py").is_file()), folder), {}


def _options(path: Path) -> dict[str, object] | None:
    """Read pytest's options of a file; None where it has no part for pytest, or cannot be read."""
    if not path.is_file():
        return None
    always: dict[str, object] | None = {} if path.name in _ALWAYS else None
    try:
        if path.suffix == ".toml":
            return next(_tables(path, _toml(path)), always)
        from iniconfig import IniConfig

        section = "tool:pytest" if path.suffix == ".cfg" else "pytest"
        config = IniConfig(str(path))
        return dict(config[section].items()) if section in config else always
    except Exception:  # pytest itself says what is wrong with it
        return always


def _tables(path: Path, document: dict[str, Any]) -> Iterator[dict[str, object]]:
    if path.name == "pyproject.toml":
        tool = document.get("tool", {}).get("pytest")
        if tool is None:
            return
        yield dict(tool.get("ini_options", tool))
    elif "pytest" in document:
        yield dict(document["pytest"])


def _toml(path: Path) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib as toml
    else:
        import tomli as toml
    with path.open("rb") as file:
        return dict(toml.load(file))
