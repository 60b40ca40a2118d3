"""The source of a failure: whole where the file is known, else only what is known, each line where it was."""

from __future__ import annotations

import linecache
import textwrap

from pytest_debugloop.replay.sources import assembled, listed, whole
from pytest_debugloop.sources.stored import StoredUnit
from pytest_debugloop.sources.units import units_of

TEXT = textwrap.dedent(
    '''
    """A shop."""

    import os


    @decorated
    class Order:
        """What is wanted."""

        count = 0

        @property
        async def total(self, a, /, b=1, *more, c, **rest):

            def inner(x, *, y):
                return [lambda z: z for q in x]

            return inner(self)

        def add(self):
            """Add.

        Flush left, as texts may be.
            """
            return 1


    RATE = 2


    def free(order):
        return 1 / 0
    '''
).lstrip()
LINES = TEXT.splitlines()
UNITS = [StoredUnit(unit.function, unit.first, unit.last, unit.text) for unit in units_of(TEXT)[0]]


def at(text: str) -> int:
    return next(number for number, line in enumerate(LINES, 1) if text in line)


def test_a_file_that_is_known_is_known_as_a_whole() -> None:
    source = whole(TEXT, UNITS)
    assert [source.lines[number] for number in range(1, source.last + 1)] == LINES
    assert source.unknown(1, 1_000) == []


def test_functions_lie_where_they_were_and_indented_as_they_were() -> None:
    source = assembled(UNITS, [])
    for function in ("def inner", "return inner", "def add", "return 1", "def free", "@property"):
        number = at(function)
        assert source.lines[number] == LINES[number - 1]


def test_every_line_that_is_given_is_the_right_one_and_the_others_are_said_to_be_unknown() -> None:
    source = assembled(UNITS, [(1, LINES[:3])])
    assert all(line == LINES[number - 1] for number, line in source.lines.items())
    assert source.last == len(LINES)
    unknown = {number for first, last in source.unknown(1, source.last) for number in range(first, last + 1)}
    assert unknown == set(range(1, len(LINES) + 1)) - set(source.lines)
    assert at("RATE") in unknown
    assert not unknown & {1, 2, 3, at("def add"), at("def free")}


def test_indentation_is_taken_from_lines_that_are_known_as_they_were() -> None:
    text = "if True:\n  def odd():\n    a = 1\n    return a\n"
    source = assembled([StoredUnit("odd", 2, 4, "def odd():\n  a = 1\n  return a")], [(3, ["    a = 1"])])
    assert {number: source.lines[number] for number in (2, 3, 4)} == dict(enumerate(text.splitlines()[1:], 2))


def test_a_unit_whose_end_was_not_kept_says_so() -> None:
    body = "def long():\n" + "\n".join(f"    a{n} = {n}" for n in range(3_000))
    source = assembled([StoredUnit("long", 1, body.count("\n") + 1, body[:20_000])], [])
    assert source.lines[1] == "def long():"
    assert source.unknown(1, source.last)[-1][1] == source.last
    assert all(line == body.split("\n")[number - 1] for number, line in source.lines.items())


def test_the_function_that_a_frame_is_in_is_found_with_its_arguments() -> None:
    for source in (whole(TEXT, UNITS), whole(TEXT), assembled(UNITS, [])):
        total = source.function_at(at("return inner"), "Order.total")
        assert total is not None
        assert (total.first, total.last) == (at("@property"), at("return inner"))
        assert total.arguments == ("self", "a", "b", "c", "more", "rest")
        inner = source.function_at(at("lambda"), "Order.total.<locals>.inner")
        assert inner is not None
        assert (inner.first, inner.arguments) == (at("def inner"), ("x", "y"))
        nameless = source.function_at(at("lambda"), "Order.total.<locals>.inner.<locals>.<listcomp>.<lambda>")
        assert nameless is not None
        assert nameless.arguments == ("z",)
        free = source.function_at(at("1 / 0"), "free")
        assert free is not None
        assert (free.first, free.last, free.arguments) == (at("def free"), len(LINES), ("order",))
        assert source.function_at(at("1 / 0"), "another") is None


def test_a_class_and_a_module_have_no_arguments() -> None:
    source = whole(TEXT, UNITS)
    body, module = source.function_at(at("count = 0"), "Order"), source.function_at(1, "<module>")
    assert body is not None
    assert (body.first, body.arguments) == (at("@decorated"), ())
    assert module is not None
    assert (module.first, module.last, module.arguments) == (1, len(LINES), ())


def test_source_that_is_no_python_of_this_version_still_has_its_place() -> None:
    source = assembled([StoredUnit("f", 3, 5, "def f(:\n    match\n    x")], [])
    found = source.function_at(4, "f")
    assert found is not None
    assert (found.first, found.last, found.arguments) == (3, 5, None)


def test_nothing_known_is_no_function() -> None:
    assert assembled([], []).function_at(3, "f") is None
    assert assembled([], []).function_at(3, "<module>") is None


def test_debuggers_are_given_the_source_without_control_characters_and_it_is_taken_away_again() -> None:
    before = linecache.getlines(__file__)
    source = whole("a = '\x1b[31m\u202e'\n\tb\n")
    with listed({"/nowhere/a.py": source, __file__: source}):
        linecache.checkcache()
        assert linecache.getlines("/nowhere/a.py") == ["a = '\\x1b[31m\\u202e'\n", "        b\n"]
        assert linecache.getlines(__file__) != before
    assert linecache.getlines("/nowhere/a.py") == []
    assert linecache.getlines(__file__) == before


def test_lines_far_out_take_no_room() -> None:
    source = assembled([StoredUnit("f", 10**9, 10**9 + 1, "def f():\n    x")], [(10**9, ["x"])])
    assert (source.lines, source.last) == ({}, 0)
