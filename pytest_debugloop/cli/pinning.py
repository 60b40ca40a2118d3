"""What ``debugloop pin`` and ``debugloop unpin`` have in common."""

from __future__ import annotations

import click

from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.cli.output import write_json


def change_pin(location: RecordLocation, run: str, *, is_pinned: bool, as_json: bool) -> None:
    """Pin a run, or remove its pin, and say so.

    Args:
        location: where the record is.
        run: as it was typed.
        is_pinned: whether it is to be pinned.
        as_json: whether to answer in JSON.
    """
    from pytest_debugloop.answers.connection import check_schema, enter, open_server
    from pytest_debugloop.answers.lookup import find
    from pytest_debugloop.answers.record import Record
    from pytest_debugloop.loading.pins import set_pinned
    from pytest_debugloop.text.words import short

    with open_server(location) as (conninfo, connection):
        with connection.transaction():
            enter(connection, location.schema)
            check_schema(connection, location, conninfo)
            found = Record(connection).answer(find(run, location.asked_project(), ("run",)))
        set_pinned(connection, location.schema, found.id, is_pinned=is_pinned)
    if as_json:
        write_json("pin", {"run": str(found.id), "is_pinned": is_pinned})
    else:
        click.echo(f"Run {short(found.id)} is {'pinned and stays' if is_pinned else 'not pinned any more'}.")
