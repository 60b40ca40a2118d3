"""A shell completes tests, branches and ids; where that cannot be done, it says nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pytest_debugloop.cli import completion

if TYPE_CHECKING:
    from tests.cli.conftest import Cli
    from tests.support.projects import Project


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give a busy machine longer than a shell would wait."""
    monkeypatch.setattr(completion, "_SECONDS", 60)


def completed(project: Project, *words: str, **more: str) -> list[str]:
    """What fish is offered for the last of the words."""
    done = project.debugloop(
        COMP_WORDS=" ".join(("debugloop", *words)),
        COMP_CWORD=words[-1],
        _DEBUGLOOP_COMPLETE="fish_complete",
        **more,
    )
    assert done.stderr == ""
    return [line.partition(",")[2].partition("\t")[0] for line in done.stdout.splitlines() if line]


def test_tests_are_completed_by_name_and_by_node_id(shop: Project) -> None:
    assert completed(shop, "show", "test_unkn") == ["test_unknown_article"]
    assert completed(shop, "history", "test_unkn") == ["test_unknown_article"]
    (node_id,) = {
        group["last_node_id"]
        for group in json.loads(shop.printed("failures", "--json"))["failures"]
        if group["last_node_id"].endswith("test_unknown_article")
    }
    assert node_id in completed(shop, "reproduce", node_id[:-3])


def test_branches_and_ids_are_completed(shop: Project) -> None:
    assert completed(shop, "runs", "--branch", "me") == ["mend"]
    assert completed(shop, "compare", "m") == ["mend", "main"]
    run = json.loads(shop.printed("runs", "--json"))["runs"][0]["id"][-8:]
    assert run in completed(shop, "show", run[:3])
    error = json.loads(shop.printed("failures", "--open", "--json"))["failures"][0]["last_error_id"][-8:]
    assert error in completed(shop, "debug", error[:3])


def test_what_cannot_be_completed_is_silent(shop: Project, cli: Cli) -> None:
    assert completed(shop, "show", "no_such_test") == []
    assert completed(shop, "show", "test_unkn", DEBUGLOOP_DSN="host=/nowhere") == []
    done = cli(COMP_WORDS="debugloop show te", COMP_CWORD="te", _DEBUGLOOP_COMPLETE="fish_complete")
    assert (done.stdout.strip(), done.stderr) == ("", "")
