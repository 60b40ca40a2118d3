"""The ``debugloop`` command."""

from __future__ import annotations

import sys

from pytest_debugloop.errors import DriverMissingError


def main() -> None:
    """Run the command, or say how to install the driver that it needs."""
    from pytest_debugloop.cli.app import main as run

    try:
        run()
    except ImportError as error:
        if not (error.name or "").startswith("psycopg") and "pq wrapper" not in str(error):
            raise
        sys.exit(f"Error: {DriverMissingError(reason=' '.join(str(error).split()))}")


if __name__ == "__main__":
    main()
