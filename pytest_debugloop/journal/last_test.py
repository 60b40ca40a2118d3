"""The test that a process began last, read from its journal."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import NamedTuple

from pytest_debugloop.private import read_file

_TAIL = 256 * 1024
_PHASES = ("setup", "call", "teardown")


def _is_same_test(recorded: str, node_id: str) -> bool:
    """Tell whether a recorded node id may be what pytest calls so: of the file it may know less."""
    file, _, rest = recorded.partition("::")
    given, _, name = node_id.partition("::")
    return rest == name and (not given or f"/{file}".endswith(f"/{given}"))


class BegunTest(NamedTuple):
    """A test that a process began, as its journal has it.

    Attributes:
        task: its name across runs.
        attempt: which attempt it was.
        phase: the phase that it was in.
    """

    node_id: str
    task: str
    attempt: int = 1
    phase: str = "call"


def last_begun_test(journal: Path, node_id: str) -> BegunTest:
    """Say of the test that a process died in what only that process knew: its secrets, which attempt and phase it was.

    Args:
        journal: of the process.
        node_id: of the test, as another process names it; empty where it names none.
    """
    try:
        with read_file(journal) as file:
            file.seek(max(os.fstat(file.fileno()).st_size - _TAIL, 0))
            lines = file.read().splitlines()
        found = next(line for line in reversed(lines) if line.startswith(b'{"kind":"step","rev":0,'))
        step = json.loads(found)
        name, phase = str(step["node_id"]), str(step["phase"])
        phase = phase if phase in _PHASES else "call"  # steps of a program are inside of it
        begun = BegunTest(name, str(step.get("task", name)), int(step["attempt"]), phase)
        if node_id and _is_same_test(begun.node_id.partition("[")[0], node_id.partition("[")[0]):
            return begun
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError, StopIteration):
        pass
    return BegunTest(node_id, node_id)
