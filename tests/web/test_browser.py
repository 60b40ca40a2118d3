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
from typing import Any

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


@pytest.fixture
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


def test_a_page_fits_its_window_says_nothing_in_the_console_and_asks_no_other_host(
    chromium: webdriver.Chrome, address: str, pages: dict[str, str]
) -> None:
    requests_of(chromium)
    logged(chromium, "browser")
    for name, page in pages.items():
        sized(chromium, 360)
        chromium.get(page)
        for width, dark in itertools.product((360, 1440), (False, True)):
            sized(chromium, width, dark=dark)
            is_sized = f"return innerWidth === {width} && matchMedia('(prefers-color-scheme: dark)').matches === "
            wait_until(partial(chromium.execute_script, is_sized + str(dark).lower()))
            measured = "return [document.documentElement.scrollWidth, getComputedStyle(document.body).backgroundColor]"
            wide, background = chromium.execute_script(measured)
            assert wide <= width, name
            assert background == ("rgb(21, 24, 28)" if dark else "rgb(255, 255, 255)")
        errors = [entry for entry in logged(chromium, "browser") if entry["level"] in ("SEVERE", "WARNING")]
        assert [entry for entry in errors if name != "/nowhere" or "404" not in entry["message"]] == []
        assert [one for one in requests_of(chromium) if not one.startswith((address, "data:,"))] == [], name


def test_nothing_that_was_recorded_runs(chromium: webdriver.Chrome, pages: dict[str, str]) -> None:
    for page in pages.values():
        chromium.get(page)
        assert chromium.find_elements(By.CSS_SELECTOR, "main script, main img, main iframe") == []
        # An alert would be in the way of this.
        assert chromium.execute_script("return document.readyState") == "complete"


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


def test_a_text_without_blanks_makes_no_page_wider(chromium: webdriver.Chrome, pages: dict[str, str]) -> None:
    sized(chromium, 360)
    lengthen = """
        for (const one of document.querySelectorAll('main :is(p, li, dt, dd, summary, h1, h2, h3, h4, td, th, pre)')) {
            one.append('x'.repeat(120));
        }
        return document.documentElement.scrollWidth;
    """
    assert {name: wide for name, page in pages.items() if (wide := _widened(chromium, page, lengthen)) > 360} == {}


def _widened(chromium: webdriver.Chrome, page: str, script: str) -> int:
    chromium.get(page)
    return int(chromium.execute_script(script))


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


COLORS = "{runOnly: {type: 'rule', values: ['color-contrast', 'link-in-text-block']}}"


@pytest.mark.skipif(importlib.util.find_spec("axe_selenium_python") is None, reason="axe needs Python 3.12")
def test_axe_finds_nothing(chromium: webdriver.Chrome, pages: dict[str, str]) -> None:
    package = importlib.util.find_spec("axe_selenium_python")
    assert package is not None
    assert package.origin is not None
    axe = (Path(package.origin).parent / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
    found: dict[str, Any] = {}
    for name, page in pages.items():
        sized(chromium, 1440)
        chromium.get(page)
        chromium.execute_script(axe)
        for dark, rules in ((False, "{}"), (True, COLORS)):  # nothing but colors depends on that
            sized(chromium, 1440, dark=dark)
            result = chromium.execute_async_script(f"axe.run({rules}).then(arguments[0])")
            assert result["passes"]
            violations = [
                (one["id"], [node["target"] for node in one["nodes"]][:3], one["nodes"][0]["failureSummary"][:200])
                for one in result["violations"]
            ]
            if violations:
                found[f"{name}, {'dark' if dark else 'light'}"] = violations
    assert not found, json.dumps(found, indent=1)
