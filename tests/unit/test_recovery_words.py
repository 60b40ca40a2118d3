"""What a recovery's evidence is written as: each kind, and what is left out of too much."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_debugloop.answers.recoveries import change_lines, changed_values, evidence_lines


def written(evidence: dict[str, Any]) -> list[str]:
    return [line.plain for line in evidence_lines(evidence)]


def test_a_changed_function_is_told_with_its_diff_and_how_it_is_reached() -> None:
    code = {"function": "pay", "file": "shop.py", "change": "changed", "reached_from": "test_pay", "diff": "-a\n+b"}
    assert written({"code": [code]}) == ["  pay in shop.py was changed, reached from test_pay", "    -a", "    +b"]


def test_a_long_diff_is_cut_and_says_so() -> None:
    diff = "\n".join(f"+{number}" for number in range(500))
    lines = written({"code": [{"function": "f", "file": "a.py", "diff": diff}]})
    assert len(lines) < 200
    assert lines[-1].endswith(" more lines")


def test_each_kind_of_difference_has_its_two_sides() -> None:
    evidence = {
        "distributions": {"markupsafe": ["2.1.5", "3.0.2"], "odd": "no pair"},
        "environment": {"SHOP_REGION": ["eu", None]},
        "interpreter": {"version": ["3.12.1", "3.13.0"]},
        "random_seeds": {"hash": [1, 2]},
    }
    assert written(evidence) == [
        "  distributions",
        "    markupsafe: 2.1.5 -> 3.0.2",
        "    odd: nothing -> nothing",
        "  environment",
        "    SHOP_REGION: eu -> nothing",
        "  interpreter",
        "    version: 3.12.1 -> 3.13.0",
        "  random seeds",
        "    hash: 1 -> 2",
    ]


def test_what_is_not_known_to_have_to_do_with_the_test_is_told_beside_it() -> None:
    files = [f"data/{number}.json" for number in range(5)]
    few, many = (
        written({"other_functions_changed": 7, "other_data": files[:count], "other_data_count": count})
        for count in (2, 5)
    )
    assert few == [
        "  also different: 7 functions or names that it does not reach; "
        "2 files that it is not known to read (data/0.json, data/1.json)"
    ]
    assert many[0].endswith("5 files that it is not known to read (data/0.json, data/1.json, data/2.json, …)")


def test_of_many_differences_the_rest_is_counted() -> None:
    lines = written({"environment": {f"NAME_{number}": ["a", "b"] for number in range(100)}})
    shown = [line for line in lines if " -> " in line]
    assert lines[-1] == f"    … {100 - len(shown)} more"


def test_the_order_is_told_with_what_ran_only_then_and_who_is_suspected() -> None:
    order = {
        "failing": {"count": 2, "only_here": ["test_a", "test_b"], "only_here_count": 2},
        "passing": {"count": 0},
        "polluters": ["test_a"],
        "setters": ["test_c"],
    }
    assert written({"order": order}) == [
        "  order of tests",
        "    when it failed: 2 tests before it, 2 only then",
        "      test_a",
        "      test_b",
        "    when it passed: it came first",
        "    before each failure and no pass: test_a",
        "    before each pass and no failure: test_c",
    ]


@pytest.mark.parametrize("order", [{"failing": 5}, {"failing": {"only_here": "x"}}, {"polluters": "x"}])
def test_an_order_of_another_form_is_no_fault(order: dict[str, Any]) -> None:
    assert written({"order": order})[0] == "  order of tests"


def test_what_is_not_known_is_named_and_nothing_of_it_acts_on_the_terminal() -> None:
    assert written({"missing": ["environment", "\x1b[2J"]}) == [r"  not known: environment, \x1b[2J"]


def test_values_stand_in_one_line_where_there_is_room_and_else_below_each_other() -> None:
    change = {"path": "/locals/stock", "from": 1, "to": 2}
    assert [line.plain for line in change_lines(change, 80)] == ["    locals stock: 1 -> 2"]
    long = {"path": "/locals/text", "from": "x" * 60}
    name, before, after = (line.plain for line in change_lines(long, 60))
    assert (name, before[:9], after) == ("    locals text: ", "      - '", "      + nothing")


def test_changed_values_have_a_heading_and_the_rest_is_counted() -> None:
    changes = [{"path": f"/locals/n{number}", "from": 0, "to": number} for number in range(1, 60)]
    lines = [line.plain for line in changed_values({"changes": changes, "more": 3}, 80)]
    assert lines[:3] == ["", "  values, when it failed -> when it passed", "    locals n1: 0 -> 1"]
    shown = [line for line in lines if " -> " in line and "locals" in line]
    assert lines[-1] == f"    … {59 - len(shown) + 3} more"
    assert list(changed_values({"changes": []}, 80)) == []
