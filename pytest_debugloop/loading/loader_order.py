"""What a loader has to do."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_debugloop.journal.shared_names import LOADER_VARIABLE
from pytest_debugloop.setting_values import Retention


@dataclass(frozen=True, slots=True)
class LoaderOrder:
    """What a loader is to do.

    Attributes:
        folder: of the record.
        run_folder: of the journals to follow, None to load only what waits.
        dsn: of the server, empty for the embedded one.
        schema: of the record.
        postgres_version: of the embedded server where it has no data yet.
        wait: seconds that the run waits at its end.
        fallback: a second folder of journals that could not stay in the first.
        rootdir: pytest's, of the run to follow, or of the folder that this process works for.
        redactor: the arguments of the run's Redactor.
        failures_limit: of how many failed tests the run tells what the record knows.
        is_reported: whether the run reports to a CI, and wants the report from here.
        linger: for how many seconds the embedded server stays after its last use; None for as long as others say.
        is_awaited: whether the run waits at its end in any case; else it does only if the record has something to say.
        is_survey: whether to store nothing, and only to look at the code of the run, which has ended.
        trusted: whether an embedded record is opened that this user did not make on this machine.
        retention: how many days runs stay in an embedded record, as the setting has it; None deletes nothing.
        is_child: whether the loader is a child of the run, which must not get the loader's own children too.
    """

    folder: Path
    run_folder: Path | None
    dsn: str
    schema: str
    postgres_version: int
    wait: float
    fallback: Path | None = None
    rootdir: Path | None = None
    redactor: Mapping[str, list[str]] = field(default_factory=dict)
    failures_limit: int = 0
    is_reported: bool = False
    trusted: bool = False
    is_child: bool = False
    is_awaited: bool = True
    is_survey: bool = False
    retention: Retention | None = None
    linger: float | None = None

    @classmethod
    def from_environment(cls) -> LoaderOrder:
        """Read the order that :mod:`pytest_debugloop.summary.loader_start` gave.

        Raises:
            KeyError: there is none.
        """
        given: dict[str, Any] = json.loads(os.environ.pop(LOADER_VARIABLE))
        return cls(
            folder=Path(given["folder"]),
            run_folder=Path(given["run_folder"]) if given["run_folder"] else None,
            dsn=given["dsn"],
            schema=given["schema"],
            postgres_version=int(given["postgres_version"]),
            wait=float(given["wait"]),
            fallback=Path(given["fallback"]) if given.get("fallback") else None,
            rootdir=Path(given["rootdir"]) if given.get("rootdir") else None,
            redactor=given.get("redactor", {}),
            failures_limit=int(given.get("failures_limit", 0)),
            is_reported=bool(given.get("is_reported")),
            linger=float(given.get("linger", 0)),
            is_child=bool(given.get("is_child")),
            is_awaited=bool(given.get("is_awaited", True)),
            is_survey=bool(given.get("is_survey")),
            retention=Retention(*given["retention"]) if given.get("retention") else None,
        )
