"""The recorded values that explain a failure, the most telling first."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from pytest_debugloop.snapshots.agent_state import AgentState, StoredFrame
from pytest_debugloop.snapshots.frames import by_relevance, own_names, statement_of
from pytest_debugloop.snapshots.paths import joined
from pytest_debugloop.snapshots.values import Values, own_name
from pytest_debugloop.text.pointers import value_at
from pytest_debugloop.text.printable import printable

_VALUE = 160
_PART = 40
_LARGE = 12  # parts of a value that says little by itself, such as headers
_CHAIN = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)+")
_RECEIVERS = ("self", "cls")
_CODE = frozenset({"type", "module", "function", "builtin_function_or_method", "method"})


class TellingValue(NamedTuple):
    """A recorded value by its name.

    Attributes:
        name: as the program has it, such as ``self.path``.
        text: the value on one line, as Python writes it.
        path: where it is, as ``debugloop value`` takes it.
        is_cut: whether the text is only a part of it.
    """

    name: str
    text: str
    path: str
    is_cut: bool


class TellingValues:
    """Finds the values of a state that explain a failure.

    Args:
        state: a snapshot's ``agent_state``.
    """

    def __init__(self, state: AgentState) -> None:
        self._state = state
        self._values = Values(state)

    def of_frame(self, frame: StoredFrame, path: str, pointer: str) -> list[TellingValue]:
        """List the locals of a frame: what the failing statement names, the receiver, and then what is only there.

        Args:
            frame: of the state.
            path: of its locals.
            pointer: of its locals.
        """
        names = frame.get("locals") or {}
        own = {name: names[name] for name in own_names(names)}
        statement = statement_of(frame)
        chains = dict.fromkeys(_CHAIN.findall(statement))
        found = [one for chain in chains if (one := self._chain(chain, names, path, pointer))]
        words = set(re.findall(r"[^\W\d]\w*", statement))
        ordered = sorted(by_relevance(own, frame), key=lambda name: self._weight(name, own[name], words))
        return found + [self.value(own_name(name), own[name], path, f"{pointer}/{name}") for name in ordered]

    def _weight(self, name: str, value: Any, words: set[str]) -> int:
        """Tell how late a name is read: classes and long collections explain a failure least."""
        value = self._followed(value)
        if isinstance(value, dict) and value.get("$type") in _CODE:
            return 4
        if own_name(name) in words:
            return 0
        if own_name(name) in _RECEIVERS:
            return 1
        is_large = isinstance(value, dict) and "$type" not in value and len(value) > _LARGE
        return 3 if is_large else 2

    def _chain(self, chain: str, names: dict[str, Any], path: str, pointer: str) -> TellingValue | None:
        """Give what attributes in the statement lead to, as far as that is recorded."""
        first, *attributes = chain.split(".")
        value, where = self._followed(names.get(first)), f"{pointer}/{first}"
        done = []
        for attribute in attributes:
            if not isinstance(value, dict) or "$type" not in value or attribute not in value:
                break
            done.append(attribute)
            where = f"{where}/{attribute}"
            value = self._followed(value[attribute])
        if not done or (isinstance(value, dict) and value.get("$type") in _CODE):
            return None
        found = self.value(done[-1], value, ".".join([path, first, *done[:-1]]), where)
        return found._replace(name=printable(".".join([first, *done])))

    def value(self, name: str, value: Any, path: str, pointer: str) -> TellingValue:
        """Give a value by its name.

        Args:
            name: as the program has it.
            value: JSON of the snapshot.
            path: of what the name is in.
            pointer: of the value.
        """
        text = self._values.one_line(value, _VALUE, pointer)
        is_cut = text.endswith("…") and len(text) >= _VALUE
        if is_cut:
            text = self._values.parts_line(value, _VALUE, _PART, pointer)
        return TellingValue(printable(name), text, joined(path, name), is_cut)

    def _followed(self, value: Any) -> Any:
        if isinstance(value, dict) and "$ref" in value:
            return value_at(self._state, str(value["$ref"]), None)
        return value
