"""Our hooks, asked so that one that raises is reported once, and changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pytest_debugloop.own_imports import OwnImports
from pytest_debugloop.writing.facts import ASK

if TYPE_CHECKING:
    import pytest

    from pytest_debugloop.summary.fixed_tests import FixedTests
    from pytest_debugloop.writing.writer import Writer


class Hooks:
    """Asks our hooks for one run.

    Args:
        config: of the run; tests find this in its stash.

    Attributes:
        problems: one sentence for each hook that has failed.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self.problems: dict[str, str] = {}
        config.stash[ASK] = self.ask

    def ask(self, name: str, item: pytest.Item | None = None, **arguments: Any) -> Any:
        """Ask a hook.

        Args:
            name: of it.
            item: the test that it is about, whose ``conftest.py`` are asked too.
            arguments: more of them.

        Returns:
            What it gives; None where nobody has one, or it raised.
        """
        hook: Callable[..., Any] = getattr(self._config.hook, name)
        if not hook.get_hookimpls():  # type: ignore[attr-defined]
            return None
        try:
            if item is not None:
                return getattr(item.ihook, name)(item=item, **arguments)
            return hook(config=self._config, **arguments)
        except Exception as error:
            self.refuse(name, error)
            return None

    def refuse(self, name: str, error: BaseException) -> None:
        """Note that a hook failed; the first time it does, the run says so at its end.

        Args:
            name: of it.
            error: what it raised.
        """
        if name not in self.problems:
            try:
                reason = f"{type(error).__name__}: {error}"[:200]
            except Exception:
                reason = type(error).__name__
            self.problems[name] = f"the hook {name} failed ({reason}): it is ignored."

    def session_id(self) -> str:
        """Ask for the session of the run; empty where nobody names one."""
        found = self.ask("pytest_debugloop_session")
        return found if type(found) is str else ""

    def write_metadata(self, writer: Writer) -> None:
        """Ask for facts of the run, and write them.

        Args:
            writer: of the process that the user started.
        """
        facts: dict[str, object] = {}
        for answer in self.ask("pytest_debugloop_run_metadata") or ():
            if isinstance(answer, Mapping):
                facts.update(answer)
        if facts and (values := writer.capturer.capture_values(facts, "")):
            with OwnImports():
                from pytest_debugloop.journal.notes import Note

            at = writer.now()
            note = Note(writer.next_n(), 1, "record", "run metadata", at, at, "passed", output=values)
            writer.append(note.to_line())

    def recovered(self, found: list[FixedTests]) -> None:
        """Tell which tests pass again, and why.

        Args:
            found: by reason.
        """
        for one in found:
            self.ask(
                "pytest_debugloop_recovered", tests=one.tests, strategy=one.strategy, by=one.by, is_sure=one.is_sure
            )
