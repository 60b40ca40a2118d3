"""The front page as people read it."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_debugloop.answers.front import SHOWN, FrontPage
from pytest_debugloop.answers.not_loaded import NotLoaded
from pytest_debugloop.cli.views.run import run_lines
from pytest_debugloop.text.lines import Line
from pytest_debugloop.text.printable import printable
from pytest_debugloop.text.words import counted, error_line, percent, short


def front_lines(page: FrontPage | None, missing: NotLoaded) -> Iterator[Line]:
    """Write the front page.

    Args:
        page: what the record knows; None without a record.
        missing: the runs that it does not have yet.
    """
    yield from missing.lines()
    if page is None:
        if missing.waiting:
            yield Line.of("  debugloop load          stores the runs that are waiting")
        else:
            yield Line.of("There is no record here yet.", "title")
            yield Line.of("  pytest --debugloop      records a run of the tests; then type `debugloop` again")
            yield Line.of("  debugloop --dsn DSN     reads a record on a server")
            yield Line.of("  debugloop doctor        checks the set-up")
            yield Line.of("  debugloop --help        lists all commands")
        return
    yield Line.of("Last run here" if page.is_here else "Last run (none was recorded in this checkout)", "title")
    yield from run_lines(page.run, has_ids=False)
    yield Line.of()
    branch = f" on {printable(page.run.git_branch)}" if page.run.git_branch else ""
    if page.red:
        yield Line.of(f"Red{branch} ({counted(len(page.red), 'cause')})", "title")
    else:
        yield Line.of(f"Nothing is red{branch}.", "pass")
    for group in page.red[:SHOWN]:
        others = f" and {counted(group.tests - 1, 'other')}" if group.tests > 1 else ""
        yield Line.of(f"  {printable(group.last_node_id)}{others}", "fail", is_whole=True).append(
            f"  {short(group.last_error_id)}", "id"
        )
        yield Line.of(f"      {error_line(group.error_code, group.error_type, group.error_message)}", is_cut=True)
    if len(page.red) > SHOWN:
        yield Line.of(f"  and {len(page.red) - SHOWN} more: `debugloop failures --open` lists all", "faint")
    yield Line.of()
    more = " or more" if len(page.flaky) == SHOWN else ""
    if page.flaky:
        yield Line.of(f"Flaky ({len(page.flaky)}{more})", "title")
    else:
        yield Line.of("No test is known to be flaky.")
    for test in page.flaky:
        share = percent(test.failures / test.attempts)
        failed = f"failed {test.failures:,} of {test.attempts:,} ({share})"
        yield Line.of(f"  {failed}  {printable(test.node_id)}", is_whole=True)
    yield Line.of()
    yield Line.of("Next", "title")
    for command, purpose in _next(page, missing):
        yield Line.of(f"  {command:<32}", "name").append(f"  {purpose}")


def _next(page: FrontPage, missing: NotLoaded) -> Iterator[tuple[str, str]]:
    if missing.waiting:
        yield "debugloop load", "store the runs that are waiting"
    if page.red:
        error = short(page.red[0].last_error_id)
        yield f"debugloop show {error}", "all about the most frequent failure"
        yield f"debugloop reproduce {error}", "run it again as it ran"
        yield f"debugloop debug {error}", "open a debugger where it failed"
    elif page.run.recoveries_total:
        yield "debugloop recoveries", "why failed tests passed again"
    else:
        yield "debugloop show", "the last run"
    if page.flaky:
        yield "debugloop flaky", "how flaky tests fail, and with what that goes together"
    yield "debugloop --help", "all commands"
