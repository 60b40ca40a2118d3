"""How the values of a class are shown: decided once for a class, not once for a value."""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Callable
from typing import Any

from pytest_debugloop.capture import scalars
from pytest_debugloop.capture.leaves import writer_of
from pytest_debugloop.capture.renderers import Renderer, renderer_of
from pytest_debugloop.capture.storage import derives, module_name, mro_of, namespace_of, slots_of, type_name
from pytest_debugloop.lazy import Data, dataclass

_type, _id, _len, _all = type, id, len, all
_MAX_KNOWN = 2_000
_PYTEST = ("_pytest.", "pluggy.", "pytest_debugloop.", "xdist.", "execnet.")


class Kind:
    """What is shown; an enumeration would cost each run more than all snapshots of most."""

    TEXT = 1
    """A text that the plan's detail makes of the value."""
    SCALAR = 2
    """A number, text or bytes."""
    CLASS = 3
    """The value is a class: its name."""
    OPAQUE = 4
    """Its type alone."""
    MAPPING = 5
    """The items of a dict."""
    SEQUENCE = 6
    """The items of what the plan's detail iterates."""
    RENDERED = 7
    """What the plan's detail, a renderer, gives."""
    EXCEPTION = 8
    """Its arguments and attributes."""
    ATTRIBUTES = 9
    """What it stores."""


@dataclass(frozen=True)
class Plan(Data):
    """How the values of one class are shown.

    Attributes:
        kind: what is shown.
        name: of the class.
        detail: what the kind needs.
        base: the built-in type whose slots are read.
        is_derived: whether the class is derived from that type.
        slots: of the class.
        fields: of a named tuple.
    """

    kind: int
    name: str
    detail: Any = None
    base: Any = None
    is_derived: bool = False
    slots: list[tuple[str, Any]] = []  # noqa: RUF012 - never changed
    fields: tuple[str, ...] | None = None


PlanOf = Callable[[type], Plan]

# By identity: a dictionary of types would ask a foreign metaclass for a hash.
_SEQUENCES: dict[int, Any] = {_id(t): t for t in (list, tuple, set, frozenset, deque)}
_SCALARS: dict[int, Any] = {
    _id(str): str,
    _id(int): scalars.integer,
    _id(float): scalars.number,
    _id(bytes): scalars.bytes_head,
    _id(bytearray): scalars.bytearray_head,
}


def planner(renderer_for: Callable[[type], Renderer | None] | None = None) -> PlanOf:
    """Give what decides how the values of a class are shown.

    Args:
        renderer_for: gives the renderer that somebody else has for a class, before ours is looked for.
    """
    # By identity, and weakly: nothing of the program may live longer because it was looked at.
    known: dict[int, tuple[weakref.ref[type], Plan]] = {}

    def plan_of(cls: type) -> Plan:
        found = known.get(_id(cls))
        if found is not None and found[0]() is cls:
            return found[1]
        name = type_name(cls)
        theirs = None if renderer_for is None else renderer_for(cls)
        plan = _plan_of(cls, name) if theirs is None else Plan(Kind.RENDERED, name, theirs)
        if not plan.slots:  # a slot's descriptor would keep the class alive
            if _len(known) >= _MAX_KNOWN:
                known.clear()
            known[_id(cls)] = weakref.ref(cls), plan
        return plan

    return plan_of


def _plan_of(cls: type, name: str) -> Plan:
    bases = mro_of(cls)
    if derives(cls, _type):
        return Plan(Kind.CLASS, name)
    if module_name(cls).startswith(_PYTEST):
        return Plan(Kind.OPAQUE, name)
    renderer = renderer_of(cls)
    if renderer is not None:
        return Plan(Kind.RENDERED, name, renderer)
    for base in bases:
        key = _id(base)
        derived = base is not cls
        if base is dict:
            return Plan(Kind.MAPPING, name, base=dict, is_derived=derived, slots=slots_of(cls))
        if key in _SEQUENCES:
            fields = _fields_of(cls) if base is tuple and derived else None
            return Plan(Kind.SEQUENCE, name, base, base, derived, slots_of(cls) if derived else [], fields)
        if key in _SCALARS:
            return Plan(Kind.SCALAR, name, _SCALARS[key], base, derived, slots_of(cls) if derived else [])
        if base is BaseException:
            return Plan(Kind.EXCEPTION, name, slots=slots_of(cls))
        writer = writer_of(base)
        if writer is not None:
            return Plan(Kind.TEXT, name, writer)
    return Plan(Kind.ATTRIBUTES, name, slots=slots_of(cls))


def _fields_of(cls: type) -> tuple[str, ...] | None:
    for base in mro_of(cls):
        fields: Any = namespace_of(base).get("_fields")
        if _type(fields) is tuple and fields and _all([_type(field) is str for field in fields]):
            return tuple(fields)
    return None
