"""What may stay when the process that the user started has ended."""

from __future__ import annotations

import os
from collections.abc import Mapping

from pytest_debugloop.environment.ci import is_ci

# Set while a test goes on, and in a worker of pytest-xdist: what is started in there is of that test.
_IN_A_TEST = ("PYTEST_CURRENT_TEST", "PYTEST_XDIST_WORKER")


def seconds_to_stay(wanted: float, environ: Mapping[str, str]) -> float:
    """Tell for how long the embedded server may stay when nobody uses it any more.

    A CI waits for all processes of a job, or kills them; a test is to leave nothing behind; and with the first process
    of a container all others end.

    Args:
        wanted (float): the setting, in seconds.
        environ (Mapping): the environment.

    Returns:
        float: seconds; 0 where it must not stay.
    """
    is_short = is_ci(environ) or any(name in environ for name in _IN_A_TEST) or os.getpid() == 1
    return 0.0 if is_short else wanted
