"""The names of tests with an open failure, as the loader leaves them and the next run takes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pytest_debugloop.journal.open_failures import MAX_TESTS, read_open_failures, write_open_failures
from pytest_debugloop.journal.shared_names import OPEN_FAILURES_FILE
from pytest_debugloop.private import write_atomically


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    return tmp_path


def named(*tests: str) -> list[dict[str, str]]:
    return [{"test": test} for test in tests]


def test_what_is_written_is_read(folder: Path) -> None:
    tests = [{"test": "a", "leg": "py312", "branch": "main"}, {"test": "b"}]
    write_open_failures(folder, "shop", tests)
    write_open_failures(folder, "bank", named("c"))
    assert read_open_failures(folder) == {"shop": tests, "bank": named("c")}
    write_open_failures(folder, "shop", [])
    assert read_open_failures(folder) == {"bank": named("c")}
    write_open_failures(folder, "bank", [])
    assert not (folder / OPEN_FAILURES_FILE).exists()


def test_what_says_the_same_is_not_written_again(folder: Path) -> None:
    write_open_failures(folder, "shop", named("a"))
    before = (folder / OPEN_FAILURES_FILE).stat().st_ino
    write_open_failures(folder, "shop", named("a"))
    assert (folder / OPEN_FAILURES_FILE).stat().st_ino == before


def test_what_is_written_is_never_too_large_to_be_read(folder: Path) -> None:
    for number in range(6):
        write_open_failures(folder, f"p{number}", named(*(f"{n}{'😀' * 500}" for n in range(MAX_TESTS + 1))))
    found = read_open_failures(folder)
    assert list(found) == ["p5", "p4", "p3"]


@pytest.mark.parametrize(
    "found",
    [None, [], 5, {}, {"projects": 5}, {"projects": {"shop": 5}}, {"projects": {"shop": [5, {}, {"test": 1}]}}],
    ids=json.dumps,
)
def test_what_is_of_another_form_names_no_test(folder: Path, found: Any) -> None:
    write_atomically(folder / OPEN_FAILURES_FILE, json.dumps(found).encode())
    assert not read_open_failures(folder).get("shop")


def test_a_file_too_large_is_not_read(folder: Path) -> None:
    write_atomically(folder / OPEN_FAILURES_FILE, json.dumps({"projects": {"shop": named("x" * 5_000_000)}}).encode())
    assert read_open_failures(folder) == {}
