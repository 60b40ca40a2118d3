"""Which code is the project's: by its file, and where it was generated, by whose it is."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from pytest_debugloop.capture.exceptions import CapturedException, capture_exception_chain
from pytest_debugloop.capture.fingerprint import fingerprint_of
from pytest_debugloop.capture.frames import Frame, context_of, locals_of
from pytest_debugloop.capture.project_code import ProjectCode

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = str(Path(__file__).parent)
ROOT = "/home/me/mono/app"
CODE = ProjectCode(ROOT, ["/home/me/mono", "/srv/lib", "/venvs/a/lib/python3.12/site-packages/shop"], ["/venvs/a"])


@pytest.mark.parametrize(
    ("path", "is_project", "name", "identity"),
    [
        (f"{ROOT}/tests/test_a.py", True, "tests/test_a.py", None),
        (f"{ROOT}/tests/../src/a.py", True, "src/a.py", None),
        ("/home/me/mono/common/a.py", True, "../common/a.py", None),
        ("/srv/lib/src/a.py", True, "/srv/lib/src/a.py", "lib/src/a.py"),
        ("/home/me/mono-two/a.py", False, "/home/me/mono-two/a.py", None),
        ("/home/me/other/a.py", False, "/home/me/other/a.py", None),
        (f"{ROOT}/.venv/lib/python3.12/site-packages/a.py", False, None, "site-packages/a.py"),
        ("/venvs/a/lib/python3.12/site-packages/shop/a.py", True, None, "site-packages/shop/a.py"),
        ("/venvs/a/lib/python3.12/site-packages/requests/a.py", False, None, "site-packages/requests/a.py"),
        ("/venvs/a/bin/pytest", False, None, None),
        (os.__file__, False, None, None),
        ("a.py", True, "a.py", None),
        ("<string>", False, "<string>", None),
        ("<doctest shop[0]>", True, "<doctest shop[0]>", None),
        ("<frozen importlib._bootstrap>", False, None, None),
    ],
)
def test_the_innermost_folder_around_a_file_decides(
    path: str, is_project: bool, name: str | None, identity: str | None
) -> None:
    assert CODE.has_file(path) is is_project
    if name is not None:
        assert CODE.name_of(path) == name
    assert CODE.identity_of(path) == (identity or CODE.name_of(path))


def test_rootdir_may_lie_in_an_interpreter_and_an_environment_in_rootdir(tmp_path: Path) -> None:
    inside = ProjectCode(f"{sys.prefix}/src/app")
    assert inside.has_file(f"{sys.prefix}/src/app/a.py")
    assert not inside.has_file(f"{sys.prefix}/src/other/a.py")
    (tmp_path / "env/share").mkdir(parents=True)
    (tmp_path / "env/pyvenv.cfg").touch()
    around = ProjectCode(str(tmp_path))
    assert not around.has_file(str(tmp_path / "env/share/a.py"))
    assert around.has_file(str(tmp_path / "environment/a.py"))


def test_a_link_to_a_folder_of_the_project_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real/src").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    for rootdir, path in (("link", "real"), ("real", "link"), ("link", "link")):
        code = ProjectCode(str(tmp_path / rootdir))
        assert code.has_file(str(tmp_path / path / "src/a.py"))
        assert code.name_of(str(tmp_path / path / "src/a.py")) == "src/a.py"


def test_a_folder_that_tests_are_found_in_later_counts_from_then_on() -> None:
    code = ProjectCode(ROOT)
    assert not code.has_file("/srv/tests/test_a.py")
    code.add("/srv/tests")
    assert code.has_file("/srv/tests/test_a.py")
    assert code.identity_of("/srv/tests/sub/test_a.py") == "tests/sub/test_a.py"


# -- generated code ---------------------------------------------------------------------------------------------------

GENERATED = "def made(value):\n    doubled = value * 2\n    raise ValueError(doubled)\n"


def failing(source: str, names: dict[str, Any], filename: str = "<string>") -> Callable[[], object]:
    exec(compile(source, filename, "exec"), names)
    return lambda: names["made"](21)


def frames_of(call: Callable[[], object], *folders: str) -> list[Frame]:
    """The frames of what a call raises."""
    return seen_of(call, *folders).frames


def seen_of(call: Callable[[], object], folder: str = HERE) -> CapturedException:
    """What a call raises, in a project of this file's folder or of another."""
    try:
        call()
    except Exception as error:
        return capture_exception_chain(error, ProjectCode(folder), 50)[0]
    raise AssertionError


@pytest.mark.parametrize("names", [{}, {"__name__": "made_up"}, {"__name__": "__main__"}, {"__name__": __name__}])
def test_generated_code_is_of_the_module_it_names_or_else_of_its_caller(names: dict[str, Any]) -> None:
    innermost = frames_of(failing(GENERATED, dict(names)))[-1]
    assert (innermost.file, innermost.function, innermost.is_project) == ("<string>", "made", True)
    assert dict(locals_of(innermost.frame)) == {"value": 21, "doubled": 42}


def test_generated_code_of_a_library_is_not_the_projects(monkeypatch: pytest.MonkeyPatch) -> None:
    library = ModuleType("a_library")
    library.__file__ = "/usr/lib/python3/dist-packages/a_library.py"
    monkeypatch.setitem(sys.modules, "a_library", library)
    assert not frames_of(failing(GENERATED, {"__name__": "a_library"}))[-1].is_project
    assert not frames_of(failing(GENERATED, {}), "/nowhere")[-1].is_project


def test_a_generated_method_is_of_the_class_that_it_is_called_on() -> None:
    names: dict[str, Any] = {}
    exec(
        compile("def made(self):\n    size = 1\n    raise ValueError(size)\n", "<attrs generated init X>", "exec"),
        names,
    )
    thing = type("Thing", (), {"__module__": __name__, "made": names["made"]})()
    caller = "import operator\ndef call(thing):\n    operator.methodcaller('made')(thing)\n"
    library: dict[str, Any] = {"__file__": "/usr/lib/python3/dist-packages/a_library.py"}
    exec(compile(caller, "/usr/lib/python3/dist-packages/a_library.py", "exec"), library)
    assert [frame.is_project for frame in frames_of(lambda: library["call"](thing))] == [True, True, False, True]


def test_its_source_is_shown_where_python_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import linecache

    filename = "<attrs generated init shop.Thing>"
    entry = (len(GENERATED), None, GENERATED.splitlines(keepends=True), filename)
    monkeypatch.setitem(linecache.cache, filename, entry)  # as attrs registers it
    innermost = frames_of(failing(GENERATED, {}, filename))[-1]
    assert (innermost.line, innermost.source) == (3, "raise ValueError(doubled)")
    assert context_of(innermost.frame, 3) == (1, GENERATED.splitlines())


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        (("<made 1>", GENERATED), ("<made 17>", GENERATED), True),
        (("<made 1>", GENERATED), ("<other 1>", GENERATED), False),
        (("<made>", GENERATED), ("<made>", GENERATED.replace("made", "made_too") + "made = made_too\n"), False),
    ],
    ids=["another number", "another name", "another function"],
)
def test_generated_frames_count_for_the_fingerprint(
    one: tuple[str, str], other: tuple[str, str], is_same: bool
) -> None:
    found = [fingerprint_of(seen_of(failing(source, {}, filename))) for filename, source in (one, other)]
    assert (found[0] == found[1]) is is_same
