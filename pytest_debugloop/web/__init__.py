"""The record as pages for a browser; only the command imports this room, and ASGI servers do, by ``app``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.applications import Starlette

    app: Starlette


def __getattr__(name: str) -> Any:
    """Make ``app`` when an ASGI server asks for it: the record that the environment and the ini file name."""
    if name != "app":
        raise AttributeError(name)
    from pytest_debugloop.web.application import app_of_environment

    globals()["app"] = app_of_environment()
    return globals()["app"]
