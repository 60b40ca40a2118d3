"""What a process that a test starts gets of the environment of the tests."""

from __future__ import annotations

import os
import signal
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
EXAMPLE = CHECKOUT / "examples" / "orders"

# What would make an inner process depend on how the outer one was started, by what its name begins with.
_NOT_INHERITED = (
    *("DEBUGLOOP", "PYTEST_", "COV_", "COVERAGE_", "PYTHON", "PG", "GIT_"),
    *("CI", "BUILD", "GITHUB_", "GITLAB_", "JENKINS_", "TF_BUILD", "BITBUCKET_", "TRAVIS"),
    *("PY_COLORS", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "PAGER", "LESS", "TERM", "LC_", "LANG"),
)
# Set where the coverage of this package is measured: then in each process, or what only those run were left out.
_MEASURED = ("COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG")


def clean_environment(**more: str) -> dict[str, str]:
    """Give what of our environment a process gets.

    Args:
        **more: variables that are added.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_INHERITED)}
    measured = {name: os.environ[name] for name in _MEASURED if name in os.environ}
    # A server that stays would count as left behind (but in database/test_lingering.py), and what a run does not wait
    # for could not be looked at (but in plugin/test_short_waits.py).
    ours = {"TERM": "xterm-256color", "LANG": "C.UTF-8", "DEBUGLOOP_LINGER": "0", "DEBUGLOOP_WAIT": "30"}
    return kept | measured | ours | more


def as_from_a_shell() -> None:
    """Undo in a child what `nohup` or a job in the background does to signals: the tests may run in one."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
