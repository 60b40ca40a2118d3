"""The process that pytest-xdist's workers report to: it hands them the run's ids, and records their crashes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_debugloop.journal.shared_names import WORKER_INPUT

if TYPE_CHECKING:
    from typing import Protocol

    class RecordedRun(Protocol):
        """What the controller asks of the recorded run, and tells it."""

        @property
        def is_grouped(self) -> bool:
            """Whether xdist appends ``@group`` to node ids in the workers of this run."""

        def worker_input(self) -> dict[str, Any] | None:
            """Give what a worker needs to record, as basic types; None where nothing is recorded."""

        def worker_failed(self, worker: str, node_id: str, text: str, phase: str = "call") -> None:
            """Record that a worker died, or that it collected other tests than another."""

        def add_worker_losses(self, losses: dict[str, Any]) -> None:
            """Sum up what a worker could not record."""


class Controller:
    """The hooks of pytest-xdist, registered only where it is.

    Args:
        run: the recorded run.
    """

    def __init__(self, run: RecordedRun) -> None:
        self._run = run
        self._crashed: dict[str, str] = {}
        self._workers: set[str] = set()

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Hand a worker the run's ids; only basic types can travel."""
        self._workers.add(str(node.gateway.id))
        given = self._run.worker_input()
        if given is not None:
            node.workerinput[WORKER_INPUT] = given

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """Note what a worker lost, or that it died; the test it was in is reported a moment later, if it was in one."""
        losses = getattr(node, "workeroutput", {}).get(WORKER_INPUT)
        if losses:
            self._run.add_worker_losses(losses)
        if error:
            self._crashed[str(node.gateway.id)] = str(error)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Record that a worker collected other tests than the first: xdist tells it in the worker's name."""
        if report.outcome == "failed" and report.nodeid in self._workers:
            self._run.worker_failed(report.nodeid, "", str(report.longrepr), "collect")

    @pytest.hookimpl(optionalhook=True)
    def pytest_handlecrashitem(self, crashitem: str, report: Any) -> None:
        """Record the crash of a worker in a test."""
        worker = str(report.node.gateway.id)
        self._crashed.pop(worker, None)
        node_id = without_group(crashitem) if self._run.is_grouped else crashitem
        self._run.worker_failed(worker, node_id, str(report.longrepr))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """Record the workers that died in no test."""
        for worker, error in self._crashed.items():
            self._run.worker_failed(worker, "", f"worker {worker!r} crashed outside of a test: {error}")
        self._crashed.clear()


def without_group(node_id: str) -> str:
    """Take off what ``--dist loadgroup`` appends to a node id, as xdist itself finds it there.

    Args:
        node_id: as a worker names the test, with ``@group`` or without.
    """
    at = node_id.rfind("@")
    return node_id[:at] if at > max(node_id.rfind("]"), node_id.rfind("::")) else node_id
