"""Journals made by really running the example suite, with a database that is never there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from pytest_debugloop.handover import JOURNALS

EXAMPLE = Path(__file__).parents[2] / "examples" / "orders"


def clean_environment() -> dict[str, str]:
    """The environment without what would switch something on in an inner run."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("DEBUGLOOP", "PYTEST_", "COV_", "CI"))}


def record_example(folder: Path, *arguments: str) -> Path:
    """Run the example suite and leave its journals waiting; give the folder of the run."""
    suite = folder / "orders"
    if not suite.exists():
        shutil.copytree(EXAMPLE, suite, ignore=shutil.ignore_patterns(".*", "__pycache__"))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "rerunfailures", "--reruns", "1"]
    command += ["--debugloop", "--debugloop-dsn", f"host={folder} connect_timeout=2", "--debugloop-wait", "60"]
    environment = clean_environment() | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command += ["-p", "pytest_debugloop.plugin", *arguments]
    done = subprocess.run(command, cwd=suite, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "is not stored" in done.stdout, done.stdout
    runs = sorted((suite / ".debugloop" / JOURNALS).iterdir(), key=lambda path: path.stat().st_mtime)
    return runs[-1]
