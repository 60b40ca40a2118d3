"""What judges the product's names: which units of a source differ, and the source with one of them undone."""

from __future__ import annotations

import pytest

from benchmarks.truth.units import changed_units, names, without_change

BEFORE = '''
import os

RATE = 1


class Shop:
    """Sell."""

    tax = 1

    def total(self, n):
        return n * self.tax

    @property
    def name(self):
        return "a"


def unrelated():
    """Do."""
    return 1
'''
AFTER = (
    BEFORE.replace("import os", "import os\nimport sys")
    .replace("RATE = 1", "RATE = 2")
    .replace("tax = 1", "tax = 2")
    .replace('"a"', '"b"')
    .replace("Do.", "Do it.")
    .replace("    return 1\n", "    return (\n        1\n    )\n")
)


def test_units_are_told_by_their_syntax_trees() -> None:
    assert changed_units(BEFORE, AFTER) == ["RATE=", "Shop.name", "Shop.tax="]
    assert changed_units("", "def a(): pass") == changed_units("def a(): pass", "") == ["a"]


def test_one_unit_is_undone_and_the_others_are_not() -> None:
    undone = without_change(BEFORE, AFTER, "Shop.tax=")
    assert changed_units(AFTER, undone) == ["Shop.tax="]
    assert changed_units(BEFORE, undone) == ["RATE=", "Shop.name"]


def test_what_was_added_or_removed_is_undone_too() -> None:
    more = AFTER + "\n\ndef added():\n    return RATE\n"
    assert changed_units(AFTER, without_change(AFTER, more, "added")) == []
    assert changed_units(more, without_change(more, AFTER, "added")) == []


@pytest.mark.parametrize(
    ("said", "unit", "is_it"),
    [
        ("total", "total", True),
        ("Shop.total", "Shop.total", True),
        ("Shop", "Shop.total", False),
        ("Shop", "Shop.tax=", True),
        ("Shop.tax", "Shop.tax=", True),
        ("<module>", "RATE=", True),
        ("RATE", "RATE=", True),
        ("<module>", "total", False),
        ("<module>", "<module>", True),
    ],
)
def test_a_class_and_a_module_stand_for_what_is_assigned_in_them(said: str, unit: str, is_it: bool) -> None:
    assert names(said, unit) is is_it
