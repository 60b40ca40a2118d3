"""What is around the code of two runs and differs: distributions, variables, interpreter, platform."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_debugloop.loading.recoveries import weights
from pytest_debugloop.loading.recoveries.facts import RunFacts
from pytest_debugloop.loading.recoveries.findings import Findings

# They tell where something lies, or who asked, and not what is run.
_NO_DIFFERENCE = frozenset(
    {"VIRTUAL_ENV", "CONDA_DEFAULT_ENV", "PYTEST_ADDOPTS", "TOX_ENV_NAME", "NOX_CURRENT_SESSION"}
)


def look_at_distributions(failing: RunFacts, passing: RunFacts, found: Findings) -> None:
    """Add the distributions that have another version to what was found.

    Args:
        failing: the run of the failure.
        passing: the run of the success.
        found: is added to.
    """
    if failing.distributions is None or passing.distributions is None:
        found.missing.append("distributions")
        return
    changed = differing(failing.distributions, passing.distributions)
    if changed:
        found.evidence["distributions"] = changed
        found.explain("dependency_change", *(weights.DISTRIBUTION for _ in changed))


def look_at_environment(failing: RunFacts, passing: RunFacts, found: Findings) -> None:
    """Add what differs of variables, interpreter and platform to what was found.

    Args:
        failing: the run of the failure.
        passing: the run of the success.
        found: is added to.
    """
    if failing.environment is None or passing.environment is None:
        found.missing.append("environment")
        return
    # A variable that one run's code does not name was not looked at there.
    both = failing.environment.keys() & passing.environment.keys()
    kept = {name for name in failing.environment.keys() ^ passing.environment.keys() if _is_always_kept(name)}
    names = (both | kept) - _NO_DIFFERENCE
    before = {name: failing.environment.get(name) for name in names}
    after = {name: passing.environment.get(name) for name in names}
    changed = differing(before, after)
    interpreter = differing(
        {"platform": failing.platform, **(failing.interpreter or {})},
        {"platform": passing.platform, **(passing.interpreter or {})},
    )
    if changed:
        found.evidence["environment"] = changed
    if interpreter:
        found.evidence["interpreter"] = interpreter
    for name in changed:
        found.explain("environment_change", weights.VARIABLE if _is_always_kept(name) else weights.VARIABLE_OF_CODE)
    if interpreter:
        found.explain("environment_change", weights.INTERPRETER)


def _is_always_kept(name: str) -> bool:
    return name in ("CI", "TZ", "LANG", "LANGUAGE") or name.startswith(("LC_", "PYTHON", "COVERAGE_", "HYPOTHESIS_"))


def differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Give what two sides say otherwise: before and after, by name.

    Args:
        before: of the failure.
        after: of the success.
    """
    return {
        name: [before.get(name), after.get(name)]
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    }
