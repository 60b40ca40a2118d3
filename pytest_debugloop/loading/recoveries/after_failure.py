"""What changed in a test's own function after the statement that failed: it was not run then, and is no reason."""

from __future__ import annotations

import ast

from pytest_debugloop.loading.recoveries.code_changes import Change, unit_at
from pytest_debugloop.loading.recoveries.facts import CodeDifference, Facts, Pending
from pytest_debugloop.loading.recoveries.refining import parsed

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def changed_after_failure(one: Pending, difference: CodeDifference, facts: Facts) -> Change | None:
    """Give the change of a test's own function where nothing of it came to be run before the test failed.

    Args:
        one: the recovery.
        difference: of the code.
        facts: knows sources.

    Returns:
        None where the function did not change, or changed at or before the statement that failed, or where that is not
        known.
    """
    module, _, name = one.error_operation.partition("::")
    place = module, name.partition("[")[0].replace("::", ".")
    own = [change for change in difference.changes if (change.file, change.function) == place and change.before]
    if not own or own[0].after is None:
        return None
    lines = []
    for file, line, role in one.places:
        unit = unit_at(difference.failing.get(file, ()), line) if role == "frame" else None
        if unit is not None and unit.place == place:
            lines.append(line - unit.first + 1)
    sources = facts.sources(own, ())
    before, after = (sources.get(side or "", "") for side in (own[0].before, own[0].after))
    return own[0] if lines and is_behind(before, after, max(lines)) else None


def is_behind(before: str, after: str, line: int) -> bool:
    """Tell whether two versions of a function are the same up to the statement at a line.

    Args:
        before: source of the function when it failed.
        after: the same when it passed.
        line: of the former, from 1. A loop around it, or a ``try``, counts as one statement.
    """
    try:
        sides = [parsed(text).body for text in (before, after)]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    old, new = (body[0] if len(body) == 1 else None for body in sides)
    if not isinstance(old, _FUNCTIONS) or not isinstance(new, _FUNCTIONS):
        return False
    count = next((n for n, one in enumerate(old.body, 1) if one.lineno <= line <= (one.end_lineno or 0)), 0)
    if not count:
        return False
    heads = [[*one.decorator_list, one.args] for one in (old, new)]
    return all(
        list(map(ast.dump, first)) == list(map(ast.dump, second))
        for first, second in (heads, (old.body[:count], new.body[:count]))
    )
