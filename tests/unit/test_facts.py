"""What the reasons of recoveries are made of is asked for in few statements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from pytest_debugloop.loading.recoveries.code_changes import Change
from pytest_debugloop.loading.recoveries.facts import Facts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pytest


def test_sources_of_very_many_changes_are_not_asked_for_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    facts = Facts(cast("Any", None), str)
    asked: list[int] = []

    def sources_of(ids: Iterable[str]) -> Mapping[str, str]:
        new = set(ids) - facts._sources.keys()
        asked.append(len(new))
        facts._sources.update(dict.fromkeys(new, ""))
        return facts._sources

    monkeypatch.setattr(facts, "sources_of", sources_of)
    changes = [Change(f"{n}.py", "run", "changed", f"old {n}", f"new {n}", ("run",)) for n in range(10_000)]
    for change in changes:
        assert {change.before, change.after} <= facts.sources([change], changes).keys()
    assert (sum(asked), len(asked)) == (20_000, 20)
