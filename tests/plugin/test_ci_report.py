"""What a run tells GitHub and GitLab of its failures, beside the record."""

from __future__ import annotations

import os
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.ages import without_ages

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


def summary(project: Project) -> str:
    return (project.folder / "summary.md").read_text(encoding="utf-8")


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


def test_the_job_summary_is_the_report_of_the_run_against_its_base(shop: Project) -> None:
    shop.write("shop.py", SHOP.replace("return 3", "return 2"))
    github(shop, GITHUB_REF="refs/heads/main", GITHUB_REF_NAME="main", GITHUB_RUN_ID="1")
    (shop.folder / "summary.md").unlink()
    shop.write("shop.py", SHOP)
    run = github(
        shop,
        GITHUB_HEAD_REF="feature",
        GITHUB_BASE_REF="main",
        GITHUB_SERVER_URL="https://github.example",
        GITHUB_REPOSITORY="o/r",
        GITHUB_RUN_ID="2",
    )
    lines = summary(shop).splitlines()
    assert lines[:3] == [
        "",
        "<!-- pytest-debugloop: report -->",
        "**Check failed: 1 newly failing; allowed: 1 still failing**",
    ]
    assert "<br>Job: <https://github.example/o/r/actions/runs/2>" in lines
    (new, known) = (line for line in lines if line.startswith("- "))
    assert re.fullmatch(
        r"- `test_shop\.py::test_bad`<br>AssertionError: assert 3 == 2<br>passed in run [0-9a-f]{8}; "
        r"changed since: price in shop\.py \\\(\+1 -1\\\)",
        new,
    )
    assert re.match(r"- `test_shop\.py::test_gone`<br>LookupError: .*<br>failing since run [0-9a-f]{8}", known)
    assert lines[-2].startswith("See more: `debugloop --dsn ")
    assert lines[-2].endswith(f" show {run.record.short_id}`")
    asked = shop.printed("report", f"run:{run.record.short_id}").splitlines()
    assert [*map(without_ages, asked)] == [*map(without_ages, lines[1:-3])]


def test_both_summaries_link_to_the_run_where_an_address_is_given(shop: Project) -> None:
    run = github(shop, DEBUGLOOP_WEB_URL="https://debugloop.example/team/")
    address = f"https://debugloop.example/team/runs/{run.record.short_id}"
    assert f"  in a browser: {address}" in run.lines
    assert f"or [in a browser](<{address}>)" in summary(shop)
    wrong = github(shop, DEBUGLOOP_WEB_URL="javascript:alert(1)")
    assert "in a browser" not in wrong.out
    assert "is not an address" in wrong.out


def test_each_run_adds_its_own_summary(shop: Project) -> None:
    runs = [github(shop), github(shop)]
    assert [line.rpartition(" ")[2] for line in summary(shop).splitlines() if line.startswith("See more")] == [
        f"{run.record.short_id}`" for run in runs
    ]


def test_a_run_without_failures_passes_the_check(project: Project) -> None:
    project.write("test_any.py", "def test(): pass\n")
    run = github(project)
    text = summary(project)
    assert "**Check passed**" in text
    assert f"run {run.record.short_id} " in text
    assert annotated(run) == []


@pytest.mark.parametrize("workers", [(), ("-p", "xdist", "-n", "2")], ids=["one process", "xdist"])
def test_names_that_would_break_a_table_or_a_command_break_neither(project: Project, workers: tuple[str, ...]) -> None:
    project.write("pytest.ini", f"[pytest]\n{UNESCAPED} = true\n")
    project.write("test_any.py", HOSTILE)
    run = github(project, "--tb=no", "-rN", *workers)
    spelt = r"[\x1b[2J|`</code></td>\n\n| a | b |\r\n::error::x,y:z%0A&amp;\u202e]"
    (item,) = (line for line in summary(project).splitlines() if line.startswith("- "))
    assert item.startswith(f"- ``test_any.py::test_bad{spelt}``<br>AssertionError: \\\\x1b\\[2J\\|\\`&lt;/code&gt;")
    (found,) = (line for line in run.out.partition("debugloop: run ")[2].splitlines() if line.startswith("::"))
    title = spelt.replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
    assert f"title=test_any.py%3A%3Atest_bad{title}::" in found


def test_hundreds_of_failures_stay_within_what_github_takes(project: Project) -> None:
    project.write(
        "test_any.py",
        """
        import pytest

        @pytest.mark.parametrize("number", range(300))
        def test_bad(number):
            assert number < 0, "<" * 5000
        """,
    )
    (found,) = annotated(github(project, "--tb=no", "-rN"))
    assert "title=test_any.py%3A%3Atest_bad[0]::" in found
    assert "%0A300 x AssertionError in test_any.py:5 test_bad, also test_any.py::test_bad[1], " in found
    assert " and 294 more%0Adebugloop: first seen in this run%0A" in found
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
    assert summary(shop).count("\n- ") == 2


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
    assert summary(shop).count("\n- ") == 2
    assert not (shop.folder / "elsewhere.md").exists()


def test_files_outside_of_the_workspace_are_not_named(shop: Project, tmp_path_factory: pytest.TempPathFactory) -> None:
    run = github(shop, GITHUB_WORKSPACE=str(tmp_path_factory.mktemp("workspace")))
    assert [line.partition("title=")[0] for line in annotated(run)] == ["::error ", "::error "]


def test_a_run_that_is_not_stored_tells_its_failures_by_cause(project: Project) -> None:
    project.write("shop.py", SHOP)
    project.write(
        "test_any.py",
        """
        import pytest
        from shop import price

        @pytest.mark.parametrize("x", range(9))
        def test_bad(x): price(None)

        def test_good(): pass

        def test_other(): assert price("pear") == 2
        """,
    )
    env = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(project.folder / "summary.md")}
    options = ("--debugloop", "--debugloop-dsn", "host=/nowhere", "-p", "pytest_rerunfailures", "--reruns", "1")
    run = project.run(command=project.command(*options, recorded=False), env=env)
    assert run.ret == 1
    text = summary(project)
    assert re.match(r"\n\*\*debugloop: run [0-9a-f]{8} is not stored: ", text)
    bad, other = (line for line in text.splitlines() if line.startswith("- "))
    assert re.fullmatch(
        r"- 9 x LookupError in shop\.py\\:3 price<br>`test_any\.py::test_bad\[\d\]`<br>LookupError: no such article"
        r"<br>also (`test_any\.py::test_bad\[\d\]`, ){4}`test_any\.py::test_bad\[\d\]` and 3 more",
        bad,
    )
    assert other == "- `test_any.py::test_other`<br>AssertionError: assert 3 == 2"
    assert "See more" not in text


def test_a_run_that_is_to_be_stored_later_says_so(project: Project) -> None:
    project.write("test_any.py", "def test(): assert 0\n")
    run = github(project, "--no-debugloop-load")
    assert run.ret == 1
    assert " is waiting in " in summary(project)


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
