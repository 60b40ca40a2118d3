"""The command that a run prints leads to its record, and holds no secret."""

from __future__ import annotations

import shlex

from hypothesis import given
from hypothesis import strategies as st

from pytest_debugloop.summary.terminal import command_of


def test_the_command_is_one_that_a_shell_takes() -> None:
    given = {"--dsn": "host='/a b' user='x'", "--schema": "my schema"}
    assert shlex.split(command_of(given, str)) == ["debugloop", "--dsn", given["--dsn"], "--schema", "my schema"]
    assert command_of({}, str) == "debugloop"


def test_what_is_still_secret_is_left_out() -> None:
    def redacted(text: str) -> str:
        return text.replace("token", "[redacted]")

    assert command_of({"--dsn": "host=token"}, redacted) == "debugloop --dsn ..."


def test_a_malformed_connection_string_is_left_out() -> None:
    for dsn in ("postgresql://ann:geheim", "ann:geheim@db", "postgresql://ann:ge/heim@db"):
        assert command_of({"--dsn": dsn}, str) == "debugloop --dsn ..."


@given(st.text(max_size=50) | st.text(max_size=50).map("postgresql://{}".format), st.text(max_size=50))
def test_the_command_is_one_printable_line(dsn: str, schema: str) -> None:
    assert command_of({"--dsn": dsn, "--schema": schema}, str).isprintable()
