"""The shapes of secrets: what a key, a token or a card number looks like, whatever name it is under.

The prefixes are those that their issuers document, so that such keys can be found in code (GitHub's secret scanning
lists most of them). A card number is recognized by its issuer's digits, its length and check digit (ISO/IEC 7812-1).
"""

from __future__ import annotations

import re

from pytest_debugloop.capture.secret_marks import PLAIN, Marks
from pytest_debugloop.lazy import lazy_pattern


def _shape(name: str, signs: tuple[str, ...], *patterns: str) -> tuple[str, tuple[str, ...], re.Pattern[str]]:
    """Give what stands in the place of a secret, signs of which one is in every text that holds it, and the secret."""
    whole = patterns[0] if len(patterns) == 1 else "|".join(f"(?:{pattern})" for pattern in patterns)
    return name, signs, lazy_pattern(whole)


SHAPES = (
    _shape(
        "jwt",
        ("eyJ",),
        r"(?<![\w-])eyJ[\w-]{8,}\.eyJ[\w-]{4,}(?:\.[\w-]*)?",
        r"(?<![\w-])eyJ[\w-]{8,}(?:\.[\w-]*){3}\.[\w-]+",
    ),
    _shape(
        "private key",
        ("PRIVATE KEY",),
        r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY[\s\S]*?(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\Z)",
    ),
    _shape(
        "aws key", ("AKIA", "ASIA", "AROA", "ABIA", "ACCA"), r"(?<![\w-])(?:AKIA|ASIA|AROA|ABIA|ACCA)[A-Z0-9]{16}\b"
    ),
    _shape(
        "github token",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        r"(?<![\w-])gh[pousr]_[A-Za-z0-9]{20,}",
        r"(?<![\w-])github_pat_\w{20,}",
    ),
    _shape("gitlab token", ("glpat-", "gldt-", "glrt-", "glcbt-"), r"(?<![\w-])gl(?:pat|dt|rt|cbt)-[\w-]{16,}"),
    _shape("slack token", ("xox", "xapp-"), r"(?<![\w-])xox[abeoprs]-[\w-]{10,}", r"(?<![\w-])xapp-\d-[\w-]{10,}"),
    _shape("slack url", ("hooks.slack.com",), r"(?<=hooks\.slack\.com/)(?:services|workflows)/[\w/]+"),
    _shape(
        "stripe key",
        ("k_live_", "k_test_", "whsec_"),
        r"(?<![\w-])[srp]k_(?:live|test)_[A-Za-z0-9]{10,}",
        r"(?<![\w-])whsec_[A-Za-z0-9+/=]{16,}",
    ),
    _shape(
        "google key",
        ("AIza", "GOCSPX-", "ya29."),
        r"(?<![\w-])AIza[\w-]{35}",
        r"(?<![\w-])GOCSPX-[\w-]{20,}",
        r"(?<![\w-])ya29\.[\w-]{20,}",
    ),
    _shape("api key", ("sk-",), r"(?<![\w-])sk-(?:ant-|proj-|svcacct-|or-v1-)?(?=[\w-]{0,80}\d)[A-Za-z0-9_-]{20,}"),
    _shape(
        "package token",
        ("npm_", "pypi-AgE", "dop_v1_", "hf_", "SG."),
        r"(?<![\w-])npm_[A-Za-z0-9]{30,}",
        r"(?<![\w-])pypi-AgE[\w-]{30,}",
        r"(?<![\w-])dop_v1_[a-f0-9]{40,}",
        r"(?<![\w-])hf_[A-Za-z0-9]{30,}",
        r"(?<![\w-])SG\.[\w-]{16,}\.[\w-]{16,}",
    ),
    _shape(
        "azure key",
        ("AccountKey=", "SharedAccess", "sig="),
        r"(?<=AccountKey=)[A-Za-z0-9+/=]{20,}",
        r"(?<=SharedAccessKey=)[A-Za-z0-9+/=]{20,}",
        r"(?<=[?&]sig=)[\w%+/=-]{20,}",
    ),
)

_CARD = lazy_pattern(r"(?<![\w.+-])\d(?:[ -]?\d){12,18}(?!\w|\.\d)")
_CARD_ISSUER = lazy_pattern(
    r"4|5[1-5]|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720)|3[47]|36|30[0-5]|3[89]|6011|64[4-9]|65|35(?:2[89]|[3-8])"
)
_CARD_LENGTHS = {"4": (13, 16, 19), "5": (16,), "2": (16,), "3": (14, 15, 16), "6": (16, 19)}
_FORTY_LETTERS = lazy_pattern(r"(?<![A-Za-z0-9+/=_.:-])[A-Za-z0-9+/]{40}(?![A-Za-z0-9+/=_-])")
_WORD = lazy_pattern(r"[a-z]{8,}")
_KEY_BODY = lazy_pattern(r"^[ \t]*[brBR]?[\"']?[A-Za-z0-9+/]{60,76}={0,2}(?:\\n)?[\"']?[ \t]*\)?$", re.MULTILINE)


def is_card(number: int) -> bool:
    """Tell whether a number could be that of a payment card.

    Args:
        number: any integer.
    """
    return 10**12 <= number < 10**19 and _are_of_card(str(number))


def without_cards(text: str, marks: Marks = PLAIN) -> str:
    """Take card numbers out of a text, written with spaces, with dashes or without.

    Args:
        text: any text.
        marks: gives what stands in their place.
    """

    def replaced(match: re.Match[str]) -> str:
        digits = match[0].replace(" ", "").replace("-", "")
        return marks.mark("card", digits) if _are_of_card(digits) else match[0]

    return _CARD.sub(replaced, text)


def without_base64(text: str, marks: Marks = PLAIN) -> str:
    """Take out of a text what looks like the secret half of an AWS key: 40 letters of base64.

    Args:
        text: any text.
        marks: gives what stands in its place.
    """

    def replaced(match: re.Match[str]) -> str:
        return marks.mark("aws key", match[0]) if _is_half_of_key(match[0]) else match[0]

    return _FORTY_LETTERS.sub(replaced, text)


def without_key_bodies(text: str, marks: Marks = PLAIN) -> str:
    """Take lines of nothing but base64 out of a text, which may begin in the middle of a key.

    Args:
        text: any text.
        marks: gives what stands in their place.
    """
    return _KEY_BODY.sub(lambda match: marks.mark("base64", match[0].strip()), text)


def _are_of_card(digits: str) -> bool:
    if not _CARD_ISSUER.match(digits) or len(digits) not in _CARD_LENGTHS.get(digits[0], ()):
        return False
    doubled = [int(d) * 2 if i % 2 else int(d) for i, d in enumerate(reversed(digits))]
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


def _is_half_of_key(found: str) -> bool:
    # Without a capital or without a small letter it is a hash; with whole words it is a path or an identifier.
    is_mixed = found.lower() != found != found.upper() and any(letter.isdigit() for letter in found)
    return is_mixed and found.count("/") <= 5 and not _WORD.search(found)
