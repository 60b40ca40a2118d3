"""A record with all that pages show: branches, legs, causes, a recovery, output, a flaky test, and hostile texts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient

from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.answers.reader import RecordReader
from pytest_debugloop.database.embedded import embedded_server
from pytest_debugloop.web.application import make_app
from tests.support.projects import Project

if TYPE_CHECKING:
    from starlette.applications import Starlette

XSS = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'`{{7*7}}"

LONG = "test_with_a_long_name_" + "that_goes_on_and_on_" * 8 + "to_its_end"

SHOP = """
def price(article):
    return {"pear": 2, "fig": 9}[article]


def cart():
    return {"total": 7, "vat": 19, "lines": ["pear", "fig"]}
"""
TESTS = f"""
import pathlib
import threading

import pytest

from shop import cart, price

XSS = {XSS!r}


@pytest.fixture(scope="module")
def basket():
    return {{XSS: ["deep", {{"deeper": {{"deepest": [1, 2, 3] * 30}}}}] * 10}}


@pytest.mark.parametrize("article", ["pear", "fig", "plum"])
def test_price(article, basket):
    assert price(article) > 0


def test_cart():
    assert cart() == {{"total": 7, "vat": 7, "lines": ["pear", "fig"]}}


@pytest.mark.parametrize("text", [XSS])
def test_hostile(text):
    print(text, "\\x1b[31mred\\x1b[0m \\u202e")
    local = type(XSS, (), {{"attribute": XSS}})()
    threading.Thread(target=threading.Event().wait, name="helper", daemon=True).start()
    raise ValueError(f"{{text}}\\x1b]0;owned\\x07\\u202e")


def {LONG}(basket):
    threading.Event().wait(1)


def test_flaky():
    seen = pathlib.Path("seen")
    seen.write_text(seen.read_text() + "x" if seen.exists() else "x")
    assert len(seen.read_text()) % 2, "slow answer"
"""


@pytest.fixture(scope="session")
def record(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Four runs on two branches, in two legs."""
    project = Project.new(tmp_path_factory.mktemp("pages"))
    project.git("init", "-b", "main")
    project.write(".gitignore", ".debugloop\nseen\n")
    project.write("shop.py", SHOP)
    project.write("test_shop.py", TESTS)
    project.git("add", ".")
    project.git("commit", "-m", "first")
    assert project.record("-vv", DEBUGLOOP_LEG="py312").returncode == 1
    project.write("shop.py", SHOP.replace("19", "7"))
    project.git("commit", "-am", "second")
    assert project.record("-vv", DEBUGLOOP_LEG="py312").returncode == 1
    assert project.record("-vv", DEBUGLOOP_LEG="py313").returncode == 1
    project.git("checkout", "-b", f"feature/{XSS[:8]}")
    project.write("shop.py", SHOP.replace("19", "7").replace('"pear": 2', '"pears": 2'))
    project.git("commit", "-am", "third")
    assert project.record("-vv", DEBUGLOOP_LEG="py312").returncode == 1
    with embedded_server(project.folder / ".debugloop"):
        yield project


@pytest.fixture
def location(record: Project, monkeypatch: pytest.MonkeyPatch) -> RecordLocation:
    """Where the record is, for who is in its folder."""
    monkeypatch.chdir(record.folder)
    return RecordLocation.from_settings({})


@pytest.fixture
def app(location: RecordLocation) -> Iterator[Starlette]:
    """The application, without a token."""
    with RecordReader(location) as reader:
        yield make_app(location, reader)


@pytest.fixture
def get(app: Starlette) -> Callable[..., Any]:
    """Ask for a page as a browser does, without following where it leads."""
    client = TestClient(app, follow_redirects=False)
    return client.get


def error_ids(get: Callable[..., Any], record: Project) -> dict[str, str]:
    """Give the id of the last failure of each cause, by a test that it failed.

    Args:
        get: asks for a page.
        record: of which.
    """
    return {cause["last_node_id"]: cause["last_error_id"] for cause in get("/failures.json").json()["causes"]}
