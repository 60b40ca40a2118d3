"""The texts of one snapshot: those that may hold a secret, and what secrets they may hold."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from pytest_debugloop.capture import scalars
from pytest_debugloop.capture.redact import Redactor, without_known
from pytest_debugloop.capture.secret_marks import Marks, identity_of
from pytest_debugloop.capture.secret_names import HIDDEN, NO_NUMBERS, PLAIN_DATA
from pytest_debugloop.capture.secret_urls import has_url, without_url_passwords

_GROUP = 32


class Texts:
    """The texts of one snapshot, looked through once at its end: most snapshots hold no sign of a secret.

    Args:
        redactor: takes secrets out.
        marks: gives what stands in their place.

    Attributes:
        suspects: texts that are long enough to hold a secret.
        secrets: texts that stood under the name of a secret, to be taken out of all others, and whose they are.
    """

    __slots__ = ("_known", "_marks", "_redactor", "secrets", "suspects")

    def __init__(self, redactor: Redactor, marks: Marks) -> None:
        self._redactor = redactor
        self._marks = marks
        self._known: dict[str, Hashable] | None = None
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
        cls = type(value)
        if id(cls) in scalars.NEVER_SECRET or (kind == NO_NUMBERS and (cls is int or cls is float)):
            return False
        if kind == PLAIN_DATA and id(cls) not in scalars.PLAIN:
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

    def known(self) -> dict[str, Hashable]:
        """Give the secrets, the longest first: one may be a part of another; also those that texts tell.

        When it is asked first, all is encoded.
        """
        if self._known is not None:
            return self._known
        everything = "\0".join(self.suspects)
        if has_url(everything):
            without_url_passwords(everything, _LearningMarks(self._marks))
        known = {**{text: identity_of(text) for text in self._marks.known()}, **self.secrets}
        self._known = {text: known[text] for text in sorted(known, key=lambda text: (-len(text), text))}
        return self._known

    def scrubber(self) -> Callable[[str], str] | None:
        """Give what takes secrets out of each text of the snapshot.

        Returns:
            None where no text has a sign of one.
        """
        everything = "\0".join(self.suspects)
        known = {secret: identity for secret, identity in self.known().items() if secret in everything}
        if not known and not self._redactor.is_suspicious(everything):
            return None
        clean = self._clean()
        return lambda text: without_known(text if text in clean else self.redacted(text), known, self._marks)

    def _clean(self) -> set[str]:
        """Find texts without a sign of a secret, many at a time: one that has one makes its group suspicious."""
        if not self._redactor.is_plain:
            return set()
        texts = list(dict.fromkeys(self.suspects))
        groups = [texts[at : at + _GROUP] for at in range(0, len(texts), _GROUP)]
        return {text for group in groups if not self._redactor.is_suspicious("\0".join(group)) for text in group}


class _LearningMarks(Marks):
    """Keeps in mind what texts tell, and counts nothing."""

    __slots__ = ("_marks",)

    def __init__(self, marks: Marks) -> None:
        self._marks = marks

    def learn(self, secret: str) -> None:
        self._marks.learn(secret)
