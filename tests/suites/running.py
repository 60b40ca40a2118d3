"""One run of a suite, and all that can be seen of it from outside."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from tests.suites import probe
from tests.suites.environments import PROBE_MODULE, Environment
from tests.support.environment import clean_environment
from tests.support.projects import told_by_us

_SECONDS = re.compile(r" in \d[\d.]*s( \(\d[\d:]*\))?")
# Which worker of pytest-xdist had a test is chance.
_WORKER = re.compile(r"^\[gw\d+\] ", re.MULTILINE)
_ADDRESS = re.compile(r"\b0x[0-9a-f]{6,16}\b")
_LONGEST_RUN = 1800


class Report(NamedTuple):
    """A report that pytest logged."""

    node_id: str
    when: str
    outcome: str
    wasxfail: str | None
    subtest: str
    text: str
    sections: str
    properties: str

    @property
    def verdict(self) -> str:
        """The outcome in one word."""
        if self.wasxfail is not None:
            return {"skipped": "xfailed", "passed": "xpassed"}.get(self.outcome, self.outcome)
        return self.outcome


@dataclass(frozen=True, slots=True)
class JUnit:
    """The attributes of a JUnit XML file's one suite."""

    tests: int
    failures: int
    errors: int
    skipped: int


@dataclass(frozen=True, slots=True)
class Observed:
    """What one run showed.

    Attributes:
        exit_status: of pytest.
        counts: the last line, without the time.
        reports: all of them, in the order in which the process that the user started logged them.
        collect: node id, outcome and text of each collection that did not pass.
        warnings: category, file, line, text, when, node id and place of each.
        stdout: its lines without times and addresses, and without those that tell of this plugin.
        stderr: its lines.
        junit: what ``--junitxml`` counted.
        seconds: how long it took.
    """

    exit_status: int
    counts: str
    reports: tuple[Report, ...]
    collect: tuple[tuple[str, ...], ...]
    warnings: tuple[tuple[str, ...], ...]
    stdout: tuple[str, ...]
    stderr: tuple[str, ...]
    junit: JUnit
    seconds: float


class SuiteBrokenError(Exception):
    """A run did not even come to its end."""


def run(environment: Environment, site: Path, folder: Path, arguments: Sequence[str]) -> Observed:
    """Run a suite, from its source distribution as it was published.

    Args:
        environment: the suite's.
        site: what this project was installed into.
        folder: to run in. It is emptied; where it is the same for two runs, all their paths are the same.
        arguments: of pytest.

    Raises:
        SuiteBrokenError: it wrote no results.
    """
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("home", "tmp"):
        (folder / name).mkdir(parents=True)
    top = environment.unpack(folder / "suite")
    junit, noted = folder / "junit.xml", folder / "noted.json"
    variables = {
        "PYTHONPATH": str(site),
        "PYTHONHASHSEED": "0",
        "COLUMNS": "120",
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
        probe.VARIABLE: str(noted),
    }
    command = [str(environment.python), "-m", "pytest", "-p", PROBE_MODULE, f"--junitxml={junit}", *arguments]
    begun = time.monotonic()
    done = subprocess.run(
        command,
        cwd=top,
        env=clean_environment(**variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="backslashreplace",
        timeout=_LONGEST_RUN,
        check=False,
    )
    seconds = time.monotonic() - begun
    if not junit.exists() or not noted.exists():
        raise SuiteBrokenError(f"{' '.join(command)} in {top}:\n{done.stdout}\n{done.stderr}")
    found: dict[str, Any] = json.loads(noted.read_text(encoding="utf-8"))
    stdout = tuple(_SECONDS.sub("", _steady(line)) for line in done.stdout.splitlines())
    return Observed(
        exit_status=done.returncode,
        counts=stdout[-1].strip("= ") if stdout else "",
        reports=tuple(_read_report(row) for row in found["reports"]),
        collect=tuple(tuple(_steady(str(x)) for x in row) for row in found["collect"]),
        warnings=tuple(tuple(_steady(str(x)) for x in row) for row in found["warnings"]),
        # What pytest itself says of this plugin, and what this plugin says; the rest of the output must not change.
        stdout=tuple(line.strip("= ") for line in told_by_us(stdout)[1] if not line.startswith("plugins: ")),
        stderr=tuple(done.stderr.splitlines()),
        junit=_read_junit(junit),
        seconds=seconds,
    )


def _read_report(row: list[Any]) -> Report:
    node_id, when, outcome, wasxfail, subtest, text, sections, properties = row
    text = _steady(_WORKER.sub("[gw] ", text))
    return Report(node_id, when, outcome, wasxfail, subtest, text, _steady(repr(sections)), _steady(repr(properties)))


def _steady(text: str) -> str:
    return _ADDRESS.sub("0x", text)


def _read_junit(path: Path) -> JUnit:
    suite = ET.parse(path).getroot().find("testsuite")
    if suite is None:
        raise SuiteBrokenError(f"{path} holds no suite")
    return JUnit(*(int(suite.attrib[name]) for name in ("tests", "failures", "errors", "skipped")))
