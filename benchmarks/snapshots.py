"""What does one snapshot cost, beside what the Sentry SDK's capture of the same exception costs?

Both in one process, in turns, on the failure of `benchmarks.shop`; nothing is sent or written by either. Ours includes
the exception, source lines, redaction and the line of JSON; theirs what `capture_exception` does until the transport.
`python -m benchmarks.snapshots --help`; it needs `sentry-sdk`.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks import shop
from benchmarks.turns import PROJECT, environment, told
from pytest_debugloop.capture.bounds import Bounds
from pytest_debugloop.capture.item_facts import ItemFacts
from pytest_debugloop.capture.project_code import ProjectCode
from pytest_debugloop.capture.redact import Redactor
from pytest_debugloop.capture.secret_marks import NumberedMarks
from pytest_debugloop.capture.snapshot import Capturer


def failure(number: int) -> AssertionError:
    """Give an exception whose outermost frame holds next to nothing."""
    try:
        shop.fail(number)
    except AssertionError as error:
        return error
    raise RuntimeError("it is to fail")


def measure(rounds: int) -> None:
    """Measure in this process.

    Args:
        rounds: of A B B A.
    """
    import sentry_sdk  # type: ignore[import-not-found, unused-ignore]

    sizes: list[int] = []

    class Transport(sentry_sdk.transport.Transport):  # type: ignore[misc, unused-ignore]
        def capture_envelope(self, envelope: object) -> None:
            self.last = envelope

    transport: Any = Transport()
    sentry_sdk.init("https://key@example.org/1", transport=transport, default_integrations=False)
    capturer = Capturer(ProjectCode(str(Path(shop.__file__).parent)), Bounds(), Redactor())

    def ours(error: AssertionError) -> float:
        begun = time.perf_counter()
        _, state = capturer.capture_state(
            capturer.capture_exception_chain(error, marks := NumberedMarks()), ItemFacts(), marks
        )
        sizes.append(len(state))
        return time.perf_counter() - begun

    def theirs(error: AssertionError) -> float:
        begun = time.perf_counter()
        sentry_sdk.capture_exception(error)
        return time.perf_counter() - begun

    spent: dict[str, list[float]] = {"ours": [], "theirs": []}
    ratios: list[float] = []
    for n in range(rounds):
        took = {"ours": 0.0, "theirs": 0.0}
        for name in ("ours", "theirs", "theirs", "ours"):
            error = failure(n)
            one = ours(error) if name == "ours" else theirs(error)
            spent[name].append(one)
            took[name] += one
        ratios.append(took["ours"] / took["theirs"])
    last = len(transport.last.serialize())
    for name, size in (("ours", sizes[-1]), ("theirs", last)):
        found = [one * 1000 for one in spent[name]]
        told(f"{name:8} median {statistics.median(found):.3f} ms, least {min(found):.3f} ms, {size:,} bytes")
    told(f"ours / theirs: median of pairs {statistics.median(ratios):.3f}")


def main() -> None:
    """Measure in an interpreter that has both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=300, help="of A B B A (%(default)s)")
    parser.add_argument("--python", help="an interpreter that has this project and sentry-sdk; else one is made")
    parser.add_argument("--here", action="store_true", help="measure in this very process")
    given = parser.parse_args()
    if given.here:
        measure(given.rounds)
        return
    with environment(given.python, "sentry-sdk") as (python, _):
        command = [python, "-m", "benchmarks.snapshots", "--here", f"--rounds={given.rounds}"]
        sys.exit(subprocess.run(command, cwd=PROJECT, check=False).returncode)


if __name__ == "__main__":
    main()
