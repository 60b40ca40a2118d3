"""Which code differs between a failure and the pass that recovered it, as far as the test reaches it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from pytest_debugloop.loading.recoveries import weights
from pytest_debugloop.loading.recoveries.after_failure import changed_after_failure
from pytest_debugloop.loading.recoveries.changed_lines import changed_lines
from pytest_debugloop.loading.recoveries.code_changes import Change, Reached, by_likelihood, diff_of
from pytest_debugloop.loading.recoveries.facts import CodeDifference, Facts, Pending, RunFacts
from pytest_debugloop.loading.recoveries.findings import Findings
from pytest_debugloop.loading.recoveries.imports import import_distances
from pytest_debugloop.loading.recoveries.left_behind import BEFORE, SHARING, changed_before
from pytest_debugloop.loading.recoveries.ranking import LINES, Ranked, Ranking
from pytest_debugloop.loading.recoveries.starts import Start, starts_of
from pytest_debugloop.loading.recoveries.traces import Sides
from pytest_debugloop.sources.units import MODULE
from pytest_debugloop.text import strategies

_MAX_FUNCTIONS = 10
_MAX_COMPARED = 60
_NOT_IMPORTED = 1_000


def compare_code(one: Pending, failing: RunFacts, passing: RunFacts, facts: Facts, found: Findings) -> None:
    """Add the changes that the test reaches to what was found.

    Args:
        one: the recovery.
        failing: the run of the failure.
        passing: the run of the success.
        facts: what the database knows.
        found: is added to.
    """
    if failing.code_version is None or passing.code_version is None:
        found.missing.append("code")
        return
    module = one.success_operation.partition("::")[0]
    edited = [file for run in (failing, passing) for file in run.edited_files or () if file.endswith(".py")]
    if edited:
        found.evidence["edited_meanwhile"] = sorted(set(edited))[:_MAX_FUNCTIONS]
        if {module, *(str(file) for file, *_ in one.places)}.intersection(edited):
            found.missing.append("code")  # what it was when it was loaded is not known
    if failing.code_version == passing.code_version and not any(facts.ignored_code(failing, passing)):
        return
    difference = facts.code_difference(failing, passing)
    starts = starts_of(one, failing, passing, facts)
    reached = difference.reach.of(starts)
    own = [change for change in difference.changes if change.file == module]
    near = {one.change for one in reached}
    reached += [Reached(change, "module", 1) for change in own if change not in near]
    reached.sort(key=by_likelihood)
    begin = {module, *(file for _, (file, _) in starts)}
    sides = facts.traces(one)
    ranked = Ranked(reached, {}, [])
    if sides.known:
        frames = {place for role, place in starts if role == "frame"}
        ranked = Ranking(difference, sides, facts, one.failure).of(reached, starts, frames)
        ranked = _without_what_nobody_imports(ranked, begin, difference, sides, facts)
        reached = ranked.reached
        found.evidence["traced"] = [name for name, side in zip(Sides._fields, sides, strict=True) if side is not None]
    elif len(reached) > 1:
        reached.sort(key=by_imports(reached, begin, difference, facts))
    behind = changed_after_failure(one, difference, facts)
    if behind is not None:
        reached = [near_by for near_by in reached if near_by.change != behind]
        ranked = ranked._replace(not_run=[*ranked.not_run, Reached(behind, "test", 0)])
    reached += _made_at_import(difference, reached, begin, facts)
    reached = _with_tests_before(one, difference, reached, starts, facts)
    listed = {near_by.change for near_by in reached}
    not_run = [near_by for near_by in ranked.not_run if near_by.change not in listed]
    if difference.unknown:
        found.evidence["unknown_files"] = difference.unknown[:_MAX_FUNCTIONS]
        concerned = {module, *(str(file) for file, *_ in one.places)}
        if "code" not in found.missing and concerned.intersection(difference.unknown):
            found.missing.append("code")  # a file of the failure differs, and how is not known
    if len(difference.changes) > len(reached) + len(not_run):
        found.is_untied = not any(side.is_whole for side in sides.known)
        found.evidence["other_functions_changed"] = len(difference.changes) - len(reached) - len(not_run)
    if not_run:
        found.evidence["code_not_run"] = _listed(not_run, {}, difference, facts)
    if not reached:
        return
    has_lines = any(side.lines is not None for side in sides.known)
    situations = [_situation(near_by, ranked.ran.get(near_by.change), has_lines=has_lines) for near_by in reached]
    found.explain(strategies.CODE, *situations)
    enough = weights.LIKELY * weights.ODDS[situations[0]]
    likely: list[Reached] = []
    beside: list[Reached] = []
    for near_by, situation in zip(reached, situations, strict=True):
        (likely if weights.ODDS[situation] >= enough else beside).append(near_by)
    for key, more, changed in (("code", "more_functions", likely), ("code_beside", "more_beside", beside)):
        if changed:
            found.evidence[key] = _listed(changed, ranked.ran, difference, facts)
        if len(changed) > _MAX_FUNCTIONS:
            found.evidence[more] = len(changed) - _MAX_FUNCTIONS


def _made_at_import(
    difference: CodeDifference, reached: Sequence[Reached], begin: Collection[str], facts: Facts
) -> list[Reached]:
    """List what modules make names of that nobody sees, as ``exec`` does: who imports the module may use them."""
    near = {one.change for one in reached}
    opaque = [change for change in difference.changes if change.is_opaque and change not in near]
    if not opaque:
        return []
    distances = import_distances(difference.passing, begin, {change.file for change in opaque}, facts)
    found = [Reached(change, "import", distances[change.file] + 1) for change in opaque if change.file in distances]
    return sorted(found, key=by_likelihood)


def _without_what_nobody_imports(
    ranked: Ranked, begin: Collection[str], difference: CodeDifference, sides: Sides, facts: Facts
) -> Ranked:
    """Tell apart names of modules that the test does not import, where it was seen to run changed lines of others."""
    rest = {one.change for one in ranked.reached if one.change.rest_of == MODULE and one.change not in ranked.ran}
    if not rest or LINES not in ranked.ran.values():
        return ranked
    files = {change.file for change in rest}
    known = {file for trace in sides.known for file in (*trace.functions, *trace.files)}
    known.update(import_distances(difference.passing, begin, files, facts))
    away = [one for one in ranked.reached if one.change in rest and one.change.file not in known]
    kept = [one for one in ranked.reached if one not in away]
    return Ranked(kept, ranked.ran, [*ranked.not_run, *away])


def _with_tests_before(
    one: Pending, difference: CodeDifference, reached: list[Reached], starts: Collection[Start], facts: Facts
) -> list[Reached]:
    """Add what changed in tests that ran before, in front of what is less likely than that."""
    near = [near_by for near_by in reached if near_by.role != "module"]
    before = changed_before(one, difference, {near_by.change for near_by in near}, starts, facts)
    if not before:
        return reached
    others = {near_by.change for near_by in before}
    last = [near_by for near_by in near if near_by.change.is_import and not near_by.change.is_from_elsewhere]
    of_module = [near_by for near_by in reached if near_by.role == "module" and near_by.change not in others]
    return [*(near_by for near_by in near if near_by not in last), *before, *of_module, *last]


def by_imports(
    reached: Sequence[Reached], begin: Collection[str], difference: CodeDifference, facts: Facts
) -> Callable[[Reached], tuple[Any, ...]]:
    """Give what changes are sorted by where names alone lead to them: what the test imports, near, much of it changed.

    Args:
        reached: the changes.
        begin: the files of the test.
        difference: of the code.
        facts: knows sources.
    """
    distances = import_distances(difference.passing, begin, {one.change.file for one in reached}, facts)
    compared = {one.change for one in reached[:_MAX_COMPARED]}
    sources = facts.sources([one.change for one in reached[:_MAX_COMPARED]], difference.changes)

    def key(one: Reached) -> tuple[Any, ...]:
        change = one.change
        is_import, is_of_module, distance, *name = by_likelihood(one)
        share = 0.0
        if change in compared:
            before, after = change.texts or [
                sources.get(side, "") if side else "" for side in (change.before, change.after)
            ]
            changed = changed_lines(before, after)[1]
            share = len(changed.lines) / max(changed.of, 1)
        far = distances.get(change.file, _NOT_IMPORTED)
        return is_import, is_of_module, far == _NOT_IMPORTED, distance, far, -share, *name

    return key


def _listed(
    reached: Sequence[Reached], ran: Mapping[Change, str], difference: CodeDifference, facts: Facts
) -> list[dict[str, Any]]:
    shown = reached[:_MAX_FUNCTIONS]
    sources = facts.sources([one.change for one in shown], difference.changes)
    return [
        {
            "file": one.change.file,
            "function": one.change.function,
            "change": one.change.kind,
            "reached_from": one.role,
            "distance": one.distance,
            "diff": diff_of(one.change, sources),
            **({"ran": ran[one.change]} if one.change in ran else {}),
        }
        for one in shown
    ]


def _situation(reached: Reached, ran: str | None, *, has_lines: bool) -> str:
    if ran is not None:
        entered = weights.ENTERED if has_lines else weights.ENTERED_UNSEEN
        return weights.LINES_RUN if ran == LINES else entered
    if reached.change.is_import:
        is_named = reached.change.is_from_elsewhere and reached.role != "module"
        return weights.IMPORTED_FROM_ELSEWHERE if is_named else weights.IMPORTS
    if reached.role == "module":
        return weights.OF_MODULE
    if reached.role in (BEFORE, SHARING):
        return weights.OF_TEST_BEFORE_SHARING if reached.role == SHARING else weights.OF_TEST_BEFORE
    return weights.names_away(reached.distance) if reached.distance else weights.OF_TEST
