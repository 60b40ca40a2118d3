"""`debugloop why` on suites that were really run: what was changed is undone, and the test fails, or passes, again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.rerun_suites import Recorded, suite
from tests.support.terminal import in_terminal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.rerun_suites import Suite
    from tests.support.servers import Server

__all__ = ["suite"]

pytestmark = pytest.mark.usefixtures("forked_reruns")

MENDED = {
    "shop.py": """
        import os
        from pathlib import Path
        import rates

        class Shop:
            discount = 0

            def total(self, price):
                return price * rates.RATE - self.discount

            def off(self):
                return int((Path(__file__).parent / "data" / "off.txt").read_text())

            def parts(self):
                return helper() + 1

        def helper():
            return 1

        def zone():
            return os.environ.get("SHOP_ZONE", "none")
    """,
    "rates.py": "RATE = 2\nOTHER = 1\n",
    "data/off.txt": "0",
    "conftest.py": """
        import pytest

        @pytest.fixture
        def price():
            return 10
    """,
    "test_shop.py": """
        import shop, warnings

        def test_total():
            assert shop.Shop().total(10) == 20

        def test_price(price):
            assert price == 10

        def test_off():
            assert shop.Shop().off() == 0

        def test_parts():
            assert shop.Shop().parts() == 2

        def test_zone():
            assert shop.zone() != "far"

        def test_warning():
            warnings.warn("old")
    """,
}
BROKEN = MENDED | {
    "rates.py": "RATE = 3\nOTHER = 2\n",
    "data/off.txt": "5",
    "conftest.py": MENDED["conftest.py"].replace("10", "11"),
    # What calls the helper came with it: undone alone, it is another failure.
    "shop.py": MENDED["shop.py"].replace("return helper() + 1", "return 3").replace("def helper()", "def other()"),
}


class Fixed(Recorded):
    """A suite in a git checkout, whose failing and passing states are commits."""

    def commit(self, files: dict[str, str]) -> None:
        self.edit(files)
        self.git("add", "-A")
        self.git("commit", "-m", "more", "--allow-empty")

    def why(self, *arguments: str, **more: Any) -> dict[str, Any]:
        done = self.debugloop("why", *arguments, "--json", **more)
        assert done.stderr == "", done
        found: dict[str, Any] = json.loads(done.stdout)
        assert (found["schema"], found["version"]) == ("debugloop/why", 1)
        assert done.returncode == (0 if found["verified"] else 1)
        return found

    def content(self) -> dict[str, bytes]:
        """What is in the checkout, but for git and the record."""
        files = (path for path in self.folder.rglob("*") if path.is_file())
        named = {path.relative_to(self.folder).as_posix(): path for path in files}
        return {
            name: path.read_bytes() for name, path in named.items() if not name.startswith((".git/", ".debugloop/"))
        }

    def recovery(self, test: str) -> dict[str, Any]:
        done = self.debugloop("recoveries", test, "--json")
        (found,) = json.loads(done.stdout)["recoveries"]
        return dict(found)


def fixable(suite: Suite, files: dict[str, str]) -> Fixed:
    """Make a suite of these files, as a checkout that can be fixed."""
    return Fixed(*vars(suite(files)).values())


@pytest.fixture(scope="module")
def mended_record(any_postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fixed]:
    """A suite of which all tests failed at one commit and passed at the next."""
    with any_postgres.record() as (conninfo, schema):
        made = Fixed.new(tmp_path_factory.mktemp("mended") / "suite", conninfo, schema)
        made.write(".gitignore", ".debugloop/\n__pycache__/\n")
        made.git("init")
        made.commit(BROKEN)
        made.fails("-W", "error", SHOP_ZONE="far")
        made.commit(MENDED)
        assert made.record().returncode == 0
        yield made


def undone(found: dict[str, Any]) -> list[str]:
    return [" and ".join(trial["undone"]) for trial in found["trials"]]


@pytest.mark.parametrize(
    ("test", "strategy", "name", "at_most"),
    [
        ("test_total", "code_change", "RATE in rates.py", 6),
        ("test_off", "data_change", "data/off.txt", 20),
        ("test_zone", "environment_change", "SHOP_ZONE", 4),
        ("test_warning", "option_change", "-W", 6),
    ],
)
def test_what_was_changed_is_undone_alone_and_the_test_fails_again(
    mended_record: Fixed, test: str, strategy: str, name: str, at_most: int
) -> None:
    mended = mended_record
    before = mended.content()
    found = mended.why(test)
    assert (found["verified"]["strategy"], found["verified"]["name"]) == (strategy, name), undone(found)
    assert len(found["trials"]) <= at_most, undone(found)
    assert mended.content() == before
    recovery = mended.recovery(test)
    assert (recovery["recovery_strategy"], float(recovery["confidence_score"])) == (strategy, 0.99)
    assert recovery["recovery_path"].startswith(name)
    assert recovery["evidence"]["verified"]["name"] == name
    if strategy == "code_change" and "code" in recovery["evidence"]:
        first = recovery["evidence"]["code"][0]
        assert f"{first['function']} in {first['file']}" == name


def test_a_later_run_leaves_what_was_proved_and_show_says_it(mended_record: Fixed) -> None:
    mended_record.why("test_price")
    proved = mended_record.recovery("test_price")
    assert mended_record.record().returncode == 0
    assert mended_record.recovery("test_price") == proved
    shown = mended_record.debugloop("show", proved["id"]).stdout
    assert "verified: undoing price in conftest.py made it fail again" in shown


def test_what_still_fails_is_asked_forward_and_code_of_the_record_needs_trust(suite: Suite) -> None:
    recorded = fixable(suite, MENDED)
    assert recorded.record("test_shop.py::test_parts").returncode == 0
    recorded.edit({"shop.py": BROKEN["shop.py"], "rates.py": BROKEN["rates.py"]})
    recorded.fails("test_shop.py::test_parts")
    found = recorded.why("test_parts")
    assert (found["is_open"], found["verdict"]) == (True, "nothing")
    assert any("--trust" in one for one in found["not_undone"])
    found = recorded.why("test_parts", "--trust")
    assert (found["verdict"], found["is_kept"], found["verified"]["ending"]) == ("proved", False, "passed")
    assert found["verified"]["name"] == "Shop.parts in shop.py and helper in shop.py"


def test_where_nothing_that_differs_matters_or_the_checkout_has_changed_it_is_said(suite: Suite) -> None:
    recorded = fixable(suite, MENDED)
    state = recorded.write("state", "1")
    recorded.edit({"test_shop.py": "import rates\ndef test_it(): assert rates.RATE and open('state').read() == '0'\n"})
    recorded.fails()
    state.write_text("0", encoding="utf-8")
    recorded.edit({"rates.py": BROKEN["rates.py"]})
    assert recorded.record().returncode == 0
    found = recorded.why("test_it", "--trust")
    assert (found["verdict"], found["verified"]) == ("not_enough", None)
    assert len(found["trials"]) <= 4
    done = recorded.debugloop("why", "test_it", "--trust")
    assert (done.returncode, "undoing every recorded difference does not bring the failure back" in done.stdout) == (
        1,
        True,
    )
    state.write_text("1", encoding="utf-8")
    done = recorded.debugloop("why", "test_it", "--trust")
    assert (done.returncode, done.stdout.count("verified")) == (1, 0)
    assert done.stderr.startswith("Error: Nothing can be proved here: alone, the test failed the same way")


def test_what_a_child_process_reads_is_undone_in_a_copy(suite: Suite) -> None:
    recorded = fixable(suite, {"tool.py": "print(3)\n"})
    run = "subprocess.check_output([sys.executable, 'tool.py'])"
    recorded.write("test_tool.py", f"import subprocess, sys\ndef test_it(): assert {run} == b'2\\n'\n")
    recorded.git("init")
    recorded.commit({})
    recorded.fails()
    recorded.commit({"tool.py": "print(2)\n"})
    assert recorded.record().returncode == 0
    found = recorded.why("test_it")
    assert (found["verified"]["name"], found["verified"]["by"]) == ("<module> in tool.py", "copy")
    assert len(found["trials"]) <= 7


def test_what_was_edited_since_is_left_alone_and_what_stands_beside_it_is_undone(suite: Suite) -> None:
    shop = "RATE = 2\n\ndef price():\n    return {} * RATE\n\ndef other():\n    return {}\n"
    test = "import shop\ndef test_it(): assert shop.price() == 2\n"
    recorded = fixable(suite, {"shop.py": shop.format(3, 1), "test_it.py": test})
    recorded.fails()
    recorded.edit({"shop.py": shop.format(1, 1)})
    assert recorded.record().returncode == 0
    recorded.edit({"shop.py": shop.format("(1 + 0)", 1)})
    found = recorded.why("test_it", "--trust")
    assert (found["verified"], undone(found)) == (None, [""])
    assert any("price in shop.py" in one and "it has changed since" in one for one in found["not_undone"])
    recorded.edit({"shop.py": shop.format(1, 7)})
    found = recorded.why("test_it", "--trust")
    assert found["verified"]["name"] == "price in shop.py"


@pytest.mark.process
def test_a_terminal_shows_which_run_goes_on(suite: Suite) -> None:
    test = "import shop\ndef test_it(): assert shop.RATE == 2\n"
    recorded = fixable(suite, {"shop.py": "RATE = 3\n", "test_it.py": test})
    recorded.fails()
    place: dict[str, Any] = recorded.variables
    again = in_terminal(recorded.folder, "reproduce", "test_it", "--times", "2", **place)
    assert again.returncode == 0
    assert all(f"run {number} of 2" in again.text for number in (1, 2))
    assert "failed the same way 2 of 2 times" in again.text
    recorded.edit({"shop.py": "RATE = 2\n"})
    assert recorded.record().returncode == 0
    why = in_terminal(recorded.folder, "why", "test_it", "--trust", **place)
    assert why.returncode == 0
    assert all(f"run {number} ..." in why.text for number in (1, 2))
    assert "verified: RATE in shop.py" in why.text
