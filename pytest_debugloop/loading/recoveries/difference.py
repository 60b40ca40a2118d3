"""What is known of the code that differs between the run of a failure and the run of a pass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from pytest_debugloop.loading.recoveries.code_changes import Change, Reach, Unit


class CodeDifference(NamedTuple):
    """What code differs between the runs of a failure and of a success.

    Attributes:
        changes: the functions that do.
        reach: who reaches them.
        failing: the functions of the files of the failing run, by file, as far as they are known.
        passing: the same of the passing run.
        unknown: files that differ, and of which a side is not known: nothing of the run had loaded them.
    """

    changes: list[Change]
    reach: Reach
    failing: Mapping[str, list[Unit]]
    passing: Mapping[str, list[Unit]]
    unknown: list[str]
