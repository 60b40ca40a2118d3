"""The code beside rootdir that a run has loaded: tests and packages of the same checkout, and editable installs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pytest_debugloop.sources.tree import Tree, file_hash, tree_of

_TOPS = (".git", "pyproject.toml", "setup.py", "setup.cfg")
_INSTALLED = ("/site-packages/", "/dist-packages/")
_LARGEST = 4 * 1024 * 1024


def is_beside(name: str) -> bool:
    """Tell whether a file is outside of rootdir.

    Args:
        name: as the project names it.
    """
    return name.startswith(("../", "/"))


def tree_beside(rootdir: Path, names: Iterable[str]) -> Tree:
    """Say what code is around the files that a run has loaded from outside of rootdir.

    It is asked of the folders around them, so that two runs of different tests there are of the same code.

    Args:
        rootdir: pytest's rootdir.
        names: of files, as the project names them; those in rootdir do not count.

    Returns:
        Its files are named as the project names them.
    """
    alone: list[str] = []
    around: dict[str, list[str]] = {}
    for name in names:
        if is_beside(name):
            folder = _folder_around(rootdir, name)
            (alone if not folder else around.setdefault(folder, [])).append(name)
    files: dict[str, str] = {}
    dirty: dict[str, str] = {}
    for folder, loaded in around.items():
        tree = tree_of(rootdir / folder)
        if tree is None:  # there is too much of it
            alone += loaded
        else:
            files |= {f"{folder}/{path}": digest for path, digest in tree.files.items()}
            dirty |= {f"{folder}/{path}": digest for path, digest in tree.dirty.items()}
    for name in alone:
        digest = hash_beside(rootdir / name)
        if digest:
            files[name] = digest
    return Tree(files, "", dirty)


def hash_beside(path: Path) -> str:
    """Hash one file as git does; nothing where there is none.

    Args:
        path: of the file.
    """
    try:
        return file_hash(path.read_bytes()) if path.is_file() and path.stat().st_size <= _LARGEST else ""
    except (OSError, ValueError):
        return ""


def _folder_around(rootdir: Path, name: str) -> str:
    """Give the folder that a file beside rootdir is in, or the project elsewhere; nothing where it is in none."""
    if any(part in f"/{name}" for part in _INSTALLED):
        return ""
    above = sum(part == ".." for part in name.split("/"))
    folder, last = name.rpartition("/")[0], ""
    while folder.count("/") >= max(above, 1):
        last = folder
        if any((rootdir / folder / top).exists() for top in _TOPS):
            return folder
        folder = folder.rpartition("/")[0]
    return last if above else ""
