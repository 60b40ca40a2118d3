"""``debugloop reproduce``: run a test again as it ran when it failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.cli.completion import complete_thing
from pytest_debugloop.cli.output import json_option

if TYPE_CHECKING:
    from pytest_debugloop.cli.views.rerun import RerunPrinter
    from pytest_debugloop.rerunning.outcome import Outcome
    from pytest_debugloop.rerunning.plan import Plan

_MAX_RUNS = 200
_TIMES_VARIED = 10


@click.command()
@click.argument("what", metavar="TEST|ERROR", shell_complete=complete_thing)
@click.option("--bisect", is_flag=True, help="Find the smallest set of earlier tests that makes it fail.")
@click.option(
    "--max-runs",
    type=click.IntRange(1),
    metavar="N",
    help=f"With --bisect: maximum number of runs; default: {_MAX_RUNS}.",
)
@click.option("--times", type=click.IntRange(1), metavar="N", help="Run it N times and measure how often it fails.")
@click.option("--vary", is_flag=True, help="Vary its surroundings one at a time, and find out which matter.")
@click.option("--alone", is_flag=True, help="Run no other tests before it.")
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    metavar="SECONDS",
    help="Time limit for each run; default: one minute plus five times the recorded run.",
)
@click.option(
    "--trust", is_flag=True, help="Allow recorded settings that point outside the checkout; see docs/reruns.md."
)
@json_option
@click.pass_obj
def command(
    location: RecordLocation,
    what: str,
    bisect: bool,
    max_runs: int | None,
    times: int | None,
    vary: bool,
    alone: bool,
    timeout: float | None,
    trust: bool,
    as_json: bool,
) -> int:
    """Run a test again as it ran when it failed.

    Says whether TEST fails the same way as when it last failed, or as in ERROR. It is run alone first, and then after
    the tests that ran before it in its process, in the same order, with the same number of workers. Hash seed, random
    seeds and recorded environment are the same. Whatever cannot be restored is reported. The record stays as it is.

    \b
    Exit status: 0 if it failed the same way at least once, else 1; with --vary, 0 if something matters, else 1.

    \b
    Example: debugloop reproduce test_discount --bisect
    Example: debugloop reproduce test_discount --vary
    """
    if max_runs and not bisect:
        raise click.UsageError("--max-runs requires --bisect.")
    if bisect and (times or alone):
        raise click.UsageError("--bisect cannot be combined with --times or --alone.")
    if vary and (bisect or alone):
        raise click.UsageError("--vary cannot be combined with --bisect or --alone.")
    from pytest_debugloop.answers.planning import planned_rerun
    from pytest_debugloop.cli.views.rerun import RerunPrinter

    failure, plan, suspects = planned_rerun(location, what, is_trusted=trust)
    printer = RerunPrinter(failure, plan.alone() if alone else plan, as_json=as_json)
    timeout = timeout or failure.patience
    if vary:
        return _vary(printer, timeout, times or _TIMES_VARIED)
    if bisect:
        return _bisect(printer, timeout, suspects, max_runs or _MAX_RUNS)
    return _repeat(printer, timeout, times)


def _repeat(printer: RerunPrinter, timeout: float, times: int | None) -> int:
    from pytest_debugloop.rerunning.rate import failure_rate
    from pytest_debugloop.rerunning.runner import rerun

    with printer.working(times) as run_begins:
        if not times and printer.plan.before:
            # Mostly nothing before it matters, and what ran before may take minutes.
            alone = rerun(printer.plan.alone(), timeout=timeout, progress=run_begins())
            if alone.is_same:
                printer.plan = printer.plan.alone()
                printer.print_outcomes([alone], None, failed_alone=True)
                return 0
        outcomes = [rerun(printer.plan, timeout=timeout, progress=run_begins()) for _ in range(times or 1)]
    same = sum(outcome.is_same for outcome in outcomes)
    tried = sum(outcome.is_tried for outcome in outcomes)
    printer.print_outcomes(outcomes, failure_rate(same, tried) if times and tried else None)
    return 0 if same else 1


def _vary(printer: RerunPrinter, timeout: float, times: int) -> int:
    from pytest_debugloop.cli.views.varied import found_of, print_varied
    from pytest_debugloop.rerunning import varying
    from pytest_debugloop.rerunning.runner import rerun

    plan = varying.base_of(printer.plan)
    settings = list(varying.settings_of(plan, locales=varying.known_locales()))
    with printer.working(None) as run_begins:

        def fails(setting: varying.Setting) -> bool | None:
            with varying.busy(setting.busy):
                outcome = rerun(setting.plan, timeout=timeout, progress=run_begins())
            return varying.failed_as_recorded(outcome, setting.plan)

        varied = varying.vary(varying.Setting("", "as it was", plan), settings, fails, times=times)
    found = found_of(varied)
    print_varied(printer, varied, found)
    return 0 if any(one.is_significant for one in found) else 1


def _bisect(printer: RerunPrinter, timeout: float, suspects: list[str], limit: int) -> int:
    from pytest_debugloop.rerunning.bisect import Verdict
    from pytest_debugloop.rerunning.runner import rerun
    from pytest_debugloop.rerunning.search import find_polluters

    outcomes: list[Outcome] = []
    with printer.working(None) as run_begins:

        def run(plan: Plan) -> Outcome:
            outcomes.append(rerun(plan, timeout=timeout, progress=run_begins()))
            return outcomes[-1]

        found = find_polluters(printer.plan, run, suspects=suspects, limit=limit)
    printer.print_result(found, outcomes)
    return {Verdict.PASSES: 1, Verdict.INTERRUPTED: 130}.get(found.verdict, 0)
