"""The examples of docs/fixture.md run as they stand there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.environment import clean_environment

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.projects import Project

PAGE = Path(__file__).parents[2] / "docs" / "fixture.md"
EXAMPLES = dict(re.findall(r"```python\n# (\S+)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL))


@pytest.fixture
def examples(make_project: Callable[[str], Project]) -> Project:
    project = make_project("examples")
    for name, text in EXAMPLES.items():
        project.write(name, text)
    return project


def test_the_examples_of_tests_pass_and_record_what_the_page_says(examples: Project) -> None:
    assert set(EXAMPLES) == {"test_orders.py", "test_agents.py", "import_orders.py"}
    run = examples.run("-q")
    assert run.outcomes == {"passed": 2}, run.out
    kinds = [step.step_type for step in run.record.all_steps]
    assert {kind: kinds.count(kind) for kind in sorted(set(kinds) - {"collect", "setup", "call", "teardown"})} == {
        "artifact": 1,
        "checkpoint": 2,
        "llm_call": 1,
        "record": 1,
        "step": 2,
        "transformation": 1,
    }


@pytest.mark.process
def test_the_example_of_a_program_is_stored_and_imports_no_pytest(examples: Project) -> None:
    check = "\nimport sys\nassert not {'pytest', '_pytest', 'psycopg'} & sys.modules.keys(), sorted(sys.modules)\n"
    program = examples.write("program.py", EXAMPLES["import_orders.py"] + check)
    done = subprocess.run(
        [sys.executable, str(program)],
        cwd=examples.folder,
        env=clean_environment(PYTHONPATH=os.pathsep.join(sys.path), **examples.variables),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    (run,) = examples.rows("SELECT * FROM debug_runs WHERE metadata ->> 'source' = 'warehouse'")
    assert (run["status"], run["exit_status"], run["agent_name"]) == ("finished", 0, "agent")
    assert run["pytest_version"] is None
    of_it = f"WHERE correlation_id = '{run['correlation_id']}'"
    steps = examples.rows(f"SELECT * FROM debug_workflow_steps {of_it} ORDER BY step_number")
    assert [(step["step_type"], step["operation_name"], step["status"]) for step in steps] == [
        ("execution", "import orders", "completed"),
        ("execution", "fetch", "completed"),
        ("checkpoint", "fetched", "completed"),
        ("record", "record", "completed"),
    ]
    assert (steps[1]["input_data"], steps[1]["output_data"]) == ({"month": 5}, {"orders": 3})
    (state,) = examples.rows(f"SELECT * FROM debug_state_snapshots {of_it}")
    assert state["user_request"] == "import the orders of May"
    successes = examples.rows(f"SELECT success_type FROM debug_success_events {of_it}")
    assert sorted(row["success_type"] for row in successes) == ["step_completion", "step_completion", "task_completion"]
    assert "step fetch" in examples.printed("show")
