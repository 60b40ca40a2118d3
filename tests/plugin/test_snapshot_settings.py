"""Settings and other plugins decide what a snapshot has."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING

import jsonschema
import pytest

if TYPE_CHECKING:
    from tests.support.projects import Error, Project

SCHEMA = json.loads((files("pytest_debugloop") / "capture" / "agent_state.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def test_frames_of_libraries_keep_their_locals_where_that_is_asked(project: Project) -> None:
    project.write("test_any.py", "import json\ndef test():\n    json.loads('{')\n")
    frames = project.run("--debugloop-all-locals").record.error("::test").frames
    assert frames[-1]["locals"]["s"] == "{"
    assert "is_folded" not in frames[-1]


def test_a_setting_switches_capture_off(project: Project) -> None:
    project.write("test_any.py", "def test():\n    mine = 'kept back'\n    raise ValueError\n")
    state = project.run("--no-debugloop-capture").record.error("::test").state
    assert state is not None
    assert state["is_captured"] is False
    assert "locals" not in state["exceptions"][0]["frames"][0]


def test_names_can_be_kept_back(project: Project) -> None:
    project.write(
        "test_any.py",
        """
        import pytest

        @pytest.fixture
        def raw_blob():
            return "from a fixture"

        def test(raw_blob):
            picture_blob, other = b"xxx", {"raw": 1, "kept": 2}
            raise ValueError
        """,
    )
    error = project.run("--debugloop-capture-exclude=*_blob raw").record.error("::test")
    assert error.locals == {
        "picture_blob": "[not captured]",
        "raw_blob": "[not captured]",
        "other": {"raw": "[not captured]", "kept": 2},
    }
    assert error.fixture("raw_blob") == "[not captured]"


BIG = """
import time

def inner(text):
    mine = [list(range(200)) for _ in range(200)]
    assert text == "x"

def test():
    data = {"wide": ["y" * 5000 for _ in range(100)], "deep": [[[[[[[[1]]]]]]]]}
    inner("z" * 5000)
"""


@pytest.mark.parametrize(
    "told",
    [
        {
            "--debugloop-max-items=3": '"$cut": "197 more of 200 items"',
            "--debugloop-max-characters=10": '"$cut": "4,990 more of 5,000 characters"',
            "--debugloop-max-frames=1": '"$cut": "1 more of 2 frames"',
        },
        {"--debugloop-max-depth=2": '"$cut": "too deep"'},
        {"--debugloop-max-snapshot-bytes=20000": '"$cut": "no room left"'},
        {"--debugloop-max-snapshot-ms=0": '"$cut": "no time left"'},
    ],
    ids=["items, characters, frames", "depth", "bytes", "ms"],
)
def test_each_bound_is_a_setting_and_the_cut_says_so(project: Project, told: dict[str, str]) -> None:
    project.write("test_any.py", BIG)
    error: Error = project.run(*told).record.error("::test")
    VALIDATOR.validate(error.state)
    text = json.dumps(error.state)
    assert [option for option, cut in told.items() if cut not in text] == []
    assert error.frames[-1]["function"] == "inner"
    assert error.state is not None
    assert error.state["assertion"].startswith("assert 'zzz")
    if any("bytes" in option for option in told):
        assert len(text) <= 20_000
        assert len(error.locals["mine"]) == 51  # the innermost frame was written first


RENDERING = """
class Money:
    def __init__(self):
        self.cents = 250
        self.cache = object()

class Broken:
    pass

def pytest_debugloop_renderer(cls):
    if cls.__name__ == "Money":
        return lambda value: {"amount": value.cents / 100, "password": "x"}
    if cls.__name__ == "Broken":
        return lambda value: 1 / 0
    if cls.__name__ == "int":
        raise RuntimeError("never mind")

def pytest_debugloop_secret_names(config):
    return ["^pin$", "licen[cs]e"]

def pytest_debugloop_secret_patterns(config):
    return [r"SHOP-[0-9]{4}"]
"""


def test_other_plugins_render_types_and_name_secrets(project: Project) -> None:
    project.write("conftest.py", RENDERING)
    project.write(
        "test_any.py",
        """
        from conftest import Money, Broken

        def test():
            money, broken, pin, licence = Money(), Broken(), "1234", "abc"
            text = "key is SHOP-1234!"
            raise ValueError("SHOP-5678")
        """,
    )
    run = project.run()
    error = run.record.error("::test")
    assert error.locals["money"] == {"$type": "conftest.Money", "amount": 2.5, "password": "[redacted: key #4]"}
    assert error.locals["broken"] == {"$type": "conftest.Broken", "$failed": "ZeroDivisionError"}
    assert (error.locals["pin"], error.locals["licence"]) == ("[redacted: key #2]", "[redacted: key #3]")
    assert error.locals["text"] == "key is [redacted: pattern #5]!"
    assert error.error_message == "[redacted: pattern #1]"


def test_a_hook_that_gives_nonsense_is_told_and_the_run_goes_on(project: Project) -> None:
    project.write("conftest.py", "def pytest_debugloop_secret_names(config):\n    return ['([']\n")
    project.write("test_any.py", "def test(): pass\n")
    run = project.run()
    assert run.ret == 0
    assert "returned ['(['], which is not valid" in run.out


def test_our_hooks_and_marker_are_known_where_nothing_is_recorded(project: Project) -> None:
    project.write("conftest.py", RENDERING)
    project.write("test_any.py", "import pytest\n@pytest.mark.debugloop(capture=False)\ndef test(): pass\n")
    run = project.run("--strict-markers", "-W", "error", recorded=False)
    assert (run.ret, run.outcomes) == (0, {"passed": 1})
