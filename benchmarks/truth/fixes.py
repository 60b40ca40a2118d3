"""Record the test that a fix mends before it and after, alone or with later commits, and judge what is named."""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.truth.causes import Causes
from benchmarks.truth.recording import Checkout, RecordServer, Said, several
from benchmarks.truth.report import mean
from benchmarks.truth.repositories import FEWEST, PYTEST, Fix, Repositories, put, put_failing
from benchmarks.truth.units import names


@dataclass(frozen=True)
class Judged:
    """What was said of one test that a fix mends.

    Attributes:
        rank: which name of the evidence is the first causal one, from 1; 0 for none.
        listed: how many functions the evidence names; of one that ``debugloop why`` has proved, those that it undid.
    """

    fix: Fix
    test: str
    said: Said
    rank: int
    listed: int

    @property
    def is_right(self) -> bool:
        """Whether a change of code is called the reason, and a causal one is named first."""
        return self.rank == 1 and self.said.strategy == "code_change"

    def as_json(self) -> dict[str, Any]:
        """Give all of it, for whoever fits weights."""
        return {
            "fix": str(self.fix),
            "part": self.fix.part,
            "test": self.test,
            "rank": self.rank,
            "listed": self.listed,
            "is_right": self.is_right,
            "strategy": self.said.strategy,
            "confidence": self.said.confidence,
            "evidence": self.said.evidence,
        }


def judge(fix: Fix, test: str, said: Said, causal: Sequence[str]) -> Judged:
    """Hold what was said of a test against its causes.

    Args:
        fix: that mends it.
        test: its node id.
        said: of its recovery.
        causal: ``file::name`` of its causal units.
    """
    verified = said.evidence.get("verified") or {}
    # What was proved is what is told: the other names of the evidence stand behind it.
    proved = [{"file": one["file"], "function": one["key"]} for one in verified.get("undone", ())]
    listed = proved or said.evidence.get("code", [])
    ranks = (number for number, one in enumerate(listed, 1) if _is_causal(one, causal))
    return Judged(fix, test, said, next(ranks, 0), len(listed))


def _is_causal(entry: Mapping[str, Any], causal: Sequence[str]) -> bool:
    units = [unit.partition("::")[2] for unit in causal if unit.partition("::")[0] == entry["file"]]
    return any(names(entry["function"], unit) for unit in units)


def record_fix(fix: Fix, target: str, checkout: Checkout, causes: Causes, *, proved: int = 0) -> list[Judged]:
    """Record a failure before a fix and a pass later, and judge what is said.

    Args:
        fix: any.
        target: the commit of the pass.
        checkout: of its repository.
        causes: of the tests that it mends.
        proved: for how many of these tests ``debugloop why`` is called before.
    """
    assert checkout.server is not None
    for is_failing in (True, False):
        if is_failing:
            put_failing(fix, checkout)
        else:
            put(checkout, target)
        files = [file for file in fix.tests if (checkout.folder / file).exists()]
        # Two states of one second would share byte code; and the order of sets may decide whether a test passes.
        checkout.run(*PYTEST, *files, env={"PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"})
    said = checkout.server.said_of(checkout.project)
    if proved:
        for test in [test for test in causes if test in said][:proved]:
            checkout.debugloop("why", test)
        said = checkout.server.said_of(checkout.project)
    return [judge(fix, test, said[test], causal) for test, causal in causes.items() if test in said and causal]


def record_all(
    fixes: Sequence[Fix],
    causes: Mapping[str, Causes],
    repositories: Repositories,
    server: RecordServer,
    folder: Path,
    *,
    is_ahead: bool,
    proved: int,
    jobs: int,
    tell: Callable[[str], None],
) -> list[Judged]:
    """Record fixes, several at once, and judge them.

    Args:
        fixes: any.
        causes: by commit.
        repositories: where they are.
        server: the record.
        folder: for checkouts.
        is_ahead: whether eight later commits come along.
        proved: for how many tests of each ``debugloop why`` is called before.
        jobs: how many at once.
        tell: is told what was left out.
    """
    where = "ahead" if is_ahead else "alone"

    def one(fix: Fix) -> list[Judged]:
        target = repositories.later(fix.repository, fix.commit) if is_ahead else fix.commit
        if target is None:
            tell(f"{where}, left out, fewer than {FEWEST} commits after it: {fix}")
            return []
        plain = repositories.clone(fix.repository, folder / f"{where}-{fix.commit}")
        checkout = Checkout(plain.folder, server, f"{where} {fix}")
        judged = record_fix(fix, target, checkout, causes[fix.commit], proved=proved)
        shutil.rmtree(checkout.folder)
        tell(f"{where}: {fix}: {len(judged)} tests" + ("" if judged else " that failed and passed"))
        return judged

    return [judged for of_fix in several(one, fixes, jobs) for judged in of_fix]


_FIGURES: Mapping[str, Callable[[Judged], bool]] = {
    "first name causal": lambda one: one.rank == 1,
    "within three": lambda one: 0 < one.rank <= 3,
    "named at all": lambda one: one.rank > 0,
    "code_change": lambda one: one.said.strategy == "code_change",
    "verified": lambda one: bool(one.said.evidence.get("verified")),
}
"""Each is the mean over fixes of the mean over the tests that a fix mends."""


def figure_lines(judged_by_pass: Mapping[str, Sequence[Judged]]) -> Iterator[str]:
    """Write what was said as a table, a row for each way of passing.

    Args:
        judged_by_pass: what was judged, by that way.
    """
    heads = ["pass", "part", "fixes, tests", *_FIGURES, "names listed, median"]
    yield f"| {' | '.join(heads)} |"
    yield "|" + " --- |" * len(heads)
    for where, all_judged in judged_by_pass.items():
        for part in ("fit", "held", ""):
            of_fixes: dict[Fix, list[Judged]] = {}
            for one in all_judged:
                if part in ("", one.fix.part):
                    of_fixes.setdefault(one.fix, []).append(one)
            if not of_fixes:
                continue
            told = [
                f"{mean(mean(map(holds, tests)) for tests in of_fixes.values()):.0%}" for holds in _FIGURES.values()
            ]
            listed = statistics.median(statistics.median(one.listed for one in tests) for tests in of_fixes.values())
            counts = f"{len(of_fixes)}, {sum(map(len, of_fixes.values()))}"
            yield f"| {' | '.join([where, part or 'all', counts, *told, f'{listed:g}'])} |"


def wrong_lines(judged: Sequence[Judged], causes: Mapping[str, Causes]) -> Iterator[str]:
    """Write what was named first where that is no cause.

    Args:
        judged: any.
        causes: by commit.
    """
    for one in judged:
        if one.rank != 1:
            causal = ", ".join(causes[one.fix.commit][one.test])
            yield f"{one.fix} {one.test}: said {one.said}, rank {one.rank} of {one.listed}; causal: {causal}"
