"""What the process of a rerun is given and gives back: files, for thousands of node ids fit on no command line."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pytest_debugloop.rerunning.planned import Planned

SCRIPT_VARIABLE = "PYTEST_DEBUGLOOP_RERUN"
"""Names the script's file; every process that a rerun starts inherits it."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Where a debugger is to stop.

    Attributes:
        fingerprint: of the failure.
        error_code: the class name of its exception.
        file: of the frame, relative to rootdir; empty to stop at the innermost frame.
        function: of the frame, its qualified name.
        is_forced: whether the code is known to differ, and with it the fingerprint.
        recorded: the locals of each recorded frame, as lines, by :func:`frame_key`.
    """

    fingerprint: str
    error_code: str
    file: str
    function: str
    is_forced: bool
    recorded: dict[str, list[str]] = field(default_factory=dict)


def frame_key(file: str, function: str) -> str:
    """Name a frame in :attr:`Stop.recorded`.

    Args:
        file: relative to rootdir.
        function: its qualified name.
    """
    return f"{file}:{function}"


@dataclass(frozen=True, slots=True)
class Script:
    """What to run.

    Attributes:
        folder: of the reports.
        files: to collect, relative to rootdir, in order.
        target: the test.
        worker: the xdist worker that runs it, empty without workers.
        order: the tests of each worker, in order, the target among them.
        is_collection: whether the target is a file that is collected, and no test is run.
        stop: where to stop, None for nowhere.
        clock: a module that sets the clock of the tests, and the moment; empty for none.
    """

    folder: str
    files: list[str]
    target: Planned
    worker: str
    order: Mapping[str, list[Planned]]
    is_collection: bool = False
    stop: Stop | None = None
    clock: str = ""

    def write(self) -> Path:
        """Write it into its folder.

        Raises:
            OSError: the disk does not take it.
        """
        path = Path(self.folder) / "script.json"
        path.write_text(json.dumps(asdict(self)), encoding="ascii")
        return path

    @classmethod
    def from_environment(cls) -> Script:
        """Read the one that this process was given.

        Raises:
            KeyError: there is none.
            OSError: it is gone.
        """
        given: dict[str, Any] = json.loads(Path(os.environ[SCRIPT_VARIABLE]).read_text(encoding="ascii"))
        given["target"] = Planned(*given["target"])
        given["order"] = {worker: [Planned(*test) for test in tests] for worker, tests in given["order"].items()}
        given["stop"] = Stop(**given["stop"]) if given["stop"] else None
        return cls(**given)


@dataclass(slots=True)
class Report:
    """What a process of a rerun tells.

    Attributes:
        target: the node id by which its journal has the target; None where it is not there.
        missing: the planned tests that were not collected.
        unknown_options: those of plugins that are not installed.
        stopped: whether a debugger stopped at the failure.
        other: the failure of the target at which it did not stop.
    """

    target: str | None = None
    missing: list[str] = field(default_factory=list)
    unknown_options: list[str] = field(default_factory=list)
    stopped: bool = False
    other: str | None = None

    def write(self, folder: str, worker: str) -> None:
        """Write it, or write it again with more.

        Args:
            folder: of the script.
            worker: this process's name, empty for the one that was started.

        Raises:
            OSError: the disk does not take it.
        """
        path = Path(folder) / f"report-{worker or 'main'}.json"
        path.write_text(json.dumps(asdict(self)), encoding="ascii")

    @classmethod
    def read(cls, folder: Path, worker: str) -> Report | None:
        """Read that of a process; None where it wrote none.

        Args:
            folder: of the script.
            worker: its name, empty for the one that was started.
        """
        try:
            return cls(**json.loads((folder / f"report-{worker or 'main'}.json").read_text(encoding="ascii")))
        except (OSError, ValueError):
            return None
