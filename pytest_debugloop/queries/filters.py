"""By which runs, times and tests a list is narrowed: one value for all commands that list something."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, fields
from datetime import datetime

from pytest_debugloop.queries.question import Question


@dataclass(frozen=True, slots=True)
class Filters:
    """Which runs and tests are asked about; None for all.

    Attributes:
        branch: of git.
        change: number of a pull or merge request.
        job: of the CI.
        leg: whole, or one of its parts: ``py312`` is a part of ``py312, windows``.
        session_ids: CI runs, or what users have named.
        since: when what is listed happened, at the earliest.
        until: before which it happened.
        task_ids: tests.
    """

    branch: str | None = None
    change: str | None = None
    job: str | None = None
    leg: str | None = None
    session_ids: tuple[uuid.UUID, ...] | None = None
    since: datetime | None = None
    until: datetime | None = None
    task_ids: tuple[uuid.UUID, ...] | None = None

    def parameters(self) -> dict[str, object]:
        """Give the parameters of a statement that has these filters."""
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in named.items()}

    @property
    def of_runs(self) -> bool:
        """Whether not all runs are asked about."""
        return any(value is not None for name, value in self.parameters().items() if name != "task_ids")


EVERYTHING = Filters()
"""Nothing is left out."""


@dataclass(frozen=True, slots=True)
class NamedTest:
    """A test by what pytest calls it.

    Attributes:
        file: it is in, from rootdir.
        name: with its class, without its parameters.
        parameters: what is between the brackets.
    """

    id: uuid.UUID
    node_id: str
    file: str | None
    name: str | None
    parameters: str | None


@dataclass(frozen=True, slots=True)
class Session:
    """A CI run, or what a user has named, of which there are runs."""

    id: uuid.UUID


def named_tests(project: str | None) -> Question[NamedTest]:
    """List all tests.

    Args:
        project: only of this one; None for all.
    """
    return Question("filter_tests", NamedTest, {"project": project})


def sessions_like(digits: str, named: uuid.UUID | None) -> Question[Session]:
    """Find sessions by their ids.

    Args:
        digits: the first or last of an id, without dashes, in lower case; empty for none.
        named: one whole id; None for none.
    """
    return Question("filter_sessions", Session, {"digits": digits, "named": named})
