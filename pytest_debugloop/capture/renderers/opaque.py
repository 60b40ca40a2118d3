"""Objects of which nothing is shown but their type: to look closer would change them, or ask somebody."""

from __future__ import annotations

from collections.abc import Mapping


def type_alone(_: object) -> Mapping[str, object]:
    """Render nothing."""
    return {}
