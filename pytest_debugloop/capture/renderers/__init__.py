"""How values of well-known types are shown: what each stores, read without a lazy load, a query or a copy.

A renderer takes a value and gives names with what they stand for, which is encoded in its turn. A name that begins with
``$`` is one of the marks of a snapshot (``$value`` for a text that says it all). A library is never imported for its
renderers, and a class that only says that it is of that library is not taken for one of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pytest_debugloop.capture.renderers import arrays, mocks, models, standard, tables, web
from pytest_debugloop.capture.storage import find_class, module_name, mro_of, namespace_of

Renderer = Callable[[Any], Mapping[str, object]]

_RENDERERS: dict[tuple[str, str], Renderer] = {
    **standard.RENDERERS,
    **mocks.RENDERERS,
    **arrays.RENDERERS,
    **tables.RENDERERS,
    **models.RENDERERS,
    **web.RENDERERS,
}
_type = type
_qualname = type.__dict__["__qualname__"].__get__


def renderer_of(cls: type) -> Renderer | None:
    """Give the renderer of a class, or of the first that it is derived from and that has one.

    Args:
        cls: any class.
    """
    for base in mro_of(cls):
        name = _qualname(base)
        key = (module_name(base), name)
        found = _RENDERERS.get(key)
        if found is not None and _is_genuine(base, *key):
            return found
    return None


def _is_genuine(cls: type, module: str, name: str) -> bool:
    outer, _, inner = name.partition(".")
    found = find_class(module, outer)
    if inner and isinstance(found, _type):
        found = namespace_of(found).get(inner)
    return found is cls or module in _UNLISTED


# Modules whose classes are found under other names than their own.
_UNLISTED = frozenset({"builtins"})
