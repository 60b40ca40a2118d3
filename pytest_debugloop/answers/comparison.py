"""What was different between two moments: in data, environment, code, and in what ran before."""

from __future__ import annotations

import difflib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pytest_debugloop.capture.volatile import unpaired
from pytest_debugloop.queries.failures import snapshot_of
from pytest_debugloop.queries.question import Question, Steps, fetch, first, one
from pytest_debugloop.snapshots.agent_state import AgentState
from pytest_debugloop.snapshots.changes import failure_changes, state_changes
from pytest_debugloop.snapshots.states import recorded_state
from pytest_debugloop.sources.options import differing_options, given_options
from pytest_debugloop.sources.variables import differing_variables
from pytest_debugloop.text.lines import Line
from pytest_debugloop.text.printable import printable
from pytest_debugloop.text.words import ago, local, short


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a comparison: a failure, a pass, a snapshot, or a run.

    Attributes:
        kind: ``error``, ``success``, ``snapshot`` or ``run``.
        at: its time.
        began_at: start of its phase; end of a run.
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
class _Name:
    operation_name: str


def side(kind: str, id: uuid.UUID) -> Question[Side]:  # noqa: A002
    """Give one of two moments.

    Args:
        kind: ``error``, ``success``, ``snapshot`` or ``run``.
        id: of it.
    """
    return Question(f"diff_side_of_{kind}", Side, {"id": id})


def side_in_run(task_id: uuid.UUID, run_id: uuid.UUID) -> Question[Side]:
    """Give the last attempt of a test in a run.

    Args:
        task_id: of the test.
        run_id: of the run.
    """
    return Question("diff_side_in_run", Side, {"task_id": task_id, "run_id": run_id})


def passed_lines(passed: Side) -> Iterator[Line]:
    """Write which pass of a test it was.

    Args:
        passed: a pass.
    """
    yield Line.of(printable(passed.node_id), "title").append(f"  {short(passed.id)}", "id")
    by = f"by {printable(passed.agent_name)}, run {short(passed.run_id)}"
    yield Line.of("  passed", "pass").append(f" {local(passed.at)} ({ago(passed.at)}) {by}")
    if passed.snapshot_id is not None:
        yield Line.of(f"  Its state: debugloop show {short(passed.snapshot_id)}", "faint")


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
    first_state = yield from state_of(before.snapshot_id)
    second_state = yield from state_of(after.snapshot_id)
    if first_state is None or second_state is None:
        return None
    if "returned" in second_state and "returned" not in first_state:
        return state_changes(first_state, second_state, whole=True)
    if "returned" in first_state and "returned" not in second_state:
        return None  # a failure is compared with a pass, and not the other way around
    return failure_changes(first_state, second_state, whole=True)


def state_of(snapshot_id: uuid.UUID | None) -> Steps[AgentState | None]:
    """Give the state of a snapshot.

    Args:
        snapshot_id: of it; None for none.

    Returns:
        None where it is not of this package's shape, or too large to be shown.
    """
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
            "agent_name": None if moment.kind == "run" else moment.agent_name,
            "began_at": moment.began_at,
            "operation_name": moment.operation_name,
        }
        found = yield from fetch(Question("diff_tests_before", _Name, values))
        names.append([name.operation_name for name in found])
    sets = [set(names[0]), set(names[1])]
    only = [[name for name in names[side] if name not in sets[1 - side]] for side in (0, 1)]
    return Order(
        only_before=unpaired(only[0], only[1]),
        only_after=unpaired(only[1], only[0]),
        both=len(sets[0] & sets[1]),
        last_before=names[0][-1] if names[0] else None,
        last_after=names[1][-1] if names[1] else None,
    )
