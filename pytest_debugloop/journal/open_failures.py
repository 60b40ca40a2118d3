"""Which tests have failed and not passed since: a file in the folder of the record, from the loader to the next run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from pytest_debugloop.journal.shared_names import OPEN_FAILURES_FILE
from pytest_debugloop.private import read_file, remove, write_atomically

MAX_TESTS = 1_000
"""How many tests of a project it names at most, the latest failures first."""
_MAX_PROJECTS = 50
_LARGEST_PROJECT = 1024 * 1024  # in bytes
_LARGEST = 4 * 1024 * 1024

OpenFailures = dict[str, list[dict[str, str]]]
"""By project: ``test``, its name across runs, and ``leg`` and ``branch`` where it has them."""


def read_open_failures(folder: Path) -> OpenFailures:
    """Read the file.

    Args:
        folder: of the record.

    Returns:
        What has the form that the loader writes; nothing where the file cannot be read, is too large, or holds
        something else.
    """
    try:
        with read_file(folder / OPEN_FAILURES_FILE) as file:
            data = file.read(_LARGEST + 1)
        found = json.loads(data)["projects"] if len(data) <= _LARGEST else {}
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return {}
    projects = list(found.items())[:_MAX_PROJECTS] if type(found) is dict else []
    return {name: [one for one in tests[:MAX_TESTS] if _is_test(one)] for name, tests in projects if _is_list(tests)}


def write_open_failures(folder: Path, project: str, tests: Sequence[Mapping[str, str]]) -> None:
    """Write the file anew where it says something else of a project.

    Args:
        folder: of the record.
        project: its name, as runs there give it.
        tests: of the project; those that are too many are left out.

    Raises:
        OSError: the folder is gone, cannot be written, or is full.
    """
    before = read_open_failures(folder)
    kept: list[dict[str, str]] = []
    size = 0
    for test in tests[:MAX_TESTS]:
        size += len(_encoded(test))
        if size > _LARGEST_PROJECT:
            break
        kept.append(dict(test))
    projects = {name: found for name, found in before.items() if name != project}
    if kept:
        projects = {project: kept, **dict(list(projects.items())[: _MAX_PROJECTS - 1])}
    if projects == before:
        return
    while len(data := _encoded({"format": 1, "projects": projects})) > _LARGEST:
        projects.popitem()  # that was written longest ago
    if projects:
        write_atomically(folder / OPEN_FAILURES_FILE, data)
    else:
        remove(folder / OPEN_FAILURES_FILE)


def _encoded(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _is_list(found: object) -> bool:
    return type(found) is list


def _is_test(found: object) -> bool:
    return type(found) is dict and "test" in found and all(type(text) is str for text in found.values())
