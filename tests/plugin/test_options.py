"""Each option has three spellings and one meaning."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from pytest_debugloop.setting_values import Retention
from pytest_debugloop.settings import OPTIONS, Option

if TYPE_CHECKING:
    from tests.support.projects import Project

# For each option a value that can be told from the default, and how the settings hold it.
VALUES: dict[str, tuple[str, str, object]] = {
    "debugloop": ("true", "enabled", True),
    "debugloop_dsn": ("host=/nowhere", "dsn", "host=/nowhere"),
    "debugloop_dir": ("elsewhere", "directory", "elsewhere"),
    "debugloop_schema": ("mine", "schema", "mine"),
    "debugloop_correlation_id": ("nightly", "correlation_id", "nightly"),
    "debugloop_session_id": ("release", "session_id", "release"),
    "debugloop_agent_name": ("robot", "agent_name", "robot"),
    "debugloop_project": ("shop", "project", "shop"),
    "debugloop_leg": ("linux", "leg", "linux"),
    "debugloop_load": ("false", "load", False),
    "debugloop_wait": ("1.5", "wait", 1.5),
    "debugloop_linger": ("45", "linger", 45.0),
    "debugloop_retention": ("passes=30d failures=1y recoveries=0", "retention", Retention(30.0, 365.0, None)),
    "debugloop_web_url": ("https://debugloop.example/", "web_url", "https://debugloop.example"),
    "debugloop_postgres_version": ("16", "postgres_version", 16),
    "debugloop_capture": ("false", "capture", False),
    "debugloop_capture_exclude": ("*_blob, raw", "capture_exclude", ("*_blob", "raw")),
    "debugloop_all_locals": ("true", "all_locals", True),
    "debugloop_max_depth": ("3", "max_depth", 3),
    "debugloop_max_items": ("7", "max_items", 7),
    "debugloop_max_characters": ("99", "max_characters", 99),
    "debugloop_max_frames": ("9", "max_frames", 9),
    "debugloop_max_snapshot_bytes": ("8192", "max_snapshot_bytes", 8192),
    "debugloop_max_snapshot_ms": ("12.5", "max_snapshot_ms", 12.5),
    "debugloop_max_checkpoints": ("7", "max_checkpoints", 7),
    "debugloop_max_artifact_bytes": ("99", "max_artifact_bytes", 99),
    "debugloop_redact_names": ("licen[cs]e ^pin$", "redact_names", ("licen[cs]e", "^pin$")),
    "debugloop_redact_patterns": ("SHOP-[0-9]+", "redact_patterns", ("SHOP-[0-9]+",)),
    "debugloop_redact_except": ("*cookie*, sid", "redact_except", ("*cookie*", "sid")),
    "debugloop_repr": ("shop.*", "repr_types", ("shop.*",)),
    "debugloop_environment": ("SHOP_*", "environment", ("SHOP_*",)),
    "debugloop_ci_report": ("false", "ci_report", False),
    "debugloop_gate": ("true", "gate", True),
    "debugloop_gate_if_unknown": ("pass", "gate_if_unknown", "pass"),
}
SHOW = """
import os
from pytest_debugloop.setting_values import Retention
from pytest_debugloop.settings import Settings, raw_value

def pytest_report_header(config):
    settings = Settings(lambda o: raw_value(o, config.getoption, config.getini, os.environ))
    return [f"setting {n}={getattr(settings, n)!r}" for n in vars(settings)]
"""


def shown(project: Project, *arguments: str, **env: str) -> list[str]:
    command = project.command("--collect-only", "-p", "show", *arguments, recorded=False)
    run = project.run(command=command, env={"PYTHONPATH": str(project.folder)} | env)
    return [line.removeprefix("setting ") for line in run.lines if line.startswith("setting ")]


@pytest.fixture
def showing(project: Project) -> Project:
    """A project whose runs show their settings."""
    project.write("show.py", SHOW)
    return project


def flag_of(option: Option[Any]) -> str:
    value = VALUES[option.name][0]
    if option.metavar is None:
        return option.flag if value == "true" else option.flag.replace("--", "--no-", 1)
    return f"{option.flag}={value}"


def test_every_option_is_tried_here() -> None:
    assert [option.name for option in OPTIONS] == list(VALUES)


@pytest.mark.parametrize("where", ["flags", "variables", "pytest.ini", "pyproject.toml", "native TOML"])
def test_every_option_can_be_set_everywhere(showing: Project, where: str) -> None:
    arguments: list[str] = []
    env = {"DEBUGLOOP_LINGER": "", "DEBUGLOOP_WAIT": ""}  # which are set where our tests run pytest
    lines = "".join(f"{name} = {value}\n" for name, (value, _, _) in VALUES.items())
    toml = "".join(f'{name} = "{value}"\n' for name, (value, _, _) in VALUES.items())
    if where == "flags":
        arguments = [flag_of(o) for o in OPTIONS]
    elif where == "variables":
        env = {o.variable: VALUES[o.name][0] for o in OPTIONS}
    elif where == "pytest.ini":
        showing.write("pytest.ini", "[pytest]\n" + lines)
    else:
        (showing.folder / "pytest.ini").unlink()
        native = where == "native TOML"
        if native and pytest.version_tuple < (9, 0):
            pytest.skip("native TOML is of pytest 9")
        if native:
            toml = toml.replace('"true"', "true").replace('"1.5"', "1.5").replace('"16"', "16")
        if native and pytest.version_tuple < (9, 2):
            toml = toml.replace("= 1.5", '= "1.5"').replace("= 16", '= "16"')
        showing.write("pyproject.toml", ("[tool.pytest]\n" if native else "[tool.pytest.ini_options]\n") + toml)
    assert set(shown(showing, *arguments, **env)) >= {f"{name}={value!r}" for _, name, value in VALUES.values()}


def test_the_command_line_wins_over_the_environment_and_that_over_the_file(showing: Project) -> None:
    showing.write("pytest.ini", "[pytest]\ndebugloop_wait = 1\ndebugloop_project = file\ndebugloop_schema = file\n")
    env = {"DEBUGLOOP_WAIT": "2", "DEBUGLOOP_PROJECT": "variable"}
    found = shown(showing, "--debugloop-wait=3", **env)
    assert set(found) >= {"wait=3.0", "project='variable'", "schema='file'"}


def test_nothing_said_is_the_default(showing: Project) -> None:
    found = shown(showing)
    assert "enabled=False" in found
    assert "dsn=''" in found
    assert "problems=[]" in found


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--debugloop-wait", "soon", "debugloop_wait is not valid ('soon' is not a number of seconds); using 30.0."),
        ("--debugloop-wait", "-1", "debugloop_wait is not valid ('-1' is not a number of seconds); using 30.0."),
        ("--debugloop-schema", "x" * 64, "which has 1 to 63 bytes"),
        ("--debugloop-postgres-version", "new", "debugloop_postgres_version is not valid"),
        (
            "--debugloop-max-depth",
            "0",
            "debugloop_max_depth is not valid ('0' is not a positive integer); using 6.",
        ),
        ("--debugloop-max-snapshot-ms", "fast", "'fast' is not a number of milliseconds); using 50.0."),
        (
            "--debugloop-redact-names",
            "([",
            "debugloop_redact_names is not valid ('([' is not a valid regular expression",
        ),
    ],
)
def test_a_value_that_cannot_be_used_is_told_and_the_default_stands(
    project: Project, option: str, value: str, said: str
) -> None:
    project.write("test_any.py", "def test(): pass\n")
    run = project.run("--no-debugloop-load", option, value)
    assert run.ret == 0
    assert said in run.out


def test_a_switch_that_is_neither_on_nor_off_is_a_usage_error(project: Project) -> None:
    run = project.run(recorded=False, env={"DEBUGLOOP": "perhaps"})
    assert run.ret == 4
    assert "debugloop: 'perhaps' is not a boolean" in run.err


@pytest.mark.parametrize(
    ("ini", "variable", "flag", "recorded"),
    [
        ("true", None, None, True),
        ("true", "0", None, False),
        ("true", None, "--no-debugloop", False),
        ("false", "1", None, True),
        ("true", "", None, True),
        ("false", "yes", "--no-debugloop", False),
        ("false", None, "--debugloop", True),
        (None, None, None, False),
    ],
)
def test_the_switch_can_be_put_off_where_the_project_has_it_on(
    project: Project, ini: str | None, variable: str | None, flag: str | None, *, recorded: bool
) -> None:
    project.write("pytest.ini", "[pytest]\n" + (f"debugloop = {ini}\n" if ini else ""))
    project.write("test_any.py", "def test(): pass\n")
    workflow = str(uuid.uuid4())
    options = ["--debugloop-dsn", project.conninfo, "--debugloop-schema", project.schema]
    command = project.command(*options, *([flag] if flag else []), recorded=False, correlation_id=workflow)
    run = project.run(command=command, env={"DEBUGLOOP": variable} if variable is not None else {})
    assert run.ret == 0
    assert bool(project.left_by(workflow).all_steps) is recorded


def test_options_have_a_group_of_their_own(project: Project) -> None:
    out = project.run("--help", recorded=False).out
    group = out.partition("recording the run in PostgreSQL (pytest-debugloop):")[2].partition("\n\n")[0]
    for option in OPTIONS:
        assert option.flag in group
        assert f"[{option.variable}]" in group
    assert "--no-debugloop" in group


def test_the_header_says_where_records_go(project: Project) -> None:
    project.write("test_any.py", "def test(): pass\n")
    run = project.run()
    header = run.out.partition("collected 1 item")[0]
    assert "debugloop: recording to PostgreSQL at " in header
    assert header.rstrip().endswith(f"as run {run.record.short_id}")


def test_the_summary_ends_with_what_was_stored_and_where_to_look(project: Project) -> None:
    project.write("test_any.py", "def test(): pass\ndef test_bad(): assert 0\n")
    run = project.run()
    *_, told, failed, look, last = run.lines
    assert told.startswith(f"debugloop: run {run.record.short_id} is in PostgreSQL at ")
    assert told.endswith(": 7 steps, 1 failure, 0 recoveries.")
    assert failed == "  test_any.py::test_bad: first seen in this run"
    assert look.startswith("  see more: debugloop --dsn ")
    assert look.endswith(f" --schema {project.schema} show {run.record.short_id}")
    assert "1 failed, 1 passed" in last


@pytest.mark.parametrize("given", ["nightly build 7", "0f8fad5b-d9cb-469f-a165-70867728950e"])
def test_a_correlation_id_may_be_any_text(project: Project, given: str) -> None:
    project.write("test_any.py", "def test(): pass\n")
    first = project.run("--debugloop-correlation-id", given).out
    again = project.run("--debugloop-correlation-id", given).out
    ids = [out.partition("debugloop: run ")[2].split()[0] for out in (first, again)]
    shown = [json.loads(project.printed("show", id_, "--json"))["run"] for id_ in ids]
    assert ids[0] != ids[1]
    assert shown[0]["correlation_id"] == shown[1]["correlation_id"]
    assert uuid.UUID(shown[0]["correlation_id"])
    if given.startswith("0f8f"):
        assert shown[0]["correlation_id"] == given
    record = project.left_by(shown[0]["correlation_id"])
    assert [s.step_number for s in record.all_steps] == list(range(1, len(record.all_steps) + 1))


def test_a_run_is_named_by_as_many_characters_as_no_other_id_ends_with(project: Project) -> None:
    project.write(
        "conftest.py",
        """
        import os

        mark = int(os.environ["MARK"])
        os.urandom = lambda size: bytes([mark]) * (size - 4) + bytes([0xAB] * 4)
        """,
    )
    project.write("test_any.py", "def test(): assert 0\n")
    runs = [project.run("-p", "no:cacheprovider", env={"MARK": mark}) for mark in ("17", "18")]
    named = [run.out.partition("debugloop: run ")[2].split()[0] for run in runs]
    assert named == ["abababab", "2abababab"]
    assert runs[1].paragraph[-1].endswith(" show 2abababab")
    shown = json.loads(project.printed("show", named[1], "--json"))["run"]
    assert shown["correlation_id"] == runs[1].record.correlation_id
    ambiguous = project.debugloop("show", named[0])
    assert ambiguous.returncode == 1
    assert shown["id"] in ambiguous.stderr


def test_agent_project_and_session_are_stored_as_given(project: Project) -> None:
    project.write("test_any.py", "def test(): assert 0\n")
    session = str(uuid.uuid4())
    run = project.run(
        *("--debugloop-agent-name", "robot", "--debugloop-project", "shop", "--debugloop-session-id", session)
    )
    row = run.record.run
    assert (row["agent_name"], row["project"], str(row["session_id"])) == ("robot", "shop", session)
    assert {s.agent_name for s in run.record.all_steps} == {"robot"}
