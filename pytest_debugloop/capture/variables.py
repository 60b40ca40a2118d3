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

_environment: Any = os.environ
_decoded = os.fsdecode


class Variables:
    """The variables of this process, read where ``os.environ`` stores them.

    Args:
        is_kept: tells by its name whether a variable is kept.
        redactor: takes secrets out of those that hold a command line.
    """

    __slots__ = ("_is_kept", "_last", "_redactor")

    def __init__(self, is_kept: Callable[[str], bool], redactor: Redactor) -> None:
        self._is_kept = is_kept
        self._redactor = redactor
        self._last: tuple[dict[Any, Any], list[tuple[object, object]]] = ({}, [])

    def now(self) -> list[tuple[object, object]]:
        """Give name and value of each, by name."""
        stored: dict[Any, Any] = (dict_of(_environment) or {}).get("_data") or {}
        if stored != self._last[0]:
            found = [(_decoded(k), _decoded(v)) for k, v in dict.items(stored) if type(k) is type(v) is bytes]
            kept = [(name, self._shown(name, value)) for name, value in sorted(found) if self._is_kept(name)]
            self._last = dict.copy(stored), list(kept)
        return self._last[1]

    def _shown(self, name: str, value: str) -> str:
        return redacted_words(value, self._redactor) if name in ARGUMENT_VARIABLES else value
