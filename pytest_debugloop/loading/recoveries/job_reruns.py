"""Whether a run repeats a job of the CI that an earlier one was, in the same CI run."""

from __future__ import annotations

from typing import Any

from pytest_debugloop.environment import providers as fact
from pytest_debugloop.loading.recoveries.facts import RunFacts

_SAME = (fact.PROVIDER, fact.RUN, fact.JOB, fact.SHARD)


def job_rerun(failing: RunFacts, passing: RunFacts) -> dict[str, Any] | None:
    """Tell a rerun of a CI job from another job, and from pytest that is called twice in one.

    Args:
        failing: the earlier run.
        passing: the later one.

    Returns:
        The job's name, and both attempts where the CI counts them; None where it is no rerun, or nobody can tell.
    """
    before, after = failing.ci or {}, passing.ci or {}
    if failing.leg != passing.leg or any(before.get(name) != after.get(name) for name in _SAME):
        return None
    if not (before.get(fact.RUN) and before.get(fact.JOB)):
        return None
    attempts = [before.get(fact.ATTEMPT), after.get(fact.ATTEMPT)]
    if attempts[0] != attempts[1]:
        return {"job": before[fact.JOB], "attempts": attempts}
    jobs = [before.get(fact.JOB_RUN), after.get(fact.JOB_RUN)]
    return {"job": before[fact.JOB]} if attempts[0] is None and jobs[0] != jobs[1] else None
