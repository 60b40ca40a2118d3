"""Where the loader's process begins: what loads runs meets what reports on them, which lives above it."""

from __future__ import annotations

from typing import Any

from pytest_debugloop.loading.__main__ import main as load


def main() -> None:
    """Do what the environment orders, and end."""
    load(_report_on)


def _report_on(*asked: Any) -> list[str]:
    from pytest_debugloop.answers.run_report import report_on  # which few runs want

    return report_on(*asked)
