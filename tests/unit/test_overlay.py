"""Files that are read otherwise where Python imports them, in a process of pytest of its own."""

from __future__ import annotations

import json
import os
import py_compile
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_debugloop.rerunning.overlay import OVERLAY_VARIABLE
from tests.support.environment import clean_environment

FILES = {
    "pkg/__init__.py": "",
    "pkg/shop.py": "def total(): return 1\n",
    "spaces/inner/deep.py": "DEEP = 1\n",
    "plug.py": "import pytest\n@pytest.fixture\ndef plugged(): return 1\n",
    "conftest.py": "import pytest\n@pytest.fixture\ndef rate(): return 1\n",
    "test_it.py": (
        "from pkg.shop import total\nfrom spaces.inner.deep import DEEP\n"
        "def test_it(rate, plugged):\n    assert (total(), DEEP, plugged, rate) == (1, 1, 1, 1)\n"
    ),
}
OTHERWISE = {
    "pkg/shop.py": "def total(): return 2\n",
    "spaces/inner/deep.py": "DEEP = 3\n",
    "plug.py": FILES["plug.py"].replace("1", "4"),
    "conftest.py": FILES["conftest.py"].replace("1", "5"),
    "test_it.py": FILES["test_it.py"].replace("(1, 1, 1, 1)", "'other'"),
}


@pytest.mark.parametrize("mode", ["prepend", "importlib"])
@pytest.mark.parametrize("asserts", ["rewrite", "plain"])
def test_every_import_reads_the_other_text_and_nothing_is_written(tmp_path: Path, mode: str, asserts: str) -> None:
    folder = tmp_path / "suite"
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        py_compile.compile(str(path))  # one that is up to date, and would be taken
    given = {}
    for number, (name, text) in enumerate(OTHERWISE.items()):
        other = tmp_path / f"other-{number}"
        other.write_text(text, encoding="utf-8")
        given[str(folder / name)] = str(other)
    told = tmp_path / "overlay.json"
    told.write_text(json.dumps({"files": given, "fresh": str(folder)}), encoding="ascii")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    command = [
        sys.executable,
        "-W",
        "error::pytest.PytestAssertRewriteWarning",
        "-m",
        "pytest_debugloop.rerunning.overlay",
    ]
    words = ["-p", "plug", "-p", "no:cacheprovider", f"--import-mode={mode}", f"--assert={asserts}"]
    done = subprocess.run(
        [*command, *words],
        cwd=folder,
        env=clean_environment(PYTHONPATH=os.pathsep.join(["", str(folder)]), PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
        | {OVERLAY_VARIABLE: str(told)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert (">       assert (total(), DEEP, plugged, rate) == 'other'" in done.stdout) is True
    assert ("(2, 3, 4, 5) == 'other'" in done.stdout) is (asserts == "rewrite")
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
