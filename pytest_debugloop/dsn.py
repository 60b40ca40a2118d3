"""Connection strings as people may see them: never with a password, and nothing at all of one that is malformed.

Who reads a string of another shape than the writer meant shows a part of the password as a host, a port or a database.
So what is shown is chosen by an allow-list: the whole string must be what libpq documents, with everything in it
escaped that has to be, or only the kind of problem is named.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_debugloop.lazy import lazy_pattern

SECRET_OPTIONS = frozenset(
    {"password", "passfile", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key"}
)
"""Options of libpq that are secrets, or say where one is."""

_OPTIONS = """
    service servicefile user passfile password channel_binding connect_timeout dbname host hostaddr port client_encoding
    options application_name fallback_application_name keepalives keepalives_idle keepalives_interval keepalives_count
    tcp_user_timeout sslmode sslnegotiation sslcompression sslcert sslkey sslcertmode sslpassword sslrootcert sslcrl
    sslcrldir sslsni requiressl requirepeer require_auth min_protocol_version max_protocol_version
    ssl_min_protocol_version ssl_max_protocol_version gssencmode krbsrvname gsslib gssdelegation replication
    target_session_attrs load_balance_hosts scram_client_key scram_server_key oauth_issuer oauth_client_id
    oauth_client_secret oauth_scope sslkeylogfile
"""
OPTIONS = frozenset(_OPTIONS.split())
"""All options of libpq, up to that of PostgreSQL 18."""

_SCHEMES = ("postgresql", "postgres")
_URL = lazy_pattern(
    r"(?P<scheme>\w+)://(?:(?P<user>[^@:/?#\s]*)(?P<password>:[^@/?#\s]*)?@)?"
    r"(?P<hosts>[^@/?#\s]*)(?P<dbname>/[^@:/?#\s]*)?(?:\?(?P<query>[^@?#\s]*))?"
)
_HOST = lazy_pattern(r"(?:\[[0-9A-Fa-f:.]+(?:%[\w.%-]+)?\]|[\w.%~-]*)(?::(?P<port>\d{0,5}))?")
_PAIR = lazy_pattern(r"\s*(?P<name>\w+)\s*=\s*(?P<value>'(?:[^'\\]|\\.)*'|(?!')(?:[^\s\\]|\\.)*)(?=\s|$)", re.DOTALL)
_ESCAPED = lazy_pattern(r"\\(.)", re.DOTALL)
_BAD_PERCENT = lazy_pattern(r"%(?![0-9A-Fa-f]{2})|%00")
# What no value of an option has in it, though a password or another connection string may.
_UNLIKELY = {
    "host": r"://|^[^/].*[@=]|^(?![0-9A-Fa-f:.,%]*$)[^/]*:",
    "hostaddr": r"[^0-9A-Fa-f:.,%\w-]",
    "port": r"[^\d,]|\d{6}",
    "user": r"[:/=\s]",
    "dbname": r"[@=]|://",
    "service": r"[@=:/]",
}
_ANY_UNLIKELY = r".@|://"

_NO_SCHEME = "it is neither a postgresql:// URL nor a list of name=value options"
_OTHER_SCHEME = "its scheme is neither postgresql:// nor postgres://"
_UNESCAPED = "a character in it has to be percent-encoded"
_NO_PORT = "its port is not valid"
_NO_OPTION = "libpq does not know one of its options"
_NO_PAIRS = "it is not a list of name=value options, with quotes around values that contain white space"
_UNPRINTABLE = "it contains unprintable characters"


class _MalformedError(ValueError):
    """Says what kind of problem there is, in words that hold nothing of the string."""


def problem_of(dsn: str) -> str:
    """Tell what is wrong with a connection string, in words that hold nothing of it.

    Args:
        dsn: any text.

    Returns:
        The kind of problem, fit to follow "its connection string is malformed:"; empty where there is none.
    """
    try:
        _parts(dsn)
    except _MalformedError as error:
        return str(error)
    return ""


def value_problem(name: str, value: str) -> str:
    """Tell whether the value of an option cannot be what it stands for, as where a URL was read otherwise than meant.

    Args:
        name: of an option of libpq.
        value: of it, without quotes and escapes.

    Returns:
        The kind of problem, in words that hold nothing of the value; empty where there is none.
    """
    if name in SECRET_OPTIONS:
        return ""
    if not value.isprintable():
        return _UNPRINTABLE
    if re.search(_UNLIKELY.get(name, _ANY_UNLIKELY), value) or (name == "port" and not _are_ports(value)):
        return _NO_PORT if name == "port" else _UNESCAPED
    return ""


def describe_dsn(dsn: str) -> str:
    """Show a connection string to people, without a driver at hand.

    Args:
        dsn: any text.

    Returns:
        Where it leads to, or the kind of problem that it has.
    """
    try:
        head, _, hosts, rest = _parts(dsn)
    except _MalformedError as error:
        return f"a server whose connection string is malformed: {error}"
    if head:
        return f"{head}://{hosts}{rest.partition('?')[0]}"
    return "PostgreSQL at " + (rest or "the default of libpq")


def public_dsn(dsn: str) -> str | None:
    """Give a connection string that leads to the same place, and may be printed: the password is asked for elsewhere.

    Args:
        dsn: any text.

    Returns:
        None for one that is malformed.
    """
    try:
        head, user, hosts, rest = _parts(dsn)
    except _MalformedError:
        return None
    return f"{head}://{user}{hosts}{rest}" if head else rest


def _parts(dsn: str) -> tuple[str, str, str, str]:
    """Give scheme, ``user@``, hosts, and the rest of a URL; of options only a rest; no secret in any of them."""
    if not dsn.replace("\t", " ").replace("\n", " ").isprintable():
        raise _MalformedError(_UNPRINTABLE)
    if not dsn.startswith(tuple(f"{scheme}://" for scheme in _SCHEMES)):
        if "://" in dsn.partition("=")[0]:
            raise _MalformedError(_OTHER_SCHEME)
        return "", "", "", " ".join(_shown_pairs(dsn))
    found = _URL.fullmatch(dsn)
    if found is None or _BAD_PERCENT.search(dsn):
        raise _MalformedError(_UNESCAPED)
    for host in found["hosts"].split(","):
        parsed = _HOST.fullmatch(host)
        if parsed is None or not _are_ports(parsed["port"] or ""):
            raise _MalformedError(_NO_PORT if ":" in host else _UNESCAPED)
    user = found["user"] or ""
    if re.search(_UNLIKELY["user"], _decoded(user)):
        raise _MalformedError(_UNESCAPED)
    from urllib.parse import quote, urlencode  # most runs have no connection string

    query = found["query"]
    kept = [] if query is None else list(_shown_parameters(query))
    rest = (found["dbname"] or "") + (f"?{urlencode(kept, quote_via=quote)}" if kept else "")
    at = "@" if found["user"] is not None else ""
    return found["scheme"], f"{user}{at}", found["hosts"], rest


def _shown_parameters(query: str) -> Iterator[tuple[str, str]]:
    if any("=" not in part for part in query.split("&")):
        raise _MalformedError(_UNESCAPED)
    from urllib.parse import parse_qsl

    for name, value in parse_qsl(query, keep_blank_values=True):
        if name == "ssl" and value == "true":  # as JDBC has it, which libpq takes
            yield name, value
            continue
        _check(name, value)
        if name not in SECRET_OPTIONS:
            yield name, value


def _shown_pairs(dsn: str) -> Iterator[str]:
    at, end = 0, len(dsn.rstrip())
    while at < end:
        pair = _PAIR.match(dsn, at)
        if pair is None:
            raise _MalformedError(_NO_PAIRS if "=" in dsn else _NO_SCHEME)
        value = pair["value"]
        _check(pair["name"], _ESCAPED.sub(r"\1", value[1:-1] if value.startswith("'") else value))
        if pair["name"] not in SECRET_OPTIONS:
            yield f"{pair['name']}={value}"
        at = pair.end()


def _check(name: str, value: str) -> None:
    if name not in OPTIONS:
        raise _MalformedError(_NO_OPTION)
    if problem := value_problem(name, value):
        raise _MalformedError(problem)


def _are_ports(text: str) -> bool:
    return all(not port or (port.isdecimal() and int(port) <= 65_535) for port in text.split(","))


def _decoded(text: str) -> str:
    from urllib.parse import unquote_to_bytes

    return unquote_to_bytes(text).decode("utf-8", "replace")
