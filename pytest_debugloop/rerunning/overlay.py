"""Runs pytest on a checkout of which some files are read otherwise: ``python -m pytest_debugloop.rerunning.overlay``.

What Python imports comes from the texts that this process was given, whoever imports it: pytest with its rewriting of
assertions, a ``conftest.py``, a plugin, a package, an editable install. The files themselves are neither read nor
written, and no ``.pyc`` of the checkout is used or made: two states of a file may have one size and one second. What
else reads a file, as a child process does, finds it as it is.
"""

from __future__ import annotations

import ast
import importlib.machinery
import importlib.util
import json
import linecache
import os
import runpy
import sys
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any

OVERLAY_VARIABLE = "PYTEST_DEBUGLOOP_OVERLAY"
"""Names the file that says what is read otherwise: ``files``, whole path to that of what is read, and ``fresh``."""

_OURS = "pytest_debugloop"
_INSTALLED = ("/site-packages/", "/dist-packages/")


class Overlay:
    """What the files of a checkout are read as.

    Args:
        files: what is in each, by its whole path without links.
        fresh: whole path, without links, of a folder whose source is compiled anew; empty for none.
    """

    def __init__(self, files: Mapping[str, bytes], fresh: str = "") -> None:
        self._files = files
        self._fresh = f"{fresh.rstrip(os.sep)}{os.sep}" if fresh else ""

    def data(self, path: str) -> bytes | None:
        """Give what a file is read as; None where it is read as it is.

        Args:
            path: of the file.
        """
        return self._files.get(os.path.realpath(path))

    def is_fresh(self, path: str) -> bool:
        """Tell whether a file is compiled, whatever Python has kept of it.

        Args:
            path: of the file.
        """
        path = os.path.realpath(path)
        if path in self._files:
            return True
        return bool(self._fresh) and path.startswith(self._fresh) and not any(name in path for name in _INSTALLED)

    def install(self) -> None:
        """Have it hold for everything that imports in this process."""
        loader: Any = importlib.machinery.SourceFileLoader
        read, status = loader.get_data, loader.path_stats

        def get_data(own: Any, path: str) -> Any:
            data = self.data(path)
            return read(own, path) if data is None else _remembered(path, data)

        def path_stats(own: Any, path: str) -> Any:
            if self.is_fresh(path):
                raise OSError  # then no .pyc is looked for, and none is made
            return status(own, path)

        loader.get_data, loader.path_stats = get_data, path_stats
        self._install_rewriting()

    def _install_rewriting(self) -> None:
        from _pytest.assertion import rewrite

        hook: Any = rewrite.AssertionRewritingHook
        execute = hook.exec_module

        def exec_module(own: Any, module: types.ModuleType) -> None:
            path = str(module.__spec__ and module.__spec__.origin)
            if not self.is_fresh(path):
                execute(own, module)
                return
            data = self.data(path)
            data = Path(path).read_bytes() if data is None else _remembered(path, data)
            own._rewritten_names[module.__name__] = Path(path)
            tree = ast.parse(data, filename=path)
            rewrite.rewrite_asserts(tree, data, path, own.config)
            exec(compile(tree, path, "exec", dont_inherit=True), module.__dict__)  # noqa: S102 - as pytest does

        hook.exec_module = exec_module


def _remembered(path: str, data: bytes) -> bytes:
    """Have tracebacks show what a file was read as."""
    lines = importlib.util.decode_source(data).splitlines(keepends=True)
    linecache.cache[path] = (len(data), None, lines, path)  # without a time of change it is not compared with the file
    return data


def main() -> None:
    """Run pytest as ``python -m pytest`` does."""
    given: dict[str, Any] = json.loads(Path(os.environ.pop(OVERLAY_VARIABLE)).read_text(encoding="ascii"))
    files = {os.path.realpath(path): Path(text).read_bytes() for path, text in given["files"].items()}
    Overlay(files, os.path.realpath(given["fresh"]) if given["fresh"] else "").install()
    # pytest warns of plugins that are there before it.
    for name in [name for name in sys.modules if name.partition(".")[0] == _OURS]:
        del sys.modules[name]
    runpy.run_module("pytest", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
