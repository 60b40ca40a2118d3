"""pytest's hooks, and what becomes of them in the journal.

This room has the name of what programs record with: ``with pytest_debugloop.recording(...)`` works in a test process,
too, where the room is imported.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class _Room(ModuleType):
    def __call__(self, *arguments: Any, **more: Any) -> Any:
        from pytest_debugloop.workflow.program import recording

        return recording(*arguments, **more)


sys.modules[__name__].__class__ = _Room
