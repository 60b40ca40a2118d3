"""Equal failures have one name, others have another."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

from pytest_debugloop.capture.exceptions import capture_exception_chain
from pytest_debugloop.capture.fingerprint import fingerprint_of, normalised
from pytest_debugloop.capture.project_code import ProjectCode

if TYPE_CHECKING:
    from pathlib import Path

CODE = """
def check(value):
    raise ValueError(f"{value} is wrong")

def test():
    check(VALUE)
"""


def fingerprint(folder: Path, code: str = CODE, value: str = "5", above: int = 0) -> str:
    folder.mkdir(exist_ok=True)
    path = folder / "test_it.py"
    text = "\n" * above + textwrap.dedent(code).replace("VALUE", value)
    path.write_text(text, encoding="utf-8")
    import linecache

    linecache.checkcache(str(path))
    namespace: dict[str, object] = {"__name__": "test_it"}
    exec(compile(text, str(path), "exec"), namespace)
    try:
        namespace["test"]()  # type: ignore[operator]
    except Exception as error:
        return fingerprint_of(capture_exception_chain(error, ProjectCode(str(folder)), 50)[0])
    raise AssertionError


@pytest.mark.parametrize(
    "other",
    [
        {"above": 40},
        {"value": "6"},
        {"value": "-7.5"},
        {"code": CODE + "\n\ndef unrelated():\n    pass\n"},
    ],
    ids=["another line", "another number", "a negative number", "other code in the file"],
)
def test_the_same_failure_keeps_its_name(tmp_path: Path, other: dict[str, object]) -> None:
    changed = {"value": "5"} | other
    if "value" in other:  # the line itself holds the number: keep it out of the source
        code = CODE.replace("check(VALUE)", "check(int(NUMBER))").replace("def check", "NUMBER = VALUE\n\ndef check")
        assert fingerprint(tmp_path, code, "5") == fingerprint(tmp_path, code, str(other["value"]))
        return
    assert fingerprint(tmp_path) == fingerprint(tmp_path, **changed)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "code",
    [
        CODE.replace("ValueError", "KeyError"),
        CODE.replace("is wrong", "is missing"),
        CODE.replace("def check", "def verify").replace("check(VALUE)", "verify(VALUE)"),
        CODE.replace("    check(VALUE)", "    check(VALUE + 1)"),
    ],
    ids=["type", "message", "function", "the line that calls"],
)
def test_another_failure_has_another_name(tmp_path: Path, code: str) -> None:
    assert fingerprint(tmp_path) != fingerprint(tmp_path, code)


def test_the_folder_of_the_project_does_not_matter(tmp_path: Path) -> None:
    assert fingerprint(tmp_path / "a") == fingerprint(tmp_path / "b")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("<Thing object at 0x7f00aa>", "<Thing object at 0x55bb01>"),
        ("/tmp/pytest-of-ann/pytest-3/x0/a.txt is gone", "/tmp/pytest-of-bob/pytest-99/x1/a.txt is gone"),
        ("job 0f8fad5b-d9cb-469f-a165-70867728950e", "job 7c9e6679-7425-40de-944b-e07fc1f90ae7"),
        ("at 2024-01-02T03:04:05.678Z", "at 2025-11-12 13:14:15+01:00"),
        ("took 1.25e-3 s", "took 17 s"),
    ],
)
def test_what_differs_from_run_to_run_is_taken_out(one: str, other: str) -> None:
    assert normalised(one) == normalised(other)
    assert normalised("status: open") != normalised("status: closed")
