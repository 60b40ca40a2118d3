"""Lists of runs, attempts, failures, flaky tests and recoveries say what the record holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pytest_debugloop.answers import comparison as comparing
from pytest_debugloop.database.embedded import embedded_server
from pytest_debugloop.queries import failures, lookup, recoveries, runs
from tests.docs.shapes import keys_of
from tests.support.ages import without_ages
from tests.support.projects import Project


def rows(shop: Project, key: str, *arguments: str) -> list[dict[str, Any]]:
    answer = json.loads(shop.printed(*arguments, "--json"))
    assert (answer["schema"], answer["version"]) == (f"debugloop/{arguments[0]}", 1)
    found: list[dict[str, Any]] = answer[key]
    return found


def cells(text: str) -> list[list[str]]:
    """The cells of a table, told by two spaces in between."""
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in text.splitlines()]


def test_runs_are_listed_the_latest_first(shop: Project) -> None:
    found = rows(shop, "runs", "runs")
    assert [run["git_branch"] for run in found] == ["mend", "mend", "main"]
    assert [run["started_at"] for run in found] == sorted((run["started_at"] for run in found), reverse=True)
    table = cells(shop.printed("runs"))
    assert table[0][:5] == ["run", "when", "result", "passed", "failures"]
    assert [row[0] for row in table[1:]] == [run["id"][-8:] for run in found]
    assert {row[2] for row in table[1:]} == {"failed"}


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        (("--branch", "main"), 1),
        (("--branch", "nobody's"), 0),
        (("--status", "failed"), 3),
        (("--status", "passed"), 0),
        (("--status", "finished"), 3),
        (("--status", "died"), 0),
        (("--since", "1d"), 3),
        (("--since", "2020-01-01", "--until", "2020-02-01"), 0),
        (("--limit", "2"), 2),
        (("--limit", "0"), 3),
    ],
)
def test_runs_are_filtered(shop: Project, filters: tuple[str, ...], count: int) -> None:
    assert len(rows(shop, "runs", "runs", *filters)) == count


def test_runs_are_filtered_by_the_first_characters_of_a_commit(shop: Project) -> None:
    commit = rows(shop, "runs", "runs", "--branch", "main")[0]["git_commit"]
    assert len(rows(shop, "runs", "runs", "--commit", commit[:7])) == 1
    assert shop.printed("runs", "--commit", "0123456") == "No runs match.\n"


def test_history_has_a_line_for_each_attempt_and_a_strip(shop: Project) -> None:
    found = rows(shop, "attempts", "history", "discount_keeps")
    assert [attempt["failed"] for attempt in found] == [False, False, True, True]
    assert [attempt["attempt"] for attempt in found] == [1, 1, 2, 1]
    assert found[2]["recovery_strategy"] == "code_change"
    text = shop.printed("history", "discount_keeps")
    assert "\n4 attempts, 2 failed (50%)\n✗✗ ✓✓\n" in text
    assert [attempt["is_code_changed"] for attempt in found] == [False, True, False, None]
    assert "* the code is not that of the attempt before\n" in text
    table = cells(text)[6:]
    assert [row[0] for row in table] == ["✓", "✓*", "✗", "✗"]
    assert all(found[0]["success_id"][-8:] in row for row in table[:1])
    assert table[3][-1] == "code_change"
    assert any(cell.startswith("AssertionError: assert Decimal('2')") for cell in table[3])


def test_failures_are_grouped_by_fingerprint(shop: Project) -> None:
    found = rows(shop, "failures", "failures")
    by_test = {group["last_node_id"].rpartition("::")[2]: group for group in found}
    article = by_test["test_unknown_article"]
    assert (article["times"], article["tests"], article["runs"], article["recovered"]) == (6, 1, 3, 0)
    discount = by_test["test_discount_keeps_the_cents"]
    assert (discount["times"], discount["runs"], discount["recovered"]) == (2, 1, 2)
    stock = by_test["test_stock_answers"]
    assert (stock["times"], stock["retried"]) == (3, 3)
    assert [group["times"] for group in found] == sorted((group["times"] for group in found), reverse=True)
    text = shop.printed("failures")
    assert "orders.py:24" in text
    assert "KeyError: 'pineapple'" in text
    # The id leads to a failure of the group.
    assert "KeyError: 'pineapple'" in shop.printed("show", article["last_error_id"][-8:])


def test_failures_are_filtered(shop: Project) -> None:
    still_open = rows(shop, "failures", "failures", "--open")
    assert {group["recovered"] for group in still_open} == {0}
    names = {group["last_node_id"].rpartition("::")[2] for group in still_open}
    assert "test_unknown_article" in names
    assert "test_discount_keeps_the_cents" not in names
    only_main = rows(shop, "failures", "failures", "--branch", "main")
    assert "test_discount_keeps_the_cents" in {group["last_node_id"].rpartition("::")[2] for group in only_main}
    assert shop.printed("failures", "--branch", "nobody's") == "No failures match.\n"


def test_flaky_tests_are_ranked_with_score_interval_and_cost(shop: Project) -> None:
    found = rows(shop, "tests", "flaky")
    assert [test["node_id"].rpartition("::")[2] for test in found] == ["test_stock_answers"]
    stock = found[0]
    assert (stock["failures"], stock["attempts"], stock["dominant_strategy"]) == (3, 6, "retry")
    assert 0 < stock["flakiness_low"] < stock["flakiness"] < stock["flakiness_high"] < 1
    assert stock["cost_minutes"] >= 0
    everything = rows(shop, "tests", "flaky", "--all")
    assert {test["class"] for test in everything} >= {"flaky", "fixed"}
    text = shop.printed("flaky")
    assert "3 of 6" in text
    assert "retry" in text


def test_recoveries_are_listed_with_what_was_different(shop: Project) -> None:
    found = rows(shop, "recoveries", "recoveries")
    assert sorted(r["recovery_strategy"] for r in found) == ["code_change"] * 2 + ["retry"] * 3
    assert "discount in orders.py was changed" in shop.printed("recoveries")
    only = rows(shop, "recoveries", "recoveries", "discount", "--strategy", "code_change")
    assert len(only) == 2
    assert only[0]["evidence"]["code"][0]["function"] == "discount"


def test_patterns_say_what_recoveries_have_in_common(shop: Project) -> None:
    answer = json.loads(shop.printed("recoveries", "--patterns", "--json"))
    assert {(p["error_type"], p["recovery_strategy"], p["errors_recovered"]) for p in answer["strategies"]} == {
        ("execution_error", "retry", 3),
        ("validation_error", "code_change", 2),
    }
    assert {p["dominant_strategy"] for p in answer["failures"]} == {"retry", "code_change"}
    assert [(c["kind"], c["file"], c["name"]) for c in answer["causes"]] == [("function", "orders.py", "discount")]
    assert "orders.py::discount" in shop.printed("recoveries", "--patterns")
    refused = shop.debugloop("recoveries", "discount", "--patterns")
    assert refused.returncode == 2


def test_diff_of_a_failure_tells_code_data_environment_and_order(shop: Project) -> None:
    answer = json.loads(shop.printed("diff", "discount_keeps", "--json"))
    assert (answer["before"]["kind"], answer["after"]["kind"]) == ("error", "success")
    assert [(c["file"], c["function"]) for c in answer["code"]] == [("orders.py", "discount")]
    assert "+        return" in answer["code"][0]["diff"]
    assert (answer["distributions"], answer["order"]["only_before"]) == ({}, [])
    assert answer["recovery"]["recovery_strategy"] == "code_change"
    text = shop.printed("diff", "discount_keeps")
    assert "The record says: code_change, confidence" in text
    assert "discount in orders.py was changed" in text


def test_diff_of_a_retry_compares_the_states(shop: Project) -> None:
    answer = json.loads(shop.printed("diff", "test_stock_answers", "--json"))
    assert answer["same_run"] is True
    assert answer["code"] == []
    assert answer["data"] is not None


def test_diff_of_two_failures_compares_their_locals_and_messages(shop: Project) -> None:
    answer = json.loads(shop.printed("diff", "discount_keeps", "unknown_article", "--json"))
    changed = {change["path"]: change for change in answer["data"]["changes"]}
    assert changed["/message"]["to"] == "KeyError: 'pineapple'"
    assert "/fixtures/order/lines/pineapple" in changed


def test_the_first_run_has_none_to_be_compared_with(shop: Project) -> None:
    first = json.loads(shop.printed("runs", "--json"))["runs"][-1]["id"]
    done = shop.debugloop("diff", first)
    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: No earlier run is known on the line of run {first[-8:]}")


def test_diff_of_runs_and_of_a_failure_with_a_run_tells_what_the_test_did_there(shop: Project) -> None:
    last, _, first = (run["id"][-8:] for run in rows(shop, "runs", "runs"))
    both = json.loads(shop.printed("diff", first, last, "--json"))
    assert [both[side]["kind"] for side in ("before", "after")] == ["run", "run"]
    assert [(c["file"], c["function"]) for c in both["code"]] == [("orders.py", "discount")]
    assert (both["order"]["only_before"], both["order"]["both"] > 3) == ([], True)
    before = json.loads(shop.printed("diff", last, "--json"))["before"]["run_id"]
    assert before == json.loads(shop.printed("runs", "--json"))["runs"][1]["id"]
    text = shop.printed("diff", first, last)
    assert "discount in orders.py was changed" in text
    assert f"A began {both['before']['at'][:4]}" in text
    found = rows(shop, "attempts", "history", "discount_keeps")
    held = json.loads(shop.printed("diff", found[2]["error_id"], last, "--json"))
    assert [held[side]["kind"] for side in ("before", "after")] == ["error", "success"]
    assert held["after"]["id"] == found[0]["success_id"]
    assert held["code"] == both["code"]
    other = shop.debugloop("diff", "test_unknown_article", first)
    assert (other.returncode, "A failed" in other.stdout, "B failed" in other.stdout) == (0, True, True)


def test_the_id_of_a_pass_is_shown_and_compared(shop: Project) -> None:
    passed = rows(shop, "attempts", "history", "discount_keeps")[0]["success_id"]
    text = shop.printed("show", passed[-8:])
    assert passed[-8:] in text
    assert "  passed " in text
    assert text.splitlines()[0] in shop.printed("show", passed, "--brief")
    assert json.loads(shop.printed("show", passed, "--json"))["success"]["id"] == passed
    assert "B passed" in shop.printed("diff", "discount_keeps", passed[-8:])


def test_what_fails_again_is_held_against_its_last_pass(tmp_path: Path) -> None:
    project = Project(tmp_path)
    (tmp_path / "conftest.py").touch()
    (tmp_path / "test_shop.py").write_text("from shop import price\n\ndef test_price():\n    assert price() == 2\n")
    for price in (2, 3):
        (tmp_path / "shop.py").write_text(f"def price():\n    return {price}\n")
        project.record("-p", "no:cacheprovider", PYTHONDONTWRITEBYTECODE="1")
    with embedded_server(tmp_path / ".debugloop"):
        answer = json.loads(project.printed("diff", "test_price", "--json"))
        assert [answer[side]["kind"] for side in ("before", "after")] == ["success", "error"]
        assert [(c["file"], c["function"]) for c in answer["code"]] == [("shop.py", "price")]
        assert "+    return 3" in answer["code"][0]["diff"]
        run = answer["before"]["run_id"]
        words = f"passed <ago> in run {run[-8:]}; changed since: price in shop.py (+1 -1)"
        for arguments in (("show",), ("show", "test_price"), ("show", "--brief")):
            assert words in without_ages(project.printed(*arguments))
        (failed,) = json.loads(project.printed("show", "--json"))["failures"]
        assert failed["history"]["last_passed_run_id"] == run
        assert failed["history"]["changed_since"]["code"][0]["lines"] == [1, 1]
    (tmp_path / "shop.py").write_text("def price():\n    return 2\n")
    project.record("-p", "no:cacheprovider", PYTHONDONTWRITEBYTECODE="1")
    shown = project.printed("show")
    passed = "Passed after failing before:\n  1 test by code_change: price in shop.py (+1 -1)\n"
    passed += "    test_shop.py::test_price  "
    assert f"Nothing failed.\n{passed}" in shown
    assert passed in project.printed("show", "--brief")
    assert "  recovered by code_change, " in project.printed("show", failed["failure"]["run_id"])


def test_diff_of_what_never_passed_says_so(shop: Project) -> None:
    done = shop.debugloop("diff", "test_unknown_article")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: test_unknown_article has not passed since, and no earlier pass is known: ")
    never = shop.debugloop("diff", "test_total")
    assert "test_total has never failed in this record." in never.stderr


@pytest.mark.parametrize(
    ("arguments", "path", "shape"),
    [
        (("runs",), ("runs", 0), runs.Run),
        (("history", "discount_keeps"), ("test",), lookup.Test),
        (("history", "discount_keeps"), ("attempts", 0), recoveries.PastAttempt),
        (("failures",), ("failures", 0), failures.FailureGroup),
        (("recoveries",), ("recoveries", 0), recoveries.Recovery),
        (("recoveries", "--patterns"), ("strategies", 0), recoveries.StrategyPattern),
        (("recoveries", "--patterns"), ("failures", 0), recoveries.RecoveryPattern),
        (("recoveries", "--patterns"), ("causes", 0), recoveries.FixCause),
        (("show",), ("run",), runs.Run),
        (("show",), ("failures", 0, "failure"), failures.FailureOfRun),
        (("show",), ("failures", 0, "history"), failures.FailureHistory),
        (("show", "discount_keeps"), ("failures", 0), failures.FailureOfRun),
        (("diff", "discount_keeps"), ("before",), comparing.Side),
        (("diff", "discount_keeps"), ("order",), comparing.Order),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_json_has_the_keys_that_are_documented(
    shop: Project, arguments: tuple[str, ...], path: tuple[str | int, ...], shape: type
) -> None:
    found = json.loads(shop.printed(*arguments, "--json"))
    for step in path:
        found = found[step]
    assert list(found) == keys_of(shape)


@pytest.fixture(scope="module")
def overloaded(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A function with overloads, beside one whose change mends a failure that has not yet been seen to pass."""
    project = Project(tmp_path_factory.mktemp("overloaded"))
    source = """
from typing import overload

@overload
def convert(value: int) -> int: ...
@overload
def convert(value: str) -> str: ...
def convert(value):
    return value

def double(number):
    return number * 3
"""
    (project.folder / "shop.py").write_text(source, encoding="utf-8")
    (project.folder / "test_shop.py").write_text(
        "import sys\nfrom shop import convert, double\n\ndef test_double():\n    assert double(convert(2)) == 4\n",
        encoding="utf-8",
    )
    (project.folder / "conftest.py").touch()
    project.git("init")
    project.git("add", ".")
    project.git("commit", "-m", "first")
    assert project.record().returncode == 1
    (project.folder / "shop.py").write_text(source.replace("number * 3", "number * 2"), encoding="utf-8")
    assert project.record().returncode == 0
    return project


def test_a_function_that_did_not_change_is_in_no_diff_however_often_it_is_defined(overloaded: Project) -> None:
    answer = json.loads(overloaded.printed("diff", "test_double", "--json"))
    assert [(one["file"], one["function"]) for one in answer["code"]] == [("shop.py", "double")]


def test_a_run_on_changed_files_is_marked(overloaded: Project) -> None:
    assert [run["is_dirty"] for run in rows(overloaded, "runs", "runs")] == [True, False]
    *table, marks = cells(overloaded.printed("runs"))
    assert marks == ["Behind a commit: + with uncommitted changes."]
    commits = [next(cell for cell in row if cell.startswith("main ")) for row in table[1:]]
    assert [commit.endswith("+") for commit in commits] == [True, False]
