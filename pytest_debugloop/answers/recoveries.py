"""A recovery as people read it: what was different, how sure that is, and the evidence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pytest_debugloop.snapshots.evidence import recorded_changes, recorded_evidence
from pytest_debugloop.snapshots.values import Values
from pytest_debugloop.text.changed import reason_words
from pytest_debugloop.text.lines import Line
from pytest_debugloop.text.pointers import steps_of
from pytest_debugloop.text.printable import printable
from pytest_debugloop.text.strategies import PAIRS
from pytest_debugloop.text.words import ago, counted, error_line, local, percent, short, span

if TYPE_CHECKING:
    from pytest_debugloop.queries.recoveries import Recovery

_DIFF_LINES = 60
_NAMES = 12
_STYLES = {"+": "pass", "-": "fail", "@": "id"}


DOUBT = 'A reason with "?" is less likely than not.'
"""What the mark means that :func:`reason_of` gives."""


def reason_of(strategy: str | None, confidence: Decimal | None) -> str:
    """Write what made something pass again; with a question mark where it more likely was something else.

    Args:
        strategy: of the recovery; None where there is none.
        confidence: of the strategy.
    """
    doubt = "?" if strategy and confidence is not None and confidence < Decimal("0.5") else ""
    return printable(strategy or "") + doubt


def passed_again_lines(passes: Iterable[Recovery], limit: int) -> Iterator[Line]:
    """List the tests that passed again in a run, each once, with what is likely to have fixed it.

    Args:
        passes: recoveries of the run, the latest first.
        limit: tests at most.
    """
    seen: set[str] = set()
    reasons: dict[str, list[Recovery]] = {}
    is_cut = False
    for one in passes:
        if one.node_id in seen:
            continue
        if is_cut := len(seen) == limit:
            break
        seen.add(one.node_id)
        reasons.setdefault(reason_in_words(one.recovery_strategy, one.confidence_score, one.evidence), []).append(one)
    if reasons:
        yield Line.of("Passed after failing before:", "title")
    for reason, members in reasons.items():
        if reason:
            yield Line.of(f"  {counted(len(members), 'test')} {reason}", "pass")
        for one in members:
            yield Line.of(f"    {printable(one.node_id)}  ").append(short(one.id), "id")
    if is_cut:
        yield Line.of("  and more: --limit 0 lists all", "faint")
    if reasons:
        yield Line.of("To see all of one: debugloop show ID", "faint")


def reason_in_words(strategy: str | None, confidence: Decimal | None, evidence: Any) -> str:
    """Say what made something pass again, and what was changed.

    Args:
        strategy: of the recovery; None where there is none.
        confidence: of the strategy.
        evidence: of the recovery.

    Returns:
        Such as ``by code_change: price in shop.py (+1 -1)``, with "perhaps" where something else is likelier; empty
        without a strategy.
    """
    if not strategy:
        return ""
    words = reason_words(strategy, recorded_evidence(evidence), named=1)
    perhaps = "perhaps " if confidence is not None and confidence < Decimal("0.5") else ""
    return f"{perhaps}by {printable(strategy)}" + (f": {words}" if words else "")


def recovery_lines(recovery: Recovery, width: int) -> Iterator[Line]:
    """Write a recovery with its evidence.

    Args:
        recovery: of the record.
        width: columns of the terminal.
    """
    reason = reason_of(recovery.recovery_strategy, recovery.confidence_score)
    sure = percent(float(recovery.confidence_score))
    head = Line.of("recovered by ", "title").append(reason, "pass").append(f", confidence {sure}")
    yield head.append(f"  {short(recovery.id)}", "id")
    yield Line.of(f"  {printable(recovery.node_id)}")
    failed = Line.of(f"  failed {local(recovery.failed_at)} ", is_cut=True)
    failed = failed.append(error_line(recovery.error_code, recovery.error_type, recovery.error_message), "fail")
    yield failed.append(f"  {short(recovery.error_event_id)}", "id")
    steps = (
        "" if recovery.intermediate_steps is None else f", {counted(recovery.intermediate_steps, 'step')} in between"
    )
    took = span(recovery.recovery_duration_ms)
    yield Line.of(f"  passed {local(recovery.passed_at)} ({ago(recovery.passed_at)}), {took} later{steps}")
    evidence = list(evidence_lines(recorded_evidence(recovery.evidence)))
    path = printable(recovery.recovery_path or "")
    if path and not any(line.plain.strip().startswith(path) for line in evidence):
        yield Line.of(f"  {path}")
    yield from evidence
    yield from changed_values(recovery.success_factors, width)


def evidence_lines(evidence: dict[str, Any]) -> Iterator[Line]:
    """Write what was different between a failure and its recovery; docs/formulas.md tells the keys.

    Args:
        evidence: of the recovery.
    """
    yield from _verified_lines(evidence.get("verified"))
    for code in evidence.get("code", ()):
        where = f"{code.get('function')} in {code.get('file')} was {code.get('change', 'changed')}"
        yield Line.of(f"  {printable(where + _how_reached(code))}", "title")
        yield from _diff(str(code.get("diff") or ""))
    yield from _file_lines(evidence)
    yield from _named(evidence.get("code_beside"), "also changed, but less likely")
    yield from _named(evidence.get("code_not_run"), "also changed, but not run")
    for key in PAIRS:
        changes = evidence.get(key) or {}
        if changes:
            yield Line.of(f"  {key.replace('_', ' ')}", "title")
        for name in list(changes)[:_NAMES]:
            pair = changes[name] if isinstance(changes[name], list) else []
            before, after = [*pair, None, None][:2]
            yield Line.of(f"    {printable(str(name))}: {_told(before)} -> {_told(after)}")
        if len(changes) > _NAMES:
            yield Line.of(f"    … {len(changes) - _NAMES} more", "faint")
    yield from _order_lines(evidence.get("order") or {})
    yield from _untied_lines(evidence)
    if evidence.get("missing"):
        yield Line.of(f"  not known: {printable(', '.join(map(str, evidence['missing'])))}", "warn")


def _verified_lines(verified: Any) -> Iterator[Line]:
    """Write what `debugloop why` proved."""
    if isinstance(verified, dict) and verified.get("name"):
        runs = counted(verified["runs"], "run") if isinstance(verified.get("runs"), int) else "some runs"
        what = f"verified: undoing {verified['name']} made it fail again, in {runs} of `debugloop why`"
        yield Line.of(f"  {printable(what)}", "pass")


def _file_lines(evidence: dict[str, Any]) -> Iterator[Line]:
    """Write which files that are no Python were different."""
    files = [data for data in evidence.get("data") or () if isinstance(data, dict)]
    if files:
        yield Line.of("  files", "title")
    for data in files[:_NAMES]:
        opened = ", which the test opened" if data.get("opened") else ""
        yield Line.of(
            f"    {printable(str(data.get('file')))} was {printable(str(data.get('change', 'changed')))}{opened}"
        )


def _untied_lines(evidence: dict[str, Any]) -> Iterator[Line]:
    """Write what was different, too, and is not known to have to do with the test."""
    functions, files = evidence.get("other_functions_changed"), evidence.get("other_data") or []
    parts = [f"{functions} functions or names that it does not reach"] if functions else []
    if files:
        count = evidence.get("other_data_count", len(files))
        named = ", ".join(map(str, files[:3]))
        parts.append(f"{count} files that it is not known to read ({named}{', …' if count > 3 else ''})")
    if parts:
        yield Line.of(f"  also different: {printable('; '.join(parts))}", "faint")


def _how_reached(code: Mapping[str, Any]) -> str:
    """Say what a changed function is to the test: that it was run, or from where names lead to it."""
    if code.get("ran"):
        return ", and the test ran it" if code["ran"] == "lines" else ", and the test entered it"
    role = code.get("reached_from")
    if role == "import":
        return ", which the test imports"
    if role in ("before", "before, sharing"):
        return ", of a test that ran before" + (", on something that this test uses" if "sharing" in role else "")
    if role == "process":
        return ", possibly run by a process that the test started"
    return ", used by code that the test ran" if role == "trace" else f", reached from {role}" if role else ""


def _named(codes: Any, what: str) -> Iterator[Line]:
    """Name functions that changed."""
    names = [
        f"{one.get('function')} in {one.get('file')}"
        for one in (codes if isinstance(codes, list) else ())
        if isinstance(one, dict)
    ]
    if names:
        more = f", … {len(names) - _NAMES} more" if len(names) > _NAMES else ""
        yield Line.of(f"  {what}: {printable(', '.join(names[:_NAMES]))}{more}", "faint")


def changed_values(
    factors: Any, width: int, *, heading: str = "values, when it failed -> when it passed"
) -> Iterator[Line]:
    """Write which values were different where a test passed after it had failed.

    Args:
        factors: ``success_factors`` of the success.
        width: columns of the terminal.
        heading: above them; empty for none.
    """
    found = recorded_changes(factors)
    changes = found["changes"]
    if not changes:
        return
    if heading:
        yield Line.of("")
        yield Line.of(f"  {heading}", "title")
    for change in changes[:_NAMES]:
        yield from change_lines(change, width)
    if left := max(len(changes) - _NAMES, 0) + found["more"]:
        yield Line.of(f"    … {left} more", "faint")


def change_lines(change: dict[str, Any], width: int) -> Iterator[Line]:
    """Write a value that was different.

    Args:
        change: ``path``, a JSON pointer, and what it was ``from`` and ``to``, each missing where there was nothing.
        width: columns of the terminal.
    """
    steps = steps_of(str(change.get("path", "")))
    name = f"    {printable(' '.join(steps[:1]))} {printable('.'.join(steps[1:]))}".rstrip() + ": "
    values = Values({})
    room = max(width, 40) - 8
    sides = [values.one_line(change[side], room) if side in change else "nothing" for side in ("from", "to")]
    if len(name) + len(sides[0]) + len(sides[1]) + 4 <= max(width, 40):
        yield Line.of(name, "name").append(" -> ".join(sides), "")
        return
    yield Line.of(name, "name")
    for sign, side in zip("-+", sides, strict=True):
        yield Line.of(f"      {sign} {side}", _STYLES[sign])


def _order_lines(order: dict[str, Any]) -> Iterator[Line]:
    """Write what ran before the test on both sides, as loading/recoveries/orders.py notes it."""
    if not order:
        return
    yield Line.of("  order of tests", "title")
    for key, words in (("failing", "when it failed"), ("passing", "when it passed")):
        side = order.get(key)
        if not isinstance(side, dict):
            continue
        noted = side.get("only_here")
        only = noted if isinstance(noted, list) else []
        count = side.get("only_here_count", len(only))
        before = "it came first" if side.get("count") == 0 else f"{side.get('count')} tests before it"
        yield Line.of(f"    {words}: {printable(before)}" + (f", {printable(str(count))} only then" if only else ""))
        for one in only[-_NAMES:]:
            yield Line.of(f"      {printable(str(one))}")
    suspected = {"polluters": "before each failure and no pass", "setters": "before each pass and no failure"}
    for key, words in suspected.items():
        named = order.get(key)
        if isinstance(named, list) and named:
            yield Line.of(f"    {words}: {printable(', '.join(map(str, named[:_NAMES])))}", "warn")


def _diff(diff: str) -> Iterator[Line]:
    lines = printable(diff, lines=True).split("\n") if diff else []
    for line in lines[:_DIFF_LINES]:
        yield Line.of(f"    {line}", _STYLES.get(line[:1], ""), is_cut=True)
    if len(lines) > _DIFF_LINES:
        yield Line.of(f"    … {len(lines) - _DIFF_LINES} more lines", "faint")


def _told(value: object) -> str:
    if isinstance(value, dict) and value.keys() == {"hash"}:
        return printable(f"a value that is not recorded, #{value['hash']}")
    return "nothing" if value is None else printable(value if isinstance(value, str) else repr(value))
