"""The ``debugloop`` command."""

from __future__ import annotations

from pytest_debugloop.cli.commands import main

if __name__ == "__main__":
    main()
