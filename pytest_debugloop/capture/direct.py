"""What is written at once: names, texts and numbers. All else waits in a queue for the walk.

Most values of a snapshot are written here: what is asked of each is asked without a call where that can be, and items
that are all alike are written in one step. Whether texts are fit for PostgreSQL, and hold secrets, is asked at the end.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from math import isfinite
from typing import Any

from pytest_debugloop.capture import scalars
from pytest_debugloop.capture.bounds import Bounds, cut_text
from pytest_debugloop.capture.redact import Redactor
from pytest_debugloop.capture.secret_marks import Marks
from pytest_debugloop.capture.secret_names import HIDDEN, NOTHING
from pytest_debugloop.capture.secret_shapes import is_card
from pytest_debugloop.capture.texts import LONGEST_KEY, Texts
from pytest_debugloop.capture.uniform import CARDS, common_type, cost_as_they_are
from pytest_debugloop.text.pointers import Path

NOT_CAPTURED = "[not captured]"
NO_ROOM = "no room left"
_INLINE = 100
_PREPAID = 40
_FEW = 8  # items, for which a look at all of them at once does not pay
_NONE: dict[str, int] = {}
_type, _len, _enumerate = type, len, enumerate


def _is_key(name: str) -> bool:
    """Tell whether a name is a key as it is, as nearly all are."""
    return _len(name) <= LONGEST_KEY and name.isascii() and "\0" not in name and name[:1] != "$"


class DirectValues:
    """Writes what can be written at once, and queues what cannot.

    Args:
        bounds: of the snapshot.
        redactor: names the secrets.
        marks: gives what stands in place of a secret.

    Attributes:
        texts: that may hold secrets.
        left: bytes of the budget that are left.
    """

    __slots__ = (
        "_bounds", "_costs", "_kind_of", "_queue", "_short", "_stop", "_suspect", "left", "texts",
    )  # fmt: skip

    def __init__(self, bounds: Bounds, redactor: Redactor, marks: Marks) -> None:
        self._bounds = bounds
        self._short = min(bounds.characters, _INLINE)
        self._kind_of = redactor.names.kind
        # What a key takes, of the names of this snapshot that are none of secrets and are written as they are.
        self._costs: dict[str, int] = {}
        self._queue: deque[tuple[Any, Any, object, type, int, Path]] = deque()
        self._stop = 0
        self.left = bounds.size
        self.texts = Texts(redactor, marks)
        self._suspect: Callable[[str], None] = self.texts.suspects.append

    def _named(self, out: dict[str, Any], pairs: Iterable[tuple[Any, Any]], depth: int, path: Path) -> None:
        # Where there are other keys, or come to be, each name is to be looked for among them.
        costs = self._costs if _len(out) < 2 else _NONE
        suspect, queued, short = self._suspect, self._queue.append, self._short
        spent = 0
        for name, value in pairs:
            cost = costs.get(name) if _type(name) is str else None
            if cost is None:
                if not self._new_name(out, name, value, depth, path):
                    costs = _NONE
                continue
            cls = _type(value)
            if cls is str and (size := _len(value)) <= short:
                spent += cost + size
                suspect(value)
                out[name] = value
            elif value is None or cls is bool or (cls is int and -CARDS < value < CARDS):
                spent += cost
                out[name] = value
            elif cls is float and isfinite(value):
                spent += cost + 6
                out[name] = value
            elif cls is str or cls is int or cls is float:
                spent += cost
                self._put(out, name, value, depth, path)
            else:
                spent += cost + _PREPAID
                out[name] = None
                queued((out, name, value, cls, depth, (path, name)))
        self.left -= spent

    def _new_name(self, out: dict[str, Any], name: Any, value: Any, depth: int, path: Path) -> bool:
        """Write what stands under a name that is not known, and tell whether the key is that name."""
        key: str
        is_same = _type(name) is str and _is_key(name)
        if is_same:
            key = name
            self._suspect(key)
        else:
            key = self.texts.key(name)
        kind = self._kind_of(key)
        if is_same and kind == NOTHING:
            self._costs[key] = _len(key) + 6
        while key in out:
            key += "'"
            is_same = False
        self.left -= _len(key) + 6
        if kind != NOTHING and self.texts.is_hidden_value(kind, value):
            out[key] = NOT_CAPTURED if kind == HIDDEN else self.texts.mark(value)
        else:
            self._put(out, key, value, depth, path)
        return is_same

    def _each(self, found: tuple[Any, ...], depth: int, path: Path) -> list[Any]:
        """Write the items of a sequence."""
        count = _len(found)
        if count >= _FEW and (kind := common_type(found)) is not None:
            cost = cost_as_they_are(found, kind, self._short)
            if cost is not None:
                self.left -= cost
                if _type(found[0]) is str:
                    self.texts.suspects.extend(found)
                return [*found]
        items: list[Any] = [None] * count
        suspect, queued, short = self._suspect, self._queue.append, self._short
        spent = 0
        for i, value in _enumerate(found):
            cls = _type(value)
            if cls is str and (size := _len(value)) <= short:
                spent += size + 3
                suspect(value)
                items[i] = value
            elif value is None or cls is bool or (cls is int and -CARDS < value < CARDS):
                spent += 8
                items[i] = value
            elif cls is float and isfinite(value):
                spent += 12
                items[i] = value
            elif cls is str or cls is int or cls is float:
                self._put(items, i, value, depth, path)
            else:
                spent += _PREPAID
                queued((items, i, value, cls, depth, (path, i)))
        self.left -= spent
        return items

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

    def _text(self, text: str, size: int | None = None) -> Any:
        if size is None:
            size = _len(text)
        limit = self._bounds.characters
        if min(size, limit) > max(self.left - self._stop, _INLINE):
            return {"$type": "str", "$cut": NO_ROOM}
        if size > limit:
            self.left -= limit + 60
            return {"$type": "str", "head": self.texts.head(text, limit), "$cut": cut_text(size, limit, "characters")}
        self.left -= size + 3
        if _type(text) is not str:
            text = str.__str__(text)
        self._suspect(text)
        return text
