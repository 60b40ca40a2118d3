"""What a stranger would try: data that no source names, settings in disguise, state that tests leave, plain bad luck."""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Callable
from pathlib import Path

from benchmarks.truth.cases.case import AWAY, CHANCE, SITE, Case, Run, changed, distribution, without

_TEST = "from shop import rate\n\n\ndef test_it():\n    assert rate() == 2\n"
_PLAIN_RUN = Run()
_HERE = "from pathlib import Path\n\nHERE = Path(__file__).parent\n"


def _case(
    kind: str,
    name: str,
    strategies: str,
    named: str,
    files: dict[str, str],
    after: dict[str, str | None],
    first: Run = _PLAIN_RUN,
    second: Run = _PLAIN_RUN,
    needs: tuple[str, ...] = (),
    test: str = "test_it",
) -> Case:
    return Case(kind, name, strategies, named, changed(files, after, first, second), needs, test)


# -- data ---------------------------------------------------------------------------------------------------------------


def _database(rate: int) -> Callable[[Path], None]:
    def write(rootdir: Path) -> None:
        path = rootdir / "rates.db"
        path.unlink(missing_ok=True)
        with sqlite3.connect(path) as database:
            database.execute("CREATE TABLE rates (rate)")
            database.execute("INSERT INTO rates VALUES (?)", (rate,))
        database.close()

    return write


def _link(target: str) -> Callable[[Path], None]:
    def point(rootdir: Path) -> None:
        path = rootdir / "data" / "current"
        path.unlink(missing_ok=True)
        path.symlink_to(target)

    return point


def _mode(mode: int) -> Callable[[Path], None]:
    return lambda rootdir: (rootdir / "tool.sh").chmod(mode)


def _catalogue(text: str) -> Callable[[Path], None]:
    def write(rootdir: Path) -> None:
        keys, values = b"\0rate\0", b"Content-Type: text/plain; charset=UTF-8\n\0" + text.encode() + b"\0"
        start = 7 * 4 + 2 * 8 + 2 * 8
        lengths = [(0, start), (4, start + 1)]
        heads = len(b"Content-Type: text/plain; charset=UTF-8\n")
        where = start + len(keys)
        translated = [(heads, where), (len(text.encode()), where + heads + 1)]
        path = rootdir / "locale" / "de" / "LC_MESSAGES" / "shop.mo"
        path.parent.mkdir(parents=True, exist_ok=True)
        numbers = struct.pack("<7I", 0x950412DE, 0, 2, 28, 44, 0, 60)
        tables = b"".join(struct.pack("<2I", *pair) for pair in (*lengths, *translated))
        path.write_bytes(numbers + tables + keys + values)

    return write


_SQLITE = _HERE + (
    "import sqlite3\n\n\ndef rate():\n    return sqlite3.connect(HERE / 'rates.db').execute('SELECT rate FROM rates')"
    ".fetchone()[0]\n"
)
_RULES = _HERE + "\n\ndef rate():\n    return len(list((HERE / 'rules').iterdir()))\n"
_CURRENT = _HERE + "\n\ndef rate():\n    return int((HERE / 'data' / 'current').read_text())\n"
_SCRIPT = _HERE + (
    "import subprocess\n\n\ndef rate():\n    done = subprocess.run(['sh', str(HERE / 'tool.sh')], capture_output=True)\n"
    "    return int(done.stdout)\n"
)
_EXECUTES = _HERE + "import subprocess\n\n\ndef rate():\n    return subprocess.run([HERE / 'tool.sh']).returncode + 2\n"
_PARAMETERS = _HERE + (
    "import json\n\nimport pytest\n\n\n@pytest.mark.parametrize('pair', json.loads((HERE / 'pairs.json').read_text()),"
    " ids=lambda pair: pair[0])\ndef test_it(pair):\n    assert pair[0] == pair[1]\n"
)
_GETTEXT = _HERE + (
    "import gettext\n\n\ndef rate():\n    return int(gettext.translation('shop', HERE / 'locale', ['de']).gettext('rate'))\n"
)
_PACKAGE_DATA = "import pkgutil\n\n\ndef rate():\n    return int(pkgutil.get_data('pkg', 'rate.txt'))\n"
_DATA = "data in disguise"
DATA = [
    _case(
        _DATA,
        "a row of a SQLite file",
        "data_change",
        r"rates\.db",
        {"test_a.py": _TEST, "shop.py": _SQLITE},
        {},
        Run(before=_database(1)),
        Run(before=_database(2)),
    ),
    _case(
        _DATA,
        "one file more in a folder that is listed",
        "data_change",
        "rules/",
        {"test_a.py": _TEST, "shop.py": _RULES, "rules/a.rule": "a"},
        {"rules/b.rule": "b"},
    ),
    _case(
        _DATA,
        "a link that points to another file",
        "data_change",
        "current",
        {"test_a.py": _TEST, "shop.py": _CURRENT, "data/v1": "1", "data/v2": "2"},
        {},
        Run(before=_link("v1")),
        Run(before=_link("v2")),
    ),
    _case(
        _DATA,
        "a script that a child process runs",
        "data_change",
        r"tool\.sh",
        {"test_a.py": _TEST, "shop.py": _SCRIPT, "tool.sh": "echo 1\n"},
        {"tool.sh": "echo 2\n"},
    ),
    _case(
        _DATA,
        "a script that may not be executed",
        "data_change|unknown",
        r"tool\.sh|not known",
        {"test_a.py": _TEST, "shop.py": _EXECUTES, "tool.sh": "#!/bin/sh\nexit 0\n"},
        {},
        Run(before=_mode(0o644)),
        Run(before=_mode(0o755)),
    ),
    _case(
        _DATA,
        "parameters from a file",
        "data_change",
        r"pairs\.json",
        {"test_a.py": _PARAMETERS, "pairs.json": '[["a", "b"]]'},
        {"pairs.json": '[["a", "a"]]'},
    ),
    _case(
        _DATA,
        "a catalogue of messages",
        "data_change",
        r"shop\.mo",
        {"test_a.py": _TEST, "shop.py": _GETTEXT},
        {},
        Run(before=_catalogue("1")),
        Run(before=_catalogue("2")),
    ),
    _case(
        _DATA,
        "pkgutil.get_data",
        "data_change",
        r"rate\.txt",
        {"test_a.py": _TEST, "shop.py": _PACKAGE_DATA, "pkg/__init__.py": "", "pkg/rate.txt": "1"},
        {"pkg/rate.txt": "2"},
    ),
    _case(
        _DATA,
        "a doctest in a text",
        "data_change",
        r"guide\.rst",
        {"guide.rst": "Rates\n=====\n\n>>> 1 + 1\n3\n"},
        {"guide.rst": "Rates\n=====\n\n>>> 1 + 1\n2\n"},
        Run(arguments=("--doctest-glob=*.rst",)),
        Run(arguments=("--doctest-glob=*.rst",)),
        test="guide.rst",
    ),
]

# -- settings -----------------------------------------------------------------------------------------------------------

_ONE, _TWO = Run(env={"SHOP_RATE": "1"}), Run(env={"SHOP_RATE": "2"})
_NESTED = (
    "from pydantic import BaseModel\nfrom pydantic_settings import BaseSettings, SettingsConfigDict\n\n\n"
    "class Price(BaseModel):\n    rate: int = 0\n\n\nclass Settings(BaseSettings):\n"
    "    model_config = SettingsConfigDict(env_nested_delimiter='__', env_prefix='SHOP__')\n    price: Price = Price()\n\n\n"
    "SETTINGS = Settings()\n\n\ndef rate():\n    return SETTINGS.price.rate\n"
)
_EXPANDED = _HERE + (
    "import configparser\nimport os\n\n\ndef rate():\n    parser = configparser.ConfigParser()\n"
    "    parser.read_string(os.path.expandvars((HERE / 'shop.ini').read_text()))\n    return int(parser['shop']['rate'])\n"
)
_ALL = (
    "import os\n\n\ndef settings():\n    return {name[5:].lower(): value for name, value in os.environ.items()"
    " if name.startswith('SHOP_')}\n\n\nSETTINGS = settings()\n\n\ndef rate():\n    return int(SETTINGS['rate'])\n"
)
_HOME = "from pathlib import Path\n\n\ndef rate():\n    return int((Path.home() / '.shoprc').read_text())\n"
_ZONES = "import zoneinfo\n\n\ndef test_it():\n    assert any(path.endswith('new') for path in zoneinfo.TZPATH)\n"
_WARNS = "import warnings\n\n\ndef test_it():\n    warnings.warn('old', DeprecationWarning, stacklevel=1)\n"
_WARNS_EARLY = (
    "import subprocess\nimport sys\n\n\ndef test_it():\n"
    "    code = \"import warnings; warnings.warn('old', DeprecationWarning)\"\n"
    "    assert subprocess.run([sys.executable, '-c', code]).returncode == 0\n"
)
_INI_OPTION = "def pytest_addoption(parser):\n    parser.addini('rate', 'of the shop')\n"
_INI_TEST = "def test_it(pytestconfig):\n    assert pytestconfig.getini('rate') == '2'\n"
_TOML = "[tool.pytest.ini_options]\nrate = '{}'\n"
_POINTS = (
    "from importlib.metadata import entry_points\n\n\ndef rate():\n    (point,) = entry_points(group='shop.rates')\n"
    "    return point.load()()\n"
)


def _plugin(version: str, rate: int, function: str = "rate") -> dict[str, str]:
    files = {
        "ratebook.py": f"def rate():\n    return {rate}\n\n\ndef other():\n    return 2\n",
        f"ratebook-{version}.dist-info/entry_points.txt": f"[shop.rates]\nbook = ratebook:{function}\n",
    }
    return distribution("ratebook", version, files)


_SETTINGS = "settings in disguise"
SETTINGS = [
    _case(
        _SETTINGS,
        "nested settings of pydantic, read at import",
        "environment_change",
        "SHOP__PRICE__RATE",
        {"test_a.py": _TEST, "shop.py": _NESTED},
        {},
        Run(env={"SHOP__PRICE__RATE": "1"}),
        Run(env={"SHOP__PRICE__RATE": "2"}),
        ("pydantic_settings",),
    ),
    _case(
        _SETTINGS,
        "a variable that a data file names",
        "environment_change",
        "SHOP_RATE",
        {"test_a.py": _TEST, "shop.py": _EXPANDED, "shop.ini": "[shop]\nrate = ${SHOP_RATE}\n"},
        {},
        _ONE,
        _TWO,
    ),
    _case(
        _SETTINGS,
        "all variables with a prefix, read at import",
        "environment_change",
        "SHOP_RATE",
        {"test_a.py": _TEST, "shop.py": _ALL},
        {},
        _ONE,
        _TWO,
    ),
    _case(
        _SETTINGS,
        "another home",
        "environment_change",
        "HOME",
        {"test_a.py": _TEST, "shop.py": _HOME, "one/.shoprc": "1", "two/.shoprc": "2"},
        {},
        Run(env={"HOME": "one"}),
        Run(env={"HOME": "two"}),
    ),
    _case(
        _SETTINGS,
        "PYTHONTZPATH",
        "environment_change",
        "PYTHONTZPATH",
        {"test_a.py": _ZONES},
        {},
        Run(env={"PYTHONTZPATH": "/old"}),
        Run(env={"PYTHONTZPATH": "/new"}),
    ),
    _case(
        _SETTINGS,
        "PYTHONWARNINGS, of a child process",
        "environment_change",
        "PYTHONWARNINGS",
        {"test_a.py": _WARNS_EARLY},
        {},
        Run(env={"PYTHONWARNINGS": "error"}),
    ),
    _case(
        _SETTINGS,
        "PYTEST_ADDOPTS",
        "option_change|environment_change",
        "-W|PYTEST_ADDOPTS",
        {"test_a.py": _WARNS},
        {},
        Run(env={"PYTEST_ADDOPTS": "-W error"}),
    ),
    _case(
        _SETTINGS,
        "an ini option of conftest, in pyproject.toml",
        "option_change|data_change",
        "rate|pyproject",
        {"test_a.py": _INI_TEST, "conftest.py": _INI_OPTION, "pyproject.toml": _TOML.format(1)},
        {"pyproject.toml": _TOML.format(2)},
    ),
    _case(
        _SETTINGS,
        "another ini file by -c",
        "option_change",
        "-c|fast|filterwarnings",
        {
            "test_a.py": _WARNS,
            "slow.ini": "[pytest]\nfilterwarnings = error\n",
            "fast.ini": "[pytest]\nfilterwarnings = default\n",
        },
        {},
        Run(arguments=("-c", "slow.ini")),
        Run(arguments=("-c", "fast.ini")),
    ),
    _case(
        _SETTINGS,
        "what an entry point leads to",
        "dependency_change",
        "ratebook ",
        {"test_a.py": _TEST, "shop.py": _POINTS} | _plugin("1.0", 1),
        {**without(_plugin("1.0", 1)), **_plugin("1.1", 2)},
        second=Run(before=lambda rootdir: (rootdir / SITE / "ratebook-1.0.dist-info").rmdir()),
    ),
    _case(
        _SETTINGS,
        "an entry point, its distribution's version the same",
        "dependency_change",
        "ratebook ",
        {"test_a.py": _TEST, "shop.py": _POINTS} | _plugin("1.0", 1),
        dict(_plugin("1.0", 1, "other")),
    ),
]

# -- code ---------------------------------------------------------------------------------------------------------------

_FIXTURE = "import pytest\n\n\n@pytest.fixture\ndef rate():\n    return {}\n"
_RATE_TEST = "def test_it(rate):\n    assert rate == 2\n"
_DOCTEST = (
    "def rate():\n    return {}\n\n\ndef total():\n    '''Add.\n\n    >>> total()\n    2\n    '''\n    return rate()\n"
)
_SUBTESTS = (
    "import unittest\n\nfrom shop import rate\n\n\nclass TestA(unittest.TestCase):\n    def test_it(self):\n"
    "        for n in (1, 2):\n            with self.subTest(n=n):\n                assert rate(n) == 2 * n\n"
)
_ASYNC = (
    "import unittest\n\n\nclass TestA(unittest.IsolatedAsyncioTestCase):\n    async def asyncSetUp(self):\n"
    "        self.rate = {}\n\n    async def test_it(self):\n        assert self.rate == 2\n"
)
_DESCRIPTOR = "class Rate:\n    def __get__(self, shop, cls):\n        return {}\n"
_DESCRIBED = "from rates import Rate\n\n\nclass Shop:\n    rate = Rate()\n"
_LEAVES = (
    "import pytest\n\nPLACES = []\n\n\n@pytest.fixture\ndef place():\n    PLACES.append(1)\n    yield 1\n    {}\n\n\n"
    "@pytest.fixture\ndef places():\n    return PLACES\n"
)
_LEFT = "def test_first(place):\n    assert place\n\n\ndef test_it(places):\n    assert not places\n"
_POLLUTER = "import shop\n\n\ndef test_bad():\n    {}\n\n\ndef test_it():\n    assert not shop.STATE\n"
_GENERATES = "def pytest_generate_tests(metafunc):\n    metafunc.parametrize('rate', [{}], ids=['rate'])\n"
_PATCHES = "import shop\n\nshop.rate = lambda: {}\n"
_SUBCLASS = "class Base:\n    def rate(self):\n        return 2\n\n\nclass Shop(Base):\n    name = 'shop'\n"
_OVERRIDES = _SUBCLASS + "\n    def rate(self):\n        return 1\n"
_MEMO = (
    "import functools\n\nNOW = [1]\n\n\n{}def rate():\n    return NOW[0]\n\n\ndef sell():\n    rate()\n    NOW[0] = 2\n"
    "    return rate()\n"
)
_CODE = "code in disguise"


def _code(name: str, named: str, files: dict[str, str], after: dict[str, str | None], test: str = "test_it") -> Case:
    return _case(_CODE, name, "code_change", named, files, after, test=test)


CODE = [
    _case(
        _CODE,
        "a doctest of a module",
        "code_change",
        "^rate in shop",
        {"shop.py": _DOCTEST.format(1)},
        {"shop.py": _DOCTEST.format(2)},
        Run(arguments=("--doctest-modules",)),
        Run(arguments=("--doctest-modules",)),
        test="shop.total",
    ),
    _code(
        "subtests of unittest",
        "^rate in shop",
        {"test_a.py": _SUBTESTS, "shop.py": "def rate(n):\n    return n * n\n"},
        {"shop.py": "def rate(n):\n    return n * 2\n"},
    ),
    _code("asyncSetUp", "asyncSetUp in", {"test_a.py": _ASYNC.format(1)}, {"test_a.py": _ASYNC.format(2)}),
    _code(
        "a fixture that a nearer conftest takes the place of",
        "^rate in tests/unit/conftest",
        {"tests/unit/test_a.py": _RATE_TEST, "tests/conftest.py": _FIXTURE.format(1)},
        {"tests/unit/conftest.py": _FIXTURE.format(2)},
    ),
    _code(
        "pytest_generate_tests",
        "^pytest_generate_tests in",
        {"test_a.py": _RATE_TEST, "conftest.py": _GENERATES.format(1)},
        {"conftest.py": _GENERATES.format(2)},
    ),
    _code(
        "a fixture of pytest_plugins",
        "^rate in plug",
        {"test_a.py": _RATE_TEST, "conftest.py": "pytest_plugins = ['plug']\n", "plug.py": _FIXTURE.format(1)},
        {"plug.py": _FIXTURE.format(2)},
    ),
    _code(
        "a package imports the name from elsewhere",
        r"in shop/__init__\.py",
        {
            "test_a.py": _TEST,
            "shop/__init__.py": "from shop.old import rate\n",
            "shop/old.py": "def rate():\n    return 1\n",
            "shop/new.py": "def rate():\n    return 2\n",
        },
        {"shop/__init__.py": "from shop.new import rate\n"},
    ),
    _code(
        "a statement that patches another module",
        "in patches",
        {
            "test_a.py": "import patches\n"
            + _TEST.replace("from shop import rate", "import shop").replace("rate()", "shop.rate()"),
            "shop.py": "def rate():\n    return 0\n",
            "patches.py": _PATCHES.format(1),
        },
        {"patches.py": _PATCHES.format(2)},
    ),
    _code(
        "a method that no longer overrides",
        r"^Shop\.rate in shop",
        {"test_a.py": _TEST.replace("rate", "Shop", 1).replace("rate()", "Shop().rate()"), "shop.py": _OVERRIDES},
        {"shop.py": _SUBCLASS},
    ),
    _code(
        "a decorator was taken off",
        "^rate in shop",
        {"test_a.py": _TEST.replace("rate", "sell"), "shop.py": _MEMO.format("@functools.cache\n")},
        {"shop.py": _MEMO.format("")},
    ),
    _code(
        "a descriptor",
        r"^Rate\.__get__ in",
        {
            "test_a.py": "from shop import Shop\n\n\ndef test_it():\n    assert Shop().rate == 2\n",
            "shop.py": _DESCRIBED,
            "rates.py": _DESCRIPTOR.format(1),
        },
        {"rates.py": _DESCRIPTOR.format(2)},
    ),
    _code(
        "a module that git ignores",
        "in generated",
        {
            "test_a.py": _TEST,
            "shop.py": "import generated\n\n\ndef rate():\n    return generated.RATE\n",
            "generated.py": "RATE = 1\n",
            ".gitignore": "generated.py\n",
        },
        {"generated.py": "RATE = 2\n"},
    ),
    _code(
        "a faster module that is not there any more",
        r"in fast\.py",
        {
            "test_a.py": _TEST,
            "shop.py": "try:\n    from fast import rate\nexcept ImportError:\n    from slow import rate\n",
            "fast.py": "def rate():\n    return 1\n",
            "slow.py": "def rate():\n    return 2\n",
        },
        {"fast.py": None},
    ),
    _code(
        "a module that stood before one of the standard library",
        r"in colorsys\.py",
        {
            "test_a.py": "import colorsys\n\n\ndef test_it():\n    assert colorsys.rgb_to_yiq(0, 0, 0) == (0, 0, 0)\n",
            "colorsys.py": "def rgb_to_yiq(r, g, b):\n    return None\n",
        },
        {"colorsys.py": None},
    ),
    _case(
        _CODE,
        "a namespace package in two folders",
        "code_change",
        "^rate in b/shop/",
        {
            "test_a.py": "from shop.two import rate\n\n\ndef test_it():\n    assert rate() == 2\n",
            "a/shop/one.py": "def rate():\n    return 7\n",
            "b/shop/two.py": "def rate():\n    return 1\n",
        },
        {"b/shop/two.py": "def rate():\n    return 2\n"},
        Run(arguments=("-o", "pythonpath=a b")),
        Run(arguments=("-o", "pythonpath=a b")),
    ),
    _code(
        "the end of a fixture of another test",
        "^place in conftest",
        {"test_a.py": _LEFT, "conftest.py": _LEAVES.format("assert PLACES")},
        {"conftest.py": _LEAVES.format("PLACES.clear()")},
    ),
    _code(
        "another test, which left something behind",
        "^test_bad in",
        {"test_a.py": _POLLUTER.format("shop.STATE.append(1)"), "shop.py": "STATE = []\n"},
        {"test_a.py": _POLLUTER.format("assert shop.STATE == []")},
    ),
]

# -- what tests leave ---------------------------------------------------------------------------------------------------


def _order(name: str, polluter: str, victim: str, head: str = "", more: dict[str, str] | None = None) -> Case:
    text = f"{head}\n\ndef test_bad():\n    {polluter}\n\n\ndef test_other():\n    assert 1\n\n\ndef test_it():\n    {victim}\n"
    bad, other, it = (f"test_a.py::test_{name}" for name in ("bad", "other", "it"))
    files = {"test_a.py": text, **(more or {})}
    first, second = Run(arguments=(bad, other, it)), Run(arguments=(other, it, bad))
    return _case("what tests leave", name, "order_change", "test_bad", files, {}, first, second)


_CACHED = "import functools\nimport os\n\n\n@functools.lru_cache\ndef rate():\n    return int(os.environ.get('SHOP_RATE', 2))\n"
ORDERS = [
    _order("a variable", "os.environ['SHOP_MODE'] = 'x'", "assert 'SHOP_MODE' not in os.environ", "import os\n"),
    _order(
        "a cached result",
        "os.environ['SHOP_RATE'] = '1'\n    assert shop.rate()\n    del os.environ['SHOP_RATE']",
        "assert shop.rate() == 2",
        "import os\n\nimport shop\n",
        {"shop.py": _CACHED},
    ),
    _order("the folder", "os.chdir('/')", "assert os.getcwd() != '/'", "import os\n"),
    _order(
        "a module that stands for another",
        "sys.modules['colorsys'] = sys",
        "import colorsys\n\n    assert colorsys.rgb_to_yiq",
        "import sys\n",
    ),
    _order("logging", "logging.disable()", "assert logging.getLogger('a').isEnabledFor(50)", "import logging\n"),
    _order(
        "a precision", "decimal.getcontext().prec = 3", "assert decimal.getcontext().prec == 28", "import decimal\n"
    ),
    _order(
        "a default that is a list",
        "shop.add(1)",
        "assert shop.add(2) == [2]",
        "import shop\n",
        {"shop.py": "def add(n, seen=[]):\n    seen.append(n)\n    return seen\n"},
    ),
]
# -- bad luck -----------------------------------------------------------------------------------------------------------

_RACE = AWAY + (
    "import threading\n\n\ndef test_it():\n    done = []\n    thread = threading.Thread(target=done.append, args=(1,))\n"
    "    if not AWAY.exists():\n        thread.start()\n        thread.join()\n    assert done == [1]\n"
)
_FLOATS = (
    AWAY
    + "\n\ndef test_it():\n    parts = [0.1] * 3\n    assert sum(parts) == (0.3 if AWAY.exists() else sum(parts))\n"
)
_CLOCK = AWAY + (
    "import datetime\n\n\ndef test_it():\n    now = datetime.datetime(2026, 1, 1, 23 if AWAY.exists() else 1)\n"
    "    assert (now + datetime.timedelta(hours=2)).date() == now.date()\n"
)
_REFUSED = AWAY + (
    "\n\ndef test_other():\n    assert 1\n\n\ndef test_it():\n    if AWAY.exists():\n"
    "        raise ConnectionRefusedError(111, 'Connection refused')\n"
)
_PLAIN = AWAY + "\n\ndef test_it():\n    assert not AWAY.exists()\n"
_LUCK = "bad luck"


def _luck(
    name: str,
    files: dict[str, str],
    after: dict[str, str | None] | None = None,
    first: Run = _PLAIN_RUN,
    second: Run = _PLAIN_RUN,
    strategies: str = CHANCE,
) -> Case:
    return _case(
        _LUCK, name, strategies, "", {**files, "../away": ""}, {**(after or {}), "../away": None}, first, second
    )


LUCK = [
    _luck("a race", {"test_a.py": _RACE}),
    _luck("floating point", {"test_a.py": _FLOATS}),
    _luck("midnight", {"test_a.py": _CLOCK}),
    _luck("refused, then run alone", {"test_a.py": _REFUSED}, None, Run(), Run(arguments=("test_a.py::test_it",))),
    _luck("louder", {"test_a.py": _PLAIN}, None, Run(), Run(arguments=("-vv", "-x", "--tb=long", "--durations=3"))),
    _luck(
        "a version of the project and its lock file",
        {
            "test_a.py": _PLAIN,
            "pyproject.toml": "[project]\nname = 'shop'\nversion = '1'\n",
            "uv.lock": "version = 1\n",
        },
        {"pyproject.toml": "[project]\nname = 'shop'\nversion = '2'\n", "uv.lock": "version = 2\n"},
    ),
    _luck(
        "a fixture of conftest that only others use",
        {"test_a.py": _PLAIN, "conftest.py": _FIXTURE.format(1)},
        {"conftest.py": _FIXTURE.format(2)},
    ),
    _luck(
        "a function of the module that the test does not call",
        {
            "test_a.py": _PLAIN.replace("import Path\n", "import Path\n\nfrom shop import one\n").replace(
                "assert", "assert one() and"
            ),
            "shop.py": "def one():\n    return 1\n\n\ndef two():\n    return 1\n",
        },
        {"shop.py": "def one():\n    return 1\n\n\ndef two():\n    return 2\n"},
    ),
    _luck(
        "a new file of tests",
        {"test_b.py": _PLAIN},
        {"test_a.py": "def test_new():\n    assert 1\n"},
    ),
]

CASES = [*DATA, *SETTINGS, *CODE, *ORDERS, *LUCK]
