"""The texts of one snapshot: those that may hold a secret, and what secrets they may hold."""

from __future__ import annotations

from collections.abc import Callable

from pytest_debugloop.capture import scalars
from pytest_debugloop.capture.redact import Redactor, without_known
from pytest_debugloop.capture.secret_names import HIDDEN, NO_NUMBERS, PLAIN_DATA


class Texts:
    """The texts of one snapshot, looked through once at its end: most snapshots hold no sign of a secret.

    Args:
        redactor: takes secrets out.

    Attributes:
        suspects: texts that are long enough to hold a secret.
        secrets: texts that stood under the name of a secret, to be taken out of all others.
    """

    __slots__ = ("_redactor", "secrets", "suspects")

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self.suspects: list[str] = []
        self.secrets: set[str] = set()

    def is_kept_back(self, kind: int, value: object) -> bool:
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
        self.secrets.update(scalars.secrets_in(value, cls))
        return True

    @property
    def known(self) -> list[str]:
        """The secrets, the longest first: one may be a part of another."""
        return sorted(self.secrets, key=lambda text: (-len(text), text))

    def scrubber(self) -> Callable[[str], str] | None:
        """Give what takes secrets out of each text of the snapshot.

        Returns:
            None where no text has a sign of one.
        """
        everything = "\0".join(self.suspects)
        known = [secret for secret in self.known if secret in everything]
        if not known and not self._redactor.is_suspicious(everything):
            return None
        return lambda text: without_known(self._redactor.text(text), known)
