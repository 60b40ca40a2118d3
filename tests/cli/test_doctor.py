"""`debugloop doctor` says what is wrong and how to mend it, whatever is wrong, and changes nothing."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import sql

from pytest_debugloop.journal.left_runs import has_journals
from tests.support.commands import call_command
from tests.support.projects import Project
from tests.support.terminal import called_in_terminal, width_of
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    import subprocess

    from tests.cli.conftest import Cli

STATES = {"ok", "warning", "problem"}


def checks(done: subprocess.CompletedProcess[str]) -> dict[str, dict[str, str]]:
    answer = json.loads(done.stdout)
    assert (answer["schema"], answer["version"], done.stderr) == ("debugloop/doctor", 1, "")
    found = {check["name"]: check for check in answer["checks"]}
    assert {check["state"] for check in found.values()} <= STATES
    states = [check["state"] for check in answer["checks"]]
    assert (answer["problems"], answer["warnings"]) == (states.count("problem"), states.count("warning"))
    assert done.returncode == (1 if answer["problems"] else 0)
    return found


def looked_at(project: Project, **more: Any) -> dict[str, dict[str, str]]:
    # Journals that could not stay in their folder lie below TMPDIR, and are of all projects.
    return checks(project.debugloop("doctor", "--json", TMPDIR=str(project.folder), **more))


def everything_below(folder: Path) -> dict[str, tuple[int, float]]:
    """What is there, without the files that the server itself writes when it starts and stops."""
    return {
        str(path.relative_to(folder)): (path.stat().st_mode, path.stat().st_mtime)
        for path in sorted(folder.rglob("*"))
        if "postgres" not in path.relative_to(folder).as_posix()
    }


def test_a_set_up_that_works_has_no_problem(shop: Project) -> None:
    found = looked_at(shop)
    assert {name: check for name, check in found.items() if check["state"] == "problem"} == {}
    assert found["pytest"]["message"] == pytest.__version__
    assert "libpq" in found["psycopg"]["message"]
    assert found["plugin"]["message"] == "registered"
    assert found["recording"]["message"].startswith("off unless")
    assert found["git"]["message"].startswith("mend, ")
    assert "(mode 0700)" in found["folder"]["message"]
    assert found["git-ignore"]["state"] == "ok"
    assert found["journals"]["message"] == "none waiting"
    assert found["server"]["message"].startswith("the embedded server: PostgreSQL ")
    assert found["record"]["message"].startswith("3 runs, ")
    assert found["refused lines"]["message"] == "none"
    assert found["last run"]["message"].endswith("finished, with its code")


def test_there_is_a_line_for_each_check_in_any_width(shop: Project) -> None:
    names = looked_at(shop)
    text = shop.printed("doctor")
    rows = [line.split(None, 1) for line in text.splitlines()[:-1]]
    assert len(rows) == len(names)
    assert {row[0] for row in rows} <= STATES
    assert text.splitlines()[-1].startswith("0 problems, ")
    for columns in (60, 80, 200):
        seen = called_in_terminal(shop.folder, "doctor", columns=columns)
        assert seen.returncode == 0
        assert max(map(width_of, seen.text.splitlines())) <= columns
        assert "last run" in seen.text
    assert "\x1b" not in called_in_terminal(shop.folder, "doctor", NO_COLOR="1").raw.replace("\x1b[?25h", "")


def test_it_changes_nothing(shop: Project, cli: Cli, tmp_path: Path) -> None:
    before = everything_below(shop.folder)
    shop.printed("doctor")
    assert everything_below(shop.folder) == before
    found = checks(cli("doctor", "--json"))
    assert found["folder"]["message"].endswith("does not exist yet: the first run creates it")
    assert found["server"]["state"] == "ok"
    assert found["git"]["state"] == "warning"
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_is_away_is_one_problem_and_no_secret_is_told(cli: Cli) -> None:
    done = cli("doctor", "--json", DEBUGLOOP_DSN="host=/nowhere password=hush", PGPASSWORD="hush2")
    assert "hush" not in done.stdout
    found = checks(done)
    assert done.returncode == 1
    assert found["server"]["state"] == "problem"
    assert "host=/nowhere" in found["server"]["message"]
    assert [name for name, check in found.items() if check["state"] == "problem"] == ["server"]


def test_a_server_without_a_record_gets_none(cli: Cli, own_schema: dict[str, str]) -> None:
    found = checks(cli("doctor", "--json", **own_schema))
    assert found["schema"]["message"].endswith("has no record yet: the first run creates it")
    assert found["role"]["state"] == "ok"
    assert "record" not in found
    with psycopg.connect(own_schema["DEBUGLOOP_DSN"]) as connection:
        query = "SELECT count(*) FROM pg_namespace WHERE nspname = %s"
        assert connection.execute(query, (own_schema["DEBUGLOOP_SCHEMA"],)).fetchone() == (0,)


def test_a_schema_of_another_version_is_a_problem_and_nothing_breaks(cli: Cli, own_schema: dict[str, str]) -> None:
    cli("migrate", **own_schema)
    assert checks(cli("doctor", "--json", **own_schema))["schema"]["state"] == "ok"
    cli("rollback", "--yes", "--to", "6", **own_schema)
    older = checks(cli("doctor", "--json", **own_schema))
    assert older["schema"]["state"] == "problem"
    assert "is at version 6 of " in older["schema"]["message"]
    assert older["schema"]["mend"].startswith("run debugloop migrate")
    cli("migrate", **own_schema)
    schema = sql.Identifier(own_schema["DEBUGLOOP_SCHEMA"])
    with psycopg.connect(own_schema["DEBUGLOOP_DSN"]) as connection:
        connection.execute(
            sql.SQL(
                "INSERT INTO {}.schema_migrations (version, description, applied_at, execution_time_ms, checksum)"
                " VALUES (999, 'x', now(), 1, 'x')"
            ).format(schema)
        )
    newer = checks(cli("doctor", "--json", **own_schema))
    assert newer["schema"]["state"] == "problem"
    assert "999" in newer["schema"]["message"]


def test_what_a_role_may_not_do_is_told(cli: Cli, own_schema: dict[str, str]) -> None:
    from psycopg.conninfo import make_conninfo

    cli("migrate", **own_schema)
    schema = own_schema["DEBUGLOOP_SCHEMA"]
    name, where = sql.Identifier(f"reader_{schema}"), sql.Identifier(schema)
    dsn = make_conninfo(own_schema["DEBUGLOOP_DSN"], options=f"-c role=reader_{schema}")
    as_reader = own_schema | {"DEBUGLOOP_DSN": dsn}
    with psycopg.connect(own_schema["DEBUGLOOP_DSN"], autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE ROLE {}").format(name))
        try:
            nothing = checks(cli("doctor", "--json", **as_reader))
            connection.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(where, name))
            connection.execute(sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA {} TO {}").format(where, name))
            reads = checks(cli("doctor", "--json", **as_reader))
        finally:
            connection.execute(sql.SQL("DROP OWNED BY {}").format(name))
            connection.execute(sql.SQL("DROP ROLE {}").format(name))
    assert nothing["role"]["state"] == "problem"
    assert "cannot read" in nothing["role"]["message"]
    assert reads["role"]["state"] == "warning"
    assert "can read the record but not write" in reads["role"]["message"]
    assert reads["record"]["state"] == "ok"


def test_the_switch_is_told_with_where_it_comes_from(tmp_path: Path) -> None:
    project = Project(tmp_path)
    ini = tmp_path / "pytest.ini"
    ini.write_text("[pytest]\ndebugloop = true\n", encoding="utf-8")
    found = looked_at(project)
    assert found["recording"]["message"] == "on, by the ini file"
    assert found["rootdir"]["message"].endswith("configured by pytest.ini, which sets debugloop")
    by_variable = call_command(tmp_path, "doctor", "--json", DEBUGLOOP="0")
    assert checks(by_variable)["recording"]["message"] == "off, by the variable DEBUGLOOP"
    ini.write_text("[pytest]\naddopts = --debugloop -q\n", encoding="utf-8")
    assert looked_at(project)["recording"]["message"] == "on, by addopts or PYTEST_ADDOPTS"
    ini.write_text("[pytest]\naddopts = -p no:debugloop\n", encoding="utf-8")
    assert looked_at(project)["plugin"]["state"] == "warning"
    ini.write_text("[pytest]\n", encoding="utf-8")
    off = call_command(tmp_path, "doctor", "--json", PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    assert "PYTEST_DISABLE_PLUGIN_AUTOLOAD" in checks(off)["plugin"]["message"]


def test_settings_that_cannot_be_used_are_problems(tmp_path: Path) -> None:
    text = "[pytest]\ndebugloop_max_items = many\ndebugloop_max_framez = 3\n"
    (tmp_path / "pytest.ini").write_text(text, encoding="utf-8")
    done = call_command(tmp_path, "doctor", "--json")
    assert done.returncode == 1
    told = [c for c in json.loads(done.stdout)["checks"] if c["name"] == "settings"]
    assert [check["state"] for check in told] == ["problem", "warning"]
    assert "debugloop_max_items" in told[0]["message"]
    assert "debugloop_max_framez" in told[1]["message"]


def test_what_waits_was_refused_or_died_is_told(tmp_path: Path, own_schema: dict[str, str]) -> None:
    project = Project(tmp_path)
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    (tmp_path / "test_it.py").write_text("def test_it():\n    pass\n", encoding="utf-8")
    assert project.record("--no-debugloop-load", **own_schema).returncode == 0
    waits = looked_at(project, **own_schema)
    assert waits["journals"]["message"] == "1 run not stored yet"
    assert waits["journals"]["mend"] == "run debugloop load."
    assert project.debugloop("load", **own_schema).returncode == 0
    assert looked_at(project, **own_schema)["journals"]["message"] == "none waiting"

    (tmp_path / "test_it.py").write_text("import os\n\ndef test_it():\n    os._exit(9)\n", encoding="utf-8")
    assert project.record(**own_schema).returncode == 9
    journals = tmp_path / ".debugloop" / "journals"
    wait_until(lambda: not any(map(has_journals, journals.iterdir())))  # its own loader stores it
    schema = sql.Identifier(own_schema["DEBUGLOOP_SCHEMA"])
    with psycopg.connect(own_schema["DEBUGLOOP_DSN"]) as connection:
        insert = "INSERT INTO {}.debug_rejected_lines (id, line, reason) VALUES (gen_random_uuid(), '', 'no')"
        connection.execute(sql.SQL(insert).format(schema))
    (tmp_path / ".debugloop" / "loader.log").write_text(
        "Traceback (most recent call last):\n  File x\nOSError: \x1b[31mno room\n", encoding="utf-8"
    )
    found = looked_at(project, **own_schema)
    assert found["refused lines"]["message"].startswith("1 line could not be stored")
    assert found["loader"]["state"] == "warning"
    assert "no room" in found["loader"]["message"]
    assert "\x1b" not in project.debugloop("doctor", **own_schema).stdout
    with psycopg.connect(own_schema["DEBUGLOOP_DSN"]) as connection:
        statuses = sql.SQL("SELECT status FROM {}.debug_runs ORDER BY started_at").format(schema)
        ended = [row[0] for row in connection.execute(statuses)]
    assert ended[-1] == "died"
    assert found["died"]["message"] == "1 run of the last 7 days died"


def test_a_folder_that_is_open_to_others_is_told(tmp_path: Path) -> None:
    folder = tmp_path / ".debugloop"
    folder.mkdir()
    (tmp_path / ".git").mkdir()
    folder.chmod(0o755)
    found = looked_at(Project(tmp_path))
    assert found["folder"]["state"] == "warning"
    assert "0755" in found["folder"]["message"]
    assert found["git-ignore"]["state"] == "warning"
    folder.chmod(0o777)
    everybody = looked_at(Project(tmp_path))
    assert everybody["folder"]["state"] == "problem"
    assert os.listdir(folder) == []  # noqa: PTH208


def test_ci_is_recognised(tmp_path: Path) -> None:
    done = call_command(tmp_path, "doctor", "--json", GITHUB_ACTIONS="true", GITHUB_RUN_ID="77", CI="true")
    assert checks(done)["ci"]["message"] == "github, 77"
    unknown = call_command(tmp_path, "doctor", "--json", CI="true")
    assert checks(unknown)["ci"]["state"] == "warning"
