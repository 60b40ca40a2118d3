"""Which environment variables differ between two runs, as far as a record holds them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_debugloop.capture.redact import REDACTED

Variables = tuple[Mapping[str, Any], Mapping[str, str | None] | None]
"""Values of those that are kept, or that code names, None for one that was not set; and of all that were set the keyed
hashes, None for a secret: None where these were not recorded."""


def differing_variables(before: Variables, after: Variables) -> dict[str, list[Any]]:
    """Give the variables that differ: what each was before and after, a value that is not kept as ``{"hash": ...}``.

    Args:
        before: of the first run.
        after: of the second.
    """
    (kept_before, set_before), (kept_after, set_after) = before, after
    # A variable that one run's code does not name was not looked at there.
    both = kept_before.keys() & kept_after.keys()
    both |= {name for name in kept_before.keys() ^ kept_after.keys() if is_always_kept(name)}
    found = {
        name: [kept_before.get(name), kept_after.get(name)]
        for name in both
        if kept_before.get(name) != kept_after.get(name)
    }
    if set_before is not None and set_after is not None:
        for name in set_before.keys() | set_after.keys():
            is_in_both = name in set_before and name in set_after
            if not is_in_both or set_before[name] != set_after[name]:
                found.setdefault(name, [_value(name, *before), _value(name, *after)])
    return found


def _value(name: str, kept: Mapping[str, Any], hashes: Mapping[str, str | None] | None) -> Any:
    if hashes is None or name not in hashes:
        return None
    if kept.get(name) is not None:
        return kept[name]
    digest = hashes[name]
    return REDACTED if digest is None else {"hash": digest}


def is_always_kept(name: str) -> bool:
    """Tell whether a variable says how Python or the machine behaves, whatever code names it.

    Args:
        name: of the variable.
    """
    return name in ("CI", "TZ", "LANG", "LANGUAGE") or name.startswith(("LC_", "PYTHON", "COVERAGE_", "HYPOTHESIS_"))
