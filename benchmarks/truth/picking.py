"""Pick fixes by rule, so that nobody chooses them by what is said of them."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks.truth.causes import failing_and_passing
from benchmarks.truth.recording import Checkout, several
from benchmarks.truth.repositories import BESIDE, Fix, Repositories, put, put_failing

_TEST_FILE = re.compile(r"(^|/)tests?(/.*)?/(test_\w+|\w+_test)\.py$|(^|/)(test_\w+|\w+_test)\.py$")
_NO_SOURCE = re.compile(r"(^|/)(tests?|testing|docs?|examples?|benchmarks?)/|(^|/)(conftest|setup|noxfile|tasks)\.py$")
_MAX_SOURCES = 4
_MAX_MENDED = 12
_MAX_TRIED = 60


def pick(
    repositories: Repositories,
    names: Collection[str],
    known: Collection[str],
    count: int,
    folder: Path,
    jobs: int,
    tell: Callable[[str], None],
) -> list[Fix]:
    """Pick the latest fixes of each repository.

    These are commits with one parent whose summary has the word *fix*, that change one to four source files and a file
    of tests, that eight commits follow, and that mend a test: it fails with the parent's sources, after a collection
    without errors, and passes with the commit's.

    Args:
        repositories: where they are.
        names: ``owner/name`` of each.
        known: hashes of commits that are not wanted.
        count: how many of each repository at most.
        folder: for checkouts.
        jobs: how many repositories at once.
        tell: is told what was picked.
    """

    def of_one(name: str) -> list[Fix]:
        checkout = repositories.clone(name, folder / f"pick-{name.replace('/', '+')}")
        found: list[Fix] = []
        for tried, fix in enumerate(_likely(repositories, name, checkout)):
            if len(found) == count or tried == _MAX_TRIED:
                break
            if fix.commit in known:
                continue
            mended = _mended(fix, checkout)
            if mended:
                found.append(replace(fix, mended=mended))
                tell(f"{fix}: {len(mended)} tests")
        shutil.rmtree(checkout.folder)
        return found

    return [fix for of_repository in several(of_one, sorted(names), jobs) for fix in of_repository]


def _likely(repositories: Repositories, name: str, checkout: Checkout) -> Iterator[Fix]:
    listed = checkout.git("log", "--no-merges", "-i", "--grep=\\bfix", "-P", "--format=%H %s", repositories.head(name))
    for line in listed.splitlines():
        commit, _, summary = line.partition(" ")
        if not re.search(r"\bfix", summary, re.IGNORECASE):
            continue
        try:
            files = checkout.git("diff", "--name-only", "--diff-filter=AM", "--no-renames", f"{commit}~1", commit)
        except RuntimeError:  # the first commit of all, or of what was fetched
            continue
        changed = [file for file in files.split("\n") if file.endswith(".py")]
        tests = [file for file in changed if _TEST_FILE.search(file)]
        sources = [file for file in changed if file not in tests and not _NO_SOURCE.search(file)]
        if not tests or not 1 <= len(sources) <= _MAX_SOURCES:
            continue
        if len(repositories.line(name, commit)) >= BESIDE:
            yield Fix(name, commit, tuple(sorted(tests)), ())


def _mended(fix: Fix, checkout: Checkout) -> tuple[str, ...]:
    try:
        put_failing(fix, checkout)
    except RuntimeError:
        return ()
    failing, _ = failing_and_passing(checkout, fix.tests)
    if not failing:
        return ()
    put(checkout, fix.commit)
    _, passing = failing_and_passing(checkout, fix.tests)
    return tuple(sorted(failing & passing)[:_MAX_MENDED])


def as_json(fixes: Collection[Fix]) -> str:
    """Write fixes as :func:`benchmarks.truth.repositories.read_fixes` reads them.

    Args:
        fixes: any.
    """
    found: dict[str, list[dict[str, object]]] = {}
    for fix in fixes:
        found.setdefault(fix.repository, []).append(
            {"commit": fix.commit, "tests": list(fix.tests), "mended": list(fix.mended)}
        )
    return json.dumps(found, indent=1) + "\n"
