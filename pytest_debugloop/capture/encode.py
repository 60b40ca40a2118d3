"""Any object as a bounded tree of JSON, without running any of the object's own code.

What a built-in type stores is read through that type's own slots, also where a class was derived from it; every other
object shows its type and the attributes stored in its ``__dict__`` and slots. No ``__repr__``, property, ``__len__``
or ``__iter__`` of a foreign type is called, and no metaclass is asked, so that taking a snapshot can neither hang the
test nor change it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import islice
from math import isfinite
from types import FunctionType, GetSetDescriptorType, MappingProxyType, MemberDescriptorType, ModuleType
from typing import Any

from pytest_debugloop.capture.leaves import leaf_text
from pytest_debugloop.capture.redact import REDACTED, is_secret_name, redact_text
from pytest_debugloop.records import clean_text

MAX_DEPTH = 6
MAX_ITEMS = 50
MAX_NAMES = 200
MAX_TEXT = 2_000
MAX_NODES = 5_000
_LONGEST_INT_BITS = 1_024

_mro = type.__dict__["__mro__"].__get__
_module = type.__dict__["__module__"].__get__
_qualname = type.__dict__["__qualname__"].__get__
_namespace: Callable[[type], MappingProxyType[str, Any]] = type.__dict__["__dict__"].__get__
_function_name = FunctionType.__dict__["__name__"].__get__
_module_namespace: Any = vars(ModuleType)["__dict__"].__get__
_exception_arguments = BaseException.__dict__["args"].__get__
_type, _len, _id, _repr = type, len, id, repr

# By identity: a dictionary of types would ask a foreign metaclass for a hash.
_SEQUENCES: dict[int, Any] = {_id(t): t for t in (list, tuple, set, frozenset, deque)}
_SCALARS: dict[int, Callable[[Any], Any]] = {
    _id(str): lambda value: _text(str.__str__(value)),
    _id(int): lambda value: _integer(int.__index__(value)),
    _id(float): lambda value: _float(float.__float__(value)),
    _id(bytes): lambda value: _bytes(bytes.__getitem__(value, slice(MAX_TEXT)), bytes.__len__(value)),
    _id(bytearray): lambda value: _bytes(bytearray.__getitem__(value, slice(MAX_TEXT)), bytearray.__len__(value)),
}
_PYTEST = ("_pytest.", "pluggy.", "pytest_debugloop.", "xdist.")


def type_name(cls: type) -> str:
    """Name a type without asking its metaclass.

    Args:
        cls: any class.

    Returns:
        The qualified name, with the module in front unless it is a built-in.
    """
    name = clean_text(str.__str__(_qualname(cls)))
    module = _module_name(cls)
    return name if module in ("", "builtins") else f"{clean_text(module)}.{name}"


def _module_name(cls: type) -> str:
    try:
        module = _module(cls)
    except AttributeError:
        return ""
    return module if _type(module) is str else ""


class Encoder:
    """Encodes the values of one snapshot under one budget; what was seen before becomes a reference.

    Args:
        nodes: how many values may be encoded; the rest is cut, and said to be cut.
    """

    __slots__ = ("_nodes", "_seen", "_slots")

    def __init__(self, nodes: int = MAX_NODES) -> None:
        self._nodes = nodes
        self._seen: dict[int, object] = {}
        self._slots: dict[int, tuple[type, list[tuple[str, Any]]]] = {}

    def encode(self, value: object, depth: int = 0) -> Any:
        """Encode one value.

        Args:
            value: anything.
            depth: how deep in the snapshot it lies.

        Returns:
            A tree of dict, list, str, int, finite float, bool and None. Keys that begin with ``$`` are ours:
            ``$type``, ``$value``, ``$items``, ``$cut``, ``$ref``, ``$float``, ``$bytes``, ``$bits``, ``$failed``.
        """
        if value is None or value is True or value is False:
            return value
        cls = _type(value)
        if cls is str:
            return _text(value)  # type: ignore[arg-type]
        if cls is int:
            return _integer(value)  # type: ignore[arg-type]
        if cls is float:
            return _float(value)  # type: ignore[arg-type]
        if self._nodes <= 0:
            return {"$cut": "too many values"}
        self._nodes -= 1
        if _id(value) in self._seen:
            return {"$ref": type_name(cls)}
        try:
            return self._compound(value, cls, depth)
        except Exception as error:
            return {"$type": type_name(cls), "$failed": type_name(_type(error))}

    def encode_names(self, names: Iterable[tuple[object, object]], depth: int = 0) -> dict[str, Any]:
        """Encode what names stand for.

        Args:
            names: pairs of a name and its value.
            depth: how deep in the snapshot they lie.
        """
        pairs = list(names)
        return self._named({}, pairs[:MAX_NAMES], depth) | _cut(_len(pairs), MAX_NAMES, "names")

    def _compound(self, value: Any, cls: type, depth: int) -> Any:
        if cls is bytes or cls is bytearray:
            return _SCALARS[_id(cls)](value)
        if cls is FunctionType:
            return {"$type": "function", "name": _text(_function_name(value))}
        if cls is ModuleType:
            name = _module_namespace(value).get("__name__")
            return {"$type": "module", "name": _text(name) if _type(name) is str else None}
        if depth >= MAX_DEPTH:
            return {"$type": type_name(cls), "$cut": "too deep"}
        for base in _mro(cls):
            key = _id(base)
            if base is _type:
                return {"$type": type_name(cls), "name": type_name(value)}
            if base is dict:
                self._seen[_id(value)] = value
                head = {} if cls is dict else {"$type": type_name(cls)}
                # A slice first: a container may change while it is walked.
                pairs = tuple(islice(dict.items(value), MAX_ITEMS))
                return self._named(head, pairs, depth) | _cut(dict.__len__(value), MAX_ITEMS, "items")
            if key in _SEQUENCES:
                self._seen[_id(value)] = value
                return self._sequence(value, _SEQUENCES[key], cls, depth)
            if key in _SCALARS:
                scalar = {"$type": type_name(cls), "$value": _SCALARS[key](value)}
                return scalar | self._attributes(value, cls, depth)
            if base is BaseException:
                self._seen[_id(value)] = value
                arguments = self.encode(list(tuple.__iter__(_exception_arguments(value))), depth + 1)
                return {"$type": type_name(cls), "args": arguments} | self._attributes(value, cls, depth)
            text = leaf_text(value, base)
            if text is not None:
                return {"$type": type_name(cls), "$value": text}
        self._seen[_id(value)] = value
        if _module_name(cls).startswith(_PYTEST):
            return {"$type": type_name(cls)}
        return self._attributes(value, cls, depth)

    def _named(self, out: dict[str, Any], pairs: Iterable[tuple[object, object]], depth: int) -> dict[str, Any]:
        for key, item in pairs:
            name = self._key(key)
            while name in out:
                name += "'"
            out[name] = REDACTED if is_secret_name(name) else self.encode(item, depth + 1)
        return out

    def _sequence(self, value: Any, base: Any, cls: type, depth: int) -> Any:
        size = base.__len__(value)
        out: list[Any] = [self.encode(item, depth + 1) for item in tuple(islice(base.__iter__(value), MAX_ITEMS))]
        if cls is list:
            return [*out, _cut(size, MAX_ITEMS, "items")] if size > MAX_ITEMS else out
        return {"$type": type_name(cls), "$items": out, **_cut(size, MAX_ITEMS, "items")}

    def _attributes(self, value: object, cls: type, depth: int) -> dict[str, Any]:
        stored = self._stored(value, cls)
        named = self._named({"$type": type_name(cls)}, stored[:MAX_ITEMS], depth)
        return named | _cut(_len(stored), MAX_ITEMS, "attributes")

    def _stored(self, value: object, cls: type) -> list[tuple[object, object]]:
        """Read ``__dict__`` through the interpreter's own descriptor, and ``__slots__`` through theirs."""
        stored: list[tuple[object, object]] = []
        for base in _mro(cls):
            getter: Any = _namespace(base).get("__dict__")
            if _type(getter) is GetSetDescriptorType:
                attributes = getter.__get__(value)
                if _type(attributes) is dict:
                    stored = list(islice(dict.items(attributes), MAX_ITEMS + 1))
                break
        for name, slot in self._slots_of(cls):
            with suppress(AttributeError):  # not set
                stored.append((name, slot.__get__(value)))
        return stored

    def _slots_of(self, cls: type) -> list[tuple[str, Any]]:
        known = self._slots.get(_id(cls))
        if known is None:
            found = [
                (name, member)
                for base in _mro(cls)
                if _module_name(base) not in ("", "builtins")
                for name, member in _namespace(base).items()
                if _type(member) is MemberDescriptorType
            ]
            known = self._slots[_id(cls)] = (cls, found)  # the class stays alive, so that its number stays its own
        return known[1]

    def _key(self, key: object) -> str:
        cls = _type(key)
        if cls is str:
            text = clean_text(key[:MAX_TEXT])  # type: ignore[index]
            return "$" + text if text.startswith("$") else text
        if cls is int:
            number = _integer(key)  # type: ignore[arg-type]
            return _repr(number) if _type(number) is int else "<int>"
        if cls is float or key is None or cls is bool:
            return _repr(key)
        if cls is tuple:
            parts: tuple[object, ...] = key[:8]  # type: ignore[index]
            return "(" + ", ".join("(...)" if _type(part) is tuple else self._key(part) for part in parts) + ")"
        return f"<{type_name(cls)}>"


def _text(text: str) -> Any:
    size = _len(text)
    if size <= MAX_TEXT:
        return redact_text(clean_text(text))
    return {"$type": "str", "head": redact_text(clean_text(text[:MAX_TEXT])), **_cut(size, MAX_TEXT, "characters")}


def _integer(number: int) -> Any:
    bits = number.bit_length()
    return number if bits <= _LONGEST_INT_BITS else {"$type": "int", "$bits": bits}


def _float(number: float) -> Any:
    return number if isfinite(number) else {"$float": float.__repr__(number)}


def _bytes(head: bytes | bytearray, size: int) -> dict[str, Any]:
    return {"$bytes": head.hex(), **_cut(size, MAX_TEXT, "bytes")}


def _cut(size: int, limit: int, unit: str) -> dict[str, str]:
    return {"$cut": f"{size - limit:,} more of {size:,} {unit}"} if size > limit else {}
