"""Collection: a step for each file and for whatever else fails or is skipped as a whole, and what is known after it."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

import pytest

from pytest_debugloop.capture.item_facts import ItemFacts
from pytest_debugloop.journal.records import Loaded, clean_text
from pytest_debugloop.journal.step_lines import step_suffix
from pytest_debugloop.writing.failure import kind_of, kind_of_report, root_of
from pytest_debugloop.writing.failure_context import FailureContext
from pytest_debugloop.writing.reports import apply_report
from pytest_debugloop.writing.steps import Step
from pytest_debugloop.writing.writer import Writer

if TYPE_CHECKING:
    from pytest_debugloop.writing.loaded_files import LoadedFiles
    from pytest_debugloop.writing.node_ids import NodeIds


class CollectionRecorder:
    """The hooks of collection.

    Args:
        writer: takes lines and failures, and catches our own faults.
        node_ids: as they are recorded.
        loaded: the source files of this process.
    """

    def __init__(self, writer: Writer, node_ids: NodeIds, loaded: LoadedFiles) -> None:
        self._writer = writer
        self._node_ids = node_ids
        self._places = node_ids.places
        self._loaded = loaded

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Record the collection of each file, and every collection that fails or is skipped."""
        __tracebackhide__ = True
        started = self._writer.now()
        step = self._begin(collector, started) if isinstance(collector, pytest.File) else None
        report = yield
        if step is not None or report.outcome != "passed":
            self._end(collector, report, step, started)
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Find the node ids that hold secrets, and tell what is loaded."""
        try:
            self._node_ids.collect(session.items)
            self.write_loaded_files()
        except Exception as fault:
            self._writer.fault(fault)

    def write_loaded_files(self) -> None:
        """Write which source files were loaded since it was last written."""
        if files := self._loaded.more():
            self._writer.write(Loaded(files).to_line().decode("ascii"))

    def finish(self) -> None:
        """Write what was loaded while tests ran."""
        self._writer.guarded(self.write_loaded_files)

    def _begin(self, collector: pytest.Collector, started: int) -> Step | None:
        try:
            node_id = self._places.node_id_of(collector, collector.nodeid)
            step = Step(self._writer.next_n(), "collect", started, step_suffix(node_id, 1, node_id))
            self._writer.write(step.started_line())
        except Exception as fault:
            self._writer.fault(fault)
            return None
        return step

    def _end(self, collector: pytest.Collector, report: pytest.CollectReport, step: Step | None, started: int) -> None:
        try:
            node_id = self._places.node_id_of(collector, collector.nodeid)
            step = step or Step(self._writer.next_n(), "collect", started, step_suffix(node_id, 1, node_id))
            step.ended = self._writer.now()
            apply_report(self._writer, step, report)
            if step.outcome == "failed":
                self._fail(node_id, report, step)
            else:
                self._writer.write(step.ended_line())
        except Exception as fault:
            self._writer.fault(fault)

    def _fail(self, node_id: str, report: pytest.CollectReport, step: Step) -> None:
        call = report.__dict__.get("call")
        excinfo = None if call is None else call.excinfo
        context = FailureContext(step.ended, node_id, "collect", 1, (step.n, step.started))
        if excinfo is None:
            text = clean_text(report.longreprtext)
            failure = self._writer.failure_of_text(text, kind_of_report("collect", ""), context)
        else:
            error = root_of(excinfo.value)
            failure = self._writer.failure_of_exception(error, kind_of(error, "collect"), context, ItemFacts())
        step.extra += failure.reference
        self._writer.write_failure(failure, step.ended_line())
