"""The ``debugloop`` command."""

from __future__ import annotations

import sys

from pytest_debugloop.errors import DriverMissingError


def main() -> None:
    """Run the command, or say how to install the driver that it needs."""
    try:
        import psycopg  # noqa: F401
    except ImportError as error:
        sys.exit(f"Error: {DriverMissingError(reason=' '.join(str(error).split()))}")
    from pytest_debugloop.cli.commands import main as run

    run()


if __name__ == "__main__":
    main()
