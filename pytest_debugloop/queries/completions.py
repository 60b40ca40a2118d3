"""What a word that somebody has begun to type may become."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_debugloop.queries.question import Question


@dataclass(frozen=True, slots=True)
class Completion:
    """A word.

    Attributes:
        kind: ``test``, ``id`` or ``branch``.
        word: the whole one.
        help: what it is, if the word does not say so.
    """

    kind: str
    word: str
    help: str | None


def completions(kind: str, begun: str, project: str | None, limit: int = 50) -> Question[Completion]:
    """Complete a word.

    Args:
        kind: ``branch``, or ``thing`` for a test (by its name, or by its node id) or an id: of the latest runs and of
            open failures.
        begun: what was typed.
        project: only of this one; None for all.
        limit: how many at most.
    """
    return Question(
        "completions" if kind == "thing" else "completions_branches",
        Completion,
        {"begun": begun, "project": project, "limit": limit},
    )
