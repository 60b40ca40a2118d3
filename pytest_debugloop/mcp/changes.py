"""What differs between a failure and a pass, from the evidence that the record keeps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, TypeAlias

from pytest_debugloop.mcp.models import Change, LastPass, Recovered
from pytest_debugloop.mcp.texts import RecordedText, recorded, word
from pytest_debugloop.queries.failures import FailureHistory
from pytest_debugloop.queries.recoveries import Recovery
from pytest_debugloop.snapshots.evidence import recorded_evidence
from pytest_debugloop.text.strategies import ORDER, STRATEGIES, UNKNOWN
from pytest_debugloop.text.words import short

Diffs: TypeAlias = Mapping[tuple[str, str], str]
"""Diffs of functions, by file and name."""

_PAIRS = {
    "distributions": ("distribution", "version of an installed distribution"),
    "options": ("option", "option of pytest"),
    "environment": ("environment", "environment variable"),
    "interpreter": ("interpreter", "fact of the interpreter"),
}
_ORDER = {
    "polluters": "test that ran before each failure and no pass",
    "setters": "test that ran before each pass only",
}
_WAYS = ("added", "removed", "changed")
_LONGEST_DIFF = 4_000
_LONGEST_VALUE = 200


def changes_of(evidence: object, strategy: str | None = None, *, diffs: Diffs | None = None) -> Iterator[Change]:
    """List what was different, the likeliest of each kind first.

    Args:
        evidence: of a recovery, or of the beginning of a failure.
        strategy: of a recovery; which tests ran before is reported where it is that, or nothing else was different.
        diffs: of functions, by file and name, where the evidence has none; None for no diffs at all.
    """
    found = list(_changes(evidence, diffs=diffs))
    is_order = strategy == ORDER or all(change.kind == "order" for change in found)
    return (change for change in found if is_order or change.kind != "order")


def _changes(evidence: object, *, diffs: Diffs | None) -> Iterator[Change]:
    known = recorded_evidence(evidence)
    for key, was_run in (("code", None), ("code_beside", None), ("code_not_run", False)):
        for code in known.get(key, ()):
            yield Change(
                kind="code",
                change=word(code.get("change"), _WAYS, "changed"),  # type: ignore[arg-type]  # one of these
                name=recorded("function and file of the project", f"{code.get('function')} in {code.get('file')}"),
                was_run=True if code.get("ran") else was_run,
                diff=_diff(code, diffs),
            )
    for data in known.get("data", ()):
        way = word(data.get("change"), _WAYS, "changed")
        yield Change(kind="data", change=way, name=recorded("file of the project", data.get("file")))  # type: ignore[arg-type]
    for key, (kind, origin) in _PAIRS.items():
        yield from _pairs(kind, origin, known.get(key, {}))
    order = known.get("order", {})
    for key, origin in _ORDER.items():
        for test in order.get(key) or ():
            yield Change(kind="order", name=recorded(origin, test))


def _diff(code: Mapping[str, Any], diffs: Diffs | None) -> RecordedText | None:
    if diffs is None:
        return None
    found = code.get("diff") or diffs.get((str(code.get("file")), str(code.get("function"))))
    return recorded("diff of the project's code", found, _LONGEST_DIFF) if found else None


def _pairs(kind: str, origin: str, pairs: Mapping[str, Any]) -> Iterator[Change]:
    for name, pair in pairs.items():
        before, after = [*(pair if isinstance(pair, list) else ()), None, None][:2]
        yield Change(
            kind=kind,  # type: ignore[arg-type]  # of the table
            change="added" if before is None else "removed" if after is None else "changed",
            name=recorded(origin, name),
            before=None if before is None else recorded("value, when it failed or passed first", _told(before)),
            after=None if after is None else recorded("value after", _told(after)),
        )


def _told(value: Any) -> str:
    text = "a value that is not kept" if isinstance(value, dict) else str(value)
    return text[:_LONGEST_VALUE]


def last_pass_of(history: FailureHistory | None, *, diffs: Diffs | None = None) -> LastPass | None:
    """Say when the test of an open failure last passed, and what has changed since.

    Args:
        history: of the failure.
        diffs: of functions, by file and name, where the evidence has none; None for no diffs at all.
    """
    if history is None or not history.is_open or history.last_passed_at is None:
        return None
    changed = history.changed_since
    return LastPass(
        at=history.last_passed_at,
        run_id=short(history.last_passed_run_id),
        branch=recorded("branch of git", history.last_passed_branch) if history.last_passed_branch else None,
        is_complete=not (isinstance(changed, dict) and changed.get("missing")),
        changed=list(changes_of(changed, diffs=diffs)),
    )


def recovered_of(recovery: Recovery, *, diffs: Diffs | None = None) -> Recovered:
    """Say why a failure did not come again.

    Args:
        recovery: of the record.
        diffs: of functions, by file and name, where the evidence has none; None for no diffs at all.
    """
    verified = recorded_evidence(recovery.evidence).get("verified") or {}
    return Recovered(
        recovery_id=short(recovery.id),
        strategy=strategy_of(recovery.recovery_strategy),
        confidence=_share(recovery.confidence_score),
        at=recovery.passed_at,
        is_proved=bool(verified.get("name")),
        changed=list(changes_of(recovery.evidence, recovery.recovery_strategy, diffs=diffs)),
    )


def strategy_of(name: str | None) -> str:
    """Name a strategy; one that this package does not know is unknown.

    Args:
        name: as recorded.
    """
    return word(name, STRATEGIES, UNKNOWN)


def _share(number: Decimal | None) -> float | None:
    return None if number is None else float(number)
