"""What ``debugloop doctor`` looks at, and how a check is kept from ending the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from pytest_debugloop.text.json_values import json_name

OK = "ok"
WARNING = "warning"
PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Check:
    """The result of a check.

    Attributes:
        name: of the check.
        state: ok, warning or problem.
        message: what was found.
        hint: what to do about it; empty if nothing.
    """

    name: str
    state: str
    message: str
    hint: str = field(default="", metadata=json_name("mend"))


Checker = Callable[[], Iterable[Check]]


def run_checks(checkers: Iterable[tuple[str, Checker]]) -> Iterator[Check]:
    """Look at one thing after another; what cannot be looked at is a problem of its own.

    Args:
        checkers: each with its name.
    """
    for name, checker in checkers:
        yield from _run(name, checker)


def _run(name: str, checker: Checker) -> Iterator[Check]:
    try:
        yield from checker()
    except Exception as error:  # whatever is wrong here, the others are to be looked at
        yield Check(name, PROBLEM, " ".join(str(error).split()) or type(error).__name__)
