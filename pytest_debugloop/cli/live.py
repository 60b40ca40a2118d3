"""``debugloop debug ERROR --live``: the recorded failure again, in the user's own debugger."""

from __future__ import annotations

import click

from pytest_debugloop.answers.location import RecordLocation


def debug_live(
    location: RecordLocation, what: str, *, pdbcls: str | None = None, force: bool = False, trust: bool = False
) -> int:
    """Run a test as it ran, and stop at the frame that failed.

    Args:
        location: where the record is.
        what: an error or a test, as somebody typed it.
        pdbcls: the debugger, as ``module:class``; else the one that pytest is configured for.
        force: whether to go on where the code is not what was recorded.
        trust: whether to take all that the record says, also what brings in code from elsewhere.

    Returns:
        The exit status: 0 where it stopped there, else 1.

    Raises:
        CodeChangedError: the code of the frames is not what was recorded.
        DebugloopError: there is no such failure, or it cannot be run here.
    """
    from pytest_debugloop.answers.planning import planned_rerun
    from pytest_debugloop.rerunning.live import run_live, stop_of
    from pytest_debugloop.text.printable import printable

    failure, plan, _ = planned_rerun(location, what, is_trusted=trust)
    stop = stop_of(failure, plan, force=force)
    plan = plan.in_one_process()
    for note in plan.notes:
        click.echo(f"note: {printable(note)}", err=True)
    live = run_live(plan, stop, pdbcls)
    if not live.stopped:
        click.echo(f"It did not stop at the recorded failure: {printable(live.reason)}.", err=True)
    return 0 if live.stopped else 1
