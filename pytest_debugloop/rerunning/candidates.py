"""What differs between two runs and can be undone, one thing at a time, the most likely reason first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_debugloop.text.strategies import CHANGED_CODE, CODE, DATA, ENVIRONMENT, OPTION, ORDER

_ORDER = (CODE, DATA, OPTION, ENVIRONMENT, ORDER)
_NOT_UNDONE = {
    "distributions": "needs another environment",
    "interpreter": "needs another Python or machine",
    "outside": "is outside the checkout",
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """One thing that differs.

    Attributes:
        strategy: of a recovery by it.
        key: a function, a variable or an option; empty for a whole file, for all options, and for the order.
        file: from rootdir; empty where it is no file.
        is_of_process: whether a process that the test starts runs it, and reads it by itself.
    """

    strategy: str
    key: str
    file: str = ""
    is_of_process: bool = field(default=False, compare=False)

    @property
    def name(self) -> str:
        """What it is, for people."""
        if self.file:
            return f"{self.key} in {self.file}" if self.key else self.file
        return self.key or ("the options" if self.strategy == OPTION else "what ran before it")


def candidates_of(evidence: Mapping[str, Any], strategy: str | None) -> list[Candidate]:
    """List what can be undone.

    Args:
        evidence: of a recovery.
        strategy: that was chosen: its candidates come first.
    """
    found = list(dict.fromkeys(_candidates(evidence)))
    order = sorted(_ORDER, key=lambda one: one != strategy)
    return sorted(found, key=lambda one: order.index(one.strategy))


def _candidates(evidence: Mapping[str, Any]) -> Iterator[Candidate]:
    for key in CHANGED_CODE:
        for one in _dicts(evidence.get(key)):
            if isinstance(one.get("file"), str) and isinstance(one.get("function"), str):
                yield Candidate(CODE, one["function"], one["file"], one.get("reached_from") == "process")
    for one in _dicts(evidence.get("data")):
        if isinstance(one.get("file"), str):
            yield Candidate(DATA, "", one["file"])
    for key, strategy in (("options", OPTION), ("environment", ENVIRONMENT)):
        changes = evidence.get(key)
        for name in changes if isinstance(changes, dict) else ():
            yield Candidate(strategy, str(name))
    if isinstance(evidence.get("order"), dict):
        yield Candidate(ORDER, "")


def changes_of(evidence: Mapping[str, Any], *, is_open: bool) -> dict[str, dict[str, tuple[Any, Any]]]:
    """Give the variables and options that differ, by strategy and name: what they are here, and were on the other side.

    Args:
        evidence: of a recovery; before and after are of the failure and of the pass.
        is_open: whether the failure is what is here.
    """
    found: dict[str, dict[str, tuple[Any, Any]]] = {}
    for key, strategy in (("options", OPTION), ("environment", ENVIRONMENT)):
        changes = evidence.get(key)
        pairs = changes.items() if isinstance(changes, dict) else ()
        found[strategy] = {
            str(name): (pair[0], pair[1]) if is_open else (pair[1], pair[0])
            for name, pair in pairs
            if isinstance(pair, (list, tuple)) and len(pair) == 2
        }
    return found


def not_undone(evidence: Mapping[str, Any]) -> list[str]:
    """Say what differs and cannot be undone here: one text each.

    Args:
        evidence: of a recovery.
    """
    found = []
    for key, why in _NOT_UNDONE.items():
        changes = evidence.get(key)
        names = [str(one.get("file") or one.get("distribution")) for one in _dicts(changes)]
        names = list(map(str, changes)) if isinstance(changes, dict) else names
        found += [f"{name} {why}" for name in names]
    return found


def _dicts(value: Any) -> Sequence[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
