"""What a command says where the packages of an extra are not installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pytest_debugloop.errors import ExtraMissingError


@contextmanager
def requires_extra(extra: str) -> Iterator[None]:
    """Import, inside of it, what needs the packages of an extra.

    Args:
        extra: its name, as pip takes it.

    Raises:
        ExtraMissingError: a package of others cannot be imported.
    """
    try:
        yield
    except ImportError as error:
        package = (error.name or "").partition(".")[0]
        if package in ("", "pytest_debugloop"):
            raise
        raise ExtraMissingError(package=package, extra=extra) from error
