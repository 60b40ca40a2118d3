"""``debugloop diff``: what was different between two failures, or a failure and the pass that recovered it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.cli.completion import complete_thing
from pytest_debugloop.cli.json_pages import paged_json_option
from pytest_debugloop.cli.output import make_console, show, write_json
from pytest_debugloop.text.strategies import PAIRS

if TYPE_CHECKING:
    from pytest_debugloop.answers.comparison import Comparison, Side
    from pytest_debugloop.queries.recoveries import Recovery
    from pytest_debugloop.text.lines import Line


@click.command()
@click.argument("a", metavar="A", shell_complete=complete_thing)
@click.argument("b", metavar="[B]", required=False, shell_complete=complete_thing)
@paged_json_option
@click.pass_obj
def command(location: RecordLocation, a: str, b: str | None, as_json: bool) -> None:
    """Compare two failures or runs, or a failure with a pass.

    Shows differences in data, environment, test order and code. A and B are failures, passes, snapshots, runs, or tests
    (the last failure of each). If one of them is a run, it stands for what the test of the other did in it. Without B,
    A is compared with the pass that followed it, or, if it still fails, with the last pass before it, which is then the
    first side; a run is compared with the one before it on its branch. A can also be a recovery.

    \b
    Example: debugloop diff test_discount
    Example: debugloop diff 8cb8e15c 4923dbbd
    """
    from pytest_debugloop.answers.connection import open_record
    from pytest_debugloop.answers.differences import as_json as plain_comparison
    from pytest_debugloop.answers.differences import compared

    with open_record(location) as record:
        answer = record.answer(compared(a, b, location.asked_project(), location.checkout_project()))
    if as_json:
        write_json("diff", plain_comparison(answer))
    else:
        width = make_console().width
        show(_pages(answer.comparison, answer.recovery, width), paging=location.paging)


def _pages(comparison: Comparison, recovery: Recovery | None, width: int) -> Iterator[Line]:
    from pytest_debugloop.answers.recoveries import evidence_lines
    from pytest_debugloop.text.lines import Line
    from pytest_debugloop.text.printable import printable
    from pytest_debugloop.text.words import percent

    are_runs = comparison.before.kind == "run"
    if comparison.before.node_id and comparison.before.node_id == comparison.after.node_id:
        yield Line.of(printable(comparison.before.node_id), "title")
    yield from _side_lines("A", comparison.before, comparison.after)
    yield from _side_lines("B", comparison.after, comparison.before)
    if recovery is not None:
        sure = percent(float(recovery.confidence_score))
        path = f": {printable(recovery.recovery_path)}" if recovery.recovery_path else ""
        yield Line.of(f"The record says: {printable(str(recovery.recovery_strategy))}, confidence {sure}{path}", "pass")
    yield Line.of("")
    if not are_runs:  # each of their tests has data of its own
        yield from _data_lines(comparison, width)
    yield Line.of("environment", "title")
    changes: dict[str, Any] = {name: getattr(comparison, name) for name in PAIRS}
    changes["environment"], aside = _set_aside(changes["environment"])
    if any(changes.values()):
        yield from evidence_lines(changes)
        yield from (Line.of(f"    {words}", "faint") for words in aside)
    elif aside:
        yield from (Line.of(f"  {words}", "faint") for words in aside)
    else:
        yield Line.of("  the same" + (": both are from the same run" if comparison.same_run else ""))
    yield Line.of("order", "title")
    yield from _order_lines(comparison)
    yield Line.of("code", "title")
    if comparison.code is None:
        yield Line.of("  not known: the code of one side was not recorded")
    elif not comparison.code:
        yield Line.of("  the same")
    else:
        changed = [
            {"file": one.file, "function": one.function or "something", "change": one.change, "diff": one.diff}
            for one in comparison.code
        ]
        yield from evidence_lines({"code": changed})


def _set_aside(variables: dict[str, list[Any]]) -> tuple[dict[str, list[Any]], list[str]]:
    """Set variables aside that differ with each run of a CI, if the code does not name them."""
    from pytest_debugloop.sources.variables import tells_of_surroundings
    from pytest_debugloop.text.printable import printable

    aside = [
        name
        for name, values in variables.items()
        if tells_of_surroundings(name) and all(value is None or isinstance(value, dict) for value in values)
    ]
    rest = {name: values for name, values in variables.items() if name not in aside}
    words = f"of the CI, the terminal or the machine, and not named by the code: {printable(', '.join(aside))}"
    return rest, [words] if aside else []


def _data_lines(comparison: Comparison, width: int) -> Iterator[Line]:
    from pytest_debugloop.answers.recoveries import changed_values
    from pytest_debugloop.text.lines import Line

    yield Line.of("data", "title")
    if comparison.data is None:
        yield Line.of("  not known: one side has no snapshot (a pass has one only if it followed a failure in its run)")
    elif not comparison.data["changes"]:
        yield Line.of("  the same")
    else:
        yield from changed_values(comparison.data, width, heading="")


def _order_lines(comparison: Comparison) -> Iterator[Line]:
    from pytest_debugloop.text.lines import Line
    from pytest_debugloop.text.printable import printable
    from pytest_debugloop.text.words import counted

    order = comparison.order
    what = "ran" if comparison.before.kind == "run" else "ran before it"
    if not order.only_before and not order.only_after:
        yield Line.of(f"  the same: {counted(order.both, 'test')} {what}")
    for name, only in (("A", order.only_before), ("B", order.only_after)):
        if only:
            yield Line.of(f"  {what} only in {name}: {counted(len(only), 'test')}")
        for one in only[:10]:
            yield Line.of(f"    {printable(one)}")
        if len(only) > 10:
            yield Line.of(f"    … {len(only) - 10:,} more", "faint")


def _side_lines(name: str, one: Side, other: Side) -> Iterator[Line]:
    from pytest_debugloop.text.lines import Line
    from pytest_debugloop.text.printable import printable
    from pytest_debugloop.text.words import local, short

    words = {
        "error": ("failed", "fail"),
        "success": ("passed", "pass"),
        "snapshot": ("was captured", ""),
        "run": ("began", ""),
    }
    verb, style = words[one.kind]
    text = Line.of(f"{name} ", "title").append(verb, style)
    run = f", run {short(one.run_id)}" if one.run_id else ""
    yield text.append(f" {local(one.at)}{run}, by {printable(one.agent_name)}")
    if one.node_id != other.node_id:
        yield Line.of(f"    {printable(one.node_id)}")
