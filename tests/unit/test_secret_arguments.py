"""What a command line tells of secrets is taken out word by word."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_debugloop.capture.redact import REDACTED, Redactor
from pytest_debugloop.capture.secret_arguments import redacted_arguments, redacted_words

REDACTOR = Redactor()
PASSWORD = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1).map("Zq7{}".format)


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["--debugloop-dsn=ann:geheim@db", "-v"], [f"--debugloop-dsn={REDACTED}", "-v"]),
        (["--debugloop-dsn", "ann:geheim@db", "tests"], ["--debugloop-dsn", REDACTED, "tests"]),
        (["-o", "debugloop_dsn=ann:ge heim"], ["-o", f"debugloop_dsn={REDACTED}"]),
        (["-odebugloop_dsn=ann:ge heim"], [f"-odebugloop_dsn={REDACTED}"]),
        (["--override-ini=api_token=x"], [f"--override-ini=api_token={REDACTED}"]),
        (["--api-token", "-v", "tests"], ["--api-token", "-v", "tests"]),
        (["-k", "token and not x=y", "tests/test_token.py"], ["-k", "token and not x=y", "tests/test_token.py"]),
    ],
)
def test_the_value_of_a_secret_option_is_taken_out_whole(words: list[str], shown: list[str]) -> None:
    assert redacted_arguments(words, REDACTOR) == shown


@given(PASSWORD)
def test_no_value_of_a_secret_option_is_kept(password: str) -> None:
    for words in ([f"--debugloop-dsn=ann:{password}@db"], ["--password", password], ["-o", f"password={password}"]):
        assert "Zq7" not in "".join(redacted_arguments(words, REDACTOR))


def test_words_in_a_variable_are_read_as_a_shell_does() -> None:
    assert redacted_words("-v --debugloop-dsn 'ann:ge heim@db' x", REDACTOR) == f"-v --debugloop-dsn '{REDACTED}' x"
    assert redacted_words("-v  -k 'a or b'", REDACTOR) == "-v  -k 'a or b'"
    assert redacted_words("it's password=geheim", REDACTOR) == f"it's password={REDACTED}"
