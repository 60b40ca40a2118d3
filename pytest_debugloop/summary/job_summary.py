"""What a run writes into GitHub's job summary: the report that the loader has made of it, or what is known without."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pytest_debugloop.summary.known_failures import KnownFailures, failure_facts
from pytest_debugloop.text.markdown import code, escaped

LINES = 40
"""How many lines it has at most."""

_MAX_BYTES = 512 * 1024  # of which GitHub takes a MiB, from all steps of a job
_LONGEST_MESSAGE = 400
_NAMED = 5


class UnstoredCause(NamedTuple):
    """What tests of a run failed of that is not stored, as its journals have it.

    Attributes:
        test: node id of one of them.
        error: what was raised.
        message: the beginning of what that says.
        tests: how many tests there are.
        cause: what they have in common, in words.
        others: node ids of some of the others.
    """

    test: str
    error: str
    message: str
    tests: int
    cause: str
    others: Sequence[str]


def job_summary(
    head: str, status: Mapping[str, Any] | None, known: KnownFailures, command: str, address: str = ""
) -> str:
    """Write the job summary of a run, in Markdown.

    Args:
        head: the first line of the terminal summary.
        status: what the loader says; None where it says nothing.
        known: the failures, if the run is stored.
        command: that tells more; empty where nothing is stored.
        address: of the run in a browser; empty for none.
    """
    link = f", or [in a browser](<{address}>)" if address else ""
    below = ["", f"See more: {code(command)}{link}"] if command else []
    report = (status or {}).get("report")
    if isinstance(report, list) and report and all(type(line) is str for line in report):
        lines = report
    else:
        lines = [f"**{escaped(head)}**", *_failures(status or {}, known, LINES - 1 - len(below))]
    size, kept = 0, []
    for line in lines[: LINES - len(below)]:
        size += len(line.encode("utf-8", "backslashreplace")) + 1
        if size > _MAX_BYTES:
            break
        kept.append(line)
    return "\n" + "\n".join([*kept, *below]) + "\n\n"


def _failures(status: Mapping[str, Any], known: KnownFailures, room: int) -> Iterator[str]:
    """List causes, those that do not fit counted by their tests."""
    found: list[tuple[int, list[str]]] = []
    for one in known.failures:
        facts = failure_facts(one) if one.is_test else []
        found.append((one.tests, _item(one.test, one.error, one.message, facts, one.tests, one.cause, one.others)))
    for cause in map(UnstoredCause._make, status.get("unstored", ())):
        item = _item(cause.test, cause.error, cause.message, [], cause.tests, cause.cause, cause.others)
        found.append((cause.tests, item))
    left = known.total or int(status.get("failing", 0))
    if found:
        yield ""
    room -= 3  # the empty line, and the two of those that there is no room for
    for tests, item in found:
        if room < len(item):
            break
        yield "- " + "<br>".join(item)
        room -= len(item)
        left -= tests
    if left > 0:
        yield ""
        yield f"and {left:,} more"


def _item(
    test: str, error: str, message: str, facts: Sequence[str], tests: int, cause: str, others: Sequence[str]
) -> list[str]:
    first = message[:_LONGEST_MESSAGE].strip().partition("\n")[0]
    lines = [escaped(cause)] if tests > 1 else []
    lines += [code(test or "outside of tests"), escaped(f"{error}: {first}"), *map(escaped, facts)]
    if tests > 1:
        named = others[:_NAMED]
        more = tests - 1 - len(named)
        lines.append(f"also {', '.join(map(code, named))}" + (f" and {more:,} more" if more else ""))
    return lines
