"""Passwords in URLs and in connection strings of libpq, however they are written.

A password with a bare ``@``, ``/``, ``#`` or blank in it makes the URL one that no parser reads as it was meant. So all
is taken for it from after the first colon to the last ``@`` of the text that the URL stands in: up to the quote that
ends it, else to the end of the line or to the next URL in it. What this takes out too much is a place, and no secret.
"""

from __future__ import annotations

import re

from pytest_debugloop.capture.secret_marks import PLAIN, Marks, text_identity
from pytest_debugloop.lazy import lazy_pattern

_BEGIN = lazy_pattern(r"(?P<quote>\\{0,3}[\"'`])?\b(?P<scheme>[A-Za-z][A-Za-z0-9+.-]{0,40}):\\?/\\?/")
_NEXT_URL = lazy_pattern(r"\s[A-Za-z][A-Za-z0-9+.-]{0,40}:\\?/\\?/")
_LINE_END = lazy_pattern(r"[\n\r\0]")
_USER = lazy_pattern(r"[^\s/?#\"'`\\:\[]*:(?=\S)")
_TOKEN = lazy_pattern(r"[^\s/?#'\"@:]{16,}(?=@)")
# What is a port, and no password: in the schemes of the web a path after it may have an @.
_PORT = lazy_pattern(r"\d{1,5}(?=[\s\"'`,;)\]}>]|$)")
_PORT_AND_PATH = lazy_pattern(r"\d{1,5}[/?#]")
_WEB = frozenset({"http", "https", "ws", "wss", "git", "ssh", "ftp", "svn"})
_QUOTED_BYTES = lazy_pattern(r"(?:%[0-9A-Fa-f]{2})+")
_LONGEST = 2_000

_OPTION = lazy_pattern(
    r"(?<![\w.])(?P<name>password|sslpassword|passfile|oauth_client_secret|scram_client_key|scram_server_key)"
    r"\s{0,3}=\s{0,3}(?P<value>(?!\\{0,3}[\"'])(?:\\+.|[^\s\\])+)",
    re.IGNORECASE,
)
_OTHER_OPTION = lazy_pattern(
    r"(?<![\w.])(?:host|hostaddr|port|dbname|user|service|sslmode|target_session_attrs)\s{0,3}=\s{0,3}\S"
)
_AROUND = 300

# What libpq and its drivers quote of a connection string that they read otherwise than it was meant.
_QUOTED_PARTS = lazy_pattern(
    r"(?<=missing \"=\" after \")[^\"\n]+(?=\")"
    r"|(?<=invalid integer value \")[^\"\n]*[^\d\"\n][^\"\n]*(?=\" for connection option)"
    r"|(?:(?<=resolve host ')|(?<=resolve host \")|(?<=host name \"))[^\"'\n]+(?=@)"
)


def has_url(text: str) -> bool:
    """Tell whether there may be a URL in a text.

    Args:
        text: any text.
    """
    return ":" in text and ("://" in text or ":\\/\\/" in text)


def without_url_passwords(text: str, marks: Marks = PLAIN) -> str:
    """Take the user and the password out of the URLs in a text, and learn the passwords.

    Args:
        text: any text.
        marks: gives what stands in their place.
    """
    parts: list[str] = []
    done = 0
    for begin in _BEGIN.finditer(text):
        at = begin.end()
        if at < done:
            continue
        length = _length_of_user(text, at, begin["quote"] or "", begin["scheme"].lower())
        if length == 0 or text.startswith("[redacted", at):
            continue
        found = text[at : at + length]
        password = found.partition(":")[2] or found
        for secret in (password, _unquoted(password)):
            marks.learn(secret)
        parts += text[done:at], marks.mark("url", text_identity(found))
        done = at + length
    return "".join([*parts, text[done:]]) if parts else text


def _unquoted(text: str) -> str:
    """Take the percent signs out of a part of a URL; urllib is not loaded for it."""
    return _QUOTED_BYTES.sub(lambda match: bytes.fromhex(match[0].replace("%", "")).decode("utf-8", "replace"), text)


def _length_of_user(text: str, at: int, quote: str, scheme: str) -> int:
    """Count the characters before the @ that ends user and password; none where there is no password."""
    token = _TOKEN.match(text, at)
    user = _USER.match(text, at) if text.find("@", at, at + _LONGEST) >= 0 else None
    if user is None:
        return len(token[0]) if token is not None else 0
    line = _line(text, at)
    if quote and (quoted := _until(line, quote)) is not None and "@" in quoted:
        line = quoted
    password = user.end() - at
    if _PORT.match(line, password):
        return 0
    if _PORT_AND_PATH.match(line, password):
        if scheme in _WEB:
            return 0
        line = line.split(None, 1)[0]
    if not quote and (following := _NEXT_URL.search(line)):
        line = line[: following.start()]
    end = line.rfind("@")
    while end >= password and not line[end + 1 : end + 2].strip() and line.rfind("@", 0, end) >= password:
        end = line.rfind("@", 0, end)  # of a word: no host begins with a blank
    return end if end >= password else 0


def _line(text: str, at: int) -> str:
    end = _LINE_END.search(text, at, at + _LONGEST)
    return text[at : end.start() if end is not None else at + _LONGEST]


def _until(line: str, quote: str) -> str | None:
    """Give what stands before the quote that ends a text, neither escaped nor within a word; None where none does."""
    end = rf"{re.escape(quote)}(?=[\s,:;.)\]}}>\\\"'`]|$)"
    found = re.match(rf"(?:(?!{end})(?:\\+.|[^\\]))*(?={end})", line, re.DOTALL)
    return None if found is None else found[0]


def without_option_passwords(text: str, marks: Marks = PLAIN) -> str:
    """Take out of a text what libpq takes for the value of a password without quotes, where other options are near.

    Args:
        text: any text.
        marks: gives what stands in its place.
    """

    def replaced(match: re.Match[str]) -> str:
        near = text[max(match.start() - _AROUND, 0) : match.end() + _AROUND]
        value = match["value"].rstrip("\"'`)]},;")
        if not value or value.startswith("[redacted") or not _OTHER_OPTION.search(near):
            return match[0]
        marks.learn(value)
        begin = match.start("value") - match.start()
        return f"{match[0][:begin]}{marks.mark('key', text_identity(value))}{match[0][begin + len(value) :]}"

    return _OPTION.sub(replaced, text)


def has_driver_message(text: str) -> bool:
    """Tell whether a text may be what libpq says of a connection string.

    Args:
        text: any text.
    """
    has_host = "host" in text and ("resolve host" in text or "host name" in text)
    return has_host or "connection option" in text or ('"' in text and 'missing "="' in text)


def without_quoted_parts(text: str, marks: Marks = PLAIN) -> str:
    """Take out of a text what libpq quotes of a malformed connection string, which may be a part of the password.

    Args:
        text: any text.
        marks: gives what stands in its place.
    """
    return _QUOTED_PARTS.sub(lambda match: marks.mark("url", match[0]), text)
