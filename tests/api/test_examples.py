"""The examples of docs/python-api.md run as they stand there, from the first to the last."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_debugloop import errors
from pytest_debugloop.api.record import Operations, operation, step_operation

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE = (Path(__file__).parents[2] / "docs" / "python-api.md").read_text(encoding="utf-8")


def test_the_examples_run(
    api_record: dict[str, str],
    rows: Callable[..., list[dict[str, Any]]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DEBUGLOOP_DSN", api_record["dsn"])
    monkeypatch.setenv("DEBUGLOOP_SCHEMA", api_record["schema"])
    names: dict[str, Any] = {}
    for example in re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL):
        exec(compile(example, "docs/python-api.md", "exec"), names)
    assert "2 completed" not in capsys.readouterr().err
    found = rows("SELECT status FROM debug_workflow_steps WHERE correlation_id = %s", names["workflow"])
    assert sorted(row["status"] for row in found) == ["completed", "failed"]
    assert rows("SELECT id FROM debug_error_events WHERE id = %s", names["failed"])


def test_the_page_has_every_operation_and_error() -> None:
    operations = [name for name, value in vars(Operations).items() if isinstance(value, (operation, step_operation))]
    assert len(operations) == 15
    assert [name for name in operations if f"| `{name}(" not in PAGE] == []
    listed = re.findall(r"`(\w+Error)`", PAGE.partition("| error | meaning |")[2])
    assert [name for name in listed if not hasattr(errors, name)] == []


def test_every_operation_says_what_its_arguments_are() -> None:
    for name, value in vars(Operations).items():
        if isinstance(value, (operation, step_operation)):
            assert "Args:" in (value.__doc__ or ""), name
