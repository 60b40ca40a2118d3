"""No password of a URL, of a connection string or of a variable is kept, whatever characters are in it."""

from __future__ import annotations

import json
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pytest_debugloop.capture.redact import REDACTED, Redactor
from pytest_debugloop.capture.secret_marks import NumberedMarks
from pytest_debugloop.capture.secret_urls import without_url_passwords
from tests.unit.shown import numbered_names

REDACTOR = Redactor()
PRINTABLE = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Zl", "Zp")), min_size=1, max_size=15)
PARTS = ("Zq7", "Xw9", "Kp5")
PASSWORD = st.tuples(PRINTABLE, PRINTABLE).map(lambda two: f"Zq7{two[0]}Xw9{two[1]}Kp5")
SCHEMES = st.sampled_from(["postgresql", "postgres", "postgresql+psycopg", "mysql", "redis", "amqps", "https", "ftp"])


def told(text: object) -> list[str]:
    return [part for part in PARTS if part in str(text)]


@given(PASSWORD, SCHEMES)
def test_no_password_of_a_url_is_left_in_a_text(password: str, scheme: str) -> None:
    assume(" " not in password or "://" not in password)  # or it is another URL
    for written in (password, quote(password, safe="")):
        url = f"{scheme}://ann:{written}@db.example.org:5432/shop"
        for text in (
            url,
            f"cannot connect to {url} now",
            repr(url),
            repr([{"url": url, "user": "bob@example.org"}]),
            json.dumps({"url": url}),
            json.dumps(url).replace("/", "\\/"),
            f"first\n{url}\nlast",
            f"x = {url!r}  # see http://localhost:8000/x",
        ):
            shown = REDACTOR.text(text)
            assert not told(shown), text
            assert "[redacted: url]@db.example.org" in shown
        assert not told(REDACTOR.text(f"connect({url!r})", is_source=True))


@given(PASSWORD)
def test_no_password_of_a_connection_string_is_left_in_a_text(password: str) -> None:
    quoted = "'" + password.replace("\\", "\\\\").replace("'", "\\'") + "'"
    escaped = "".join(f"\\{c}" if c.isspace() or c in "\\'" else c for c in password)
    for value in (quoted, escaped):
        dsn = f"host=db user=ann password={value} dbname=shop"
        for text in (dsn, f"cannot connect with {dsn}", repr(dsn), f"password={value} host=db"):
            assert not told(REDACTOR.text(text)), text


@given(PASSWORD)
def test_no_secret_variable_is_left_in_a_text(password: str) -> None:
    assert not told(REDACTOR.text(f"HOME=/root\nDB_PASSWORD={password}\nLANG=C"))


@given(PASSWORD, SCHEMES)
def test_what_a_url_tells_is_taken_out_of_all_other_values(password: str, scheme: str) -> None:
    assume(" " not in password or "://" not in password)
    assume(password[-1].isalnum())
    url = f"{scheme}://ann:{quote(password, safe='')}@db/shop"
    values = {"url": url, "parts": urlsplit(url), "decoded": password, "says": f"no '{password}' for you"}
    assert not told(numbered_names(values.items()))


@pytest.mark.parametrize(
    "text",
    [
        "http://localhost:8000/users/@me",
        "https://registry.example.org:4873/@scope/package",
        "redis://cache:6379/0 is down, tell ops@example.org",
        "postgres://db:5432/shop: refused; mail a@b.org",
        "see http://example.org/a:b and write to a@b.org",
        "git clone ssh://git@example.org:22/x.git",
        "git@example.org:x/y.git",
        "{'url': 'http://localhost:8000', 'mail': 'a@b.org'}",
        "http://[::1]:8000/a@b",
        "at 10:30 mail a@b.org",
        "file:///a:b@c",
    ],
)
def test_a_url_without_a_password_stays(text: str) -> None:
    assert REDACTOR.text(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a://u:pa@ss/wo#rd x@host/db", "a://[redacted: url]@host/db"),
        ("a://u:p@h1 and b://v:q@h2", "a://[redacted: url]@h1 and b://[redacted: url]@h2"),
        ("a://u@azure:p@h", "a://[redacted: url]@h"),
        ("a://u:p@", "a://[redacted: url]@"),
        ("at 'a://u:p@'s@h/x'", "at 'a://[redacted: url]@h/x'"),
        ("'a://u:p@h', 'x@y'", "'a://[redacted: url]@h', 'x@y'"),
        ("password='it\\'s x' user=ann host=db", f"password='{REDACTED}' user=ann host=db"),
        ('"host=db password=a,b;c"', f'"host=db password={REDACTED}"'),
        ("Client(password=abcd, x=1)", f"Client(password={REDACTED}, x=1)"),
    ],
)
def test_a_place_is_kept_where_it_can_be_told(text: str, shown: str) -> None:
    assert REDACTOR.text(text) == shown


def test_a_text_of_many_urls_is_read_in_time_that_grows_with_its_length() -> None:
    text = "x://a:" * 100_000 + "u:p@h x://" * 20_000
    assert without_url_passwords(text, NumberedMarks()).count("u:p@") == 0


@pytest.mark.parametrize(
    "dsn", ["ann:geheim@db", "postgresql://ann:geheim", "postgresql://ann:x@geheim@localhost:1/db", "host=db geheim"]
)
def test_what_libpq_quotes_of_a_malformed_connection_string_is_not_kept(dsn: str) -> None:
    from psycopg.pq import PGconn

    said = PGconn.connect(dsn.encode()).get_error_message()
    assert "geheim" in said
    assert "geheim" not in REDACTOR.text(said)


def test_what_psycopg_quotes_of_one_is_not_kept() -> None:
    said = "failed to resolve host 'geheim@localhost': [Errno -2] Name or service not known"
    assert REDACTOR.text(said) == said.replace("geheim", "[redacted: url]")
