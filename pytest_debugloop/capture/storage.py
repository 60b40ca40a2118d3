"""What a type and an object store, read without asking the type, its metaclass or the object.

Only descriptors that the interpreter itself made are called; what a class put in their place is not.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from itertools import islice
from types import GetSetDescriptorType, MappingProxyType, MemberDescriptorType, ModuleType
from typing import Any

from pytest_debugloop.journal.records import clean_text

_LONGEST_NAME = 500

mro_of: Callable[[type], tuple[type, ...]] = type.__dict__["__mro__"].__get__
namespace_of: Callable[[type], MappingProxyType[str, Any]] = type.__dict__["__dict__"].__get__
module_namespace: Callable[[Any], dict[str, Any]] = vars(ModuleType)["__dict__"].__get__
_module = type.__dict__["__module__"].__get__
_qualname = type.__dict__["__qualname__"].__get__
_type, _len, _items_of, _sys_modules = type, len, dict.items, sys.modules

_BUILT_IN = ("", "builtins")


def type_name(cls: type) -> str:
    """Name a type without asking its metaclass.

    Args:
        cls: any class.

    Returns:
        The qualified name, with the module in front unless it is a built-in.
    """
    name = short_name(str.__str__(_qualname(cls)))
    module = module_name(cls)
    return name if module in _BUILT_IN else f"{short_name(module)}.{name}"


def short_name(name: str) -> str:
    """Make a name fit for the record; those that programs make up may be of any length.

    Args:
        name: of a class, a module or a function.
    """
    return clean_text(name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 3]}...")


def module_name(cls: type) -> str:
    """Name the module that a type says it is from.

    Args:
        cls: any class.

    Returns:
        Empty where it says nothing, or nothing that is a text.
    """
    try:
        module = _module(cls)
    except AttributeError:
        return ""
    return module if _type(module) is str else ""


def find_class(module: str, name: str) -> object:
    """Find a class of a library without importing the library.

    Args:
        module: that holds it.
        name: in the module.

    Returns:
        None where the module is not loaded, or is no module, or has no such name.
    """
    found = dict.get(_sys_modules, module)
    return dict.get(module_namespace(found), name) if _type(found) is ModuleType else None


def derives(cls: type, base: object) -> bool:
    """Tell whether a class is another or is derived from it, as ``issubclass`` does, without asking a metaclass.

    Args:
        cls: any class.
        base: another.
    """
    return any(one is base for one in mro_of(cls))


def dict_of(value: object) -> dict[Any, Any] | None:
    """Give an object's ``__dict__``, by the interpreter's own descriptor: a class may have put a property there.

    Args:
        value: anything.

    Returns:
        None where it has none.
    """
    getter = dict_getter(_type(value))
    attributes = None if getter is None else getter(value)
    return attributes if _type(attributes) is dict else None


def dict_getter(cls: type) -> Callable[[object], Any] | None:
    """Give what reads the ``__dict__`` of a class's objects: the interpreter's own descriptor, which keeps the class.

    Args:
        cls: any class.

    Returns:
        None where they have none.
    """
    for base in mro_of(cls):
        descriptor: Any = namespace_of(base).get("__dict__")
        if _type(descriptor) is GetSetDescriptorType:
            getter: Callable[[object], Any] = descriptor.__get__
            return getter
    return None


def slots_of(cls: type) -> list[tuple[str, Any]]:
    """List the slots of a class and of those it is derived from, with the descriptor that reads each.

    Args:
        cls: any class.
    """
    return [
        (name, member)
        for base in mro_of(cls)
        if module_name(base) not in _BUILT_IN
        for name, member in namespace_of(base).items()
        if _type(member) is MemberDescriptorType
    ]


def everything_stored(value: object) -> dict[Any, Any]:
    """Give what an object stores by name, however much that is.

    Args:
        value: anything.
    """
    cls = _type(value)
    return dict(stored(value, slots_of(cls), sys.maxsize, dict_getter(cls))[0])


def stored(
    value: object, slots: list[tuple[str, Any]], limit: int, getter: Callable[[object], Any] | None
) -> tuple[list[tuple[object, object]], int]:
    """Give what an object stores: what is in its ``__dict__`` and in its slots, as they are.

    Args:
        value: anything.
        slots: of its class.
        limit: how many at most.
        getter: of its class, see :func:`dict_getter`.

    Returns:
        Pairs of name and value, and how many there are.
    """
    attributes: Any = None if getter is None else getter(value)
    found: list[tuple[object, object]] = []
    size = 0
    if _type(attributes) is dict:
        found += islice(_items_of(attributes), limit)
        size = _len(attributes)
    if not slots:
        return found, size
    kept = _len(found)
    for name, slot in slots:
        with suppress(AttributeError):  # not set
            found.append((name, slot.__get__(value)))
    return found[:limit], size + _len(found) - kept
