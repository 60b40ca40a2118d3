"""The texts of a snapshot are looked through many at a time, and no secret is missed by that."""

from __future__ import annotations

import pytest

from pytest_debugloop.capture.redact import Redactor
from pytest_debugloop.capture.secret_marks import NumberedMarks
from pytest_debugloop.capture.texts import Texts

SECRET = "password=hunter2-hunter2"
PLAIN = [f"text number {n}" for n in range(1_000)]


def test_only_the_texts_around_a_secret_are_looked_at_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = Texts(Redactor(), NumberedMarks())
    texts.suspects += [*PLAIN, SECRET]
    asked: list[str] = []
    is_suspicious = Redactor.is_suspicious

    def counted(self: Redactor, text: str) -> bool:
        asked.append(text)
        return is_suspicious(self, text)

    monkeypatch.setattr(Redactor, "is_suspicious", counted)
    scrub = texts.scrubber()
    assert scrub is not None
    assert [scrub(text) for text in PLAIN] == PLAIN
    assert scrub(SECRET) == "password=[redacted: key #1]"
    assert len(asked) < 100


@pytest.mark.parametrize(
    ("redactor", "text"),
    [(Redactor(patterns=[r"^SHOP-\d{6}$"]), "SHOP-123456"), (Redactor(names=["licence"]), "--licence abcdef-123")],
)
def test_what_a_user_adds_may_ask_for_a_whole_text(redactor: Redactor, text: str) -> None:
    texts = Texts(redactor, NumberedMarks())
    texts.suspects += [*PLAIN, SECRET, text]
    scrub = texts.scrubber()
    assert scrub is not None
    assert "redacted" in scrub(text)
