"""Any object as a bounded tree of JSON, without running any of the object's own code.

What a built-in type stores is read through that type's own slots, also where a class was derived from it; a type with a
renderer is shown as that one says; every other object shows its type and the attributes stored in its ``__dict__`` and
slots. No ``__repr__``, property, ``__len__`` or ``__iter__`` of a foreign type is called, and no metaclass is asked, so
that taking a snapshot can neither hang the test nor change it.

The walk goes level by level, not branch by branch: when there is no room left, what is deepest is cut. It keeps its
own queue, so that a recursion limit does not reach it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

from pytest_debugloop.capture import scalars
from pytest_debugloop.capture.bounds import Bounds, Deadline, cut_text
from pytest_debugloop.capture.direct import NO_ROOM, DirectValues
from pytest_debugloop.capture.plans import Kind, Plan, PlanOf
from pytest_debugloop.capture.redact import Redactor
from pytest_debugloop.capture.secret_marks import PLAIN, Marks
from pytest_debugloop.capture.storage import dict_getter, stored, type_name
from pytest_debugloop.capture.texts import WINDOW
from pytest_debugloop.journal.records import plain_text
from pytest_debugloop.text.pointers import Path, pointer_of

_NO_TIME = "no time left"
_type, _len, _id, _tuple, _items_of = type, len, id, tuple, dict.items
_exception_arguments = BaseException.__dict__["args"].__get__

_TEXT, _SCALAR, _CLASS = Kind.TEXT, Kind.SCALAR, Kind.CLASS
_MAPPING, _SEQUENCE, _RENDERED = Kind.MAPPING, Kind.SEQUENCE, Kind.RENDERED
_EXCEPTION, _ATTRIBUTES = Kind.EXCEPTION, Kind.ATTRIBUTES
# A dict, a list, and an object that has its `__dict__`, all of them with no more than that.
_DICT, _LIST, _PLAIN = 100, 101, 102

_Getter = Callable[[object], Any]


class Encoder(DirectValues):
    """Encodes the values of one snapshot under one budget; what was seen before becomes a reference.

    Args:
        bounds: of the snapshot.
        redactor: names the secrets; texts are looked through by whoever has the whole snapshot.
        plan_of: tells how the values of a class are shown.
        repr_of: gives the ``repr`` of an object, or None where the user does not want its type asked.
        marks: gives what stands in place of a secret.

    Attributes:
        is_late: whether the time was up before the end.
    """

    __slots__ = (
        "_classes", "_deadline", "_is_name_looked_at", "_items", "_plan_of", "_pointers", "_repr_of", "_seen",
        "is_late",
    )  # fmt: skip

    def __init__(
        self,
        bounds: Bounds,
        redactor: Redactor,
        plan_of: PlanOf,
        repr_of: Callable[[object, type], str | None] | None = None,
        marks: Marks = PLAIN,
    ) -> None:
        super().__init__(bounds, redactor, marks)
        self._items = bounds.items
        self._plan_of = plan_of
        self._repr_of = repr_of
        self._is_name_looked_at = bool(redactor.patterns)  # of a class: else none can be a secret
        self._deadline = Deadline(bounds.milliseconds)
        self._seen: dict[int, tuple[object, Path]] = {}
        self._pointers: dict[int, str] = {}
        # By identity: what is shown, the name, the plan, and what reads the `__dict__`; the class, so that no other
        # takes its id.
        self._classes: dict[int, tuple[int, str, Plan, Any, type]] = {}
        self.is_late = False

    def encode_names(self, names: Iterable[tuple[object, object]], pointer: str, parts: int = 1) -> dict[str, Any]:
        """Encode what names stand for.

        Args:
            names: pairs of a name and its value.
            pointer: where in the snapshot they will lie, as a JSON pointer (RFC 6901), for references to them.
            parts: which part of what is left of the budget they may take: 1 all, 2 a half, and so on.

        Returns:
            Each name with a tree of dict, list, str, int, finite float, bool and None. Keys that begin with ``$`` are
            ours, and are described in the documentation of snapshots.
        """
        pairs, limit = list(names), self._bounds.names
        out: dict[str, Any] = {}
        self._stop = self.left - self.left // parts
        self._named(out, pairs[:limit], 0, (None, pointer))
        if _len(pairs) > limit:
            out["$cut"] = cut_text(_len(pairs), limit, "names")
        self._work()
        return out

    # -- the walk ---------------------------------------------------------------------------------------------------

    def _work(self) -> None:
        queue, classes, seen, named, stop = self._queue, self._classes, self._seen, self._named, self._stop
        following, deadline, deepest, limit = queue.popleft, self._deadline, self._bounds.depth, self._items
        clock, end = deadline.clock, deadline.end
        value: Any
        tree: dict[str, Any]
        while queue:
            out, key, value, cls, depth, path = following()
            if self.left <= stop:
                out[key] = {"$cut": NO_ROOM}
                continue
            if self.is_late or (clock() > end and deadline.is_over()):
                self.is_late = True
                out[key] = {"$cut": _NO_TIME}
                continue
            at = _id(value)
            if at in seen:
                out[key] = {"$ref": pointer_of(seen[at][1], self._pointers)}
                continue
            try:
                of = _id(cls)
                kind, name, plan, getter, _ = classes[of] if of in classes else self._class(cls)
                if kind < _MAPPING:
                    out[key] = self._leaf(value, plan, getter, depth, path)
                    continue
                if depth >= deepest:
                    out[key] = {"$type": name, "$cut": "too deep"}
                    continue
                seen[at] = (value, path)  # kept, so that no other object takes its id
                # What most values are of is written without asking more.
                if kind is _DICT:
                    if _len(value) <= limit:
                        out[key] = tree = {}
                        named(tree, _tuple(_items_of(value)), depth + 1, path)
                        continue
                elif kind is _LIST:
                    if _len(value) <= limit:
                        out[key] = self._each(_tuple(value), depth + 1, path)
                        continue
                elif kind is _PLAIN:
                    attributes = getter(value)
                    if _type(attributes) is dict and _len(attributes) <= limit:
                        self.left -= _len(name)
                        out[key] = tree = {"$type": name}
                        named(tree, _tuple(_items_of(attributes)), depth + 1, path)
                        continue
                out[key] = self._compound(value, cls, plan, getter, depth + 1, path)
            except Exception as error:
                out[key] = {"$type": type_name(cls), "$failed": type_name(_type(error))}

    def _class(self, cls: type) -> tuple[int, str, Plan, Any, type]:
        plan, getter = self._plan_of(cls), dict_getter(cls)
        kind = plan.kind
        if kind is _MAPPING and not plan.is_derived:
            kind = _DICT
        elif cls is list:
            kind = _LIST
        elif kind is _ATTRIBUTES and getter is not None and not plan.slots and self._repr_of is None:
            kind = _PLAIN
        if self._is_name_looked_at:
            self._suspect(plan.name)
        found = self._classes[_id(cls)] = (kind, plan.name, plan, getter, cls)
        return found

    def _leaf(self, value: Any, plan: Plan, getter: _Getter | None, depth: int, path: Path) -> Any:
        kind = plan.kind
        if kind is _TEXT:
            return {"$type": plan.name, "$value": self._text(plan.detail(value))}
        if kind is _SCALAR:
            return self._scalar(value, plan, getter, depth, path)
        if kind is _CLASS:
            name = type_name(value)
            if self._is_name_looked_at:
                self._suspect(name)
            return {"$type": "type", "name": name}
        return {"$type": plan.name}

    def _mapping(self, value: Any, plan: Plan, getter: _Getter | None, depth: int, path: Path) -> Any:
        limit = self._items
        out: dict[str, Any] = {"$type": plan.name} if plan.is_derived else {}
        # A slice first: a container may change while it is walked.
        self._named(out, _tuple(islice(_items_of(value), limit)), depth, path)
        size = dict.__len__(value)
        if size > limit:
            out["$cut"] = cut_text(size, limit, "items")
        if plan.is_derived:
            self._more_attributes(out, value, plan, getter, depth, path)
        return out

    def _sequence(self, value: Any, plan: Plan, getter: _Getter | None, depth: int, path: Path) -> Any:
        limit, base = self._items, plan.detail
        size = base.__len__(value)
        found = _tuple(islice(base.__iter__(value), limit))
        if base is set or base is frozenset:
            found = scalars.sorted_alike(base, value, size, limit) or found
        if plan.fields is not None and _len(plan.fields) == size <= limit:
            named = {"$type": plan.name}
            self._named(named, zip(plan.fields, found, strict=True), depth, path)
            return named
        if base is list and not plan.is_derived:
            items = self._each(found, depth, path)
            if size > limit:
                items.append({"$cut": cut_text(size, limit, "items")})
            return items
        out: dict[str, Any] = {"$type": plan.name, "$items": self._each(found, depth, (path, "$items"))}
        if size > limit:
            out["$cut"] = cut_text(size, limit, "items")
        if plan.is_derived:
            self._more_attributes(out, value, plan, getter, depth, path)
        return out

    def _compound(self, value: Any, cls: type, plan: Plan, getter: _Getter | None, depth: int, path: Path) -> Any:
        kind = plan.kind
        if kind is _MAPPING:
            return self._mapping(value, plan, getter, depth, path)
        if kind is _SEQUENCE:
            return self._sequence(value, plan, getter, depth, path)
        out: dict[str, Any] = {"$type": plan.name}
        self.left -= _len(plan.name)
        if kind is _RENDERED:
            for name, item in plan.detail(value).items():
                if name[:1] == "$":
                    self._put(out, name, item, depth, path)
                else:
                    self._named(out, ((name, item),), depth, path)
            return out
        if kind is _EXCEPTION:
            arguments = islice(tuple.__iter__(_exception_arguments(value)), self._items)
            self._put(out, "args", [plain_text(a) if _type(a) is str else a for a in arguments], depth, path)
        elif self._repr_of is not None:
            text = self._repr_of(value, cls)
            if text is not None:
                out["$repr"] = self._text(text)
        self._attributes(out, value, plan, getter, depth, path)
        return out

    def _attributes(
        self, out: dict[str, Any], value: object, plan: Plan, getter: _Getter | None, depth: int, path: Path
    ) -> None:
        limit = self._items
        found, size = stored(value, plan.slots, limit, getter)
        self._named(out, found, depth, path)
        if size > limit:
            out["$cut"] = cut_text(size, limit, "attributes")

    def _more_attributes(
        self, out: dict[str, Any], value: object, plan: Plan, getter: _Getter | None, depth: int, path: Path
    ) -> None:
        """Show what an object of a class derived from a built-in stores beside that one's value."""
        if plan.slots or (getter is not None and getter(value)):
            self._attributes(out.setdefault("$attributes", {}), value, plan, getter, depth, (path, "$attributes"))

    def _scalar(self, value: Any, plan: Plan, getter: _Getter | None, depth: int, path: Path) -> Any:
        limit = self._bounds.characters
        found: Any
        if plan.detail is str:
            size = str.__len__(value)
            found = self._text(str.__getitem__(value, slice(limit + WINDOW)), size)
        else:
            found = plan.detail(value, limit + WINDOW)
            if _type(found) is bytes:
                found = self.texts.bytes(found, plan.base.__len__(value), limit)
                self.left -= _len(found["$bytes"]) + 20
            else:
                self.left -= 12
        if not plan.is_derived:
            return found
        out = {"$type": plan.name, "$value": found}
        if depth < self._bounds.depth:
            self._more_attributes(out, value, plan, getter, depth, path)
        return out
