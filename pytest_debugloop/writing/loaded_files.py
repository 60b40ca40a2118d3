"""The files of code that this process has loaded, and their names in the record."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.machinery import EXTENSION_SUFFIXES
from types import ModuleType

from pytest_debugloop.capture.project_code import ProjectCode
from pytest_debugloop.capture.storage import module_namespace

_OURS = os.path.join(os.path.dirname(os.path.dirname(__file__)), "")  # noqa: PTH118, PTH120
_CODE = (".py", *EXTENSION_SUFFIXES)


def code_name(path: str, project: ProjectCode) -> str | None:
    """Name a file of code as the record does; None for one that is installed, or ours.

    Args:
        path: as a module or a code object has it.
        project: tells which code is its own.
    """
    if project.has_file(path):
        return project.name_of(path)
    return None if path.startswith(_OURS) else project.name_outside(path)


def imported_before_pytest(modules: Mapping[str, object]) -> Iterator[str]:
    """Give the files of modules that are there because of how Python was started, and not because a test needs them.

    They are imported by ``.pth`` files, ``sitecustomize``, an IDE, a debugger. What tests import from where these have
    added to ``sys.path`` is not among them.

    Args:
        modules: by name, in the order in which they were imported.
    """
    for name, module in list(modules.items()):
        if name in ("pytest", "_pytest"):
            return
        if type(module) is ModuleType and name != "__main__":
            path = module_namespace(module).get("__file__")
            if type(path) is str:
                yield path


class LoadedFiles:
    """The source files that this process has loaded, the project's and those beside it that are not installed.

    Extension modules are among them.

    Args:
        project: tells which code is its own.
        plugins: gives pytest's plugins, the modules of ``conftest.py`` among them: where several have that name,
            ``sys.modules`` holds one.
    """

    def __init__(self, project: ProjectCode, plugins: Callable[[], Iterable[object]]) -> None:
        self._project = project
        self._plugins = plugins
        self._told: set[str] = set()

    def more(self) -> list[tuple[str, int, int]]:
        """Give those that were not given before: path as the project names it, time of change, size."""
        found = []
        for path, name in self._paths():
            try:
                status = os.stat(path)  # noqa: PTH116 - tests patch pathlib
            except OSError:
                continue
            found.append((name, status.st_mtime_ns, status.st_size))
        return found

    def _paths(self) -> Iterator[tuple[str, str]]:
        for module in [*list(sys.modules.values()), *self._plugins()]:
            if type(module) is not ModuleType:
                continue
            path = module_namespace(module).get("__file__")
            if type(path) is not str or path in self._told or not path.endswith(_CODE):
                continue
            self._told.add(path)
            if self._project.is_installed(path):  # as nearly all are
                continue
            name = code_name(path, self._project)
            if name is not None:
                yield path, name
