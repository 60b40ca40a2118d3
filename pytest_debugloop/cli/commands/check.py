"""``debugloop check``: a gate for CI that lets known failures and known flakes pass."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.cli.deadline import deadline
from pytest_debugloop.cli.failing import fault, is_expected
from pytest_debugloop.cli.filters import filter_options
from pytest_debugloop.cli.output import json_option, show, write_json
from pytest_debugloop.cli.sides import named_sides, side_arguments
from pytest_debugloop.errors import CannotJudgeError

if TYPE_CHECKING:
    from pytest_debugloop.answers.compared_runs import RunsCompared
    from pytest_debugloop.answers.filters import TypedFilters

UNKNOWN = 3
"""The exit status where nothing can be judged."""


@click.command()
@side_arguments
@click.option(
    "--fail-on",
    default="new,changed,broken",
    show_default=True,
    help="What fails the check, comma-separated: new, changed (another error than on the base), known (red on the base "
    "too), flaky (known to be flaky), broken (a run that broke off, ran nothing, or failed outside of tests).",
)
@click.option("--new-flakes-only", is_flag=True, help="Fail only on tests that became flaky.")
@click.option(
    "--if-unknown",
    type=click.Choice(["fail", "pass"]),
    default="fail",
    show_default=True,
    help="Result if the record cannot answer: exit status 3, or 0.",
)
@click.option(
    "--timeout", type=click.FloatRange(min=1), default=60.0, show_default=True, help="Maximum time in seconds."
)
@filter_options
@json_option
@click.pass_obj
def command(
    location: RecordLocation,
    a: str | None,
    b: str | None,
    fail_on: str,
    new_flakes_only: bool,
    if_unknown: str,
    timeout: float,
    typed: TypedFilters,
    as_json: bool,
) -> None:
    """Fail only if a run has failures that its base has not.

    Compares A with B as `debugloop compare` does. By default, known flaky tests, and tests that fail the same way on
    the base, do not count. Stores waiting runs first. Use it in the job that ran pytest, or in a later
    one. --branch, --change and --session name A; the other options that narrow the list leave out runs and tests of
    both sides.

    \b
    Exit status: 0 passed, 1 failed, 2 usage error, 3 cannot be judged (no record, no run, no answer in time).
    \b
    Example: debugloop check --fail-on new,changed
    Example: debugloop check --leg py312 --test "tests/api and not slow"
    """
    from pytest_debugloop.answers.gate import BROKEN, RULES, judge, verdict_words

    rules = [rule.strip() for rule in fail_on.split(",") if rule.strip()]
    if unknown := [rule for rule in rules if rule not in (*RULES, BROKEN)]:
        raise click.BadParameter(f"{unknown[0]!r} is none of {', '.join((*RULES, BROKEN))}.", param_hint="--fail-on")
    a, b, typed = named_sides(a, b, typed)
    try:
        with deadline(timeout):
            compared = _compared(location, a, b, typed)
    except Exception as error:
        from pytest_debugloop.text.printable import printable

        # A fault of ours is no verdict on a change either.
        reason = printable(" ".join(str(error if is_expected(error) else fault(error)).split()))
        if as_json:
            write_json("check", {"verdict": "unknown", "passed": if_unknown == "pass", "reason": reason})
        click.echo(f"Check: cannot be judged: {reason}", err=as_json)
        raise SystemExit(UNKNOWN if if_unknown == "fail" else 0) from None
    verdict = judge(compared, rules, new_flakes_only=new_flakes_only)
    if as_json:
        facts = {
            "verdict": "passed" if verdict.passed else "failed",
            "passed": verdict.passed,
            "reason": verdict_words(verdict),
            "problems": verdict.problems,
            "notes": compared.notes,
        }
        write_json("check", facts, stopped_by=verdict.stopped_by, allowed=verdict.allowed)
    else:
        from pytest_debugloop.answers.compared_lines import verdict_lines

        show(verdict_lines(verdict), paging=False)
    raise SystemExit(0 if verdict.passed else 1)


def _compared(location: RecordLocation, a: str | None, b: str | None, typed: TypedFilters) -> RunsCompared:
    from pytest_debugloop.answers.comparing_here import runs_compared_here
    from pytest_debugloop.loading.waiting import load_waiting, runs_being_stored, waiting_runs

    order = location.loader_order()
    found = waiting_runs(order)
    if any(found):
        left = load_waiting(order, found=found).left
        while runs_being_stored(order, left.going_on):  # of a pytest that died, say: its loader is about to be done
            time.sleep(0.1)
            left = waiting_runs(order)
        if a is None and typed.session is None and (left.waiting or left.going_on):
            waiting = len(left.waiting) + len(left.going_on)
            raise CannotJudgeError(reason=f"{waiting} runs are not stored yet; see `debugloop load`")
    return runs_compared_here(location, a, b, typed)
