"""``debugloop`` alone says where one stands, and what to type next."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.support.terminal import called_in_terminal, width_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Cli
    from tests.support.projects import Project


def test_the_front_page_has_the_last_run_what_is_red_what_is_flaky_and_what_to_type_next(shop: Project) -> None:
    out = shop.printed()
    run = json.loads(shop.printed("runs", "--json"))["runs"][0]["id"]
    assert out.startswith("Last run here\n")
    assert f"run {run[-8:]} failed" in out
    assert "correlation id" not in out  # a run has one id
    assert "Red on mend (" in out
    assert "test_unknown_article" in out
    assert "KeyError: 'pineapple'" in out
    assert "failed 3 of 6 (50%)  " in out
    assert "test_discount_keeps_the_cents" not in out  # it passes again
    (typed,) = [line.split()[2] for line in out.splitlines() if line.strip().startswith("debugloop show ")]
    assert shop.debugloop("show", typed).returncode == 0
    assert "debugloop --help" in out


def test_the_front_page_is_there_as_json(shop: Project) -> None:
    page = json.loads(shop.printed("--json"))
    assert (page["schema"], page["version"], page["is_here"]) == ("debugloop/front", 1, True)
    assert (page["not_loaded"]["waiting"], page["run"]["git_branch"]) == (0, "mend")
    assert "test_unknown_article" in {group["last_node_id"].rpartition("::")[2] for group in page["red"]}
    assert [test["node_id"].rpartition("::")[2] for test in page["flaky"]] == ["test_stock_answers"]
    misplaced = shop.debugloop("--json", "runs")
    assert (misplaced.returncode, misplaced.stdout) == (2, "")


def test_the_front_page_fits_a_narrow_terminal(shop: Project) -> None:
    seen = called_in_terminal(shop.folder, "--no-pager", columns=80)
    assert seen.returncode == 0
    assert [line for line in seen.text.splitlines() if width_of(line) > 80] == []


def test_without_a_record_it_says_what_to_do(cli: Cli, tmp_path: Path, own_schema: dict[str, str]) -> None:
    for variables in ({}, own_schema):
        done = cli(**variables)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("There is no record here yet.\n  pytest --debugloop ")
    assert json.loads(cli("--json").stdout)["run"] is None
    assert list(tmp_path.iterdir()) == []
    away = cli(DEBUGLOOP_DSN="host=/nowhere")
    assert away.returncode == 1
    assert away.stderr.count("\n") == 1
