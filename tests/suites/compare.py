"""Run the suites of others with and without `--debugloop`, and tell every difference.

    python -m tests.suites.compare [NAME ...]

Each suite is run in one process and under pytest-xdist with two, each of these plain (the plugin is not loaded) and
recorded. Between plain and recorded everything must be equal: exit status, the line of counts, each report with its
node id, outcome, text and captured output, each collection that did not pass, each warning, what is written to stderr,
and in one process also the order of reports and every line of the terminal that is not ours. And what is in the record
must be what pytest said: see :mod:`tests.suites.record`.

Left out are the names of workers, times in the terminal's lines and the addresses of objects. Beyond these, only what
differs between plain runs as well is left out, and is told: where something is not equal, the plain run is repeated, up
to three times, and what was not equal among the plain runs either (the same report, a warning from the same line, the
same terminal line but for its numbers) is no difference.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import uuid
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from tests.suites.environments import (
    Environment,
    PipError,
    UnavailableError,
    build_project,
    default_cache,
    environment,
)
from tests.suites.record import record_problems
from tests.suites.running import Observed, SuiteBrokenError, run
from tests.suites.suites import SUITES, Suite
from tests.support.kinds import FIRST
from tests.support.servers import Server, Servers

_MORE_PLAIN_RUNS = 3
_SHOWN = 8
_SHOWN_LENGTH = 600
_NUMBERS = re.compile(r"\d+")
# Some node ids hold the time at which they were made.
_TIME = re.compile(r"\d\d:\d\d:\d\d[\d.]*")
WAYS: dict[str, tuple[str, ...]] = {"one process": (), "-n 2": ("-n", "2")}
PLAIN = ("-p", "no:debugloop")

Items = Counter[Any]


@dataclass(frozen=True, slots=True)
class Aspect:
    """One side of a run that must be equal.

    Attributes:
        name: what it is called.
        items: what there is of it, as a multiset.
        key: what makes an item of one run the same as an item of another that is not equal to it.
        ordered_only: whether it is compared only where the order is fixed.
    """

    name: str
    items: Callable[[Observed], Items]
    key: Callable[[Any], Hashable]
    ordered_only: bool = False


def _whole(_: object) -> Hashable:
    return None


def _report(report: Any) -> Hashable:
    return _TIME.sub("#", report[0]), report[1]


def _line(line: Any) -> Hashable:
    return _NUMBERS.sub("#", line)


ASPECTS = (
    Aspect("exit status", lambda run: Counter([run.exit_status]), _whole),
    Aspect("counts", lambda run: Counter([run.counts]), _whole),
    Aspect("outcome", lambda run: Counter(report[:5] for report in run.reports), _report),
    Aspect("report", lambda run: Counter(report[:2] + report[5:] for report in run.reports), _report),
    Aspect("collection", lambda run: Counter(run.collect), lambda row: row[0]),
    Aspect("warning", lambda run: Counter(run.warnings), lambda row: row[:3]),
    Aspect("stderr line", lambda run: Counter(run.stderr), _line),
    Aspect("JUnit XML", lambda run: Counter([run.junit]), _whole),
    Aspect("terminal line", lambda run: Counter(run.stdout), _line, ordered_only=True),
    Aspect("order", lambda run: Counter([tuple(r[:3] for r in run.reports)]), _whole, ordered_only=True),
)


@dataclass(slots=True)
class Comparison:
    """A suite, run in one of the ways.

    Attributes:
        suite: which.
        way: one of ``WAYS``.
        plain: what a plain run showed.
        recorded: what the recorded run showed.
        differences: one line for each thing that is not equal.
        ignored: one line for each that is not equal among plain runs either.
        problems: one line for each thing that the record says otherwise.
    """

    suite: Suite
    way: str
    plain: Observed
    recorded: Observed
    differences: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        verdict = "identical" if not self.differences else f"{len(self.differences)} DIFFERENCES"
        record = "record agrees" if not self.problems else f"{len(self.problems)} PROBLEMS IN THE RECORD"
        head = (
            f"{self.suite.name} {self.suite.version}, {self.way}: {self.plain.counts} "
            f"(exit {self.plain.exit_status}, {self.plain.seconds:.1f} s plain, "
            f"{self.recorded.seconds:.1f} s recorded): {verdict}, {record}"
        )
        return "\n".join(
            [
                head,
                *_list("difference", self.differences),
                *_list("record", self.problems),
                *_list("differs between plain runs too", self.ignored),
            ]
        )


def _list(title: str, lines: list[str]) -> Iterator[str]:
    shown = _SHOWN if title != "differs between plain runs too" else _SHOWN // 2
    for line in lines[:shown]:
        yield f"    {title}: {line if len(line) <= _SHOWN_LENGTH else line[:_SHOWN_LENGTH] + ' ...'}"
    if len(lines) > shown:
        yield f"    {title}: {len(lines) - shown} more"


def compare(
    suite: Suite, made: Environment, site: Path, server: Server, folder: Path, *, in_parallel: bool = True
) -> Iterator[Comparison]:
    """Run a suite in each of the ways.

    Args:
        suite: which one.
        made: its environment.
        site: what this project was installed into.
        server: to record to, into a schema that is dropped again.
        folder: to run in.
        in_parallel: False leaves out the way with pytest-xdist.
    """
    with server.schema() as schema, psycopg.connect(server.conninfo, autocommit=True) as connection:
        for way, arguments in WAYS.items():
            if arguments and not (suite.parallel and in_parallel):
                continue

            def plainly(arguments: Sequence[str] = arguments) -> Observed:
                return run(made, site, folder, [*suite.arguments, *arguments, *PLAIN])

            correlation_id = uuid.uuid4()
            recording = (
                "--debugloop",
                f"--debugloop-dsn={server.conninfo}",
                f"--debugloop-schema={schema}",
                f"--debugloop-correlation-id={correlation_id}",
                "--debugloop-wait=120",
            )
            plain = plainly()
            recorded = run(made, site, folder, [*suite.arguments, *arguments, *recording])
            comparison = Comparison(suite, way, plain, recorded)
            _compare(comparison, plainly)
            comparison.problems = record_problems(connection, schema, correlation_id, recorded, workers=bool(arguments))
            yield comparison


def _compare(comparison: Comparison, plainly: Callable[[], Observed]) -> None:
    in_order = not WAYS[comparison.way]
    aspects = [aspect for aspect in ASPECTS if in_order or not aspect.ordered_only]
    plain, recorded = comparison.plain, comparison.recorded
    # For each aspect, the keys of what is not equal among plain runs.
    unsteady: dict[str, set[Hashable]] = {aspect.name: set() for aspect in aspects}
    for repeats in range(_MORE_PLAIN_RUNS + 1):
        comparison.differences = [
            line for aspect in aspects for line in _told(aspect, plain, recorded, unsteady[aspect.name], wanted=False)
        ]
        if not comparison.differences or repeats == _MORE_PLAIN_RUNS:
            break
        again = plainly()
        for aspect in aspects:
            unsteady[aspect.name] |= {aspect.key(item) for item in _unequal(aspect, plain, again)}
    comparison.ignored = [
        line for aspect in aspects for line in _told(aspect, plain, recorded, unsteady[aspect.name], wanted=True)
    ]


def _unequal(aspect: Aspect, one: Observed, other: Observed) -> Items:
    first, second = aspect.items(one), aspect.items(other)
    return (first - second) + (second - first)


def _told(
    aspect: Aspect, plain: Observed, recorded: Observed, unsteady: set[Hashable], *, wanted: bool
) -> Iterator[str]:
    first, second = aspect.items(plain), aspect.items(recorded)
    for side, items in (("plain", first - second), ("recorded", second - first)):
        for item, times in items.items():
            if (aspect.key(item) in unsteady) is wanted:
                yield f"{aspect.name}, {side} only{f' ({times} times)' if times > 1 else ''}: {item}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare the suites that the command line names, or all."""
    parser = argparse.ArgumentParser(description="Run the suites of others with and without --debugloop.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="of a suite; none: all")
    parser.add_argument("--cache", type=Path, default=default_cache(), help="folder of the suites' environments")
    given = parser.parse_args(arguments)
    unknown = set(given.names) - {suite.name for suite in SUITES}
    if unknown:
        parser.error(f"there is no suite {', '.join(sorted(unknown))}")
    failed = False
    with Servers() as servers, tempfile.TemporaryDirectory(prefix="debugloop-suites-") as folder:
        try:
            site = build_project()
            for suite in SUITES:
                if given.names and suite.name not in given.names:
                    continue
                made = environment(suite, given.cache.absolute())
                for comparison in compare(suite, made, site, servers.get(FIRST), Path(folder, "run")):
                    print(comparison, flush=True)  # noqa: T201
                    failed = failed or bool(comparison.differences or comparison.problems)
        except (UnavailableError, PipError, SuiteBrokenError) as error:
            print(error, file=sys.stderr)  # noqa: T201
            return 2
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
