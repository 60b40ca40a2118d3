"""Secrets are taken out before anything is written: by the name they lie under, and by their shape in any text.

What stands in their place says why (``[redacted: key]``, ``[redacted: jwt]``) and nothing of what it was: no hash, no
length; in a snapshot a number tells one from another. Shapes are looked for only where a cheap look finds a sign of
one, for most texts hold none.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from pytest_debugloop.capture.secret_cuts import CollectingMarks, without_cut
from pytest_debugloop.capture.secret_marks import PLAIN, REDACTED, Marks, text_identity
from pytest_debugloop.capture.secret_names import EVERYTHING, NO_NUMBERS, SecretNames
from pytest_debugloop.capture.secret_patterns import GivenPatterns
from pytest_debugloop.capture.secret_shapes import SHAPES, without_base64, without_cards, without_key_bodies
from pytest_debugloop.capture.secret_trees import redacted_tree
from pytest_debugloop.capture.secret_urls import (
    has_driver_message,
    has_url,
    without_option_passwords,
    without_quoted_parts,
    without_url_passwords,
)
from pytest_debugloop.lazy import lazy_pattern

if TYPE_CHECKING:
    from pytest_debugloop.settings import Settings

__all__ = ["REDACTED", "Redactor", "redacted_tree", "redactor_of", "without_known"]

# Of which one is in every text that tells a secret together with its name.
_KEY_SIGNS = (
    *("passw", "passphrase", "passcode", "secret", "token", "apikey", "api-key", "api key", "accesskey", "_key"),
    *("authoriz", "cookie", "credential", "pwd", "bearer", "sessionid", "session_id", "session-id", "dsn", "srf"),
    *("basic ", "digest ", "cvv", "jwt", "card"),
)
# A name and what stands between it and a value; then the value, in quotes or without. A name begins where a word does,
# so that a long text is not read once for every letter of it.
_NAME = lazy_pattern(
    r"""(?<![\w.])(?P<name>[A-Za-z_][\w.-]{0,80})"""
    r"""\\{0,3}["']?\]?[ \t]{0,3}(?::[ \t]?(?:str|bytes)[ \t]?=|[!=]?={1,2}|:)[ \t]{0,3}"""
)
_QUOTED = lazy_pattern(
    r"""(?P<prefix>[bBrRuUfF]{0,2})(?P<quote>\\{0,3}["'])(?P<value>(?:(?!(?P=quote))(?:\\+[^\n]|[^\n\\]))*)"""
)
_UNQUOTED = lazy_pattern(r"""(?P<value>[^\s"',;&<>(){}\[\]=:\\][^\s"',;&<>(){}\[\]]{3,})(?P<more>[ ][a-z]{2,})?""")
_FLAG = lazy_pattern(r"(?<!\S)(?P<name>--[\w-]{3,60})(?P<mid>[ ]+)(?P<value>'[^'\n]*'|\"[^\"\n]*\"|[^\s-]\S{3,})")
# As `env` prints variables: the value is all to the end of the line.
_VARIABLE = lazy_pattern(r"^(?P<before>(?:export )?(?P<name>[A-Z][A-Z0-9_]{2,60})=)(?P<value>[^\n]+)$", re.MULTILINE)
_SCHEME = lazy_pattern(
    r"\b(?P<scheme>Bearer|Basic|Token|Digest|Negotiate)\s+(?P<value>[\w.~+/-]{8,}={0,2})(?![\w=:])", re.IGNORECASE
)
# Of an assertion's explanation: `+  where 'x' = client.token`.
_WHERE = lazy_pattern(
    r"^[E ]*\+ +(?:where|and) +(?P<value>[^\n]{6,}) = [^\n]*?(?P<name>[A-Za-z_]\w*)(?:\(\))?$", re.MULTILINE
)
_NO_SECRET = lazy_pattern(
    r"(none|null|true|false|bearer|basic|digest|token|str|bytes|int|bool|any|object|undefined"
    r"|\*+|x{3,}|\.{3}|<[^>]*>|\$\{?\w*\}?|%\(?\w*\)?s?|\{[\w.]*\})?$",
    re.IGNORECASE,
)

_digits = bytes(0x30 if 0x30 <= i <= 0x39 else 0x78 for i in range(256))
_base64 = bytes(0x61 if (chr(i).isalnum() and i < 128) or i in b"+/" else 0x2E for i in range(256))
_key_letters = bytes(0x61 if (chr(i).isalnum() and i < 128) or i in b"_-+=." else 0x2E for i in range(256))
_TWELVE_LETTERS = b"a" * 12
_THIRTEEN_DIGITS, _FORTY_LETTERS = b"0" * 13, b"a" * 40
_MOST_CLEAN, _LONGEST_CLEAN = 10_000, 100
_SHORTEST = 6  # nothing that is known here is found in less


class Redactor:
    """Takes secrets out.

    Args:
        names: regular expressions for names that stand for secrets, beside the known ones.
        patterns: regular expressions for secrets in any text, beside the known ones.
        hidden: shell-style patterns for names of which no value is captured at all.
        shown: shell-style patterns for names that are none of secrets, whatever else says so.

    Attributes:
        names: those that stand for secrets.
        patterns: those that were given.
        shortest: how long a text is that may hold a secret, in characters.

    Raises:
        re.error: a regular expression is none.
    """

    __slots__ = ("_clean", "_given", "names", "patterns", "shortest")

    def __init__(
        self,
        names: Iterable[str] = (),
        patterns: Iterable[str] = (),
        hidden: Iterable[str] = (),
        shown: Iterable[str] = (),
    ) -> None:
        self._given = {"names": list(names), "patterns": list(patterns), "hidden": list(hidden), "shown": list(shown)}
        self.names = SecretNames(self._given["names"], self._given["hidden"], self._given["shown"])
        self._clean: set[str] = set()
        self.patterns = GivenPatterns(self._given["patterns"])
        self.shortest = 1 if self._given["names"] or self.patterns else _SHORTEST

    def to_plain(self) -> dict[str, list[str]]:
        """Give what it was made of, as basic types, by the names of its arguments."""
        return self._given

    def is_suspicious(self, text: str) -> bool:
        """Tell whether a text has any sign of a secret; a text without one is fit to be written.

        Args:
            text: any text.
        """
        return self.patterns.are_in((text,)) or self._has_sign(text)

    def are_suspicious(self, texts: set[str]) -> bool:
        """Tell whether one of several texts has any sign of a secret, with one look at all where that is enough.

        Many failures of a run have the same texts: short ones without a sign are kept in mind.

        Args:
            texts: as they are written.
        """
        new = texts.difference(self._clean)
        # Of lines each sign is found that is found in a text by itself, but for what users may ask for.
        if new and (self._has_sign("\n".join(new)) or self.patterns.are_in(new)):
            return True
        if len(self._clean) > _MOST_CLEAN:
            self._clean.clear()
        self._clean.update([text for text in new if len(text) <= _LONGEST_CLEAN])
        return False

    def _has_sign(self, text: str) -> bool:
        plain = text.encode("utf-8", "replace")
        if ("@" in text and has_url(text)) or has_driver_message(text):
            return True
        if "://" in text or "PRIVATE KEY" in text or _TWELVE_LETTERS in plain.translate(_key_letters):
            for _, signs, _ in SHAPES:
                for sign in signs:
                    if sign in text:
                        return True
        low = text.lower()
        may_name = "=" in low or ":" in low or "--" in low or "bearer " in low or "basic " in low or " where " in low
        if may_name and (_has_key_sign(low) or self._has_given_name(text)):
            return True
        return _THIRTEEN_DIGITS in plain.translate(_digits, b" -") or _FORTY_LETTERS in plain.translate(_base64)

    def text(self, text: str, *, is_source: bool = False, marks: Marks = PLAIN) -> str:
        """Take secrets out of a text.

        Args:
            text: any text: a message, output, a repr.
            is_source: whether it is Python, where what stands after ``password =`` without quotes is no secret.
            marks: gives what stands in place of a secret.
        """
        if len(text) < self.shortest or not self.is_suspicious(text):
            return text
        if "..." in text and not is_source and type(marks) is not CollectingMarks:
            whole = CollectingMarks()
            self.text(text, marks=whole)
            text = without_cut(text, whole.found, marks)
        for name, signs, shape in SHAPES:
            for sign in signs:
                if sign in text:
                    text = shape.sub(partial(_marked, marks, name), text)
                    break
        if has_url(text):
            text = without_url_passwords(text, marks)
        if not is_source and has_driver_message(text):
            text = without_quoted_parts(text, marks)
        text = self.patterns.without(text, marks)
        if self._given["names"] or _has_key_sign(text.lower()):
            text = self._by_key(text, is_source, marks)
        return without_key_bodies(without_base64(without_cards(text, marks), marks), marks)

    def source(self, text: str) -> str:
        """Take secrets out of lines of Python, of which each is recorded as a text of its own.

        Args:
            text: the lines.
        """
        return self.patterns.without_in_lines(self.text(text, is_source=True), PLAIN)

    def _has_given_name(self, text: str) -> bool:
        """Tell whether a name that the user adds is in a text: these have no sign that could be looked for."""
        if not self._given["names"]:
            return False
        named = (*_NAME.finditer(text), *_FLAG.finditer(text), *_WHERE.finditer(text))
        return any(self.names.is_secret(name["name"].rpartition(".")[2]) for name in named)

    def _by_key(self, text: str, is_source: bool, marks: Marks) -> str:
        if not is_source:
            text = _SCHEME.sub(partial(_without_scheme, marks), text)
            text = _VARIABLE.sub(partial(self._without_variable, marks), text)
            text = without_option_passwords(text, marks)
        text = self._without_named(text, is_source, marks)
        if not is_source:
            text = _FLAG.sub(partial(self._without_flag, marks), text)
            if " where " in text:
                found = [(m["name"], m["value"].strip("\"'")) for m in _WHERE.finditer(text)]
                identities = {value: text_identity(value) for name, value in found if self._is_reported(name, value)}
                text = without_known(text, identities, marks)
        return text

    def _without_named(self, text: str, is_source: bool, marks: Marks) -> str:
        """Take out what stands after a name: ``password='x'``, ``"token": "x"``, ``X-Api-Key: x``."""
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
            if value is not None and self._is_reported(name["name"], value["value"]):
                if not is_source and _is_like_a_key(value["value"]):
                    marks.learn(value["value"])
                parts += text[done : value.start("value")], marks.mark("key", _identity_told(value))
                done = value.end("value")
        return "".join([*parts, text[done:]]) if parts else text

    def _without_flag(self, marks: Marks, match: re.Match[str]) -> str:
        value = match["value"].strip("\"'")
        if not self._is_reported(match["name"], value):
            return match[0]
        return f"{match['name']}{match['mid']}{marks.mark('key', value)}"

    def _without_variable(self, marks: Marks, match: re.Match[str]) -> str:
        is_told = self._is_reported(match["name"], match["value"])
        return f"{match['before']}{marks.mark('key', match['value'])}" if is_told else match[0]

    def _is_reported(self, name: str, value: str) -> bool:
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
    return Redactor(
        (*settings.redact_names, *names),
        (*settings.redact_patterns, *patterns),
        settings.capture_exclude,
        settings.redact_except,
    )


def _has_key_sign(low: str) -> bool:
    for sign in _KEY_SIGNS:  # noqa: SIM110 - a generator would cost more than the search
        if sign in low:
            return True
    return False


def _is_inside(line: str, quote: str, at: int) -> bool:
    """Tell whether a quote ends a string of Python that began before it: ``getpass("Password: ")``."""
    return line.count(quote, line.rfind("\n", 0, at) + 1, at) % 2 == 1


def _is_like_a_key(text: str) -> bool:
    """Tell whether what a text has after the name of a secret is none of its words, to be looked for in others."""
    return len(text) >= 8 and " " not in text and any(map(str.isdigit, text)) and any(map(str.isalpha, text))


def _marked(marks: Marks, kind: str, match: re.Match[str]) -> str:
    return marks.mark(kind, match[0])


def _identity_told(match: re.Match[str]) -> Hashable:
    """Tell which secret a text has after its name."""
    value = match["value"]
    if "prefix" not in match.groupdict():
        return ("number", value) if value.isdecimal() else value
    return text_identity(value, is_bytes="b" in match["prefix"].lower())


def without_known(text: str, known: Mapping[str, Hashable], marks: Marks = PLAIN) -> str:
    """Take out of a text what was found under the name of a secret elsewhere.

    Args:
        text: any text.
        known: the secrets as texts have them, the longest first, and what tells each from others.
        marks: gives what stands in their place.
    """
    for secret, identity in known.items():
        if secret in text:
            text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", partial(_known_marked, marks, identity), text)
    return without_cut(text, known, marks)


def _known_marked(marks: Marks, identity: Hashable, match: re.Match[str]) -> str:
    return marks.mark("key", identity)


def _without_scheme(marks: Marks, match: re.Match[str]) -> str:
    value = match["value"]
    if not re.search(r"\d", value) and not value.endswith("=") and not re.search(r"[a-z][A-Z]", value):
        return match[0]  # "token expected": prose
    return f"{match['scheme']} {marks.mark('key', value)}"
