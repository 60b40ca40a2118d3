"""What others may have stored as the evidence of a recovery, made into the shape that this package records."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pytest_debugloop.snapshots.states import dicts
from pytest_debugloop.text.strategies import EVIDENCE


def recorded_evidence(value: object) -> dict[str, Any]:
    """Read the evidence of a recovery; docs/formulas.md tells its keys.

    Args:
        value: JSON of it.

    Returns:
        The keys that have the form they should have.
    """
    return {name: _FORMS[name](item) if name in _FORMS else item for name, item in _dict(value).items()}


def recorded_changes(value: object) -> dict[str, Any]:
    """Read which values were different, from ``success_factors``.

    Args:
        value: JSON of it.

    Returns:
        ``changes``, a list of objects, and ``more``, how many were left out.
    """
    found = _dict(value)
    more = found.get("more")
    return {"changes": dicts(found.get("changes")), "more": more if type(more) is int and more > 0 else 0}


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


_FORMS: dict[str, Callable[[object], Any]] = {
    **{key: dicts if form == "changes" else _dict for key, form in EVIDENCE.items()},
    **dict.fromkeys(("random_seeds", "verified", "terms"), _dict),
    **dict.fromkeys(("other_data", "missing"), _list),
}
