"""What a snapshot tells of the test that failed, beside where and how it did."""

from __future__ import annotations

from typing import Any

from pytest_debugloop.lazy import Data, dataclass


@dataclass(frozen=True)
class ItemFacts(Data):
    """What pytest knows of the test that failed.

    Attributes:
        fixtures: name to value.
        scopes: fixture to its scope.
        parameters: name to value.
        markers: name, positional and keyword arguments of each, the closest first.
        captured: what pytest calls the section, and its text.
        is_captured: False where the user wants no state of this test.
        description: what it is for: the first line of its docstring, else its name in words; empty of no test.
        code: file as the project names it, line and role (``test`` or ``fixture``) of the functions that it is made of.
    """

    fixtures: dict[str, object] = {}  # noqa: RUF012 - never changed
    scopes: dict[str, str] = {}  # noqa: RUF012
    parameters: dict[str, object] = {}  # noqa: RUF012
    markers: tuple[tuple[str, tuple[Any, ...], dict[str, Any]], ...] = ()
    captured: tuple[tuple[str, str], ...] = ()
    is_captured: bool = True
    code: tuple[tuple[str, int, str], ...] = ()
    description: str = ""
