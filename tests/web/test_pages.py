"""What each page says, as HTML and as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType
from typing import Any

import psycopg
import pytest
from starlette.testclient import TestClient

from pytest_debugloop import web
from pytest_debugloop.answers import flaky_pages
from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.answers.reader import RecordReader
from pytest_debugloop.database.embedded import embedded_server
from pytest_debugloop.database.migration_files import available
from pytest_debugloop.queries.overviews import SearchResult
from pytest_debugloop.queries.question import Question
from pytest_debugloop.web import application
from pytest_debugloop.web.application import make_app
from pytest_debugloop.web.pages import front, lists, run, test
from pytest_debugloop.web.pages.lists import failures_page, runs_page
from pytest_debugloop.web.view import Asked, View
from tests.support.ages import without_ages
from tests.support.projects import Project
from tests.web.conftest import LONG, XSS, error_ids

Get = Callable[..., Any]

PAGES = (
    *("/", "/runs", "/runs/last", "/failures", "/failures?open=1", "/flaky", "/flaky?all=1", "/recoveries"),
    *("/compare", "/search", "/search?q=price", "/search?q=alert", "/tests/test_flaky", "/tests/test_hostile"),
)
_VOID = {"meta", "link", "input", "br", "wbr", "img", "rect", "path", "circle", "polyline"}


class Page(HTMLParser):
    """Reads a page as a browser does: its elements with their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def every_page(get: Get, record: Project) -> list[str]:
    ids = error_ids(get, record)
    runs = [run["id"] for run in get("/runs.json").json()["runs"]]
    return [*PAGES, *(f"/failures/{one}" for one in ids.values()), *(f"/runs/{one}" for one in runs)]


def test_every_page_is_well_formed_and_has_its_json(get: Get, record: Project) -> None:
    for path in every_page(get, record):
        found = get(path)
        assert found.status_code == 200, path
        page = Page(found.text)
        assert page.open == [], path
        assert page.all("html")[0]["lang"] == "en"
        (alternate,) = [link for link in page.all("link") if link.get("rel") == "alternate"]
        answer = get(str(alternate["href"]))
        assert answer.status_code == 200, alternate
        assert answer.json()["schema"].startswith("debugloop/")


def test_the_json_of_a_page_is_that_of_the_command(get: Get, record: Project) -> None:
    commands: tuple[tuple[str, list[str]], ...] = (
        *(("/runs.json", ["runs", "--limit", "50"]), ("/flaky.json", ["flaky"])),
        *(("/recoveries.json", ["recoveries", "--limit", "50"]), ("/tests/test_flaky.json", ["history", "test_flaky"])),
        *(("/failures.json", ["failures", "--limit", "50"]), ("/index.json", [])),
    )
    for path, command in commands:
        assert get(path).json() == json.loads(record.printed(*command, "--json")), path
    comparison = get("/compare.json?base=branch:main").json()
    assert comparison.pop("tests_total") == len(comparison["tests"])
    run = get("/runs.json").json()["runs"][0]["id"]
    assert comparison == json.loads(record.printed("compare", f"run:{run}", "branch:main", "--json"))
    shown = json.loads(record.printed("show", "--json"))
    assert get("/runs/last.json").json()["causes"] == shown["causes"]
    error = next(iter(error_ids(get, record).values()))
    assert get(f"/failures/{error}.json").json().keys() <= json.loads(record.printed("show", error, "--json")).keys()


@pytest.mark.parametrize(
    ("path", "module", "asked"),
    [
        ("/", front, ("compare_runs", "branch_states")),
        ("/runs/last", run, ("longest_phases", "worker_times", "fixture_times")),
        ("/tests/test_flaky", test, ("ranked_tests", "recoveries")),
        ("/recoveries", lists, ("recovery_patterns",)),
    ],
)
def test_json_costs_nothing_that_only_the_page_shows(
    get: Get, monkeypatch: pytest.MonkeyPatch, path: str, module: ModuleType, asked: tuple[str, ...]
) -> None:
    address = ("/index" if path == "/" else path) + ".json"
    before = get(address).json()
    for name in asked:
        monkeypatch.delattr(module, name)
    assert get(address).json() == before
    with pytest.raises(NameError):
        get(path)


def test_hostile_texts_are_text_on_every_page(get: Get, record: Project) -> None:
    seen = whole = 0
    for path in every_page(get, record):
        html = get(path).text
        page = Page(html)
        assert page.all("img") == []
        assert [script.get("src") for script in page.all("script")] == ["/static/keys.js"]
        assert not any(name.startswith("on") or name == "style" for _, names in page.elements for name in names)
        assert not any(str(names.get("href", "")).startswith("javascript") for _, names in page.elements)
        assert "`49" not in page.text, path
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", html), path
        seen += XSS[:25] in page.text.replace("\\n", "")
        whole += "`{{7*7}}" in page.text
    assert seen > 3
    assert whole


def test_no_page_has_anything_of_another_host(get: Get, record: Project) -> None:
    for path in every_page(get, record):
        page = Page(get(path).text)
        for _, attributes in page.elements:
            for name in ("src", "href", "action"):
                value = attributes.get(name)
                assert value is None or value.startswith(("/", "?", "#", "data:,")), (path, value)


def test_the_front_page_says_what_is_red_flaky_and_new(get: Get, record: Project) -> None:
    text = Page(get("/").text).text
    assert "newly failing" in text
    assert "KeyError" in text
    assert "main" in text
    assert "py313" in text


def test_a_run_is_told_by_causes_with_what_changed(get: Get, record: Project) -> None:
    text = " ".join(Page(get("/runs/last").text).text.split())
    assert "2 x KeyError in shop.py:2 price" in text
    assert "changed since: price in shop.py" in text
    assert "Where the time went" in text


def test_a_run_names_its_longest_phases_and_its_slowest_fixtures(get: Get, record: Project) -> None:
    text = Page(get("/runs/last").text.replace("<", " <")).text.partition("Longest phases")[2]
    text = " ".join(text.split()).replace(" ::", "::").replace(" [", "[")
    assert text.partition("test_shop.py::")[2].startswith(LONG)
    fixtures = text.partition("Slowest fixtures")[2].partition("Environment")[0]
    assert "basket test_shop.py:11 module 1 time" in fixtures
    assert "test_shop.py::test_price[pear]" in fixtures


def test_a_failure_has_its_frames_values_and_both_sides_of_the_comparison(get: Get, record: Project) -> None:
    html = get(f"/failures/{error_ids(get, record)['test_shop.py::test_cart']}").text
    page = Page(html)
    assert "assert cart() == " in page.text.replace("\xa0", " ")
    assert "(the failing line)" in page.text
    assert "Recovered by code_change" in page.text
    assert "Both sides of the comparison" in page.text
    assert "'vat': 19" in page.text
    assert "debugloop reproduce" in page.text
    assert page.all("details")


def test_a_failure_has_its_output_threads_fixtures_with_scopes_and_a_permalink(get: Get, record: Project) -> None:
    ids = error_ids(get, record)
    hostile = next(id_ for name, id_ in ids.items() if "hostile" in name)
    page = Page(get(f"/failures/{hostile[-8:]}").text)
    assert "\\x1b[31mred" in page.text.partition("Captured output")[2]
    assert "helper" in page.text.partition("Threads")[2]
    assert f"/failures/{hostile}" in [link["href"] for link in page.all("a")]
    price = next(id_ for name, id_ in ids.items() if "price" in name)
    assert "basket: module" in Page(get(f"/failures/{price}").text).text


def test_a_run_that_died_is_said(get: Get, record: Project) -> None:
    run = get("/runs.json").json()["runs"][0]["id"]
    with embedded_server(record.folder / ".debugloop") as conninfo, psycopg.connect(conninfo, autocommit=True) as owner:
        changed = "UPDATE agent_observability.debug_runs SET status = %s WHERE id = %s"
        owner.execute(changed, ("died", run))
        try:
            text = Page(get(f"/runs/{run}").text).text
            assert Page(get("/runs?status=died").text).text.count(run[-8:]) == 1
        finally:
            owner.execute(changed, ("finished", run))
    assert "The process died before its end" in text


def test_a_test_has_a_strip_for_each_line_and_its_reasons(get: Get, record: Project) -> None:
    html = get("/tests/test_flaky").text
    assert html.count('class="strip"') == 3
    text = Page(html).text
    assert "AssertionError: slow answer" in text
    assert "Fails on good code in" in text


def test_a_comparison_has_its_sections(get: Get, record: Project) -> None:
    text = " ".join(Page(get("/compare?base=branch:main").text).text.split())
    assert "Newly failing: 1" in text
    assert "test_shop.py::test_price[pear]" in text


def test_a_search_finds_tests_and_messages(get: Get, record: Project) -> None:
    found = get("/search.json", params={"q": "PRICE pear"}).json()["results"]
    assert [one["node_id"] for one in found if one["kind"] == "test"] == ["test_shop.py::test_price[pear]"]
    messages = get("/search.json", params={"q": "slow answer"}).json()["results"]
    assert {one["kind"] for one in messages} == {"error"}
    assert get("/search.json", params={"q": "100%_\\ '; DROP"}).json()["results"] == []


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        *(("slow answer", True), ("ANSW slow", True), ("AssertionError: slow", True), ("low answer", False)),
        *(("slow_answer", False), ("slow|answer", False), ("!slow", False), ("<script>alert(1)", True)),
        *(("slow & answer:*", False), ("'':*", False), ("\\", False), ("% _", False), ("\U0001f600", False)),
    ],
)
def test_older_failures_are_found_by_the_beginnings_of_words(
    get: Get, record: Project, monkeypatch: pytest.MonkeyPatch, text: str, is_found: bool
) -> None:
    monkeypatch.setattr("pytest_debugloop.queries.overviews._LATEST", 0)
    found = get("/search.json", params={"q": text})
    assert found.status_code == 200
    assert any(one["kind"] == "error" for one in found.json()["results"]) is is_found


def test_the_index_has_what_the_search_asks_for(record: Project) -> None:
    statement = Question("search", SearchResult).sql
    asked = re.search(r"to_tsvector\(.*?\n        \) @@", statement, re.DOTALL)
    assert asked is not None
    explain = f"SET enable_seqscan = off; EXPLAIN SELECT e.id FROM debug_error_events AS e WHERE {asked[0]} 'slow:*'"
    printed = record.printed("sql", "-c", explain.replace("%%", "%"))
    assert "idx_debug_error_events_words" in printed


def test_lists_are_narrowed_by_the_address(get: Get, record: Project) -> None:
    assert {run["leg"] for run in get("/runs.json?leg=py313").json()["runs"]} == {"py313"}
    assert len(get("/runs.json?branch=main&status=failed&since=7d").json()["runs"]) == 3
    assert get("/runs.json?branch=nowhere").json()["runs"] == []
    assert get("/runs.json?offset=2").json()["runs"] == get("/runs.json").json()["runs"][2:]
    assert get("/runs?status=nonsense&since=long&offset=-1&limit=x").status_code == 200


@pytest.mark.parametrize(
    ("path", "rows"),
    [("/runs?branch=main", "runs"), ("/failures?since=7d", "causes"), ("/flaky?all=1", "tests")],
)
def test_pages_of_a_list_give_each_row_once_and_keep_the_filters(
    get: Get, record: Project, monkeypatch: pytest.MonkeyPatch, path: str, rows: str
) -> None:
    everything = get(path.replace("?", ".json?")).json()[rows]
    for name in ("ROWS", "SCORED"):
        monkeypatch.setattr(f"pytest_debugloop.web.pages.lists.{name}", 2)
    name, _, kept = path.partition("?")
    seen, address, back = [], path, 0
    while address:
        assert kept in address
        page = Page(get(address).text)
        seen += get(address.replace("?", ".json?")).json()[rows]
        links = {str(link.get("rel")): str(link["href"]) for link in page.all("a")}
        address = name + links["next"] if "next" in links else ""
        back += "prev" in links
    assert len(everything) > 2
    assert seen == everything
    assert back == (len(everything) - 1) // 2


def test_flaky_tests_are_in_the_order_of_their_score_over_all_pages(
    get: Get, record: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = get("/flaky.json?all=1").json()["tests"]
    assert whole == json.loads(record.printed("flaky", "--all", "--json"))["tests"]
    assert "Ordered by" not in get("/flaky?all=1").text
    scores = [one["score"] for one in whole]
    assert scores == sorted(scores, reverse=True)
    monkeypatch.setattr(lists, "SCORED", 1)
    assert [get(f"/flaky.json?all=1&offset={n}").json()["tests"] for n in range(len(whole))] == [[one] for one in whole]
    flaky = [one for one in whole if one["class"] in ("flaky", "newly flaky")]
    assert [get(f"/flaky.json?offset={n}").json()["tests"] for n in range(len(flaky))] == [[one] for one in flaky]


def test_of_many_tests_those_that_are_likely_to_be_flaky_are_ordered_by_score(
    get: Get, record: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = get("/flaky.json?all=1").json()["tests"]
    for name, value in (("MOST_ORDERED", 2), ("_ATTEMPTS", 4), ("_FEWEST", 2)):
        monkeypatch.setattr(flaky_pages, name, value)
    monkeypatch.setattr(lists, "SCORED", 2)
    pages = [get(f"/flaky.json?all=1&offset={n}").json()["tests"] for n in range(0, len(whole), 2)]
    ids = [one["task_id"] for page in pages for one in page]
    assert sorted(ids) == sorted(one["task_id"] for one in whole)
    assert "score of each test's latest 2 attempts" in Page(get("/flaky?all=1").text).text
    assert "passed again without a change come first" in Page(get("/flaky?all=1&offset=2").text).text


def test_a_comparison_is_of_the_last_run_where_none_was_made_here(
    location: RecordLocation, record: Project, tmp_path: Path
) -> None:
    with RecordReader(location) as reader:
        elsewhere = replace(location, rootdir=tmp_path)
        found = TestClient(make_app(elsewhere, reader)).get("/compare.json")
    assert found.status_code == 200
    assert found.json()["head"]["runs"]


def test_a_page_is_sent_compressed_to_who_takes_it(get: Get, record: Project) -> None:
    assert get("/runs/last").headers["content-encoding"] == "gzip"
    assert "content-encoding" not in get("/runs/last", headers={"Accept-Encoding": "identity"}).headers


def test_short_ids_and_whole_ones_lead_to_the_same_page(get: Get, record: Project) -> None:
    run = get("/runs.json").json()["runs"][-1]["id"]
    whole, shortened = (without_ages(get(f"/runs/{name}").text.replace(run, "")) for name in (run, run[-8:]))
    assert whole == shortened.replace(f"/runs/{run[-8:]}.json", "/runs/.json")
    assert get("/go", params={"to": run[-8:]}).headers["location"] == f"/runs/{run}"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nowhere", 404),
        ("/runs/zzzzzzzz", 404),
        ("/runs/00000000-0000-0000-0000-000000000000", 404),
        ("/failures/test_passes_always", 404),
        ("/tests/no_such_test", 404),
        ("/tests/test_price", 300),
        ("/compare?head=branch:nowhere", 404),
        ("/static/../application.py", 404),
        ("/static/%2e%2e/application.py", 404),
        ("/runs/%00", 404),
        ("/tests/" + "x" * 5000, 404),
    ],
)
def test_what_is_not_there_gets_a_page_that_says_so(get: Get, record: Project, path: str, status: int) -> None:
    found = get(path)
    assert found.status_code == status
    assert Page(found.text).open == []


@pytest.mark.parametrize(
    ("path", "near"),
    [
        ("/tests/test_price[pera]", "/tests/"),
        ("/tests/test_price", "/tests/"),
        ("/go?to=test_shop.py::test_price_of_a_pear", "/tests/"),
        ("/runs/zzzzzzzz", "/runs/"),
        ("/failures/00000000-0000-0000-0000-000000000000", "/failures/"),
    ],
)
def test_what_is_near_is_linked_where_nothing_is_called_so(get: Get, record: Project, path: str, near: str) -> None:
    page = Page(get(path).text.partition("<h2>Near it</h2>")[2].partition("</ul>")[0] + "</ul>")
    links = [str(link["href"]) for link in page.all("a") if str(link["href"]).startswith(near)]
    assert links
    assert get(links[0]).status_code == 200
    if near == "/tests/":
        assert page.text.replace("\n", "").startswith("test_shop.py::test_price")


def test_an_id_of_another_project_is_no_error(record: Project, location: RecordLocation) -> None:
    with RecordReader(location) as reader:
        found = TestClient(make_app(replace(location, project="another"), reader))
        run = TestClient(make_app(location, reader)).get("/runs.json").json()["runs"][0]["id"]
        assert found.get("/runs.json").json().get("runs", []) == []
        assert run[-8:] in found.get(f"/runs/{run}").text
        assert found.get("/tests/test_flaky").status_code == 404
        assert found.get("/").status_code == 200


def test_a_database_that_goes_away_while_a_page_is_made_is_said(
    record: Project, location: RecordLocation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def page(asked: Asked) -> View:
        asked.record.connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        return runs_page(asked)

    monkeypatch.setattr(application, "_PAGES", (("/runs", page), ("/failures", failures_page)))
    with RecordReader(location) as reader:
        client = TestClient(make_app(location, reader))
        for path in ("/runs", "/runs.json"):
            found = client.get(path)
            assert found.status_code == 503
            assert "The record cannot be read" in found.text
        assert client.get("/failures").status_code == 200


def test_a_record_of_a_later_version_is_said(record: Project, location: RecordLocation) -> None:
    with embedded_server(record.folder / ".debugloop") as conninfo, psycopg.connect(conninfo, autocommit=True) as owner:
        table = "agent_observability.schema_migrations"
        owner.execute(f"UPDATE {table} SET version = 999 WHERE version = (SELECT max(version) FROM {table})")
        try:
            with RecordReader(location) as reader:
                found = TestClient(make_app(location, reader)).get("/runs")
        finally:
            owner.execute(f"UPDATE {table} SET version = %s WHERE version = 999", (available()[-1].version,))
    assert found.status_code == 503
    assert "999" in Page(found.text).text


def test_any_asgi_server_gets_the_application_of_the_environment(
    location: RecordLocation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEBUGLOOP_WEB_TOKEN", "a-token")
    monkeypatch.setenv("DEBUGLOOP_WEB_HOSTS", "testserver,debug.example.org")
    monkeypatch.delattr(web, "app", raising=False)
    try:
        with TestClient(web.app, headers={"Authorization": "Bearer a-token"}) as client:
            assert client.get("/runs.json").status_code == 200
            assert client.get("/runs.json", headers={"Host": "elsewhere.example"}).status_code == 421
            assert TestClient(web.app).get("/runs.json").status_code == 401
    finally:
        vars(web).pop("app", None)


def test_behind_a_proxy_with_a_prefix_links_have_it(location: RecordLocation) -> None:
    with RecordReader(location) as reader:
        client = TestClient(make_app(location, reader), root_path="/debug")
        for path in ("/", "/runs/last"):
            page = Page(client.get(path).text)
            links = [one["href"] for one in page.all("a") if str(one["href"]).startswith("/")]
            assert links
            assert all(str(link).startswith("/debug/") for link in links)
