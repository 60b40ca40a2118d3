"""Which plugins a rerun loads: whether pytest loads what is installed, or only what the command line names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import metadata
from itertools import pairwise

_OURS = "pytest-debugloop"


class Plugins:
    """The plugins of a rerun.

    Args:
        recorded: those that the run loaded by their entry points, by distribution; None where that is not known.
        distributions: what was installed then; None where that is not known.
        arguments: of the rerun.

    Attributes:
        is_autoload: whether installed plugins are loaded by themselves; None where nothing tells how it was.
    """

    def __init__(
        self,
        recorded: Mapping[str, str] | None,
        distributions: Mapping[str, str] | None,
        arguments: Sequence[str],
    ) -> None:
        behind = [following for word, following in pairwise(arguments) if word == "-p"]
        named = behind + [word[2:] for word in arguments if word.startswith("-p") and len(word) > 2]
        self._blocked = {name[3:] for name in named if name.startswith("no:")}
        self._named = set(named)
        self._points = [(point, _name(point)) for point in metadata.entry_points(group="pytest11")]
        self.is_autoload = None if recorded is None else self._was_autoload(recorded, distributions or {})

    def _was_autoload(self, recorded: Mapping[str, str], distributions: Mapping[str, str]) -> bool:
        """Tell it by our own entry point, and by those of others: without autoload, few of them were loaded."""
        loaded = {_normal(name) for name in recorded}
        if not loaded:
            return False
        if _OURS not in loaded and _OURS in distributions:
            return False
        wanted = {name for point, name in self._points if name in distributions and point.name not in self._blocked}
        return 2 * len(wanted - loaded) <= len(wanted)

    def loads(self, module: str) -> bool:
        """Tell whether a plugin is loaded: by its entry point, or because the command line names it.

        Args:
            module: where the plugin is, or the package that it is in.
        """
        points = [point for point, _ in self._points if point.value.partition(".")[0] == module.partition(".")[0]]
        points = [point for point in points if f"{point.value}.".startswith(f"{module}.")]
        if module in self._named or any(point.name in self._named or point.value in self._named for point in points):
            return True
        return self.is_autoload is not False and any(point.name not in self._blocked for point in points)


def _name(point: metadata.EntryPoint) -> str:
    return "" if point.dist is None else _normal(point.dist.name)


def _normal(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")
