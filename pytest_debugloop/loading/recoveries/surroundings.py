"""What is around the code of two runs and differs, whatever the code: the interpreter and the platform."""

from __future__ import annotations

from typing import Any

from pytest_debugloop.environment.process_state import STATE
from pytest_debugloop.loading.recoveries.facts import RunFacts
from pytest_debugloop.loading.recoveries.findings import Findings, differing
from pytest_debugloop.text import strategies


def compare_interpreters(failing: RunFacts, passing: RunFacts, found: Findings) -> None:
    """Add what differs of interpreter and platform to what was found.

    Args:
        failing: the run of the failure.
        passing: the run of the success.
        found: is added to.
    """
    changed = differing(_interpreter(failing), _interpreter(passing))
    if changed:
        found.evidence["interpreter"] = changed
        before, after = changed.get("version") or [None, None]
        is_other_language = "implementation" in changed or _minor(before) != _minor(after)
        found.explain(strategies.ENVIRONMENT, strategies.LANGUAGE if is_other_language else strategies.INTERPRETER)


def _interpreter(run: RunFacts) -> dict[str, Any]:
    about = {name: value for name, value in (run.interpreter or {}).items() if name not in STATE}
    return {"platform": run.platform, **about}


def _minor(version: object) -> str:
    """Give the part of a version that tells one Python language from another: 3.12."""
    return ".".join(str(version).split(".")[:2])
