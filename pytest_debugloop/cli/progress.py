"""Says that long work goes on, where somebody watches."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def working(what: str) -> Iterator[None]:
    """Show a moving sign on standard error while something takes its time; nothing where that is no terminal.

    Args:
        what: is being done.
    """
    if not sys.stderr.isatty():
        yield
        return
    from pytest_debugloop.cli.output import make_console

    with make_console(stderr=True).status(f"{what} ..."):
        yield
