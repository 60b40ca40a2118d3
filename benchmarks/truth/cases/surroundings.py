"""Dependencies, variables, options, the interpreter, time and place, and the order of tests."""

from __future__ import annotations

from benchmarks.truth.cases.case import Case, Run, changed, distribution, without

_DEP_TEST = "import dep\n\n\ndef test_it():\n    assert dep.rate() == 2\n"


def _dep(version: str, rate: int, name: str = "dep", more: str = "") -> dict[str, str]:
    return distribution(name, version, {f"{name}/__init__.py": f"{more}def rate():\n    return {rate}\n"})


def _upgraded(before: dict[str, str], after: dict[str, str]) -> dict[str, str | None]:
    """Remove what was installed before, and write what is installed now."""
    return without(before) | after


_OLD, _NEW = _dep("1.0", 1), _dep("2.0", 2)
_THROUGH = "import low\n\n\ndef rate():\n    return low.rate()\n"
_DEP = distribution("dep", "1.0", {"dep/__init__.py": _THROUGH}, "Requires-Dist: low\n")
_AAA = _dep("1.0", 1, "aaa"), _dep("2.0", 2, "aaa")
_PLUGIN = "import pytest\n\n\n@pytest.fixture\ndef rate():\n    return {rate}\n"
_BESIDE = "def unused():\n    return {}\n"


def _plugin(version: str, rate: int) -> dict[str, str]:
    return distribution("pytest_rate", version, {"pytest_rate.py": _PLUGIN.format(rate=rate)})


def _dependency(name: str, before: dict[str, str], after: dict[str, str | None], named: str, strategies: str) -> Case:
    return Case("dependencies", name, strategies, named, changed(before, after))


DEPENDENCIES = [
    _dependency("a newer version", {"test_a.py": _DEP_TEST} | _OLD, _upgraded(_OLD, _NEW), "dep ", "dependency_change"),
    _dependency(
        "and another library that nobody imports",
        {"test_a.py": _DEP_TEST} | _OLD | _AAA[0],
        _upgraded(_OLD | _AAA[0], _NEW | _AAA[1]),
        "^distribution: dep ",
        "dependency_change",
    ),
    _dependency(
        "and a function that the test does not call",
        {"test_a.py": _DEP_TEST, "shop.py": _BESIDE.format(1)} | _OLD,
        _upgraded(_OLD, _NEW) | {"shop.py": _BESIDE.format(2)},
        "dep ",
        "dependency_change",
    ),
    _dependency(
        "a library's code, its version the same",
        {"test_a.py": _DEP_TEST} | _OLD,
        _upgraded(_OLD, _dep("1.0", 2)),
        "dep",
        "dependency_change|unknown",
    ),
    _dependency(
        "what the library itself needs",
        {"test_a.py": _DEP_TEST} | _DEP | _dep("1.0", 1, "low"),
        _upgraded(_dep("1.0", 1, "low"), _dep("1.1", 2, "low")),
        "low ",
        "dependency_change",
    ),
    _dependency(
        "imported by the project and not by the test",
        {"test_a.py": _DEP_TEST.replace("dep", "shop"), "shop.py": "from dep import rate\n"} | _OLD | _AAA[0],
        _upgraded(_OLD | _AAA[0], _NEW | _AAA[1]),
        "^distribution: dep ",
        "dependency_change",
    ),
    Case(
        "dependencies",
        "a plugin of pytest",
        "dependency_change",
        "pytest-rate",
        changed(
            {"test_a.py": "def test_it(rate):\n    assert rate == 2\n"} | _plugin("1.0", 1),
            _upgraded(_plugin("1.0", 1), _plugin("1.1", 2)),
            Run(arguments=("-p", "pytest_rate")),
            Run(arguments=("-p", "pytest_rate")),
        ),
    ),
]


def _variable(
    name: str, files: dict[str, str], before: dict[str, str], after: dict[str, str], named: str, needs: str = ""
) -> Case:
    runs = changed(files, {}, Run(env=before), Run(env=after))
    return Case("variables", name, "environment_change", named, runs, (needs,) if needs else ())


_SHOP_TEST = "from shop import rate\n\n\ndef test_it():\n    assert rate() == 2\n"
_READS = "import os\n\n\ndef rate():\n    return int({})\n"
_DOTENV = (
    "from pathlib import Path\n\n\ndef rate():\n    lines = Path(__file__).with_name('.env').read_text().split()\n"
    "    return int(dict(line.split('=') for line in lines)['SHOP_RATE'])\n"
)
_PYDANTIC = (
    "from pydantic_settings import BaseSettings, SettingsConfigDict\n\n\nclass Settings(BaseSettings):\n"
    "    model_config = SettingsConfigDict(env_prefix='shop_')\n    rate: int = 1\n\n\n"
    "def rate():\n    return Settings().rate\n"
)
_ONE, _TWO = {"SHOP_RATE": "1"}, {"SHOP_RATE": "2"}


def _reads(expression: str, **more: str) -> dict[str, str]:
    return {"test_a.py": _SHOP_TEST, "shop.py": _READS.format(expression), **more}


VARIABLES = [
    _variable("os.environ in the function", _reads("os.environ['SHOP_RATE']"), _ONE, _TWO, "SHOP_RATE"),
    _variable("the name is made of a prefix", _reads("os.environ['SHOP_' + 'rate'.upper()]"), _ONE, _TWO, "SHOP_RATE"),
    _variable(
        "pydantic-settings with a prefix",
        {"test_a.py": _SHOP_TEST, "shop.py": _PYDANTIC},
        _ONE,
        _TWO,
        "(?i)SHOP_RATE",
        "pydantic_settings",
    ),
    Case(
        "variables",
        ".env that git ignores",
        "data_change",
        r"\.env",
        changed(
            {"test_a.py": _SHOP_TEST, "shop.py": _DOTENV, ".env": "SHOP_RATE=1\n", ".gitignore": ".env\n"},
            {".env": "SHOP_RATE=2\n"},
        ),
    ),
    _variable(
        "a variable that a library reads",
        {"test_a.py": _DEP_TEST}
        | distribution(
            "dep", "1.0", {"dep/__init__.py": "import os\n\n\ndef rate():\n    return int(os.environ['DEP_MODE'])\n"}
        ),
        {"DEP_MODE": "1"},
        {"DEP_MODE": "2"},
        "DEP_MODE",
    ),
    _variable("was not set", _reads("os.environ.get('SHOP_RATE', 1)"), {}, _TWO, "SHOP_RATE"),
    _variable("is set no more", _reads("os.environ.get('SHOP_RATE', 2)"), _ONE, {}, "SHOP_RATE"),
    _variable(
        "the name is a constant of another module",
        {
            "test_a.py": _SHOP_TEST,
            "names.py": "KEY = 'SHOP_RATE'\n",
            "shop.py": "import os\nfrom names import KEY\n\n\ndef rate():\n    return int(os.environ.get(KEY, 0))\n",
        },
        _ONE,
        _TWO,
        "SHOP_RATE",
    ),
    _variable(
        "a secret that was not set",
        _reads("2 if os.environ.get('SHOP_API_TOKEN') else 1"),
        {},
        {"SHOP_API_TOKEN": "s3cr3t-v4lue"},
        "SHOP_API_TOKEN",
    ),
    _variable(
        "one of many that are others",
        _reads("os.environ['SHOP_' + 'RATE']"),
        {**_ONE, "WINDOWID": "1", "SSH_TTY": "/dev/pts/1"},
        {**_TWO, "WINDOWID": "2", "SSH_TTY": "/dev/pts/2"},
        "^environment: SHOP_RATE",
    ),
]

_WARNS = "import warnings\n\n\ndef test_it():\n    warnings.warn('old', DeprecationWarning, stacklevel=1)\n"
_IMPORTS = "def test_it():\n    import shop\n\n    assert shop\n"
_PLUG = "import pytest\n\n\n@pytest.fixture(autouse=True)\ndef ready(request):\n    request.config.is_ready = True\n"
_READY = "def test_it(request):\n    assert getattr(request.config, 'is_ready', False)\n"
_MODE = "def pytest_addoption(parser):\n    parser.addoption('--mode', default='slow')\n"
_MODE_TEST = "def test_it(pytestconfig):\n    assert pytestconfig.getoption('mode') == 'fast'\n"
_CAPTURES = "import sys\n\n\ndef test_it():\n    assert sys.stdout is sys.__stdout__\n"


def _option(
    name: str,
    files: dict[str, str],
    before: str,
    after: str,
    named: str,
    change: dict[str, str | None] | None = None,
    strategies: str = "option_change",
) -> Case:
    arguments = Run(arguments=tuple(before.split())), Run(arguments=tuple(after.split()))
    return Case("options", name, strategies, named, changed(files, change or {}, *arguments))


OPTIONS = [
    _option("-W error, then not", {"test_a.py": _WARNS}, "-W error", "", "-W|error|filterwarnings"),
    _option(
        "pyproject.toml's ini options",
        {"test_a.py": _WARNS, "pyproject.toml": "[tool.pytest.ini_options]\nfilterwarnings = ['error']\n"},
        "",
        "",
        "pyproject|filterwarnings",
        {"pyproject.toml": "[tool.pytest.ini_options]\nfilterwarnings = ['default']\n"},
        "data_change|option_change",
    ),
    _option("-p of a local plugin", {"test_a.py": _READY, "plug.py": _PLUG}, "", "-p plug", "plug"),
    _option(
        "--import-mode",
        {"tests/test_a.py": _IMPORTS, "tests/shop.py": ""},
        "--import-mode=importlib",
        "--import-mode=prepend",
        "import.?mode",
    ),
    _option(
        "an option of conftest", {"test_a.py": _MODE_TEST, "conftest.py": _MODE}, "--mode slow", "--mode fast", "mode"
    ),
    _option("-s", {"test_a.py": _CAPTURES}, "", "-s", r"-s\b|capture"),
    _option(
        "pythonpath in pytest.ini",
        {"test_a.py": _IMPORTS, "src/shop.py": "", "pytest.ini": "[pytest]\n"},
        "",
        "",
        r"pytest\.ini|pythonpath",
        {"pytest.ini": "[pytest]\npythonpath = src\n"},
        "data_change|option_change",
    ),
    _option("-o of an ini value", {"test_a.py": _WARNS}, "-o filterwarnings=error", "", "filterwarnings"),
]

_TOTAL = "def total(prices):\n    return sum({})\n"
_VERSION_TEST = "import sys\n\n\ndef test_it():\n    assert sys.version_info[:2] != ({})\n"


def _interpreter(name: str, before: str, after: str, *, is_harmless_change: bool = False) -> Case:
    test = _VERSION_TEST.format(before.replace(".", ", "))
    if is_harmless_change:
        test = test.replace("\n\n\n", "\n\nfrom shop import total\n\n\n", 1) + "    assert total([1]) == 1\n"
    return Case(
        "interpreter",
        name,
        "environment_change",
        "version|" + after.replace(".", r"\."),
        changed(
            {"test_a.py": test, "shop.py": _TOTAL.format("prices")},
            {"shop.py": _TOTAL.format("list(prices)")} if is_harmless_change else {},
            Run(python=before),
            Run(python=after),
        ),
        (f"python{before}", f"python{after}"),
    )


INTERPRETERS = [
    _interpreter("Python 3.12 to 3.13", "3.12", "3.13"),
    _interpreter("Python 3.12 to 3.13, and a harmless change", "3.12", "3.13", is_harmless_change=True),
    _interpreter("Python 3.11 to 3.12", "3.11", "3.12"),
    Case(
        "interpreter",
        "PYTHONOPTIMIZE",
        "environment_change",
        "PYTHONOPTIMIZE|optimize",
        changed(
            {"test_a.py": "def test_it():\n    if not __debug__:\n        raise ValueError('optimised')\n"},
            {},
            Run(env={"PYTHONOPTIMIZE": "1"}),
        ),
    ),
]

_TZ = "import time\n\n\ndef test_it():\n    assert time.localtime(0).tm_hour == 0\n"
_LOCALE = (
    "import os\n\n\ndef test_it():\n    assert os.environ.get('LC_ALL', os.environ.get('LANG', '')) == 'C.UTF-8'\n"
)
_HASHES = "def test_it():\n    assert hash('a') % 2 == 0\n"
_ENCODING = "def test_it(tmp_path):\n    (tmp_path / 'x').write_bytes(b'\\xc3\\xa4')\n    assert (tmp_path / 'x').read_text() == '\\u00e4'\n"


def _place(name: str, test: str, before: dict[str, str], after: dict[str, str], named: str) -> Case:
    runs = changed({"test_a.py": test}, {}, Run(env=before), Run(env=after))
    return Case("time, zone, locale", name, "environment_change", named, runs)


PLACES = [
    _place("TZ", _TZ, {"TZ": "Asia/Tokyo"}, {"TZ": "UTC"}, "TZ"),
    _place("LC_ALL", _LOCALE, {"LC_ALL": "POSIX"}, {"LC_ALL": "C.UTF-8"}, "LC_ALL|LANG"),
    _place("PYTHONHASHSEED", _HASHES, {"PYTHONHASHSEED": "0"}, {"PYTHONHASHSEED": "4"}, "PYTHONHASHSEED"),
    _place(
        "the encoding of files",
        _ENCODING,
        {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "POSIX"},
        {"LC_ALL": "C.UTF-8"},
        "LC_ALL|PYTHONUTF8|encoding",
    ),
]

_POLLUTED = (
    "STATE = []\n\n\ndef test_bad():\n    STATE.append(1)\n\n\ndef test_other():\n    assert 1\n\n\n"
    "def test_it():\n    assert not STATE\n"
)
_BRITTLE = "STATE = []\n\n\ndef test_sets():\n    STATE.append(1)\n\n\ndef test_it():\n    assert STATE\n"
_HARMLESS = {"shop.py": _TOTAL.format("prices"), "test_a.py": _POLLUTED + "\n\nimport shop\n"}


def _order(name: str, files: dict[str, str], before: str, after: str, named: str, change: str = "") -> Case:
    arguments = Run(arguments=tuple(before.split())), Run(arguments=tuple(after.split()))
    more: dict[str, str | None] = {"shop.py": change} if change else {}
    return Case("order", name, "order_change", named, changed(files, more, *arguments))


_IT, _BAD, _OTHER = "test_a.py::test_it", "test_a.py::test_bad", "test_a.py::test_other"
ORDERS = [
    _order("a polluter ran before; then alone", {"test_a.py": _POLLUTED}, "", _IT, "alone|test_bad"),
    _order("the other order", {"test_a.py": _POLLUTED}, f"{_BAD} {_OTHER} {_IT}", f"{_IT} {_OTHER} {_BAD}", "test_bad"),
    _order("the polluter was left out", {"test_a.py": _POLLUTED}, "", f"{_OTHER} {_IT}", "test_bad"),
    _order(
        "the polluter was left out, and a harmless function changed",
        _HARMLESS,
        "",
        f"{_OTHER} {_IT}",
        "test_bad",
        _TOTAL.format("list(prices)"),
    ),
    _order(
        "pollution by an import of another file",
        {
            "shop.py": "STATE = []\n",
            "test_a.py": "import shop\n\nshop.STATE.append(1)\n\n\ndef test_x():\n    assert 1\n",
            "test_b.py": "import shop\n\n\ndef test_it():\n    assert not shop.STATE\n",
        },
        "",
        "test_b.py",
        "",
    ),
    _order(
        "a test of another file pollutes",
        {
            "shop.py": "STATE = []\n",
            "test_a.py": "import shop\n\n\ndef test_bad():\n    shop.STATE.append(1)\n",
            "test_b.py": "import shop\n\n\ndef test_it():\n    assert not shop.STATE\n",
        },
        "test_a.py test_b.py",
        "test_b.py test_a.py",
        "test_bad",
    ),
    _order("one has to run before", {"test_a.py": _BRITTLE}, _IT, "", "test_sets"),
]

CASES = [*DEPENDENCIES, *VARIABLES, *OPTIONS, *INTERPRETERS, *PLACES, *ORDERS]
