"""What a run makes of the loader's status, whoever wrote it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pytest_debugloop.journal.shared_names import STATUS_FILE
from pytest_debugloop.summary.terminal import summary_lines, wait_for_status

STORED = {"stored": {"step": 3, "failure": 1, "recovery": 0}, "waiting": 0, "rejected": 0}


def status_of(folder: Path, written: bytes) -> dict[str, Any] | None:
    (folder / STATUS_FILE).touch(0o600)
    (folder / STATUS_FILE).write_bytes(written)
    return wait_for_status(folder, 0.05)


@pytest.mark.parametrize("status", [STORED, {"problem": "no server", "waiting": 2}, {**STORED, "of_later": [1]}])
def test_what_the_loader_says_is_taken_with_what_later_versions_add(tmp_path: Path, status: dict[str, Any]) -> None:
    assert status_of(tmp_path, json.dumps(status).encode()) == status


@pytest.mark.parametrize(
    "written",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"{}",
        b'{"stored": []}',
        b'{"stored": {"step": "three"}}',
        b'{"stored": {}, "rejected": "many"}',
        b'{"problem": ""}',
        b'{"a":' * 5_000,
        json.dumps(STORED).encode()[:-5],
    ],
)
def test_a_status_that_cannot_be_understood_is_a_problem_and_no_claim_that_all_is_stored(
    tmp_path: Path, written: bytes
) -> None:
    status = status_of(tmp_path, written)
    (line,) = summary_lines(status, "1", "here", [], 0.05)
    assert line == (
        "debugloop: run 1 is not stored: the loader's status.json cannot be read. Its journals are kept for the next "
        "run or `debugloop load`."
    )


def test_no_status_is_waited_for_no_longer_than_is_allowed(tmp_path: Path) -> None:
    assert wait_for_status(tmp_path, 0.05) is None
