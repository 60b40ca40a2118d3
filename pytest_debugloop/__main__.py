"""The ``debugloop`` command."""

from __future__ import annotations

import sys

from pytest_debugloop.errors import DriverMissingError


def main() -> None:
    """Run the command, or say how to install the driver that it needs."""
    try:
        from pytest_debugloop.cli.app import main as run

        run()
    except KeyboardInterrupt:  # before or after the command itself, which has its own answer
        sys.exit(130)
    except ImportError as error:
        if not (error.name or "").startswith("psycopg") and "pq wrapper" not in str(error):
            raise
        from pytest_debugloop.cli.failing import is_json_asked, tell

        tell(DriverMissingError(reason=" ".join(str(error).split())), 1, as_json=is_json_asked(sys.argv[1:]))
        sys.exit(1)


if __name__ == "__main__":
    main()
