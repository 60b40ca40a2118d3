"""What is taken for a secret, and what is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_debugloop.capture.redact import REDACTED, Redactor
from pytest_debugloop.capture.secret_names import SecretNames
from tests.privacy.measure import measure
from tests.unit.shown import shown, shown_names

NAMES = SecretNames()
REDACTOR = Redactor()
# sentry_sdk.scrubber.DEFAULT_DENYLIST of sentry-sdk 2.75.
SENTRY = (
    *("password", "passwd", "secret", "api_key", "apikey", "credentials", "mysql_pwd", "privatekey", "private_key"),
    *("token", "csrftoken", "sessionid", "x_csrftoken", "x_forwarded_for", "set_cookie", "cookie", "authorization"),
    *(
        "proxy-authorization",
        "x_api_key",
        "aiohttp_session",
        "connect.sid",
        "csrf_token",
        "csrf",
        "_csrf",
        "_csrf_token",
    ),
    *("PHPSESSID", "symfony", "user_session", "_xsrf", "XSRF-TOKEN"),
)


@pytest.mark.parametrize("seed", [1, 3, 5])
def test_the_corpus_is_redacted_and_innocent_texts_are_not(seed: int) -> None:
    found = measure(seed)
    assert found.recall >= 0.99, found.missed
    assert found.false_alarms <= 0.005, found.changed
    assert found.false_alarms_in_source <= 0.001, found.changed


@pytest.mark.parametrize("name", SENTRY)
def test_every_name_of_sentrys_list_is_one_of_ours(name: str) -> None:
    assert NAMES.is_secret(name)
    assert shown_names([(name, "hunter2")]) == {name: REDACTED}


@pytest.mark.parametrize("name", ["auth", "session", "_session"])
def test_plain_data_under_the_names_of_objects_is_redacted_and_the_objects_are_shown(name: str) -> None:
    class Session:
        def __init__(self) -> None:
            self.timeout, self.password = 3, "hunter2"

    assert shown_names([(name, {"user": "ann"})]) == {name: REDACTED}
    assert shown_names([(name, ("ann", "hunter2"))]) == {name: REDACTED}
    found = shown_names([(name, Session())])[name]
    assert (found["timeout"], found["password"]) == (3, REDACTED)


@pytest.mark.parametrize(
    "name",
    [
        *("db_password", "dbPassword", "DB-PASSWORD", "userPasswd", "clientSecret", "X-Api-Key", "accessToken", "DSN"),
        *("SENTRY_DSN", "aws_secret_access_key", "AWS_SESSION_TOKEN", "jwt", "bearer", "creds", "cardNumber", "cvv"),
        *("id_token", "refresh_token", "session_cookie", "ssh_key", "signingKey", "otp", "stripe_webhook_secret"),
    ],
)
def test_names_of_secrets_are_found_as_words_of_a_name(name: str) -> None:
    assert NAMES.is_secret(name)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "user",
            "keyboard",
            "monkey",
            "tokyo",
            "passenger",
            "bypass",
            "compass",
            "secretary",
            "tokenizer",
            "tokenize",
        ),
        *("token_type", "token_count", "max_tokens_limit", "password_field", "is_secret", "has_token", "cookie_name"),
        *(
            "token_url",
            "secret_name",
            "password_length",
            "needs_password",
            "primary_key",
            "foreign_key",
            "key",
            "author",
        ),
        *("authority", "pin_code_length", "session_factory", "description", "sort_key", "cache_key"),
    ],
)
def test_names_that_tell_of_no_secret_are_left_alone(name: str) -> None:
    assert not NAMES.is_secret(name)


def test_none_switches_and_functions_are_no_secrets() -> None:
    found = shown_names([("password", None), ("token", False), ("secret", len), ("tokens", 512), ("api_key", "")])
    assert (found["password"], found["token"], found["tokens"]) == (None, False, 512)
    assert found["secret"]["name"] == "len"


def test_what_lies_under_a_name_is_redacted_whatever_it_is() -> None:
    for value in ("text", b"bytes", 1234, ["list"], {"a": "dict"}, ("tuple",), object(), 1.5):
        assert shown_names([("password", value)]) == {"password": REDACTED}


def test_a_secret_is_taken_out_of_every_other_value() -> None:
    found = shown_names(
        [
            ("password", "correct-horse-7"),
            ("message", "login with correct-horse-7 failed"),
            ("nested", [{"headers": {"X": "correct-horse-7"}}, b"correct-horse-7"]),
            ("correct", "horse"),
        ]
    )
    assert "correct-horse-7" not in str(found)
    assert found["message"] == f"login with {REDACTED} failed"
    assert found["correct"] == "horse"


def test_a_short_secret_does_not_redact_half_of_the_snapshot() -> None:
    found = shown_names([("password", "test"), ("text", "the test of a tester")])
    assert found == {"password": REDACTED, "text": "the test of a tester"}


def test_a_secret_is_found_where_a_text_is_cut() -> None:
    key = "gh" + "p_" + "a1B2" * 9
    for before in range(60, 100):
        found = str(shown((". " * before)[:before] + key + " y" * 500, characters=100))
        assert key[:12] not in found


def test_secrets_in_keys_are_taken_out() -> None:
    key = "gh" + "p_" + "a1B2" * 9
    assert key not in str(shown({key: 1, f"x {key}": [{key: key}]}))
    assert "hunter22" not in str(shown({"postgres://ann:hunter22@db/x": {"me": 1}}))


def test_a_reference_does_not_tell_a_secret_key() -> None:
    shared = [1]
    key = "postgres://ann:hunter22@db/x"
    found = str(shown({"a": {key: [shared]}, "b": [[[[shared]]]]}))
    assert "hunter22" not in found
    assert "$ref" in found


@given(st.text(max_size=300))
def test_redaction_of_any_text_is_stable(text: str) -> None:
    once = REDACTOR.text(text)
    assert REDACTOR.text(once) == once


@given(st.text(st.characters(codec="utf-8"), min_size=8, max_size=40))
def test_no_value_under_the_name_of_a_secret_is_ever_shown(secret: str) -> None:
    found = str(shown_names([("api_token", secret), ("other", [f"<{secret}>", {"k": f" {secret} "}])]))
    if not secret.isalnum():
        return  # what begins or ends with no letter may be a part of a longer word
    assert secret not in found


def test_what_stands_in_the_place_of_a_secret_tells_nothing_of_it() -> None:
    lengths = {shown_names([("password", "x" * n)])["password"] for n in (3, 30, 300)}
    assert lengths == {REDACTED}


@pytest.mark.parametrize(
    "text", ["wobble=abcdef", "call(wobble='abcdef')", "{'my_wobble': 'abcdef'}", "pin: abcdef", "tool --wobble abcdef"]
)
def test_a_name_that_the_user_adds_is_found_in_texts_too(text: str) -> None:
    redactor = Redactor(names=["wobble", "^pin$"])
    assert "abcdef" not in redactor.text(text)
    assert Redactor().text(text) == text
