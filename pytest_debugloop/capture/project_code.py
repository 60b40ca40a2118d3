"""Which code is the project's: one answer for frames, fingerprints, code pointers and the files that a run has loaded.

The project's is what is below rootdir and in the other folders that are given, but for what is installed there:
interpreters, virtual environments, packages. Of several folders around a file the innermost decides. Generated code
(``<string>``, ``<attrs generated ...>``) is of the module in whose name it runs, or of whoever calls it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from types import FrameType, ModuleType
from typing import Any

from pytest_debugloop.capture.storage import module_name, module_namespace
from pytest_debugloop.environment.project_folders import holds_many_projects
from pytest_debugloop.journal.records import clean_text
from pytest_debugloop.lazy import Data, dataclass

_SEP = os.sep
_INSTALLED = (f"{_SEP}site-packages{_SEP}", f"{_SEP}dist-packages{_SEP}")
_FRAMEWORK = (*_INSTALLED, f"{_SEP}lib{_SEP}python")
_DOCTEST = "<doctest "
_MAX_CALLERS = 20
_MAX_KNOWN = 20_000
_stat, _realpath = os.stat, os.path.realpath  # tests patch them
_type = type


@dataclass(frozen=True)
class _File(Data):
    is_project: bool
    name: str
    identity: str


class ProjectCode:
    """The code of the project under test.

    Args:
        rootdir: pytest's rootdir.
        folders: other folders of its code, whole paths: the checkout around rootdir, say, or an editable install.
        foreign: folders of others' code, beside those of the interpreter.
    """

    def __init__(self, rootdir: str, folders: Iterable[str] = (), foreign: Iterable[str] = ()) -> None:
        self._rootdirs = tuple(dict.fromkeys(folder.rstrip(_SEP) for folder in (rootdir, _real(rootdir))))
        self._folders: dict[str, bool] = {}
        for folder in (*_of_interpreter(), *foreign):
            self._set(folder, is_project=False)
        for folder in (rootdir, *folders):
            self._set(folder, is_project=True)
        self._environments: dict[str, bool] = {}

    def add(self, folder: str) -> None:
        """Take one more folder for the project's.

        Args:
            folder: whole path of it.
        """
        if not self._folders.get(folder.rstrip(_SEP)):
            self._set(folder, is_project=True)

    def leave_out(self, path: str) -> None:
        """Take a folder, or a file, for others' code.

        Args:
            path: whole path of it.
        """
        self._set(path, is_project=False)

    @property
    def folders(self) -> list[str]:
        """The project's folders, whole paths."""
        return [folder for folder, is_project in self._folders.items() if is_project]

    def _set(self, folder: str, *, is_project: bool) -> None:
        self._files: dict[str, _File] = {}
        self._installed: dict[str, bool] = {}
        for path in (folder, _real(folder)):
            if path.startswith(_SEP):
                self._folders[path.rstrip(_SEP)] = is_project

    # -- files ------------------------------------------------------------------------------------------------------

    def has_file(self, path: str) -> bool:
        """Tell whether a source file is the project's.

        Args:
            path: as a code object or a module names it.
        """
        return self._known(path).is_project

    def name_of(self, path: str) -> str:
        """Name a source file: from rootdir where it is in or beside it, else by its whole path.

        Args:
            path: as a code object or a module names it.
        """
        return self._known(path).name

    def identity_of(self, path: str) -> str:
        """Name a source file so that it has the same name on every machine, as far as that can be.

        Args:
            path: as a code object or a module names it.
        """
        return self._known(path).identity

    def name_outside(self, path: str) -> str | None:
        """Name a file of code that is neither the project's nor of what is installed: of a folder on ``sys.path``, say.

        Args:
            path: whole path of it, as a module names it.

        Returns:
            Its path from rootdir where both are in one folder, else its whole path; None for all other files.
        """
        if _is_framework(path) or not path.startswith(_SEP) or self.has_file(path):
            return None
        place = os.path.normpath(path)
        if self._folder_of(place) or self._folder_of(_real(place)) or self._is_in_environment(place, ""):
            return None
        return clean_text(self._name(path, place, is_project=True))

    def is_installed(self, path: str) -> bool:
        """Tell at a glance whether a file lies in a folder of an interpreter, where no other file has to be asked.

        Args:
            path: whole path of it, as a module names it.
        """
        above = path.rpartition(_SEP)[0]
        found = self._installed.get(above)
        if found is None:
            folder = self._folder_of(above) if os.path.normpath(above) == above else None
            is_foreign = folder is not None and not self._folders[folder]
            found = self._installed[above] = is_foreign and _is_framework(above + _SEP)
        return found and path not in self._folders

    def is_below_rootdir(self, path: str) -> bool:
        """Tell whether a file or folder is in rootdir, as it is spelt.

        Args:
            path: whole path of it.
        """
        return f"{path}{_SEP}".startswith(f"{self._rootdirs[0]}{_SEP}")

    def _known(self, path: str) -> _File:
        found = self._files.get(path)
        if found is None:
            if len(self._files) >= _MAX_KNOWN:
                self._files.clear()
            found = self._files[path] = self._classify(path)
        return found

    def _classify(self, path: str) -> _File:
        if is_generated(path):
            return _File(path.startswith(_DOCTEST), clean_text(path), clean_text(path))
        if not path.startswith(_SEP):
            return _File(not _is_framework(_SEP + path), clean_text(path), clean_text(path))
        place = os.path.normpath(path)
        folder = self._folder_of(place)
        if folder is None:  # a link may lead to it
            real = _real(place)
            folder = self._folder_of(real)
            place = real if folder is not None else place
        is_project = (
            folder is not None
            and self._folders[folder]
            and not _is_framework(place[len(folder) :])
            and not self._is_in_environment(place, folder)
        )
        name = self._name(path, place, is_project=is_project)
        return _File(is_project, clean_text(name), clean_text(_identity(name, place, folder if is_project else None)))

    def _folder_of(self, path: str) -> str | None:
        """Give the innermost of the known folders around a file."""
        while path:
            if path in self._folders:
                return path
            path = path.rpartition(_SEP)[0]
        return "" if "" in self._folders else None

    def _is_in_environment(self, path: str, folder: str) -> bool:
        """Tell whether a file is in a virtual environment that is in a folder of the project."""
        above = path.rpartition(_SEP)[0]
        if len(above) <= len(folder):
            return False
        found = self._environments.get(above)
        if found is None:
            found = _exists(f"{above}{_SEP}pyvenv.cfg") or self._is_in_environment(above, folder)
            self._environments[above] = found
        return found

    def _name(self, path: str, place: str, *, is_project: bool) -> str:
        for rootdir in self._rootdirs:
            if place.startswith(f"{rootdir}{_SEP}"):
                return place[len(rootdir) + 1 :]
        for rootdir in self._rootdirs if is_project else ():
            if not holds_many_projects(os.path.commonpath((place, rootdir or _SEP))):
                return os.path.relpath(place, rootdir)
        return path

    # -- frames -----------------------------------------------------------------------------------------------------

    def has(self, frame: FrameType, *, is_called_by_own: bool | None = None) -> bool:
        """Tell whether a frame is of the project's code.

        Args:
            frame: any frame.
            is_called_by_own: whether what called it is; None to find out.
        """
        path = frame.f_code.co_filename
        if not is_generated(path) or path.startswith((_DOCTEST, "<frozen ")):
            return self.has_file(path)
        owner = _file_of_module(frame.f_globals)
        if owner is not None and not is_generated(owner):
            return self.has_file(owner)
        if self._is_method_of_own(frame):
            return True
        return self._is_called_by_own(frame) if is_called_by_own is None else is_called_by_own

    def _is_method_of_own(self, frame: FrameType) -> bool:
        """Tell whether a generated method is of a class of the project: attrs makes them in names of their own."""
        code, names = frame.f_code, frame.f_locals
        if not code.co_argcount or _type(names).__name__ not in ("dict", "FrameLocalsProxy"):
            return False
        first: object = names.get(code.co_varnames[0])
        owner = _file_of_module({"__name__": module_name(_type(first))})
        return owner is not None and not is_generated(owner) and self.has_file(owner)

    def _is_called_by_own(self, frame: FrameType) -> bool:
        caller = frame.f_back
        for _ in range(_MAX_CALLERS):
            if caller is None:
                return False
            if not is_generated(caller.f_code.co_filename):
                return self.has_file(caller.f_code.co_filename)
            caller = caller.f_back
        return False


def is_generated(path: str) -> bool:
    """Tell whether code has no file of its own.

    Args:
        path: as the code object names it.
    """
    return path.startswith("<")


def _file_of_module(names: dict[str, Any]) -> str | None:
    """Give the file of the module that names are of; the main module is pytest's."""
    found = dict.get(names, "__file__")
    if found is None:
        name = dict.get(names, "__name__")
        module = dict.get(sys.modules, name) if _type(name) is str and name != "__main__" else None
        found = module_namespace(module).get("__file__") if _type(module) is ModuleType else None
    return found if _type(found) is str else None


def _of_interpreter() -> list[str]:
    prefixes = (sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix)
    return list(dict.fromkeys((*filter(None, prefixes), os.path.dirname(os.__file__))))  # noqa: PTH120


def _is_framework(path: str) -> bool:
    return any(part in path for part in _FRAMEWORK)


def _identity(name: str, place: str, folder: str | None) -> str:
    if not name.startswith(_SEP) and not _is_framework(_SEP + name):
        return name
    for part in _INSTALLED:
        head, found, tail = place.rpartition(part)
        if found and head:
            return f"{part.strip(_SEP)}/{tail}"
    return name if folder is None else f"{folder.rpartition(_SEP)[2]}{place[len(folder) :]}"


def _real(path: str) -> str:
    try:
        return _realpath(path)
    except (OSError, ValueError):
        return path


def _exists(path: str) -> bool:
    try:
        _stat(path)
    except (OSError, ValueError):
        return False
    return True
