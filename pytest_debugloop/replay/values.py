"""From the JSON of a snapshot back to Python values.

What JSON says, and what a standard type's text says, becomes the real thing; everything else a stand-in. The program's
modules are never imported, and nothing of a record is evaluated. Built without recursion: a state may be as deep as its
JSON is. Objects are built when they are looked at, plain containers at once.
"""

from __future__ import annotations

import re
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from fractions import Fraction
from typing import Any

from pytest_debugloop.replay.marks import names_of
from pytest_debugloop.replay.partial import CUT, NotRecorded, RecordedDict, Withheld
from pytest_debugloop.replay.standard import bytes_of, floating, rebuilt
from pytest_debugloop.replay.standins import SCALARS, Recorded, class_named
from pytest_debugloop.text.pointers import value_at

_WITHHELD = re.compile(r"\[(?:redacted: [\w -]{1,40}(?: #\d{1,6})?|not captured)\]")
_MORE = re.compile(r"[\d,]+ more of [\d,]+ \w+")
_KEY_OF_ANOTHER_TYPE = re.compile(r"-?[\d.]|[(<]|b'|(?:None|True|False|nan|inf|-inf)$")
_LONGEST_CHAIN = 100
_DEEPEST = 100  # of tuples in tuples and the like, which are built from the inside out
_ITEMS: dict[str, type] = {"tuple": tuple, "set": set, "frozenset": frozenset, "collections.deque": deque}
_DICTS: dict[str, Any] = {"collections.OrderedDict": OrderedDict, "collections.Counter": Counter}
_PENDING = object()
_NOTHING = object()


class Recording:
    """The values of one snapshot; the same object of the program is the same object here.

    Args:
        state: ``agent_state`` of the snapshot.
    """

    def __init__(self, state: Mapping[str, object]) -> None:
        self._state = state
        self._built: dict[int, Any] = {}
        self._classes: dict[tuple[str, type], Any] = {}
        self._level = 0

    def names(self, node: Any) -> Names:
        """Give what names stand for; each value is built when it is asked for.

        Args:
            node: recorded JSON of locals, fixtures or parameters.
        """
        return Names(node if type(node) is dict else {}, self.value)

    def value(self, node: Any) -> Any:
        """Give the value of a piece of recorded JSON.

        Args:
            node: a piece of the state, not a copy of one.
        """
        waiting: list[Callable[[], None]] = []
        found = self._value(node, waiting)
        while waiting:
            waiting.pop()()
        return found

    # -- one value --------------------------------------------------------------------------------------------------

    def _value(self, node: Any, waiting: list[Callable[[], None]]) -> Any:
        """Give a value; what is in a container that can be filled later is filled by what is put into ``waiting``."""
        if type(node) is str:
            return Withheld(node) if node[:1] == "[" and _WITHHELD.fullmatch(node) else node
        if type(node) is not dict and type(node) is not list:
            return node
        node = self._followed(node)
        if type(node) is NotRecorded or (type(node) is not dict and type(node) is not list):
            return node
        found = self._built.get(id(node), _NOTHING)
        if found is _PENDING:
            return NotRecorded("it is part of itself")  # of tuples and sets alone, which no program can make
        if found is _NOTHING:
            if self._level >= _DEEPEST:
                return NotRecorded("nested too deep to be shown")
            self._built[id(node)] = _PENDING
            self._level += 1
            try:
                found = self._built[id(node)] = self._made(node, waiting)
            finally:
                self._level -= 1
        return found

    def _made(self, node: Any, waiting: list[Callable[[], None]]) -> Any:
        if type(node) is list:
            return self._list(node, waiting)
        name, cut = node.get("$type"), node.get("$cut")
        if type(name) is str:
            return self._typed(name, node, waiting)
        if "$bytes" in node:
            return _with_cut(bytes_of(str(node["$bytes"])), cut)
        if "$float" in node:
            return floating(node["$float"])
        if cut is not None and len(node) == 1 and not _MORE.fullmatch(str(cut)):
            return NotRecorded(str(cut))
        return self._dict(node, waiting)

    def _typed(self, name: str, node: dict[str, Any], waiting: list[Callable[[], None]]) -> Any:
        if name == "str" and type(node.get("head")) is str:
            return _with_cut(node["head"], node.get("$cut"))
        items, text = node.get("$items"), node.get("$value")
        if name in _ITEMS and type(items) is list:
            return self._sequence(_ITEMS[name], node, waiting)
        if "$value" in node and "$attributes" not in node:
            found = rebuilt(name, text) if type(text) is str else None
            if found is not None:
                return found
        if "$value" in node and (made := self._scalar(name, node)) is not None:
            return made
        if name == "fractions.Fraction" and type(node.get("_numerator")) is type(node.get("_denominator")) is int:
            return Fraction(node["_numerator"], node["_denominator"] or 1)
        if name == "slice":
            return slice(*(self.value(node.get(part)) for part in ("start", "stop", "step")))
        if name in _DICTS and "$cut" not in node and "$attributes" not in node:
            return self._filled(_DICTS[name](), node, waiting)
        return self._class(name, Recorded)(node, self.value)

    def _scalar(self, name: str, node: dict[str, Any]) -> Any:
        """Stand for a number, a text or bytes of a derived class: it can be compared and computed with."""
        value = self.value(node["$value"])
        base = next((base for base in SCALARS if isinstance(value, base) and type(value) is not bool), None)
        if base is None:
            return None
        made = self._class(name, SCALARS[base])(value)
        made.__dict__ |= {"$node": node, "$build": self.value}
        return made

    # -- containers -------------------------------------------------------------------------------------------------

    def _list(self, node: list[Any], waiting: list[Callable[[], None]]) -> list[Any]:
        last = node[-1] if node else None
        cut = last["$cut"] if type(last) is dict and len(last) == 1 and _MORE.fullmatch(str(last.get("$cut"))) else None
        items = node if cut is None else node[:-1]
        found: list[Any] = _with_cut([], cut)
        waiting.append(lambda: found.extend([self._value(item, waiting) for item in items]))
        return found

    def _dict(self, node: dict[str, Any], waiting: list[Callable[[], None]]) -> Any:
        cut = node.get("$cut")
        if cut is None and any(_KEY_OF_ANOTHER_TYPE.match(key) for key in node):
            return self._filled(RecordedDict(), node, waiting)
        return self._filled(_with_cut({}, cut), node, waiting)

    def _filled(self, found: Any, node: dict[str, Any], waiting: list[Callable[[], None]]) -> Any:
        names = names_of(node)
        waiting.append(lambda: found.update({key: self._value(item, waiting) for key, item in names.items()}))
        return found

    def _sequence(self, kind: type, node: dict[str, Any], waiting: list[Callable[[], None]]) -> Any:
        """Make a container that cannot be filled later, of its items, or a deque."""
        items, cut = node["$items"], node.get("$cut")
        if kind is deque:
            found = _with_cut(deque(), cut)
            waiting.append(lambda: found.extend([self._value(item, waiting) for item in items]))
            return found
        found = [self._value(item, waiting) for item in items]
        try:
            return _with_cut(kind(found), cut)
        except TypeError:  # an item of a set stands for one that could be hashed
            return self._class(node["$type"], Recorded)(node, self.value)

    # -- references -------------------------------------------------------------------------------------------------

    def _followed(self, node: Any) -> Any:
        """Follow references to where the object is shown."""
        for _ in range(_LONGEST_CHAIN):
            if type(node) is not dict or "$ref" not in node:
                return node
            pointer = str(node["$ref"])
            found = value_at(self._state, pointer, _NOTHING)
            if found is _NOTHING:
                return NotRecorded(f"the same object as at {pointer}")
            node = found
        return NotRecorded("dangling references")

    def _class(self, name: str, base: type) -> Any:
        key = (name, base)
        if key not in self._classes:
            self._classes[key] = class_named(name, base)
        return self._classes[key]


class Names(MutableMapping[str, Any]):
    """What names stand for, as a frame's locals: values are built when they are asked for, and can be given others.

    Args:
        node: recorded JSON of them.
        build: gives the value of a piece of it.

    Attributes:
        cut: how many are not recorded, in words, or None.
    """

    def __init__(self, node: dict[str, Any], build: Callable[[Any], Any]) -> None:
        self._nodes = names_of(node)
        if "$locals" in node:  # exec() was given a mapping of another type
            self._nodes["__locals__"] = node["$locals"]
        self._build = build
        self._given: dict[str, Any] = {}
        self._names = dict.fromkeys(self._nodes)
        cut = node.get("$cut")
        self.cut = None if cut is None else str(cut)

    def __getitem__(self, name: str) -> Any:
        if name in self._given:
            return self._given[name]
        if name not in self._names:
            raise KeyError(name)
        found = self._given[name] = self._build(self._nodes[name])
        return found

    def __setitem__(self, name: str, value: Any) -> None:
        self._names[name] = None
        self._given[name] = value

    def __delitem__(self, name: str) -> None:
        del self._names[name]
        self._given.pop(name, None)

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._names))

    def __len__(self) -> int:
        return len(self._names)

    def __repr__(self) -> str:
        return repr(dict(self))


def _with_cut(value: Any, cut: object) -> Any:
    """Give a value, or, where some of it was cut, what is left of it."""
    if cut is None:
        return value
    found = CUT[type(value)](value)
    found.cut = str(cut)
    return found
