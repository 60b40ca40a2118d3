"""Whoever asks for JSON gets errors as JSON, with a code, and nothing on standard output that is no answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pytest_debugloop.cli.failing import is_json_asked

if TYPE_CHECKING:
    from tests.cli.conftest import Cli
    from tests.support.projects import Project


@pytest.mark.parametrize(
    ("arguments", "status", "code"),
    [
        (["runs"], 1, "no_record"),
        (["runs", "--limit", "many"], 2, "usage"),
        (["runs", "--no-such"], 2, "usage"),
        (["no-such-command"], 2, "usage"),
        (["show", "--dsn", "host=/nowhere"], 1, "database_unreachable"),
        (["export", "--output", "/nowhere/to/be/found"], 1, "no_record"),
    ],
)
def test_an_error_is_one_object_on_standard_error(cli: Cli, arguments: list[str], status: int, code: str) -> None:
    done = cli(*arguments, "--json")
    assert (done.returncode, done.stdout) == (status, "")
    told = json.loads(done.stderr)
    assert (told["schema"], told["version"]) == ("debugloop/error", 1)
    assert (told["code"], told["exit_status"]) == (code, status)
    assert told["message"] in " ".join(cli(*arguments).stderr.split())


def test_what_is_not_in_the_record_is_named(shop: Project) -> None:
    done = shop.debugloop("show", "\x1b[2J", "--json")
    told = json.loads(done.stderr)
    assert (done.returncode, told["code"]) == (1, "not_found")
    assert told["details"]["text"] == r"\x1b[2J"
    assert json.loads(shop.debugloop("show", "test_every_article", "--json").stderr)["code"] == "ambiguous"


def test_json_for_another_program_is_not_asked_of_us() -> None:
    assert is_json_asked(["reproduce", "--json", "test", "--", "-x"])
    assert not is_json_asked(["reproduce", "test", "--", "--json"])
