"""What makes two runs of a test one test: its node id without what a repetition, an address or a moment put into it.

A number in a parameter's id may be what the test is about, or where an object happened to lie. It is taken for the
latter only where it has the shape of an address, a UUID, a moment or a temporary path and does not stand in the test's
source; and where two tests would be one without it, they keep their whole ids.
"""

from __future__ import annotations

import linecache
import re
from collections import Counter
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING

import pytest

from pytest_debugloop.capture.volatile import IN_NODE_IDS, MAYBE_IN_NODE_ID
from pytest_debugloop.writing.facts import parameters_given

if TYPE_CHECKING:
    from pytest_debugloop.writing.node_ids import OutsideFiles
    from pytest_debugloop.writing.writer import Writer

_REPEAT = "__pytest_repeat_step_number"
_FLAKE_FINDER = "__flakefinder_"


class Tasks:
    """The names of tests across runs.

    Args:
        writer: catches our own faults.
        places: of files outside of rootdir.
    """

    def __init__(self, writer: Writer, places: OutsideFiles) -> None:
        self._writer = writer
        self._places = places
        self._stable: dict[str, str] = {}

    @pytest.hookimpl(wrapper=True, trylast=True)  # innermost: before another plugin leaves tests out
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Look at all tests of a collector at once: whether a name tells them apart depends on the others."""
        __tracebackhide__ = True
        report = yield
        try:
            # By the cheapest question first: this is asked of every test.
            look = MAYBE_IN_NODE_ID.search
            suspects = [
                node
                for node in report.result or ()
                if (at := node.name.find("[")) >= 0 and look(node.name, at) and isinstance(node, pytest.Item)
            ]
            if suspects:
                self._learn([node for node in report.result if isinstance(node, pytest.Item)], suspects)
        except Exception as fault:
            self._writer.fault(fault)
        return report

    def _learn(self, items: list[pytest.Item], suspects: list[pytest.Item]) -> None:
        ids = {item: self._places.name_of(item, item.nodeid) for item in items}
        names = {node: node for node in ids.values()}
        for item in suspects:
            names[ids[item]] = _without_volatile(item, ids[item])
        times = Counter(names.values())
        self._stable |= {node: name for node, name in names.items() if name != node and times[name] == 1}

    def of(self, item: pytest.Item, node_id: str) -> str:
        """Give the name of a test across runs.

        Args:
            item: the test.
            node_id: as it is recorded.
        """
        node_id = self._places.name_of(item, node_id)
        if "[" not in node_id:
            return node_id
        if self._stable and node_id in self._stable:
            node_id = self._stable[node_id]
        parameters = parameters_given(item)
        step = parameters.get(_REPEAT)
        if type(step) is int:
            return re.sub(rf"(\[|-){step + 1}-\d+\]$", lambda m: "]" if m[1] == "-" else "", node_id)
        for name, value in parameters.items():
            if name.startswith(_FLAKE_FINDER):
                return re.sub(rf"\[{value}(-|\])", lambda m: "[" if m[1] == "-" else "", node_id, count=1)
        return node_id


def _without_volatile(item: pytest.Item, node_id: str) -> str:
    head, _, identifier = node_id.partition("[")
    source: list[str] = []

    def replaced(name: str) -> Callable[[re.Match[str]], str]:
        def replace(match: re.Match[str]) -> str:
            if not source:
                source.append("".join(linecache.getlines(str(item.path))))
            return match[0] if match[0] in source[0] else name

        return replace

    for pattern, name in IN_NODE_IDS:
        identifier = pattern.sub(replaced(name), identifier)
    return f"{head}[{identifier}"
