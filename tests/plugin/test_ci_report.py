"""What a run tells GitHub and GitLab of its failures, beside the record."""

from __future__ import annotations

import os
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.projects import Project, Run

BAD = """
    from shop import price


    def test_bad():
        found = price("pear")
        assert found == 2


    def test_gone():
        price(None)
"""
SHOP = """
    def price(article):
        if article is None:
            raise LookupError("no such article")
        return 3
"""
UNESCAPED = "disable_test_id_escaping_and_forfeit_all_rights_to_community_support"
HOSTILE = r"""
    import pytest

    NAME = "\x1b[2J|`</code></td>\n\n| a | b |\r\n::error::x,y:z%0A&amp;\u202e"

    @pytest.mark.parametrize("x", [pytest.param(1, id=NAME)])
    def test_bad(x):
        assert x == 2, NAME
"""


@pytest.fixture
def shop(project: Project) -> Project:
    """A suite of two failures, in a folder of the checkout."""
    project.write("shop.py", SHOP)
    project.write("test_shop.py", BAD)
    return project


def github(project: Project, *arguments: str, summary: Path | None = None, **env: str) -> Run:
    path = summary or project.folder / "summary.md"
    given = {"CI": "true", "GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(project.folder.parent)}
    return project.run(*arguments, env=given | {"GITHUB_STEP_SUMMARY": str(path)} | env)


def annotated(run: Run) -> list[str]:
    return [line for line in run.lines if line.startswith("::")]


def table(project: Project) -> list[list[str]]:
    """The text of the cells of the job summary's table: it must be one that a strict parser takes."""
    text = (project.folder / "summary.md").read_text(encoding="utf-8")
    (found,) = re.findall(r"^<table>$.*?^</table>$", text, re.MULTILINE | re.DOTALL)
    assert "\n\n" not in found  # there Markdown would begin again
    rows = [["".join(cell.itertext()) for cell in row] for row in ET.fromstring(found)]
    assert rows[0] == ["test", "failed with", "what the record knows"]
    return rows[1:]


def test_failures_are_annotated_where_the_test_stood(shop: Project) -> None:
    run = github(shop)
    folder = shop.folder.name
    show = f"%0Adebugloop --dsn .* show {run.record.short_id}"
    bad, gone = annotated(run)
    assert re.fullmatch(
        rf"::error file={folder}/test_shop\.py,line=6,title=test_shop\.py%3A%3Atest_bad::"
        rf"AssertionError: assert 3 == 2%0Adebugloop: first seen in this run{show}",
        bad,
    )
    assert re.fullmatch(
        rf"::error file={folder}/test_shop\.py,line=10,title=test_shop\.py%3A%3Atest_gone::"
        rf"LookupError: no such article%0Adebugloop: first seen in this run{show}",
        gone,
    )
    assert run.ret == 1


def test_the_job_summary_has_a_row_for_each_failure_and_the_command_to_ask(shop: Project) -> None:
    github(shop)
    run = github(shop)
    text = (shop.folder / "summary.md").read_text(encoding="utf-8")
    assert text.count("<table>") == 2  # of each run its own: a summary is only ever added to
    assert f"run {run.record.short_id} is in PostgreSQL at " in text
    assert f" show {run.record.short_id}</code>" in text
    rows = re.findall(r"<tr><td>.*", text)[2:]
    assert "<code>test_shop.py::test_bad</code>" in rows[0]
    assert "<code>AssertionError: assert 3 == 2</code>" in rows[0]
    assert "seen 2 times in 7 days<br/>no known pass" in rows[0]


def test_a_run_without_failures_leaves_its_name(project: Project) -> None:
    project.write("test_any.py", "def test(): pass\n")
    run = github(project)
    text = (project.folder / "summary.md").read_text(encoding="utf-8")
    assert f"run {run.record.short_id} is in " in text
    assert "<table>" not in text
    assert annotated(run) == []


@pytest.mark.parametrize("workers", [(), ("-p", "xdist", "-n", "2")], ids=["one process", "xdist"])
def test_names_that_would_break_a_table_or_a_command_break_neither(project: Project, workers: tuple[str, ...]) -> None:
    project.write("pytest.ini", f"[pytest]\n{UNESCAPED} = true\n")
    project.write("test_any.py", HOSTILE)
    run = github(project, "--tb=no", "-rN", *workers)
    spelt = r"[\x1b[2J|`</code></td>\n\n| a | b |\r\n::error::x,y:z%0A&amp;\u202e]"
    ((test, error, _),) = table(project)
    assert test == f"test_any.py::test_bad{spelt}"
    assert error == r"AssertionError: \x1b[2J|`</code></td>"
    (found,) = (line for line in run.out.partition("debugloop: run ")[2].splitlines() if line.startswith("::"))
    title = spelt.replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
    assert f"title=test_any.py%3A%3Atest_bad{title}::" in found


def test_a_thousand_failures_stay_within_what_github_takes(project: Project) -> None:
    project.write(
        "test_any.py",
        """
        import pytest

        @pytest.mark.parametrize("number", range(1000))
        def test_bad(number):
            assert number < 0, "<" * 5000
        """,
    )
    (found,) = annotated(github(project, "--tb=no", "-rN"))
    assert "title=test_any.py%3A%3Atest_bad[0]::" in found
    assert "%0A1,000 x AssertionError in test_any.py:5 test_bad, also test_any.py::test_bad[1], " in found
    assert " and 994 more%0Adebugloop: first seen in this run%0A" in found
    assert len((project.folder / "summary.md").read_bytes()) < 1024 * 1024


def test_a_summary_that_cannot_be_written_is_told_and_changes_nothing(shop: Project, tmp_path: Path) -> None:
    folder = tmp_path / "no-file"
    folder.mkdir()
    run = github(shop, summary=folder)
    assert run.ret == 1
    assert "debugloop: GitHub's job summary could not be written (Is a directory)." in run.lines
    assert len(annotated(run)) == 2


def test_a_summary_that_is_read_only_is_told(shop: Project) -> None:
    path = shop.write("summary.md", "before\n")
    path.chmod(0o444)
    if os.geteuid() == 0:  # who may write what is read-only, but not what the kernel says
        path = Path("/proc/version")
        if not path.exists():
            pytest.skip("nothing here is read-only for root")
    run = github(shop, summary=path)
    assert run.ret == 1
    assert any("debugloop: GitHub's job summary could not be written (" in line for line in run.lines)
    assert len(annotated(run)) == 2


def test_a_summary_that_would_become_too_large_is_left_as_it_is(shop: Project) -> None:
    before = "x" * (1024 * 1024 - 100)
    path = shop.write("summary.md", before)
    run = github(shop)
    assert path.read_text(encoding="utf-8") == before
    assert any("exceed GitHub's limit of 1 MiB" in line for line in run.paragraph)


def test_a_pipe_that_nobody_reads_holds_up_nothing(shop: Project) -> None:
    pipe = shop.folder / "pipe"
    os.mkfifo(pipe)
    run = github(shop, summary=pipe)
    assert run.ret == 1
    assert any("job summary could not be written" in line for line in run.paragraph)


def test_another_plugin_that_annotates_is_left_to_it(shop: Project) -> None:
    shop.write("pytest_github_actions_annotate_failures.py", "")
    run = github(shop, "-p", "pytest_github_actions_annotate_failures", PYTHONPATH=str(shop.folder))
    assert annotated(run) == []
    assert len(table(shop)) == 2


def test_the_report_can_be_switched_off(shop: Project) -> None:
    run = github(shop, "--no-debugloop-ci-report")
    assert annotated(run) == []
    assert not (shop.folder / "summary.md").exists()


def test_nothing_is_reported_outside_of_github(shop: Project) -> None:
    run = github(shop, GITHUB_ACTIONS="")
    assert annotated(run) == []
    assert not (shop.folder / "summary.md").exists()


def test_a_run_inside_of_a_test_reports_nothing(shop: Project) -> None:
    run = github(shop, PYTEST_CURRENT_TEST="test_outer.py::test (call)")
    assert annotated(run) == []
    assert not (shop.folder / "summary.md").exists()


def test_what_a_test_does_to_the_environment_is_not_followed(shop: Project) -> None:
    shop.write("test_a.py", "import os\ndef test():\n    os.environ['GITHUB_STEP_SUMMARY'] = 'elsewhere.md'\n")
    github(shop)
    assert len(table(shop)) == 2
    assert not (shop.folder / "elsewhere.md").exists()


def test_files_outside_of_the_workspace_are_not_named(shop: Project, tmp_path_factory: pytest.TempPathFactory) -> None:
    run = github(shop, GITHUB_WORKSPACE=str(tmp_path_factory.mktemp("workspace")))
    assert [line.partition("title=")[0] for line in annotated(run)] == ["::error ", "::error "]


def test_a_run_that_is_not_stored_says_so_in_the_summary(project: Project) -> None:
    project.write("test_any.py", "def test(): assert 0\n")
    options = ("--debugloop", "--debugloop-dsn", "host=/nowhere")
    path = project.folder / "summary.md"
    env = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(path)}
    run = project.run(command=project.command(*options, recorded=False), env=env)
    assert run.ret == 1
    text = path.read_text(encoding="utf-8")
    assert "is not stored" in text
    assert "See more" not in text


def properties(path: Path) -> dict[str, str]:
    return {str(p.get("name")): str(p.get("value")) for p in ET.parse(path).findall("testsuite/properties/property")}


@pytest.mark.parametrize("workers", [(), ("-p", "xdist", "-n", "2")], ids=["one process", "xdist"])
def test_the_junit_xml_for_gitlab_names_the_run(shop: Project, workers: tuple[str, ...]) -> None:
    run = shop.run("--junitxml=report.xml", *workers, env={"CI": "true", "GITLAB_CI": "true"})
    found = properties(shop.folder / "report.xml")
    assert found["debugloop_run"] == run.record.short_id
    assert found["debugloop_show"].endswith(f" show {run.record.short_id}")
    assert run.ret == 1


@pytest.mark.parametrize("off", [("--no-debugloop-ci-report", "true"), ("-q", "")], ids=["switched off", "no CI"])
def test_the_junit_xml_is_else_as_it_was(shop: Project, off: tuple[str, str]) -> None:
    shop.run("--junitxml=report.xml", off[0], env={"GITLAB_CI": off[1]})
    assert properties(shop.folder / "report.xml") == {}


def test_gitlab_without_junit_xml_changes_nothing(shop: Project) -> None:
    run = shop.run(env={"CI": "true", "GITLAB_CI": "true"})
    assert run.ret == 1
    assert annotated(run) == []
