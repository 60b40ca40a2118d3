"""Environment variables are those of the moment, and only those that are kept."""

from __future__ import annotations

import pytest

from pytest_debugloop.capture.globs import glob_matcher
from pytest_debugloop.capture.redact import Redactor
from pytest_debugloop.capture.variables import Variables


def test_they_are_as_they_are_now(monkeypatch: pytest.MonkeyPatch) -> None:
    variables = Variables(glob_matcher(["SHOP_*", "PYTEST_ADDOPTS"]), Redactor())
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    monkeypatch.setenv("SHOP_B", "2")
    monkeypatch.setenv("SHOP_A", "1")
    monkeypatch.setenv("OTHER", "3")
    assert variables.now() == [("SHOP_A", "1"), ("SHOP_B", "2")]
    monkeypatch.setenv("SHOP_A", "é")
    monkeypatch.delenv("SHOP_B")
    assert variables.now() == [("SHOP_A", "é")]
    for words in ("--token=abcdef", "-x --token=ghijkl"):
        monkeypatch.setenv("PYTEST_ADDOPTS", words)
        told = dict(variables.now())["PYTEST_ADDOPTS"]
        assert told == f"{words.partition('=')[0]}=[redacted: key]" or told.endswith("'--token=[redacted: key]'")
        assert "abcdef" not in told
        assert "ghijkl" not in told
