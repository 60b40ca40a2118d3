"""Hooks that are called in an order that pytest does not have: the run goes on, its record too, and it is said once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.projects import told_by_us

if TYPE_CHECKING:
    from tests.support.projects import Project

SETUP_INSIDE_OF_A_CALL = """
    import pytest

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_call(item):
        item.ihook.pytest_runtest_setup(item=item)
        return (yield)
"""


def test_a_phase_inside_of_another_is_told_and_costs_no_failure(project: Project) -> None:
    project.write("conftest.py", SETUP_INSIDE_OF_A_CALL)
    project.write("test_suite.py", "def test_passes(): pass\n\ndef test_fails(): assert 0\n")
    plain = project.run("-p", "no:cacheprovider", recorded=False)
    run = project.run("-p", "no:cacheprovider")
    assert (run.ret, run.outcomes) == (plain.ret, plain.outcomes)
    told, _ = told_by_us(run.lines)
    (fault,) = (line for line in told if "out of order" in line)
    assert "StateChangeError: hooks of pytest were called out of order (running, then running)" in fault
    assert "1 failure" in " ".join(told)
