"""What a text that somebody typed means: a run, a test, an error, a success, a snapshot or a recovery."""

from __future__ import annotations

import re
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from pytest_debugloop.errors import AmbiguousError, NotFoundError, WrongKindError
from pytest_debugloop.queries.failures import failure_of
from pytest_debugloop.queries.lookup import Found, Test, ids_like, test_of, tests_named
from pytest_debugloop.queries.projects import project_named
from pytest_debugloop.queries.question import Steps, fetch, one
from pytest_debugloop.text.printable import printable
from pytest_debugloop.text.words import short

_ID = re.compile(r"[0-9a-f]{4,32}")
_CANDIDATES_LIMIT = 5
_KINDS = ("run", "test", "error", "success", "snapshot", "recovery")


def find(
    text: str, project: str | None = None, kinds: tuple[str, ...] = _KINDS, here: str | None = None
) -> Steps[Found]:
    """Find what a text means.

    Args:
        text: an id, the first or last characters of one (four at least), or a node id or a part of it.
        project: tests only of this one, by the name that it has or had; None for all.
        kinds: what it may be.
        here: the project whose tests are preferred; None for none.

    Raises:
        NotFoundError: nothing in the record is called so.
        WrongKindError: something is, but nothing that it may be.
        AmbiguousError: several are.
    """
    named = yield from _by_id(text)
    found = [it for it in named if it.kind in kinds]
    if len(found) == 1:
        return found[0]
    if found:
        raise _ambiguous(text, [f"{it.kind} {it.id}" for it in found])
    try:
        if "test" in kinds:
            test = yield from find_test(text, project, here)
            return Found("test", test.id, replace(test, rank=0))
    except NotFoundError:
        if not named:
            raise
    if named:
        raise WrongKindError(text=_quoted(text), kind=_one_of((named[0].kind,)), kinds=_one_of(kinds))
    raise NotFoundError(text=_quoted(text), hint=f"give the id of {_one_of(kinds)}, or its first or last characters")


def find_test(text: str, project: str | None = None, here: str | None = None) -> Steps[Test]:
    """Find a test by its node id or a part of it.

    Of several, the one with an open failure is meant, or else the one of the project of the checkout.

    Args:
        text: its node id, the end of it, or any part.
        project: only of this one, by the name that it has or had; None for all.
        here: the project whose tests are preferred; None for none.

    Raises:
        NotFoundError: no test is called so.
        AmbiguousError: several are, and none better than the others.
    """
    text = text.removeprefix("./")  # as a shell completes it
    if project is not None:
        project = (yield from one(project_named(project))).name
    found = yield from fetch(tests_named(text, project, here, _CANDIDATES_LIMIT + 1))
    best = [test for test in found if test.rank == found[0].rank] if text else []
    preferred = [test for test in best if test.is_open] or best
    of_here = [test for test in preferred if test.project == here]
    for fitting in (best, preferred, of_here):
        if len(fitting) == 1:
            return fitting[0].test
    if best:
        raise _ambiguous(text, _told_apart([test.test for test in best]), _listed([test.test for test in best]))
    raise NotFoundError(text=_quoted(text), hint="give an id, or a node id or part of one; `debugloop runs` lists runs")


def named_test(text: str, project: str | None = None, preferred: str | None = None) -> Steps[Found]:
    """Find a test by its name or id, or by the id of one of its failures.

    Args:
        text: what was typed.
        project: only of this one; None for all.
        preferred: the project whose tests come first, where several are called so.

    Raises:
        NotFoundError: nothing in the record is called so.
        WrongKindError: something is, but no test, and no failure of one.
        AmbiguousError: several are.
    """
    found = yield from find(text, project, ("test", "error"), preferred)
    if found.kind == "test":
        return found
    task_id = (yield from one(failure_of(found.id))).failure.task_id
    if task_id is None:
        raise WrongKindError(text=_quoted(text), kind="a failure of no test", kinds="a test or a failure of one")
    return Found("test", task_id)


def only_test(text: str, ids: Sequence[uuid.UUID]) -> Steps[Found]:
    """Give the test that was named, where it is one.

    Args:
        text: how it was named.
        ids: of all tests that are called so.

    Raises:
        AmbiguousError: there are several.
    """
    if len(ids) == 1:
        return Found("test", ids[0])
    tests = []
    for id in ids[: _CANDIDATES_LIMIT + 1]:  # noqa: A001
        tests.append((yield from one(test_of(id))))  # noqa: PERF401 - a comprehension cannot yield
    raise _ambiguous(text, _told_apart(tests), _listed(tests))


def find_id(text: str, kind: str) -> Steps[uuid.UUID]:
    """Find the one thing of a kind that an id, or the first or last characters of one, means.

    Args:
        text: what was typed.
        kind: see :class:`Found`.

    Raises:
        NotFoundError: there is none.
        AmbiguousError: there are several.
    """
    found = yield from find(text, kinds=(kind,))
    return found.id


def _by_id(text: str) -> Steps[list[Found]]:
    given = text.strip().lower().removeprefix("…")
    digits = given.replace("-", "")
    if not _ID.fullmatch(digits):
        return []
    found = yield from fetch(ids_like(digits))
    return list(dict.fromkeys(found))


def _told_apart(tests: list[Test]) -> list[str]:
    """Name tests, those of one name with their projects: `--project` chooses one."""
    times = Counter(test.node_id for test in tests)
    return [test.node_id if times[test.node_id] == 1 else f"{test.node_id} of project {test.project}" for test in tests]


def _listed(tests: Sequence[Test]) -> list[str]:
    """Name tests as they can be copied."""
    return [f"{short(test.id)}  {test.node_id}  (project {test.project})" for test in tests]


def _ambiguous(text: str, candidates: list[str], lines: Sequence[str] = ()) -> AmbiguousError:
    listed_names = ", ".join(printable(candidate) for candidate in candidates[:_CANDIDATES_LIMIT])
    more = len(candidates) > _CANDIDATES_LIMIT
    return AmbiguousError(
        text=_quoted(text),
        count="several" if more else len(candidates),
        candidates=listed_names + (" and more" if more else ""),
        listed=[*map(printable, (lines or candidates)[:_CANDIDATES_LIMIT]), *(["and more"] if more else [])],
    )


def _quoted(text: str) -> str:
    return printable(text if len(text) <= 100 else text[:99] + "…")


def _one_of(kinds: tuple[str, ...]) -> str:
    names = [("an " if kind == "error" else "a ") + kind for kind in kinds]
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " or " + names[-1]
