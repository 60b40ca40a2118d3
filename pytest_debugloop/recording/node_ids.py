"""Node ids as they are recorded: without xdist's groups, and without the secrets that parameters put into them."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from pytest_debugloop.capture.redact import REDACTED, Redactor
from pytest_debugloop.capture.scalars import bytes_text
from pytest_debugloop.private import read_file

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

_TAIL = 256 * 1024


class NodeIds:
    """The node ids of a process that runs tests.

    Args:
        redactor: takes secrets out.
        group_suffix: whether xdist appends ``@group`` to node ids here (``--dist loadgroup``).
    """

    __slots__ = ("_group_suffix", "_redacted", "_redactor")

    def __init__(self, redactor: Redactor, *, group_suffix: bool) -> None:
        self._redactor = redactor
        self._group_suffix = group_suffix
        self._redacted: dict[str, str] = {}

    def collect(self, items: Iterable[pytest.Item]) -> None:
        """Find those that hold secrets.

        Args:
            items: the tests as pytest collected them.
        """
        self._redacted = redacted_node_ids(items, self._redactor)

    def of(self, item: pytest.Item) -> str:
        """Give the node id of a test as it is recorded.

        Args:
            item: the test.
        """
        node_id = item.nodeid
        if self._redacted:
            node_id = self._redacted.get(node_id, node_id)
        if self._group_suffix and "@" in node_id:
            markers = item.iter_markers("xdist_group")
            names = {str(m.args[0] if m.args else m.kwargs.get("name", "default")) for m in markers}
            return node_id.removesuffix("@" + "_".join(sorted(names)))
        return node_id


def redacted_node_ids(items: Iterable[pytest.Item], redactor: Redactor) -> dict[str, str]:
    """Take secrets out of the node ids of tests.

    A parameter of a name that stands for a secret, and any text in the id that has the shape of one, is taken out. Two
    tests that would be one after that are told apart by a number, in the order of collection.

    Args:
        items: the tests as pytest collected them.
        redactor: takes secrets out.

    Returns:
        The recorded id by pytest's own, of those alone that differ.
    """
    found: dict[str, str] = {}
    with_parameters = [item for item in items if hasattr(item, "callspec")]
    is_suspicious = redactor.is_suspicious("\0".join(item.nodeid for item in with_parameters))
    for item in with_parameters:
        head, _, identifier = item.nodeid.partition("[")
        secrets = [
            bytes_text(value) if type(value) is bytes else str(value)
            for name, value in item.callspec.params.items()
            if type(value) in (str, int, bytes) and redactor.names.is_secret(name)
        ]
        redacted = identifier
        for secret in secrets:
            if secret:
                redacted = redacted.replace(secret, REDACTED)
        if secrets and redacted == identifier:
            # pytest wrote it in its own way, or the user gave an id that may hold it in another.
            parts = identifier.removesuffix("]").split("-")
            redacted = "-".join(REDACTED for _ in parts) + "]"
        if is_suspicious:
            redacted = redactor.text(redacted)
        if redacted != identifier:
            found[item.nodeid] = f"{head}[{redacted}"
    times: Counter[str] = Counter()
    for node_id, redacted in found.items():
        times[redacted] += 1
        if times[redacted] > 1:
            found[node_id] = f"{redacted} #{times[redacted]}"
    return found


class Begun(NamedTuple):
    """A test that a process began, as its journal has it.

    Attributes:
        task: its name across runs.
        attempt: which attempt it was.
    """

    node_id: str
    task: str
    attempt: int = 1


def begun_last(journal: Path, node_id: str) -> Begun:
    """Say of the test that a process died in what only that process knew: its secrets, and which attempt it was.

    Args:
        journal: of the process.
        node_id: of the test, as another process names it.
    """
    try:
        with read_file(journal) as file:
            file.seek(max(os.fstat(file.fileno()).st_size - _TAIL, 0))
            lines = file.read().splitlines()
        found = next(line for line in reversed(lines) if line.startswith(b'{"kind":"step","rev":0,'))
        step = json.loads(found)
        begun = Begun(str(step["node_id"]), str(step.get("task", step["node_id"])), int(step["attempt"]))
        if begun.node_id.partition("[")[0] == node_id.partition("[")[0]:
            return begun
    except (OSError, ValueError, KeyError, StopIteration):
        pass
    return Begun(node_id, node_id)
