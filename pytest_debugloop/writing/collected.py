"""What two workers of pytest-xdist collected differently, in words: xdist has only a diff, and its advice below it."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_debugloop.lazy import lazy_pattern

_HEAD = lazy_pattern(r"Different tests were collected between (\S+) and (\S+)\. The difference is:\n")
_LISTED = 20


def collection_difference(text: str) -> str | None:
    """Say what differs between what two workers collected.

    Args:
        text: xdist's report.

    Returns:
        A sentence, and below it the tests that only one of them has, or the first that stands elsewhere; None if the
        text is no such report.
    """
    head = _HEAD.match(text)
    if head is None:
        return None
    first, second = head.groups()
    lines = [line for line in text[head.end() :].split("\n") if not line.startswith(("---", "+++", "@@"))]
    before, after = ([line[1:] for line in lines if line.startswith(sign)] for sign in "-+")
    only_before = [name for name in before if name not in set(after)]
    only_after = [name for name in after if name not in set(before)]
    if not only_before and not only_after:
        moved = f": the first that stands elsewhere is {before[0]}" if before else ""
        return f"{second} collected the same tests as {first} in another order{moved}"
    sides = [(name, tests) for name, tests in ((first, only_before), (second, only_after)) if tests]
    told = ", ".join(f"{_named(tests)} only in {name}" for name, tests in sides)
    rows = [f"only in {name}: {test}" for name, tests in sides for test in tests[:_LISTED]]
    left = sum(max(len(tests) - _LISTED, 0) for _, tests in sides)
    more = [f"and {left:,} more"] if left else []
    return "\n".join([f"{second} collected other tests than {first}: {told}", *rows, *more])


def _named(tests: Sequence[str]) -> str:
    return tests[0] if len(tests) == 1 else f"{tests[0]} and {len(tests) - 1:,} more"
