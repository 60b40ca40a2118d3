"""What is printed of a record's place leads there, and holds no secret."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_debugloop.recording.target import command_of, describe_dsn, public_dsn


@pytest.mark.parametrize(
    ("dsn", "shown"),
    [
        ("postgresql://ci@db.example.org/record", "postgresql://ci@db.example.org/record"),
        ("postgresql://ci:geheim@db.example.org:5433/record", "postgresql://ci@db.example.org:5433/record"),
        ("postgresql://ci:ge:he@im@db/record", "postgresql://ci@db/record"),
        ("postgresql://db/record?sslmode=require&password=geheim", "postgresql://db/record?sslmode=require"),
        ("postgresql:///record?host=%2Frun%2Fpg&passfile=geheim", "postgresql:///record?host=%2Frun%2Fpg"),
        ("host=db user=ci password=geheim dbname=record", "host=db user=ci dbname=record"),
        ("host=db password='ge \\' heim' sslpassword = geheim", "host=db"),
        ("service=ci", "service=ci"),
    ],
)
def test_a_public_dsn_leads_to_the_same_place_without_its_secrets(dsn: str, shown: str) -> None:
    assert public_dsn(dsn) == shown
    assert "geheim" not in describe_dsn(dsn)


def test_the_command_is_one_that_a_shell_takes() -> None:
    given = {"--dsn": "host=/a b user='x'", "--schema": "my schema"}
    assert shlex.split(command_of(given, str)) == ["debugloop", "--dsn", "host=/a b user='x'", "--schema", "my schema"]
    assert command_of({}, str) == "debugloop"


def test_what_is_still_secret_is_left_out() -> None:
    def redacted(text: str) -> str:
        return text.replace("token", "[redacted]")

    assert command_of({"--dsn": "host=token"}, redacted) == "debugloop --dsn ..."


@given(st.text(max_size=50) | st.text(max_size=50).map("postgresql://{}".format), st.text(max_size=50))
def test_the_command_is_one_printable_line(dsn: str, schema: str) -> None:
    assert command_of({"--dsn": dsn, "--schema": schema}, str).isprintable()
