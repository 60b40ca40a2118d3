"""The environment variables of a rerun: as the record has them, without those that would have results written."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from pytest_debugloop.capture.globs import glob_matcher
from pytest_debugloop.capture.variables import ENVIRONMENT

HASH_SEED = "PYTHONHASHSEED"
AUTOLOAD = "PYTEST_DISABLE_PLUGIN_AUTOLOAD"

_is_kept = glob_matcher(ENVIRONMENT)
# They name what is on a machine, decide which interpreter runs, or have results written: they stay as they are now.
_LEFT_ALONE = """
    VIRTUAL_ENV CONDA_DEFAULT_ENV PYTHONHOME PYTHONEXECUTABLE PYTHONSTARTUP PYTHONPYCACHEPREFIX PYTHONUSERBASE
    PYTHONPLATLIBDIR PYTHON_HISTORY PYTHONINSPECT HYPOTHESIS_STORAGE_DIRECTORY
    """
_OF_THE_MACHINE = frozenset(_LEFT_ALONE.split())
_NEVER = glob_matcher(("COVERAGE_*", "COV_CORE_*"))
# Of the plugin's own variables, those that say where a record goes; the others decide what is seen of a failure.
_PLACES = "LOAD DSN DIR SCHEMA CORRELATION_ID SESSION_ID AGENT_NAME PROJECT WAIT CI_REPORT"
_OF_THE_RECORD = {"DEBUGLOOP", *(f"DEBUGLOOP_{name}" for name in _PLACES.split())}
_OF_A_RUN = ("PYTEST_CURRENT_TEST", "PYTEST_VERSION", "PYTEST_XDIST_")  # where this runs inside of a test
_LONGEST_RECORDED = 500  # a value of this length may have been cut
_REDACTED = "[redacted"


class Environment(NamedTuple):
    """What a rerun changes of its environment.

    Attributes:
        changes: the value of each variable that is set, None for one that is taken out.
        notes: one sentence for each thing that cannot be as it was.
    """

    changes: dict[str, str | None]
    notes: list[str]


def rerun_environment(
    recorded: Mapping[str, str | None] | None, is_autoload: bool | None, current: Mapping[str, str]
) -> Environment:
    """Say how the environment has to change to be as it was.

    Args:
        recorded: the variables that the record has of the run, None for one that was not set.
        is_autoload: whether installed plugins were loaded by themselves; None where that is not known.
        current: the environment now.
    """
    known = recorded or {}
    changes: dict[str, str | None] = {
        name: None for name in current if name in _OF_THE_RECORD or _NEVER(name) or name.startswith(_OF_A_RUN)
    }
    changes |= {name: value for name, value in known.items() if not is_left_alone(name, value)}
    for name in current:
        # All of the allow-list that were set are in the record: another one was not.
        if recorded is not None and name not in known and name not in _OF_THE_MACHINE and _is_kept(name):
            changes[name] = None
    if is_autoload is not None:
        changes[AUTOLOAD] = None if is_autoload else "1"
    changes = {name: value for name, value in changes.items() if current.get(name) != value}
    unknown = sorted(name for name, value in known.items() if _is_unknown(value))
    notes = [f"the record does not have the value of {name}: the current value is used" for name in unknown]
    if _is_away("PYTHONPATH", known.get("PYTHONPATH")):
        notes.append("PYTHONPATH named directories that do not exist here: the current value is used")
    if known.get(HASH_SEED) in (None, "", "random"):
        notes.append(f"the hash seed was random ({HASH_SEED} was not set): sets and hashes may have a different order")
    return Environment(changes, notes)


def is_left_alone(name: str, value: str | None) -> bool:
    """Tell whether a recorded variable stays as it is now, whatever it was.

    Args:
        name: of the variable.
        value: that it had; None where it was not set.
    """
    return name in _OF_THE_MACHINE or _NEVER(name) or _is_unknown(value) or _is_away(name, value)


def _is_away(name: str, value: str | None) -> bool:
    parts = (value or "").split(os.pathsep) if name == "PYTHONPATH" else []
    return any(part.startswith(os.sep) and not Path(part).exists() for part in parts)


def _is_unknown(value: str | None) -> bool:
    return value is not None and (_REDACTED in value or len(value) >= _LONGEST_RECORDED)
