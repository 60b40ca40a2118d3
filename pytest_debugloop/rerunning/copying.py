"""A copy of a checkout in a temporary folder, whose files may be changed: for what an import cannot be made to read."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytest_debugloop.environment.project_folders import checkout_around
from pytest_debugloop.errors import RerunImpossibleError

_LEFT_OUT = frozenset(
    {".git", ".hg", ".debugloop", "__pycache__", "node_modules", ".tox", ".nox", ".venv", ".mypy_cache", ".ruff_cache"}
    | {".pytest_cache", ".hypothesis", "site-packages"}
)
_MAX_FILES = 50_000
_MAX_BYTES = 1_000_000_000


class Copy:
    """A copy of a checkout.

    Args:
        rootdir: pytest's rootdir in the checkout; what git says is around it is copied.
        folder: that the copy is made in.

    Attributes:
        top: of what was copied.
        rootdir: pytest's rootdir in the copy.

    Raises:
        RerunImpossibleError: there is too much to copy.
        OSError: it cannot be read, or the disk does not take it.
    """

    def __init__(self, rootdir: Path, folder: Path) -> None:
        rootdir = rootdir.resolve()
        self.top = (checkout_around(rootdir) or rootdir).resolve()
        self._folder = (folder / "checkout").resolve()
        self.rootdir = self._folder / rootdir.relative_to(self.top)
        self._changed: dict[Path, bytes | None] = {}
        self._files = self._bytes = 0
        shutil.copytree(self.top, self._folder, symlinks=True, ignore=self._left_out, ignore_dangling_symlinks=True)

    def _left_out(self, folder: str, names: list[str]) -> set[str]:
        found = {name for name in names if name in _LEFT_OUT or name.endswith(".pyc")}
        for path in (Path(folder, name) for name in set(names) - found):
            if path.is_symlink():
                continue
            if path.is_file():
                self._files += 1
                self._bytes += path.stat().st_size
            elif not path.is_dir() or (path / "pyvenv.cfg").exists():  # a socket, a pipe, an environment
                found.add(path.name)
        if self._files > _MAX_FILES or self._bytes > _MAX_BYTES:
            raise RerunImpossibleError(reason=f"{self.top} is too large to copy")
        return found

    def change(self, files: Mapping[str, bytes | None]) -> None:
        """Have files as they are given, and all others as they are in the checkout.

        Args:
            files: what is in each, by its path from rootdir; None for one that is not there.

        Raises:
            RerunImpossibleError: one of them is outside of the copy.
            OSError: the disk does not take it.
        """
        wanted = {Path(os.path.realpath(self.rootdir / name)): data for name, data in files.items()}
        for path in wanted:
            if not path.is_relative_to(self._folder):
                raise RerunImpossibleError(reason=f"{path} is outside the checkout")
        for path in self._changed.keys() - wanted.keys():
            _write(path, self._changed.pop(path))
        for path, data in wanted.items():
            if path not in self._changed:
                self._changed[path] = path.read_bytes() if path.is_file() else None
            _write(path, data)

    def environment(self, environ: Mapping[str, str | None]) -> dict[str, str | None]:
        """Give what changes of an environment, so that what is imported and named is in the copy.

        Args:
            environ: that the tests would have in the checkout.
        """
        return moved_environment(environ, self.top, self._folder)


def moved_environment(environ: Mapping[str, str | None], top: Path, folder: Path) -> dict[str, str | None]:
    """Give what changes of an environment, so that what is imported and named is in another folder.

    Args:
        environ: that the tests would have in the checkout.
        top: of the checkout.
        folder: that takes its place.
    """

    def moved(text: str) -> str:
        return os.pathsep.join(
            str(folder) + part[len(str(top)) :] if f"{part}/".startswith(f"{top}/") else part
            for part in text.split(os.pathsep)
        )

    found = {name: moved(value) for name, value in environ.items() if value}
    imported = [os.path.realpath(place) for place in (*sys.path, *_editable()) if place]
    mine = [moved(place) for place in imported if _is_source(Path(place), top)]
    path = [*mine, *filter(None, [found.get("PYTHONPATH")])]
    return {
        **{name: value for name, value in found.items() if value != environ[name]},
        **({"PYTHONPATH": os.pathsep.join(dict.fromkeys(path))} if path else {}),
    }


def _is_source(place: Path, top: Path) -> bool:
    """Tell whether a folder that is imported from is the checkout's own, and no environment in it."""
    if not place.is_relative_to(top) or not _LEFT_OUT.isdisjoint(place.relative_to(top).parts):
        return False
    return not any((folder / "pyvenv.cfg").exists() for folder in place.parents)


def _write(path: Path, data: bytes | None) -> None:
    if data is None:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _editable() -> list[str]:
    """Give the folders of packages that setuptools has a finder of its own for, as it does with an editable install."""
    found: list[str] = []
    for name, module in list(sys.modules.items()):
        mapping: Any = getattr(module, "MAPPING", None) if name.startswith("__editable__") else None
        if isinstance(mapping, dict):
            found += [str(Path(place).parent) for place in mapping.values()]
    return found
