"""What an agent gets, over the SDK's own client."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.answers.reader import RecordReader
from pytest_debugloop.mcp.room import MOST
from pytest_debugloop.mcp.server import make_server
from tests.mcp.conftest import ORDER, answer_of, call, rows_of
from tests.support.projects import Project

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer

    Ask = Callable[..., Any]

READING = {
    *("last_run", "run_summary", "find_runs", "explain_failure", "failure_value", "function_source", "why"),
    *("test_history", "flaky_tests", "compare", "recoveries", "query"),
}


def texts(value: Any) -> list[str]:
    """All texts of an answer, wherever they are."""
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for one in inner for text in texts(one)]


def own_texts(value: Any) -> list[str]:
    """The texts of an answer that are in no object which names an origin."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [] if "origin" in value else [text for one in value.values() for text in own_texts(one)]
    return [text for one in value for text in own_texts(one)] if isinstance(value, list) else []


def error_of(record: Project, test: str) -> str:
    """The id of the last failure of a test, in full."""
    rows = rows_of(record, "SELECT id, operation_name FROM debug_error_events ORDER BY occurred_at DESC")
    return str(next(row["id"] for row in rows if test in str(row["operation_name"])))


def test_the_last_run_is_told_by_causes_and_by_what_it_fixed(ask: Ask) -> None:
    answer = ask("last_run")
    assert answer["run"]["verdict"] == "failed"
    assert (answer["failures"], answer["causes_total"]) == (4, 2)
    key_error, value_error = answer["causes"]
    assert (key_error["failures"], key_error["exception"]["text"]) == (3, "KeyError")
    assert key_error["where"]["text"] == "prices.py:2 price"
    assert len(key_error["tests"]["texts"]) == len(key_error["error_ids"]) == 3
    assert value_error["message"]["left_out"] > 0
    fixed = {one["test"]["text"]: one["recovered"] for one in answer["fixed"]}
    assert fixed["test_prices.py::test_rate"]["strategy"] == "code_change"
    assert fixed["test_prices.py::test_rate"]["changed"][0]["name"]["text"] == "rate in prices.py"


def test_a_run_is_the_same_by_its_id(ask: Ask) -> None:
    last = ask("last_run")
    assert ask("run_summary", run_id=last["run"]["run_id"])["causes"] == last["causes"]


def test_runs_are_counted_whole_and_given_page_by_page(ask: Ask) -> None:
    assert ask("find_runs")["total"] == 2
    first = ask("find_runs", budget=2000, status="failed")
    assert [run["verdict"] for run in first["runs"]] == ["failed"] * 2
    assert ask("find_runs", test="test_passes", since="2001-01-01T00:00:00Z")["total"] == 2
    assert ask("find_runs", until="2001-01-01T00:00:00Z") == {"total": 0}


def test_a_failure_comes_with_the_values_that_explain_it_and_what_changed(ask: Ask, record: Project) -> None:
    answer = ask("explain_failure", failure=error_of(record, "[pear]"))
    assert answer["exception"]["text"] == "KeyError"
    assert answer["frames"][-1]["statement"] == 'return {"fig": 1}[article]'
    assert answer["values"][0]["text"] == "article = 'pear'"
    assert [text["text"].split("\n")[0] for text in answer["source"]] == [
        "prices.py:1 price",
        "test_prices.py:6 test_price",
    ]
    assert answer["last_pass"]["changed"][0]["name"]["text"] == "price in prices.py"
    assert answer["flakiness"]["verdict"] != "flaky"
    value = ask("failure_value", failure=answer["error_id"], path=answer["values"][0]["path"])
    assert value["value"]["text"] == "pear"


def test_a_value_that_was_cut_can_be_read_page_by_page(ask: Ask, record: Project) -> None:
    error = error_of(record, "test_order")
    pages = [ask("failure_value", failure=error, path="message", page=page, budget=2000) for page in (1, 2)]
    assert pages[0]["pages"] > 2
    assert pages[0]["value"]["text"] != pages[1]["value"]["text"]


def test_the_source_of_a_function_is_that_of_the_failed_run(ask: Ask, record: Project) -> None:
    assert "return 0.2" in ask("function_source", failure="test_rate", function="rate")["functions"][0]["text"]
    assert ask("function_source", failure="test_rate", function="Other.rate")["total"] == 0
    called = ask("explain_failure", failure="test_rate")["source"]
    assert any("def rate()" in text["text"] for text in called)


def test_why_gives_the_diff_of_what_fixed_or_broke_a_test(ask: Ask) -> None:
    fixed = ask("why", test="test_rate")
    assert fixed["state"] == "recovered"
    assert "+    return 0.19" in fixed["recovered"]["changed"][0]["diff"]["text"]
    broken = ask("why", test="test_price[pear]")
    assert broken["state"] == "failing"
    assert '+    return {"fig": 1}[article]' in broken["last_pass"]["changed"][0]["diff"]["text"]


def test_a_test_has_a_history(ask: Ask) -> None:
    answer = ask("test_history", test="test_rate")
    assert (answer["total"], answer["failed"], answer["strip"]) == (2, 1, "F.")
    assert [attempt["outcome"] for attempt in answer["attempts"]] == ["passed", "failed"]
    assert answer["attempts"][0]["is_code_changed"]
    assert answer["attempts"][1]["recovered_by"] == "code_change"


def test_two_runs_are_compared_by_what_newly_fails_first(ask: Ask) -> None:
    answer = ask("compare")
    assert answer["counts"] == {
        "new_failure": 1,
        "fails_otherwise": 2,
        "still_failing": 1,
        "fixed": 2,
        "same": 1,
    }
    new = answer["tests"][0]
    assert (new["change"], new["test"]["text"]) == ("new_failure", "test_prices.py::test_price[pear]")
    assert new["changed"][0]["name"]["text"] == "price in prices.py"


def test_recoveries_are_listed_for_all_or_one_test(ask: Ask) -> None:
    everything = ask("recoveries")
    assert everything["total"] == len(everything["recoveries"]) == 2
    assert ask("recoveries", test="test_rate")["total"] == 1
    assert ask("recoveries", strategy="data_change") == {"total": 0}
    assert ask("flaky_tests") == {"total": 0}


def test_a_statement_gives_rows_within_its_limits(ask: Ask) -> None:
    answer = ask("query", statement="SELECT n, repeat('x', 500) AS text FROM generate_series(1, 1000) AS n", limit=50)
    assert answer["columns"]["texts"] == ["n", "text"]
    assert answer["has_more"]
    assert 5 < len(answer["rows"]) < 50
    assert ask("query", statement="SELECT 1 AS one") == {
        "columns": {"origin": "names of the columns", "texts": ["one"]},
        "rows": [[1]],
    }


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM debug_runs",
        "SELECT 1; DELETE FROM debug_runs",
        "SELECT pg_sleep(60)",
        "COMMIT",
        "SET TRANSACTION READ WRITE",
        "COPY debug_runs TO PROGRAM 'true'",
        "nonsense \x00",
    ],
)
def test_a_statement_can_only_read_and_not_for_long(
    server: MCPServer[Any], record: Project, statement: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_debugloop.mcp.querying.SECONDS", 1)
    result = call(server, "query", statement=statement)
    assert result.is_error
    assert answer_of(result)["error"] == "statement"
    assert answer_of(call(server, "find_runs"))["total"] == 2  # and the next question is answered


@pytest.mark.parametrize("budget", [2_000, 3_000, MOST])
@pytest.mark.parametrize("name", sorted(READING))
def test_no_answer_is_larger_than_its_budget(server: MCPServer[Any], record: Project, name: str, budget: int) -> None:
    arguments: dict[str, Any] = {"budget": budget}
    arguments |= {"run_id": ""} if name == "run_summary" else {}
    arguments |= {"failure": "test_order"} if name in ("explain_failure", "failure_value") else {}
    arguments |= {"path": "message"} if name == "failure_value" else {}
    arguments |= {"failure": "test_order", "function": "test_order"} if name == "function_source" else {}
    arguments |= {"test": "test_order"} if name in ("why", "test_history") else {}
    wide = "SELECT repeat(chr(128512), 3000), to_jsonb(e) FROM debug_error_events AS e"
    arguments |= {"statement": wide, "limit": 1000} if name == "query" else {}
    result = call(server, name, **arguments)
    assert not result.is_error, result
    assert len(result.content[0].text.encode()) <= budget  # type: ignore[union-attr]


def test_a_cursor_leads_through_all_rows_and_totals_are_of_the_whole(ask: Ask) -> None:
    whole = ask("compare", budget=MOST)
    seen: list[Any] = []
    cursor, pages = "", 0
    while cursor or not pages:
        page = ask("compare", budget=2_000, **({"cursor": cursor} if cursor else {}))
        assert page["counts"] == whole["counts"]
        seen += page.get("tests", [])
        cursor = page.get("next_cursor", "")
        pages += 1
    assert pages > 1
    assert [one["test"] for one in seen] == [one["test"] for one in whole["tests"]]


def test_recorded_text_comes_in_objects_that_name_its_origin_and_nowhere_else(ask: Ask, record: Project) -> None:
    answers = [
        ask("last_run"),
        ask("explain_failure", failure=error_of(record, "test_order")),
        ask("explain_failure", failure=error_of(record, ORDER)),
        ask("test_history", test="test_order"),
        ask("compare"),
        ask("failure_value", failure=error_of(record, "test_order")),
    ]
    for answer in answers:
        everything = texts(answer)
        assert any(ORDER in text for text in everything)
        assert not any(ORDER in text for text in own_texts(answer))
        assert not any(character in text for text in everything for character in "\x1b\x07\u202e")


def test_an_error_keeps_what_was_recorded_apart_from_our_sentence(server: MCPServer[Any]) -> None:
    unknown = answer_of(call(server, "explain_failure", failure="nothing is called so"))
    assert (unknown["error"], unknown["message"]) == ("not_found", "Nothing in the record matches {text}: {hint}.")
    assert unknown["facts"]["text"]["text"] == "nothing is called so"
    several = answer_of(call(server, "test_history", test="test_price"))
    assert several["error"] == "ambiguous"
    assert not any(ORDER in text for text in own_texts(several))


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("no_such_tool", {}),
        ("explain_failure", {}),
        ("explain_failure", {"failure": 7}),
        ("explain_failure", {"failure": ""}),
        ("explain_failure", {"failure": "x" * 100_000}),
        ("explain_failure", {"failure": "test_order", "budget": 10**9}),
        ("explain_failure", {"failure": str(uuid.uuid4())}),
        ("failure_value", {"failure": "test_order", "path": "frames[["}),
        ("failure_value", {"failure": "test_order", "path": "__import__('os')"}),
        ("failure_value", {"failure": "test_passes"}),
        ("find_runs", {"cursor": "x"}),
        ("find_runs", {"since": "yesterday, please"}),
        ("query", {"statement": ""}),
        ("compare", {"head": "no such branch"}),
        ("run_summary", {"run_id": "zzzz"}),
    ],
)
def test_nonsense_gets_an_error_and_the_next_question_an_answer(
    server: MCPServer[Any], name: str, arguments: dict[str, Any]
) -> None:
    result = call(server, name, **arguments)
    assert result.is_error
    assert len(result.content[0].text) < 10_000  # type: ignore[union-attr]
    assert not call(server, "find_runs").is_error


def test_tools_that_run_something_are_there_only_where_they_are_allowed(location: RecordLocation) -> None:
    with RecordReader(location) as reader:
        names = [
            {tool.name: tool for tool in anyio.run(make_server(location, reader, allow_run=allowed).list_tools)}
            for allowed in (False, True)
        ]
    assert set(names[0]) == READING
    assert set(names[1]) == READING | {"reproduce", "run_tests"}
    assert all(tool.annotations and tool.annotations.read_only_hint for tool in names[0].values())
    assert all(tool.output_schema for tool in names[1].values())


def test_a_failure_is_reproduced(ask: Ask, record: Project) -> None:
    again = ask("reproduce", failure=error_of(record, "test_order"), times=1)
    assert again["failed_as_recorded"]
    assert again["endings"] == {"failed the same way": 1}


def test_a_lost_connection_is_made_again(server: MCPServer[Any], record: Project) -> None:
    assert not call(server, "find_runs").is_error
    others = "pid <> pg_backend_pid() AND backend_type = 'client backend'"
    ended = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}"
    assert record.debugloop("sql", "-c", ended).returncode == 0  # what ends by itself meanwhile is warned of
    assert not call(server, "find_runs").is_error
