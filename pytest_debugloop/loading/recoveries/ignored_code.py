"""Which Python that git ignores differs between two runs: settings of one machine, and what was generated.

Of these files the record has a keyed hash alone. What a run has loaded of them is known as all code is, by its own
hash, and the keyed hash says which that was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from psycopg import Cursor

from pytest_debugloop.loading.recoveries.rows import RunFacts
from pytest_debugloop.sources.keyed import IGNORED_PYTHON, keyed_hash

_MAX_FILES = 500


class IgnoredCode(NamedTuple):
    """Files that differ, of the failing and of the passing run: path to hash."""

    failing: Mapping[str, str]
    passing: Mapping[str, str]


_NOTHING = IgnoredCode({}, {})


def ignored_code(failing: RunFacts, passing: RunFacts, ask: Callable[..., Cursor[Any]]) -> IgnoredCode:
    """Say what is in files that differ, where a run has loaded one side at least: others are nothing to a test.

    Args:
        failing: the run of the failure.
        passing: the run of the success.
        ask: gives the rows of a statement, by its name and its values.

    Returns:
        The hash of each file; of a side that no run has loaded one that is of no file.
    """
    before, after = failing.ignored_files or {}, passing.ignored_files or {}
    if before.get(IGNORED_PYTHON) is None or before.get(IGNORED_PYTHON) != after.get(IGNORED_PYTHON):
        return _NOTHING
    paths = sorted(path for path in before.keys() | after.keys() if path.endswith(".py"))
    paths = [path for path in paths if before.get(path) != after.get(path)][:_MAX_FILES]
    known: dict[str, list[str]] = dict(ask("recoveries_loaded", files=paths).fetchall()) if paths else {}
    if not known:
        return _NOTHING
    key = bytes(next(ask("hash_key"))[0])
    sides: list[dict[str, str]] = [{}, {}]
    for path, digests in known.items():
        by_keyed = {keyed_hash(key, path, digest): digest for digest in digests}
        hashes = [before.get(path), after.get(path)]
        if any(one in by_keyed for one in hashes):
            for side, one in zip(sides, hashes, strict=True):
                if one is not None:
                    side[path] = by_keyed.get(one, one)
    return IgnoredCode(*sides)
