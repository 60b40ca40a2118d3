"""What does recording cost a run, and what do its peers cost?

10,000 trivial passing tests, plain against recorded (into an embedded server that is warm: it runs already) and against
plain with each peer, in turns; on a second line, the time from the last test to the last line.
`python -m benchmarks.overhead --help`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.suite import write_suite
from benchmarks.turns import Spent, environment, spend, take_turns, told
from pytest_debugloop.database.embedded import embedded_server

if TYPE_CHECKING:
    from collections.abc import Iterator

PEERS = {
    "--junitxml": ("--junitxml=out.xml",),
    "pytest-reportlog": ("-p", "pytest_reportlog.plugin", "--report-log=out.json"),
    "pytest-html": ("-p", "pytest_metadata.plugin", "-p", "pytest_html.plugin", "--html=out.html"),
    "pytest-json-report": ("-p", "pytest_metadata.plugin", "-p", "pytest_jsonreport.plugin", "--json-report"),
    "allure-pytest": ("-p", "allure_pytest.plugin", "--alluredir=allure"),
}
REQUIREMENTS = ("pytest-reportlog", "pytest-html", "pytest-json-report", "allure-pytest")
LOADED = ("-p", "pytest_debugloop.plugin")
VARIANTS = {"recorded": (*LOADED, "--debugloop"), "installed, not enabled": LOADED} | PEERS


@contextmanager
def _warm(folder: Path) -> Iterator[None]:
    with embedded_server(folder / ".debugloop"):
        yield


def main() -> None:
    """Measure, and print a line for each variant."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("variants", nargs="*", help=f"which of: {', '.join(VARIANTS)}; none: all")
    parser.add_argument("--rounds", type=int, default=3, help="of A B B A for each variant (%(default)s)")
    parser.add_argument("--tests", type=int, default=10_000, help="(%(default)s)")
    parser.add_argument("--python", help="an interpreter that has this project and the peers; else one is made")
    given = parser.parse_args()
    with environment(given.python, *REQUIREMENTS) as (python, folder):
        write_suite(folder, given.tests)
        command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider"]

        def running(*options: str) -> Callable[[], Spent]:
            return lambda: spend([*command, *options], folder, times_end=True)

        with _warm(folder):
            for options in ((), VARIANTS["recorded"]):
                running(*options)()  # byte code, schema and caches
            for name in given.variants or VARIANTS:
                turns = take_turns(name, running(), running(*VARIANTS[name]), given.rounds)
                told(turns)
                told(turns.end_line())


if __name__ == "__main__":
    main()
