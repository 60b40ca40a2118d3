"""Record each made cause by real runs of pytest, and hold what the record says against what was made."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import pytest_debugloop
from benchmarks.truth.cases.case import SITE, Case, Run
from benchmarks.truth.recording import Checkout, RecordServer, Said, several
from benchmarks.truth.report import Verdict

_IGNORED = ".debugloop/\n__pycache__/\n.pytest_cache/\n"
_OLDEST = 1_600_000_000
_PYTHON = re.compile(r"python(3\.\d+)")


class BadCaseError(Exception):
    """A case does not do what it says: its test does not fail first, or does not pass at last."""


@dataclass
class Pythons:
    """Virtual environments of other interpreters, made when they are asked for.

    Attributes:
        folder: where they are made.
        roots: folders with interpreters, such as ``~/.pyenv/versions/3.13.0``.
    """

    folder: Path
    roots: Sequence[Path]
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def find(self, version: str) -> Path | None:
        """Give an interpreter of a version, None where none is here.

        Args:
            version: such as ``3.13``.
        """
        named = (root / "bin" / f"python{version}" for root in sorted(self.roots, reverse=True))
        return next((path for path in named if path.exists()), None) or (
            Path(found) if (found := shutil.which(f"python{version}")) else None
        )

    def environment(self, version: str) -> str:
        """Make a virtual environment that has pip of its own, and the packages of ours that are pure Python.

        Args:
            version: such as ``3.13``.
        """
        with self._lock:
            environment = self.folder / f"python{version}"
            python = environment / "bin" / "python"
            if not python.exists():
                found = self.find(version)
                assert found is not None, version
                subprocess.run([str(found), "-m", "venv", str(environment)], check=True)
                packages = environment / "lib" / f"python{version}" / "site-packages"
                ours = (sysconfig.get_path("purelib"), str(Path(pytest_debugloop.__file__).parents[1]))
                (packages / "ours.pth").write_text("".join(f"{path}\n" for path in ours))
            return str(python)


def missing(case: Case, pythons: Pythons) -> list[str]:
    """List what a case needs and is not here.

    Args:
        case: any.
        pythons: the interpreters.
    """

    def is_here(need: str) -> bool:
        if version := _PYTHON.fullmatch(need):
            return pythons.find(version[1]) is not None
        return importlib.util.find_spec(need) is not None or shutil.which(need) is not None

    return [need for need in case.needs if not is_here(need)]


def record_case(case: Case, checkout: Checkout, pythons: Pythons) -> Said:
    """Play the runs of a case.

    Args:
        case: any.
        checkout: an empty folder with nothing beside it.
        pythons: the interpreters.

    Raises:
        BadCaseError: the test does not fail first, or not pass at last.
    """
    assert checkout.server is not None
    checkout.folder.mkdir(parents=True)
    checkout.git("init", "-q")
    shown, has_failed = "", False
    for number, run in enumerate(case.runs):
        _write(run, checkout.folder, number)
        if number == 0 or run.commit:
            checkout.git("add", "-A")
            checkout.git("commit", "-q", "--allow-empty", "-m", f"state {number}")
        with run.during(checkout.folder) if run.during else nullcontext():
            python = pythons.environment(run.python) if run.python else sys.executable
            done = checkout.run(
                "-q", *run.arguments, python=python, env=_environ(run, checkout.folder), prefix=run.prefix
            )
        shown += done.stdout + done.stderr
        has_failed |= done.returncode == 1 or " rerun" in done.stdout
        if number == len(case.runs) - 1 and done.returncode:
            raise BadCaseError(f"{case}: the last run ended with {done.returncode}:\n{shown}")
    if not has_failed:
        raise BadCaseError(f"{case}: nothing failed:\n{shown}")
    said = checkout.server.said_of(checkout.project)
    of_test = [one for node_id, one in said.items() if node_id.partition("[")[0].endswith(case.test)]
    return of_test[-1] if of_test else Said()


def _environ(run: Run, rootdir: Path) -> dict[str, str]:
    env = dict(run.env or {})
    given = [env["PYTHONPATH"]] if "PYTHONPATH" in env else []
    path = [os.path.normpath(rootdir / part) for part in (*given, SITE) if (rootdir / part).is_dir()]
    return {**env, **({"PYTHONPATH": os.pathsep.join(path)} if path else {})}


def _write(run: Run, rootdir: Path, number: int) -> None:
    files = {".gitignore": _IGNORED, **(run.files or {})} if number == 0 else run.files or {}
    for path, text in files.items():
        file = rootdir / path
        if text is None:
            file.unlink(missing_ok=True)
            continue
        text = text if path != ".gitignore" else _IGNORED + text.removeprefix(_IGNORED)
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
            # No two states of a file have one time, and byte code of the one is none of the other.
            os.utime(file, (_OLDEST + number * 60, _OLDEST + number * 60))
    if run.before:
        run.before(rootdir)


def judge(case: Case, said: Said) -> Verdict:
    """Hold what was said of a case against what was made.

    Args:
        case: any.
        said: of its recovery.
    """
    is_right = re.fullmatch(case.strategies, said.strategy) is not None and re.search(case.named, said.path) is not None
    return Verdict((case.kind, case.name), case.part, is_right, said)


def judge_all(
    cases: Iterable[Case],
    server: RecordServer,
    folder: Path,
    pythons: Pythons,
    jobs: int,
    tell: Callable[[str], None],
) -> list[Verdict]:
    """Record cases, several at once, and judge them.

    Args:
        cases: those of which all that they need is here.
        server: the record.
        folder: in which each gets a folder of its own.
        pythons: the interpreters.
        jobs: how many at once.
        tell: is told what cannot be judged.
    """

    def one(numbered: tuple[int, Case]) -> Verdict | None:
        number, case = numbered
        checkout = Checkout(folder / f"{number:03}" / "project", server, str(case))
        try:
            return judge(case, record_case(case, checkout, pythons))
        except (BadCaseError, subprocess.TimeoutExpired) as error:
            tell(str(error))
            return None
        finally:
            shutil.rmtree(checkout.folder.parent, ignore_errors=True)

    return [verdict for verdict in several(one, enumerate(cases), jobs) if verdict is not None]
