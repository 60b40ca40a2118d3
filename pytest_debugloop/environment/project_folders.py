"""Which folders the project's code is in: found from files alone, once a run and without a process of git."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

_SEP = os.sep
_TEMPORARY = frozenset({_SEP, tempfile.gettempdir(), "/tmp", "/var/tmp", "/private/tmp", "/private/var/tmp"})  # noqa: S108
_OURS = "pytest_debugloop-"
_INSTALLED = ("site-packages", "dist-packages")


def holds_many_projects(folder: str) -> bool:
    """Tell whether a folder is one that no project is the whole of: the root, a home, temporary files.

    Args:
        folder: whole path of it.
    """
    if folder in _TEMPORARY:
        return True
    return f"{os.path.expanduser('~')}{_SEP}".startswith(f"{folder.rstrip(_SEP)}{_SEP}")  # noqa: PTH111 - it may raise


def folder_of_tests(path: Path, rootdir: Path) -> Path:
    """Say which folder is the project's where a file of tests is outside of those that are known.

    It is the same wherever pytest was started, and whatever it was asked to collect.

    Args:
        path: of the file.
        rootdir: pytest's rootdir.

    Returns:
        Of an installed package, the package; else the checkout around the file, or the folder that holds it and
        rootdir; where these have nothing in common, the folder above the packages of the file.
    """
    for folder in path.parents:
        if folder.parent.name in _INSTALLED:
            return folder
    around = checkout_around(path.parent) or Path(os.path.commonpath((path, rootdir)))
    if not holds_many_projects(str(around)):
        return around
    folder = path.parent
    while _is_package(folder) and not holds_many_projects(str(folder.parent)):
        folder = folder.parent
    return folder


def _is_package(folder: Path) -> bool:
    return (folder / "__init__.py").is_file() or (folder.parent / "conftest.py").is_file()


def checkout_around(folder: Path) -> Path | None:
    """Give the top of the git checkout around a folder.

    Args:
        folder: whole path of it.

    Returns:
        None where there is none, or where it is somebody's home, which holds more than one project.
    """
    for place in (folder, *folder.parents):
        if (place / ".git").exists():
            return None if holds_many_projects(str(place)) else place
    return None


def installed_from_folders(paths: Iterable[str], own: Iterable[str]) -> list[str]:
    """List where code is that was installed from folders of this machine, as PEP 610 and old pips tell it.

    Args:
        paths: where modules are looked for.
        own: the project's folders.

    Returns:
        The folders of editable installs, and, of what was copied out of the project's folders, the copies.
    """
    found: list[str] = []
    for path in dict.fromkeys(paths):
        with suppress(OSError), os.scandir(path) as entries:
            for entry in entries:
                if entry.name.endswith(".dist-info") and not entry.name.startswith(_OURS):
                    with suppress(OSError, ValueError, LookupError, TypeError, AttributeError):
                        found += _folders_of(entry.path, tuple(own))
                elif entry.name.endswith(".egg-link"):
                    with suppress(OSError, ValueError):
                        found += Path(entry.path).read_text(encoding="utf-8").splitlines()[:1]
    return [folder for folder in found if os.path.isabs(folder)]  # noqa: PTH117


def _folders_of(distribution: str, own: tuple[str, ...]) -> Iterator[str]:
    with open(f"{distribution}/direct_url.json", encoding="utf-8") as file:  # noqa: PTH123 - of most there is none
        direct_url: dict[str, Any] = json.load(file)
    from urllib.parse import unquote, urlsplit

    url = urlsplit(direct_url["url"])
    if url.scheme != "file" or "dir_info" not in direct_url:
        return
    source = unquote(url.path)
    if direct_url["dir_info"].get("editable"):
        yield source
    elif any(f"{source}/".startswith(f"{folder}/") for folder in own):
        yield from _copies(Path(distribution))


def _copies(distribution: Path) -> Iterator[str]:
    """Give the packages that a distribution has beside itself; of a namespace, what is in it."""
    lines = (distribution / "RECORD").read_text(encoding="utf-8").splitlines()
    files = [line.partition(",")[0].split("/") for line in lines]
    files = [parts for parts in files if parts[0] not in ("..", "", "__pycache__", distribution.name)]
    packages = {parts[0] for parts in files if parts[1:] == ["__init__.py"]}
    for parts in dict.fromkeys(tuple(parts[: 1 if parts[0] in packages else 2]) for parts in files):
        yield str(distribution.parent.joinpath(*parts))
