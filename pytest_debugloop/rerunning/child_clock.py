"""Sets the clock of a rerun's process while its tests run, by a library that is installed (``reproduce --vary``)."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import AbstractContextManager
from datetime import datetime, timezone
from importlib import import_module
from typing import Any

import pytest

# Whoever records goes by the clock on the wall. Not pytest: freezegun looks at the callers, and it calls the tests.
_LEFT_ALONE = ["pytest_debugloop"]


class Clock:
    """The hook around a test.

    Args:
        setting: the module that sets the clock, and a moment, in UTC.
    """

    def __init__(self, setting: str) -> None:
        self._library, _, moment = setting.partition(" ")
        self._moment = datetime.fromisoformat(moment).replace(tzinfo=timezone.utc)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self) -> Generator[None, object, object]:
        """Have it be that moment when a test begins; from then on the clock goes."""
        with self._travel():
            return (yield)

    def _travel(self) -> AbstractContextManager[Any]:
        library: Any = import_module(self._library)
        if self._library == "time_machine":
            # By a number: a moment with a time zone would set that zone too.
            travelling: AbstractContextManager[Any] = library.travel(self._moment.timestamp(), tick=True)
        else:
            travelling = library.freeze_time(self._moment, tick=True, ignore=_LEFT_ALONE)
        return travelling
