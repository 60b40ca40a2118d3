"""Our hooks for ``conftest.py``: each does what the example of its docstring says; one that raises costs nothing."""

from __future__ import annotations

import re
import textwrap
import uuid
from typing import TYPE_CHECKING

from pytest_debugloop.plugin import Hooks

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.projects import Project

NAMES = ("capture", "classify_error", "session", "run_metadata", "recovered")


def example(name: str) -> str:
    """The example of a hook's docstring."""
    text = getattr(Hooks, f"pytest_debugloop_{name}").__doc__
    return textwrap.dedent(text.partition("Example::\n")[2])


def test_the_examples_of_the_docstrings_do_what_they_say(make_project: Callable[[str], Project]) -> None:
    project = make_project("hooks")
    project.write("conftest.py", "\n".join(map(example, NAMES)))
    project.write("shop.py", "def pay():\n    raise OSError('payment provider')\n")
    project.write(
        "test_hooks.py",
        """
        from shop import pay

        def test_payment():
            card = "one"
            pay()

        def test_other():
            card = "two"
            assert card == "three"
        """,
    )
    run = project.run("-q")
    payment, other = run.record.error("test_payment"), run.record.error("test_other")
    assert payment.kind[:3] == ("execution_error", "external", "low")
    assert other.kind[:3] == ("validation_error", "user", "medium")
    assert payment.state
    assert payment.state["is_captured"] is False
    assert other.locals == {"card": "two"}
    assert run.record.run["metadata"]["ticket"] == "SHOP-12"
    session = run.record.run["session_id"]
    assert isinstance(session, uuid.UUID)
    project.write("shop.py", "def pay():\n    pass\n")
    again = project.run("-q", "-k", "payment")
    assert again.record.run["session_id"] == session
    assert re.search(r"1 tests pass again: code_change \S+", again.out + again.err), again.out


def test_a_hook_that_raises_is_reported_once_and_changes_nothing(make_project: Callable[[str], Project]) -> None:
    project = make_project("raising")
    arguments = {"capture": "item", "classify_error": "item", "session": "config", "run_metadata": "config"}
    project.write(
        "conftest.py",
        "\n".join(
            f"def pytest_debugloop_{name}({argument}):\n    raise RuntimeError('{name} broke')\n"
            for name, argument in arguments.items()
        ),
    )
    project.write("test_raising.py", "def test_one(): assert 0\ndef test_two(): assert 0\n")
    run = project.run("-q")
    assert (run.ret, run.outcomes) == (1, {"failed": 2}), run.out
    assert [error.kind[:3] for error in run.record.all_errors] == [("validation_error", "user", "medium")] * 2
    for name in arguments:
        told = [line for line in run.lines if f"the hook pytest_debugloop_{name} failed" in line]
        assert told == [
            f"debugloop: the hook pytest_debugloop_{name} failed (RuntimeError: {name} broke): it is ignored."
        ]
