"""What is shown of a connection string leads there, and holds no secret; of a malformed one nothing is shown."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_debugloop.dsn import OPTIONS, describe_dsn, problem_of, public_dsn, value_problem

SECRET = "geheim"
PRINTABLE = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Zl", "Zp")), min_size=1, max_size=20)


@pytest.mark.parametrize(
    ("dsn", "shown"),
    [
        ("postgresql://ci@db.example.org/record", "postgresql://ci@db.example.org/record"),
        ("postgresql://ci:geheim@db.example.org:5433/record", "postgresql://ci@db.example.org:5433/record"),
        ("postgres://ci:ge:heim@db/record", "postgres://ci@db/record"),
        ("postgresql://ci:ge%40%2Fheim@[::1]:5433,spare/record", "postgresql://ci@[::1]:5433,spare/record"),
        ("postgresql://ci%40azure:geheim@db/record", "postgresql://ci%40azure@db/record"),
        ("postgresql://db/record?sslmode=require&password=geheim", "postgresql://db/record?sslmode=require"),
        ("postgresql:///record?host=%2Frun%2Fpg&passfile=geheim", "postgresql:///record?host=%2Frun%2Fpg"),
        ("postgresql://db?ssl=true", "postgresql://db?ssl=true"),
        ("postgresql://", "postgresql://"),
        ("host=db user=ci password=geheim dbname=record", "host=db user=ci dbname=record"),
        ("host=db password='ge \\' heim' sslpassword = geheim", "host=db"),
        ("host = '/a b' password=ge'h,\"eim\\ x\nuser=ci@azure", "host='/a b' user=ci@azure"),
        ("service=ci", "service=ci"),
    ],
)
def test_a_public_dsn_leads_to_the_same_place_without_its_secrets(dsn: str, shown: str) -> None:
    assert problem_of(dsn) == ""
    assert public_dsn(dsn) == shown
    assert SECRET not in describe_dsn(dsn)


@pytest.mark.parametrize(
    ("dsn", "problem"),
    [
        ("postgresql://ci:geheim", "port"),
        ("postgresql://ci:99999", "port"),
        ("postgresql://ci:geheim/record", "port"),
        ("postgresql://ci:x@geheim@db/record", "percent-encoded"),
        ("postgresql://ci:ge/heim@db/record", "percent-encoded"),
        ("postgresql://ci:1/geheim@db/record", "percent-encoded"),
        ("postgresql://ci:ge?heim@db/record", "percent-encoded"),
        ("postgresql://ci:ge#heim@db/record", "percent-encoded"),
        ("postgresql://ci:ge heim@db/record", "percent-encoded"),
        ("postgresql://ci:geheim%zz@db/record", "percent-encoded"),
        ("postgresql://ci%3Ageheim@db/record", "percent-encoded"),
        ("postgresql://db/record?password=a&b#geheim", "percent-encoded"),
        ("postgresql://db/record?password=a&geheim=b", "option"),
        ("postgresql://db/record?host=x%3Ageheim%40y", "percent-encoded"),
        ("postgresql+psycopg://ci:geheim@db/record", "scheme"),
        ("postgresql+psycopg2://ci:geheim@db/record?a=b", "scheme"),
        ("mysql://ci:geheim@db/record", "scheme"),
        (" postgresql://ci:geheim@db/record", "scheme"),
        ("POSTGRESQL://ci:geheim@db/record", "scheme"),
        ("ci:geheim@db", "name=value"),
        ("ci:ge=heim@db", "name=value"),
        ("geheim", "name=value"),
        ("host=db password=ge heim", "name=value"),
        ("host=db password='geheim", "name=value"),
        ("host=db password='ge'heim user=x", "name=value"),
        ("host=db pasword=geheim", "option"),
        ("host=db dbname=postgresql://ci:geheim@db", "percent-encoded"),
        ("host=ci:geheim@db", "percent-encoded"),
        ("host=ci:geheim", "percent-encoded"),
        ("host=db user=ci:geheim", "percent-encoded"),
        ("host=db port=5432,geheim", "port"),
        ("host=db password=geheim\0", "unprintable"),
        ("host=db password=geheim\x1b", "unprintable"),
    ],
)
def test_of_a_malformed_dsn_only_the_kind_of_problem_is_told(dsn: str, problem: str) -> None:
    assert problem in problem_of(dsn)
    assert public_dsn(dsn) is None
    told = describe_dsn(dsn)
    assert told.endswith(f"malformed: {problem_of(dsn)}")
    for part in ("geheim", "ge", "heim", "ci"):
        assert f" {part}" not in f" {told}".replace("/", " ").replace(":", " ")


@given(PRINTABLE, PRINTABLE)
def test_no_password_of_a_url_is_shown_escaped_or_not(first: str, second: str) -> None:
    password = f"Zq7{first}Xw9{second}Kp5"
    for written in (password, quote(password, safe=""), quote(password)):
        for dsn in (
            f"postgresql://ann:{written}@db/record",
            f"postgres://ann:{written}@db:5433,spare/record?sslmode=require",
            f"postgresql://ann:{written}@[::1]/record",
            f"postgresql:///record?user=ann&password={written}",
            f"postgresql+asyncpg://ann:{written}@db/record",
            f"mysql://ann:{written}@db/record",
            f"ann:{written}@db",
        ):
            shown = f"{describe_dsn(dsn)} {public_dsn(dsn)} {problem_of(dsn)}"
            assert not [part for part in ("Zq7", "Xw9", "Kp5") if part in shown], dsn
        # Without a host of its own, what follows an "@" that is not escaped is one.
        dsn, secret = f"postgresql://ann:{written}", written.rpartition("@")[0] or written
        shown = f"{describe_dsn(dsn)} {public_dsn(dsn)} {problem_of(dsn)}"
        assert not [part for part in ("Zq7", "Xw9", "Kp5") if part in secret and part in shown], dsn


@given(PRINTABLE, PRINTABLE)
def test_no_password_among_options_is_shown_quoted_or_not(first: str, second: str) -> None:
    password = f"Zq7{first}Xw9{second}Kp5"
    escaped = password.replace("\\", "\\\\").replace("'", "\\'")
    # Python calls no white space printable but the space.
    assert public_dsn(f"password='{escaped}' host=db") == ("host=db" if password.isprintable() else None)
    for dsn in (
        f"host=db password={password} user=ann",
        f"password = '{password}' user=ann",
        f"user=ann sslpassword={password}",
        f"user=ann host=db password '{password}'",
    ):
        shown = f"{describe_dsn(dsn)} {public_dsn(dsn)} {problem_of(dsn)}"
        assert not [part for part in ("Zq7", "Xw9", "Kp5") if part in shown], dsn


@given(st.text(max_size=60) | st.text(max_size=50).map("postgresql://{}".format))
def test_any_text_is_described_in_one_printable_line(dsn: str) -> None:
    assert describe_dsn(dsn).isprintable()
    assert (public_dsn(dsn) or "").isprintable()


def test_every_option_of_the_driver_is_known() -> None:
    from psycopg.pq import Conninfo

    assert {option.keyword.decode() for option in Conninfo.get_defaults()} <= OPTIONS


def test_a_secret_option_may_have_any_value() -> None:
    assert value_problem("password", "a@b/c: d\x1b") == ""
