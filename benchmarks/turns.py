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
    """

    wall: float
    cpu: float
    memory: float


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
    """Give this shell's environment without what changes how Python, pytest and this project run."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("DEBUGLOOP", "PYTEST_", "PYTHON"))}


def spend(command: Sequence[str], folder: Path, status: int | None = 0, **env: str) -> Spent:
    """Run a command to its end, without what this shell would have it load.

    Args:
        command: a list of words.
        folder: to run in.
        status: that it is to end with; None: any.
        env: more variables.

    Raises:
        RuntimeError: it ended with another status.
    """
    begun = time.perf_counter()
    quiet = subprocess.DEVNULL
    with subprocess.Popen(
        command,
        cwd=folder,
        env=bare_environment() | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"} | env,
        stdout=quiet,
        stderr=quiet,
    ) as process:
        _, ended, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(ended)
    wall = time.perf_counter() - begun
    if status is not None and process.returncode != status:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
    return Spent(
        wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024)
    )


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
