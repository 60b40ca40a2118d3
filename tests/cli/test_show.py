"""`debugloop show` tells why something failed, by any name that one may have for it."""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.ages import without_ages
from tests.support.projects import Project

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.servers import Server


def shown(shop: Project, *arguments: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(shop.printed("show", "--json", *arguments))
    assert (answer["schema"], answer["version"]) == ("debugloop/show", 1)
    return answer


@pytest.fixture(scope="module")
def last_run(shop: Project) -> dict[str, Any]:
    return shown(shop)


def failure_of(answer: dict[str, Any], test: str) -> dict[str, Any]:
    return next(one for one in answer["failures"] if one["failure"]["node_id"].endswith(f"::{test}"))


def test_the_failures_of_the_last_run_are_shown_with_the_line_and_its_values(shop: Project) -> None:
    text = shop.printed("show")
    block = next(part for part in text.split("\n\n") if "::test_unknown_article" in part)
    assert "  KeyError: 'pineapple'\n" in block
    function = "Order.total.<locals>.<genexpr>" if sys.version_info >= (3, 11) else "<genexpr>"
    assert f"  orders.py:24 in {function}\n" in block
    assert re.search(r"❱ +24 +return sum\(\(PRICES\[article\]", block)
    assert "        article = 'pineapple'\n" in block
    assert re.search(r"seen 6 times in 3 runs, first .*, never recovered", block)
    assert "passed on a retry in this run" in text
    # What a retry mended comes last.
    assert text.index("::test_unknown_article") < text.index("::test_stock_answers")


def test_json_has_the_run_and_its_failures_with_frames_and_history(last_run: dict[str, Any]) -> None:
    assert last_run["kind"] == "run"
    assert last_run["run"]["exit_status"] == 1
    failure = failure_of(last_run, "test_unknown_article")
    assert failure["failure"]["error_code"] == "KeyError"
    assert failure["frame"]["locals"]["article"] == "pineapple"
    assert failure["history"]["seen"] == 6
    assert failure["history"]["recovered"] == 0


@pytest.mark.parametrize("shorten", [str, str.upper, lambda text: text.replace("-", "")])
def test_a_failure_is_found_by_its_whole_id(shop: Project, last_run: dict[str, Any], shorten: Any) -> None:
    id_ = failure_of(last_run, "test_delivery")["failure"]["id"]
    assert shown(shop, shorten(id_))["failure"]["id"] == id_


def test_a_failure_is_found_by_the_end_of_its_id_as_lists_print_it(shop: Project, last_run: dict[str, Any]) -> None:
    id_ = failure_of(last_run, "test_delivery")["failure"]["id"]
    assert f"test_delivery (setup)  {id_[-8:]}\n" in shop.printed("show")
    for length in (8, 12, 14, 20):
        assert shown(shop, id_[-length:])["failure"]["id"] == id_


def test_a_failure_is_found_by_a_unique_beginning_of_its_id(shop: Project, last_run: dict[str, Any]) -> None:
    ids = [one["failure"]["id"] for one in last_run["failures"]]
    # Ids made in one millisecond share 18 characters and more: all but the last does for any.
    for id_ in ids:
        assert shown(shop, id_[:-1])["failure"]["id"] == id_


def test_a_beginning_that_several_have_names_them(shop: Project, last_run: dict[str, Any]) -> None:
    id_ = last_run["run"]["id"]
    done = shop.debugloop("show", id_[:4])
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(
        rf"Error: {id_[:4]} is ambiguous, it matches several:\n(  \w+ [0-9a-f-]{{36}}\n){{5}}  and more\n", done.stderr
    )


def test_a_test_is_found_by_a_part_of_its_node_id(shop: Project) -> None:
    text = shop.printed("show", "discount_keeps")
    lines = text.splitlines()
    assert lines[0] == "tests/test_orders.py::test_discount_keeps_the_cents"
    assert "  ✗✗ ✓✓" in lines
    assert "2 of the last 4 attempts failed" in text
    assert "The last failure" in text
    assert "expected = Decimal('2.48')" in text


def test_the_end_of_a_node_id_goes_before_any_part_of_it(shop: Project) -> None:
    answer = shown(shop, "test_total")
    assert answer["test"]["node_id"] == "tests/test_orders.py::test_total"
    assert answer["failures"] == []
    assert "It never failed." in shop.printed("show", "test_total")


def test_a_part_that_several_tests_have_names_them(shop: Project) -> None:
    done = shop.debugloop("show", "test_every_article")
    assert (done.returncode, done.stdout) == (1, "")
    lines = done.stderr.splitlines()
    assert lines[0] == "Error: test_every_article is ambiguous, it matches 3:"
    assert len(lines) == 4
    for line in lines[1:]:
        assert re.fullmatch(r"  [0-9a-f]{8}  tests/test_orders\.py::test_every_article_\S+  \(project shop\)", line)
        assert shown(shop, line.split()[0])["test"]["node_id"] == line.split()[1]


def test_a_whole_failure_has_all_frames_fixtures_and_output(shop: Project, last_run: dict[str, Any]) -> None:
    failure = failure_of(last_run, "test_stock_answers")
    text = shop.printed("show", failure["failure"]["id"])
    assert "  TimeoutError: the stock of 'apple' did not answer\n" in text
    assert "tests/test_orders.py:" in text
    assert "orders.py:37 in Stock.look\n" in text
    assert "\n  fixtures\n        stock = Stock(" in text
    assert "recovered by retry" in text
    assert "attempt 1 failed, attempt 2 of the same run passed" in text


def test_a_run_a_snapshot_and_a_recovery_are_found_by_their_ids(shop: Project, last_run: dict[str, Any]) -> None:
    run_id = last_run["run"]["id"]
    assert shown(shop, run_id)["run"]["id"] == run_id
    assert shown(shop, last_run["run"]["correlation_id"])["run"]["id"] == run_id
    failure = failure_of(last_run, "test_stock_answers")["failure"]
    snapshot = shown(shop, failure["snapshot_id"])
    assert snapshot["kind"] == "snapshot"
    assert snapshot["snapshot"]["state"]["exceptions"][0]["type"] == "TimeoutError"
    assert "article = 'apple'" in shop.printed("show", failure["snapshot_id"])
    recovery = shown(shop, failure["id"])["recoveries"][0]
    again = shown(shop, recovery["id"])
    assert (again["kind"], again["recovery"]["recovery_strategy"]) == ("recovery", "retry")


def test_a_recovery_shows_its_evidence(shop: Project) -> None:
    answer = json.loads(shop.printed("recoveries", "--json", "--strategy", "code_change"))
    text = shop.printed("show", answer["recoveries"][0]["id"])
    assert "recovered by code_change" in text
    assert "discount in orders.py was changed" in text
    assert '+        return (total * 9 / 10).quantize(Decimal("0.01"))' in text


@pytest.mark.parametrize("budget", [200, 500, 2000])
def test_brief_stays_within_its_budget_and_tells_the_most_first(shop: Project, budget: int) -> None:
    text = shop.printed("show", "test_unknown_article", "--brief", "--budget", str(budget)).removesuffix("\n")
    assert len(text) <= budget
    lines = text.splitlines()
    assert lines[0].startswith("FAILED tests/test_orders.py::test_unknown_article (")
    assert lines[1] == "KeyError: 'pineapple'"
    if budget >= 500:
        assert "  article = 'pineapple'" in lines
        assert any(line.startswith("history: seen 6 times in 3 runs") for line in lines)


def test_brief_of_an_assertion_has_the_code_under_test(shop: Project) -> None:
    lines = shop.printed("show", "discount_keeps", "--brief").splitlines()
    place = next(number for number, line in enumerate(lines) if line.startswith("code under test: orders.py:"))
    assert lines[place].endswith(" discount")
    assert lines[place + 1].startswith("  def discount(")
    assert any("quantize(Decimal(1))" in line for line in lines[place:])  # as it was when the test failed


def test_brief_of_a_run_names_every_failure(shop: Project, last_run: dict[str, Any]) -> None:
    text = shop.printed("show", "--brief", "--budget", "1500")
    assert len(text) <= 1501
    for failure in last_run["failures"]:
        assert failure["failure"]["node_id"] in text
    told, asked = (shop.printed("show", "--brief", "--budget", "9000", *more) for more in ((), ("--json",)))
    assert without_ages(json.loads(asked)["text"]) == without_ages(told.removesuffix("\n"))


def test_the_limit_is_kept_and_said(shop: Project, last_run: dict[str, Any]) -> None:
    text = shop.printed("show", "--limit", "1")
    assert text.count("\n✗ ") == 1
    assert f"To see all failures: debugloop show {last_run['run']['id'][-8:]} --limit 0" in text
    assert shop.printed("show", "--limit", "0").count("\n✗ ") == len(last_run["failures"])


def test_what_lists_print_may_be_shortened_again(shop: Project, last_run: dict[str, Any]) -> None:
    runs = [run["id"] for run in json.loads(shop.printed("runs", "--json"))["runs"]]
    assert last_run["run"]["id"] in runs
    # Five digits may be those of something else too, once in thousands of times: but not those of all runs.
    for length, least in ((8, len(runs)), (7, len(runs)), (6, len(runs)), (5, 1)):
        answers = [(run, shop.debugloop("show", "--json", run[-8:][:length])) for run in runs]
        found = [(run, json.loads(one.stdout)["run"]["id"]) for run, one in answers if not one.returncode]
        assert all(asked == told for asked, told in found)
        assert len(found) >= least


def test_frames_of_installed_packages_are_counted_unless_they_are_asked_for(
    any_postgres: Server, tmp_path: Path
) -> None:
    with any_postgres.record() as (conninfo, schema):
        project = Project.new(tmp_path, conninfo, schema)
        project.write(
            "test_it.py", "import json, re\n\ndef test_it():\n    re.sub('a', lambda _: json.loads('{'), 'a')\n"
        )
        assert project.record().returncode == 1
        folded, whole = (project.printed("show", "test_it", *more) for more in ((), ("--all-frames",)))
    places = [line.strip() for line in folded.splitlines() if " in " in line or "… " in line]
    inner = places.index("… 1 frame of installed packages")
    name = "test_it.<locals>.<lambda>" if sys.version_info >= (3, 11) else "<lambda>"
    assert places[inner + 1 : inner + 3] == [f"test_it.py:4 in {name}", "… 3 frames of installed packages"]
    assert "installed packages" not in whole
    assert all(
        re.search(rf"{name}:\d+ in ", whole) for name in (r"re(/__init__)?\.py", "json/__init__.py", "decoder.py")
    )


CHAINED = """
def look_up():
    key = "gone"
    try:
        {}[key]
    except KeyError as error:
        if hasattr(error, "add_note"):
            error.add_note("a note")
        raise ValueError("outer") from error

def test_it():
    try:
        look_up()
    except ValueError:
        raise RuntimeError("during")
"""


def test_exceptions_that_led_to_another_are_shown_behind_it(any_postgres: Server, tmp_path: Path) -> None:
    with any_postgres.record() as (conninfo, schema):
        project = Project.new(tmp_path, conninfo, schema)
        project.write("test_it.py", CHAINED)
        assert project.record().returncode == 1
        lines = project.printed("show", "test_it").splitlines()
        brief = project.printed("show", "test_it", "--brief").splitlines()
    wanted = ["  RuntimeError: during", "Raised while handling:", "  ValueError: outer", "Caused directly by:"]
    wanted += ["  KeyError: 'gone'", *(["  a note"] if sys.version_info >= (3, 11) else [])]
    assert [line for line in lines if line in wanted] == wanted
    assert [line for line in brief if line.partition(":")[0] in ("RuntimeError", "context", "cause")] == [
        "RuntimeError: during",
        "context: ValueError: outer",
        "cause: KeyError: 'gone'",
    ]


def test_a_thing_of_another_kind_is_named_as_what_it_is(shop: Project, last_run: dict[str, Any]) -> None:
    id_ = last_run["run"]["id"][-8:]
    for command in ("history", "debug", "reproduce"):
        done = shop.debugloop(command, id_)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith(f"Error: {id_} is a run, but a"), command


def test_a_path_as_a_shell_completes_it_is_a_test(shop: Project) -> None:
    assert shown(shop, "./tests/test_orders.py::test_total")["test"]["node_id"] == "tests/test_orders.py::test_total"
