"""What the start of a recorded run imports, and how: this is most of what a small run notices of us."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.projects import Project

# pytest does this with every distribution that has a plugin, but for editable ones.
_EARLY = """
import json, pathlib, sys
import pytest

pytest.register_assert_rewrite("pytest_debugloop", "helper")

def pytest_collection_finish(session):
    loaders = {
        name: type(module.__spec__.loader).__name__
        for name, module in sys.modules.items()
        if getattr(module, "__spec__", None) is not None
    }
    finders = [type(finder).__module__ for finder in sys.meta_path]
    pathlib.Path("loaded.json").write_text(json.dumps({"loaders": loaders, "finders": finders}))
"""
_HELPER = """
def check(value):
    assert value == 2
"""
_TEST = """
import helper, pytest

def test_rewritten():
    with pytest.raises(AssertionError, match="assert 1 == 2"):
        helper.check(1)
"""
_MOST_MODULES = 111
# What failures, a connection string, subtests and the summary of known failures need, and what is slow to import.
_LATE = {
    *("pytest_debugloop.dsn", "pytest_debugloop.errors", "pytest_debugloop.capture.guarded_repr"),
    *("pytest_debugloop.summary.known_failures", "pytest_debugloop.text.strategies", "pytest_debugloop.tracing"),
    *("email.message", "ipaddress", "urllib.parse", "psycopg", "ctypes"),
}


def started(project: Project, *options: str) -> dict[str, str]:
    command = [sys.executable, "-m", "pytest", "-p", "early", "-p", "pytest_debugloop.plugin", *options]
    env = {"PYTHONPATH": str(project.folder), "PYTHONDONTWRITEBYTECODE": "1"}
    run = project.run(command=command, env=env, recorded=False)
    assert run.ret == 0, run.out
    found = json.loads((project.folder / "loaded.json").read_text())
    assert "pytest_debugloop.own_imports" not in found["finders"]
    loaders: dict[str, str] = found["loaders"]
    return loaders


@pytest.mark.process
def test_our_modules_are_loaded_as_installed_and_few_of_them(project: Project) -> None:
    project.write("early.py", _EARLY)
    project.write("helper.py", _HELPER)
    project.write("test_it.py", _TEST)
    plain = started(project)
    recorded = started(project, "--debugloop", "--no-debugloop-load", "--debugloop-wait=0")
    more = {name: loader for name, loader in recorded.items() if name not in plain}
    assert set(more.values()) <= {"SourceFileLoader", "ExtensionFileLoader", "BuiltinImporter", "FrozenImporter"}
    ours = {name for name in recorded if name.partition(".")[0] == "pytest_debugloop"}
    assert {name for name in ours if recorded[name] == "AssertionRewritingHook"} <= {
        "pytest_debugloop",
        "pytest_debugloop.plugin",
        "pytest_debugloop.own_imports",
    }
    if (3, 12) <= sys.version_info < (3, 12, 4):
        assert "AssertionRewritingHook" not in {recorded[name] for name in ours}, "its inspect would keep all tests"
    assert len(ours) <= _MOST_MODULES
    assert not more.keys() & _LATE
    assert recorded["helper"] == recorded["test_it"] == "AssertionRewritingHook"
