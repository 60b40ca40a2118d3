"""What failures of one cause have in common, in words."""

from __future__ import annotations

import pytest

from pytest_debugloop.text.causes import cause_title


@pytest.mark.parametrize(
    ("place", "title"),
    [
        (("responses.py", 444, "FileResponse.__call__"), "1,200 x KeyError in responses.py:444 FileResponse.__call__"),
        (("conftest.py", 3, "<module>"), "1,200 x KeyError in conftest.py:3"),
        (("conftest.py", None, None), "1,200 x KeyError in conftest.py"),
        ((None, None, None), "1,200 x KeyError"),
        (("a\x1b[2J.py", 1, "f"), r"1,200 x KeyError in a\x1b[2J.py:1 f"),
    ],
)
def test_a_cause_is_named_by_what_was_raised_and_where(
    place: tuple[str | None, int | None, str | None], title: str
) -> None:
    assert cause_title(1200, "KeyError", *place) == title
