"""``debugloop debug ERROR --live``: the recorded failure again, in the user's own debugger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pytest_debugloop.answers.location import RecordLocation

if TYPE_CHECKING:
    from pytest_debugloop.snapshots.agent_state import AgentState

_LEVELS = 3
_WIDEST = 120


def debug_live(
    location: RecordLocation,
    what: str,
    state: AgentState | None,
    *,
    pdbcls: str | None = None,
    force: bool = False,
    trust: bool = False,
) -> int:
    """Run a test as it ran, and stop at the frame that failed.

    Args:
        location: where the record is.
        what: an error or a test, as somebody typed it.
        state: the recorded one, whose values the debugger shows beside the living.
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
    stop = stop_of(failure, plan, force=force, recorded=_recorded(state))
    plan = plan.in_one_process()
    for note in plan.notes:
        click.echo(f"note: {printable(note)}", err=True)
    live = run_live(plan, stop, pdbcls)
    if not live.stopped:
        click.echo(f"It did not stop at the recorded failure: {printable(live.reason)}.", err=True)
    return 0 if live.stopped else 1


def _recorded(state: AgentState | None) -> dict[str, list[str]]:
    """Write the recorded locals of the project's frames as trees."""
    from pytest_debugloop.cli.output import make_console
    from pytest_debugloop.cli.views.frames import locals_lines
    from pytest_debugloop.rerunning.script import frame_key

    width = min(make_console().width, _WIDEST)
    found: dict[str, list[str]] = {}
    for number, exception in enumerate(state.get("exceptions", ()) if state else ()):
        for index, frame in enumerate(exception["frames"]):
            if state is not None and not frame.get("is_folded"):
                lines = locals_lines(state, (number, index), width, levels=_LEVELS)
                found[frame_key(str(frame["file"]), str(frame["function"]))] = [line.plain[4:] for line in lines]
    return found
