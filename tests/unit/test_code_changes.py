"""Which functions changed, and which of them a test reaches by the names in the source."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_debugloop.loading.recoveries.code_changes import (
    Change,
    Reach,
    Unit,
    changes_between,
    diff_of,
    unit_at,
)
from pytest_debugloop.sources.units import is_test_file, units_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

APP = "def total(items):\n    return sum(items)\n\n\ndef pay(cart):\n    return total(cart.items)\n"
CONFTEST = "import pytest\n\n\n@pytest.fixture\ndef paid(cart):\n    return pay(cart)\n"
TEST = "import pytest\n\n\ndef test_pay(paid):\n    assert paid == 3\n\n\ndef test_other():\n    assert True\n"
PROJECT = {"app.py": APP, "conftest.py": CONFTEST, "test_app.py": TEST}
TEST_PAY = ("test_app.py", "test_pay")


def name_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def project(files: Mapping[str, str]) -> list[Unit]:
    """The units of files, in their order."""
    return [
        Unit(name_of(f"{file}:{u.function}:{u.text}"), file, u.function, u.first, u.last, u.provides, u.uses)
        for file, source in files.items()
        for u in units_of(source)[0]
    ]


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> list[Change]:
    return changes_between(project(before), project(after))


def told(found: Sequence[Change]) -> list[tuple[str, str, str]]:
    return [(change.file, change.function, change.kind) for change in found]


def reached(
    before: Mapping[str, str], after: Mapping[str, str], *starts: tuple[str, tuple[str, str]]
) -> list[tuple[str, str, int]]:
    found = Reach(project(after), changes(before, after)).of(starts)
    return [(one.change.function, one.role, one.distance) for one in found]


def test_the_same_code_has_no_changes() -> None:
    assert changes(PROJECT, PROJECT) == []


def test_functions_that_only_moved_did_not_change() -> None:
    assert changes({"app.py": APP}, {"app.py": "\n\n\n" + APP.replace("\n\n\n", "\n\n\n\n\n")}) == []


def test_a_changed_an_added_and_a_removed_function_are_told_apart() -> None:
    after = APP.replace("sum(items)", "sum(items) * 2").replace("def pay(", "def settle(")
    found = changes({"app.py": APP}, {"app.py": after})
    assert told(found) == [("app.py", "pay", "removed"), ("app.py", "settle", "added"), ("app.py", "total", "changed")]
    removed, added, changed = found
    assert removed.before is not None
    assert removed.after is None
    assert added.before is None
    assert added.after is not None
    assert None not in (changed.before, changed.after)
    assert changed.before != changed.after


def test_a_function_in_another_file_is_another() -> None:
    assert told(changes({"app.py": "def f(): pass\n"}, {"other.py": "def f(): pass\n"})) == [
        ("app.py", "<module>", "removed"),
        ("app.py", "f", "removed"),
        ("other.py", "<module>", "added"),
        ("other.py", "f", "added"),
    ]


def test_a_change_is_reached_by_the_names_of_both_its_sides() -> None:
    (change,) = changes({"app.py": "RATE = 1\n"}, {"app.py": "SPEED = 1\n"})
    assert change.provides == ("RATE", "SPEED")


GETTER_AND_SETTER = """\
class Cart:
    @property
    def size(self):
        return 1

    @size.setter
    def size(self, value):
        self.items = value
"""


@pytest.mark.parametrize("line", ["return 1", "self.items = value"])
def test_of_functions_of_one_name_a_change_of_either_is_a_change(line: str) -> None:
    found = changes({"app.py": GETTER_AND_SETTER}, {"app.py": GETTER_AND_SETTER.replace(line, "return 2")})
    assert told(found) == [("app.py", "Cart.size", "changed")]


UNITS = st.lists(
    st.builds(
        lambda file, function, text: Unit(text, file, function, 1, 1, [function], []),
        st.sampled_from(["a.py", "b.py"]),
        st.sampled_from(["f", "g", "h"]),
        st.sampled_from(["1", "2"]),
    ),
    max_size=6,
    unique_by=lambda unit: unit.place,
)


@given(before=UNITS, after=UNITS)
def test_the_way_back_is_the_same_change_with_its_sides_exchanged(before: list[Unit], after: list[Unit]) -> None:
    back = {"changed": "changed", "added": "removed", "removed": "added"}
    turned = [c._replace(kind=back[c.kind], before=c.after, after=c.before) for c in changes_between(after, before)]
    assert changes_between(before, after) == turned


@given(units=UNITS)
def test_the_order_of_units_is_no_change(units: list[Unit]) -> None:
    assert changes_between(units, reversed(units)) == []


def test_the_innermost_unit_holds_a_line() -> None:
    units = project(
        {"app.py": "X = 1\n\n\nclass A:\n    size = 1\n\n    @cached\n    def f(self):\n        return 1\n"}
    )
    found = [unit_at(units, line) for line in (1, 2, 5, 7, 8, 9)]
    assert [unit and unit.function for unit in found] == ["<module>", "<module>", "A", "A.f", "A.f", "A.f"]
    assert unit_at(units, 10) is None
    assert unit_at([], 1) is None


@pytest.mark.parametrize(
    ("source", "function"),
    [
        ("def test_it():\n    assert True\n", "test_it"),
        ("def test_it(): assert True", "test_it"),
        ("class TestIt:\n    size = 1\n", "TestIt"),
        ("class TestIt:\n    def test_it(self): pass\n", "TestIt.test_it"),
    ],
)
def test_a_function_that_is_the_whole_file_is_still_the_innermost(source: str, function: str) -> None:
    units = project({"test_it.py": source})
    last = len(source.splitlines())
    for found in (unit_at(units, last), unit_at(units[::-1], last)):
        assert found is not None
        assert found.function == function


def after_change(**changed: tuple[str, str]) -> dict[str, str]:
    """The project with something replaced, by the stem of a file."""
    after = dict(PROJECT)
    for stem, (was, now) in changed.items():
        assert was in after[f"{stem}.py"]
        after[f"{stem}.py"] = after[f"{stem}.py"].replace(was, now)
    return after


def test_a_change_of_the_test_itself_is_nearest() -> None:
    after = after_change(test_app=("paid == 3", "paid == 4"))
    assert reached(PROJECT, after, ("test", TEST_PAY)) == [("test_pay", "test", 0)]
    assert reached(PROJECT, after, ("test", ("test_app.py", "test_other"))) == []


def test_a_change_is_as_far_as_names_lead_to_it() -> None:
    after = after_change(app=("sum(items)", "sum(items) * 2"))
    # total <- pay <- paid <- test_pay
    assert reached(PROJECT, after, ("test", TEST_PAY)) == [("total", "test", 3)]
    assert reached(PROJECT, after, ("fixture", ("conftest.py", "paid"))) == [("total", "fixture", 2)]
    assert reached(PROJECT, after, ("frame", ("app.py", "pay"))) == [("total", "frame", 1)]
    assert reached(PROJECT, after, ("frame", ("app.py", "total"))) == [("total", "frame", 0)]


def test_the_nearest_of_a_tests_functions_tells_the_role() -> None:
    after = after_change(app=("sum(items)", "sum(items) * 2"))
    starts = [("test", TEST_PAY), ("fixture", ("conftest.py", "paid")), ("frame", ("app.py", "pay"))]
    assert reached(PROJECT, after, *starts) == [("total", "frame", 1)]
    assert reached(PROJECT, after, *reversed(starts)) == [("total", "frame", 1)]


def test_the_nearest_change_comes_first() -> None:
    after = after_change(app=("sum(items)", "sum(items) * 2"), test_app=("paid == 3", "paid == 4"))
    assert reached(PROJECT, after, ("test", TEST_PAY)) == [("test_pay", "test", 0), ("total", "test", 3)]


def test_a_function_that_is_gone_is_reached_by_who_still_names_it() -> None:
    after = {**PROJECT, "app.py": APP.partition("\n\n\n")[2]}
    assert reached(PROJECT, after, ("test", TEST_PAY)) == [("total", "test", 3)]


def test_a_function_that_nothing_names_is_not_reached() -> None:
    after = after_change(app=("def pay", "def unused():\n    return 1\n\n\ndef pay"))
    assert reached(PROJECT, after, ("test", TEST_PAY)) == []


def test_functions_that_name_each_other_are_no_endless_way() -> None:
    before = {"app.py": "def even(n):\n    return odd(n - 1)\n\n\ndef odd(n):\n    return even(n - 1)\n"}
    after = {"app.py": before["app.py"].replace("return odd", "return not odd")}
    assert reached(before, after, ("frame", ("app.py", "odd"))) == [("even", "frame", 1)]


def test_a_special_method_is_reached_by_who_makes_the_object() -> None:
    before = {
        "app.py": "class Cart:\n    def __init__(self):\n        self.size = 1\n",
        "test_app.py": "def test_it():\n    Cart()\n",
    }
    after = {**before, "app.py": before["app.py"].replace("= 1", "= 2")}
    start = ("test", ("test_app.py", "test_it"))
    assert reached(before, after, start) == [("Cart.__init__", "test", 1)]


def test_a_constant_is_reached_by_who_names_it() -> None:
    before = {"app.py": "RATE = 1\n\n\ndef pay():\n    return RATE\n", "test_app.py": "def test_it():\n    pay()\n"}
    after = {**before, "app.py": before["app.py"].replace("= 1", "= 2")}
    assert reached(before, after, ("test", ("test_app.py", "test_it"))) == [("<module>", "test", 2)]


def test_an_import_under_another_name_is_followed() -> None:
    before = {
        "app.py": APP,
        "test_app.py": "from app import total as t\n\n\ndef test_it():\n    assert t([1]) == 1\n",
    }
    after = {**before, "app.py": APP.replace("sum(items)", "max(items)")}
    assert [change for change, _, _ in reached(before, after, ("test", ("test_app.py", "test_it")))] == ["total"]


def test_a_function_in_a_file_of_tests_is_reached_from_there_alone() -> None:
    helper = "def helper():\n    return 1\n\n\ndef test_{}():\n    helper()\n"
    before = {"test_a.py": helper.format("a"), "test_b.py": helper.format("b")}
    after = {**before, "test_a.py": before["test_a.py"].replace("return 1", "return 2")}
    assert reached(before, after, ("test", ("test_a.py", "test_a"))) == [("helper", "test", 1)]
    assert reached(before, after, ("test", ("test_b.py", "test_b"))) == []


def test_nor_does_the_way_to_another_function_lead_through_a_file_of_tests() -> None:
    before = {
        "app.py": "def total():\n    return 1\n",
        "test_a.py": "def helper():\n    return total()\n",
        "test_b.py": "def test_b():\n    helper()\n",
    }
    after = {**before, "app.py": "def total():\n    return 2\n"}
    assert reached(before, after, ("test", ("test_b.py", "test_b"))) == []


@pytest.mark.parametrize("first", ["test_a.py", "util.py"])
def test_a_name_that_a_file_of_tests_has_too_hides_no_other_of_that_name(first: str) -> None:
    helper = "def helper():\n    return total()\n"
    helpers = dict.fromkeys(sorted(["test_a.py", "util.py"], key=lambda name: name != first), helper)
    before = {"app.py": "def total():\n    return 1\n", **helpers, "test_b.py": "def test_b():\n    helper()\n"}
    after = {**before, "app.py": "def total():\n    return 2\n"}
    assert reached(before, after, ("test", ("test_b.py", "test_b"))) == [("total", "test", 2)]


@pytest.mark.parametrize("role", ["test", "frame"])
def test_however_much_else_changed_a_change_at_the_start_is_found(role: str) -> None:
    before = {"app.py": "".join(f"def f{n}(): return 1\n" for n in range(300)), "test_app.py": TEST}
    after = {"app.py": before["app.py"].replace("1", "2"), "test_app.py": TEST.replace("== 3", "== 4")}
    place = TEST_PAY if role == "test" else ("app.py", "f99")
    assert reached(before, after, (role, place)) == [(place[1], role, 0)]


@pytest.mark.parametrize(
    ("file", "is_one"),
    [
        ("test_app.py", True),
        ("tests/unit/test_app.py", True),
        ("app_test.py", True),
        ("tests/conftest.py", False),
        ("app.py", False),
        ("tests/helpers.py", False),
        ("test_data/app.py", False),
        ("latest.py", False),
    ],
)
def test_files_of_tests_are_told_by_their_names(file: str, *, is_one: bool) -> None:
    assert is_test_file(file) is is_one


def test_a_diff_tells_what_changed_of_the_function_alone() -> None:
    (change,) = changes({"app.py": APP}, {"app.py": APP.replace("sum(items)", "max(items)")})
    assert change.before is not None
    assert change.after is not None
    sources = {
        change.before: "def total(items):\n    return sum(items)",
        change.after: "def total(items):\n    return max(items)",
    }
    assert diff_of(change, sources).splitlines() == [
        "--- a/app.py:total",
        "+++ b/app.py:total",
        "@@ -1,2 +1,2 @@",
        " def total(items):",
        "-    return sum(items)",
        "+    return max(items)",
    ]


@pytest.mark.parametrize(("kind", "sign"), [("added", "+"), ("removed", "-")])
def test_a_diff_of_one_side_is_all_of_it(kind: str, sign: str) -> None:
    before, after = (None, "id") if kind == "added" else ("id", None)
    change = Change("app.py", "f", kind, before, after, ("f",))
    assert diff_of(change, {"id": "def f():\n    pass"}).splitlines()[3:] == [f"{sign}def f():", f"{sign}    pass"]


def test_a_long_diff_is_cut_and_says_so() -> None:
    change = Change("app.py", "f", "added", None, "id", ("f",))
    found = diff_of(change, {"id": "\n".join("x = 1" for _ in range(5_000))})
    assert len(found) < 9_000
    assert found.endswith("\n[cut]")


def test_a_function_whose_source_is_not_known_has_no_diff() -> None:
    assert diff_of(Change("app.py", "f", "changed", "one", "two", ("f",)), {}) == ""


@given(data=st.data())
def test_who_reaches_a_change_does_not_hang_on_the_order_of_units(data: st.DataObject) -> None:
    names = st.sampled_from(["f", "g", "h", "i"])
    units = data.draw(
        st.lists(
            st.builds(
                lambda file, name, uses: Unit(f"{file}:{name}", file, name, 1, 1, [name], sorted(uses)),
                st.sampled_from(["app.py", "util.py", "test_a.py", "test_b.py"]),
                names,
                st.sets(names, max_size=3),
            ),
            min_size=2,
            max_size=8,
            unique_by=lambda unit: unit.place,
        )
    )
    changed = units[0]
    change = Change(changed.file, changed.function, "changed", "old", changed.id, tuple(changed.provides))
    other = data.draw(st.permutations(units))
    starts = [("test", unit.place) for unit in units]
    for start in starts:
        assert Reach(units, [change]).of([start]) == Reach(other, [change]).of([start])
