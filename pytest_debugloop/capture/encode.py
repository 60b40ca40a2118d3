"""Any object as a bounded tree of JSON, without running any of the object's own code.

Only exact built-in types are read through; every other object shows its type and the attributes stored in its
``__dict__``. No ``__repr__``, property, ``__len__`` or ``__iter__`` of a foreign type is called, so that taking a
snapshot can neither hang the test nor change it.
"""

from __future__ import annotations

from itertools import islice
from math import isfinite
from types import FunctionType, GetSetDescriptorType, ModuleType
from typing import Any

from pytest_debugloop.capture.redact import REDACTED, is_secret_name
from pytest_debugloop.records import clean_text

MAX_DEPTH = 6
MAX_ITEMS = 50
MAX_TEXT = 2_000
MAX_NODES = 5_000
_LONGEST_INT_BITS = 1_024

_mro = type.__dict__["__mro__"].__get__
_module = type.__dict__["__module__"].__get__
_qualname = type.__dict__["__qualname__"].__get__
_type, _len, _id = type, len, id


def type_name(cls: type) -> str:
    """Name a type without asking its metaclass.

    Args:
        cls: any class.

    Returns:
        The qualified name, with the module in front unless it is a built-in.
    """
    name = clean_text(str.__str__(_qualname(cls)))
    try:
        module = _module(cls)
    except AttributeError:
        return name
    return name if type(module) is not str or module == "builtins" else f"{clean_text(module)}.{name}"


class Encoder:
    """Encodes the values of one snapshot under one budget; what was seen before becomes a reference.

    Args:
        nodes: how many values may be encoded; the rest is cut, and said to be cut.
    """

    __slots__ = ("_nodes", "_seen")

    def __init__(self, nodes: int = MAX_NODES) -> None:
        self._nodes = nodes
        self._seen: dict[int, object] = {}

    def encode(self, value: object, depth: int = 0) -> Any:
        """Encode one value.

        Args:
            value: anything.
            depth: how deep in the snapshot it lies.

        Returns:
            A tree of dict, list, str, int, finite float, bool and None. Keys that begin with ``$`` are ours:
            ``$type``, ``$cut``, ``$ref``, ``$float``, ``$bytes``, ``$bits``, ``$failed``.
        """
        if value is None or value is True or value is False:
            return value
        cls = _type(value)
        if cls is str:
            return _text(value)  # type: ignore[arg-type]
        if cls is int:
            return _integer(value)  # type: ignore[arg-type]
        if cls is float:
            return value if isfinite(value) else {"$float": float.__repr__(value)}  # type: ignore[arg-type]
        if self._nodes <= 0:
            return {"$cut": "too many values"}
        self._nodes -= 1
        if _id(value) in self._seen:
            return {"$ref": type_name(cls)}
        try:
            return self._compound(value, cls, depth)
        except Exception as error:
            return {"$type": type_name(cls), "$failed": type_name(type(error))}

    def _compound(self, value: Any, cls: type, depth: int) -> Any:
        if cls is bytes or cls is bytearray:
            return {"$bytes": bytes(value[:MAX_TEXT]).hex(), **_cut(_len(value), MAX_TEXT, "bytes")}
        if cls is complex:
            return {"$type": "complex", "value": complex.__repr__(value)}
        if cls is FunctionType or cls is ModuleType:
            return {"$type": type_name(cls), "name": _text(str(value.__name__))}
        if issubclass(cls, _type):
            return {"$type": "type", "name": type_name(value)}
        if depth >= MAX_DEPTH:
            return {"$type": type_name(cls), "$cut": "too deep"}
        self._seen[_id(value)] = value
        bases = _mro(cls)
        if dict in bases:
            return self._mapping(tuple(islice(dict.items(value), MAX_ITEMS)), dict.__len__(value), cls, depth)
        for base in (list, tuple, set, frozenset):
            if base in bases:
                items = tuple(islice(base.__iter__(value), MAX_ITEMS))
                return self._sequence(items, base.__len__(value), cls, base is list, depth)
        return self._attributes(value, cls, depth)

    def _mapping(self, items: tuple[tuple[object, object], ...], size: int, cls: type, depth: int) -> dict[str, Any]:
        out: dict[str, Any] = {} if cls is dict else {"$type": type_name(cls)}
        for key, item in items:
            name = self._key(key)
            while name in out:
                name += "'"
            out[name] = REDACTED if is_secret_name(name) else self.encode(item, depth + 1)
        out.update(_cut(size, MAX_ITEMS, "items"))
        return out

    def _sequence(self, items: tuple[object, ...], size: int, cls: type, plain: bool, depth: int) -> Any:
        out: list[Any] = [self.encode(item, depth + 1) for item in items]
        if plain and cls is list:
            return [*out, _cut(size, MAX_ITEMS, "items")] if size > MAX_ITEMS else out
        return {"$type": type_name(cls), "items": out, **_cut(size, MAX_ITEMS, "items")}

    def _attributes(self, value: object, cls: type, depth: int) -> dict[str, Any]:
        stored = _stored_attributes(value, cls)
        out = self._mapping(tuple(islice(stored.items(), MAX_ITEMS)), _len(stored), dict, depth)
        return {"$type": type_name(cls), **out}

    def _key(self, key: object) -> str:
        cls = _type(key)
        if cls is str:
            text = clean_text(key[:MAX_TEXT])  # type: ignore[index]
            return "$" + text if text.startswith("$") else text
        if cls is int or cls is float or key is None or cls is bool:
            return repr(_integer(key) if cls is int else key)  # type: ignore[arg-type]
        if cls is tuple:
            return "(" + ", ".join(self._key(part) for part in key[:8]) + ")"  # type: ignore[index]
        return f"<{type_name(cls)}>"


def _text(text: str) -> Any:
    size = str.__len__(text)
    if size <= MAX_TEXT:
        return clean_text(text)
    return {"$type": "str", "head": clean_text(text[:MAX_TEXT]), **_cut(size, MAX_TEXT, "characters")}


def _integer(number: int) -> Any:
    bits = number.bit_length()
    return number if bits <= _LONGEST_INT_BITS else {"$type": "int", "$bits": bits}


def _cut(size: int, limit: int, unit: str) -> dict[str, str]:
    return {"$cut": f"{size - limit:,} more of {size:,} {unit}"} if size > limit else {}


def _stored_attributes(value: object, cls: type) -> dict[Any, Any]:
    """Read ``__dict__`` through the interpreter's own descriptor, and ``__slots__`` through theirs."""
    stored: dict[Any, Any] = {}
    for base in _mro(cls):
        namespace = _type.__dict__["__dict__"].__get__(base)
        getter = namespace.get("__dict__")
        if _type(getter) is GetSetDescriptorType:
            attributes = getter.__get__(value)
            if _type(attributes) is dict:
                stored.update(islice(dict.items(attributes), MAX_ITEMS + 1))
            break
    for base in _mro(cls):
        for name, member in _type.__dict__["__dict__"].__get__(base).items():
            if _type(member).__name__ == "member_descriptor" and base.__module__ != "builtins":
                try:
                    stored.setdefault(name, member.__get__(value))
                except AttributeError:
                    continue
    return stored
