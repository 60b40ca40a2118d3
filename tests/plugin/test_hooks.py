"""Our hooks for ``conftest.py``: each does what the example of its docstring says; one that raises costs nothing."""

from __future__ import annotations

import re
import textwrap
import uuid
from typing import TYPE_CHECKING

from pytest_debugloop.hookspec import Hooks

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.projects import Project

NAMES = [name.removeprefix("pytest_debugloop_") for name in vars(Hooks) if name.startswith("pytest_debugloop_")]


def example(name: str) -> str:
    """The example of a hook's docstring."""
    text = getattr(Hooks, f"pytest_debugloop_{name}").__doc__
    return textwrap.dedent(text.partition("Example::\n")[2])


def test_the_examples_of_the_docstrings_do_what_they_say(make_project: Callable[[str], Project]) -> None:
    project = make_project("hooks")
    project.write("conftest.py", "\n".join(["from shop import Money", *map(example, NAMES)]))
    money = "class Money:\n    def __init__(self): self.amount = 5\n"
    project.write("shop.py", money + "def pay():\n    raise OSError('payment provider')\n")
    project.write(
        "test_hooks.py",
        """
        from shop import Money, pay

        def test_payment():
            card = "one"
            pay()

        def test_other():
            card = "two"
            price, licence, note = Money(), "for the shop alone", "key SHOP-0123456789ABCDEF"
            assert card == "three"
        """,
    )
    run = project.run("-q")
    payment, other = run.record.error("test_payment"), run.record.error("test_other")
    assert payment.kind[:3] == ("execution_error", "external", "low")
    assert other.kind[:3] == ("validation_error", "user", "medium")
    assert payment.state
    assert payment.state["is_captured"] is False
    price = other.locals.pop("price")
    assert price == {"$type": "shop.Money", "amount": 5}
    assert other.locals == {"card": "two", "licence": "[redacted: key #1]", "note": "key [redacted: pattern #2]"}
    assert run.record.run["metadata"]["ticket"] == "SHOP-12"
    session = run.record.run["session_id"]
    assert isinstance(session, uuid.UUID)
    project.write("shop.py", money + "def pay():\n    pass\n")
    again = project.run("-q", "-k", "payment")
    assert again.record.run["session_id"] == session
    assert re.search(r"1 tests pass again: code_change \S+", again.out + again.err), again.out


def test_a_hook_that_raises_is_reported_once_and_changes_nothing(make_project: Callable[[str], Project]) -> None:
    project = make_project("raising")
    arguments = dict.fromkeys(NAMES, "config") | {"renderer": "cls", "capture": "item", "classify_error": "item"}
    conftest = "\n".join(
        f"def pytest_debugloop_{name}({argument}):\n    raise RuntimeError('{name} broke')\n"
        for name, argument in arguments.items()
    )
    project.write("conftest.py", conftest)
    tests = "def test_one(): a = object(); assert 0\ndef test_two(): a = object(); assert 0\n"
    project.write("test_raising.py", tests)
    run = project.run("-q")
    assert (run.ret, run.outcomes) == (1, {"failed": 2}), run.out
    assert [error.kind[:3] for error in run.record.all_errors] == [("validation_error", "user", "medium")] * 2
    project.write("test_raising.py", tests.replace("assert 0", "assert 1"))
    again = project.run("-q")
    assert again.ret == 0, again.out
    for name in arguments:
        told = [line for line in (*run.lines, *again.lines) if f"the hook pytest_debugloop_{name} " in line]
        reason = f"{name} broke" if name.startswith("secret") else f"RuntimeError: {name} broke): it is ignored."
        assert told, name
        assert all(reason in line for line in told), told
        assert len(told) <= 2, name  # once a run
