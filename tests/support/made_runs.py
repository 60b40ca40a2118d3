"""Runs that nobody made: their journals, written directly, so that a history costs no process."""

from __future__ import annotations

import itertools
import uuid
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_debugloop.journal.records import JOURNAL_FORMAT, ErrorEvent, Finish, Run
from pytest_debugloop.journal.step_lines import step_ended, step_head, step_suffix
from pytest_debugloop.loading.heads import head_of
from pytest_debugloop.sources.survey import lines_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.support.records import Record

START = 1_790_000_000_000_000
"""When the first of them began, in microseconds since 1970-01-01 UTC."""
MINUTE = 60_000_000
_COUNTER = itertools.count()


@dataclass(frozen=True)
class MadeRun:
    """A run of a few tests.

    Attributes:
        verdicts: whether each test passes, by its node id.
        message: of the failures, with ``{test}`` for the name.
        at: minutes after :data:`START`.
        commits: what git tells of: a commit and its parents.
        merged: what commits say that they merged: a commit and the number of a change.
        tree: of the commit.
        milliseconds: that calls which pass take, where it is more than a moment.
        ci: facts of the CI; empty outside of one.
        head: what git has checked out, as the loader reads it.
        workflow: that it is a part of; None: it is one of its own.
    """

    verdicts: Mapping[str, bool]
    at: float
    branch: str | None = "main"
    leg: str | None = ""
    commit: str | None = None
    commits: Sequence[Sequence[str]] = ()
    ci: Mapping[str, str] = field(default_factory=dict)
    head: Mapping[str, str] = field(default_factory=dict)
    checkout: str | None = None
    rootdir: str = "/made"
    project: str = "made"
    facts: Mapping[str, Any] = field(default_factory=dict)
    session: uuid.UUID | None = None
    workflow: uuid.UUID | None = None
    merged: Sequence[Sequence[str]] = ()
    tree: str = ""
    milliseconds: Mapping[str, int] = field(default_factory=dict)
    message: str = "assert 1 == 2"
    id: uuid.UUID = field(default_factory=lambda: uuid.uuid5(uuid.NAMESPACE_OID, f"made {next(_COUNTER)}"))

    def but(self, **changes: Any) -> MadeRun:
        """Make another run that differs in something."""
        changes.setdefault("id", uuid.uuid5(uuid.NAMESPACE_OID, f"made {next(_COUNTER)}"))
        return replace(self, **changes)

    @property
    def started(self) -> int:
        """When it began."""
        return START + int(self.at * MINUTE)

    def lines(self) -> bytes:
        """Write its journal."""
        names = {"vcs.ref.head.name": self.branch, "vcs.ref.head.revision": self.commit}
        facts: dict[str, Any] = {
            "command_line": [],
            "git": {name: value for name, value in names.items() if value and not self.ci},
            "ci": dict(self.ci) | ({name: value for name, value in names.items() if value} if self.ci else {}),
            "python_version": "3.12.1",
            "platform": "linux x86_64",
            "interpreter": {"implementation": "cpython", "version": "3.12.1"},
            **({} if self.leg is None else {"leg": self.leg}),
            **self.facts,
        }
        run, session = str(self.id), None if self.session is None else str(self.session)
        head = Run(
            format=JOURNAL_FORMAT, run_id=run, journal_id=str(uuid.uuid5(self.id, "main")),
            correlation_id=str(self.workflow or run), session_id=session, project=self.project,
            agent_name="pytest", role="main", pid=1, started=self.started,
            rootdir=self.rootdir, facts=facts, checkout=self.checkout, project_source="given",
        )  # fmt: skip
        lines = [head.to_line()]
        for number, (test, passes) in enumerate(self.verdicts.items()):
            lines += self._test(number * 10 + 1, test, passes=passes)
        if self.commits or self.head or self.merged:
            commits, merged = ([list(one) for one in part] for part in (self.commits, self.merged))
            lines.append(lines_of([{"kind": "commits", "commits": commits, "merged": merged, **self.head}]))
        if self.tree:
            lines.append(lines_of([{"kind": "survey", "tree": self.tree, "distributions": {}, "environment": {}}]))
        end = self.started + MINUTE
        status = int(not all(self.verdicts.values()))
        return b"".join([*lines, Finish(end, status, interrupted=False, problems=[]).to_line()])

    def _test(self, n: int, test: str, *, passes: bool) -> list[bytes]:
        at = self.started + n * 1000
        suffix = step_suffix(test, 1, test)
        lines = [step_ended(step_head(n, "setup", at), suffix, at + 100, "passed").encode()]
        call = step_head(n + 1, "call", at + 200)
        if passes:
            end = at + 300 + self.milliseconds.get(test, 0) * 1000
            return [*lines, step_ended(call, suffix, end, "passed").encode()]
        error = ErrorEvent(
            n=n + 2, step=(n + 1, at + 200), at=at + 300, node_id=test, type="validation_error", category="user",
            severity="medium", message=self.message.format(test=test), code="AssertionError", stack=None, snapshot=None,
            metadata={"phase": "call", "attempt": 1, "fingerprint": f"of {test}"},
        )  # fmt: skip
        failed = step_ended(call, suffix, at + 300, "failed", extra=f'"error":{n + 2},')
        return [*lines, error.to_line(), failed.encode()]

    def load(self, record: Record) -> None:
        """Store it."""
        lines = self.lines()
        head = head_of(Path("nowhere"), lines.partition(b"\n")[0])
        record.loader.load([(head, lines)])
        record.loader.complete(head.run_id, head.correlation_id)
