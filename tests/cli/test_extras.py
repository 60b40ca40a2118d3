"""Commands that need an extra, where it is not installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.environment import clean_environment


@pytest.mark.parametrize(
    ("package", "arguments", "extra"),
    [
        ("mcp", ["mcp"], "mcp"),
        ("starlette", ["serve", "--no-open"], "web"),
        ("jinja2", ["report", "--output", "report.html"], "web"),
    ],
)
def test_without_the_extra_a_command_says_what_to_install(
    tmp_path: Path, package: str, arguments: list[str], extra: str
) -> None:
    code = f"import sys; sys.modules[{package!r}] = None; from pytest_debugloop.__main__ import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=tmp_path,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    expected = f'Error: The package {package} is not installed: run `pip install "pytest-debugloop[{extra}]"`.'
    assert done.stderr.strip() == expected
