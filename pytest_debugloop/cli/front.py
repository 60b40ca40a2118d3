"""``debugloop`` without a command: the front page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_debugloop.cli.output import show, write_json

if TYPE_CHECKING:
    from pytest_debugloop.answers.location import RecordLocation


def show_front_page(location: RecordLocation, *, as_json: bool) -> None:
    """Say what the last run here was, what is red, what is flaky, what waits, and what to type next.

    Args:
        location: where the record is.
        as_json: whether to write JSON.

    Raises:
        DebugloopError: there is a record, and it cannot be read.
    """
    from pytest_debugloop.answers.connection import open_record
    from pytest_debugloop.answers.filters import asked_project
    from pytest_debugloop.answers.front import as_json as plain_page
    from pytest_debugloop.answers.front import front_page
    from pytest_debugloop.answers.here import here
    from pytest_debugloop.answers.not_loaded import not_loaded
    from pytest_debugloop.cli.views.front import front_lines
    from pytest_debugloop.errors import EmptyRecordError, NoRecordError, NoSchemaError, NotLoadedError

    missing = not_loaded(location)
    page = None
    try:
        with open_record(location) as record:
            page = record.answer(front_page(record.answer(asked_project(location)), here(location)))
    except (EmptyRecordError, NoRecordError, NoSchemaError, NotLoadedError):
        pass  # the page says what to do
    if as_json:
        facts = plain_page(page) if page else {"run": None, "is_here": False, "red": [], "flaky": []}
        write_json("front", {"not_loaded": missing, **facts})
    else:
        show(front_lines(page, missing), paging=location.paging)
