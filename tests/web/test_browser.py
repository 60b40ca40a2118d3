"""Pages in a real browser: Debian's chromium, where it is installed."""

from __future__ import annotations

import http.server
import importlib.util
import itertools
import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import uvicorn
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.answers.reader import RecordReader
from pytest_debugloop.web.application import make_app
from tests.support.commands import COMMAND
from tests.support.environment import clean_environment
from tests.support.groups import browser
from tests.support.projects import Project
from tests.support.waiting import wait_until
from tests.web.conftest import LONG

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = [
    browser,
    pytest.mark.process,
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="there is no chromium with its chromedriver"),
]

PAGES = (
    *("/", "/runs", "/runs/last", "/failures", "/flaky?all=1", "/recoveries", "/compare?base=branch:main"),
    *("/search?q=price", "/tests/test_flaky", "/tests/test_hostile", "/failures/CART", "/failures/HOSTILE", "/nowhere"),
    *("/tests/test_price", "/runs?status=passed", "/failures?open=1"),
)


@pytest.fixture(scope="module")
def address(record: Project) -> Iterator[str]:
    """The pages, served by a thread of this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(record.folder)
        location = RecordLocation.from_settings({})
        with RecordReader(location) as reader:
            app = make_app(location, reader)
            server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="off"))
            thread = threading.Thread(target=server.run)
            thread.start()
            wait_until(lambda: server.started)
            port = server.servers[0].sockets[0].getsockname()[1]
            yield f"http://127.0.0.1:{port}"
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """A browser without a window."""
    options = Options()
    options.binary_location = str(CHROMIUM)
    profile = tmp_path_factory.mktemp("chromium")
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.add_argument(f"--user-data-dir={profile}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    found = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
    found.get("about:blank")  # its own first page asks for more and more
    yield found
    found.quit()


@pytest.fixture(scope="module")
def pages(address: str, record: Project) -> dict[str, str]:
    """The addresses of all kinds of pages."""
    causes = json.loads(record.printed("failures", "--json"))["causes"]
    ids = {cause["last_node_id"].partition("::")[2].partition("[")[0]: cause["last_error_id"] for cause in causes}
    found = {}
    for page in PAGES:
        found[page] = address + page.replace("CART", ids["test_cart"]).replace("HOSTILE", ids["test_hostile"])
    return found


def sized(chromium: webdriver.Chrome, width: int, *, dark: bool = False) -> None:
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})


def logged(chromium: webdriver.Chrome, kind: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = chromium.get_log(kind)  # type: ignore[no-untyped-call]
    return found


def requests_of(chromium: webdriver.Chrome) -> list[str]:
    """The addresses that the browser has asked for since it was asked last."""
    events = [json.loads(entry["message"])["message"] for entry in logged(chromium, "performance")]
    return [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]


class Seen(NamedTuple):
    """What a browser shows of one page.

    Attributes:
        sizes: width of the window, whether it is dark, width of the page, background; for each pair of the first two.
        active: elements of the content that something recorded may have made.
        state: of the document: an alert would be in the way of asking for it.
        console: errors and warnings.
        requests: the addresses that were asked for.
        violations: what axe finds, and how many rules it found kept, in a light window and, of colors, in a dark one.
        widened: width of the page in a small window where texts have no blanks.
    """

    sizes: list[tuple[int, bool, int, str]]
    active: int
    state: str
    console: list[str]
    requests: list[str]
    violations: dict[str, tuple[list[Any], int]]
    widened: int


SIZES = tuple(itertools.product((360, 1440), (False, True)))
SIZE = "return [document.documentElement.scrollWidth, getComputedStyle(document.body).backgroundColor]"
LENGTHEN = """
    for (const one of document.querySelectorAll('main :is(p, li, dt, dd, summary, h1, h2, h3, h4, td, th, pre)')) {
        one.append('x'.repeat(120));
    }
    return document.documentElement.scrollWidth;
"""
COLORS = "{runOnly: {type: 'rule', values: ['color-contrast', 'link-in-text-block']}}"


@pytest.fixture(scope="module")
def seen(chromium: webdriver.Chrome, pages: dict[str, str]) -> dict[str, Seen]:
    """Load each page once, and see all of it."""
    return {name: _see(chromium, page) for name, page in pages.items()}


def _see(chromium: webdriver.Chrome, page: str) -> Seen:
    requests_of(chromium)
    logged(chromium, "browser")
    sized(chromium, 360)
    chromium.get(page)
    sizes = []
    for width, dark in SIZES:
        _resize(chromium, width, dark=dark)
        sizes.append((width, dark, *chromium.execute_script(SIZE)))
    active = len(chromium.find_elements(By.CSS_SELECTOR, "main script, main img, main iframe"))
    state = chromium.execute_script("return document.readyState")
    console = [entry["message"] for entry in logged(chromium, "browser") if entry["level"] in ("SEVERE", "WARNING")]
    requests = requests_of(chromium)
    violations = _violations(chromium)
    _resize(chromium, 360)
    widened = int(chromium.execute_script(LENGTHEN))
    return Seen(sizes, active, state, console, requests, violations, widened)


def _resize(chromium: webdriver.Chrome, width: int, *, dark: bool = False) -> None:
    sized(chromium, width, dark=dark)
    is_sized = f"return innerWidth === {width} && matchMedia('(prefers-color-scheme: dark)').matches === "
    wait_until(partial(chromium.execute_script, is_sized + str(dark).lower()))


def _violations(chromium: webdriver.Chrome) -> dict[str, tuple[list[Any], int]]:
    package = importlib.util.find_spec("axe_selenium_python")
    if package is None or package.origin is None:
        return {}
    axe = Path(package.origin).parent / "node_modules" / "axe-core" / "axe.min.js"
    chromium.execute_script(axe.read_text(encoding="utf-8"))
    found = {}
    for dark, rules in ((False, "{}"), (True, COLORS)):  # nothing but colors depends on that
        _resize(chromium, 1440, dark=dark)
        result = chromium.execute_async_script(f"axe.run({rules}).then(arguments[0])")
        violations = [
            (one["id"], [node["target"] for node in one["nodes"]][:3], one["nodes"][0]["failureSummary"][:200])
            for one in result["violations"]
        ]
        found["dark" if dark else "light"] = (violations, len(result["passes"]))
    return found


def test_a_page_fits_its_window_says_nothing_in_the_console_and_asks_no_other_host(
    address: str, seen: dict[str, Seen]
) -> None:
    for name, page in seen.items():
        assert [(width, dark) for width, dark, _, _ in page.sizes] == list(SIZES)
        for width, dark, wide, background in page.sizes:
            assert wide <= width, name
            assert background == ("rgb(21, 24, 28)" if dark else "rgb(255, 255, 255)")
        assert [one for one in page.console if name != "/nowhere" or "404" not in one] == []
        assert any(one.startswith(address) for one in page.requests)
        assert [one for one in page.requests if not one.startswith((address, "data:,"))] == [], name


def test_nothing_that_was_recorded_runs(seen: dict[str, Seen]) -> None:
    assert {(page.active, page.state) for page in seen.values()} == {(0, "complete")}


def test_a_text_without_blanks_makes_no_page_wider(seen: dict[str, Seen]) -> None:
    assert {name: page.widened for name, page in seen.items() if page.widened > 360} == {}


@pytest.mark.skipif(importlib.util.find_spec("axe_selenium_python") is None, reason="axe needs Python 3.12")
def test_axe_finds_nothing(seen: dict[str, Seen]) -> None:
    found = {}
    for name, page in seen.items():
        assert set(page.violations) == {"light", "dark"}
        for scheme, (violations, passes) in page.violations.items():
            assert passes
            if violations:
                found[f"{name}, {scheme}"] = violations
    assert not found, json.dumps(found, indent=1)


def test_lists_are_walked_with_keys(chromium: webdriver.Chrome, pages: dict[str, str]) -> None:
    sized(chromium, 1440)
    chromium.get(pages["/failures"])
    chromium.find_element(By.TAG_NAME, "body").send_keys("j", "j", "k")
    first = chromium.find_element(By.CSS_SELECTOR, ".row a")
    assert chromium.switch_to.active_element == first
    href = first.get_attribute("href")
    first.send_keys(Keys.ENTER)
    wait_until(lambda: chromium.current_url == href)
    chromium.find_element(By.TAG_NAME, "body").send_keys("/")
    search = chromium.switch_to.active_element
    assert search.get_attribute("name") == "q"
    search.send_keys("jkprice", Keys.ENTER)
    wait_until(lambda: chromium.current_url.endswith("/search?q=jkprice"))


def test_a_question_mark_leads_to_the_keys_and_k_goes_back(chromium: webdriver.Chrome, pages: dict[str, str]) -> None:
    sized(chromium, 360)
    chromium.get(pages["/failures/CART"])
    keys = chromium.find_element(By.CSS_SELECTOR, ".keys")
    seen = "const at = arguments[0].getBoundingClientRect(); return at.top >= 0 && at.bottom <= innerHeight + 1"
    assert not chromium.execute_script(seen, keys)
    chromium.find_element(By.TAG_NAME, "body").send_keys("?")
    wait_until(lambda: chromium.execute_script(seen, keys))
    sized(chromium, 1440)
    chromium.get(pages["/runs"])
    chromium.find_element(By.TAG_NAME, "body").send_keys("j", "j", "j", "k", "k", "k")
    assert chromium.switch_to.active_element == chromium.find_element(By.CSS_SELECTOR, ".row a")


def test_a_printed_page_has_what_is_folded_and_no_navigation(chromium: webdriver.Chrome, pages: dict[str, str]) -> None:
    sized(chromium, 1440)
    chromium.get(pages["/failures/HOSTILE"])
    folded = chromium.find_element(By.CSS_SELECTOR, "details:not([open]) .tree")
    visible = "return arguments[0].checkVisibility({contentVisibilityAuto: true})"
    assert not chromium.execute_script(visible, folded)
    chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        wait_until(lambda: chromium.execute_script(visible, folded))
        assert folded.size["height"] > 10
        assert not chromium.find_element(By.TAG_NAME, "header").is_displayed()
        scroll = "return [...document.querySelectorAll('.source, .wide')].map(one => getComputedStyle(one).overflowX)"
        assert set(chromium.execute_script(scroll)) == {"visible"}
    finally:
        chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_the_first_thing_that_tab_reaches_skips_to_the_content(
    chromium: webdriver.Chrome, pages: dict[str, str]
) -> None:
    chromium.get(pages["/runs"])
    chromium.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    assert chromium.switch_to.active_element.text == "Skip to the content"
    chromium.switch_to.active_element.send_keys(Keys.ENTER)
    wait_until(lambda: chromium.switch_to.active_element.get_attribute("id") == "main")


def test_pages_work_without_scripts(chromium: webdriver.Chrome, pages: dict[str, str]) -> None:
    chromium.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        chromium.get(pages["/failures/HOSTILE"])
        assert "ValueError" in chromium.find_element(By.TAG_NAME, "h1").text
        chromium.find_element(By.CSS_SELECTOR, "#environment ~ details summary, details summary").click()
        chromium.find_element(By.CSS_SELECTOR, "nav a[href='/runs']").click()
        assert chromium.find_element(By.TAG_NAME, "h1").text == "Runs"
    finally:
        chromium.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


@pytest.mark.parametrize("width", [360, 1440])
def test_the_end_of_a_long_name_can_be_seen(chromium: webdriver.Chrome, address: str, width: int) -> None:
    cut = """
        return [...document.querySelectorAll('main *')].filter(one => {
            const style = getComputedStyle(one);
            return style.textOverflow === 'ellipsis'
                || one.textContent.includes('to_its_end') && style.overflowX === 'hidden';
        }).map(one => one.outerHTML.slice(0, 200));
    """
    sized(chromium, width)
    for page in ("/runs/last", "/search?q=goes_on", f"/tests/{LONG}"):
        chromium.get(address + page)
        assert "to_its_end" in chromium.find_element(By.TAG_NAME, "main").text, page
        assert chromium.execute_script(cut) == [], page


def test_the_command_opens_a_browser_with_no_token_on_its_command_line(
    chromium: webdriver.Chrome, record: Project, tmp_path: Path
) -> None:
    opener, opened = tmp_path / "xdg-open", tmp_path / "opened"
    opener.write_text(f'#!/bin/sh\necho "$@" > {opened}.part && mv {opened}.part {opened}\n')
    opener.chmod(0o755)
    process = subprocess.Popen(
        [*COMMAND, "serve"],
        cwd=record.folder,
        env=clean_environment(PATH=f"{tmp_path}{os.pathsep}{os.environ['PATH']}", BROWSER=""),
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        token = process.stderr.readline().rpartition("token=")[2].strip()
        assert token
        wait_until(opened.exists)
        argument = opened.read_text().strip()
        assert token not in argument
        file = Path(argument.removeprefix("file://"))
        assert [one.stat().st_mode & 0o777 for one in (file, file.parent)] == [0o600, 0o700]
        chromium.get(file.as_uri())
        wait_until(lambda: chromium.find_elements(By.ID, "branches"))
        assert token not in chromium.current_url
    finally:
        process.terminate()
        process.communicate(timeout=30)
    assert not file.parent.exists()


JENKINS = "sandbox allow-same-origin; default-src 'none'; img-src 'self'; style-src 'self';"


@pytest.fixture(scope="module")
def artifact(record: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The report of a failure, served as Jenkins serves artifacts."""
    page = tmp_path_factory.mktemp("report") / "report.html"
    record.printed("report", "--output", str(page))

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Security-Policy", JENKINS)
            self.end_headers()
            self.wfile.write(page.read_bytes())

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/report.html"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("width", [360, 1440])
def test_a_report_can_be_read_without_its_styles_as_jenkins_serves_it(
    chromium: webdriver.Chrome, artifact: str, width: int
) -> None:
    sized(chromium, width)
    logged(chromium, "browser")
    chromium.get(artifact)
    body = chromium.find_element(By.TAG_NAME, "body")
    assert body.value_of_css_property("margin-left") == "8px"  # our styles are not applied
    assert all("style" in entry["message"] for entry in logged(chromium, "browser") if entry["level"] == "SEVERE")
    assert "failed" in chromium.find_element(By.TAG_NAME, "h1").text
    marked = chromium.find_element(By.CSS_SELECTOR, ".listing mark")
    assert marked.value_of_css_property("background-color") == "rgba(255, 255, 0, 1)"
    assert re.fullmatch(r"> +\d+      assert price\(article\) > 0", marked.text)  # with its indentation
    assert "(the failing line)" in body.text
    chromium.find_element(By.CSS_SELECTOR, "details:not([open]) summary").click()
    assert chromium.find_elements(By.CSS_SELECTOR, "details[open]")
