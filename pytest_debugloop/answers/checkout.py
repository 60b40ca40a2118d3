"""What the checkout that a command is typed in sets for its own runs, and what no record says."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.environment.ini import find_ini
from pytest_debugloop.settings import Settings, raw_value

if TYPE_CHECKING:
    from pytest_debugloop.capture.redact import Redactor

_NAMES = (
    *("debugloop_environment", "debugloop_capture_exclude"),
    *("debugloop_redact_names", "debugloop_redact_patterns", "debugloop_redact_except"),
)


def checkout_settings(location: RecordLocation) -> Settings:
    """Read what the environment and the ini file say of variables and secrets; all other options have their defaults.

    Args:
        location: where the command is typed.
    """
    _, ini = find_ini(location.rootdir)
    return Settings(
        lambda one: raw_value(one, lambda _: None, ini.get, os.environ) if one.name in _NAMES else one.default
    )


def redactor_of_checkout(location: RecordLocation) -> Redactor:
    """Make what takes secrets out as runs in this checkout do, but for what their plugins add.

    Args:
        location: where the command is typed.
    """
    from pytest_debugloop.capture.redact import redactor_of

    return redactor_of(checkout_settings(location))
