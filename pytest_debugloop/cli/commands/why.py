"""``debugloop why``: prove what made a test pass again, or what makes it fail."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.cli.completion import complete_thing
from pytest_debugloop.cli.output import json_option

if TYPE_CHECKING:
    from pytest_debugloop.answers.planning import PlannedProof

_MAX_RUNS = 30


@click.command()
@click.argument("what", metavar="TEST|ERROR|RECOVERY", shell_complete=complete_thing)
@click.option(
    "--max-runs",
    type=click.IntRange(1),
    default=_MAX_RUNS,
    metavar="N",
    help=f"Maximum number of runs; default: {_MAX_RUNS}.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    metavar="SECONDS",
    help="Time limit for each run; default: one minute plus five times the recorded run.",
)
@click.option("--bisect", is_flag=True, help="Find the commit between the two runs that changed the result.")
@click.option("--trust", is_flag=True, help="Also run code that only the record has; see docs/why.md.")
@json_option
@click.pass_obj
def command(
    location: RecordLocation, what: str, max_runs: int, timeout: float | None, bisect: bool, trust: bool, as_json: bool
) -> int:
    """Prove which change fixed or broke a test.

    If the test passes again, undoes the recorded changes one at a time, and runs the test alone until it fails as it
    did. If it still fails, finds the change since its last pass that makes it pass when undone. Your checkout is not
    modified. A proven reason is added to the record.

    \b
    Exit status: 0 if the reason is proved or the commit is found, else 1.
    \b
    Example: debugloop why test_discount
    Example: debugloop why test_discount --bisect
    """
    from pytest_debugloop.answers.kept_proof import keep_proved_reason
    from pytest_debugloop.answers.planning import planned_proof
    from pytest_debugloop.cli.views.proof import ProofPrinter
    from pytest_debugloop.rerunning.candidates import candidates_of, changes_of, not_undone
    from pytest_debugloop.rerunning.proving import Verdict
    from pytest_debugloop.rerunning.trials import Trials
    from pytest_debugloop.rerunning.undoing import Undoer

    asked = planned_proof(location, what, is_trusted=trust)
    case = asked.case
    if bisect:
        return _bisect(asked, max_runs, timeout or case.failure.patience, is_trusted=trust, as_json=as_json)
    is_open = case.recovery is None
    undoer = Undoer(
        asked.plan,
        asked.other_plan,
        asked.here,
        asked.there,
        changes_of(asked.evidence, is_open=is_open),
        timeout=timeout or case.failure.patience,
        is_trusted=trust,
    )
    found = candidates_of(asked.evidence, asked.strategy)
    left_out = {one: why for one in found if (why := undoer.obstacle(one)) is not None}
    likely = [one for one in found if one not in left_out]
    printer = ProofPrinter(case, asked.plan, as_json=as_json)
    with ExitStack() as stack:
        begins = stack.enter_context(printer.working())
        stack.enter_context(undoer.working())
        trials = Trials(undoer, case.failure, is_open, begins, printer.print_step)
        proof = trials.prove(likely, max_runs)
    if proof.verdict is Verdict.NOT_HERE:
        raise printer.refusal(trials.done[0])
    verified = printer.verified(proof, trials.done) if proof.verdict is Verdict.PROVED else None
    problem = keep_proved_reason(location, asked, verified) if verified is not None else None
    others = [f"{one.name}: {why}" for one, why in left_out.items()] + not_undone(asked.evidence)
    printer.print_proof(proof, trials.done, verified, others, problem)
    return 0 if verified is not None else 1


def _bisect(asked: PlannedProof, limit: int, timeout: float, *, is_trusted: bool, as_json: bool) -> int:
    from pytest_debugloop.cli.views.commits import BisectPrinter
    from pytest_debugloop.rerunning.commits import bisect
    from pytest_debugloop.rerunning.trials import answer_of

    failure, is_open = asked.case.failure, asked.case.recovery is None
    printer = BisectPrinter(asked.case, asked.plan, as_json=as_json)
    with printer.working() as begins:
        found = bisect(
            asked.plan,
            asked.there.recorded.git_commit,
            asked.here.recorded.git_commit,
            lambda outcome: answer_of(outcome, failure, is_open=is_open),
            timeout=timeout,
            limit=limit,
            is_trusted=is_trusted,
            begins=begins,
            on_step=printer.print_step,
        )
    printer.print_result(found)
    return 0 if found.first is not None else 1
