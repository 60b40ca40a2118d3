"""A source file is split so that the name of a unit and its text tell what code it is, wherever that lies."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_debugloop.sources.units import MODULE, Unit, units_of

ROOT = Path(__file__).parents[2]
# Of tests, which are much alike, a quarter; all for `tox -e thorough`.
_OF_TESTS = sorted((ROOT / "tests").rglob("*.py"))
FILES = [
    *sorted((ROOT / "pytest_debugloop").rglob("*.py")),
    *(pytest.param(path, marks=[pytest.mark.thorough] if n % 4 else []) for n, path in enumerate(_OF_TESTS)),
]
SECRET = "hunter2"
SOURCE = """\
import os

RATE = 3


@cached
@retry(times=2)
def total(items):
    return sum(items) * RATE


class Cart(Base):
    size = 2

    def __init__(self):
        self.items = []

    async def pay(self):
        return await send(total(self.items))

    class Line:
        price = 1

        def cost(self):
            return self.price


double = lambda x: x * 2
"""


def named(source: str) -> dict[str, Unit]:
    units, _ = units_of(source)
    found = {unit.function: unit for unit in units}
    assert len(found) == len(units)
    return found


def lines_of(text: str) -> list[str]:
    """As Python counts them: neither a form feed nor U+2028 ends a line."""
    return text.replace("\r\n", "\n").removesuffix("\n").split("\n") if text else []


def lines_in(text: str) -> Counter[str]:
    return Counter(line.strip() for line in lines_of(text) if line.strip())


def assert_whole(source: str) -> None:
    units, _ = units_of(source)
    covered = {line for unit in units for line in range(unit.first, unit.last + 1)}
    assert covered == set(range(1, len(lines_of(source)) + 1))
    told: Counter[str] = Counter()
    for unit in units:
        told += lines_in(unit.text)
    assert told == lines_in(source)


def test_functions_methods_and_classes_are_units_in_their_order() -> None:
    assert list(named(SOURCE)) == [
        MODULE,
        "total",
        "Cart",
        "Cart.__init__",
        "Cart.pay",
        "Cart.Line",
        "Cart.Line.cost",
    ]


def test_decorators_belong_to_their_function() -> None:
    total = named(SOURCE)["total"]
    assert total.text.startswith("@cached\n@retry(times=2)\ndef total")
    assert (total.first, total.last) == (6, 9)
    assert {"cached", "retry", "items", "sum", "RATE"} <= set(total.uses)


def test_a_decorator_in_parentheses_belongs_to_its_function_from_its_sign_on() -> None:
    source = "@(\n    cached\n)\ndef total():\n    return 1\n"
    assert named(source)["total"].text == source.strip()
    assert named(source)[MODULE].text == ""


def test_a_class_is_a_unit_without_its_methods() -> None:
    units = named(SOURCE)
    assert units["Cart"].text == "class Cart(Base):\n    size = 2"
    assert units["Cart.Line"].text == "class Line:\n    price = 1"
    assert "Base" in units["Cart"].uses


def test_a_function_inside_of_a_function_is_part_of_it() -> None:
    units = named("def outer():\n    def inner():\n        return 1\n    return inner\n")
    assert list(units) == [MODULE, "outer"]
    assert "def inner" in units["outer"].text


def test_an_async_function_is_a_unit() -> None:
    assert named(SOURCE)["Cart.pay"].text.startswith("async def pay(self):\n    return await")


def test_a_lambda_of_the_module_belongs_to_the_module() -> None:
    module = named(SOURCE)[MODULE]
    assert "double = lambda x: x * 2" in module.text
    assert {"double", "RATE"} <= set(module.provides)


def test_a_body_on_the_line_of_its_head_belongs_to_it() -> None:
    units = named("def one(): return 1\nclass Two: size = 2\nX = 3\n")
    assert units["one"].text == "def one(): return 1"
    assert units["Two"].text == "class Two: size = 2"
    assert units[MODULE].text == "X = 3"


@pytest.mark.parametrize(
    "around",
    [
        "if True:\n{}",
        "if True:\n    pass\nelse:\n{}",
        "if True:\n    pass\nelif True:\n{}",
        "try:\n{}\nexcept ImportError:\n    pass",
        "try:\n    pass\nexcept ImportError:\n{}",
        "try:\n    pass\nfinally:\n{}",
        "with suppress(ImportError):\n{}",
        "if True:\n    try:\n        pass\n    except ImportError:\n{}",
    ],
)
def test_a_function_is_found_behind_a_condition(around: str) -> None:
    indent = " " * (8 if "        pass" in around else 4)
    function = f"{indent}def total():\n{indent}    part = helper()\n{indent}    return part"
    units = named(around.format(function))
    assert units["total"].text == "def total():\n    part = helper()\n    return part"
    assert "def total" not in units[MODULE].text


def test_what_stands_in_a_function_behind_a_condition_is_the_functions_alone() -> None:
    module = named("if True:\n    def total():\n        part = helper()\n        return part\n")[MODULE]
    assert "helper" not in module.uses
    assert "part" not in module.provides


def test_both_functions_of_one_name_are_kept() -> None:
    units, _ = units_of("if A:\n    def f():\n        return 1\nelse:\n    def f():\n        return 2\n")
    assert [unit.text for unit in units if unit.function == "f"] == [
        "def f():\n    return 1",
        "def f():\n    return 2",
    ]


@pytest.mark.parametrize(
    "other",
    [
        "\n\n\n" + SOURCE,
        "def first():\n    return 0\n\n\n" + SOURCE,
        SOURCE.replace("self.items = []", "self.items = [1]"),
        SOURCE.replace("RATE = 3", "RATE = 4"),
        SOURCE.replace("\n\n\n", "\n\n\n\n\n\n"),
        SOURCE.replace("\n", "\r\n"),
        SOURCE.replace("sum(items) * RATE\n", "sum(items) * RATE   \n"),
    ],
    ids=[
        "lower",
        "behind a new one",
        "another changed",
        "constant changed",
        "farther apart",
        "CRLF",
        "trailing blanks",
    ],
)
def test_a_function_that_moved_or_whose_neighbours_changed_is_the_same(other: str) -> None:
    before, after = named(SOURCE), named(other)
    assert after["total"].text == before["total"].text
    assert after["Cart.Line.cost"].text == before["Cart.Line.cost"].text


def test_a_function_whose_code_changed_is_another() -> None:
    other = SOURCE.replace("times=2", "times=3")
    assert named(other)["total"].text != named(SOURCE)["total"].text


def test_the_modules_own_unit_changes_with_a_constant() -> None:
    assert named(SOURCE.replace("RATE = 3", "RATE = 4"))[MODULE].text != named(SOURCE)[MODULE].text


@pytest.mark.parametrize(
    "other",
    [
        SOURCE.replace("* RATE", "+ RATE"),
        SOURCE.replace("\n\nclass Cart", "\n\ndef more():\n    pass\n\n\nclass Cart"),
        SOURCE.replace("size = 2", "size = 5"),
        SOURCE.replace("self.items = []", "self.items = list()"),
        SOURCE.replace("@cached\n", ""),
    ],
    ids=["function changed", "function added", "class changed", "method changed", "decorator removed"],
)
def test_the_modules_own_unit_does_not_change_with_a_function_or_a_class(other: str) -> None:
    assert other != SOURCE
    assert named(other)[MODULE].text == named(SOURCE)[MODULE].text


@pytest.mark.parametrize(
    ("before", "after", "function"),
    [
        ('TEXT = """a\n\nb"""\ndef f(): pass', 'TEXT = """a\nb"""\ndef f(): pass', MODULE),
        ('def f():\n    return """a  \nb"""', 'def f():\n    return """a\nb"""', "f"),
    ],
    ids=["a blank line", "trailing blanks"],
)
def test_what_changes_inside_of_a_text_is_a_change(before: str, after: str, function: str) -> None:
    assert ast.dump(ast.parse(before)) != ast.dump(ast.parse(after))
    assert named(before)[function].text != named(after)[function].text


@pytest.mark.parametrize("ending", ["\r\n", "\r"])
def test_the_ends_of_lines_make_no_difference(ending: str) -> None:
    assert units_of(SOURCE.replace("\n", ending)) == units_of(SOURCE)


@pytest.mark.parametrize("sign", ["\x0c", "X = '\u2028'", "X = '\x1c'", "X = '\x85'", "# \x0b"])
def test_a_sign_that_ends_no_line_of_python_moves_no_function(sign: str) -> None:
    units = named(f"{sign}\ndef one():\n    return 1\n\n\ndef two():\n    return 2\n")
    assert units["one"].text == "def one():\n    return 1"
    assert units["two"].text == "def two():\n    return 2"


def test_tabs_are_an_indentation_as_blanks_are() -> None:
    units = named("class A:\n\tsize = 2\n\n\tdef f(self):\n\t\treturn 1\n")
    assert units["A"].text == "class A:\n\tsize = 2"
    assert units["A.f"].text == "def f(self):\n\treturn 1"


@pytest.mark.parametrize(
    "source", ["def f(:\n    pass\n", "print 'old'\n", "x = \0\n", "{{ template }}\n%\n", "'\ud800'"]
)
def test_what_is_no_python_is_one_unit(source: str) -> None:
    units, variables = units_of(source)
    assert [(unit.function, unit.provides, unit.uses) for unit in units] == [(MODULE, [], [])]
    assert units[0].text == source.strip("\n")
    assert variables == set()


@pytest.mark.parametrize("source", ["x = " + "-" * 100_000 + "1", "x = 1" + " + 1" * 5_000, "(" * 5_000])
def test_what_is_too_deep_for_the_parser_is_one_unit(source: str) -> None:
    units, _ = units_of(source)
    assert [unit.function for unit in units] == [MODULE]


def test_a_doubtful_escape_is_split_without_a_warning() -> None:
    # Warnings are errors here, as they are in many a project.
    assert list(named("PATTERN = '\\d'\n\n\ndef f():\n    return 1\n")) == [MODULE, "f"]


@pytest.mark.parametrize("source", ["", "\n", "\n\n\n"])
def test_an_empty_file_has_an_empty_module(source: str) -> None:
    units, _ = units_of(source)
    assert [(unit.function, unit.text) for unit in units] == [(MODULE, "")]


def test_a_special_method_is_reached_by_its_class_and_another_by_its_name() -> None:
    units = named(
        "class A:\n    def __eq__(self, o): pass\n    def _own(self): pass\n"
        "    class B:\n        def __init__(self): pass\n\ndef __getattr__(name): pass\n"
    )
    assert units["A.__eq__"].provides == ["A"]
    assert units["A._own"].provides == ["_own"]
    assert units["A.B.__init__"].provides == ["B"]
    assert units["A"].provides == ["A"]
    assert units["__getattr__"].provides == ["__getattr__"]


def test_parameters_are_used_for_fixtures_are_asked_for_by_them() -> None:
    unit = named("def test_it(db, *, cache, **more):\n    client.get(db)\n")["test_it"]
    assert unit.uses == ["cache", "client", "db", "get", "more"]


@pytest.mark.parametrize(
    "call",
    [
        f"pytest.mark.usefixtures('{SECRET}')",
        f"usefixtures('other', '{SECRET}')",
        f"request.getfixturevalue('{SECRET}')",
        f"getattr(thing, '{SECRET}')",
    ],
)
def test_what_a_call_names_by_a_text_is_used(call: str) -> None:
    assert SECRET in named(f"def f(request, thing):\n    {call}\n")["f"].uses


def test_a_text_that_is_no_name_is_not_used_even_there() -> None:
    assert named("getattr(thing, 'correct horse')\nusefixtures(b'db', 1)\n")[MODULE].uses == [
        "getattr",
        "thing",
        "usefixtures",
    ]


@pytest.mark.parametrize(
    "code",
    [
        f"password = '{SECRET}'",
        f"def f(password='{SECRET}'): pass",
        f"connect('{SECRET}')",
        f"connect(password='{SECRET}')",
        f"x = {{'{SECRET}': '{SECRET}'}}",
        f"x['{SECRET}']",
        f"f'{SECRET}{{x}}'",
        f"x: '{SECRET}' = 1",
        f"'''{SECRET}'''",
        f"@mark('{SECRET}')\ndef f(): pass",
        f"@pytest.mark.parametrize('{SECRET}', ['{SECRET}'])\ndef f(): pass",
        f"class A:\n    password = '{SECRET}'",
        f"match x:\n    case '{SECRET}': pass",
        f"usefixtures(x='{SECRET}')",
        f"getfixturevalue('n' + '{SECRET}')",
        f"setattr(thing, 'name', '{SECRET}')",
        f"getattr(thing, name)('{SECRET}')",
        f"getattr(thing, 'name', '{SECRET}')",
        f"os.environ.get('NAME', '{SECRET}')",
        f"os.environ['NAME'] = '{SECRET}'",
        f"monkeypatch.setenv('NAME', '{SECRET}')",
    ],
)
def test_no_other_text_is_among_what_is_used(code: str) -> None:
    for source in (code, f"def outer():\n    {code}".replace("\n", "\n    ")):
        units, variables = units_of(source)
        assert any(unit.uses or unit.provides or unit.text for unit in units)
        assert SECRET not in {name for unit in units for name in [*unit.uses, *unit.provides]} | variables


@given(word=st.from_regex(r"[a-z]{3,8}_[a-z]{3,8}", fullmatch=True), bare=st.booleans())
def test_a_text_is_used_only_where_the_same_word_is_a_name(word: str, *, bare: bool) -> None:
    source = f"def f():\n    connect({word if bare else repr(word)})\n"
    assert (word in named(source)["f"].uses) is bare


@pytest.mark.parametrize(
    "code",
    [
        'os.environ["NAME"]',
        'environ["NAME"]',
        'os.environ["NAME"] = "1"',
        'del os.environ["NAME"]',
        'os.environ.get("NAME")',
        'environ.get("NAME", "other")',
        'os.environ.setdefault("NAME", "1")',
        'os.environ.pop("NAME", None)',
        'os.getenv("NAME")',
        'getenv("NAME", "other")',
        'monkeypatch.setenv("NAME", "1")',
        'monkeypatch.delenv("NAME", raising=False)',
        'os.putenv("NAME", "1")',
        'x = lambda: [os.environ["NAME"] for _ in y]',
    ],
)
def test_the_variables_of_the_environment_are_found_by_name(code: str) -> None:
    for source in (code, f"class A:\n    async def f(self):\n        {code}\n"):
        assert units_of(source)[1] == {"NAME"}


@pytest.mark.parametrize("code", ["os.environ[name]", "os.environ.copy()", "settings['NAME']", "x.get('NAME')"])
def test_no_other_name_is_taken_for_a_variable(code: str) -> None:
    assert units_of(code)[1] == set()


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_line_of_the_projects_own_files_is_in_one_unit(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert_whole(source)


NAMES = st.sampled_from(["alpha", "beta", "gamma", "delta"])
CONSTANTS = st.builds("{} = {}\n".format, NAMES, st.integers(0, 9))
COMMENTS = st.builds("# {}\n".format, NAMES)
TEXTS = st.builds('{} = """one\n\n  two {}\n"""\n'.format, NAMES, st.integers(0, 9))
FUNCTIONS = st.builds(
    "{}{}def {}(x):\n    # {}\n\n    return x\n".format,
    st.sampled_from(["", "@cached\n", "@cached\n@retry(\n    1\n)\n"]),
    st.sampled_from(["", "async "]),
    NAMES,
    NAMES,
)
ONE_LINERS = st.builds("def {}(): return {}\n".format, NAMES, NAMES)


def indented(text: str) -> str:
    return "".join(f"    {line}" if line.strip() else line for line in text.splitlines(keepends=True))


def nested(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    bodies = st.lists(inner, min_size=1, max_size=3).map(lambda parts: indented("".join(parts) + "pass\n"))
    return st.one_of(
        st.builds("class {}:\n{}".format, NAMES, bodies),
        st.builds("@decorated\nclass {}(Base):\n{}".format, NAMES, bodies),
        st.builds("if {}:\n{}else:\n{}".format, NAMES, bodies, bodies),
        st.builds("try:\n{}except {}:\n{}finally:\n{}".format, bodies, NAMES, bodies, bodies),
        st.builds("with {}:\n{}".format, NAMES, bodies),
        st.builds("for x in {}:\n{}".format, NAMES, bodies),
    )


BLOCKS = st.recursive(st.one_of(CONSTANTS, COMMENTS, TEXTS, FUNCTIONS, ONE_LINERS, st.just("\n")), nested, max_leaves=6)


@given(blocks=st.lists(BLOCKS, max_size=6), ending=st.sampled_from(["\n", "\r\n"]))
def test_every_line_of_any_source_is_in_one_unit(blocks: list[str], ending: str) -> None:
    source = "".join(blocks)
    ast.parse(source)
    assert_whole(source.replace("\n", ending))


@given(text=st.text())
def test_any_text_at_all_is_split_without_an_error(text: str) -> None:
    units, _ = units_of(text)
    assert units[0].function == MODULE
