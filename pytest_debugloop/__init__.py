"""Turn every pytest run into a debug record in PostgreSQL.

PYTEST_DONT_REWRITE: it has no assertions to be rewritten.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_debugloop.api import AsyncDebugRecord as AsyncDebugRecord
    from pytest_debugloop.api import DebugRecord as DebugRecord
    from pytest_debugloop.api import connect as connect
    from pytest_debugloop.errors import DebugloopError as DebugloopError
    from pytest_debugloop.workflow.debugloop import DebugLoop as DebugLoop
    from pytest_debugloop.workflow.program import recording as recording

# Imported when they are asked for: the plugin is loaded in every run of everybody. `dir()` does not list them, since
# tools such as freezegun get each attribute of each module, and would import all of this in the middle of a test.
_PUBLIC = {
    "AsyncDebugRecord": "pytest_debugloop.api",
    "DebugLoop": "pytest_debugloop.workflow.debugloop",
    "DebugRecord": "pytest_debugloop.api",
    "DebugloopError": "pytest_debugloop.errors",
    "connect": "pytest_debugloop.api",
    "recording": "pytest_debugloop.workflow.program",
}

if not TYPE_CHECKING:  # or a checker would take any name for one of them

    def __getattr__(name: str) -> object:
        if name in _PUBLIC:
            from importlib import import_module

            return getattr(import_module(_PUBLIC[name]), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
