"""Secrets are taken out before anything is written: by the name they lie under, and by their shape in any text.

What stands in their place says why (``[redacted: key]``, ``[redacted: jwt]``) and nothing of what it was: no hash, no
length. Shapes are looked for only where a cheap look finds a sign of one, for most texts hold none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from pytest_debugloop.capture.secret_names import EVERYTHING, NO_NUMBERS, SecretNames
from pytest_debugloop.capture.secret_shapes import SHAPES, without_base64, without_cards, without_key_bodies

if TYPE_CHECKING:
    from pytest_debugloop.settings import Settings

REDACTED = "[redacted: key]"

# Of which one is in every text that tells a secret together with its name.
_KEY_SIGNS = (
    *("passw", "passphrase", "passcode", "secret", "token", "apikey", "api-key", "api key", "accesskey", "_key"),
    *("authoriz", "cookie", "credential", "pwd", "bearer", "sessionid", "session_id", "session-id", "dsn", "srf"),
    *("basic ", "digest ", "cvv", "jwt", "card"),
)
# A name and what stands between it and a value; then the value, in quotes or without. A name begins where a word does,
# so that a long text is not read once for every letter of it.
_NAME = re.compile(
    r"""(?<![\w.])(?P<name>[A-Za-z_][\w.-]{0,80})"""
    r"""\\{0,3}["']?\]?[ \t]{0,3}(?::[ \t]?(?:str|bytes)[ \t]?=|[!=]?={1,2}|:)[ \t]{0,3}"""
)
_QUOTED = re.compile(r"""[bBrRuUfF]{0,2}(?P<quote>\\{0,3}["'])(?P<value>(?:(?!(?P=quote))[^\n])*)""")
_UNQUOTED = re.compile(r"""(?P<value>[^\s"',;&<>(){}\[\]=:\\][^\s"',;&<>(){}\[\]]{3,})(?P<more>[ ][a-z]{2,})?""")
_FLAG = re.compile(r"(?<!\S)(?P<name>--[\w-]{3,60})(?P<mid>[ ]+)(?P<value>[^\s-]\S{3,})")
_SCHEME = re.compile(
    r"\b(?P<scheme>Bearer|Basic|Token|Digest|Negotiate)\s+(?P<value>[\w.~+/-]{8,}={0,2})(?![\w=:])", re.IGNORECASE
)
# Of an assertion's explanation: `+  where 'x' = client.token`.
_WHERE = re.compile(
    r"^[E ]*\+ +(?:where|and) +(?P<value>[^\n]{6,}) = [^\n]*?(?P<name>[A-Za-z_]\w*)(?:\(\))?$", re.MULTILINE
)
_NO_SECRET = re.compile(
    r"(none|null|true|false|bearer|basic|digest|token|str|bytes|int|bool|any|object|undefined"
    r"|\*+|x{3,}|\.{3}|<[^>]*>|\$\{?\w*\}?|%\(?\w*\)?s?|\{[\w.]*\})?$",
    re.IGNORECASE,
)

_digits = bytes(0x30 if 0x30 <= i <= 0x39 else 0x78 for i in range(256))
_base64 = bytes(0x61 if (chr(i).isalnum() and i < 128) or i in b"+/" else 0x2E for i in range(256))
_key_letters = bytes(0x61 if (chr(i).isalnum() and i < 128) or i in b"_-+=." else 0x2E for i in range(256))
_TWELVE_LETTERS = b"a" * 12
_THIRTEEN_DIGITS, _FORTY_LETTERS = b"0" * 13, b"a" * 40
_type = type


class Redactor:
    """Takes secrets out.

    Args:
        names: regular expressions for names that stand for secrets, beside the known ones.
        patterns: regular expressions for secrets in any text, beside the known ones.
        hidden: shell-style patterns for names of which no value is captured at all.

    Raises:
        re.error: a regular expression is none.
    """

    __slots__ = ("_given", "_more", "_shapes", "names")

    def __init__(self, names: Iterable[str] = (), patterns: Iterable[str] = (), hidden: Iterable[str] = ()) -> None:
        self._given = list(names), list(patterns), list(hidden)
        self.names = SecretNames(self._given[0], self._given[2])
        self._more = [re.compile(pattern) for pattern in self._given[1]]
        self._shapes = [(f"[redacted: {name}]", signs, re.compile(shape)) for name, signs, shape in SHAPES]

    def to_plain(self) -> dict[str, list[str]]:
        """Give what it was made of, as basic types, by the names of its arguments."""
        names, patterns, hidden = self._given
        return {"names": names, "patterns": patterns, "hidden": hidden}

    def is_suspicious(self, text: str) -> bool:
        """Tell whether a text has any sign of a secret; a text without one is fit to be written.

        Args:
            text: any text.
        """
        plain = text.encode("utf-8", "replace")
        if "://" in text or "PRIVATE KEY" in text or _TWELVE_LETTERS in plain.translate(_key_letters):
            for _, signs, _ in self._shapes:
                for sign in signs:
                    if sign in text:
                        return True
        low = text.lower()
        if "=" in low or ":" in low or "--" in low or "bearer " in low or "basic " in low or " where " in low:
            for sign in _KEY_SIGNS:
                if sign in low:
                    return True
        return (
            _THIRTEEN_DIGITS in plain.translate(_digits, b" -")
            or _FORTY_LETTERS in plain.translate(_base64)
            or any(pattern.search(text) for pattern in self._more)
        )

    def text(self, text: str, *, is_source: bool = False) -> str:
        """Take secrets out of a text.

        Args:
            text: any text: a message, output, a repr.
            is_source: whether it is Python, where what stands behind ``password =`` without quotes is no secret.
        """
        if len(text) < 6 or not self.is_suspicious(text):
            return text
        for name, signs, shape in self._shapes:
            for sign in signs:
                if sign in text:
                    text = shape.sub(name, text)
                    break
        for pattern in self._more:
            text = pattern.sub("[redacted: pattern]", text)
        low = text.lower()
        if any(sign in low for sign in _KEY_SIGNS):
            text = self._by_key(text, is_source=is_source)
        return without_key_bodies(without_base64(without_cards(text)))

    def _by_key(self, text: str, *, is_source: bool) -> str:
        if not is_source:
            text = _SCHEME.sub(_without_scheme, text)
        text = self._without_named(text, is_source=is_source)
        if not is_source:
            text = _FLAG.sub(self._without_flag, text)
            if " where " in text:
                found = [m["value"].strip("\"'") for m in _WHERE.finditer(text) if self._is_told(m["name"], m["value"])]
                text = without_known(text, found)
        return text

    def _without_named(self, text: str, *, is_source: bool) -> str:
        """Take out what stands behind a name: ``password='x'``, ``"token": "x"``, ``X-Api-Key: x``."""
        parts: list[str] = []
        done = 0
        for name in _NAME.finditer(text):
            if name.end() < done or not self.names.is_secret(name["name"].rpartition(".")[2]):
                continue
            value = _QUOTED.match(text, name.end())
            if value is not None and is_source and _is_inside(text, value["quote"], value.start("quote")):
                continue
            if value is None and not is_source:
                value = _UNQUOTED.match(text, name.end())
                if value is not None and value["more"] and value["value"].isalpha() and value["value"].islower():
                    continue  # prose: "password: must have ..."
            if value is not None and self._is_told(name["name"], value["value"]):
                parts += text[done : value.start("value")], REDACTED
                done = value.end("value")
        return "".join([*parts, text[done:]]) if parts else text

    def _without_flag(self, match: re.Match[str]) -> str:
        is_told = self._is_told(match["name"], match["value"])
        return f"{match['name']}{match['mid']}{REDACTED}" if is_told else match[0]

    def _is_told(self, name: str, value: str) -> bool:
        kind = self.names.kind(name.rpartition(".")[2])
        if kind not in (EVERYTHING, NO_NUMBERS) or (kind == NO_NUMBERS and value.isdecimal()):
            return False
        return not (_NO_SECRET.match(value) or value.startswith("[redacted"))


def redactor_of(settings: Settings, names: Iterable[str] = (), patterns: Iterable[str] = ()) -> Redactor:
    """Make what takes secrets out, for a run or for whoever looks at the code of one again.

    Args:
        settings: of the run, or of the checkout.
        names: that plugins add.
        patterns: that plugins add.
    """
    return Redactor((*settings.redact_names, *names), (*settings.redact_patterns, *patterns), settings.capture_exclude)


def _is_inside(line: str, quote: str, at: int) -> bool:
    """Tell whether a quote ends a string of Python that began before it: ``getpass("Password: ")``."""
    return line.count(quote, line.rfind("\n", 0, at) + 1, at) % 2 == 1


def without_known(text: str, known: Iterable[str]) -> str:
    """Take out of a text what was found under the name of a secret elsewhere.

    Args:
        text: any text.
        known: the secrets.
    """
    for secret in known:
        if secret in text:
            text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", REDACTED, text)
    return text


def redacted_tree(tree: Any, text: Callable[[str], str]) -> Any:
    """Give a tree of JSON with every string and key changed.

    Args:
        tree: not deeper than the bounds of a snapshot.
        text: changes one string.
    """
    if _type(tree) is str:
        return text(tree)
    if _type(tree) is list:
        return [redacted_tree(item, text) for item in tree]
    if _type(tree) is dict:
        out: dict[str, Any] = {}
        for key, item in tree.items():
            name = text(key)
            while name in out:
                name += "'"
            out[name] = redacted_tree(item, text)
        return out
    return tree


def _without_scheme(match: re.Match[str]) -> str:
    value = match["value"]
    if not re.search(r"\d", value) and not value.endswith("=") and not re.search(r"[a-z][A-Z]", value):
        return match[0]  # "token expected": prose
    return f"{match['scheme']} {REDACTED}"
