"""Our own modules imported as any program's: from the byte code of the installation.

pytest rewrites the assertions of every distribution that has a plugin, and for that compiles its modules anew where it
has not left its own byte code beside theirs: in each run, where Python may not write any.

PYTEST_DONT_REWRITE: this module is imported before that.
"""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType, TracebackType

_OURS = __name__.partition(".")[0] + "."


class OwnImports:
    """A context in which the modules of this package are found without pytest, and no others.

    It finds what is on the package's own path, also in an archive; what is not there, the next finder looks for.
    """

    __slots__ = ("_finders",)

    def __enter__(self) -> None:
        self._finders = sys.meta_path
        self._finders.insert(0, self)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # Another may have put a list of its own in its place meanwhile.
        for found in (self._finders, sys.meta_path):
            found[:] = [finder for finder in found if finder is not self]

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a module.

        Args:
            fullname: of it.
            path: of the package that it is in.
            target: a module that is loaded again.
        """
        return PathFinder.find_spec(fullname, path, target) if fullname.startswith(_OURS) else None


def replace_rewriting_loaders(*names: str) -> None:
    """Give modules that pytest's import hook has loaded a plain loader, on those versions of Python that need it.

    In CPython 3.12.0 to 3.12.3, a cache of ``inspect`` keeps classes of plugins to the end. Their modules must not lead
    to the hook: it knows pytest's configuration, that knows all tests, and to free a large suite takes a third longer
    then (https://github.com/python/cpython/issues/118013).

    Args:
        names: of the modules.
    """
    if not (3, 12) <= sys.version_info < (3, 12, 4):
        return
    for name in names:
        module = sys.modules[name]
        spec = module.__spec__
        if spec is not None and spec.origin is not None and type(spec.loader).__module__.startswith("_pytest."):
            module.__loader__ = spec.loader = SourceFileLoader(name, spec.origin)
