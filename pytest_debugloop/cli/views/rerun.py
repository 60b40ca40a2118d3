"""What ``debugloop reproduce`` says of reruns, for people and as JSON."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from pytest_debugloop.cli.output import make_console, show, write_json
from pytest_debugloop.queries.rerunning import FailureToRerun
from pytest_debugloop.rerunning.bisect import Found, Verdict
from pytest_debugloop.rerunning.outcome import Ending, Outcome
from pytest_debugloop.rerunning.plan import Before, Plan
from pytest_debugloop.rerunning.rate import Rate
from pytest_debugloop.rerunning.runner import Progress, shell_command
from pytest_debugloop.rerunning.search import Polluter, with_only
from pytest_debugloop.text.json_values import plain
from pytest_debugloop.text.lines import Line
from pytest_debugloop.text.printable import printable
from pytest_debugloop.text.words import ago, counted, one_line, percent, short

_MISSING_NAMED = 5


class RerunPrinter:
    """Tells what is run, how far it is, and what came of it.

    Args:
        failure: the recorded one.
        plan: of its reruns.
        as_json: whether to write JSON, and nothing before all is known.
    """

    def __init__(self, failure: FailureToRerun, plan: Plan, *, as_json: bool) -> None:
        self._failure = failure
        self.plan = plan
        self.as_json = as_json
        if not as_json:
            self._say(self._head())

    def _head(self) -> Iterator[Line]:
        failure, plan = self._failure, self.plan
        message = one_line(f"{failure.error_code or failure.error_type}: {failure.error_message}")
        yield Line.of(printable(plan.target.name), "title")
        yield Line.of(f"failed {ago(failure.occurred_at)} in run {short(failure.run_id)}: {message}", "faint")
        own = sum(one.worker == plan.worker for one in plan.before)
        others = len(plan.before) - own
        where = f"in worker {plan.worker} of {plan.workers}" if plan.workers else "in its process"
        elsewhere = f", {others:,} in the others" if others else ""
        files = counted(len(plan.files), "file")
        yield Line.of(f"{counted(own, 'test')} before it {where}{elsewhere}; {files} collected", "faint")
        for note in plan.notes:
            yield Line.of(f"note: {printable(note)}", "warn")

    def _say(self, lines: Iterator[Line]) -> None:
        show(lines, paging=False)

    # -- while it goes on -------------------------------------------------------------------------------------------

    @contextmanager
    def working(self, times: int | None) -> Iterator[Callable[[], Progress]]:
        """Show on standard error how far it is, where somebody watches.

        Args:
            times: how many runs there will be, None where that is not known.

        Yields:
            What is called as each run begins, and gives what is reported of its progress.
        """
        runs = 0
        if not sys.stderr.isatty():
            yield lambda: lambda _seconds, _begun: None
            return
        total = len(self.plan.before) + (not self.plan.is_collection)
        with make_console(stderr=True).status("running ...") as status:

            def begins() -> Progress:
                nonlocal runs
                runs += 1
                number = f"run {runs}" + (f" of {times}" if times else "")
                status.update(f"{number} ...")

                def tell(seconds: float, begun: int) -> None:
                    status.update(f"{number}: {seconds:.0f} s, {begun:,} of up to {total:,} tests begun ...")

                return tell

            yield begins

    # -- what came of it --------------------------------------------------------------------------------------------

    def print_outcomes(self, outcomes: Sequence[Outcome], rate: Rate | None, *, failed_alone: bool = False) -> None:
        """Say how the reruns ended.

        Args:
            outcomes: of each, in order.
            rate: how often it failed the same way, where that was asked.
            failed_alone: whether it did so without the tests that ran before it.
        """
        if self.as_json:
            facts = {"reproduced": any(one.is_same for one in outcomes), "rate": rate, "bisect": None}
            facts["failed_alone"] = failed_alone
            self.write(facts, outcomes)
        elif rate is None and len(outcomes) == 1:
            self._say(self._one(outcomes[0], "alone: no earlier test is needed " if failed_alone else ""))
        else:
            self._say(self._many(outcomes, rate))

    def _one(self, outcome: Outcome, how: str) -> Iterator[Line]:
        yield from _remarks([outcome])
        yield _ending(outcome, f" {how}({outcome.seconds:.1f} s)")

    def _many(self, outcomes: Sequence[Outcome], rate: Rate | None) -> Iterator[Line]:
        yield from _remarks(outcomes)
        if rate is None:
            yield Line.of("It never ran to the end: there is nothing to measure.", "warn")
        else:
            times = f"{rate.count:,} of {counted(rate.runs, 'time')}"
            interval = f"95% interval {percent(rate.low)} to {percent(rate.high)}"
            what = f"{Ending.SAME.value} {times}: {percent(rate.rate)} ({interval})"
            yield Line.of(what, "fail" if rate.count else "pass")
        others: Counter[str] = Counter()
        for outcome in outcomes:
            if not outcome.is_same:
                others[_ending(outcome).plain] += 1
        for text, count in others.most_common():
            yield Line.of(f"{counted(count, 'time')}: {text}")

    def print_result(self, found: Found[Polluter], outcomes: Sequence[Outcome]) -> None:
        """Say what a search found.

        Args:
            found: its result.
            outcomes: of its reruns.
        """
        if self.as_json:
            facts = {
                "verdict": found.verdict.value,
                "polluters": [_plain_polluter(one) for one in found.tests],
                "runs": found.runs,
                "is_minimal": found.is_minimal,
                "command": shell_command(with_only(self.plan, found.tests)),
            }
            reproduced = found.verdict is not Verdict.PASSES
            self.write({"reproduced": reproduced, "rate": None, "bisect": facts}, outcomes)
        else:
            self._say(self._found(found, outcomes))

    def _found(self, found: Found[Polluter], outcomes: Sequence[Outcome]) -> Iterator[Line]:
        yield from _remarks(outcomes)
        runs = f" ({counted(found.runs, 'run')})"
        if found.verdict is Verdict.PASSES:
            yield Line.of(f"did not fail the same way, even with everything that ran before it{runs}", "pass")
            yield from (_ending(one) for one in outcomes[-1:])
            return
        if found.verdict is Verdict.ALONE:
            yield Line.of(f"fails the same way alone: no earlier test is needed{runs}", "fail")
        elif found.verdict is Verdict.FLAKY:
            yield Line.of(f"sometimes fails with the same tests before it: use --times to measure it{runs}", "warn")
            if not found.tests:
                return
            yield Line.of("last seen failing after:")
        elif found.verdict is Verdict.INTERRUPTED:
            what = f"interrupted: fails the same way after these, and fewer may be enough{runs}:"
            yield Line.of(what, "warn")
        else:
            few = "" if found.is_minimal else ", and fewer may be enough"
            count = "this" if len(found.tests) == 1 else f"these {len(found.tests)} together"
            yield Line.of(f"fails the same way after {count}, and passes without{few}{runs}:", "fail")
        for one in found.tests:
            yield Line.of(f"  {_named(one)}", "name")
        if found.verdict is not Verdict.FLAKY:
            yield Line.of(f"by hand: {shell_command(with_only(self.plan, found.tests))}", "faint")

    def write(self, facts: dict[str, Any], outcomes: Sequence[Outcome]) -> None:
        """Write what was found as JSON, after the recorded failure and the plan.

        Args:
            facts: what was found.
            outcomes: of the reruns, in order.
        """
        failure, plan = self._failure, self.plan
        head = {
            "test": plan.target.name,
            "error": failure.id,
            "run": failure.run_id,
            "fingerprint": failure.fingerprint,
            "rootdir": str(plan.rootdir),
            "arguments": plan.arguments,
            "environment": dict(plan.environment),
            "worker": plan.worker,
            "workers": plan.workers,
            "before": len(plan.before),
            "notes": plan.notes,
        }
        write_json("reproduce", head | facts, outcomes=map(_plain_outcome, outcomes))


def _plain_outcome(outcome: Outcome) -> dict[str, Any]:
    facts = {name: value for name, value in plain(outcome).items() if name != "where"}
    return {**facts, "ending": outcome.ending.name.lower()}


def _plain_polluter(one: Polluter) -> dict[str, Any]:
    if isinstance(one, Before):
        return {"test": one.test.name, "worker": one.worker}
    return {"imported_file": one.file}


def _named(one: Polluter) -> str:
    if isinstance(one, Before):
        return printable(one.test.name) + (f" in worker {one.worker}" if one.worker else "")
    return f"the import of {printable(one.file)}"


def _ending(outcome: Outcome, more: str = "") -> Line:
    style = "fail" if outcome.ending is Ending.SAME else "pass" if outcome.ending is Ending.PASSED else "warn"
    error = (
        one_line(f": {outcome.error}: {outcome.message}") if outcome.error and outcome.ending is not Ending.SAME else ""
    )
    phase = f" in {outcome.phase}" if outcome.phase not in (None, "call") else ""
    return Line.of(f"{outcome.ending.value}{phase}{error}{more}", style)


def _remarks(outcomes: Sequence[Outcome]) -> Iterator[Line]:
    missing = list(dict.fromkeys(name for outcome in outcomes for name in outcome.missing))
    for name in missing[:_MISSING_NAMED]:
        yield Line.of(f"note: {printable(name)} no longer exists", "warn")
    if len(missing) > _MISSING_NAMED:
        more = counted(len(missing) - _MISSING_NAMED, "more test")
        yield Line.of(f"note: {more} no longer exist", "warn")
    for note in dict.fromkeys(note for outcome in outcomes for note in outcome.notes):
        yield Line.of(f"note: {printable(note)}", "warn")
