"""Which of the modules that are loaded are code of the project, or beside it."""

from __future__ import annotations

from types import ModuleType

from pytest_debugloop.writing.loaded_files import imported_before_pytest


def test_what_was_imported_before_pytest_came_with_the_interpreter() -> None:
    modules: dict[str, object] = {"other": object()}
    for name in ("sys", "__main__", "sitecustomize", "debugger", "_pytest", "shop"):
        modules[name] = ModuleType(name)
        vars(modules[name])["__file__"] = None if name == "sys" else f"/x/{name}.py"
    assert list(imported_before_pytest(modules)) == ["/x/sitecustomize.py", "/x/debugger.py"]
