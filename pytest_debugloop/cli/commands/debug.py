"""``debugloop debug``: a post-mortem session on the recorded frames of a failure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.cli.completion import complete_thing
from pytest_debugloop.cli.output import json_option, write_json
from pytest_debugloop.text.json_values import plain

if TYPE_CHECKING:
    from pytest_debugloop.queries.debugging import FailureToDebug
    from pytest_debugloop.replay.sources import Source
    from pytest_debugloop.sources.stored import StoredFile


@click.command()
@click.argument("error", required=False, shell_complete=complete_thing)
@click.option("--pdbcls", metavar="MODULE:CLASS", help="Debugger class, as for pytest; default: pdb:Pdb.")
@click.option("--live", is_flag=True, help="Rerun the test as it ran, and stop at the failing frame.")
@click.option("--force", is_flag=True, help="With --live: continue even if the code has changed.")
@click.option("--trust", is_flag=True, help="With --live: allow recorded settings that point outside the checkout.")
@json_option
@click.pass_obj
def command(
    location: RecordLocation, error: str | None, pdbcls: str | None, live: bool, force: bool, trust: bool, as_json: bool
) -> int | None:
    """Open a debugger on a recorded failure.

    ERROR is the id of an error, which can be shortened to its first or last characters, or a test, whose last failure
    is taken; the default is the last failure. You see the recorded frames and values: the program is not running, and
    none of its code is run or imported. pdb's where, up, down, args, p, pp, l, ll, source, whatis and interact work;
    exceptions lists the chained exceptions. With --live the test really runs, after the tests that ran before it in its
    process, and with the same parameters and seeds.

    \b
    Example: debugloop debug
    Example: debugloop debug 8cb8e15c
    Example: debugloop debug 8cb8e15c --live
    Example: debugloop debug test_discount --pdbcls IPython.terminal.debugger:TerminalPdb
    Example: printf 'where\\nargs\\n' | debugloop debug 8cb8e15c
    """
    from pytest_debugloop.answers.connection import open_record
    from pytest_debugloop.answers.debugging import failure_to_debug, files_of_run
    from pytest_debugloop.answers.filters import asked_project
    from pytest_debugloop.snapshots.frames import files_of

    if live and as_json:
        raise click.UsageError("--json cannot be combined with --live.")
    debugger = None if live else _debugger(pdbcls)
    with open_record(location) as record:
        asked = failure_to_debug(error, record.answer(asked_project(location)), location.checkout_project())
        failure = record.answer(asked)
        exceptions = failure.state["exceptions"] if failure.state else []
        files = [] if as_json or live else record.answer(files_of_run(failure.code_version, files_of(exceptions)))
    if live:
        from pytest_debugloop.cli.live import debug_live

        return debug_live(location, str(failure.id), failure.state, pdbcls=pdbcls, force=force, trust=trust)
    if as_json:
        facts = {key: value for key, value in plain(failure).items() if key != "state"}
        write_json("debug", {"error": facts}, exceptions=exceptions)
    elif debugger is not None:
        _session(location, failure, files, debugger)
    return None


def _session(location: RecordLocation, failure: FailureToDebug, files: list[StoredFile], debugger: type) -> None:
    from pytest_debugloop.errors import NothingToDebugError
    from pytest_debugloop.replay.frames import rebuild
    from pytest_debugloop.replay.session import debug
    from pytest_debugloop.text.words import short

    sources, changed = _sources(location, failure, files)
    exceptions = rebuild(failure.state, failure.rootdir or str(location.rootdir), sources) if failure.state else []
    if not any(one.frames for one in exceptions):
        what = "its kind has none" if failure.snapshot_id is None else "none were captured"
        raise NothingToDebugError(id=short(failure.id), what=what)
    live = f"See it running: debugloop debug {short(failure.id)} --live"
    debug(exceptions, _banner(failure, changed, live), live, debugger)


def _sources(
    location: RecordLocation, failure: FailureToDebug, files: list[StoredFile]
) -> tuple[dict[str, Source], list[str]]:
    """Give the source of each file as the run had it, and the names of those that are not so any more."""
    from pathlib import Path

    from pytest_debugloop.answers.checkout import redactor_of_checkout
    from pytest_debugloop.replay.sources import assembled, whole
    from pytest_debugloop.snapshots.frames import contexts_of
    from pytest_debugloop.sources.checkout import find_file

    folders = [location.rootdir, *([Path(failure.rootdir)] if failure.rootdir else [])]
    redactor = redactor_of_checkout(location)
    exceptions = failure.state["exceptions"] if failure.state else []
    found: dict[str, Source] = {}
    changed: list[str] = []
    for file in files:
        units = [(unit.function, unit.text) for unit in file.units]
        text, is_current = find_file(folders, file.file, file.hash, redactor, units)
        if is_current is False:
            changed.append(file.file)
        if text is not None:
            found[file.file] = whole(text, file.units)
        else:
            found[file.file] = assembled(file.units, contexts_of(exceptions, file.file))
    return found, changed


def _banner(failure: FailureToDebug, changed: list[str], live: str) -> list[str]:
    from pytest_debugloop.text.printable import printable
    from pytest_debugloop.text.words import ago, error_line, local, short

    phase = [failure.phase or failure.error_type, *([f"attempt {failure.attempt}"] if failure.attempt else [])]
    facts = [f"run {short(failure.run_id)}" if failure.run_id else "a run that is not in the record"]
    if failure.git_commit:
        facts.append(f"commit {failure.git_commit[:12]}")
    if failure.python_version:
        facts.append(f"Python {failure.python_version}")
    lines = [
        f"{failure.node_id} ({', '.join(phase)})",
        error_line(failure.error_code, failure.error_type, failure.error_message),
        "RECORDED VALUES, not a running program: captured at "
        f"{local(failure.occurred_at)} ({ago(failure.occurred_at)}) in {', '.join(facts)}.",
    ]
    if failure.state is not None and failure.state.get("is_captured") is False:
        lines.append("Capturing is turned off for this test: only its frames are recorded, without values.")
    if changed:
        lines.append(f"The source shown is that of the run. Changed since: {', '.join(changed)}.")
    return [printable(line) for line in [*lines, live]]


def _debugger(name: str | None) -> type:
    """Import a debugger by its name, as pytest does."""
    import bdb
    import pdb
    from importlib import import_module

    from pytest_debugloop.errors import NoDebuggerError

    if name is None:
        return pdb.Pdb
    module, separator, path = name.partition(":")
    if not (module and separator and path):
        raise click.BadParameter(f"{name!r} does not have the form MODULE:CLASS.", param_hint="--pdbcls")
    try:
        found: Any = import_module(module)
        for part in path.split("."):
            found = getattr(found, part)
    except Exception as reason:  # whatever its module does when it is imported
        raise NoDebuggerError(name=name, reason=str(reason)) from reason
    if not isinstance(found, type) or not issubclass(found, bdb.Bdb):
        raise NoDebuggerError(name=name, reason="it is not a subclass of bdb.Bdb")
    return found
