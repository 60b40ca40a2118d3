"""What was different between two moments: in data, environment, code, and in what ran before."""

from __future__ import annotations

import difflib
import uuid
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pytest_debugloop.answers.lookup import find
from pytest_debugloop.errors import NeverFailedError, NotRecoveredError
from pytest_debugloop.queries.failures import failures_of_test, snapshot_of
from pytest_debugloop.queries.question import Question, Steps, fetch, first, one
from pytest_debugloop.queries.recoveries import Recovery, recoveries
from pytest_debugloop.snapshots.agent_state import AgentState
from pytest_debugloop.snapshots.changes import failure_changes, state_changes
from pytest_debugloop.snapshots.states import recorded_state
from pytest_debugloop.sources.options import differing_options, given_options
from pytest_debugloop.sources.variables import differing_variables
from pytest_debugloop.text.json_values import plain
from pytest_debugloop.text.printable import printable


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a comparison: a failure, a pass, or a snapshot.

    Attributes:
        kind: ``error``, ``success`` or ``snapshot``.
        at: its time.
        began_at: start of its phase.
    """

    kind: str
    id: uuid.UUID
    node_id: str
    run_id: uuid.UUID | None
    correlation_id: uuid.UUID
    agent_name: str
    snapshot_id: uuid.UUID | None
    at: datetime
    began_at: datetime
    operation_name: str | None


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What a run was run on; columns of ``debug_runs``."""

    code_version: str | None
    distributions: dict[str, Any]
    environment: dict[str, Any]
    interpreter: dict[str, Any]
    random_seeds: dict[str, Any]
    variables: dict[str, str | None] | None
    command_line: list[str]
    ini_options: dict[str, Any]
    rootdir: str


@dataclass(frozen=True, slots=True)
class ChangedCode:
    """A function that differs between the sides.

    Attributes:
        function: its qualified name; None if only the file is known to differ.
        before: its source on the first side; None if it does not exist there.
        after: the same for the second.
    """

    file: str
    function: str | None
    before: str | None
    after: str | None

    @property
    def change(self) -> str:
        """Whether it was added, removed or changed."""
        if self.before is None and self.after is not None:
            return "added"
        return "removed" if self.after is None and self.before is not None else "changed"

    @property
    def diff(self) -> str:
        """The change as a unified diff; empty where no source is known."""
        before, after = ((text or "").splitlines() for text in (self.before, self.after))
        name = f"{self.file}:{self.function}"
        return "\n".join(difflib.unified_diff(before, after, f"a/{name}", f"b/{name}", lineterm=""))


@dataclass(frozen=True, slots=True)
class Order:
    """The tests that ran before the test in its process, on both sides.

    Attributes:
        only_before: on the first side only, in order.
        only_after: on the second side only.
        both: number of tests that ran before it on both sides.
        last_before: the test immediately before it on the first side; None if there is none.
        last_after: the same for the second.
    """

    only_before: list[str]
    only_after: list[str]
    both: int
    last_before: str | None
    last_after: str | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was different between two moments.

    Attributes:
        data: ``changes`` as docs/formulas.md has them for recoveries; None where a side has no state.
        distributions: name to what it was and is; also ``environment``, ``interpreter``, ``options`` and
            ``random_seeds``.
        code: None where the code of a side is not known.
        same_run: whether both are of one run, which has one code and one environment.
    """

    before: Side
    after: Side
    data: dict[str, Any] | None
    distributions: dict[str, list[Any]]
    environment: dict[str, list[Any]]
    interpreter: dict[str, list[Any]]
    options: dict[str, list[Any]]
    random_seeds: dict[str, list[Any]]
    code: list[ChangedCode] | None
    order: Order
    same_run: bool


@dataclass(frozen=True, slots=True)
class Compared:
    """A comparison; ``recovery`` is that which leads from the first side to the second, None where both were named."""

    comparison: Comparison
    recovery: Recovery | None


@dataclass(frozen=True, slots=True)
class _Name:
    operation_name: str


def compared(a: str, b: str | None, project: str | None) -> Steps[Compared]:
    """Compare what somebody names: two moments, or a failure with the pass that recovered it.

    Args:
        a: a failure, a snapshot, or a test, of which it is the last failure; without the second one also a recovery.
        b: the second; None for the pass that recovered the first.
        project: tests only of this one, by the name that it has or had; None for all.

    Raises:
        NotFoundError, WrongKindError, AmbiguousError: nothing, nothing of these, or more than one thing is called so.
        NeverFailedError: the test has not failed.
        NotRecoveredError: no pass followed the first one.
    """
    before, recovery = yield from _named(a, project)
    if b is not None:
        after, _ = yield from _named(b, project)
        return Compared((yield from compare(before, after)), None)
    if recovery is None and before.kind == "error":
        recovery = yield from first(recoveries(error_id=before.id, limit=1))
    if recovery is None:
        raise NotRecoveredError(text=printable(a))
    after = yield from one(side("success", recovery.success_event_id))
    return Compared((yield from compare(before, after)), recovery)


def as_json(answer: Compared) -> dict[str, Any]:
    """Write an answer for programs.

    Args:
        answer: of :func:`compared`.
    """
    code = answer.comparison.code
    changed = None if code is None else [{**plain(each), "diff": each.diff} for each in code]
    return {**plain(answer.comparison), "code": changed, "recovery": plain(answer.recovery)}


def _named(text: str, project: str | None) -> Steps[tuple[Side, Recovery | None]]:
    """Find what somebody means by one side."""
    found = yield from find(text, project, kinds=("error", "snapshot", "recovery", "test"))
    if found.kind == "recovery":
        recovery = yield from one(recoveries(id=found.id, limit=1))
        return (yield from one(side("error", recovery.error_event_id))), recovery
    if found.kind == "test":
        last = yield from first(failures_of_test(found.id, 1, details=0))
        if last is None:
            raise NeverFailedError(text=printable(text))
        return (yield from one(side("error", last.failure.id))), None
    return (yield from one(side(found.kind, found.id))), None


def side(kind: str, id: uuid.UUID) -> Question[Side]:  # noqa: A002
    """Give one of two moments.

    Args:
        kind: ``error``, ``success`` or ``snapshot``.
        id: of it.
    """
    return Question(f"diff_side_of_{kind}", Side, {"id": id})


def compare(before: Side, after: Side) -> Steps[Comparison]:
    """Tell what was different between two moments.

    Args:
        before: the first.
        after: the second.
    """
    facts = [(yield from _facts(before)), (yield from _facts(after))]
    same_run = before.run_id is not None and before.run_id == after.run_id
    versions = [fact.code_version if fact else None for fact in facts]
    code: list[ChangedCode] | None = None
    if all(versions):
        values = {"before": versions[0], "after": versions[1]}
        changed = Question("diff_code", ChangedCode, values)
        code = [] if versions[0] == versions[1] else (yield from fetch(changed))
    return Comparison(
        before=before,
        after=after,
        data=(yield from _data(before, after)),
        **{
            name: _changed(*(getattr(fact, name) if fact else {} for fact in facts)) if all(facts) else {}
            for name in ("distributions", "interpreter", "random_seeds")
        },
        environment=_variables(facts),
        options=_options(facts),
        code=code,
        order=(yield from _order(before, after)),
        same_run=same_run,
    )


def _variables(facts: list[RunFacts | None]) -> dict[str, list[Any]]:
    before, after = facts
    if before is None or after is None:
        return {}
    sides = ((_as_dict(fact.environment), fact.variables) for fact in (before, after))
    return dict(sorted(differing_variables(*sides).items()))


def _options(facts: list[RunFacts | None]) -> dict[str, list[Any]]:
    before, after = facts
    if before is None or after is None:
        return {}
    given = [
        given_options(fact.command_line, _as_dict(fact.environment), _as_dict(fact.ini_options), Path(fact.rootdir))
        for fact in (before, after)
    ]
    return differing_options(*given)


def _facts(moment: Side) -> Steps[RunFacts | None]:
    if not moment.run_id:
        return None
    return (yield from first(Question("diff_run_facts", RunFacts, {"id": moment.run_id})))


def _data(before: Side, after: Side) -> Steps[dict[str, Any] | None]:
    first_state = yield from _state_of(before.snapshot_id)
    second_state = yield from _state_of(after.snapshot_id)
    if first_state is None or second_state is None:
        return None
    if "returned" in second_state and "returned" not in first_state:
        return state_changes(first_state, second_state, whole=True)
    return failure_changes(first_state, second_state, whole=True)


def _state_of(snapshot_id: uuid.UUID | None) -> Steps[AgentState | None]:
    """Give the state of a snapshot; None where it is not of this package's shape, or too large to be shown."""
    if snapshot_id is None:
        return None
    snapshot = yield from one(snapshot_of(snapshot_id))
    return recorded_state(snapshot.state)


def _as_dict(found: Any) -> dict[str, Any]:
    """Give what is an object of JSON; anything else that somebody has stored is an empty one."""
    return found if isinstance(found, dict) else {}


def _changed(before: Any, after: Any) -> dict[str, list[Any]]:
    before, after = _as_dict(before), _as_dict(after)
    names = sorted({*before, *after})
    return {name: [before.get(name), after.get(name)] for name in names if before.get(name) != after.get(name)}


def _order(before: Side, after: Side) -> Steps[Order]:
    names = []
    for moment in (before, after):
        values = {
            "correlation_id": moment.correlation_id,
            "agent_name": moment.agent_name,
            "began_at": moment.began_at,
            "operation_name": moment.operation_name,
        }
        found = yield from fetch(Question("diff_tests_before", _Name, values))
        names.append([name.operation_name for name in found])
    sets = [set(names[0]), set(names[1])]
    return Order(
        only_before=[name for name in names[0] if name not in sets[1]],
        only_after=[name for name in names[1] if name not in sets[0]],
        both=len(sets[0] & sets[1]),
        last_before=names[0][-1] if names[0] else None,
        last_after=names[1][-1] if names[1] else None,
    )
