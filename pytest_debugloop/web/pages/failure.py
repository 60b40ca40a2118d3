"""A failure: its message, frames, values, history and recovery, beside the state of the pass that followed it."""

from __future__ import annotations

import uuid
from typing import Any

from pytest_debugloop.answers.code_under_test import called_by, code_under_test
from pytest_debugloop.answers.comparison import side, state_of
from pytest_debugloop.answers.differences import code_changed_since_pass
from pytest_debugloop.answers.failures import history_line, open_line, passed_line
from pytest_debugloop.answers.lookup import find_id
from pytest_debugloop.answers.shown import as_json, shown
from pytest_debugloop.queries.failures import LARGEST_SHOWN, DetailedFailure
from pytest_debugloop.queries.lookup import Found
from pytest_debugloop.queries.recoveries import Recovery
from pytest_debugloop.snapshots.evidence import recorded_changes, recorded_evidence
from pytest_debugloop.snapshots.values import Values
from pytest_debugloop.text.pointers import steps_of
from pytest_debugloop.text.words import short
from pytest_debugloop.web.assertions import assertion_sides
from pytest_debugloop.web.both_states import SectionBeside, side_by_side
from pytest_debugloop.web.states import exceptions_of, sections_of
from pytest_debugloop.web.view import Asked, View

_CHANGES = 50


def failure_page(asked: Asked) -> View:
    """Show a failure.

    Args:
        asked: for which.
    """
    id_ = asked.record.answer(find_id(asked.id, "error"))
    answer: Any = asked.record.answer(shown(Found("error", id_), 1, LARGEST_SHOWN))
    kind, facts, lists = as_json(answer)
    values = {} if asked.is_json else _values(asked, id_, answer)
    return View("failure.html", f"Failure {short(id_)}", values, "show", {"kind": kind, **facts}, lists)  # type: ignore[arg-type]


def _values(asked: Asked, id_: uuid.UUID, answer: Any) -> dict[str, Any]:
    known: DetailedFailure = answer.failure
    functions = asked.record.answer(code_under_test([known]))
    named = called_by(known)
    is_open = known.failure.recovery_strategy is None
    code = asked.record.answer(code_changed_since_pass(id_)) if is_open else ()
    recovery = answer.recoveries[0] if answer.recoveries else None
    both = _both_states(asked, known, recovery) if recovery else []
    state: dict[str, Any] = dict(known.state or {})
    return {
        "failure": known.failure,
        "history": known.history,
        "lines": [
            line for line in (passed_line(known.history), history_line(known.history), open_line(known.history)) if line
        ],
        "assertion": assertion_sides(known.failure.error_message),
        "exceptions": list(exceptions_of(known.state)) if known.state else [],
        "sections": list(sections_of(known.state)) if known.state else [],
        "captured": state.get("captured") or {},
        "threads": state.get("threads") or [],
        "scopes": state.get("fixture_scopes") or {},
        "functions": [one for one in functions if one.function.rpartition(".")[2] in named],
        "changed": code[:_CHANGES],
        "recovery": recovery,
        "evidence": recorded_evidence(recovery.evidence) if recovery else {},
        "both": both,
        "differences": _differences(recovery.success_factors) if recovery and not both else [],
    }


def _both_states(asked: Asked, known: DetailedFailure, recovery: Recovery) -> list[SectionBeside]:
    """Put the state beside that of the pass; nothing where one of them is not known, or they have nothing in common."""
    passed = asked.record.first(side("success", recovery.success_event_id))
    state = asked.record.answer(state_of(passed.snapshot_id)) if passed and known.state else None
    if state is None or not known.state:
        return []
    return [section for section in side_by_side(known.state, state) if section.changed or section.same]


def _differences(factors: Any) -> list[tuple[str, str | None, str | None]]:
    """Give the values that were different when the test passed: name, before and after."""
    values = Values({})
    found = []
    for change in recorded_changes(factors)["changes"][:_CHANGES]:
        steps = steps_of(str(change.get("path", "")))
        sides = [values.one_line(change[side], 400) if side in change else None for side in ("from", "to")]
        found.append((" ".join(filter(None, [" ".join(steps[:1]), ".".join(steps[1:])])), sides[0], sides[1]))
    return found
