"""What is no change of code is none, and what changed in a class or a module is told by its names."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

from pytest_debugloop.loading.recoveries.code_changes import Reach, changes_between, diff_of
from pytest_debugloop.loading.recoveries.refining import refined
from pytest_debugloop.sources.units import MODULE, units_of
from tests.unit.test_code_changes import name_of, project

if TYPE_CHECKING:
    from pytest_debugloop.loading.recoveries.code_changes import Change

TEST = "def test_it(paid):\n    assert total() == RATE\n"
START = ("test", ("test_app.py", "test_it"))


def sources(*sides: str) -> dict[str, str]:
    return {
        name_of(f"{file}:{u.function}:{u.text}"): u.text
        for side in sides
        for file, source in (("app.py", side), ("test_app.py", TEST))
        for u in units_of(source)[0]
    }


def changed(before: str, after: str) -> list[Change]:
    before, after = textwrap.dedent(before), textwrap.dedent(after)
    found = changes_between(project({"app.py": before}), project({"app.py": after}))
    return refined(found, sources(before, after))


def told(before: str, after: str) -> list[tuple[str, str]]:
    return [(change.function, change.kind) for change in changed(before, after)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("def f():\n    return 1\n", "def f():\n    # one\n    return 1\n"),
        ("def f():\n    return 1\n", 'def f():\n    """Give one."""\n    return 1\n'),
        ('def f():\n    """Give."""\n', "def f():\n    pass\n"),
        ("def f(a, b):\n    return (a, b)\n", "def f(\n    a,\n    b,\n):\n    return a, b\n"),
        ("def f():\n    return 'a'\n", 'def f():\n    return "a"\n'),
        (
            "def f():\n    def g():\n        return 1\n",
            'def f():\n    def g():\n        """One."""\n        return 1\n',
        ),
        ('"""Old."""\nRATE = 1\n', '"""New."""\n\n# more\nRATE = 1\n'),
        ("class A:\n    x = 1\n", 'class A:\n    """An A."""\n\n    x = 1  # one\n'),
        ("class A:\n    def f(self): pass\n", 'class A:\n    """An A."""\n    def f(self): pass\n'),
        ("import a\nimport b\n", "import b\nimport a\n"),
    ],
)
def test_comments_docstrings_and_layout_are_no_code(before: str, after: str) -> None:
    assert told(before, after) == []
    assert told(after, before) == []


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("RATE = 1\nSPEED = 1\n", "RATE = 2\nSPEED = 1\n", [("RATE", "changed")]),
        ("RATE = 1\n", "RATE = 1\nSPEED = 1\n", [("SPEED", "added")]),
        ("RATE = 1\nSPEED = 1\n", "RATE = 1\n", [("SPEED", "removed")]),
        ("RATE: int = 1\n", "RATE: int = 2\n", [("RATE", "changed")]),
        ("a, b = 1, 2\n", "a, b = 2, 2\n", [("a, b", "changed")]),
        ("RATES = {}\nRATES['a'] = 1\n", "RATES = {}\nRATES['a'] = 2\n", [("RATES", "changed")]),
        ("if X:\n    RATE = 1\n", "if X:\n    RATE = 2\n", [("RATE", "changed")]),
        ("register(f)\n", "register(g)\n", [(MODULE, "changed")]),
        ("class A:\n    x = 1\n    y = 1\n", "class A:\n    x = 1\n    y = 2\n", [("A.y", "changed")]),
        ("class A:\n    x = 1\n", "class A(B):\n    x = 1\n", [("A", "changed")]),
        ("class A:\n    x = 1\n", "@B\nclass A:\n    x = 1\n", [("A", "changed")]),
        ("class A:\n    x = 1\n", "class A(B):\n    x = 2\n", [("A", "changed")]),
        ("def f():\n    return 1\n", "def f():\n    return 2\n", [("f", "changed")]),
        ("def f(): pass\n", "", [("f", "removed")]),
        ("x = = 1\n", "x = = 2\n", [(MODULE, "changed")]),
    ],
)
def test_what_is_left_of_a_class_or_a_module_is_told_by_its_names(
    before: str, after: str, expected: list[tuple[str, str]]
) -> None:
    assert told(before, after) == expected


def test_a_new_function_in_a_module_is_no_change_of_the_module() -> None:
    assert told("RATE = 1\n", "RATE = 1\n\n\ndef f():\n    pass\n") == [("f", "added")]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("import a\n", "import a\nfrom b import c\n"),
        ("if TYPE_CHECKING:\n    import a\n", "if TYPE_CHECKING:\n    import b\n"),
        ("try:\n    import a\nexcept ImportError:\n    import b as a\n", "import a\n"),
        ("__all__ = ['a']\n", "__all__ = ['a', 'b']\n"),
    ],
)
def test_an_import_alone_is_told_as_one(before: str, after: str) -> None:
    found = changed(before, after)
    assert found
    assert all(change.is_import for change in found)


def test_a_diff_shows_what_changed_and_not_all_that_is_left_of_the_module() -> None:
    before, after = "RATE = 1\nSPEED = 1\n", "RATE = 2\nSPEED = 1\n"
    (change,) = changed(before, after)
    assert diff_of(change, {}).split("\n")[-2:] == ["-RATE = 1", "+RATE = 2"]


def reached(before: str, after: str) -> list[tuple[str, str, int]]:
    found = changed(before, after)
    units = project({"app.py": textwrap.dedent(after), "test_app.py": TEST})
    return [(one.change.function, one.role, one.distance) for one in Reach(units, found).of([START])]


def test_who_uses_another_name_of_a_module_is_not_concerned() -> None:
    assert reached("RATE = 1\nSPEED = 1\n", "RATE = 1\nSPEED = 2\n") == []
    assert reached("RATE = 1\nSPEED = 1\n", "RATE = 2\nSPEED = 1\n") == [("RATE", "test", 1)]


def test_an_import_is_never_named_first() -> None:
    before = (
        "import a\n\nclass Money:\n    def value(self):\n        return 1\n\ndef total():\n    return Money().value()\n"
    )
    after = before.replace("import a", "import b").replace("return 1", "return 2")
    assert [name for name, _, _ in reached(before, after)] == ["Money.value"]
    assert [one.is_import for one in changed(before, after)] == [True, False]


def test_a_name_that_is_imported_from_elsewhere_is_told_by_itself() -> None:
    before = "from old import total, spare\nimport json as parser\n"
    after = "from new import total, spare\nimport os\nimport orjson as parser\n"
    (change,) = changed(before, after)
    assert (change.function, change.is_from_elsewhere, change.is_import) == ("parser, spare, total", True, True)
    assert reached(before, after) == [("parser, spare, total", "test", 1)]
    assert [one.is_from_elsewhere for one in changed("import a\n", "import a\nfrom b import total\n")] == [False]


def test_a_method_that_python_calls_for_a_sign_is_farther_than_what_is_named() -> None:
    before = """\
    class Money:
        def __init__(self):
            self.value = 1

        def __repr__(self):
            return "1"

    def total():
        return Money()
    """
    after = before.replace("self.value = 1", "self.value = 2").replace('"1"', '"2"')
    assert reached(before, after) == [("Money.__init__", "test", 2), ("Money.__repr__", "test", 3)]


def test_a_failure_at_the_import_of_a_module_reaches_what_is_assigned_there() -> None:
    found = changed("RATE = 1\n", "RATE = 2\n")
    units = project({"app.py": "RATE = 2\n"})
    (one,) = Reach(units, found).of([("frame", ("app.py", MODULE))])
    assert (one.change.function, one.role, one.distance) == ("RATE", "frame", 0)


@pytest.mark.parametrize("use", ["RATE = 2 * SPEED", "HALF = SPEED / 2\nRATE = HALF", "RATE = 2\nregister(SPEED)"])
def test_what_a_module_makes_of_a_name_is_reached_with_it(use: str) -> None:
    assert [name for name, _, _ in reached(f"SPEED = 1\n{use}\n", f"SPEED = 2\n{use}\n")] == ["SPEED"]
