"""What do snapshots cost a run in which a fifth of 2,000 tests fail?

Plain against recorded and against `--showlocals`, in turns; the failures are those of `benchmarks.shop`. Then the most
memory that a run held whose failing test has large objects in its frames. `python -m benchmarks.failures --help`.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
from collections.abc import Callable
from pathlib import Path

from benchmarks import shop
from benchmarks.turns import Spent, environment, spend, take_turns, told
from pytest_debugloop.database.embedded import embedded_server

LOADED = ("-p", "pytest_debugloop.plugin")
VARIANTS = {"recorded": (*LOADED, "--debugloop"), "--showlocals": ("--showlocals",), "plain": ()}
LARGE = """
def test_large():
    numbers, text, data = list(range(5_000_000)), "x" * 200_000_000, b"y" * 200_000_000
    table = {str(i): [i] * 3 for i in range(300_000)}
    nested = [[[str(i)] * 20 for i in range(100)] for _ in range(100)]
    raise ValueError("x" * 50_000_000)
"""


def write_failing_suite(folder: Path, tests: int, each: int = 100, call: str = "fail") -> None:
    """Write a suite of which every fifth test fails.

    Args:
        folder: to write into, which becomes rootdir.
        tests: how many.
        each: how many in a file.
        call: the function of `benchmarks.shop` that fails.
    """
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    shutil.copy(shop.__file__, folder / "shop.py")
    for file in range(tests // each):
        lines = ["import shop\n"]
        for n in range(each):
            body = f"shop.{call}({n})" if n % 5 == 0 else "assert True"
            lines.append(f"\n\ndef test_{n:03}():\n    {body}\n")
        (folder / f"test_{file:03}.py").write_text("".join(lines), encoding="utf-8")


def main() -> None:
    """Measure, and print a line for each variant."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("variants", nargs="*", help=f"which of: {', '.join(VARIANTS)}; none: all")
    parser.add_argument("--rounds", type=int, default=5, help="of A B B A for each variant (%(default)s)")
    parser.add_argument("--tests", type=int, default=2_000, help="(%(default)s)")
    parser.add_argument("--python", help="an interpreter that has this project; else one is made")
    given = parser.parse_args()
    with environment(given.python) as (python, folder):
        write_failing_suite(folder, given.tests)
        large = folder / "large"
        large.mkdir()
        (large / "test_large.py").write_text(LARGE, encoding="utf-8")
        command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider"]

        def running(*options: str) -> Callable[[], Spent]:
            return lambda: spend([*command, "--ignore=large", *options], folder, status=1)

        with embedded_server(folder / ".debugloop"):
            for options in ((), VARIANTS["recorded"]):
                running(*options)()  # byte code, schema and caches
            for name in given.variants or VARIANTS:
                told(take_turns(name, running(), running(*VARIANTS[name]), given.rounds))
            held = {
                name: statistics.median(
                    spend([*command, "large", "--tb=no", *VARIANTS[name]], folder, status=1).memory for _ in range(5)
                )
                for name in ("plain", "recorded")
            }
        told(
            f"most memory held, with large objects in the frames: plain {held['plain']:.1f} MiB, "
            f"recorded {held['recorded']:.1f} MiB: {held['recorded'] - held['plain']:+.1f} MiB"
        )


if __name__ == "__main__":
    main()
