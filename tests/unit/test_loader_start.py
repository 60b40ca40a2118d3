"""What starts the loader: a Python and nothing else, with none of the descriptors that the run was started with."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

import pytest

from pytest_debugloop.environment.interpreter import interpreter
from pytest_debugloop.errors import NoInterpreterError
from pytest_debugloop.summary import loader_start as loader_start
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
# Stands for the loader's program: notes the descriptors that it was started with.
LOOKS = """#!{python}
import json, os, pathlib
found = {{}}
for number in os.listdir("/proc/self/fd"):
    try:
        found[number] = os.readlink(f"/proc/self/fd/{{number}}")
    except FileNotFoundError:
        pass
half = pathlib.Path("{folder}", "half")
half.write_text(json.dumps(found))
half.rename("{folder}/found")
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Make a program, and have it stand for this process's own."""

    def make(name: str, text: str = "") -> Path:
        path = tmp_path / name
        path.write_text(text)
        path.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(path))
        return path

    return make


@pytest.mark.parametrize(
    "name",
    ["python", "python3", "python{0}", "python{0}t", "python{0}d", "python3-dbg", "pypy{0}", ".python3-wrapped"],
)
def test_what_is_called_python_is_one(program: Callable[..., Path], name: str) -> None:
    assert str(program(name.format(VERSION))) == interpreter()


@pytest.mark.parametrize("name", ["qgis", "app.sh", "blender", "python-app", "pytest", "uwsgi", "python2.7"])
def test_an_application_that_embeds_python_is_none(program: Callable[..., Path], name: str) -> None:
    program(name)
    with pytest.raises(NoInterpreterError, match=f"{name}', which is not this run's Python interpreter"):
        interpreter()


@pytest.mark.parametrize("found", [None, "", b"/usr/bin/python3", "/not/there/python3"])
def test_where_no_program_is_known_there_is_none(monkeypatch: pytest.MonkeyPatch, found: object) -> None:
    monkeypatch.setattr(sys, "executable", found)
    with pytest.raises(NoInterpreterError):
        interpreter()


def test_a_link_to_a_python_of_another_version_is_none(program: Callable[..., Path]) -> None:
    program("python2.7")
    link = program("python3")
    link.unlink()
    link.symlink_to("python2.7")
    with pytest.raises(NoInterpreterError):
        interpreter()


def test_a_python_of_another_name_is_one(program: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    real = sys.executable
    link = program("mayapy")
    monkeypatch.setattr(sys, "orig_argv", ["mayapy", "-I", "-m", "pytest"])
    assert interpreter() == str(link), "it has run a module, as Python does"
    monkeypatch.setattr(sys, "orig_argv", ["mayapy", "script.py", "-m", "slow"])
    with pytest.raises(NoInterpreterError):
        interpreter()
    link.unlink()
    link.symlink_to(real)
    assert interpreter() == str(link)


@pytest.fixture(params=[False, True], ids=["detached", "deferred"])
def loader(
    request: pytest.FixtureRequest, tmp_path: Path, program: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> loader_start.LoaderStart:
    """What starts the program that notes its descriptors, in each of the two ways."""
    if sys.platform != "linux":
        pytest.skip("looks at processes as Linux shows them")
    program("python3", LOOKS.format(python=sys.executable, folder=tmp_path))
    monkeypatch.setattr(loader_start, "is_first_process", lambda: request.param)
    (tmp_path / "record").mkdir(mode=0o700)
    made = loader_start.LoaderStart(tmp_path / "record", {})
    assert made.is_deferred is request.param
    return made


def test_the_loader_has_no_descriptor_of_the_run(tmp_path: Path, loader: loader_start.LoaderStart) -> None:
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)
    high = os.dup2(writing, 300, inheritable=True)
    try:
        loader.start()
        wait_until((tmp_path / "found").exists)
        loader.wait_for_child(60)
    finally:
        for number in (reading, writing, high):
            os.close(number)
    found = json.loads((tmp_path / "found").read_text())
    assert [found.pop(number) for number in "012"] == [os.devnull, *[str(tmp_path / "record" / "loader.log")] * 2]
    assert [name for name in found.values() if str(tmp_path) not in name] == []  # the script itself
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_the_loader_starts_after_tests_that_have_replaced_json(
    tmp_path: Path, loader: loader_start.LoaderStart, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(json, "dumps", None)
        loader.start()
    wait_until((tmp_path / "found").exists)
    loader.wait_for_child(60)
