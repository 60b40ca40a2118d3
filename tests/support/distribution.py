"""Which tests one worker of pytest-xdist runs together; a plugin of this project's tests, for ``--dist loadgroup``.

Together are tests of one ``xdist_group``, and tests that share what is made once for a module, or what `MADE_ONCE`
names: what one worker has made, the others need not. All other tests are given out one by one.

pytest-xdist tells its scheduler of groups by names that it appends to node ids; with pytest 9.2 it does so no longer
(its issue 1386). Here the workers write the groups to a file, which the scheduler reads.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

MADE_ONCE = {"shop", "hostile"}
"""Fixtures of a session that take seconds to make, and that many tests read."""

_FOLDER = pytest.StashKey["tempfile.TemporaryDirectory[str]"]()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker where to write its groups."""
    config: pytest.Config = node.config
    if _FOLDER not in config.stash:
        config.stash[_FOLDER] = tempfile.TemporaryDirectory(prefix="debugloop-groups-")
    node.workerinput["groups"] = str(Path(config.stash[_FOLDER].name, node.gateway.id))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Write the groups, in a worker, before it tells that it has collected."""
    told = getattr(session.config, "workerinput", {}).get("groups")
    if told:
        Path(told).write_text(json.dumps(groups_of(session.items)), encoding="utf-8")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give out tests by these groups."""
    if config.getoption("dist") != "loadgroup":
        return None
    from xdist.scheduler import LoadGroupScheduling  # type: ignore[import-untyped]

    class Scheduling(LoadGroupScheduling):  # type: ignore[misc]
        _groups: dict[str, str] | None = None

        def _split_scope(self, nodeid: str) -> str:
            if self._groups is None:
                file = next(Path(config.stash[_FOLDER].name).iterdir())  # all workers have collected the same
                self._groups = json.loads(file.read_text(encoding="utf-8"))
            return self._groups.get(nodeid, nodeid)

    return Scheduling(config, log)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the files."""
    if _FOLDER in config.stash:
        config.stash[_FOLDER].cleanup()


def groups_of(items: list[pytest.Item]) -> dict[str, str]:
    """Group tests.

    Args:
        items: all that were collected.

    Returns:
        The group of each, by its node id; a test that is in none is left out.
    """
    leader: dict[str, str] = {}

    def find(key: str) -> str:
        while leader.setdefault(key, key) != key:
            key = leader[key]
        return key

    shared = {item.nodeid: keys for item in items if (keys := list(_shared(item)))}
    for first, *others in shared.values():
        for other in others:
            leader[find(other)] = find(first)
    return {node_id: find(keys[0]) for node_id, keys in shared.items()}


def _shared(item: pytest.Item) -> Iterator[str]:
    """Name what a test shares with others."""
    for mark in item.iter_markers("xdist_group"):
        yield f"group {mark.args[0]}"
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    for name, definitions in getattr(item, "_fixtureinfo").name2fixturedefs.items():  # noqa: B009 - private
        if name in MADE_ONCE and definitions[-1].scope == "session":
            yield f"{definitions[-1].baseid}::{name}"
        elif definitions[-1].scope == "module":
            yield f"{item.path}::{name}::{parameters.get(name)!r}"
