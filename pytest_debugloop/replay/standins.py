"""What stands for objects that cannot be rebuilt: usable, and their ``repr`` says that they are recorded.

No class of the program is imported: a stand-in has a class that was made for it, under the name that was recorded.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

from pytest_debugloop.replay.marks import marks_of, names_of, spelt
from pytest_debugloop.text.printable import printable

_DEEPEST = 8
_MAPPING_METHODS = frozenset({"keys", "values", "items", "get"})

Build = Callable[[Any], Any]
"""Gives the value of a piece of recorded JSON."""


class RecordedClass(type):
    """The class of the stand-ins of one recorded type."""

    def __repr__(cls) -> str:
        return f"<recorded class '{recorded_name(cls)}'>"


def recorded_name(cls: type) -> str:
    """Give the recorded name of a stand-in's type, fit for a terminal.

    Args:
        cls: class of a stand-in.
    """
    return str(cls.__dict__.get("__doc__") or cls.__qualname__)


def class_named(name: str, base: type) -> Any:
    """Make a class for the stand-ins of a recorded type.

    Args:
        name: the qualified name that was recorded, with its module unless it is a built-in.
        base: a class of stand-ins.
    """
    shown = printable(name)
    module, _, short = shown.rpartition(".")
    names = {"__module__": module or "builtins", "__qualname__": short, "__doc__": shown}
    return RecordedClass(short, (base,), names if base is not Recorded else {**names, "__slots__": ()})


class _Showing(threading.local):
    """What is being shown: each object once in full, or what refers to each other would be written again and again."""

    def __init__(self) -> None:
        self.level = 0
        self.seen: set[int] = set()


_showing = _Showing()


class Recorded(metaclass=RecordedClass):
    """An object of which names and items were recorded: ``it.name``, ``it["name"]``, ``it[0]``, ``len(it)``.

    Values are built when they are asked for. Methods are not recorded.
    """

    __slots__ = ("__build", "__given", "__node", "__weakref__")

    def __init__(self, node: dict[str, Any], build: Build) -> None:
        """Stand for an object.

        Args:
            node: the JSON that was recorded of it.
            build: gives the values in it.
        """
        self.__node = node
        self.__build = build
        self.__given: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_Recorded__"):
            raise AttributeError(name)  # one that copy() made, and did not fill
        given, names = self.__given, names_of(self.__node)
        if name in given:
            return given[name]
        if name == "__dict__":
            return {key: self.__build(value) for key, value in names.items()} | given
        if name in names:
            return self.__build(names[name])
        if name not in _MAPPING_METHODS:
            what = recorded_name(type(self))
            raise AttributeError(f"the record of this {what} has no {printable(name)!r}; methods are not recorded")
        return getattr(self.__dict__, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_Recorded__"):
            object.__setattr__(self, name, value)
        else:
            self.__given[name] = value

    def __dir__(self) -> list[str]:
        return sorted(key for key in {**names_of(self.__node), **self.__given} if key.isidentifier())

    def __getitem__(self, key: Any) -> Any:
        items = self.__node.get("$items")
        if type(items) is list and type(key) is int:
            return self.__build(items[key])
        if type(items) is list and type(key) is slice:
            return [self.__build(item) for item in items[key]]
        names = names_of(self.__node)
        text = key if type(key) is str else spelt(key)
        if text in names:
            return self.__build(names[text])
        raise KeyError(key)

    def __iter__(self) -> Iterator[Any]:
        items = self.__node.get("$items")
        return map(self.__build, items) if type(items) is list else iter(names_of(self.__node))

    def __len__(self) -> int:
        items = self.__node.get("$items")
        return len(items) if type(items) is list else len(names_of(self.__node))

    def __bool__(self) -> bool:
        items = self.__node.get("$items")
        return type(items) is not list or bool(items)

    def __contains__(self, key: object) -> bool:
        if type(self.__node.get("$items")) is list:
            return any(item is key or item == key for item in self)
        return (key if type(key) is str else spelt(key)) in names_of(self.__node)

    def __repr__(self) -> str:
        what = recorded_name(type(self))
        if _showing.level >= _DEEPEST or id(self.__node) in _showing.seen:
            return f"<recorded {what} ...>"
        _showing.level += 1
        _showing.seen.add(id(self.__node))
        try:
            return f"<recorded {' '.join([what, *self.__said()])}>"
        finally:
            _showing.level -= 1
            if not _showing.level:
                _showing.seen.clear()

    def __said(self) -> Iterator[str]:
        """Say what is known, in words that stand in its ``repr``."""
        node = self.__node
        if type(node.get("$repr")) is str:
            yield f"shown as {printable(node['$repr'])}"
        if "$value" in node:
            yield repr(self.__build(node["$value"]))
        if type(node.get("$items")) is list:
            yield repr([self.__build(item) for item in node["$items"]])
        for name, value in self.__dict__.items():
            yield f"{printable(name)}={value!r}"
        yield from marks_of(node)


class _Scalar:
    """A number, a text or bytes of a class derived from the built-in one, with what it stores beside."""

    def __getattr__(self, name: str) -> Any:
        node, build = self.__dict__["$node"], self.__dict__["$build"]
        names = names_of(node)
        if name in names:
            return build(names[name])
        what = recorded_name(type(self))
        raise AttributeError(f"the record of this {what} has no {printable(name)!r}; methods are not recorded")

    def __repr__(self) -> str:
        node, build = self.__dict__["$node"], self.__dict__["$build"]
        said = [repr(build(node["$value"])), *(f"{printable(k)}={build(v)!r}" for k, v in names_of(node).items())]
        return f"<recorded {' '.join([recorded_name(type(self)), *said, *marks_of(node)])}>"


class RecordedText(_Scalar, str, metaclass=RecordedClass):
    """A text of a class derived from str, or what was recorded as text."""


class RecordedInteger(_Scalar, int, metaclass=RecordedClass):
    """A number of a class derived from int."""


class RecordedFloat(_Scalar, float, metaclass=RecordedClass):
    """A number of a class derived from float."""


class RecordedBytes(_Scalar, bytes, metaclass=RecordedClass):
    """Bytes of a class derived from bytes."""


SCALARS: dict[type, type] = {str: RecordedText, int: RecordedInteger, float: RecordedFloat, bytes: RecordedBytes}
"""The stand-in for values of classes derived from a built-in type."""
