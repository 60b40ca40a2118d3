"""Node ids as they are recorded: without xdist's groups and the secrets of parameters, and with the file they are in.

Outside of rootdir pytest names a file from the argument that it was found by, or not at all: one test has several node
ids there, and tests of different files the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from pytest_debugloop.capture.redact import REDACTED, Redactor
from pytest_debugloop.capture.scalars import bytes_text
from pytest_debugloop.environment.project_folders import folder_of_tests
from pytest_debugloop.lazy import Data, dataclass

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from pytest_debugloop.capture.project_code import ProjectCode

_INSTALLED = ("site-packages/", "dist-packages/")


@dataclass(frozen=True)
class OutsideFile(Data):
    """The file that a node is in, where it is outside of rootdir.

    Attributes:
        file: as the project names it.
        identity: the same on every machine, as far as that can be.
    """

    file: str
    identity: str


class OutsideFiles:
    """Where nodes are whose file pytest does not name from rootdir.

    Args:
        project: learns of folders that tests are collected from.
        rootdir: pytest's rootdir.
    """

    def __init__(self, project: ProjectCode, rootdir: Path) -> None:
        self._project = project
        self._rootdir = rootdir
        self._known: dict[Path, OutsideFile | None] = {}

    def of(self, path: Path) -> OutsideFile | None:
        """Give the place of a node.

        Args:
            path: of its file.

        Returns:
            None in rootdir, where a node id says it.
        """
        if path in self._known:
            return self._known[path]
        found = None
        if not self._project.is_below_rootdir(str(path)):
            if not self._project.has_file(str(path)):
                self._project.add(str(folder_of_tests(path, self._rootdir)))
            name, identity = self._project.name_of(str(path)), self._project.identity_of(str(path))
            # Of all that is installed, one is imported by a name; of other folders, several may be called alike.
            found = OutsideFile(name, identity if identity.startswith(_INSTALLED) else name)
        self._known[path] = found
        return found

    def node_id_of(self, node: pytest.Item | pytest.Collector, node_id: str) -> str:
        """Give a node id with the file that it is in.

        Args:
            node: of any kind.
            node_id: of it.
        """
        place = self.of(node.path)
        return node_id if place is None else in_file(node_id, place.file)

    def name_of(self, item: pytest.Item, node_id: str) -> str:
        """Give a node id with what names its file on every machine.

        Args:
            item: the test.
            node_id: of it.
        """
        place = self.of(item.path)
        return node_id if place is None else in_file(node_id, place.identity)


def in_file(node_id: str, file: str) -> str:
    """Give a node id with another file.

    Args:
        node_id: of any node.
        file: that it is in.
    """
    _, separator, rest = node_id.partition("::")
    return f"{file}{separator}{rest}"


class NodeIds:
    """The node ids of a process that runs tests.

    Args:
        redactor: takes secrets out.
        places: of files outside of rootdir.
        group_suffix: whether xdist appends ``@group`` to node ids here (``--dist loadgroup``).
    """

    __slots__ = ("_group_suffix", "_redacted", "_redactor", "places")

    def __init__(self, redactor: Redactor, places: OutsideFiles, *, group_suffix: bool) -> None:
        self._redactor = redactor
        self.places = places
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
            node_id = node_id.removesuffix("@" + "_".join(sorted(names)))
        return self.places.node_id_of(item, node_id)

    def is_plain(self, path: Path) -> bool:
        """Tell whether the node ids of a file's tests, without parameters, are recorded as they are.

        Args:
            path: of the file.
        """
        return not self._redacted and not self._group_suffix and self.places.of(path) is None


def redacted_node_ids(items: Iterable[pytest.Item], redactor: Redactor) -> dict[str, str]:
    """Take secrets out of the node ids of tests.

    A parameter of a name that stands for a secret, and any text in the id that has the shape of one, is taken out. Two
    tests that would be one after that are distinguished by a number, in the order of collection.

    Args:
        items: the tests as pytest collected them.
        redactor: takes secrets out.

    Returns:
        The recorded id by pytest's own, of those alone that differ.
    """
    found: dict[str, str] = {}
    with_parameters = [item for item in items if hasattr(item, "callspec")]
    is_suspicious = redactor.is_suspicious("\0".join([item.nodeid for item in with_parameters]))
    have_secrets: dict[tuple[str, ...], bool] = {}
    for item in with_parameters:
        names = (*item.callspec.params,)
        if names not in have_secrets:
            have_secrets[names] = any(map(redactor.names.is_secret, names))
        if not (is_suspicious or have_secrets[names]):
            continue
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
