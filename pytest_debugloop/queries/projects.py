"""Projects by the names that they have, or had."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_debugloop.queries.question import Question


@dataclass(frozen=True, slots=True)
class ProjectName:
    """The name that a project has now."""

    name: str


def project_named(name: str) -> Question[ProjectName]:
    """Give the name that a project has now.

    Args:
        name: that it has, or had before its checkout got another.

    Returns:
        The given name where no project was called so, or several were.
    """
    return Question("project_named", ProjectName, {"called": name})
