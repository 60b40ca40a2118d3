"""Any object as a bounded tree of JSON, without running any of the object's own code.

What a built-in type stores is read through that type's own slots, also where a class was derived from it; a type with a
renderer is shown as that one says; every other object shows its type and the attributes stored in its ``__dict__`` and
slots. No ``__repr__``, property, ``__len__`` or ``__iter__`` of a foreign type is called, and no metaclass is asked, so
that taking a snapshot can neither hang the test nor change it.

The walk goes level by level, not branch by branch: when there is no room left, what is deepest is cut. It keeps its
own queue, so that a recursion limit does not reach it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

from pytest_debugloop.capture import scalars
from pytest_debugloop.capture.bounds import Bounds, Deadline, cut_text
from pytest_debugloop.capture.plans import Kind, Plan, PlanOf
from pytest_debugloop.capture.redact import Redactor
from pytest_debugloop.capture.secret_marks import PLAIN, Marks
from pytest_debugloop.capture.secret_names import HIDDEN, NOTHING
from pytest_debugloop.capture.secret_shapes import is_card
from pytest_debugloop.capture.storage import dict_of, stored, type_name
from pytest_debugloop.capture.texts import Texts
from pytest_debugloop.journal.records import plain_text
from pytest_debugloop.text.pointers import Path, pointer_of

NOT_CAPTURED = "[not captured]"
_NO_ROOM = "no room left"
_NO_TIME = "no time left"
_SHORT, _INLINE, _LONGEST_KEY = 8, 100, 200
_WINDOW = 600  # a secret that begins where a text is cut is still seen whole
_PREPAID = 40
_CARDS = 10**12  # below it, no integer is the number of a card
_type, _len, _id = type, len, id
_exception_arguments = BaseException.__dict__["args"].__get__

_TEXT, _SCALAR, _CLASS, _OPAQUE = Kind.TEXT, Kind.SCALAR, Kind.CLASS, Kind.OPAQUE
_MAPPING, _SEQUENCE, _RENDERED = Kind.MAPPING, Kind.SEQUENCE, Kind.RENDERED
_EXCEPTION, _ATTRIBUTES = Kind.EXCEPTION, Kind.ATTRIBUTES


class Encoder:
    """Encodes the values of one snapshot under one budget; what was seen before becomes a reference.

    Args:
        bounds: of the snapshot.
        redactor: names the secrets; texts are looked through by whoever has the whole snapshot.
        plan_of: tells how the values of a class are shown.
        repr_of: gives the ``repr`` of an object, or None where the user does not want its type asked.
        marks: gives what stands in place of a secret.

    Attributes:
        texts: that may hold secrets.
        is_late: whether the time was up before the end.
        left: bytes of the budget that are left.
    """

    __slots__ = (
        "_bounds", "_is_over", "_names", "_plan_of", "_plans", "_pointers", "_queue",
        "_repr_of", "_seen", "_stop", "is_late", "left", "texts",
    )  # fmt: skip

    def __init__(
        self,
        bounds: Bounds,
        redactor: Redactor,
        plan_of: PlanOf,
        repr_of: Callable[[object, type], str | None] | None = None,
        marks: Marks = PLAIN,
    ) -> None:
        self._bounds = bounds
        self._names = redactor.names
        self._plan_of = plan_of
        self._repr_of = repr_of
        self._is_over = Deadline(bounds.milliseconds).is_over
        self.left = bounds.size
        self._stop = 0
        self._seen: dict[int, tuple[object, Path]] = {}
        self._pointers: dict[int, str] = {}
        self._plans: dict[int, Plan] = {}
        self._queue: deque[tuple[Any, Any, object, type, int, Path]] = deque()
        self.texts = Texts(redactor, marks)
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
        queue = self._queue
        while queue:
            out, key, value, cls, depth, path = queue.popleft()
            if self.left <= self._stop:
                out[key] = {"$cut": _NO_ROOM}
            elif self.is_late or self._is_over():
                self.is_late = True
                out[key] = {"$cut": _NO_TIME}
            else:
                try:
                    out[key] = self._compound(value, cls, depth, path)
                except Exception as error:
                    out[key] = {"$type": type_name(cls), "$failed": type_name(_type(error))}

    def _put(self, out: Any, key: Any, value: Any, depth: int, path: Path) -> None:
        """Write a value where that is done at once, else queue it."""
        cls = _type(value)
        if cls is str:
            out[key] = self._text(value)
        elif value is None or cls is bool:
            self.left -= 5
            out[key] = value
        elif cls is int:
            self.left -= 8
            out[key] = self.texts.redacted(str(value)) if is_card(value) else scalars.integer(value)
        elif cls is float:
            self.left -= 12
            out[key] = scalars.number(value)
        else:
            self.left -= _PREPAID
            out[key] = None
            self._queue.append((out, key, value, cls, depth, (path, key)))

    def _compound(self, value: Any, cls: type, depth: int, path: Path) -> Any:
        seen = self._seen.get(_id(value))
        if seen is not None:
            return {"$ref": pointer_of(seen[1], self._pointers)}
        plan = self._plans.get(_id(cls))
        if plan is None:
            plan = self._plans[_id(cls)] = self._plan_of(cls)
        kind, detail = plan.kind, plan.detail
        if kind is _TEXT:
            return {"$type": plan.name, "$value": self._text(detail(value))}
        if kind is _SCALAR:
            return self._scalar(value, plan, depth, path)
        if kind is _CLASS:
            return {"$type": "type", "name": type_name(value)}
        if kind is _OPAQUE:
            return {"$type": plan.name}
        if depth >= self._bounds.depth:
            return {"$type": plan.name, "$cut": "too deep"}
        self._seen[_id(value)] = (value, path)  # kept, so that no other object takes its id
        if kind is _MAPPING:
            return self._mapping(value, plan, depth, path)
        if kind is _SEQUENCE:
            return self._sequence(value, cls, plan, depth, path)
        out: dict[str, Any] = {"$type": plan.name}
        self.left -= _len(plan.name)
        if kind is _RENDERED:
            return self._rendered(out, value, plan, depth, path)
        if kind is _EXCEPTION:
            arguments = islice(tuple.__iter__(_exception_arguments(value)), self._bounds.items)
            self._put(out, "args", [plain_text(a) if _type(a) is str else a for a in arguments], depth + 1, path)
        if kind is _ATTRIBUTES and self._repr_of is not None:
            text = self._repr_of(value, cls)
            if text is not None:
                out["$repr"] = self._text(text)
        self._attributes(out, value, plan, depth, path)
        return out

    def _mapping(self, value: Any, plan: Plan, depth: int, path: Path) -> Any:
        limit = self._bounds.items
        out: dict[str, Any] = {"$type": plan.name} if plan.is_derived else {}
        # A slice first: a container may change while it is walked.
        self._named(out, tuple(islice(dict.items(value), limit)), depth + 1, path)
        size = dict.__len__(value)
        if size > limit:
            out["$cut"] = cut_text(size, limit, "items")
        if plan.is_derived:
            self._more_attributes(out, value, plan, depth, path)
        return out

    def _sequence(self, value: Any, cls: type, plan: Plan, depth: int, path: Path) -> Any:
        limit, base = self._bounds.items, plan.detail
        size = base.__len__(value)
        found = tuple(islice(base.__iter__(value), limit))
        if base is set or base is frozenset:
            found = scalars.sorted_alike(base, value, size, limit) or found
        if plan.fields is not None and _len(plan.fields) == size <= limit:
            named = {"$type": plan.name}
            self._named(named, zip(plan.fields, found, strict=True), depth + 1, path)
            return named
        items: list[Any] = [None] * _len(found)
        if cls is list:
            for i, item in enumerate(found):
                self._put(items, i, item, depth + 1, path)
            if size > limit:
                items.append({"$cut": cut_text(size, limit, "items")})
            return items
        out: dict[str, Any] = {"$type": plan.name, "$items": items}
        below = (path, "$items")
        for i, item in enumerate(found):
            self._put(items, i, item, depth + 1, below)
        if size > limit:
            out["$cut"] = cut_text(size, limit, "items")
        if plan.is_derived:
            self._more_attributes(out, value, plan, depth, path)
        return out

    def _rendered(self, out: dict[str, Any], value: Any, plan: Plan, depth: int, path: Path) -> Any:
        for name, item in plan.detail(value).items():
            if name[:1] == "$":
                self._put(out, name, item, depth + 1, path)
            else:
                self._named(out, ((name, item),), depth + 1, path)
        return out

    def _scalar(self, value: Any, plan: Plan, depth: int, path: Path) -> Any:
        limit = self._bounds.characters
        found: Any
        if plan.detail is str:
            size = str.__len__(value)
            found = self._text(str.__getitem__(value, slice(limit + _WINDOW)), size)
        else:
            found = plan.detail(value, limit + _WINDOW)
            if _type(found) is bytes:
                found = self._bytes(found, plan.base.__len__(value))
            else:
                self.left -= 12
        if not plan.is_derived:
            return found
        out = {"$type": plan.name, "$value": found}
        if depth < self._bounds.depth:
            self._more_attributes(out, value, plan, depth, path)
        return out

    def _attributes(self, out: dict[str, Any], value: object, plan: Plan, depth: int, path: Path) -> None:
        limit = self._bounds.items
        found, size = stored(value, plan.slots, limit)
        self._named(out, found, depth + 1, path)
        if size > limit:
            out["$cut"] = cut_text(size, limit, "attributes")

    def _more_attributes(self, out: dict[str, Any], value: object, plan: Plan, depth: int, path: Path) -> None:
        """Show what an object of a class derived from a built-in stores beside that one's value."""
        if plan.slots or dict_of(value):
            self._attributes(out.setdefault("$attributes", {}), value, plan, depth, (path, "$attributes"))

    def _named(self, out: dict[str, Any], pairs: Iterable[tuple[Any, Any]], depth: int, path: Path) -> None:
        # Most values of a snapshot pass here: what is asked of each is asked without a call where that can be.
        known, suspects, limit = self._names.known, self.texts.suspects.append, min(self._bounds.characters, _INLINE)
        spent = 0
        for name, value in pairs:
            key: Any = name
            kind = known.get(name) if _type(name) is str else None
            if kind is None:
                key = self._key(name)
                kind = self._names.kind(key)
            while key in out:
                key += "'"
            spent += _len(key) + 6
            if kind != NOTHING and self.texts.is_hidden_value(kind, value):
                out[key] = NOT_CAPTURED if kind == HIDDEN else self.texts.mark(value)
                continue
            cls = _type(value)
            if cls is str and _len(value) <= limit and value.isascii() and "\0" not in value:
                size = _len(value)
                spent += size
                if size >= _SHORT:
                    suspects(value)
                out[key] = value
            elif value is None or cls is bool or (cls is int and -_CARDS < value < _CARDS):
                spent += 6
                out[key] = value
            else:
                self._put(out, key, value, depth, path)
        self.left -= spent

    def _bytes(self, head: bytes, size: int) -> dict[str, Any]:
        limit = self._bounds.characters
        # As in Python's own notation, so that it can be read, and looked through for secrets.
        found = {"$bytes": self.texts.redacted(scalars.bytes_text(head))[: 4 * limit]}
        self.left -= _len(found["$bytes"]) + 20
        if size > limit:
            found["$cut"] = cut_text(size, limit, "bytes")
        return found

    def _text(self, text: str, size: int | None = None) -> Any:
        if size is None:
            size = _len(text)
        limit = self._bounds.characters
        if min(size, limit) > max(self.left - self._stop, _INLINE):
            return {"$type": "str", "$cut": _NO_ROOM}
        if size > limit:
            self.left -= limit + 60
            head = self.texts.redacted(scalars.clean(text[: limit + _WINDOW]))
            return {"$type": "str", "head": head[:limit], "$cut": cut_text(size, limit, "characters")}
        self.left -= size + 3
        if size >= _SHORT:
            self.texts.suspects.append(text)
        return scalars.clean(text)

    def _key(self, key: object) -> str:
        text = scalars.key_text(key, _LONGEST_KEY)
        self.texts.suspects.append(text)
        return text
