"""Which code differs between a failure and the pass that recovered it, as far as the test reaches it."""

from __future__ import annotations

from pytest_debugloop.loading.recoveries import weights
from pytest_debugloop.loading.recoveries.code_changes import Reached, by_likelihood, diff_of
from pytest_debugloop.loading.recoveries.facts import Facts, Pending, RunFacts
from pytest_debugloop.loading.recoveries.findings import Findings
from pytest_debugloop.loading.recoveries.starts import starts_of

_MOST_FUNCTIONS = 10


def look_at_code(one: Pending, failing: RunFacts, passing: RunFacts, facts: Facts, found: Findings) -> None:
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
        found.evidence["edited_meanwhile"] = sorted(set(edited))[:_MOST_FUNCTIONS]
        if {module, *(str(file) for file, *_ in one.places)}.intersection(edited):
            found.missing.append("code")  # what it was when it was loaded is not known
    if failing.code_version == passing.code_version:
        return
    difference = facts.code_difference(failing, passing)
    reached = difference.reach.of(starts_of(one, failing, passing, facts))
    own = [change for change in difference.changes if change.file == module]
    near = {one.change for one in reached}
    reached += [Reached(change, "module", 1) for change in own if change not in near]
    reached.sort(key=by_likelihood)
    if difference.unknown:
        found.evidence["unknown_files"] = difference.unknown[:_MOST_FUNCTIONS]
        concerned = {module, *(str(file) for file, *_ in one.places)}
        if "code" not in found.missing and concerned.intersection(difference.unknown):
            found.missing.append("code")  # a file of the failure differs, and how is not known
    if len(difference.changes) > len(reached):
        found.is_untied = True
        found.evidence["other_functions_changed"] = len(difference.changes) - len(reached)
    if not reached:
        return
    sources = facts.sources([near_by.change for near_by in reached[:_MOST_FUNCTIONS]], difference.changes)
    found.evidence["code"] = [
        {
            "file": near_by.change.file,
            "function": near_by.change.function,
            "change": near_by.change.kind,
            "reached_from": near_by.role,
            "distance": near_by.distance,
            "diff": diff_of(near_by.change, sources),
        }
        for near_by in reached[:_MOST_FUNCTIONS]
    ]
    if len(reached) > _MOST_FUNCTIONS:
        found.evidence["more_functions"] = len(reached) - _MOST_FUNCTIONS
    found.explain("code_change", *(_situation(near_by) for near_by in reached))


def _situation(reached: Reached) -> str:
    if reached.change.is_import:
        return weights.IMPORTS
    if reached.role == "module":
        return weights.OF_MODULE
    return weights.names_away(reached.distance) if reached.distance else weights.OF_TEST
