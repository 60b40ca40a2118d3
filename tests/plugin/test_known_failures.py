"""The summary of a run names what the record knows of each failure, and costs and breaks nothing."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from tests.support.projects import Project

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.projects import Run
    from tests.support.servers import Server

SHOP = """
    def price(article):
        return {price}
"""
TEST = """
    from shop import price


    def test_price():
        assert price("pear") == 2
"""
PASSED = "passed less than a minute ago in run ID; changed since: price in shop.py (+1 -1)"
_RUN = re.compile(r"run [0-9a-f]{8}\b")
UNESCAPED = "disable_test_id_escaping_and_forfeit_all_rights_to_community_support"
BAD = """
    def test_bad():
        assert 41 == 42
"""


def run(project: Project, *arguments: str, **env: str) -> Run:
    """Run a suite without caches of byte code: files change faster than their times tell."""
    return project.run("-p", "no:cacheprovider", *arguments, env={"PYTHONDONTWRITEBYTECODE": "1", **env})


def shop(project: Project, price: int) -> Project:
    project.write("shop.py", SHOP.format(price=price))
    project.write("test_shop.py", TEST)
    return project


def known(run: Run) -> list[str]:
    """The lines of the summary between the count and the command to see more; each run's id as ID."""
    (count,) = (n for n, line in enumerate(run.paragraph) if " is in " in line)
    lines = run.paragraph[count + 1 :]
    assert lines[-1].startswith("  see more: debugloop ")
    return [_RUN.sub("run ID", line.strip()) for line in lines[:-1]]


def make_older(project: Project, run: Run, days: int) -> None:
    """Have a run be one of some days ago."""
    with psycopg.connect(project.conninfo) as connection:
        connection.execute(sql.SQL("SET search_path TO {}, public").format(sql.Identifier(project.schema)))
        for table, *columns in (
            ("debug_runs", "started_at", "finished_at"),
            ("debug_error_events", "occurred_at"),
            ("debug_success_events", "occurred_at"),
        ):
            moved = sql.SQL(", ").join(
                sql.SQL("{0} = {0} - make_interval(days => %(days)s)").format(sql.Identifier(c)) for c in columns
            )
            query = sql.SQL("UPDATE {} SET {} WHERE correlation_id = %(id)s").format(sql.Identifier(table), moved)
            connection.execute(query, {"days": days, "id": run.record.correlation_id})


def test_a_failure_that_was_never_seen_is_said_to_be_new(project: Project) -> None:
    project.write("test_any.py", BAD)
    assert known(run(project)) == ["test_any.py::test_bad: first seen in this run"]


def test_a_run_counts_once_however_often_it_tried_again(project: Project) -> None:
    project.write("test_any.py", BAD)
    retried = ("-p", "pytest_rerunfailures", "--reruns", "3")
    assert known(run(project, *retried)) == ["test_any.py::test_bad: first seen in this run"]
    assert known(run(project, *retried)) == [
        "test_any.py::test_bad: red since run ID, seen 2 times in 7 days, no known pass"
    ]


def test_a_failure_of_another_kind_is_new_and_the_others_are_counted(project: Project) -> None:
    project.write("test_any.py", BAD)
    run(project)
    project.write("test_any.py", "def test_bad():\n    raise OSError('gone')\n")
    (line,) = known(run(project))
    assert line.startswith(
        "test_any.py::test_bad: red since run ID, first seen in this run, failed differently in 1 run"
    )


def test_only_the_last_seven_days_are_counted(project: Project) -> None:
    project.write("test_any.py", BAD)
    make_older(project, run(project), 12)
    (line,) = known(run(project))
    assert line.startswith("test_any.py::test_bad: red since run ID, last seen 12 days ago")
    (line,) = known(run(project))
    assert line.startswith("test_any.py::test_bad: red since run ID, seen 2 times in 7 days")


def test_what_fixed_it_last_is_named_with_the_way_it_recovers(project: Project) -> None:
    for price in (3, 2):
        run(shop(project, price), CI="1")
    assert known(run(shop(project, 3), CI="1")) == [
        f"test_shop.py::test_price: {PASSED}, seen 2 times in 7 days, recovered once, by a code change, "
        "last fixed by a change in shop.py::price"
    ]


def test_the_share_of_the_strategy_that_recovers_most_often_is_told(project: Project) -> None:
    for price in (3, 2, 3, 2):
        run(shop(project, price))
    (line,) = known(run(shop(project, 3), CI="1"))
    assert "seen 3 times in 7 days" in line
    assert "recovers by a code change 100%" in line


def test_since_when_it_fails_is_told_by_the_first_run_after_its_last_pass(project: Project) -> None:
    def commit(message: str) -> str:
        git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org"]
        subprocess.run([*git, "add", "-A"], cwd=project.folder, check=True)
        subprocess.run([*git, "commit", "-q", "-m", message], cwd=project.folder, check=True)
        done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=project.folder, check=True, capture_output=True)
        return done.stdout.decode().strip()

    subprocess.run(["git", "init", "-q"], cwd=project.folder, check=True)
    project.write(".gitignore", ".debugloop\n")
    shop(project, 2)
    commit("good")
    make_older(project, run(project), 5)
    shop(project, 3)
    first = commit("bad")
    make_older(project, run(project), 3)
    project.write("README", "text\n")
    commit("unrelated")
    (line,) = known(run(project))
    assert f"failing for 3 days since commit {first[:10]}" in line


def test_a_test_that_fails_now_and_then_on_the_same_code_is_called_flaky(project: Project) -> None:
    project.write("test_any.py", "import os\ndef test_dice():\n    assert 'DICE' not in os.environ\n")
    for fails in (False, True, False, True, False):
        run(project, CI="1", **({"DICE": "1"} if fails else {}))
    (line,) = known(run(project, DICE="1", CI="1"))
    assert line.startswith(
        "test_any.py::test_dice: flaky: 3 of 6 on the same code, passed less than a minute ago in run ID"
    )


def test_what_recovered_by_retry_in_the_run_is_no_failure_of_it(project: Project) -> None:
    project.write(
        "test_any.py",
        """
        import pathlib

        def test_twice():
            seen = pathlib.Path("seen")
            if not seen.exists():
                seen.touch()
                assert False
        """,
    )
    done = run(project, "-p", "pytest_rerunfailures", "--reruns", "1")
    assert done.ret == 0
    assert "1 failure, 1 recovery" in done.paragraph[1]
    assert known(done) == []
    assert done.paragraph[-1].endswith(f" show {done.record.short_id}")


def test_a_run_without_failures_says_how_to_see_it(project: Project) -> None:
    project.write("test_any.py", "def test(): pass\n")
    done = run(project)
    assert known(done) == []
    assert done.paragraph[-1].endswith(f" show {done.record.short_id}")


def test_what_a_run_breaks_comes_first_and_what_it_fixes_is_told(project: Project) -> None:
    project.write("test_any.py", BAD)
    run(shop(project, 2))
    broken = run(shop(project, 3))
    assert known(broken) == [
        f"test_shop.py::test_price: {PASSED}",
        "test_any.py::test_bad: red since run ID, seen 2 times in 7 days, no known pass",
    ]
    project.write("test_more.py", "def test_more(): assert 0\n")
    assert [line.partition(", seen")[0] for line in known(run(project))] == [
        "test_more.py::test_more: new test",
        "test_any.py::test_bad: red since run ID",
        "test_shop.py::test_price: red since run ID",
    ]
    for name in ("any", "more"):
        project.write(f"test_{name}.py", f"def test_{'bad' if name == 'any' else 'more'}(): pass\n")
    mended = run(shop(project, 2))
    assert mended.ret == 0
    assert sorted(known(mended)) == [
        "fixed: 1 test, by price in shop.py (+1 -1)",
        "fixed: 1 test, by test_bad in test_any.py (+1 -2)",
        "fixed: 1 test, by test_more in test_more.py (+1 -1)",
    ]


def test_what_fails_on_the_branch_below_is_known_there(project: Project) -> None:
    def git(*arguments: str) -> None:
        given = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", *arguments]
        subprocess.run(given, cwd=project.folder, check=True)

    git("init", "-q", "-b", "main")
    project.write(".gitignore", ".debugloop\n")
    project.write("test_any.py", "def test_bad():\n    assert True\n")
    shop(project, 2)
    git("add", "-A")
    git("commit", "-q", "-m", "good")
    run(project)
    project.write("test_any.py", BAD)
    git("commit", "-q", "-a", "-m", "bad")
    run(project)
    git("checkout", "-q", "-b", "feature")
    shop(project, 3)
    git("commit", "-q", "-a", "-m", "worse")
    assert sorted(line.partition(", ")[0] for line in known(run(project))) == [
        "test_any.py::test_bad: red since run ID on main",
        f"test_shop.py::test_price: {PASSED.replace('ago in', 'ago on main in')}",
    ]


def test_what_never_failed_so_comes_first_and_then_what_most_is_known_of(project: Project) -> None:
    project.write("test_any.py", "def test_a(): assert 0\ndef test_b(): assert 0\ndef test_c(): assert 0\n")
    run(project, "-k", "test_b")
    run(project, "-k", "test_b or test_c")
    names = [line.partition(":: ")[0].split("::")[1].split(":")[0] for line in known(run(project))]
    assert names == ["test_a", "test_b", "test_c"]


def test_a_test_that_fails_in_two_phases_is_told_once(project: Project) -> None:
    project.write(
        "test_any.py",
        """
        import pytest

        @pytest.fixture
        def leaky():
            yield
            raise OSError("left open")

        def test_bad(leaky):
            assert 41 == 42
        """,
    )
    assert len(known(run(project))) == 1


def test_what_is_no_test_is_told_by_its_error(project: Project) -> None:
    project.write("test_broken.py", "import nothing_of_that_name\n")
    (line,) = known(run(project))
    assert line.startswith("test_broken.py: ")
    assert "nothing_of_that_name" in line


def test_a_thousand_failures_of_one_cause_are_told_by_one_of_them(project: Project) -> None:
    project.write(
        "test_any.py",
        """
        import pytest

        @pytest.mark.parametrize("number", range(1000))
        def test_bad(number):
            assert number < 0
        """,
    )
    told = known(run(project, "--tb=no", "-q"))
    assert told == [
        "1,000 x AssertionError in test_any.py:5 test_bad",
        "test_any.py::test_bad[0]: first seen in this run",
        f"also {', '.join(f'test_any.py::test_bad[{number}]' for number in range(1, 6))} and 994 more",
    ]


def test_of_thirty_causes_those_are_told_that_fit_into_ten_lines(project: Project) -> None:
    project.write("test_any.py", "\n".join(f"def test_{name}(): assert 0" for name in range(30)))
    told = known(run(project, "--tb=no", "-q"))
    assert len(told) == 10
    assert all(line.endswith(": first seen in this run") for line in told[:9])
    assert told[9] == "and 21 more"


@pytest.mark.parametrize("workers", [(), ("-p", "xdist", "-n", "2")], ids=["one process", "xdist"])
def test_names_that_a_terminal_would_obey_are_spelt_out(project: Project, workers: tuple[str, ...]) -> None:
    project.write("pytest.ini", f"[pytest]\n{UNESCAPED} = true\n")
    project.write(
        "test_any.py",
        r"""
        import pytest

        @pytest.mark.parametrize("x", [pytest.param(1, id="\x1b]0;title\x07|`<b>\n::error::x\u202e")])
        def test_bad(x):
            assert 41 == 42
        """,
    )
    (line,) = known(run(project, *workers))
    assert line == r"test_any.py::test_bad[\x1b]0;title\x07|`<b>\n::error::x\u202e]: first seen in this run"


def test_the_quiet_summary_of_workers_tells_too(project: Project) -> None:
    project.write("test_any.py", "def test_a(): assert 0\ndef test_b(): assert 0\n")
    done = run(project, "-q", "-p", "xdist", "-n", "2")
    assert sorted(known(done)) == [f"test_any.py::test_{name}: first seen in this run" for name in "ab"]


def test_lines_fit_the_terminal(project: Project) -> None:
    name = "test_" + "long" * 30
    shop(project, 3)
    project.write("test_long.py", f"from shop import price\ndef {name}():\n    assert price('pear') == 2\n")
    run(project)
    shop(project, 2)
    run(project)
    shop(project, 3)
    for times, width in enumerate((40, 60, 80), 2):
        done = run(project, COLUMNS=str(width))
        (begin,) = (n for n, line in enumerate(done.paragraph) if " is in " in line)
        lines = done.paragraph[begin + 1 : -1]
        assert max(len(line) for line in lines if name not in line) <= width
        assert any(line.endswith(f"::{name}:") for line in lines)
        assert len(lines) > 2
        assert any(f"seen {times} times in 7 days" in line for line in lines)
    uncut = run(project, COLUMNS="40", CI="1")
    assert any(name in line and "shop.py::price" in line for line in known(uncut))


def test_a_question_that_fails_keeps_nothing_from_being_stored_and_told(any_postgres: Server, tmp_path: Path) -> None:
    with any_postgres.record() as (conninfo, schema):
        project = Project.new(tmp_path, conninfo, schema)
        project.write("test_any.py", BAD)
        with psycopg.connect(conninfo, autocommit=True) as connection:
            connection.execute(
                sql.SQL("DROP FUNCTION {}.debug_passes_elsewhere CASCADE").format(sql.Identifier(schema))
            )
        done = run(project)
        assert done.ret == 1
        assert known(done) == []
        assert "1 failure" in done.paragraph[1]
        assert len(done.record.errors("test_bad")) == 1
    log = (project.folder / ".debugloop" / "loader.log").read_text(encoding="utf-8")
    assert "debug_passes_elsewhere" in log


def test_where_the_database_is_away_nothing_is_claimed_of_failures(project: Project) -> None:
    project.write("test_any.py", BAD)
    options = ("--debugloop", "--debugloop-dsn", "host=/nowhere")
    done = project.run(command=project.command(*options, recorded=False))
    assert done.ret == 1
    (told,) = done.paragraph[1:]
    assert "is not stored" in told


def test_the_command_for_the_embedded_record_is_the_shortest(tmp_path: Path) -> None:
    project = Project.new(tmp_path, "", "")
    project.write("test_any.py", BAD)
    done = project.run(command=project.command("--debugloop", recorded=False))
    assert "  test_any.py::test_bad: first seen in this run" in done.lines
    assert "  see more: debugloop show" in done.lines


def test_the_command_says_where_the_record_is_only_if_the_command_line_did(project: Project) -> None:
    project.write("test_any.py", BAD)
    env = {"DEBUGLOOP_DSN": project.conninfo, "DEBUGLOOP_SCHEMA": project.schema}
    command = project.command("--debugloop", "--debugloop-correlation-id", "mine", recorded=False)
    done = project.run(command=command, env=env)
    (line,) = (line for line in done.lines if line.startswith("  see more: "))
    assert line.startswith("  see more: debugloop show ")
    dsn = make_conninfo(project.conninfo, passfile="/nowhere/to-be-hidden")
    command = [*command, "--debugloop-dsn", dsn, "--debugloop-schema", project.schema]
    done = project.run(command=command)
    (line,) = (line for line in done.lines if line.startswith("  see more: "))
    assert line.startswith("  see more: debugloop --dsn ")
    assert f"--schema {project.schema} show " in line
    assert "to-be-hidden" not in done.out


def test_a_status_that_is_not_the_loaders_ends_no_run_and_is_no_claim_that_all_is_stored(project: Project) -> None:
    project.write("test_bad.py", BAD)
    project.write(
        "conftest.py",
        """
        def pytest_sessionfinish(session):
            for folder in (session.config.rootpath / ".debugloop" / "journals").iterdir():
                (folder / "status.json").touch(0o600)
                (folder / "status.json").write_text("[]")
        """,
    )
    done = run(project)
    assert done.ret == 1
    assert "is not stored: the loader's status.json cannot be read. Its journals are kept" in done.out
