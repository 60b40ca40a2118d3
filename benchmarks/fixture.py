"""What does a call of the fixture ``debugloop`` cost a test, and what does one cost where nothing is recorded?

One test calls each method many times, with a small state; the least of several rounds of each is told.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from pathlib import Path

from benchmarks.turns import environment, told

_TEST = """
import time

def test_calls(debugloop, tmp_path, capsys):
    clock = time.perf_counter
    cart = {{"apple": 2, "pear": 1}}

    def step():
        with debugloop.step("pay", total=7):
            pass

    calls = {{
        "checkpoint": lambda: debugloop.checkpoint("paid", cart=cart, total=7),
        "step (with its end)": step,
        "transformation": lambda: debugloop.transformation("planner", "coder", cart, reason="done"),
        "llm_call": lambda: debugloop.llm_call("Edit", output="ok", quality=0.5, milliseconds=12),
        "record": lambda: debugloop.record(ticket="SHOP-12"),
        "attach (100 bytes)": lambda: debugloop.attach(b"x" * 100, "a.txt"),
    }}
    with capsys.disabled():
        for name, call in calls.items():
            times = []
            for _ in range({rounds}):
                begun = clock()
                for _ in range(100):
                    call()
                times.append((clock() - begun) / 100)
            print(f"{{name}}: {{min(times) * 1e6:.1f}} us (median {{sorted(times)[len(times) // 2] * 1e6:.1f}})")
"""


def main() -> None:
    """Measure, and print microseconds a call."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20, help="of 100 calls (%(default)s)")
    parser.add_argument("--python", help="an interpreter that has this project; else one is made")
    given = parser.parse_args()
    with environment(given.python) as (python, _), tempfile.TemporaryDirectory() as folder:
        Path(folder, "test_calls.py").write_text(_TEST.format(rounds=given.rounds), encoding="utf-8")
        for title, options in (
            ("recorded", ["--debugloop", "--no-debugloop-load", "--debugloop-max-checkpoints", "1000000"]),
            ("not recorded", []),
        ):
            command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
            told(title)
            for line in done.stdout.splitlines():
                if " us (" in line:
                    told(f"  {line.lstrip('.')}")


if __name__ == "__main__":
    main()
