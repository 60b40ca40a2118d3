"""Where pytest-cov keeps what each test runs, that is the trace of tests that we could not trace ourselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.support.projects import Project, Run

SHOP = """
    def one(): return 1


    class Cart:
        def total(self):
            if one():
                return self.rate() * 2
            return 0

        def rate(self):
            return 2

        def other(self):
            return 3
"""
FIXED = SHOP.replace("* 2", "* 3").replace("return 0", "return 7").replace("return 3", "return 4")
TEST = """
    import pytest
    from shop import Cart


    @pytest.fixture
    def cart():
        return Cart()


    @pytest.mark.xdist_group("shop")
    @pytest.mark.parametrize("count", [1])
    def test_total(cart, count):
        assert cart.total() == 6


    def test_other():
        assert Cart().other()
"""
# As debuggers, profilers and others have them: none is left for us.
TAKEN = """
    import sys

    for number in (3, 4, 5):
        if hasattr(sys, "monitoring"):
            sys.monitoring.use_tool_id(number, "theirs")
    if not hasattr(sys, "monitoring"):
        sys.setprofile(lambda *_: None)
"""
TOTAL = "test_shop.py::test_total[1]"


@pytest.fixture
def shop(project: Project) -> Project:
    project.write("shop.py", SHOP)
    project.write("test_shop.py", TEST)
    project.write("conftest.py", TAKEN)
    return project


def run(project: Project, *arguments: str) -> Run:
    words = ("-p", "no:cacheprovider", "-p", "pytest_cov", "--cov", "--cov-report=", *arguments)
    return project.run(*words, env={"PYTHONDONTWRITEBYTECODE": "1"})


def traces(found: Run) -> list[dict[str, Any]]:
    return found.record.query("SELECT * FROM debug_test_traces WHERE correlation_id = %(id)s ORDER BY started_at")


def recovery(failed: Run) -> dict[str, Any]:
    (found,) = failed.record.query(
        "SELECT c.* FROM debug_error_success_correlation AS c JOIN debug_error_events AS e ON e.id = c.error_event_id"
        " WHERE e.correlation_id = %(id)s"
    )
    return found


@pytest.mark.parametrize(
    ("arguments", "rc"),
    [
        pytest.param([], "", marks=pytest.mark.thorough),
        (["--cov-branch"], "[run]\nrelative_files = True\ncontext = nightly\n"),
        (["-p", "xdist", "-n", "2", "--dist", "loadgroup"], "[run]\ndata_file = made/covered\n"),
    ],
    ids=["lines", "branches with relative names", "xdist"],
)
def test_what_coverage_has_of_a_test_is_its_trace(shop: Project, arguments: list[str], rc: str) -> None:
    shop.write(".coveragerc", rc)
    failed = run(shop, "--cov-context=test", *arguments)
    (failing,) = traces(failed)
    shop.write("shop.py", FIXED)
    passed = run(shop, "--cov-context=test", *arguments)
    (passing,) = traces(passed)
    for trace in (failing, passing):
        assert (trace["operation_name"], trace["attempt"], trace["traced_by"]) == (TOTAL, 1, "coverage")
        assert trace["files"]["shop.py"] == {
            "functions": [["one", 1], ["Cart.total", 5], ["Cart.rate", 10]],
            "lines": [1, 6, 7, 11],
        }
        assert [name for name, _ in trace["files"]["test_shop.py"]["functions"]] == ["cart", "test_total"]
    assert failing["cut"] == ["coverage tells neither the files that it opened nor the processes that it started"]
    assert passing["cut"] == []
    found = recovery(failed)
    assert found["recovery_path"] == "Cart.total in shop.py was changed"
    assert [(one["function"], one["ran"]) for one in found["evidence"]["code"]] == [("Cart.total", "lines")]
    assert found["evidence"]["traced"] == ["failing", "passing"]


def test_contexts_of_coverage_itself_are_of_the_function_of_a_test(shop: Project) -> None:
    shop.write(".coveragerc", "[run]\ndynamic_context = test_function\n")
    (trace,) = traces(run(shop))
    assert trace["files"]["shop.py"]["lines"] == [1, 6, 7, 11]
    assert [name for name, _ in trace["files"]["test_shop.py"]["functions"]] == ["test_total"]
    assert "coverage tells nothing of its fixtures" in trace["cut"]


def test_files_that_coverage_was_not_to_look_at_are_not_called_unused(shop: Project) -> None:
    shop.write(".coveragerc", "[run]\nomit = shop.py\n")
    failed = run(shop, "--cov-context=test")
    shop.write("shop.py", FIXED)
    (trace,) = traces(run(shop, "--cov-context=test"))
    assert trace["cut"] == ["coverage did not look at each file, or not at the whole test"]
    assert recovery(failed)["recovery_path"] == "Cart.total in shop.py was changed"
    assert not recovery(failed)["evidence"].get("code_not_run")


def test_data_of_other_runs_are_of_no_test_in_this_one(shop: Project) -> None:
    run(shop, "--cov-context=test")
    for arguments in (["--cov-context=test", "--cov-append"], ["--no-cov"], []):
        (trace,) = traces(run(shop, *arguments))
        assert trace["traced_by"] == "none"


def test_attempts_that_coverage_cannot_tell_apart_decide_nothing(shop: Project) -> None:
    shop.write("conftest.py", f"{TAKEN}\n    import shop\n    shop.tried = []\n")
    shop.write(
        "test_shop.py", "import shop\n\ndef test_it():\n    shop.tried.append(1)\n    assert len(shop.tried) == 2\n"
    )
    found = run(shop, "--cov-context=test", "-p", "pytest_rerunfailures", "--reruns", "1")
    assert found.ret == 0
    (trace,) = traces(found)
    assert (trace["attempt"], trace["traced_by"]) == (2, "coverage")
    assert trace["cut"] == ["coverage tells all its attempts in one"]
