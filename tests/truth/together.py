"""Several made causes in one project, so that two runs of pytest show what is said of all of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from benchmarks.truth.cases.case import Case, Run, changed

_COMMON = ("Base", "Shop", "rate", "total")


def together(cases: Sequence[Case]) -> tuple[Run, ...]:
    """Put cases of two runs, in which only files change, into folders of one project.

    Modules, and the functions that most cases have, get the number of their case: no two have one name.

    Args:
        cases: of which each reaches its files from the folder of the one that asks.
    """
    sides: list[dict[str, str | None]] = [{}, {}]
    for number, case in enumerate(cases):
        first, second = case.runs
        names = {*_COMMON, *(PurePosixPath(path).stem for path in first.files or {} if path.endswith(".py"))} - {
            "conftest"
        }
        for side, run in zip(sides, (first, second), strict=True):
            for path, text in (run.files or {}).items():
                side[f"c{number}/{_numbered(path, names, number)}"] = text and _numbered(text, names, number)
    before, after = sides
    return changed({path: text for path, text in before.items() if text is not None}, after)


def _numbered(text: str, names: set[str], number: int) -> str:
    return re.sub(rf"\b({'|'.join(map(re.escape, names))})\b", rf"\1_{number}", text)
