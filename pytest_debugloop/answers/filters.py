"""What was typed to narrow a list, and what of the record that means."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path

from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.answers.test_selection import TestSelection
from pytest_debugloop.environment.identity import uuid_of
from pytest_debugloop.errors import AmbiguousError, NotFoundError
from pytest_debugloop.queries.filters import Filters, named_tests, sessions_like
from pytest_debugloop.queries.projects import project_named
from pytest_debugloop.queries.question import Steps, fetch, one
from pytest_debugloop.text.printable import printable

_ID = re.compile(r"[0-9a-f]{4,32}")


@dataclass(frozen=True, slots=True)
class TypedFilters:
    """The options that narrow a list, as they were typed; see :class:`~pytest_debugloop.queries.filters.Filters`.

    Attributes:
        session: its name, its id, or the first or last characters of one.
        test: a node id or an expression.
    """

    branch: str | None = None
    change: str | None = None
    job: str | None = None
    leg: str | None = None
    session: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    test: TestSelection | None = None

    def __bool__(self) -> bool:
        return any(getattr(self, field.name) is not None for field in fields(self))

    @property
    def description(self) -> str:
        """The options, as they would be typed, but for times."""
        names = ("branch", "change", "job", "leg", "session")
        given = [f"--{name} {value}" for name in names if (value := getattr(self, name)) is not None]
        times = [f"--{name}" for name in ("since", "until") if getattr(self, name) is not None]
        return printable(" ".join([*given, *times, *([f"--test {self.test.text}"] if self.test else [])]))


@dataclass(frozen=True, slots=True)
class Scope:
    """What a list is about: one project or all, and only what the filters let through."""

    project: str | None
    filters: Filters


def scope_of(typed: TypedFilters, location: RecordLocation) -> Steps[Scope]:
    """Find in the record what a list is to be about.

    Args:
        typed: the options that narrow it.
        location: where the command was typed.

    Raises:
        NotFoundError: there is no such session, or no such test.
    """
    project = yield from asked_project(location)
    return Scope(project, (yield from filters_of(typed, project, location)))


def asked_project(location: RecordLocation) -> Steps[str | None]:
    """Name the project that is asked for, as the record names it now.

    Args:
        location: where the record is.

    Returns:
        None for all that are in an embedded record.
    """
    asked = location.asked_project()
    return None if asked is None else (yield from one(project_named(asked))).name


def filters_of(typed: TypedFilters, project: str | None, location: RecordLocation) -> Steps[Filters]:
    """Find what was typed in the record.

    Args:
        typed: the options.
        project: sessions and tests only of this one; None for all.
        location: where the command was typed.

    Raises:
        NotFoundError: there is no such session, or no such test.
    """
    task_ids = session_ids = None
    if typed.session is not None:
        session_ids = yield from _sessions(typed.session, project or location.checkout_project())
    if typed.test is not None:
        tests = yield from fetch(named_tests(project))
        found = typed.test.matching(tests, _folder(location))
        if not found:
            hint = "give a node id, or an expression as for `pytest -k`, without marker names"
            raise NotFoundError(text=printable(typed.test.text), hint=hint)
        task_ids = tuple(test.id for test in found)
    change = typed.change.lstrip("#!") if typed.change else typed.change
    return Filters(typed.branch, change, typed.job, typed.leg, session_ids, typed.since, typed.until, task_ids)


def _sessions(text: str, project: str) -> Steps[tuple[uuid.UUID, ...]]:
    digits = text.strip().lower().replace("-", "")
    found = yield from fetch(sessions_like(digits if _ID.fullmatch(digits) else "", uuid_of(text, project)))
    if not found:
        hint = "`debugloop runs --json` has the `session_id` of each run"
        raise NotFoundError(text=f"session {printable(text)}", hint=hint)
    return tuple(session.id for session in found)


def session_of(text: str, project: str | None, location: RecordLocation) -> Steps[uuid.UUID]:
    """Find one session.

    Args:
        text: its name, its id, or the first or last characters of one.
        project: by whose name it was named; None for that of the checkout.
        location: where the command was typed.

    Raises:
        NotFoundError: there is no such session.
        AmbiguousError: there are several.
    """
    found = yield from _sessions(text, project or location.checkout_project())
    if len(found) > 1:
        candidates = ", ".join(map(str, found))
        raise AmbiguousError(text=printable(text), count=len(found), candidates=candidates)
    return found[0]


def _folder(location: RecordLocation) -> str:
    try:
        folder = Path.cwd().relative_to(location.rootdir).as_posix()
    except (ValueError, OSError):
        return ""
    return "" if folder == "." else folder
