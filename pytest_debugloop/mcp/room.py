"""Answers in bounded room: a list is filled while there is some, and a cursor says where the next page begins."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, TypeVar

from mcp_types import CallToolResult, TextContent
from pydantic import BaseModel, Field

from pytest_debugloop.errors import DebugloopError
from pytest_debugloop.mcp.texts import RecordedText, RecordedTexts

T = TypeVar("T", bound=BaseModel)

MOST = 24_000
"""Bytes of an answer at most. A token is one byte at least, so no answer has 25,000 of them, whatever it contains."""

LEAST = 2_000
"""Bytes of an answer that can be asked for at least: there is room for the head of each."""

DEFAULT = 8_000

Budget = Annotated[
    int, Field(ge=LEAST, le=MOST, description="maximum size of the answer in bytes of JSON; a token is about four")
]
Cursor = Annotated[
    str, Field(max_length=20, description="of the answer before, for its next page; empty for the first")
]
NextCursor = Annotated[str, Field(description="for the next page; empty on the last")]

_CURSOR = re.compile(r"[0-9]{1,9}")
_RESERVED = 120  # for the cursor, and what is set after the lists were filled


class CursorError(DebugloopError):
    """{cursor} is not a cursor of an earlier answer: leave it out for the first page."""


def offset_of(cursor: str) -> int:
    """Say how many items earlier pages had.

    Args:
        cursor: that a client sent.

    Raises:
        CursorError: it is none.
    """
    if cursor and not _CURSOR.fullmatch(cursor):
        raise CursorError(cursor=repr(cursor))
    return int(cursor or 0)


def size_of(value: BaseModel) -> int:
    """Measure a value as it will be sent.

    Args:
        value: a part of an answer.

    Returns:
        Bytes.
    """
    return len(_json(value).encode())


def _json(value: BaseModel) -> str:
    return value.model_dump_json(exclude_defaults=True)


class Room:
    """What is left of the size of an answer.

    Args:
        budget: bytes of the answer.
        head: the answer so far, its lists empty.
    """

    def __init__(self, budget: int, head: BaseModel) -> None:
        self.left = budget - size_of(head) - _RESERVED

    def page(self, items: Iterable[T], offset: int = 0, total: int = 0) -> tuple[list[T], str]:
        """Take as many items as there is room for; the first is shortened where it is larger than that.

        Args:
            items: those from the offset on.
            offset: how many earlier pages had.
            total: how many there are, where not all of them are given.

        Returns:
            The items, and the cursor of the next page; empty where none is left.
        """
        taken: list[T] = []
        for item in items:
            size = size_of(item) + 1
            if size > self.left:
                if taken:
                    return taken, str(offset + len(taken))
                item = shortened(item, self.left - 1)
                size = size_of(item) + 1
            self.left -= size
            taken.append(item)
        return taken, str(offset + len(taken)) if taken and offset + len(taken) < total else ""

    def fill(self, items: Iterable[T]) -> list[T]:
        """Take as many items as there is room for.

        Args:
            items: the most important first.
        """
        return list(self._fill(items))

    def _fill(self, items: Iterable[T]) -> Iterator[T]:
        for item in items:
            size = size_of(item) + 1
            if size > self.left:
                return
            self.left -= size
            yield item


def shortened(item: T, room: int) -> T:
    """Cut the recorded texts of an item so that it fits.

    Args:
        item: a part of an answer.
        room: bytes that there are.
    """
    longest = room
    while longest > 1 and size_of(item) > room:
        longest //= 2
        item = _cut(item, longest)
    return item


def _cut(item: T, longest: int) -> T:
    changes: dict[str, Any] = {}
    for name in type(item).model_fields:
        value = getattr(item, name)
        if isinstance(value, RecordedText):
            text = value.text[:longest]
            changes[name] = value.model_copy(
                update={"text": text, "left_out": value.left_out + len(value.text) - len(text)}
            )
        elif isinstance(value, RecordedTexts):
            changes[name] = value.model_copy(update={"texts": [text[:longest] for text in value.texts[:longest]]})
        elif isinstance(value, BaseModel):
            changes[name] = _cut(value, longest)
        elif isinstance(value, list):
            changes[name] = [_cut(one, longest) if isinstance(one, BaseModel) else one for one in value[:longest]]
    return item.model_copy(update=changes)


def result_of(answer: BaseModel) -> CallToolResult:
    """Send an answer: as structured content, and as the same JSON in text for clients that read only that.

    Args:
        answer: a whole one.
    """
    return CallToolResult(
        content=[TextContent(type="text", text=_json(answer))],
        structured_content=structured(answer),
    )


def structured(answer: BaseModel) -> dict[str, Any]:
    """Give an answer as basic types, without what has its default.

    Args:
        answer: a whole one.
    """
    return answer.model_dump(mode="json", exclude_defaults=True)
