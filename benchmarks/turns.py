"""Two commands in turns, A B B A: what the machine does meanwhile falls on both alike."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import last_test as last_test_plugin

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Spent:
    """What one command took.

    Attributes:
        wall: seconds until it had ended.
        cpu: seconds of the processor, of it and its children, but not of what it left running.
        memory: MiB that it, or a child of it, held at most.
        end: seconds from the last test to the last line, of a run of pytest that has our plugin `last_test`.
    """

    wall: float
    cpu: float
    memory: float
    end: float | None = None


@dataclass(slots=True)
class Turns:
    """The turns of one comparison.

    Attributes:
        name: of what is compared with the plain command.
        plain: what the plain command took in each turn.
        other: what the other took in each.
    """

    name: str
    plain: list[Spent] = field(default_factory=list)
    other: list[Spent] = field(default_factory=list)

    def ratios(self, of: Callable[[Spent], float]) -> list[float]:
        """Give the ratio of each pair of neighbours."""
        return [of(other) / of(plain) for plain, other in zip(self.plain, self.other, strict=True)]

    def __str__(self) -> str:
        wall, cpu = self.ratios(lambda s: s.wall), self.ratios(lambda s: s.cpu)
        return (
            f"{self.name:24} {statistics.median(s.wall for s in self.plain):8.2f} s plain "
            f"{statistics.median(s.wall for s in self.other):8.2f} s    wall x {statistics.median(wall):.3f} "
            f"({min(wall):.3f} to {max(wall):.3f})    CPU x {statistics.median(cpu):.3f}"
        )

    def end_line(self) -> str:
        """Say how long pytest took from the last test to its last line, plain and with the other."""
        plain, other = ([s.end * 1000 for s in side if s.end is not None] for side in (self.plain, self.other))
        return (
            f"{'':24} from the last test to the last line: plain {statistics.median(plain):.0f} ms, "
            f"{self.name} {statistics.median(other):.0f} ms ({min(other):.0f} to {max(other):.0f})"
        )


def take_turns(name: str, plain: Callable[[], Spent], other: Callable[[], Spent], rounds: int) -> Turns:
    """Run plain, other, other, plain, as often as said.

    Args:
        name: of the other.
        plain: runs the one.
        other: runs the other.
        rounds: how often; each gives two pairs.
    """
    turns = Turns(name)
    for _ in range(rounds):
        turns.plain.append(plain())
        turns.other.append(other())
        turns.other.append(other())
        turns.plain.append(plain())
    return turns


def bare_environment() -> dict[str, str]:
    """Give this shell's environment without what changes how Python, pytest and this project run.

    What a benchmark starts leaves no server; where that is the subject, there is one that stays all the while.
    """
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("DEBUGLOOP", "PYTEST_", "PYTHON"))}
    return kept | {"DEBUGLOOP_LINGER": "0"}


def spend(
    command: Sequence[str], folder: Path, status: int | None = 0, *, times_end: bool = False, **env: str
) -> Spent:
    """Run a command to its end, without what this shell would have it load.

    What its loader still has to do then is waited for, and not counted: it would slow down what is measured next.

    Args:
        command: a list of words.
        folder: to run in.
        status: that it is to end with; None: any.
        times_end: whether it is pytest, and the time between its last test and its last line is wanted.
        env: more variables.

    Raises:
        RuntimeError: it ended with another status.
    """
    last_test = folder / ".last-test"
    variables = bare_environment() | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"} | env
    if times_end:
        variables[last_test_plugin.VARIABLE] = str(last_test)
        variables["PYTHONPATH"] = str(Path(last_test_plugin.__file__).parent)
        command = [*command, "-p", "last_test"]
    begun = time.perf_counter()
    quiet = subprocess.DEVNULL
    last_line = 0.0
    with subprocess.Popen(
        command, cwd=folder, env=variables, stdout=subprocess.PIPE if times_end else quiet, stderr=quiet
    ) as process:
        for _ in process.stdout or ():
            last_line = time.time()
        _, ended, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(ended)
    wall = time.perf_counter() - begun
    _await_loaders(folder / ".debugloop" / "journals")
    if status is not None and process.returncode != status:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
    end = last_line - float(last_test.read_text(encoding="ascii")) if times_end else None
    memory = usage.ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024)
    return Spent(wall, usage.ru_utime + usage.ru_stime, memory, end)


def _await_loaders(journals: Path, seconds: float = 60.0) -> None:
    """Wait until all runs are stored that a loader is to store; those that none will are left after a time."""
    deadline = time.monotonic() + seconds
    while journals.is_dir() and any(journals.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.02)


@contextmanager
def environment(python: str | None, *requirements: str) -> Iterator[tuple[str, Path]]:
    """Give an interpreter that has this project and more, and an empty folder.

    Args:
        python: an interpreter that has all of it; None: make a virtual environment.
        requirements: what else it needs.
    """
    with tempfile.TemporaryDirectory(prefix="debugloop-benchmark-") as name:
        folder = Path(name)
        if python is None:
            venv.create(folder / "venv", with_pip=True, symlinks=True)
            python = str(folder / "venv" / "bin" / "python")
            command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            subprocess.run([*command, f"{PROJECT}[embedded]", *requirements], check=True)
        work = folder / "work"
        work.mkdir()
        yield python, work


def told(line: object) -> None:
    """Print at once, for a benchmark takes long."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
