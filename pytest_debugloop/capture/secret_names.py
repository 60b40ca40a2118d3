"""Which names stand for secrets: of variables, attributes, keys, headers, options.

The words are those of the Sentry SDK's list (``sentry_sdk.scrubber.DEFAULT_DENYLIST``) and more, found as words of the
name (``dbPassword``, ``X-Api-Key``) and not only as the whole of it; names that tell of a secret without being one
(``token_type``, ``password_field``) are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from pytest_debugloop.capture.globs import glob_matcher
from pytest_debugloop.lazy import lazy_pattern

_CAMEL = lazy_pattern(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NO_WORD = lazy_pattern(r"[^a-z0-9]+")
# Within a name, as its words are joined by underscores and stand between two.
_SECRET = lazy_pattern(
    r"passw(or)?d|passphrase|passcode|_pwd_|_mysql_pwd|(?<!no)secrets?_|secret(?=key|token|access)"
    r"|tokens?_|_jwt_|bearer_|api_?keys?_|apikey"
    r"|(access|private|signing|encryption|master|account|shared|session|ssh|license)_?keys?_"
    r"|authorization|_auth_key_|cookies?_|credentials?_|_creds?_|_dsn_|dsn_"
    r"|c?x?srf(_|token)|session_?id_|phpsessid|connect_sid|aiohttp_session|user_session|symfony_?"
    r"|x_forwarded_for|card_?(number|num|no)_|_cvv2?_|_cvc_|_ssn_|_otp_|webhook_url_|connection_string_"
)
# Of which one is in every name that the expressions find: nearly all names have none.
_SIGNS = (
    *("pass", "pwd", "secret", "token", "jwt", "bearer", "key", "auth", "cookie", "cred", "dsn", "srf", "ses", "sid"),
    *("symfony", "forwarded", "card", "cvv", "cvc", "ssn", "otp", "hook", "connection"),
)
# The whole of a name.
_PLAIN_ONLY = frozenset({"auth", "session"})
_ABOUT_WORDS = """
    type types kind count counts num len length size sizes limit limits max min index idx pos position offset start end
    line lineno column col class cls name names field fields label labels url urls uri endpoint path file filename dir
    expiry expires expired expiration ttl age lifetime valid is required enabled policy strength validator validators
    validation serializer form view factory generator manager backend storage provider regex middleware format pattern
    prompt help error errors message usage budget stream list iterator iter parser lexer at in re key domain samesite
    algorithm scheme header prefix suffix separator status version hasher hashers range
"""
_ABOUT = frozenset(_ABOUT_WORDS.split())
_ABOUT_KEY = lazy_pattern(r"(api|access|private|signing|encryption|master|secret|account|shared|ssh)_?key_?$")
_ASKS = frozenset({"is", "has", "no", "n", "num", "max", "min", "use", "uses", "needs", "requires", "total", "forgot"})
_CACHED = 5_000

NOTHING = 0
EVERYTHING = 1
NO_NUMBERS = 2
"""Everything but numbers: ``max_tokens`` and ``tokens`` count words more often than they name secrets."""
PLAIN_DATA = 3
"""Texts, bytes and built-in containers, but no object of another type: the session of an ORM is no secret."""
HIDDEN = 4
"""A value that the user wants not to be captured."""


class SecretNames:
    """The names that stand for secrets.

    Args:
        more: regular expressions for more of them, searched in the name without regard to case.
        hidden: shell-style patterns for names of which no value is captured at all.
        shown: shell-style patterns for names that are none of secrets, whatever else says so.

    Attributes:
        is_shown: tells whether a name is one of ``shown``.

    Raises:
        re.error: one of the regular expressions is none.
    """

    __slots__ = ("_is_hidden", "_known", "_more", "is_shown")

    def __init__(self, more: Iterable[str] = (), hidden: Iterable[str] = (), shown: Iterable[str] = ()) -> None:
        self._more = [re.compile(pattern, re.IGNORECASE) for pattern in more]
        self._is_hidden = glob_matcher(hidden)
        self.is_shown = glob_matcher(shown)
        self._known: dict[str, int] = {}

    def is_secret(self, name: str) -> bool:
        """Tell whether what a name stands for is likely to be a secret.

        Args:
            name: of a variable, attribute, key, header or option.
        """
        return self.kind(name) in (EVERYTHING, NO_NUMBERS)

    def kind(self, name: str) -> int:
        """Tell what is to be redacted under a name.

        Args:
            name: of a variable, attribute, key, header or option.

        Returns:
            One of the constants of this module.
        """
        found = self._known.get(name)
        if found is None:
            if len(self._known) >= _CACHED:
                self._known.clear()
            found = self._known[name] = self._find(name)
        return found

    def _find(self, name: str) -> int:
        if self._is_hidden(name):
            return HIDDEN
        if self.is_shown(name):
            return NOTHING
        if any(pattern.search(name) for pattern in self._more):
            return EVERYTHING
        low = name[:200].lower()
        if not any(sign in low for sign in _SIGNS):
            return NOTHING
        words = _NO_WORD.sub("_", _CAMEL.sub("_", name[:200]).lower()).strip("_")
        if words in _PLAIN_ONLY:
            return PLAIN_DATA
        found = _SECRET.search(f"_{words}_")
        if found is None:
            return NOTHING
        parts = words.split("_")
        about_key = parts[-1] == "key" and _ABOUT_KEY.search(words)
        if len(parts) > 1 and (parts[0] in _ASKS or (parts[-1] in _ABOUT and not about_key)):
            # `password_is_valid` is not one, `token_key` may be a key to look up by, `secret_key` is a key.
            return NOTHING
        return NO_NUMBERS if parts[-1] == "tokens" else EVERYTHING
