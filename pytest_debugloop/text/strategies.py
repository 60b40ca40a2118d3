"""The strategies of recoveries, one row each: what they are called, what evidence they have, and what is said of them.

What finds one, and how likely it is in which situation, is in ``loading/recoveries``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

CODE, DATA, DEPENDENCY, ENVIRONMENT, OPTION, ORDER = (
    *("code_change", "data_change", "dependency_change"),
    *("environment_change", "option_change", "order_change"),
)
RETRY, RERUN, UNKNOWN = "retry", "rerun", "unknown"
INTERPRETER, LANGUAGE = "interpreter", "another version of Python"
PROCESS, PROCESS_FAR, PROCESS_FOLDER = "process", "process, far from the test", "folder that nothing names"
OF_INTERPRETER = frozenset({INTERPRETER, LANGUAGE, PROCESS, PROCESS_FAR, PROCESS_FOLDER})
"""The situations in which another interpreter, or how it was started, is the likeliest change of the environment."""

Form = Literal["changes", "pairs", "facts"]
"""Of evidence: a list of what was changed, a before and an after by name, or something of its own."""


class Strategy(NamedTuple):
    """What made a test pass again.

    Attributes:
        name: in the record.
        in_summary: how the summary of a run says that failures recover by it.
        in_words: says why a test passed again, of the evidence; None where nothing was different.
        evidence: the keys of the evidence that tell what was different, and their form.
        is_of_version: whether it is of the version that a test ran on, and the same in each run on it.
    """

    name: str
    in_summary: str
    in_words: Callable[[Mapping[str, Any]], str] | None = None
    evidence: Mapping[str, Form] = {}
    is_of_version: bool = False


def in_words(strategy: str, evidence: Mapping[str, Any]) -> str:
    """Say why a test passed again.

    Args:
        strategy: that was chosen.
        evidence: what was different.
    """
    chosen = STRATEGIES.get(strategy)
    words = (chosen.in_words if chosen and chosen.in_words else _unknown)(evidence)
    if evidence.get("stopped") and strategy in (RERUN, UNKNOWN):
        words = "the session was stopped while it ran, which says nothing about the test"
    rerun = evidence.get("job_rerun")
    if rerun is None:
        return words
    attempt = rerun.get("attempts", [None])[-1]
    return f"the CI job was rerun{f' (attempt {attempt})' if attempt else ''}: {words}"


def proved_in_words(verified: Mapping[str, Any]) -> str:
    """Say why a test passed again, where that was proved.

    Args:
        verified: what was proved, as it is in the evidence: its ``strategy``, ``name`` and what was ``undone``.
    """
    changed = " was changed" if verified["strategy"] == CODE and len(verified["undone"]) == 1 else ""
    undone = "undone alone" if len(verified["undone"]) == 1 else "undone together"
    return f"{verified['name']}{changed}: verified, {undone} the test fails again"


def _code(evidence: Mapping[str, Any]) -> str:
    first = evidence["code"][0]
    return f"{first['function']} in {first['file']} was {first['change']}{_more(evidence, 'code', 'more_functions')}"


def _data(evidence: Mapping[str, Any]) -> str:
    first = evidence["data"][0]
    return f"{first['file']} was {first['change']}{_more(evidence, 'data', 'more_data')}"


def _more(evidence: Mapping[str, Any], key: str, uncounted: str) -> str:
    more = len(evidence[key]) - 1 + evidence.get(uncounted, 0)
    return f", and {more} more" if more else ""


def _dependency(evidence: Mapping[str, Any]) -> str:
    return _listed("distribution", evidence["distributions"])


def _environment(evidence: Mapping[str, Any]) -> str:
    sides = [evidence.get("environment", {}), evidence.get("interpreter", {})]
    situations: Sequence[str] = evidence.get("situations", {}).get(ENVIRONMENT) or [""]
    if situations[0] in OF_INTERPRETER:
        sides.reverse()
    return _listed("environment", {**sides[0], **sides[1]})


def _option(evidence: Mapping[str, Any]) -> str:
    return _listed("option", evidence["options"])


def _order(evidence: Mapping[str, Any]) -> str:
    order = evidence["order"]
    for name, words in (("polluters", "it did not run after"), ("setters", "it ran after")):
        if order.get(name):
            return f"{words} {', '.join(order[name][:3])}"
    if order["alone"] == "passing":
        return "it ran alone, or first"
    return "other tests ran before it"


def _flake(evidence: Mapping[str, Any]) -> str:
    if DIFFERENT & evidence.keys():
        return "a flake: nothing that was different explains it better"
    return "nothing that is recorded was different"


def _unknown(evidence: Mapping[str, Any]) -> str:
    if missing := evidence.get("missing"):
        return f"not known: {', '.join(missing)} of a run is not recorded, and nothing else explains it"
    different = DIFFERENT & evidence.keys()
    return (
        "not known: nothing that was different explains it" if different else "not known: nothing recorded explains it"
    )


def _listed(what: str, changed: Mapping[str, Sequence[Any]]) -> str:
    parts = [_change(name, before, after) for name, (before, after) in changed.items()]
    return f"{what}: {', '.join(parts[:3])}" + (f", and {len(parts) - 3} more" if len(parts) > 3 else "")


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


_FUNCTIONS: Mapping[str, Form] = dict.fromkeys(("code", "code_beside", "code_not_run"), "changes")
_AROUND: Mapping[str, Form] = dict.fromkeys(("environment", "interpreter"), "pairs")
_INSTALLED: Mapping[str, Form] = {"distributions": "pairs"}
STRATEGIES: Mapping[str, Strategy] = {
    one.name: one
    for one in (
        Strategy(RETRY, "by retry"),
        Strategy(CODE, "by a code change", _code, _FUNCTIONS, is_of_version=True),
        Strategy(DATA, "by a file change", _data, {"data": "changes"}, is_of_version=True),
        Strategy(DEPENDENCY, "by another package version", _dependency, _INSTALLED, is_of_version=True),
        Strategy(ENVIRONMENT, "in another environment", _environment, _AROUND),
        Strategy(OPTION, "with other options", _option, {"options": "pairs"}),
        Strategy(ORDER, "in another order", _order, {"order": "facts"}),
        Strategy(RERUN, "in a later run, with no change that explains it", _flake),
        Strategy(UNKNOWN, "for an unrecorded reason", _unknown),
    )
}
"""By their names, in the order in which they are listed."""
EVIDENCE: Mapping[str, Form] = {key: form for one in STRATEGIES.values() for key, form in one.evidence.items()}
"""The form of each key of the evidence that belongs to a strategy."""
PAIRS = (*(key for key, form in EVIDENCE.items() if form == "pairs"), "random_seeds")
"""The keys of the evidence that give a before and an after by name."""
CHANGED_CODE = tuple(_FUNCTIONS)
"""The keys of the evidence that name functions, the likeliest first."""
DIFFERENT = frozenset(
    {
        *EVIDENCE,
        *("other_functions_changed", "unknown_files", "other_data", "other_environment", "edited_meanwhile"),
    }
)
"""The keys of the evidence that say that something was different, be it tied to the test or not."""
