"""Recording is begun: what takes part in this process is registered with pytest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_debugloop.own_imports import OwnImports
from pytest_debugloop.recording.session import Session

if TYPE_CHECKING:
    import pytest


def start_recording(config: pytest.Config) -> None:
    """Register what records this run.

    Args:
        config: of the run.
    """
    session = Session(config)
    config.pluginmanager.register(session, "debugloop-session")
    # By its hooks: a plugin has another name where it is loaded by the name of its module.
    if session.worker is None and hasattr(config.hook, "pytest_configure_node"):
        with OwnImports():
            from pytest_debugloop.recording.xdist import Controller

        config.pluginmanager.register(Controller(session), "debugloop-xdist")
