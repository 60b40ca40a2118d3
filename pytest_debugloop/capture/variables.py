"""The environment variables that are kept at a failure, as the test left them."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from pytest_debugloop.capture.redact import Redactor
from pytest_debugloop.capture.secret_arguments import ARGUMENT_VARIABLES, redacted_words
from pytest_debugloop.capture.storage import dict_of

_KEPT = """
    CI TZ LANG LANGUAGE LC_* PYTHON* PYTEST_ADDOPTS PYTEST_PLUGINS HYPOTHESIS_* COVERAGE_* DJANGO_SETTINGS_MODULE
    VIRTUAL_ENV CONDA_DEFAULT_ENV TOX_ENV_NAME NOX_* OMP_NUM_THREADS
"""
ENVIRONMENT = tuple(_KEPT.split())
"""Patterns of the environment variables that are kept."""

UNSTABLE = ("PYTEST_CURRENT_TEST", "PYTEST_XDIST_*", "DEBUGLOOP_DSN")
"""Those that are not, whatever a user adds."""

_MOST = 5_000
_environment: Any = os.environ
_decoded = os.fsdecode


class Variables:
    """The variables of this process, read where ``os.environ`` stores them.

    Args:
        is_kept: tells by its name whether a variable is kept.
        redactor: takes secrets out of those that hold a command line.
    """

    __slots__ = ("_is_kept", "_names", "_redactor", "_words")

    def __init__(self, is_kept: Callable[[str], bool], redactor: Redactor) -> None:
        self._is_kept = is_kept
        self._redactor = redactor
        self._names: dict[bytes, str] = {}  # as the process stores them; empty of those that are not kept
        self._words: dict[str, str] = {}

    def now(self) -> list[tuple[str, str]]:
        """Give name and value of each, by name."""
        stored: dict[Any, Any] = (dict_of(_environment) or {}).get("_data") or {}
        names = self._names
        kept = []
        for raw, value in tuple(dict.items(stored)):
            if type(raw) is bytes and type(value) is bytes:
                name = names.get(raw)
                if name is None:
                    name = self._name(raw)
                if name:
                    kept.append((name, self._shown(name, _decoded(value))))
        kept.sort()
        return kept

    def _name(self, raw: bytes) -> str:
        name = _decoded(raw)
        if len(self._names) >= _MOST:
            self._names.clear()
        found = self._names[raw] = name if self._is_kept(name) else ""
        return found

    def _shown(self, name: str, value: str) -> str:
        if name not in ARGUMENT_VARIABLES:
            return value
        if value not in self._words:
            self._words = {value: redacted_words(value, self._redactor)}
        return self._words[value]
