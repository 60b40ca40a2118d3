"""The reason of a recovery in words, for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pytest_debugloop.loading.recoveries import weights

_DIFFERENT = frozenset(
    {
        *("code", "code_beside", "code_not_run", "other_functions_changed", "unknown_files"),
        *("data", "other_data", "distributions"),
        *("environment", "interpreter", "options", "order", "edited_meanwhile"),
    }
)


def in_words(strategy: str, evidence: Mapping[str, Any]) -> str:
    """Say why a test passed again.

    Args:
        strategy: that was chosen.
        evidence: what was different.
    """
    words = _reason(strategy, evidence)
    rerun = evidence.get("job_rerun")
    if rerun is None:
        return words
    attempt = rerun.get("attempts", [None])[-1]
    return f"the CI job was rerun{f' (attempt {attempt})' if attempt else ''}: {words}"


def _reason(strategy: str, evidence: Mapping[str, Any]) -> str:
    if strategy == "code_change":
        first = evidence["code"][0]
        more = len(evidence["code"]) - 1 + evidence.get("more_functions", 0)
        return f"{first['function']} in {first['file']} was {first['change']}" + (f", and {more} more" if more else "")
    if strategy == "data_change":
        first = evidence["data"][0]
        more = len(evidence["data"]) - 1 + evidence.get("more_data", 0)
        return f"{first['file']} was {first['change']}" + (f", and {more} more" if more else "")
    if strategy == "dependency_change":
        return _listed("distribution", evidence["distributions"])
    if strategy == "environment_change":
        sides = [evidence.get("environment", {}), evidence.get("interpreter", {})]
        situations: Sequence[str] = evidence.get("situations", {}).get(strategy) or [""]
        if situations[0] in (weights.INTERPRETER, weights.LANGUAGE):
            sides.reverse()
        return _listed("environment", {**sides[0], **sides[1]})
    if strategy == "option_change":
        return _listed("option", evidence["options"])
    if strategy == "order_change":
        order = evidence["order"]
        for name, words in (("polluters", "it did not run after"), ("setters", "it ran after")):
            if order.get(name):
                return f"{words} {', '.join(order[name][:3])}"
        if order["alone"] == "passing":
            return "it ran alone, or first"
        return "other tests ran before it"
    different = _DIFFERENT & evidence.keys()
    if strategy == "rerun":
        if different:
            return "a flake: nothing that was different explains it better"
        return "nothing that is recorded was different"
    missing = evidence.get("missing")
    if missing:
        return f"not known: {', '.join(missing)} of a run is not recorded, and nothing else explains it"
    return (
        "not known: nothing that was different explains it" if different else "not known: nothing recorded explains it"
    )


def _listed(what: str, changed: Mapping[str, Sequence[Any]]) -> str:
    told = [_change(name, before, after) for name, (before, after) in changed.items()]
    return f"{what}: {', '.join(told[:3])}" + (f", and {len(told) - 3} more" if len(told) > 3 else "")


def _change(name: str, before: Any, after: Any) -> str:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        return f"{name} has another value, which is not kept"
    return f"{name} from {_value(before)} to {_value(after)}"


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "a value that is not kept"
    if isinstance(value, list):
        return " ".join(map(str, value)) or "nothing"
    return "nothing" if value is None else str(value) or "given"
