"""What differs with each run of a CI does not bury what differs between two sides."""

from __future__ import annotations

from typing import Any

from pytest_debugloop.cli.commands.diff import _set_aside


def test_variables_of_the_ci_are_named_in_one_line_unless_the_code_names_them() -> None:
    variables: dict[str, list[Any]] = {
        "DATABASE": [None, {"hash": "12"}],
        "GITHUB_REF": ["refs/heads/a", "refs/heads/b"],
        "GITHUB_RUN_ID": [{"hash": "34"}, {"hash": "56"}],
        "TERM_PROGRAM": [{"hash": "78"}, None],
    }
    rest, aside = _set_aside(variables)
    assert list(rest) == ["DATABASE", "GITHUB_REF"]
    (line,) = aside
    assert line.endswith(": GITHUB_RUN_ID, TERM_PROGRAM")
    assert _set_aside(rest) == (rest, [])
