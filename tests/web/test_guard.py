"""Who gets a page, and with which headers."""

from __future__ import annotations

import re
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NoReturn

import jinja2
import pytest
from starlette.testclient import TestClient

from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.answers.reader import CONNECTIONS, RecordReader
from pytest_debugloop.web import application
from pytest_debugloop.web.application import make_app
from pytest_debugloop.web.guard import _HEADERS, COOKIE
from pytest_debugloop.web.pages import front, lists
from tests.support.commands import COMMAND
from tests.support.environment import clean_environment
from tests.support.projects import Project

TOKEN = "a-token-of-this-test"


@pytest.fixture
def client(location: RecordLocation) -> Iterator[TestClient]:
    with RecordReader(location) as reader:
        yield TestClient(make_app(location, reader, TOKEN, ["testserver"]), follow_redirects=False)


@pytest.mark.parametrize("path", ["/", "/runs.json", "/static/style.css", "/nowhere", "/?token=", "/?token=other"])
def test_without_the_token_there_is_nothing(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 401


def test_the_token_is_kept_in_a_cookie_and_leaves_the_address(client: TestClient) -> None:
    entered = client.get(f"/runs?token={TOKEN}&branch=main")
    assert (entered.status_code, entered.headers["location"]) == (303, "/runs?branch=main")
    cookie = entered.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie  # a link from elsewhere is to work
    assert client.get("/runs").status_code == 200


def test_a_program_brings_the_token_in_a_header(client: TestClient) -> None:
    assert client.get("/runs.json", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert client.get("/runs.json", headers={"Authorization": "Bearer x"}).status_code == 401
    assert client.get("/runs.json", headers={"Cookie": f"{COOKIE}=x"}).status_code == 401


def test_another_name_of_the_server_is_refused(client: TestClient) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}", "Host": "evil.example"}
    assert client.get("/runs.json", headers=headers).status_code == 421


def test_nothing_can_be_sent(client: TestClient) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        assert client.request(method, "/runs", headers=headers).status_code == 405


def test_an_absurd_address_is_refused(client: TestClient) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    many = "&".join(["a=1"] * 10_000)
    assert client.get(f"/runs?{many}", headers=headers).status_code == 414
    assert client.get("/runs?branch=" + "x" * 9_000, headers=headers).status_code == 414


@pytest.mark.parametrize("path", ["/", "/runs.json", "/nowhere", "/static/keys.js"])
def test_every_answer_has_a_policy_that_allows_no_inline_script(client: TestClient, path: str) -> None:
    for headers in ({}, {"Authorization": f"Bearer {TOKEN}"}):
        found = client.get(path, headers=headers)
        policy = found.headers["content-security-policy"]
        assert policy.startswith("default-src 'none';")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert found.headers["x-content-type-options"] == "nosniff"
        assert found.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("path", ["/runs", "/runs.json", "/go?to=x", "/"])
def test_a_defect_of_ours_has_a_page_with_the_same_headers(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    def raise_defect(*_: object, **__: object) -> NoReturn:
        raise ZeroDivisionError("recorded <text>")

    usual = client.get("/runs", headers={"Authorization": f"Bearer {TOKEN}"})
    with monkeypatch.context() as patch:
        for module, name in ((lists, "listed_runs"), (front, "front_page"), (application, "find")):
            patch.setattr(module, name, raise_defect)
        server = TestClient(client.app, raise_server_exceptions=False, headers={"Authorization": f"Bearer {TOKEN}"})
        for _ in range(CONNECTIONS + 1):  # none is lost
            found = server.get(path)
        with pytest.raises(ZeroDivisionError):  # which the server logs
            client.get(path, headers={"Authorization": f"Bearer {TOKEN}"})
    assert found.status_code == 500
    assert {name: found.headers.get(name) for name in _HEADERS} == {name: usual.headers[name] for name in _HEADERS}
    if path.endswith(".json"):
        assert found.json()["error"] == "InternalFaultError"
    else:
        assert found.headers["content-type"] == usual.headers["content-type"]
        assert "<h1>Error</h1>" in found.text
    assert "in the log of the server" in found.text
    assert not re.search("recorded|ZeroDivision|Traceback", found.text.replace("traceback", ""))
    assert server.get("/runs").status_code == 200


def test_a_defect_is_told_where_no_template_can_be_read(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def raise_defect(*_: object) -> NoReturn:
        raise jinja2.TemplateNotFound("base.html")

    monkeypatch.setattr(application, "rendered", raise_defect)
    server = TestClient(client.app, raise_server_exceptions=False, headers={"Authorization": f"Bearer {TOKEN}"})
    found = server.get("/runs")
    assert (found.status_code, found.headers["x-content-type-options"]) == (500, "nosniff")
    assert "in the log of the server" in found.text


def test_a_missing_page_of_json_is_told_as_json(client: TestClient) -> None:
    found = client.get("/nowhere.json", headers={"Authorization": f"Bearer {TOKEN}"})
    assert (found.status_code, found.json()["error"]) == (404, "NotFoundError")


def test_many_requests_at_once_are_all_answered(client: TestClient, record: Project) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    paths = ["/", "/runs", "/runs/last", "/failures", "/recoveries.json"] * 40
    with ThreadPoolExecutor(40) as pool:
        found = list(pool.map(lambda path: client.get(path, headers=headers).status_code, paths))
    assert set(found) == {200}


def test_a_database_that_goes_away_is_said_and_asked_again(client: TestClient, record: Project) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    assert client.get("/runs", headers=headers).status_code == 200
    others = "pid <> pg_backend_pid() AND backend_type = 'client backend'"
    ended = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}"
    assert record.debugloop("sql", "-c", ended).returncode == 0  # what ends by itself meanwhile is warned of
    assert client.get("/runs", headers=headers).status_code == 200


@pytest.mark.process
def test_the_command_serves_on_this_machine_and_prints_the_address(record: Project) -> None:
    process = subprocess.Popen(
        [*COMMAND, "serve", "--no-open"],
        cwd=record.folder,
        env=clean_environment(),
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        address = process.stderr.readline().split()[-1]
        assert address.startswith("http://127.0.0.1:")
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        with opener.open(address, timeout=30) as response:
            assert response.status == 200
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(address.partition("?")[0], timeout=30)
        refused.value.close()
    finally:
        process.terminate()
        process.communicate(timeout=30)
