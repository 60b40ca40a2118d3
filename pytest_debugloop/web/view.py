"""What a page is made of: a template with its values, and the same as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.text.json_values import JSON_VERSION, plain

if TYPE_CHECKING:
    from pytest_debugloop.answers.record import Record


@dataclass(frozen=True, slots=True)
class Asked:
    """What a browser asks for.

    Attributes:
        record: to ask, in a transaction of its own.
        location: where it is.
        query: the parameters of the address, the last of each name.
        id: of the thing that the address names; empty where it names none.
        is_json: whether only the JSON of the page is wanted: what its template needs beside is not asked for.
    """

    record: Record
    location: RecordLocation
    query: Mapping[str, str]
    id: str = ""
    is_json: bool = False

    def text(self, name: str) -> str | None:
        """Give a parameter.

        Args:
            name: of it.

        Returns:
            None where it is missing or empty.
        """
        return self.query.get(name, "").strip() or None

    def number(self, name: str, most: int = 1_000_000) -> int:
        """Give a parameter that is a number, from 0.

        Args:
            name: of it.
            most: it is cut to that.
        """
        text = self.query.get(name, "")
        return min(int(text), most) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


@dataclass(frozen=True, slots=True)
class View:
    """A page.

    Attributes:
        template: its file.
        title: of the window.
        values: of the template; empty where only JSON is wanted.
        command: the command whose JSON the page has.
        facts: keys of that JSON.
        lists: keys of that JSON that hold rows.
    """

    template: str
    title: str
    values: Mapping[str, Any]
    command: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    lists: Mapping[str, Iterable[Any]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Give the answer as the command writes it with ``--json``."""
        head = {"schema": f"debugloop/{self.command}", "version": JSON_VERSION, **self.facts}
        return {**plain(dict(head)), **{name: [plain(row) for row in rows] for name, rows in self.lists.items()}}
