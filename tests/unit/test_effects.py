"""What a change of one test does to others: on what it acts beyond its own function."""

from __future__ import annotations

import pytest

from pytest_debugloop.loading.recoveries.effects import changed_effects


@pytest.mark.parametrize(
    ("before", "after", "names"),
    [
        ("shop.STATE.append(1)", "assert shop.STATE == []", {"STATE"}),
        ("yield 1\n    assert PLACES", "yield 1\n    PLACES.clear()", {"PLACES"}),
        ("shop.RATE = 1", "pass", {"RATE"}),
        ("os.environ['RATE'] = '1'", "pass", {"environ"}),
        ("del os.environ['RATE']", "pass", {"environ"}),
        ("global RATE\n    RATE = 1", "global RATE\n    RATE = 2", {"RATE"}),
        ("os.chdir('/')", "os.chdir('.')", {"os"}),
        ("assert total([1]) == 1", "assert total([2]) == 2", set()),
        ("rate = 1\n    rates = [rate]", "rate = 2\n    rates = [rate]", set()),
        ("monkeypatch.setenv('RATE', '1')", "pass", set()),
        ("self.rate = 1", "self.rate = 2", set()),
        ("shop.STATE.append(1)", "shop.STATE.append(1)  # again", set()),
    ],
)
def test_what_stands_on_one_side_alone_and_acts_on_something_is_named(before: str, after: str, names: set[str]) -> None:
    sides = [f"def test_it():\n    {text}\n" for text in (before, after)]
    assert changed_effects(sides[0], sides[1]) == names


def test_what_is_no_python_acts_on_nothing() -> None:
    assert changed_effects("def (", "shop.STATE.clear()") == {"STATE"}
