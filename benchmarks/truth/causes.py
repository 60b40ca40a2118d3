"""Which of the changes of a fix are causal: undone alone, the test fails again. The product has no part in it."""

from __future__ import annotations

import json
import re
import resource
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks.truth.recording import Checkout, several
from benchmarks.truth.repositories import PYTEST, Fix, Repositories, put, put_failing
from benchmarks.truth.units import changed_units, without_change
from tests.support.environment import clean_environment

_SECONDS = 60
_MEMORY = 4 * 1024**3
_PASSED = re.compile(r"^PASSED (.+)$", re.MULTILINE)
_FAILED = re.compile(r"^FAILED (.+?)(?: - .*)?$", re.MULTILINE)
# A test of which a subtest failed is told as passed, too.
_SUBTEST = re.compile(r"^SUBFAILED.*?[\])] (\S+::\S+)", re.MULTILINE)

Causes = Mapping[str, Sequence[str]]
"""The causal units, ``file::name``, of each test that a fix mends."""


def find_causes(fix: Fix, repositories: Repositories, folder: Path) -> dict[str, list[str]]:
    """Find which changed units are causal: undone alone, the test fails again.

    Args:
        fix: any.
        repositories: where its repository is.
        folder: that is made.

    Returns:
        The causal units of each test that fails without the fix and passes with it.
    """
    checkout = repositories.clone(fix.repository, folder)
    put_failing(fix, checkout)
    failing = set(fix.mended) - _passing(checkout, fix.mended)
    put(checkout, fix.commit)
    mended = [test for test in fix.mended if test in failing & _passing(checkout, fix.mended)]
    causes: dict[str, list[str]] = {test: [] for test in mended}
    for file, before, after in _changed_files(fix, checkout):
        for unit in changed_units(before, after):
            (checkout.folder / file).write_text(without_change(before, after, unit), encoding="utf-8")
            passing = _passing(checkout, mended)
            for test in causes.keys() - passing:
                causes[test].append(f"{file}::{unit}")
        (checkout.folder / file).write_text(after, encoding="utf-8")
    shutil.rmtree(folder)
    return causes


def _changed_files(fix: Fix, checkout: Checkout) -> Iterator[tuple[str, str, str]]:
    changed = checkout.git("diff", "--name-only", "--no-renames", f"{fix.commit}~1", fix.commit).split()
    for file in changed:
        if not file.endswith(".py") or file in fix.tests or file.startswith(("tests/", "test/", "docs/")):
            continue
        yield file, _text_at(checkout, f"{fix.commit}~1", file), _text_at(checkout, fix.commit, file)


def _text_at(checkout: Checkout, commit: str, file: str) -> str:
    done = subprocess.run(["git", "show", f"{commit}:{file}"], cwd=checkout.folder, capture_output=True, check=False)
    return done.stdout.decode("utf-8") if done.returncode == 0 else ""


def _passing(checkout: Checkout, tests: Sequence[str]) -> set[str]:
    """Run tests without the plugin; one that never ends keeps only itself from passing."""
    try:
        return _run(checkout, tests)[1]
    except subprocess.TimeoutExpired:
        return set().union(*(_passing(checkout, [test]) for test in tests)) if len(tests) > 1 else set()


def failing_and_passing(checkout: Checkout, files: Sequence[str]) -> tuple[set[str], set[str]]:
    """Run files of tests without the plugin, and give the tests that fail and that pass.

    Args:
        checkout: any.
        files: of tests.

    Returns:
        Nothing where they cannot be collected, or take too long.
    """
    try:
        code, passing, failing = _run(checkout, files)
    except subprocess.TimeoutExpired:
        return set(), set()
    return (failing, passing) if code in (0, 1) else (set(), set())


def _run(checkout: Checkout, tests: Sequence[str]) -> tuple[int, set[str], set[str]]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rA", *PYTEST]
    env = clean_environment(
        PYTEST_DISABLE_PLUGIN_AUTOLOAD="1", PYTHONDONTWRITEBYTECODE="1", PYTHONHASHSEED="0", COLUMNS="200"
    )
    done = subprocess.run(
        [*command, *tests],
        cwd=checkout.folder,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=_SECONDS,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY)),
        check=False,
    )
    passing = set(_PASSED.findall(done.stdout)) - set(_SUBTEST.findall(done.stdout))
    return done.returncode, passing, set(_FAILED.findall(done.stdout))


def causes_of(
    fixes: Sequence[Fix], cache: Path, repositories: Repositories, folder: Path, jobs: int, tell: Callable[[str], None]
) -> dict[str, Causes]:
    """Give the causal units of fixes, by commit; what is not in the cache is found, and kept there.

    Args:
        fixes: any.
        cache: a file of JSON.
        repositories: where they are.
        folder: for checkouts.
        jobs: how many at once.
        tell: is told what is found.
    """
    known: dict[str, Causes] = json.loads(cache.read_text(encoding="utf-8")) if cache.exists() else {}

    writing = threading.Lock()

    def one(fix: Fix) -> None:
        found = find_causes(fix, repositories, folder / f"causes-{fix.commit}")
        with writing:
            known[fix.commit] = found
            cache.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        tell(f"{fix}: {found}")

    several(one, [fix for fix in fixes if fix.commit not in known], jobs)
    return known
