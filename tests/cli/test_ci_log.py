"""Nothing that a record holds is a command to the CI in whose log it is printed."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.ci import commands_in
from tests.support.commands import COMMAND
from tests.support.environment import clean_environment
from tests.support.projects import Project, told_by_us

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers import Server

SIGNS = ("::stop-commands::x", "##[add-mask]x", "##vso[task.complete]x", "##teamcity[buildStop]", "--- x", "+++ x")
EVIL = "\n".join([*SIGNS, *(f"  {sign}" for sign in SIGNS), "section_start:0:x\r\x1b[0K"])
ON = {"CI": "true", "GITHUB_ACTIONS": "true", "BUILDKITE": "true"}
SUITE = f"""
from pathlib import Path

import pytest

EVIL = {EVIL!r}
VALUES = [sign for sign in {SIGNS!r}] + [1]

@pytest.mark.parametrize("value", VALUES, ids=str)
def test_evil(value):
    evil, nested = EVIL, {{sign: [sign] for sign in VALUES}}
    print(EVIL)
    if value == 1:
        pytest.skip(EVIL)
    raise type(VALUES[0], (ValueError,), {{}})(EVIL + str(value))

def test_flaky():
    file = Path(__file__).with_name("tried")
    if not file.exists():
        file.touch()
        raise ValueError(EVIL)
"""
COMMANDS: tuple[tuple[str, ...], ...] = (
    ("show",),
    ("show", "test_flaky"),
    ("show", "--folded", "test_evil[1]"),
    ("show", "--brief"),
    ("show", "--brief", "--budget", "200"),
    ("runs",),
    ("history", "test_flaky"),
    ("failures",),
    ("flaky", "--all"),
    ("recoveries",),
    ("recoveries", "--patterns"),
    ("diff", "test_flaky"),
    ("slow", "--all"),
    ("debug", "test_flaky"),
    ("doctor",),
    ("status",),
    ("load",),
    ("show", EVIL),
    ("history", "test_evil"),
    ("sql", "--json", "SELECT * FROM debug_error_events"),
    ("export",),
    ("export", "--format", "junit"),
)


@pytest.fixture(scope="module")
def evil(any_postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A record in which every text begins as a command to some CI."""
    with any_postgres.record() as (conninfo, schema):
        folder = tmp_path_factory.mktemp("evil")
        own = {"DEBUGLOOP_PROJECT": "::warning::p", "DEBUGLOOP_AGENT_NAME": "##[error]me"}
        project = Project(folder, conninfo, schema, own)
        project.write("pytest.ini", "[pytest]\n")
        project.write("test_evil.py", SUITE)
        done = project.record("--reruns", "1", "--show-capture=no", "--tb=no", **ON)
        assert done.returncode == 1
        ours = told_by_us(done.stdout.splitlines())[0]
        assert [line for line in ours if "##" in line]
        assert commands_in("\n".join(ours)) == []
        yield project


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["text", "json"])
@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda arguments: " ".join(arguments)[:40])
def test_no_answer_is_a_command(evil: Project, arguments: tuple[str, ...], form: tuple[str, ...]) -> None:
    form = () if arguments[0] in ("sql", "export", "debug") else form
    done = evil.debugloop(*arguments, *form, **ON)
    assert done.stdout + done.stderr
    assert commands_in(done.stdout) == []
    assert commands_in(done.stderr) == []
    if (form or "--json" in arguments) and done.returncode == 0:
        assert json.loads(done.stdout)


def test_the_json_of_a_failure_means_what_was_recorded(evil: Project) -> None:
    answer = json.loads(evil.printed("show", "test_flaky", "--json"))
    assert [failure["error_message"] for failure in answer["failures"]] == [EVIL]


@pytest.mark.parametrize(
    "arguments",
    [
        ("sql", "-c", "SELECT error_message FROM debug_error_events"),
        ("sql", "-At", "-c", "SELECT error_message FROM debug_error_events"),
        ("sql", "-c", f"DO $$ BEGIN RAISE EXCEPTION '{SIGNS[0]}'; END $$"),
        ("export", "--format", "csv", "--table", "failures"),
        ("show", "--brief"),
        ("show", "nothing\n::error::x"),
    ],
    ids=lambda arguments: " ".join(arguments)[:40],
)
def test_nor_is_what_goes_through_a_pipe_or_another_program(evil: Project, arguments: tuple[str, ...]) -> None:
    done = subprocess.run(
        [*COMMAND, *arguments],
        cwd=evil.folder,
        env=clean_environment(**evil.variables, **ON),
        capture_output=True,
        timeout=120,
        check=False,
    )
    log = (done.stdout + b"\n" + done.stderr).decode()
    assert "stop-commands" in log or "error" in log
    assert commands_in(log) == []


def test_data_for_a_program_and_for_a_file_stay_as_they_are(evil: Project) -> None:
    command = [*COMMAND, "export", "--format", "csv", "--table", "failures"]
    in_pipe = subprocess.run(
        command, cwd=evil.folder, env=clean_environment(**evil.variables), capture_output=True, check=True, timeout=120
    ).stdout
    with (evil.folder / "out.csv").open("wb") as file:
        subprocess.run(
            command,
            cwd=evil.folder,
            env=clean_environment(**evil.variables, **ON),
            stdout=file,
            check=True,
            timeout=120,
        )
    assert (evil.folder / "out.csv").read_bytes() == in_pipe
    rows = list(csv.DictReader(io.StringIO(in_pipe.decode(), newline="")))
    assert any(row["error_message"].startswith("::stop-commands::x\n##[add-mask]x") for row in rows)


def test_a_program_that_goes_on_when_nobody_reads_its_output_ends(tmp_path: os.PathLike[str]) -> None:
    talks = "import sys\nfor _ in range(2000): sys.stdout.write('x' * 1000)\nsys.exit(7)"
    guarded = "import sys; from pytest_debugloop.cli.safe_output import run_guarded as run\n"
    program = f"{guarded}sys.exit(run([sys.executable, '-c', {talks!r}], None))"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=tmp_path, env=clean_environment(**ON)
    ) as process:
        assert process.stdout is not None
        assert process.stdout.read(100)
        process.stdout.close()
        assert process.wait(60) == 7
