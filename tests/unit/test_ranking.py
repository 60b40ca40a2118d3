"""What a test ran decides which of the changes that names lead to are the reason, and in which order."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, cast

import pytest

from pytest_debugloop.loading.recoveries.code_changes import Change, Reach, Unit, changes_between
from pytest_debugloop.loading.recoveries.facts import CodeDifference, Facts
from pytest_debugloop.loading.recoveries.flakes import Failure
from pytest_debugloop.loading.recoveries.ranking import Ranked, Ranking
from pytest_debugloop.loading.recoveries.refining import refined
from pytest_debugloop.loading.recoveries.traces import Sides, Trace
from pytest_debugloop.sources.units import units_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

TEST = "from shop import pay\nfrom cache import Cache\n\n\ndef test_pay(cart):\n    assert pay(cart).get() == 3\n"
FIXTURE = "import pytest\n\n\n@pytest.fixture(scope='session')\ndef cart():\n    return make()\n"
SHOP = """
RATE = 2


class Receipt:
    currency = "EUR"

    def get(self):
        return self.total


def pay(cart):
    if cart:
        total = RATE * len(cart)
    else:
        total = 0
    return Receipt(total)


def late():
    return Receipt(0)
"""
OTHERS = """
class Cache:
    size = 5

    def get(self):
        return 1


def make():
    return [1]


def registered(function):
    return function


@registered
def by_text():
    return 2
"""
BEFORE = {"test_shop.py": TEST, "conftest.py": FIXTURE, "shop.py": SHOP, "cache.py": OTHERS}
STARTS = [
    ("test", ("test_shop.py", "test_pay")),
    ("fixture", ("conftest.py", "cart")),
    ("module", ("test_shop.py", "<module>")),
]
ENTERED = {"test_shop.py": ["test_pay"], "shop.py": ["pay", "Receipt.get"]}


class Sources(dict[str, str]):
    """The sources that the database would give."""

    def sources(self, changes: Sequence[Change], likely: Sequence[Change]) -> Mapping[str, str]:
        return self

    def sources_of(self, ids: Iterable[str]) -> Mapping[str, str]:
        return self


def units(files: Mapping[str, str], sources: dict[str, str]) -> dict[str, list[Unit]]:
    found: dict[str, list[Unit]] = {}
    for file, text in files.items():
        for unit in units_of(text)[0]:
            name = hashlib.sha256(f"{file}:{unit.function}:{unit.text}".encode()).hexdigest()
            sources[name] = unit.text
            found.setdefault(file, []).append(
                Unit(name, file, unit.function, unit.first, unit.last, unit.provides, unit.uses)
            )
    return found


def trace(
    files: Mapping[str, str],
    entered: Mapping[str, Sequence[str]],
    without: str = "",
    *,
    has_lines: bool = True,
    is_whole: bool = True,
    children: Sequence[str] = (),
) -> Trace:
    """A trace of functions with all of their lines, but for those that hold a text."""
    functions: dict[str, list[tuple[str, int]]] = {}
    lines: dict[str, frozenset[int]] = {}
    for file, names in entered.items():
        found = [unit for unit in units_of(files[file])[0] if unit.function in names]
        assert len(found) == len(names)
        functions[file] = [(unit.function, unit.first) for unit in found]
        text = files[file].split("\n")
        lines[file] = frozenset(
            n for unit in found for n in range(unit.first, unit.last + 1) if not without or without not in text[n - 1]
        )
    return Trace(functions, lines if has_lines else None, is_whole, frozenset(children))


def ranked(
    after: Mapping[str, str],
    failing: Trace | None,
    passing: Trace | None,
    frames: Sequence[tuple[str, str]] = (),
    starts: Sequence[tuple[str, tuple[str, str]]] = STARTS,
    message: str = "",
) -> Ranked:
    sources = Sources()
    before, now = units(BEFORE, sources), units(after, sources)
    changed = {file for file in {**BEFORE, **after} if BEFORE.get(file) != after.get(file)}
    changes = refined(
        changes_between(
            [unit for file in changed for unit in before.get(file, ())],
            [unit for file in changed for unit in now.get(file, ())],
        ),
        sources,
    )
    reach = Reach([unit for found in now.values() for unit in found], changes)
    difference = CodeDifference(changes, reach, before, now, [])
    ranking = Ranking(difference, Sides(failing, passing), cast("Facts", sources), Failure(message=message))
    return ranking.of(reach.of(starts), starts, frames)


def changed(*pairs: tuple[str, str, str]) -> dict[str, str]:
    files = dict(BEFORE)
    for file, before, after in pairs:
        assert before in files[file]
        files[file] = files[file].replace(before, after)
    return files


def names(found: Sequence[Any]) -> list[str]:
    return [one.change.function for one in found]


PAY = ("shop.py", "RATE * len(cart)", "RATE * len(cart) + 1")
ELSE = ("shop.py", "total = 0", "total = 9")
CACHE_GET = ("cache.py", "return 1", "return 7")
LATE = ("shop.py", "return Receipt(0)", "return Receipt(1)")


@pytest.mark.parametrize("is_failing", [True, False])
def test_what_was_entered_is_the_reason_and_what_names_lead_to_is_not(is_failing: bool) -> None:
    after = changed(PAY, CACHE_GET)
    side = trace(BEFORE if is_failing else after, ENTERED)
    found = ranked(after, side if is_failing else None, None if is_failing else side)
    assert names(found.reached) == ["pay"]
    assert list(found.ran.values()) == ["lines"]
    assert names(found.not_run) == ["Cache.get"]


def test_changed_lines_that_were_run_come_before_functions_that_were_only_entered() -> None:
    after = changed(ELSE, ("shop.py", "return self.total", "return self.total + 1"))
    found = ranked(after, None, trace(after, ENTERED, "total = 9"))
    assert [(one.change.function, found.ran[one.change]) for one in found.reached] == [
        ("Receipt.get", "lines"),
        ("pay", "entered"),
    ]


def test_of_changes_that_were_run_the_one_comes_first_that_the_failure_speaks_of() -> None:
    after = changed(
        ("shop.py", "    if cart:", "    if cart is None:\n        raise PriceError\n    if cart:"),
        ("shop.py", "return self.total", "return self.total + 0"),
    )
    run = trace(after, ENTERED)
    assert names(ranked(after, None, run).reached) == ["Receipt.get", "pay"]
    message = "DID NOT RAISE <class 'shop.PriceError'>"
    assert names(ranked(after, None, run, message=message).reached) == ["pay", "Receipt.get"]


def test_annotations_are_no_changed_lines() -> None:
    after = changed(("shop.py", "def pay(cart):", "def pay(cart: list[int]) -> Receipt:"))
    assert list(ranked(after, None, trace(after, ENTERED)).ran.values()) == ["entered"]


def test_where_lines_are_not_known_what_was_entered_is_all_alike() -> None:
    after = changed(ELSE)
    found = ranked(after, None, trace(after, ENTERED, has_lines=False))
    assert list(found.ran.values()) == ["entered"]


def test_what_was_entered_on_both_sides_comes_first() -> None:
    after = changed(PAY, LATE)
    failing = trace(BEFORE, {**ENTERED, "shop.py": ["pay", "Receipt.get"]})
    passing = trace(after, {**ENTERED, "shop.py": ["pay", "late", "Receipt.get"]})
    assert names(ranked(after, failing, passing).reached) == ["pay", "late"]


def test_a_statement_that_was_only_added_or_removed_is_looked_for_where_it_would_be() -> None:
    after = changed(("shop.py", "    return Receipt(total)", "    total += 1\n    return Receipt(total)"))
    failing = trace(BEFORE, ENTERED)
    assert list(ranked(after, failing, None).ran.values()) == ["lines"]
    assert list(ranked(after, trace(BEFORE, ENTERED, "total = 0"), None).ran.values()) == ["entered"]


def test_a_function_that_no_name_leads_to_is_found_where_it_was_entered() -> None:
    after = changed(("cache.py", "return 2", "return 3"))
    found = ranked(after, None, trace(after, {**ENTERED, "cache.py": ["by_text"]}))
    assert [(one.change.function, one.role) for one in found.reached] == [("by_text", "trace")]


def test_a_constant_that_something_names_which_ran_stays_a_reason_and_others_do_not() -> None:
    after = changed(("shop.py", "RATE = 2", "RATE = 3"), ("cache.py", "size = 5", "size = 6"))
    found = ranked(after, None, trace(after, ENTERED))
    assert names(found.reached) == ["RATE"]
    assert "RATE" not in names(found.not_run)
    assert found.ran == {}


def test_an_attribute_of_a_class_that_ran_is_a_reason() -> None:
    after = changed(("shop.py", '"EUR"', '"USD"'))
    assert names(ranked(after, None, trace(after, ENTERED)).reached) == ["Receipt.currency"]


def test_set_up_that_another_test_did_is_told_by_names() -> None:
    after = changed(("cache.py", "return [1]", "return [1, 2]"))
    found = ranked(after, None, trace(after, ENTERED))
    assert [(one.change.function, one.role) for one in found.reached] == [("make", "fixture")]
    entered = {**ENTERED, "conftest.py": ["cart"]}
    assert names(ranked(after, None, trace(after, entered)).reached) == []


def test_what_is_called_while_a_module_is_imported_is_told_by_names() -> None:
    after = changed(("cache.py", "    return function", "    return function or None"))
    starts = [*STARTS, ("test", ("cache.py", "by_text"))]
    found = ranked(after, None, trace(after, ENTERED), starts=starts)
    assert names(found.reached) == ["registered"]
    assert found.ran == {}


def test_a_frame_of_the_failure_was_run_whatever_the_pass_did() -> None:
    after = changed(("shop.py", "return Receipt(0)", "return Receipt(1)"))
    starts = [*STARTS, ("frame", ("shop.py", "late"))]
    found = ranked(after, None, trace(after, ENTERED), frames=[("shop.py", "late")], starts=starts)
    assert [(one.change.function, found.ran[one.change]) for one in found.reached] == [("late", "entered")]


def test_a_trace_that_was_cut_leaves_nothing_out() -> None:
    after = changed(PAY, CACHE_GET)
    found = ranked(after, None, trace(after, {"test_shop.py": ["test_pay"]}, is_whole=False))
    assert (sorted(names(found.reached)), found.not_run) == (["Cache.get", "pay"], [])


def test_what_is_only_on_the_side_that_was_not_traced_is_told_by_names() -> None:
    after = changed(("shop.py", "\n\ndef late():\n    return Receipt(0)\n", ""))
    starts = [*STARTS, ("frame", ("shop.py", "late"))]
    assert names(ranked(after, None, trace(after, ENTERED), starts=starts).reached) == ["late"]


def test_what_a_process_ran_that_the_test_started_is_told_by_names() -> None:
    after = changed(("cache.py", "return 1", "return 7"))
    found = ranked(after, None, trace(after, ENTERED, children=["cache.py"]))
    assert [(one.change.function, one.role) for one in found.reached] == [("Cache.get", "process")]
