"""The examples of docs/python-api.md run as they stand there, from the first to the last."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_debugloop import errors
from pytest_debugloop.api.record import Operations, operation, step_operation
from tests.support.projects import Project

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE = (Path(__file__).parents[2] / "docs" / "python-api.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


SUITE = """
    import pytest

    tries = []

    def test_now_and_then():
        tries.append(1)
        assert len(tries) == 2

    def test_always():
        assert 0

    def test_once(request):
        assert request.config.getoption("verbose") < 1
    """


def test_the_examples_run(
    api_record: dict[str, str],
    rows: Callable[..., list[dict[str, Any]]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    project = Project.new(tmp_path, api_record["dsn"], api_record["schema"])
    project.write("test_shop.py", SUITE)
    for options in ("-vv", "-q"):
        assert project.run(options, "-p", "pytest_rerunfailures", "--reruns", "1").ret == 1
    monkeypatch.chdir(tmp_path)
    for name, value in project.variables.items():
        monkeypatch.setenv(name, value)
    names: dict[str, Any] = {}
    for example in EXAMPLES:
        exec(compile(example, "docs/python-api.md", "exec"), names)
    printed = capsys.readouterr()
    assert "2 completed" not in printed.err
    for told in (
        "AssertionError test_shop.py::test_always\n",  # of failures
        "test_shop.py::test_now_and_then 0.",  # of flaky tests
        "passed 20",  # of a test's history
        "still_failing test_shop.py::test_always\n",  # of a comparison
        "fixed test_shop.py::test_once\n",
    ):
        assert told in printed.out, printed.out
    found = rows("SELECT status FROM debug_workflow_steps WHERE correlation_id = %s", names["workflow"])
    assert sorted(row["status"] for row in found) == ["completed", "failed"]
    assert rows("SELECT id FROM debug_error_events WHERE id = %s", names["failed"])


def test_the_page_has_every_operation_and_error() -> None:
    operations = [name for name, value in vars(Operations).items() if isinstance(value, (operation, step_operation))]
    assert len(operations) == 15
    assert [name for name in operations if f"| `{name}(" not in PAGE] == []
    assert [name for name in operations if f"record.{name}(" not in "".join(EXAMPLES)] == []
    listed = re.findall(r"`(\w+Error)`", PAGE.partition("| error | meaning |")[2])
    assert [name for name in listed if not hasattr(errors, name)] == []


def test_every_operation_says_what_its_arguments_are() -> None:
    for name, value in vars(Operations).items():
        if isinstance(value, (operation, step_operation)):
            assert "Args:" in (value.__doc__ or ""), name
