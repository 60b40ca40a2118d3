"""What belongs to the project though it lies outside of rootdir, or in no file at all, is recorded like the rest."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from pytest_debugloop.answers.record import Record
from pytest_debugloop.queries.failures import failure_groups

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.projects import Project, Run

OUTSIDE = """
    from common import helper


    def test_outside():
        outer = {value}
        helper(outer)


    def test_passes():
        pass
"""
COMMON = """
    def helper(value):
        inner = value + 1
        assert inner == 5
"""
GENERATED = """
    from dataclasses import dataclass, field

    import attr


    def broken():
        raise LookupError("no default")


    @dataclass
    class Plain:
        size: int
        colour: str = field(default_factory=broken)


    def check(self, attribute, value):
        raise LookupError("refused")


    @attr.s
    class Attrs:
        size = attr.ib(validator=check)


    def test_dataclass():
        Plain(3)


    def test_attrs():
        Attrs(3)


    def test_exec():
        names = {}
        exec("def made(value):\\n    doubled = value * 2\\n    raise LookupError(doubled)", names)
        names["made"](21)
"""


def run(project: Project, *arguments: str) -> Run:
    """Run a suite whose rootdir is one of its folders, without caches of byte code."""
    environ = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(project.folder / "src")}
    return project.run("-p", "no:cacheprovider", "-c", "ci/pytest.ini", *arguments, env=environ)


@pytest.fixture(scope="module")
def outside(make_project: Callable[[str], Project]) -> tuple[Project, Run]:
    """A suite of which nothing lies in rootdir, with two files of one name; both fail once."""
    project = make_project("outside")
    project.write("ci/pytest.ini", "[pytest]\n")
    project.write("src/common.py", COMMON)
    for folder, value in (("a", 1), ("b", 2)):
        project.write(f"{folder}/tests/test_outside.py", OUTSIDE.format(value=value))
    return project, run(project, "a/tests", "b/tests", "--import-mode=importlib")


def test_tests_outside_of_rootdir_have_their_frames_with_locals_and_source(outside: tuple[Project, Run]) -> None:
    error = outside[1].record.error("a/tests/test_outside.py::test_outside")
    assert [(frame["file"], frame["locals"]) for frame in error.frames] == [
        ("../a/tests/test_outside.py", {"outer": 1}),
        ("../src/common.py", {"inner": 2, "value": 1}),
    ]
    assert all("context" in frame for frame in error.frames)
    assert [place[0] for place in error.metadata["code"]] == [
        "../src/common.py",
        "../a/tests/test_outside.py",
        "../a/tests/test_outside.py",
    ]


def test_files_of_one_name_hold_different_tests_whatever_they_are_called_by(outside: tuple[Project, Run]) -> None:
    project, first = outside
    names = [f"../{folder}/tests/test_outside.py::test_outside" for folder in "ab"]
    assert [error.operation_name for error in first.record.all_errors] == names
    assert {step.operation_name for step in first.record.steps(step_type="collect")} == {
        "../a/tests/test_outside.py",
        "../b/tests/test_outside.py",
    }
    fingerprints = {error.metadata["fingerprint"] for error in first.record.all_errors}
    assert len(fingerprints) == 2
    alone = run(project, "a/tests/test_outside.py")
    (error,) = alone.record.all_errors
    assert error.operation_name == names[0]
    assert error.metadata["fingerprint"] in fingerprints


def test_a_fix_outside_of_rootdir_is_a_change_of_the_code(outside: tuple[Project, Run]) -> None:
    project, _ = outside
    arguments = ("b/tests", "-k", "outside")
    failed = run(project, *arguments)
    project.write("b/tests/test_outside.py", OUTSIDE.format(value=4))
    passed = run(project, *arguments)
    assert failed.record.run["code_version"] != passed.record.run["code_version"]
    (recovery,) = failed.record.query(
        "SELECT c.recovery_strategy, c.evidence FROM debug_error_success_correlation AS c"
        " JOIN debug_error_events AS e ON e.id = c.error_event_id WHERE e.correlation_id = %(id)s"
    )
    assert recovery["recovery_strategy"] == "code_change"
    assert recovery["evidence"]["code"][0]["file"] == "../b/tests/test_outside.py"


def test_generated_code_has_locals_and_source_and_counts(project: Project) -> None:
    project.write("test_generated.py", GENERATED)
    record = project.run("-p", "no:cacheprovider").record
    frames = record.error("test_dataclass").frames
    assert [frame["function"].rpartition(".")[2] for frame in frames] == ["test_dataclass", "__init__", "broken"]
    assert (frames[1]["file"], frames[1]["locals"]["size"]) == ("<string>", 3)
    frames = record.error("test_attrs").frames
    assert [frame["function"].rpartition(".")[2] for frame in frames][:2] == ["test_attrs", "__init__"]
    assert frames[1]["file"].startswith("<attrs generated ")  # and how it goes on depends on the version
    assert frames[1]["locals"]["size"] == 3
    assert "__attr_validator_size" in json.dumps(frames[1]["context"])
    made = record.error("test_exec")
    assert made.locals == {"value": 21, "doubled": 42}
    assert made.metadata["code"][0] == ["<string>", 3, "frame"]
    with project.connect() as connection, connection.transaction():
        (group,) = [
            one for one in Record(connection).fetch(failure_groups()) if one.fingerprint == made.metadata["fingerprint"]
        ]
    assert group.file == "test_generated.py"  # where one can go


def test_what_the_interpreter_starts_with_is_no_code_that_differs(
    project: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folders = [tmp_path_factory.mktemp(name) for name in ("interpreter", "beside")]
    (folders[0] / "sitecustomize.py").write_text("VALUE = 1\n", encoding="utf-8")
    (folders[1] / "helper.py").write_text("VALUE = 1\n", encoding="utf-8")
    project.write("test_it.py", "import helper, sitecustomize\n\ndef test_it(): assert helper.VALUE\n")
    found = project.run("-p", "no:cacheprovider", env={"PYTHONPATH": os.pathsep.join(map(str, folders))})
    (version,) = found.record.query(
        "SELECT v.files FROM debug_runs AS r JOIN debug_code_versions AS v ON v.id = r.code_version"
        " WHERE r.correlation_id = %(id)s"
    )
    names = {name.rpartition("/")[2] for name in version["files"]}
    assert "helper.py" in names
    assert "sitecustomize.py" not in names
