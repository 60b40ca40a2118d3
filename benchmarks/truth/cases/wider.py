"""Causes of many kinds at once, one of each: written from a list of what there is in the world, before any was run."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.truth.cases.case import AWAY, CHANCE, SITE, Case, Run, changed, distribution, without

_TEST = "from shop import rate\n\n\ndef test_it():\n    assert rate() == 2\n"
_CALLS = "import shop\n\n\ndef test_it():\n    assert {} == 2\n"
_HERE = "from pathlib import Path\n\nHERE = Path(__file__).parent\n"
_PLAIN = AWAY + "\n\ndef test_it():\n    assert not AWAY.exists()\n"
_PLAIN_RUN = Run()
_LUCK = f"{CHANCE}|unknown"


def _case(
    kind: str,
    name: str,
    strategies: str,
    named: str,
    files: dict[str, str],
    after: dict[str, str | None],
    first: Run = _PLAIN_RUN,
    second: Run = _PLAIN_RUN,
    test: str = "test_it",
) -> Case:
    return Case(kind, name, strategies, named, changed(files, after, first, second), test=test)


def _template(kind: str, name: str, strategies: str, named: str, path: str, text: str, more: dict[str, str]) -> Case:
    """Declare a case in which a 1 in one file becomes a 2, where ``$`` stands."""
    files = {"test_a.py": _TEST, **more, path: text.replace("$", "1")}
    return _case(kind, name, strategies, named, files, {path: text.replace("$", "2")})


# -- code ---------------------------------------------------------------------------------------------------------------

_PLACES = "places of code"


def _place(name: str, named: str, path: str, text: str, more: dict[str, str] | None = None) -> Case:
    return _template(_PLACES, name, "code_change", named, path, text, more or {})


_AUTOUSE = (
    "import pytest\n\nimport shop\n\n\n@pytest.fixture(autouse=True)\ndef patched(monkeypatch):\n"
    "    monkeypatch.setattr(shop, 'rate', lambda: $)\n"
)
_WRAPPER = (
    "import pytest\n\nimport shop\n\n\n@pytest.hookimpl(wrapper=True)\ndef pytest_runtest_call(item):\n"
    "    shop.RATE = $\n    return (yield)\n"
)
_ADDS_FIXTURE = (
    "import pytest\n\nimport shop\n\n\n@pytest.fixture\ndef patched():\n    shop.RATE = 2\n    yield\n    shop.RATE = 0\n\n\n"
    "def pytest_collection_modifyitems(items):\n    for item in items:\n        item.fixturenames.append({})\n"
)
_FROM_SHOP = {"test_a.py": _CALLS.format("shop.rate()")}
_STATE = {"shop.py": "RATE = 0\n\n\ndef rate():\n    return RATE\n"}
_SAME_NAME = "def test_it():\n    assert {}().rate() == 2\n"
PLACES = [
    _place("a default argument", "^rate in shop", "shop.py", "def rate(n=$):\n    return n\n"),
    _place(
        "a default argument that is a constant of another module",
        "RATE in consts",
        "consts.py",
        "RATE = $\n",
        {"shop.py": "import consts\n\n\ndef rate(n=consts.RATE):\n    return n\n"},
    ),
    _place(
        "a function that a function makes",
        "^make",
        "makers.py",
        "def make():\n    def rate():\n        return $\n\n    return rate\n",
        {"shop.py": "from makers import make\n\nrate = make()\n"},
    ),
    _place(
        "a decorator of a class",
        "^rated in",
        "deco.py",
        "def rated(cls):\n    cls.rate = $\n    return cls\n",
        {
            "shop.py": "from deco import rated\n\n\n@rated\nclass Shop:\n    pass\n",
            "test_a.py": _CALLS.format("shop.Shop.rate"),
        },
    ),
    _place(
        "__call__ of a metaclass",
        r"^Meta\.__call__ in",
        "meta.py",
        "class Meta(type):\n    def __call__(cls):\n        made = super().__call__()\n        made.rate = $\n"
        "        return made\n",
        {
            "shop.py": "from meta import Meta\n\n\nclass Shop(metaclass=Meta):\n    pass\n",
            "test_a.py": _CALLS.format("shop.Shop().rate"),
        },
    ),
    _place(
        "__getattr__ of a module",
        "^__getattr__ in shop",
        "shop.py",
        "def __getattr__(name):\n    if name == 'RATE':\n        return $\n    raise AttributeError(name)\n",
        {"test_a.py": _CALLS.format("shop.RATE")},
    ),
    _place(
        "a context manager",
        "^open_shop in",
        "shop.py",
        "from contextlib import contextmanager\n\n\n@contextmanager\ndef open_shop():\n    yield $\n",
        {
            "test_a.py": "from shop import open_shop\n\n\ndef test_it():\n    with open_shop() as n:\n        assert n == 2\n"
        },
    ),
    _place(
        "the default of a dataclass's field",
        r"^Shop(\.rate)? in",
        "shop.py",
        "from dataclasses import dataclass\n\n\n@dataclass\nclass Shop:\n    name: str = 'a'\n    rate: int = $\n",
        {"test_a.py": _CALLS.format("shop.Shop('b').rate")},
    ),
    _case(
        _PLACES,
        "an annotation that is read when it is run",
        "code_change",
        r"^Shop(\.rate)? in",
        {
            "shop.py": "class Shop:\n    rate: int\n\n\ndef rate():\n    return {int: 1, float: 2}[Shop.__annotations__['rate']]\n",
            "test_a.py": _TEST,
        },
        {
            "shop.py": "class Shop:\n    rate: float\n\n\ndef rate():\n    return {int: 1, float: 2}[Shop.__annotations__['rate']]\n"
        },
    ),
    _place(
        "a docstring that is read",
        "^usage in shop",
        "shop.py",
        'def usage():\n    """$"""\n\n\ndef rate():\n    return int(usage.__doc__)\n',
    ),
    _case(
        _PLACES,
        "the order of base classes",
        "code_change",
        "^Shop in shop",
        {
            "shop.py": "from bases import A, B\n\n\nclass Shop(A, B):\n    pass\n",
            "bases.py": "class A:\n    rate = 1\n\n\nclass B:\n    rate = 2\n",
            "test_a.py": _CALLS.format("shop.Shop().rate"),
        },
        {"shop.py": "from bases import A, B\n\n\nclass Shop(B, A):\n    pass\n"},
    ),
    _place(
        "what singledispatch has registered",
        "_of_int|<module>|^_ in",
        "rates.py",
        "from shop import rate_of\n\n\n@rate_of.register\ndef _of_int(value: int):\n    return $\n",
        {
            "shop.py": "from functools import singledispatch\n\n\n@singledispatch\ndef rate_of(value):\n    return 0\n",
            "test_a.py": "import rates\nfrom shop import rate_of\n\n\ndef test_it():\n    assert rates and rate_of(7) == 2\n",
        },
    ),
    _place(
        "a function without a name in a table",
        "^TABLE in shop",
        "shop.py",
        "TABLE = {'a': lambda: $}\n\n\ndef rate():\n    return TABLE['a']()\n",
    ),
    _case(
        _PLACES,
        "a regular expression that is compiled at import",
        "code_change",
        "^PATTERN in shop",
        {
            "shop.py": "import re\n\nPATTERN = re.compile('(1)')\n\n\ndef rate():\n    return int(PATTERN.search('12')[1])\n",
            "test_a.py": _TEST,
        },
        {
            "shop.py": "import re\n\nPATTERN = re.compile('1(2)')\n\n\ndef rate():\n    return int(PATTERN.search('12')[1])\n"
        },
    ),
    _place("a fixture of all tests that patches", "^patched in conftest", "conftest.py", _AUTOUSE, _FROM_SHOP | _STATE),
    _place(
        "a wrapper around the call, in a plugin of the project",
        "^pytest_runtest_call in plug",
        "plug.py",
        _WRAPPER,
        {**_STATE, "conftest.py": "pytest_plugins = ['plug']\n"},
    ),
    _case(
        _PLACES,
        "a hook that adds a fixture to tests",
        "code_change",
        "^pytest_collection_modifyitems in",
        {"conftest.py": _ADDS_FIXTURE.format("'request'"), "test_a.py": _TEST, **_STATE},
        {"conftest.py": _ADDS_FIXTURE.format("'patched'")},
    ),
    _case(
        _PLACES,
        "parameters of the test",
        "code_change",
        "^test_it in test_a",
        {
            "test_a.py": "import pytest\n\n\n@pytest.mark.parametrize('n', [1], ids=['n'])\ndef test_it(n):\n    assert n == 2\n"
        },
        {
            "test_a.py": "import pytest\n\n\n@pytest.mark.parametrize('n', [2], ids=['n'])\ndef test_it(n):\n    assert n == 2\n"
        },
    ),
    _case(
        _PLACES,
        "a strict mark that was taken off",
        "code_change",
        "^test_it in test_a",
        {"test_a.py": "import pytest\n\n\n@pytest.mark.xfail(strict=True)\ndef test_it():\n    assert 1\n"},
        {"test_a.py": "import pytest\n\n\ndef test_it():\n    assert 1\n"},
    ),
    _place(
        "a function that a thread runs",
        "^work in workers",
        "workers.py",
        "def work(found):\n    found.append($)\n",
        {
            "shop.py": "import threading\n\nimport workers\n\n\ndef rate():\n    found = []\n"
            "    thread = threading.Thread(target=workers.work, args=(found,))\n    thread.start()\n    thread.join()\n"
            "    return found[0]\n"
        },
    ),
    _place(
        "a function that another process runs",
        "^work in workers",
        "workers.py",
        "def work(n):\n    return n + $ - 1\n",
        {
            "shop.py": "import multiprocessing\n\nimport workers\n\n\ndef rate():\n"
            "    with multiprocessing.get_context('spawn').Pool(1) as pool:\n        return pool.map(workers.work, [1])[0]\n"
        },
    ),
    _place(
        "a module whose name is computed",
        "^rate in plugins/of_x",
        "plugins/of_x.py",
        "def rate():\n    return $\n",
        {
            "plugins/__init__.py": "",
            "shop.py": "import importlib\n\n\ndef rate(kind='x'):\n"
            "    return importlib.import_module(f'plugins.of_{kind}').rate()\n",
        },
    ),
    _place(
        "a method of one of two classes, by its object",
        r"^B\.rate in b",
        "b.py",
        "class B:\n    def rate(self):\n        return $\n",
        {
            "a.py": "class A:\n    def rate(self):\n        return 1\n",
            "shop.py": "from a import A\nfrom b import B\n\nKINDS = {'a': A, 'b': B}\n\n\ndef rate(kind='b'):\n"
            "    return KINDS[kind]().rate()\n",
        },
    ),
    _place(
        "a module that replaces itself",
        "in settings",
        "settings.py",
        "import sys\nimport types\n\nsys.modules[__name__] = types.SimpleNamespace(RATE=$)\n",
        {"shop.py": "import settings\n\n\ndef rate():\n    return settings.RATE\n"},
    ),
    _place(
        "a function of a class that type() makes",
        "_rate in shop",
        "shop.py",
        "def _rate(self):\n    return $\n\n\nShop = type('Shop', (), {'rate': _rate})\n",
        {"test_a.py": _CALLS.format("shop.Shop().rate()")},
    ),
]

# -- Python that git ignores ----------------------------------------------------------------------------------------------

_IGNORED = "Python that git ignores"
IGNORED = [
    _template(
        _IGNORED,
        "local settings",
        "code_change",
        "settings_local",
        "settings_local.py",
        "RATE = $\n",
        {
            "shop.py": "try:\n    from settings_local import RATE\nexcept ImportError:\n    RATE = 2\n\n\n"
            "def rate():\n    return RATE\n",
            ".gitignore": "settings_local.py\n",
        },
    ),
    _template(
        _IGNORED,
        "a generated module of a package",
        "code_change",
        "api_pb2",
        "gen/api_pb2.py",
        "class Api:\n    def rate(self):\n        return $\n",
        {
            "shop.py": "from gen.api_pb2 import Api\n\n\ndef rate():\n    return Api().rate()\n",
            ".gitignore": "gen/\n",
        },
    ),
    _case(
        _IGNORED,
        "it was not there",
        "code_change",
        "_version",
        {
            "test_a.py": _TEST,
            "shop.py": "def rate():\n    try:\n        from _version import RATE\n    except ImportError:\n        return 1\n"
            "    return RATE\n",
            ".gitignore": "_version.py\n",
        },
        {"_version.py": "RATE = 2\n"},
    ),
]

# -- data ---------------------------------------------------------------------------------------------------------------


def _archive(text: str) -> Callable[[Path], None]:
    def write(rootdir: Path) -> None:
        with zipfile.ZipFile(rootdir / "data.zip", "w") as archive:
            archive.writestr(zipfile.ZipInfo("rate.txt"), text)

    return write


_DATA = "more data"


def _data(name: str, named: str, path: str, text: str, code: str, more: dict[str, str] | None = None) -> Case:
    return _template(_DATA, name, "data_change", named, path, text, {"shop.py": _HERE + code, **(more or {})})


DATA = [
    _data(
        "a template in a folder",
        r"cart\.html",
        "templates/cart.html",
        "<p>$</p>\n",
        "\n\ndef render(name):\n    return (HERE / 'templates' / f'{name}.html').read_text()\n\n\n"
        "def rate():\n    return int(render('cart')[3])\n",
    ),
    _case(
        _DATA,
        "a member of an archive",
        "data_change",
        r"data\.zip",
        {
            "test_a.py": _TEST,
            "shop.py": _HERE
            + "import zipfile\n\n\ndef rate():\n    with zipfile.ZipFile(HERE / 'data.zip') as archive:\n"
            "        return int(archive.read('rate.txt'))\n",
        },
        {},
        Run(before=_archive("1")),
        Run(before=_archive("2")),
    ),
    _case(
        _DATA,
        "a file that only has to be there",
        "data_change",
        "fast",
        {
            "test_a.py": _TEST,
            "shop.py": _HERE + "\n\ndef rate():\n    return 2 if (HERE / 'fast.flag').exists() else 1\n",
        },
        {"fast.flag": ""},
    ),
    _case(
        _DATA,
        "ends of lines",
        "data_change",
        r"rates\.txt",
        {
            "test_a.py": _TEST,
            "shop.py": _HERE + "\n\ndef rate():\n    return len((HERE / 'rates.txt').read_bytes())\n",
            "rates.txt": "a\n\n",
        },
        {"rates.txt": "a\n"},
    ),
    _case(
        _DATA,
        "what a test expects, by its name",
        "data_change",
        "test_it",
        {
            "test_a.py": _HERE + "\n\ndef test_it(request):\n"
            "    assert (HERE / 'expected' / f'{request.node.name}.txt').read_text() == 'b'\n",
            "expected/test_it.txt": "a",
        },
        {"expected/test_it.txt": "b"},
    ),
    _case(
        _DATA,
        "what an earlier build left, and git ignores",
        "data_change",
        "build/",
        {
            "test_a.py": _TEST,
            "shop.py": _HERE + "\n\ndef rate():\n    return 2 + len(list((HERE / 'build').glob('*.rate')))\n",
            ".gitignore": "build/\n",
            "build/old.rate": "1",
        },
        {"build/old.rate": None},
    ),
    _case(
        _DATA,
        "true: a data file; false: another test of the file",
        "data_change",
        r"rate\.csv",
        {
            "test_a.py": _TEST + "\n\ndef test_b():\n    assert 1\n",
            "shop.py": _HERE
            + "import csv\n\n\ndef rate():\n    with (HERE / 'rate.csv').open() as file:\n        return int(next(csv.reader(file))[0])\n",
            "rate.csv": "1,a\n",
        },
        {"rate.csv": "2,a\n", "test_a.py": _TEST + "\n\ndef test_b():\n    assert 2\n"},
    ),
    _case(
        _DATA,
        "code in a file that is not called so",
        "data_change|code_change",
        r"rules\.tmpl",
        {
            "test_a.py": _TEST,
            "shop.py": _HERE + "\n\ndef rate():\n    known = {}\n    exec((HERE / 'rules.tmpl').read_text(), known)\n"
            "    return known['RATE']\n",
            "rules.tmpl": "RATE = 1\n",
        },
        {"rules.tmpl": "RATE = 2\n"},
    ),
]

# -- what a process is started with -----------------------------------------------------------------------------------------

_PROCESS = "what a process is started with"


def _shell(words: str) -> Run:
    return Run(prefix=("sh", "-c", f'{words} && exec "$@"', "sh"))


def _executable(rootdir: Path) -> None:
    for folder in ("one", "two"):
        (rootdir / folder / "rate-tool").chmod(0o755)


def _env(name: str, named: str, code: str, before: dict[str, str], after: dict[str, str]) -> Case:
    files = {"test_a.py": _TEST, "shop.py": code}
    return _case(_PROCESS, name, "environment_change", named, files, {}, Run(env=before), Run(env=after))


PROCESS = [
    _case(
        _PROCESS,
        "another folder",
        "environment_change|option_change|unknown",
        "folder|director|cwd|sub|not known",
        {"test_a.py": "import os\n\n\ndef test_it():\n    assert not os.getcwd().endswith('sub')\n", "sub/x": ""},
        {},
        Run(prefix=("sh", "-c", 'cd sub && exec "$@" ..', "sh")),
    ),
    _case(
        _PROCESS,
        "umask",
        "environment_change|unknown",
        "umask|not known",
        {
            "test_a.py": "def test_it(tmp_path):\n    (tmp_path / 'a').write_text('')\n"
            "    assert (tmp_path / 'a').stat().st_mode & 0o777 == 0o644\n"
        },
        {},
        _shell("umask 077"),
        _shell("umask 022"),
    ),
    _case(
        _PROCESS,
        "how many files may be open",
        "environment_change|unknown",
        "(?i)limit|nofile|open|not known",
        {
            "test_a.py": "import resource\n\n\ndef test_it():\n"
            "    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 500\n"
        },
        {},
        _shell("ulimit -S -n 400"),
        _shell("ulimit -S -n 600"),
    ),
    _case(
        _PROCESS,
        "how many processors",
        "environment_change|unknown",
        "(?i)cpu|processor|affinity|not known",
        {"test_a.py": "import os\n\n\ndef test_it():\n    assert len(os.sched_getaffinity(0)) > 1\n"},
        {},
        Run(prefix=("taskset", "-c", "0")),
    ),
    _env(
        "the order of hashes",
        "PYTHONHASHSEED",
        "def rate():\n    return 1 if hash('a') % 1000 == 19 else 2\n",
        {"PYTHONHASHSEED": "0"},
        {"PYTHONHASHSEED": "1"},
    ),
    _case(
        _PROCESS,
        "a program on PATH",
        "environment_change",
        "PATH",
        {
            "test_a.py": _TEST,
            "shop.py": "import subprocess\n\n\ndef rate():\n    done = subprocess.run(['rate-tool'], capture_output=True)\n"
            "    return int(done.stdout)\n",
            "one/rate-tool": "#!/bin/sh\necho 1\n",
            "two/rate-tool": "#!/bin/sh\necho 2\n",
        },
        {},
        Run(env={"PATH": "one:/usr/bin:/bin"}, before=_executable),
        Run(env={"PATH": "two:/usr/bin:/bin"}),
    ),
    _env(
        "a secret that was not set",
        "SHOP_API_TOKEN",
        "import os\n\n\ndef rate():\n    return 2 if os.environ.get('SHOP_API_TOKEN') else 1\n",
        {},
        {"SHOP_API_TOKEN": "hunter22hunter22"},
    ),
    _env(
        "a proxy",
        "(?i)https?_proxy",
        "import urllib.request\n\n\ndef rate():\n    return 1 if 'http' in urllib.request.getproxies() else 2\n",
        {"HTTP_PROXY": "http://127.0.0.1:1"},
        {},
    ),
    _env(
        "the width of the terminal",
        "COLUMNS",
        "import shutil\n\n\ndef rate():\n    return 1 if shutil.get_terminal_size().columns < 50 else 2\n",
        {"COLUMNS": "40"},
        {"COLUMNS": "100"},
    ),
    _env(
        "the development mode",
        "PYTHONDEVMODE|dev_mode",
        "import sys\n\n\ndef rate():\n    return 1 if sys.flags.dev_mode else 2\n",
        {"PYTHONDEVMODE": "1"},
        {},
    ),
    _env(
        "true: a variable; false: another way to tell failures",
        "SHOP_RATE",
        "import os\n\n\ndef rate():\n    return int(os.environ['SHOP_RATE'])\n",
        {"SHOP_RATE": "1", "PYTEST_ADDOPTS": "--tb=short"},
        {"SHOP_RATE": "2", "PYTEST_ADDOPTS": "--tb=long -v"},
    ),
    _case(
        _PROCESS,
        "the same module in two folders",
        "environment_change|code_change",
        "PYTHONPATH|rates",
        {
            "test_a.py": _TEST,
            "shop.py": "import rates\n\n\ndef rate():\n    return rates.RATE\n",
            "one/rates.py": "RATE = 1\n",
            "two/rates.py": "RATE = 2\n",
        },
        {},
        Run(env={"PYTHONPATH": "one"}),
        Run(env={"PYTHONPATH": "two"}),
    ),
]

# -- distributions --------------------------------------------------------------------------------------------------------

_INSTALLED = "what is installed"
_DEP = distribution("ratebook", "1.0", {"ratebook.py": "def rate():\n    return 2\n"})
_SPEEDUP = distribution("speedup", "1.0", {"speedup.py": "def rate():\n    return 1\n"})


def _bundle(rate: int) -> dict[str, str]:
    return distribution(
        "ratebook",
        "1.0",
        {
            "ratebook/__init__.py": "from pathlib import Path\n\n\ndef rate():\n"
            "    return int((Path(__file__).parent / 'rates.txt').read_text())\n",
            "ratebook/rates.txt": str(rate),
        },
    )


INSTALLED = [
    _case(
        _INSTALLED,
        "it was not",
        "dependency_change",
        "ratebook",
        {"test_a.py": "def test_it():\n    from ratebook import rate\n\n    assert rate() == 2\n", f"{SITE}/x": ""},
        dict(_DEP),
    ),
    _case(
        _INSTALLED,
        "it was, and stood in the place of something slower",
        "dependency_change",
        "speedup",
        {
            "test_a.py": _TEST,
            "shop.py": "try:\n    from speedup import rate\nexcept ImportError:\n\n    def rate():\n        return 2\n",
            **_SPEEDUP,
        },
        without(_SPEEDUP),
        second=Run(before=lambda rootdir: (rootdir / SITE / "speedup-1.0.dist-info").rmdir()),
    ),
    _case(
        _INSTALLED,
        "data of a distribution of the same version",
        "dependency_change",
        "ratebook",
        {"test_a.py": _TEST, "shop.py": "from ratebook import rate\n\n__all__ = ['rate']\n", **_bundle(1)},
        dict(_bundle(2)),
    ),
]

# -- options ------------------------------------------------------------------------------------------------------------

_OPTIONS = "more options"


def _option(name: str, named: str, test: str, first: tuple[str, ...], second: tuple[str, ...]) -> Case:
    return _case(
        _OPTIONS, name, "option_change", named, {"test_a.py": test}, {}, Run(arguments=first), Run(arguments=second)
    )


_XPASSES = "import pytest\n\n\n@pytest.mark.xfail\ndef test_it():\n    assert 1\n"
_TOX = "[pytest]\nfilterwarnings = {}\n"
_WARNED = "import warnings\n\nimport shop\n\n\ndef test_it():\n    assert shop.rate()\n"
_WARNS = "import warnings\n\n\ndef rate():\n    warnings.warn('old', DeprecationWarning, stacklevel=1)\n    return {}\n"
OPTIONS = [
    _option(
        "a level of logging",
        "log.level",
        "import logging\n\n\ndef test_it(caplog):\n    logging.getLogger('a').info('b')\n    assert caplog.records\n",
        (),
        ("--log-level=INFO",),
    ),
    _option("xfail_strict", "xfail_strict", _XPASSES, ("-o", "xfail_strict=true"), ()),
    _option(
        "nothing captured",
        "-s|capture",
        "import sys\n\n\ndef test_it():\n    assert sys.stdin.read() == ''\n",
        (),
        ("-s",),
    ),
    _option(
        "plain assertions",
        "assert",
        "def test_it():\n    n = 1\n    try:\n        assert n == 2\n    except AssertionError as error:\n"
        "        assert str(error)\n",
        ("--assert=plain",),
        (),
    ),
    _case(
        _OPTIONS,
        "filters of warnings in tox.ini",
        "option_change|data_change",
        r"filterwarnings|tox\.ini",
        {"test_a.py": _WARNED, "shop.py": _WARNS.format(1), "tox.ini": _TOX.format("error")},
        {"tox.ini": _TOX.format("ignore")},
    ),
    _case(
        _OPTIONS,
        "true: an option; false: a harmless change of a called function",
        "option_change",
        "-W|error",
        {"test_a.py": _WARNED, "shop.py": _WARNS.format(1)},
        {"shop.py": _WARNS.format(2)},
        Run(arguments=("-W", "error")),
    ),
]

# -- what tests leave ---------------------------------------------------------------------------------------------------

_LEAVE = "more that tests leave"


def _order(name: str, polluter: str, victim: str, head: str = "", more: dict[str, str] | None = None) -> Case:
    text = f"{head}\n\ndef test_bad():\n    {polluter}\n\n\ndef test_other():\n    assert 1\n\n\ndef test_it():\n    {victim}\n"
    bad, other, it = (f"test_a.py::test_{name}" for name in ("bad", "other", "it"))
    files = {"test_a.py": text, **(more or {})}
    first, second = Run(arguments=(bad, other, it)), Run(arguments=(other, it, bad))
    return _case(_LEAVE, name, "order_change", "test_bad", files, {}, first, second)


_MARKED = (
    "import pytest\n\nimport shop\n\n\n@pytest.mark.slow\ndef test_bad():\n    shop.RATE = 1\n\n\n"
    "def test_it():\n    assert shop.rate() == 2\n"
)
_USES = "import shop\n\n\ndef use():\n    shop.STATE.append(1)\n{}"
_VICTIM = "import shop\n\n\ndef test_it():\n    assert not shop.STATE\n"
LEAVE = [
    _order("sys.path", "sys.path.insert(0, '/x')", "assert '/x' not in sys.path", "import sys\n"),
    _order(
        "a seed",
        "random.seed(1)",
        "assert random.getstate()[1][:2] != random.Random(1).getstate()[1][:2]",
        "import random\n",
    ),
    _order(
        "a method of a class",
        "shop.Shop.rate = lambda self: 1",
        "assert shop.Shop().rate() == 2",
        "import shop\n",
        {"shop.py": "class Shop:\n    def rate(self):\n        return 2\n"},
    ),
    _order(
        "a default of the sockets",
        "socket.setdefaulttimeout(1)",
        "assert socket.getdefaulttimeout() is None",
        "import socket\n",
    ),
    _case(
        _LEAVE,
        "the polluter was left out by a mark",
        "order_change",
        "test_bad",
        {
            "test_a.py": _MARKED,
            "shop.py": "RATE = 2\n\n\ndef rate():\n    return RATE\n",
            "pytest.ini": "[pytest]\nmarkers = slow\n",
        },
        {},
        Run(),
        Run(arguments=("-m", "not slow")),
    ),
    _case(
        _LEAVE,
        "what a helper of another test leaves",
        "code_change",
        "^use in helpers",
        {
            "test_a.py": "import helpers\n\n\ndef test_bad():\n    helpers.use()\n",
            "test_b.py": _VICTIM,
            "shop.py": "STATE = []\n",
            "helpers.py": _USES.format(""),
        },
        {"helpers.py": _USES.format("    shop.STATE.clear()\n")},
    ),
    _case(
        _LEAVE,
        "another file of tests that patches when it is imported",
        "code_change|order_change",
        "test_a",
        {
            "test_a.py": "import shop\n\nshop.STATE.append(1)\n\n\ndef test_bad():\n    assert shop.STATE\n",
            "test_b.py": _VICTIM,
            "shop.py": "STATE = []\n",
        },
        {"test_a.py": "import shop\n\n\ndef test_bad():\n    assert not shop.STATE\n"},
    ),
    _case(
        _LEAVE,
        "the test that left something is gone",
        "code_change|order_change",
        "test_bad",
        {
            "test_a.py": "import shop\n\n\ndef test_bad():\n    shop.STATE.append(1)\n\n\ndef test_it():\n    assert not shop.STATE\n",
            "shop.py": "STATE = []\n",
        },
        {"test_a.py": "import shop\n\n\ndef test_it():\n    assert not shop.STATE\n"},
    ),
]

# -- bad luck -----------------------------------------------------------------------------------------------------------

_BAD_LUCK = "more bad luck"


def _raises(error: str) -> str:
    return AWAY + f"\n\ndef test_it():\n    if AWAY.exists():\n        raise {error}\n"


def _luck(
    name: str, files: dict[str, str], after: dict[str, str | None] | None = None, strategies: str = _LUCK
) -> Case:
    return _case(_BAD_LUCK, name, strategies, "", {**files, "../away": ""}, {**(after or {}), "../away": None})


_OTHERS = "def one():\n    return {}\n"
LUCK = [
    _luck("the disk was full", {"test_a.py": _raises("OSError(28, 'No space left on device')")}),
    _luck(
        "no memory, beside a new test elsewhere",
        {"test_b.py": _raises("MemoryError")},
        {"tests/test_new.py": "def test_new():\n    assert 1\n"},
    ),
    _luck(
        "settings of another tool",
        {"test_a.py": _PLAIN, "pyproject.toml": "[tool.ruff]\nline-length = 100\n"},
        {"pyproject.toml": "[tool.ruff]\nline-length = 120\n"},
    ),
    _luck(
        "a distribution that nobody imports",
        {"test_a.py": _PLAIN, **distribution("linter", "1.0", {"linter.py": "X = 1\n"})},
        {
            **without(distribution("linter", "1.0", {"linter.py": "X = 1\n"})),
            **distribution("linter", "1.1", {"linter.py": "X = 2\n"}),
        },
    ),
    _luck(
        "workflows and documents",
        {"test_a.py": _PLAIN, ".github/workflows/ci.yml": "on: push\n", "docs/a.md": "a\n"},
        {".github/workflows/ci.yml": "on: [push]\n", "docs/a.md": "b\n", "CHANGELOG.md": "c\n"},
    ),
    _luck(
        "a class with a method of the same name as one that is called",
        {
            "test_a.py": _PLAIN.replace("AWAY.exists()", "AWAY.exists() or {}.get(1)"),
            "other.py": "class Cache:\n    def get(self, key):\n        return 1\n",
        },
        {"other.py": "class Cache:\n    def get(self, key):\n        return 2\n"},
    ),
    Case(
        _BAD_LUCK,
        "a commit for each run, none of which it reaches",
        _LUCK,
        "",
        tuple(
            Run(
                {
                    "test_a.py": _PLAIN,
                    "other.py": _OTHERS.format(n),
                    "../away": "" if n in (3, 5) else None,
                },
                commit=True,
            )
            for n in range(7)
        ),
    ),
]

CASES = [*PLACES, *IGNORED, *DATA, *PROCESS, *INSTALLED, *OPTIONS, *LEAVE, *LUCK]
