"""What is different since a test last passed, in a few words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pytest_debugloop.text.printable import printable
from pytest_debugloop.text.strategies import RERUN, RETRY, UNKNOWN

_NAMED = 2
_PAIRS = {"distributions": "version of", "options": "option", "environment": "variable", "interpreter": "interpreter"}
_WHOLE_FILE = "<module>"
_CUT = "[cut]"


def since_pass(passed: str, run: str, changed: str, branch: str | None = None, *, is_known: bool = True) -> str:
    """Say when a test last passed, and what is different since.

    Args:
        passed: how long ago that was, as in ``20 minutes ago``.
        run: the short id of the run.
        changed: what is different, as :func:`changed_words` says it.
        branch: of the run, where it is not on the line of the failure.
        is_known: whether all that may be different is recorded of both runs.

    Returns:
        As in ``passed 20 minutes ago in run 8205ebab; changed since: get_value in src/utils.py (+1 -1)``.
    """
    place = f" on {printable(branch)}" if branch else ""
    since = f"changed since: {changed}"
    if not changed:
        since = "no known change since" if is_known else "what changed since is not recorded"
    return f"passed {passed}{place} in run {run}; {since}"


def changed_words(evidence: Any, named: int = _NAMED) -> str:
    """Say what was different, the likeliest first.

    Args:
        evidence: as a recovery and the beginning of a failure have it.
        named: how many are named; the others are counted.

    Returns:
        As in ``get_value in src/utils.py (+1 -1), price in shop.py and 3 more``; empty where nothing is known to be
        different.
    """
    if not isinstance(evidence, Mapping):
        return ""
    names = list(_names(evidence))
    if not names and isinstance(evidence.get("order"), Mapping):  # which is another one in most runs
        return "the tests that ran before it"
    more = len(names) - named
    return ", ".join(names[:named]) + (f" and {more} more" if more > 0 else "")


def reason_words(strategy: str | None, evidence: Any, named: int = _NAMED) -> str:
    """Say what was different where that is the reason why something passed again.

    Args:
        strategy: of the recovery.
        evidence: of it.
        named: how many differences are named; the others are counted.

    Returns:
        Nothing where it passed for no such reason, although something was different, too.
    """
    return "" if strategy in (None, RETRY, RERUN, UNKNOWN) else changed_words(evidence, named)


def changed_lines_of(diff: Any) -> list[int] | None:
    """Count the lines that a unified diff adds and removes.

    Args:
        diff: of one function.

    Returns:
        Both numbers; None where there is no diff, or only the beginning of one.
    """
    if not isinstance(diff, str) or not diff or diff.endswith(_CUT):
        return None
    lines = diff.split("\n")[2:]  # below the names of both sides
    return [sum(line.startswith(sign) for line in lines) for sign in "+-"]


def _names(evidence: Mapping[str, Any]) -> Iterator[str]:
    for code in _objects(evidence.get("code")):
        yield printable(_function(code)) + _size(code)
    for data in _objects(evidence.get("data")):
        yield printable(str(data.get("file")))
    for key, words in _PAIRS.items():
        pairs = evidence.get(key)
        for name in pairs if isinstance(pairs, Mapping) else ():
            yield printable(f"{words} {name}")


def _function(code: Mapping[str, Any]) -> str:
    name = code.get("function")
    return str(code.get("file")) if name == _WHOLE_FILE else f"{name or 'code'} in {code.get('file')}"


def _size(code: Mapping[str, Any]) -> str:
    if code.get("change") in ("added", "removed"):
        return f" ({code['change']})"
    lines = code.get("lines", changed_lines_of(code.get("diff")))
    if not isinstance(lines, list) or len(lines) != 2 or not all(type(number) is int for number in lines):
        return ""
    return f" (+{lines[0]} -{lines[1]})"


def _objects(found: Any) -> list[Mapping[str, Any]]:
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []
