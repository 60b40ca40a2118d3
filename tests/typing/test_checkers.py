"""The types of the Python API as pyright sees them; mypy checks the same file together with everything else."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.environment import clean_environment

USES = Path(__file__).with_name("api_uses.py")


@pytest.mark.process
def test_pyright_knows_the_types_of_the_api_as_mypy_does(tmp_path: Path) -> None:
    program = shutil.which("basedpyright", path=str(Path(sys.executable).parent))
    if program is None:
        pytest.skip("basedpyright is not installed; the extra `lint` has it")
    # The rules of pyright. Comments for mypy silence nothing; a comment for pyright that silences nothing is an error.
    config = {
        "include": [str(USES)],
        "typeCheckingMode": "standard",
        "pythonVersion": "3.10",
        "enableTypeIgnoreComments": False,
        "reportUnnecessaryTypeIgnoreComment": "error",
    }
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(config), encoding="utf-8")
    command = [program, "--project", str(tmp_path), "--pythonpath", sys.executable]
    done = subprocess.run(command, cwd=tmp_path, env=clean_environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
