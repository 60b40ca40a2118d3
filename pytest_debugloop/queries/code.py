"""The project's code as a run had it."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass

from pytest_debugloop.queries.question import Question

_MOST_FILES = 3_000
_MOST = 50


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the project.

    Attributes:
        file: from rootdir.
        function: its qualified name.
        line: its first.
        source: without secrets.
    """

    file: str
    function: str
    line: int
    source: str


def functions_named(run_id: uuid.UUID, names: Collection[str]) -> Question[Function]:
    """Find functions by the last part of their names.

    Args:
        run_id: of the run that had them.
        names: without what they are in.
    """
    asked = {"run_id": run_id, "names": sorted(names), "most_files": _MOST_FILES, "limit": _MOST}
    return Question("code_named", Function, asked)
