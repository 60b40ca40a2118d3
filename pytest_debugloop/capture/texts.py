"""The texts of one snapshot: those that may hold a secret, and what secrets they may hold."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from pytest_debugloop.capture import scalars
from pytest_debugloop.capture.bounds import cut_text
from pytest_debugloop.capture.redact import Redactor, without_known
from pytest_debugloop.capture.secret_marks import Marks, identity_of
from pytest_debugloop.capture.secret_names import HIDDEN, NO_NUMBERS, PLAIN_DATA
from pytest_debugloop.capture.secret_urls import has_url, without_url_passwords

_GROUP = 32
LONGEST_KEY = 200
WINDOW = 600
"""Characters after the end of what is kept that are looked at too: a secret that begins there is seen whole."""
_type, _len, _id = type, len, id


class Texts:
    """The texts of one snapshot, looked through once at its end: most snapshots hold no sign of a secret.

    Args:
        redactor: takes secrets out.
        marks: gives what stands in their place.

    Attributes:
        suspects: texts and keys; that they are fit for PostgreSQL is also looked for at the end, in all at once.
        secrets: texts that stood under the name of a secret, to be taken out of all others, and whose they are.
    """

    __slots__ = ("_done", "_is_fit", "_is_suspicious", "_known", "_marks", "_redactor", "secrets", "suspects")

    def __init__(self, redactor: Redactor, marks: Marks) -> None:
        self._redactor = redactor
        self._marks = marks
        self._known: dict[str, Hashable] | None = None
        self._done: list[str] = []
        self._is_fit, self._is_suspicious = True, False
        self.suspects: list[str] = []
        self.secrets: dict[str, Hashable] = {}

    def is_hidden_value(self, kind: int, value: object) -> bool:
        """Tell whether a value is not to be shown, and keep its texts in mind where it is a secret.

        Args:
            kind: what the name says that it stands under, one of the constants of ``secret_names``.
            value: anything.
        """
        if kind == HIDDEN:
            return True
        cls = _type(value)
        if _id(cls) in scalars.NEVER_SECRET or (kind == NO_NUMBERS and (cls is int or cls is float)):
            return False
        if kind == PLAIN_DATA and _id(cls) not in scalars.PLAIN:
            return False
        for text, whole in scalars.secrets_in(value, cls):
            self.secrets[text] = identity_of(whole)
        return True

    def mark(self, value: object) -> str:
        """Give what stands in place of a value that is kept back for its name.

        Args:
            value: anything.
        """
        return self._marks.mark("key", identity_of(value))

    def redacted(self, text: str) -> str:
        """Take secrets out of a text that is not looked through with the others.

        Args:
            text: any text.
        """
        return self._redactor.text(text, marks=self._marks)

    def key(self, key: object) -> str:
        """Write a key of a mapping.

        Args:
            key: anything.
        """
        text = scalars.key_text(key, LONGEST_KEY)
        if self._redactor.patterns and self._redactor.patterns.are_in(scalars.key_parts(key, LONGEST_KEY)):
            return self._marks.mark("pattern", text)  # an expression that asks for a whole text cannot find it in this
        self.suspects.append(text)
        return text

    def head(self, text: str, limit: int) -> str:
        """Give the beginning of a text, without secrets: those that are known later are still to be taken out.

        Args:
            text: not more than its first ``limit + WINDOW`` characters are looked at.
            limit: how many characters are kept.
        """
        head = self.redacted(scalars.clean(text[: limit + WINDOW]))[:limit]
        self._done.append(head)
        return head

    def bytes(self, head: bytes, size: int, limit: int) -> dict[str, Any]:
        """Write bytes as in Python's own notation, so that they can be read, and looked through for secrets.

        Args:
            head: the first ``limit + WINDOW`` of them.
            size: how many there are.
            limit: how many are kept.
        """
        found = {"$bytes": self.head(scalars.bytes_text(head), 4 * limit)}
        if size > limit:
            found["$cut"] = cut_text(size, limit, "bytes")
        return found

    def known(self) -> dict[str, Hashable]:
        """Give the secrets, the longest first: one may be a part of another; also those that texts tell.

        When it is asked first, all is encoded.
        """
        if self._known is not None:
            return self._known
        unique = {*self.suspects}
        everything = "\n".join(unique)
        self._is_fit = scalars.clean(everything) == everything
        if not self._is_fit:
            self.suspects = [scalars.clean(text) for text in self.suspects]
            unique = {*self.suspects}
        self._is_suspicious = self._redactor.are_suspicious(unique)
        if self._is_suspicious:
            self.suspects = list(dict.fromkeys(self.suspects))
            everything = "\n".join(self.suspects)
            if has_url(everything):
                without_url_passwords(everything, _LearningMarks(self._marks))
        known = {**{text: identity_of(text) for text in self._marks.known()}, **self.secrets}
        self._known = {text: known[text] for text in sorted(known, key=lambda text: (-len(text), text))}
        return self._known

    def scrubber(self) -> Callable[[str], str] | None:
        """Give what each text of the snapshot is to be changed by, before it is written.

        Returns:
            None where all are fit to be written as they are: no text has a sign of a secret.
        """
        known = self.known()
        if known:
            everything = "\n".join([*self.suspects, *self._done])
            known = {secret: identity for secret, identity in known.items() if secret in everything}
        if known or self._is_suspicious:
            unsuspicious = self._unsuspicious()

            def scrubbed(text: str) -> str:
                text = scalars.clean(text)
                return without_known(text if text in unsuspicious else self.redacted(text), known, self._marks)

            return scrubbed
        return None if self._is_fit else scalars.clean

    def _unsuspicious(self) -> set[str]:
        """Find texts without a sign of a secret, many at a time: one that has one makes its group suspicious."""
        texts = list(dict.fromkeys(self.suspects))
        groups = [texts[at : at + _GROUP] for at in range(0, _len(texts), _GROUP)]
        return {text for group in groups if not self._redactor.are_suspicious({*group}) for text in group}


class _LearningMarks(Marks):
    """Keeps in mind what texts tell, and counts nothing."""

    __slots__ = ("_marks",)

    def __init__(self, marks: Marks) -> None:
        self._marks = marks

    def learn(self, secret: str) -> None:
        self._marks.learn(secret)
