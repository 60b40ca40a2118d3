"""What coverage's data file tells of tests: which functions were entered, and not only defined."""

from __future__ import annotations

from pathlib import Path

import pytest
from coverage import CoverageData

from pytest_debugloop.sources.covered import NOTHING, Coverage, covered

SOURCE = """\
def one(): return 1
def two(a,
        b=1): return a
@staticmethod
def three(
    a=1,
):
    '''Say it.'''
    return a
class Cart:
    def four(self):
        def five(): return 5
        return five()
if True:
    six = lambda: 6
"""
IMPORTED = [1, 2, 3, 4, 5, 6, 10, 11, 14, 15]
TEST = "tests/test_it.py::TestIt::test_it[a|b]"


def told(
    folder: Path, *contexts: tuple[str, list[int]], tests: tuple[str, ...] = (TEST,), by_function: bool = False
) -> Coverage:
    (folder / "shop.py").write_text(SOURCE)
    data = CoverageData(str(folder / "made"))
    for context, lines in contexts:
        data.set_context(context)
        data.add_lines({str(folder / "shop.py"): lines})
    data.close()
    names = {str(folder / "shop.py"): "shop.py"}
    return covered(folder / "made", folder, tests, names, by_function=by_function)


def entered(found: Coverage) -> list[str]:
    return [name for name, _ in found.tests[TEST].files["shop.py"]["functions"]]


@pytest.mark.parametrize(
    ("lines", "functions"),
    [
        ([1], ["one"]),
        ([3], ["two"]),
        ([2], []),
        ([9], ["three"]),
        ([12], ["Cart.four"]),
        ([15], ["<module>"]),
    ],
)
def test_a_function_was_entered_where_its_body_was_run(tmp_path: Path, lines: list[int], functions: list[str]) -> None:
    found = told(tmp_path, ("", IMPORTED), (f"{TEST}|run", lines))
    assert (entered(found), found.tests[TEST].files["shop.py"]["lines"]) == (functions, lines)
    assert found.tests[TEST].has_call
    assert found.measured == {"shop.py"}


def test_a_module_that_the_test_imports_enters_none_of_its_functions(tmp_path: Path) -> None:
    assert entered(told(tmp_path, (f"{TEST}|run", IMPORTED))) == ["<module>"]


@pytest.mark.parametrize(
    "context", [f"{TEST}|setup", f"nightly|{TEST}|setup", f"{TEST}@group|setup", f"nightly|{TEST}@group|setup"]
)
def test_the_phases_of_a_test_are_found(tmp_path: Path, context: str) -> None:
    found = told(tmp_path, ("nightly", IMPORTED), (context, [9]))
    assert entered(found) == ["three"]
    assert not found.tests[TEST].has_call


@pytest.mark.parametrize(
    "context", ["test_it.TestIt.test_it", "tests.test_it.TestIt.test_it", "x|test_it.TestIt.test_it"]
)
def test_the_function_of_a_test_is_found(tmp_path: Path, context: str) -> None:
    assert entered(told(tmp_path, (context, [9]), by_function=True)) == ["three"]


@pytest.mark.parametrize("context", ["test_it", "other.test_it", "it.TestIt.test_it", ""])
def test_another_function_is_not_taken_for_that_of_a_test(tmp_path: Path, context: str) -> None:
    assert told(tmp_path, (context, [9]), by_function=True) == NOTHING


def test_what_several_tests_have_in_one_is_told_of_none(tmp_path: Path) -> None:
    tests = (TEST, TEST.replace("a|b", "b"))
    assert told(tmp_path, ("test_it.TestIt.test_it", [9]), tests=tests, by_function=True) == NOTHING


@pytest.mark.parametrize("data", [None, b"", b"SQLite format 3\0", b"no database" * 1000], ids=str)
def test_a_file_that_is_none_of_coverage_tells_nothing(tmp_path: Path, data: bytes | None) -> None:
    if data is not None:
        (tmp_path / "made").write_bytes(data)
    assert covered(tmp_path / "made", tmp_path, [TEST], {}, by_function=False) == NOTHING


def test_a_file_that_is_no_python_any_more_has_lines_alone(tmp_path: Path) -> None:
    told(tmp_path, (f"{TEST}|run", [9]))
    (tmp_path / "shop.py").write_bytes(b"\xff(")
    found = covered(tmp_path / "made", tmp_path, [TEST], {str(tmp_path / "shop.py"): "shop.py"}, by_function=False)
    assert found.tests[TEST].files == {"shop.py": {"functions": [], "lines": [9]}}
