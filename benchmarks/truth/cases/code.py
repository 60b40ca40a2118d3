"""Fixtures and set-up, calls that no name in the source leads to, constants, classes, generated code, two changes."""

from __future__ import annotations

from benchmarks.truth.cases.case import Case, Run, changed, distribution, without

_TEST = "from shop import total\n\n\ndef test_it():\n    assert total([1, 2]) == 6\n"
_TOTAL = "def total(prices):\n    return sum(prices){}\n"
_WRONG, _RIGHT = _TOTAL.format(""), _TOTAL.format(" * 2")


def _code(
    kind: str, name: str, named: str, files: dict[str, str], after: dict[str, str], strategies: str = "code_change"
) -> Case:
    return Case(kind, name, strategies, named, changed(files, dict(after)))


def _one(kind: str, name: str, named: str, changing: str, text: str, before: str, after: str, **others: str) -> Case:
    """Give a case in which a piece of one file changes; the other files are named without their ending."""
    assert text.count("{}") == 1, name
    files = {f"{path}.py": source for path, source in others.items()}
    return _code(
        kind, name, named, files | {changing: text.replace("{}", before)}, {changing: text.replace("{}", after)}
    )


_RATE_TEST = "def test_it(rate):\n    assert rate == 2\n"
_FIXTURES = "fixtures, conftest, set-up"
_FIXTURE = "import pytest\n\n\n@pytest.fixture{}\ndef rate({}):\n    return {}\n"
_UNITTEST = (
    "import unittest\n\n\nclass TestA(unittest.TestCase):\n    def setUp(self):\n        self.rate = {}\n\n"
    "    def test_it(self):\n        assert self.rate == 2\n"
)
_SELF_TEST = "class TestA{}:\n{}    def test_it(self):\n        assert self.rate == 2\n"
FIXTURES = [
    _code(
        _FIXTURES,
        "a fixture in conftest of the folder above",
        "^rate in tests/conftest",
        {"tests/unit/test_a.py": _RATE_TEST, "tests/conftest.py": _FIXTURE.format("", "", 1)},
        {"tests/conftest.py": _FIXTURE.format("", "", 2)},
    ),
    _code(
        _FIXTURES,
        "a helper of the fixture of a fixture",
        "^make in",
        {
            "tests/test_a.py": _RATE_TEST,
            "tests/conftest.py": "from helpers import make\n"
            + _FIXTURE.format("", "shop", "shop")
            + "\n\n@pytest.fixture\ndef shop():\n    return make()\n",
            "tests/helpers.py": "def make():\n    return 1\n",
        },
        {"tests/helpers.py": "def make():\n    return 2\n"},
    ),
    _one(
        _FIXTURES,
        "a hook in conftest",
        "^pytest_runtest_setup in",
        "conftest.py",
        "def pytest_runtest_setup(item):\n    item.config.rate = {}\n",
        "1",
        "2",
        test_a="def test_it(pytestconfig):\n    assert pytestconfig.rate == 2\n",
    ),
    _one(_FIXTURES, "unittest's setUp", "setUp in", "test_a.py", _UNITTEST, "1", "2"),
    _one(
        _FIXTURES,
        "setup_method",
        r"setup_method in",
        "test_a.py",
        _SELF_TEST.format("", "    def setup_method(self):\n        self.rate = {}\n\n"),
        "1",
        "2",
    ),
    _one(
        _FIXTURES,
        "setup_class of a base class in another file",
        r"^Base\.setup_class in",
        "base.py",
        "class Base:\n    @classmethod\n    def setup_class(cls):\n        cls.rate = {}\n",
        "1",
        "2",
        test_a="from base import Base\n\n\n" + _SELF_TEST.format("(Base)", ""),
    ),
    _one(
        _FIXTURES,
        "setup_module",
        "^setup_module in",
        "test_a.py",
        "RATE = {'a': 0}\n\n\ndef setup_module():\n    RATE['a'] = {}\n\n\ndef test_it():\n    assert RATE['a'] == 2\n",
        "1",
        "2",
    ),
    _one(
        _FIXTURES,
        "an autouse fixture that nobody names",
        "^ready in conftest",
        "conftest.py",
        "import pytest\nimport shop\n\n\n@pytest.fixture(autouse=True)\ndef ready():\n    shop.RATE = {}\n",
        "1",
        "2",
        shop="RATE = 0\n",
        test_a="import shop\n\n\ndef test_it():\n    assert shop.RATE == 2\n",
    ),
    _one(
        _FIXTURES,
        "pytest_configure",
        "^pytest_configure in",
        "conftest.py",
        "def pytest_configure(config):\n    config.rate = {}\n",
        "1",
        "2",
        test_a="def test_it(pytestconfig):\n    assert pytestconfig.rate == 2\n",
    ),
]

_DISPATCH = "dynamic dispatch"
_CHAIN = {
    f"f{n}": f"from f{n + 1} import f{n + 1}\n\n\ndef f{n}(callback):\n    return f{n + 1}(callback)\n"
    for n in range(1, 7)
}
_VISITOR = (
    "class Visitor:\n    def visit(self, node):\n        return getattr(self, 'visit_' + node[0])(*node[1:])\n\n"
    "    def visit_add(self, a, b):\n        return a + b{}\n\n    def visit_sub(self, a, b):\n        return a - b\n"
)
_VISITS = "from visitor import Visitor\n\n\ndef test_it():\n    assert Visitor().visit(('add', 1, 2)) == 4\n"
_REGISTRY = (
    "READERS = {}\n\n\ndef reads(name):\n    def add(function):\n        READERS[name] = function\n        return function\n\n"
    "    return add\n\n\ndef read(name, text):\n    return READERS[name](text)\n"
)
_READERS = (
    "from registry import reads\n\n\n@reads('csv')\ndef _from_csv(text):\n    return text.split({})\n\n\n"
    "@reads('lines')\ndef _from_lines(text):\n    return text.splitlines()\n"
)
_TOOL = "import sys\n\n\ndef main():\n    return {}\n\n\nif __name__ == '__main__':\n    sys.exit(main())\n"
_RUNS_TOOL = (
    "import subprocess\nimport sys\n\n\ndef test_it():\n"
    "    assert subprocess.run([sys.executable, 'tool.py']).returncode == 0\n"
)
_PATCHED = "def test_it(monkeypatch):\n    import fakes, shop\n\n    monkeypatch.setattr('shop.rate', getattr(fakes, 'fa' + 'ke'))\n    assert shop.price() == 2\n"
DISPATCH = [
    _one(
        _DISPATCH,
        "a decorator",
        "^doubled in",
        "deco.py",
        "def doubled(function):\n    def inner(*args):\n        return function(*args) * {}\n\n    return inner\n",
        "1",
        "2",
        shop="from deco import doubled\n\n\n@doubled\ndef total(prices):\n    return sum(prices)\n",
        test_a=_TEST,
    ),
    _one(
        _DISPATCH,
        "a visitor by getattr of a made name",
        "visit_add in",
        "visitor.py",
        _VISITOR,
        "",
        " + 1",
        test_a=_VISITS,
    ),
    _one(
        _DISPATCH,
        "a registry by a text",
        "^_from_csv in",
        "readers.py",
        _READERS,
        "';'",
        "','",
        registry=_REGISTRY,
        test_a="import readers\nfrom registry import read\n\n\ndef test_it():\n    assert readers and read('csv', 'a,b') == ['a', 'b']\n",
    ),
    _one(
        _DISPATCH,
        "monkeypatch by a dotted text",
        "^fake in",
        "fakes.py",
        "def fake():\n    return {}\n",
        "1",
        "2",
        shop="def rate():\n    return 0\n\n\ndef price():\n    return rate()\n",
        test_a=_PATCHED,
    ),
    _one(
        _DISPATCH,
        "an operator",
        r"^Money\.__add__ in",
        "money.py",
        "class Money:\n    def __init__(self, n):\n        self.n = n\n\n    def __add__(self, other):\n        return self.n {} other.n\n",
        "-",
        "+",
        test_a="from money import Money\n\n\ndef test_it():\n    assert Money(1) + Money(2) == 3\n",
    ),
    _one(
        _DISPATCH,
        "a callback seven calls away",
        "^f9 in",
        "f9.py",
        "def f9():\n    return {}\n",
        "1",
        "2",
        **_CHAIN,
        f7="def f7(callback):\n    return callback()\n",
        test_a="import f9\nfrom f1 import f1\n\n\ndef test_it():\n    assert f1(getattr(f9, 'f' + '9')) == 2\n",
    ),
    _one(
        _DISPATCH,
        "a function that only a child process runs",
        "main in tool",
        "tool.py",
        _TOOL,
        "1",
        "0",
        test_a=_RUNS_TOOL,
    ),
    Case(
        _DISPATCH,
        "a called function, failed four times on one version",
        "code_change",
        "^total in",
        (*(Run({"test_a.py": _TEST, "shop.py": _WRONG}) for _ in range(4)), Run({"shop.py": _RIGHT})),
    ),
    Case(
        _DISPATCH,
        "a visitor by a made name, failed four times on one version",
        "code_change",
        "visit_add in",
        (
            *(Run({"test_a.py": _VISITS, "visitor.py": _VISITOR.format("")}) for _ in range(4)),
            Run({"visitor.py": _VISITOR.format(" + 1")}),
        ),
    ),
    _one(
        _DISPATCH,
        "__getattr__ of a proxy",
        r"__getattr__ in",
        "proxy.py",
        "class Proxy:\n    def __getattr__(self, name):\n        return len(name){}\n",
        "",
        " + 1",
        test_a="from proxy import Proxy\n\n\ndef test_it():\n    assert Proxy().abc == 4\n",
    ),
    _one(
        _DISPATCH,
        "a module imported by a made name",
        "^run in",
        "plugins/shout.py",
        "def run(text):\n    return text.{}()\n",
        "lower",
        "upper",
        test_a="import importlib\n\n\ndef test_it():\n    assert importlib.import_module('plugins.' + 'shout').run('a') == 'A'\n",
    ),
    _one(
        _DISPATCH,
        "singledispatch",
        r"^_(int)? in|^_of_int in",
        "show.py",
        "from functools import singledispatch\n\n\n@singledispatch\ndef show(value):\n    return 'any'\n\n\n"
        "@show.register\ndef _of_int(value: int):\n    return '{}'\n",
        "one",
        "int",
        test_a="from show import show\n\n\ndef test_it():\n    assert show(1) == 'int'\n",
    ),
    _one(
        _DISPATCH,
        "a context manager's end",
        r"__exit__ in",
        "quiet.py",
        "class Quiet:\n    def __enter__(self):\n        return self\n\n    def __exit__(self, *about):\n        return {}\n",
        "False",
        "True",
        test_a="from quiet import Quiet\n\n\ndef test_it():\n    with Quiet():\n        raise ValueError\n",
    ),
    _one(
        _DISPATCH,
        "a property",
        r"^Shop\.rate in",
        "shop.py",
        "class Shop:\n    @property\n    def rate(self):\n        return {}\n",
        "1",
        "2",
        test_a="from shop import Shop\n\n\ndef test_it():\n    assert getattr(Shop(), 'ra' + 'te') == 2\n",
    ),
    _one(
        _DISPATCH,
        "an asynchronous function",
        r"^fetch in",
        "shop.py",
        "import asyncio\n\n\nasync def fetch():\n    await asyncio.sleep(0)\n    return {}\n",
        "1",
        "2",
        test_a="import asyncio\n\nimport shop\n\n\ndef test_it():\n    assert asyncio.run(shop.fetch()) == 2\n",
    ),
    _one(
        _DISPATCH,
        "a thread's function",
        r"^work in",
        "shop.py",
        "import threading\n\n\ndef work(done):\n    done.append({})\n\n\ndef run():\n    done = []\n"
        "    thread = threading.Thread(target=globals()['wo' + 'rk'], args=(done,))\n    thread.start()\n    thread.join()\n"
        "    return done\n",
        "1",
        "2",
        test_a="import shop\n\n\ndef test_it():\n    assert shop.run() == [2]\n",
    ),
]

_RATES = "import consts\n\n\ndef test_it():\n    assert consts.{} == 2\n"
CONSTANTS = [
    _one(
        "constants",
        "a constant of another module",
        "(<module>|RATE) in consts",
        "consts.py",
        "RATE = {}\nOTHER = 7\n",
        "1",
        "2",
        test_a=_RATES.format("RATE"),
    ),
    _code(
        "constants",
        "the constant, where another in the test's module changed too",
        "^(<module>|RATE) in consts",
        {"consts.py": "RATE = 1\n", "test_a.py": "LIMIT = 5\n" + _RATES.format("RATE")},
        {"consts.py": "RATE = 2\n", "test_a.py": "LIMIT = 6\n" + _RATES.format("RATE")},
    ),
    _one(
        "constants",
        "an entry of a table",
        "(<module>|RATES) in consts",
        "consts.py",
        "RATES = {\n    'pear': {},\n    'plum': 7,\n}\n",
        "1",
        "2",
        test_a=_RATES.format("RATES['pear']"),
    ),
    _one(
        "constants",
        "a default of a parameter",
        "^rate in",
        "consts.py",
        "def rate(n={}):\n    return n\n",
        "1",
        "2",
        test_a=_RATES.format("rate()"),
    ),
    _one(
        "constants",
        "a constant that a function of its module reads",
        "^(<module>|RATE) in consts",
        "consts.py",
        "RATE = {}\n\n\ndef rate():\n    return RATE\n",
        "1",
        "2",
        test_a=_RATES.format("rate()"),
    ),
]

_ATTRIBUTE = "class attributes"
CLASSES = [
    _one(
        _ATTRIBUTE,
        "a class attribute",
        r"^Shop(\.rate)? in",
        "shop.py",
        "class Shop:\n    rate = {}\n\n    def total(self, n):\n        return n * self.rate\n",
        "1",
        "2",
        test_a="from shop import Shop\n\n\ndef test_it():\n    assert Shop().total(3) == 6\n",
    ),
    _one(
        _ATTRIBUTE,
        "an attribute of a base class",
        r"^Base(\.rate)? in",
        "base.py",
        "class Base:\n    rate = {}\n",
        "1",
        "2",
        shop="from base import Base\n\n\nclass Shop(Base):\n    def total(self, n):\n        return n * self.rate\n",
        test_a="from shop import Shop\n\n\ndef test_it():\n    assert Shop().total(3) == 6\n",
    ),
    _one(
        _ATTRIBUTE,
        "a member of an enum",
        r"^Kind(\.A)? in",
        "kinds.py",
        "import enum\n\n\nclass Kind(enum.Enum):\n    A = {}\n    B = 7\n",
        "1",
        "2",
        test_a="import kinds\n\n\ndef test_it():\n    assert kinds.Kind.A.value == 2\n",
    ),
    _one(
        _ATTRIBUTE,
        "a field of a dataclass",
        r"^Shop(\.rate)? in",
        "shop.py",
        "from dataclasses import dataclass\n\n\n@dataclass\nclass Shop:\n    rate: int = {}\n    name: str = ''\n",
        "1",
        "2",
        test_a="from shop import Shop\n\n\ndef test_it():\n    assert Shop().rate == 2\n",
    ),
    _one(
        _ATTRIBUTE,
        "a metaclass",
        r"^Meta(\.__new__)? in",
        "meta.py",
        "class Meta(type):\n    def __new__(cls, name, bases, space):\n        space['rate'] = {}\n"
        "        return super().__new__(cls, name, bases, space)\n",
        "1",
        "2",
        shop="from meta import Meta\n\n\nclass Shop(metaclass=Meta):\n    pass\n",
        test_a="from shop import Shop\n\n\ndef test_it():\n    assert Shop.rate == 2\n",
    ),
    _one(
        _ATTRIBUTE,
        "__init_subclass__",
        r"^Base(\.__init_subclass__)? in",
        "base.py",
        "class Base:\n    def __init_subclass__(cls):\n        cls.rate = {}\n",
        "1",
        "2",
        test_a="from base import Base\n\n\nclass Mine(Base):\n    pass\n\n\ndef test_it():\n    assert Mine.rate == 2\n",
    ),
]

GENERATED = [
    _one(
        "generated code",
        "code made by exec of a text",
        "(<module>|TEXT) in gen",
        "gen.py",
        "TEXT = 'def rate(): return {}'\nexec(TEXT)\n",
        "1",
        "2",
        test_a="import gen\n\n\ndef test_it():\n    assert gen.rate() == 2\n",
    ),
    _one(
        "generated code",
        "a generator of code that the test runs",
        "^source in",
        "generator.py",
        "def source():\n    return 'rate = {}'\n",
        "1",
        "2",
        test_a="import generator\n\n\ndef test_it():\n    space = {}\n    exec(generator.source(), space)\n"
        "    assert space['rate'] == 2\n".replace("{}", "dict()"),
    ),
    _one(
        "generated code",
        "a class made by type()",
        "(<module>|Shop) in gen",
        "gen.py",
        "Shop = type('Shop', (), {'rate': {}})\n",
        "1",
        "2",
        test_a="import gen\n\n\ndef test_it():\n    assert gen.Shop.rate == 2\n",
    ),
]

_TWO = "two changes at once"
_DEEP = "import logging\n\n\ndef total(prices):\n    logging.info('{}')\n    return price(prices) * 2\n\n\ndef price(prices):\n    return sum(prices) * rate()\n\n\ndef rate():\n    return {}\n"
_DEEP_TEST = "from shop import total\n\n\ndef test_it():\n    assert total([1, 2]) == 12\n"
_OLD = distribution("dep", "1.0", {"dep/__init__.py": "def rate():\n    return 1\n"})
_NEW = distribution("dep", "2.0", {"dep/__init__.py": "def rate():\n    return 2\n"})
_DEP_SHOP = "import dep\n\n\ndef total(prices):\n    # {}\n    return sum(prices) * dep.rate()\n"
_ENV_SHOP = "import os\n\n\ndef total(prices):\n    # {}\n    return sum(prices) * int(os.environ['SHOP_RATE'])\n"
_COMMENTED = _TEST.replace("    assert", "    # twice\n    assert")
_UNUSED = "\n\ndef unused():\n    return {}\n"
_HANDLES = "def total(prices):\n    try:\n        return sum(prices) * rate()\n    except ValueError:\n        return {}\n\n\ndef rate():\n    return {}\n"
_DATA = "import json\n\n\ndef total(prices):\n    {}with open('rate.json') as file:\n        return sum(prices) * json.load(file)\n"
TWO = [
    _code(
        _TWO,
        "true: three calls deep; false: a log text in the called function",
        "^rate in",
        {"test_a.py": _DEEP_TEST, "shop.py": _DEEP.format("begin", 1)},
        {"shop.py": _DEEP.format("begun", 2)},
    ),
    _code(
        _TWO,
        "true: a function; false: imports of the test's module",
        "^total in",
        {"test_a.py": _TEST, "shop.py": _WRONG},
        {"test_a.py": "import os\n" + _TEST, "shop.py": _RIGHT},
    ),
    _code(
        _TWO,
        "true: a function; false: a comment in the test",
        "^total in",
        {"test_a.py": _TEST, "shop.py": _WRONG},
        {"test_a.py": _COMMENTED, "shop.py": _RIGHT},
    ),
    Case(
        _TWO,
        "true: a dependency; false: a called function's comment",
        "dependency_change",
        "dep ",
        changed(
            {"test_a.py": _TEST, "shop.py": _DEP_SHOP.format("all")} | _OLD,
            without(_OLD) | _NEW | {"shop.py": _DEP_SHOP.format("all of them")},
        ),
    ),
    Case(
        _TWO,
        "true: a variable; false: a called function's comment",
        "environment_change",
        "SHOP_RATE",
        changed(
            {"test_a.py": _TEST, "shop.py": _ENV_SHOP.format("all")},
            {"shop.py": _ENV_SHOP.format("all of them")},
            Run(env={"SHOP_RATE": "1"}),
            Run(env={"SHOP_RATE": "2"}),
        ),
    ),
    _code(
        _TWO,
        "true: a function; false: another that is not called",
        "^total in",
        {"test_a.py": _TEST, "shop.py": _WRONG + _UNUSED.format(1)},
        {"shop.py": _RIGHT + _UNUSED.format(2)},
    ),
    _code(
        _TWO,
        "true: a function; false: a branch that is not run in another",
        "^rate in",
        {"test_a.py": _TEST, "shop.py": _HANDLES.format(0, 1)},
        {"shop.py": _HANDLES.format(7, 2)},
    ),
    _code(
        _TWO,
        "true: a data file; false: a called function's comment",
        r"rate\.json",
        {"test_a.py": _TEST, "shop.py": _DATA.format(""), "rate.json": "1"},
        {"shop.py": _DATA.format("# of today\n    "), "rate.json": "2"},
        "data_change",
    ),
    _code(
        _TWO,
        "true: a fixture; false: the text of an assertion",
        "^rate in conftest",
        {"test_a.py": _RATE_TEST, "conftest.py": _FIXTURE.format("", "", 1)},
        {"test_a.py": _RATE_TEST.replace("== 2", "== 2, 'two'"), "conftest.py": _FIXTURE.format("", "", 2)},
    ),
    _code(
        _TWO,
        "true: a function; false: a data file that nobody reads",
        "^total in",
        {"test_a.py": _TEST, "shop.py": _WRONG, "data/list.json": "[1]"},
        {"shop.py": _RIGHT, "data/list.json": "[2]"},
    ),
    _code(
        _TWO,
        "true: a function; false: many others",
        "^total in shop",
        {"test_a.py": _TEST, "shop.py": _WRONG} | {f"m{n}.py": _UNUSED.format(1).lstrip() for n in range(8)},
        {"shop.py": _RIGHT} | {f"m{n}.py": _UNUSED.format(2).lstrip() for n in range(8)},
    ),
]

CASES = [*FIXTURES, *DISPATCH, *CONSTANTS, *CLASSES, *GENERATED, *TWO]
