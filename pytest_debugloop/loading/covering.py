"""Traces by coverage: what pytest-cov has kept of tests whose own trace is not there, was cut, or has no lines."""

from __future__ import annotations

import json
import traceback
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from pytest_debugloop.journal.shared_names import MAIN_JOURNAL
from pytest_debugloop.loading.batch import statement
from pytest_debugloop.loading.heads import JournalHead
from pytest_debugloop.loading.journals import LONGEST_LINE
from pytest_debugloop.loading.loader import Loader
from pytest_debugloop.loading.surveying import NO_RECORD, Surveyor
from pytest_debugloop.private import read_file
from pytest_debugloop.sources.covered import Coverage, Covered, covered

_MAX_TESTS = 100
_LONGEST_FINISH = 128 * 1024
_FINISH = b'\n{"kind":"finish"'
# Why a trace of our own does not tell all, where coverage cannot say more.
_BESIDE_LINES = ("it opened", "it started", "not all that it opened")
_ALONE = "coverage tells neither the files that it opened nor the processes that it started"
_TOGETHER = "coverage tells all its attempts in one"
_IN_PART = "coverage did not look at each file, or not at the whole test"
_BY_FUNCTION = "coverage tells nothing of its fixtures"


class _DataFile(NamedTuple):
    """What the run says of coverage."""

    data_file: Path
    folder: Path
    by_function: bool


def add_covered(loader: Loader, head: JournalHead, journals: Iterable[Path], surveyor: Surveyor) -> None:
    """Keep what coverage tells of the attempts of a run; nothing is reported where that cannot be.

    Args:
        loader: into the database, which has all of the run but its conclusions.
        head: of the run's main process.
        journals: of the run.
        surveyor: knows which files the run has loaded.
    """
    try:
        data = next((_data_file_of(path) for path in journals if path.name == MAIN_JOURNAL), None)
        names = surveyor.unchanged() if data is not None else {}
        if data is None or not names:
            return
        run = {"run_id": head.run_id, "correlation_id": head.correlation_id}
        with loader.entered() as cursor, cursor.connection.cursor(row_factory=dict_row) as rows:
            asked = rows.execute(statement("covered_asked").encode(), {**run, "most": _MAX_TESTS}).fetchall()
        tests = {attempt["operation_name"] for attempt in asked}
        found = covered(data.data_file, data.folder, tests, names, by_function=data.by_function)
        is_all = found.measured >= {name for path, name in names.items() if _is_code_of_project(path, name)}
        traces = [
            _trace(attempt, found, is_all=is_all, by_function=data.by_function)
            for attempt in asked
            if attempt["operation_name"] in found.tests
        ]
        if traces:
            with loader.entered() as cursor:
                cursor.execute(statement("covered_store"), {"run_id": head.run_id, "traces": Jsonb(traces)})
    except (OSError, psycopg.OperationalError):
        pass  # the folder is gone; or the database is, and whoever goes on reports it
    except Exception:
        traceback.print_exc()


def _data_file_of(journal: Path) -> _DataFile | None:
    """Give what the run says, where the data file is of this run: written while it went on, and by nobody later."""
    try:
        with read_file(journal) as file:
            head: dict[str, Any] = json.loads(file.readline(LONGEST_LINE))
            if "coverage" not in head["facts"]:
                return None
            data = head["facts"]["coverage"]
            found = _DataFile(Path(data["data_file"]), Path(data["folder"]), bool(data["by_function"]))
            file.seek(max(journal.stat().st_size - _LONGEST_FINISH, 0))
            finish = json.loads(_FINISH + file.read().rpartition(_FINISH)[2].partition(b"\n")[0])
            began, ended = head["started"] * 1_000, finish["at"] * 1_000
    except NO_RECORD:
        return None
    return found if began <= found.data_file.stat().st_mtime_ns <= ended else None


def _is_code_of_project(path: str, name: str) -> bool:
    return name.endswith(".py") and not name.startswith(("../", "/")) and Path(path).stat().st_size > 0


def _trace(attempt: Mapping[str, Any], found: Coverage, *, is_all: bool, by_function: bool) -> dict[str, Any]:
    """Put a trace of coverage, and one of our own where there is one, together."""
    test: Covered = found.tests[attempt["operation_name"]]
    own = attempt["traced_by"] not in (None, "none")
    files = _together(attempt["files"] or {}, test.files)
    before: Collection[str] = attempt["cut"] if attempt["cut"] is not None else [_ALONE]
    cut = [reason for reason in before if reason.startswith((*_BESIDE_LINES, _ALONE))]
    if not (own and not before):  # what we have seen whole stays so
        cut += [_TOGETHER] if attempt["attempts"] > 1 else []
        cut += [_BY_FUNCTION] if by_function else []
        cut += [] if is_all and test.has_call else [_IN_PART]
    return {
        **{name: attempt[name] for name in ("agent_name", "operation_name", "attempt")},
        "id": str(attempt["id"]),
        "correlation_id": str(attempt["correlation_id"]),
        "started_at": attempt["started_at"].isoformat(),
        "files": files,
        "opened": attempt["opened"] or [],
        "children": attempt["children"] or [],
        "cut": cut,
    }


def _together(own: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, dict[str, list[Any]]]:
    found: dict[str, dict[str, list[Any]]] = {}
    for file in {**own, **other}:
        sides = [side[file] for side in (own, other) if file in side]
        functions = {(str(name), int(line)): None for side in sides for name, line in side["functions"]}
        lines = {int(line) for side in sides for line in side.get("lines", ())}
        found[file] = {"functions": [list(one) for one in functions], "lines": sorted(lines)}
    return found
