"""Check of what stays running when nobody uses the record: the embedded server, and the process that stops it."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.cli.checks.check import OK, WARNING, Check
from pytest_debugloop.database.embedded import is_in_use
from pytest_debugloop.database.lingering import keeper_of, seconds_to_linger
from pytest_debugloop.database.processes import server_number


def lingering(location: RecordLocation) -> Iterator[Check]:
    """Look whether the embedded server runs, and until when.

    Args:
        location: where the record is.
    """
    if location.dsn:
        return
    server, keeper = server_number(location.folder / "postgres")[0], keeper_of(location.folder)
    if not server:
        after = f"for {location.linger:g} s after each use" if location.linger else "only while it is used"
        yield Check("lingering", OK, f"the embedded server is not running; it runs {after}")
    elif is_in_use(location.folder):
        yield Check("lingering", OK, f"the embedded server (process {server}) is in use")
    elif keeper:
        seconds = seconds_to_linger(location.folder)
        text = f"the embedded server (process {server}) runs for {seconds:g} s after its last use"
        yield Check("lingering", OK, f"{text}; process {keeper} then stops it, debugloop stop does it now")
    else:
        text = f"the embedded server (process {server}) is running, but nobody uses it, and no process will stop it"
        yield Check("lingering", WARNING, text, "run debugloop stop.")
