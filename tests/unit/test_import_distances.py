"""How far the files of a project are from a test, by what they import."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from pytest_debugloop.loading.recoveries.code import by_imports
from pytest_debugloop.loading.recoveries.code_changes import Change, Reach, Reached, Unit
from pytest_debugloop.loading.recoveries.facts import CodeDifference, Facts
from pytest_debugloop.loading.recoveries.imports import import_distances
from pytest_debugloop.sources.units import units_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence

FILES = {
    "tests/test_pay.py": "from shop.pay import pay\n\n\ndef test_pay():\n    import late\n    assert pay()\n",
    "src/shop/__init__.py": "",
    "src/shop/pay.py": "from . import table\nfrom .sub.deep import rate\n",
    "src/shop/table.py": "def lazily():\n    import other\n",
    "src/shop/sub/__init__.py": "",
    "src/shop/sub/deep.py": "import shop.end\nfrom ..broken import *\n",
    "src/shop/end.py": "",
    "src/shop/broken.py": "this is no Python",
    "late.py": "",
    "other.py": "",
    "table.py": "",
}


class Sources(dict[str, str]):
    """The sources that the database would give."""

    def sources(self, changes: Sequence[Change], likely: Sequence[Change]) -> Mapping[str, str]:
        return self

    def sources_of(self, ids: Iterable[str]) -> Mapping[str, str]:
        return self

    def remembered(self, key: Hashable, make: Callable[[], Any]) -> Any:
        return make()


def project() -> tuple[dict[str, list[Unit]], Sources]:
    sources = Sources()
    units: dict[str, list[Unit]] = {}
    for file, text in FILES.items():
        units[file] = [
            Unit(f"{file}:{unit.function}", file, unit.function, unit.first, unit.last, unit.provides, unit.uses)
            for unit in units_of(text)[0]
        ]
        sources |= {f"{file}:{unit.function}": unit.text for unit in units_of(text)[0]}
    return units, sources


def distances(*wanted: str) -> Mapping[str, int]:
    units, sources = project()
    return import_distances(units, ["tests/test_pay.py", "gone.py"], wanted or ["nowhere.py"], cast("Facts", sources))


def test_imports_are_followed_from_file_to_file_and_packages_are_run_on_the_way() -> None:
    assert distances() == {
        "tests/test_pay.py": 0,
        "src/shop/__init__.py": 1,
        "src/shop/pay.py": 1,
        "late.py": 1,
        "src/shop/table.py": 2,
        "src/shop/sub/__init__.py": 2,
        "src/shop/sub/deep.py": 2,
        "src/shop/end.py": 3,
        "src/shop/broken.py": 3,
    }


def test_of_what_names_reach_alike_what_the_test_imports_comes_first_and_then_what_changed_most() -> None:
    units, sources = project()
    places = {
        "other.py": "x = 2",
        "src/shop/end.py": "x = 2",
        "src/shop/pay.py": "x = 2",
        "late.py": "x = 2\n" + "y = 3\n" * 9,
    }
    reached = []
    for file, text in places.items():
        sources |= {f"{file}:1": text.replace("2", "1"), f"{file}:2": text}
        reached.append(Reached(Change(file, "get", "changed", f"{file}:1", f"{file}:2", ("get",)), "test", 1))
    difference = CodeDifference([one.change for one in reached], Reach([], []), units, units, [])
    key = by_imports(reached, ["tests/test_pay.py"], difference, cast("Facts", sources))
    assert [one.change.file for one in sorted(reached, key=key)] == [
        "src/shop/pay.py",
        "late.py",
        "src/shop/end.py",
        "other.py",
    ]


def test_nothing_is_looked_for_once_all_is_found() -> None:
    assert "src/shop/end.py" not in distances("src/shop/table.py")
