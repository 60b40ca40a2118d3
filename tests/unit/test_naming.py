"""What is no code is tied to a test by the code that names it, and by nothing that only looks like its name."""

from __future__ import annotations

import re

import pytest

from pytest_debugloop.loading.recoveries.code_changes import Unit
from pytest_debugloop.loading.recoveries.data import wanted_file
from pytest_debugloop.loading.recoveries.distributions import wanted_distribution
from pytest_debugloop.loading.recoveries.naming import Wanted, parts_of
from pytest_debugloop.loading.recoveries.variables import wanted_variable


def degree(wanted: Wanted, source: str) -> int:
    """How surely code names something; what does not stand in it as the database looks for it is not looked at."""
    if not re.search(wanted.words, source, re.IGNORECASE | re.MULTILINE):
        return 0
    unit = Unit("1", "app.py", "<module>", 1, 1, (), ())
    return max((wanted.degree(mentioned) for _, mentioned in parts_of(unit, source)), default=0)


@pytest.mark.parametrize(
    ("path", "source", "expected"),
    [
        ("data/rates.json", "open('data/rates.json')", 3),
        ("data/rates.json", "DATA / 'rates.json'", 3),
        ("data/rates.json", "load('rates')", 2),
        ("data/rates.json", "load(f'{name}.json')", 1),
        ("data/rates.json", "DATA.glob('*.json')", 1),
        ("data/rates.json", "HERE / 'data'", 1),
        ("data/rates.json", "open('other.json')", 0),
        ("data/rates_v2.json", "open(f'{name}_v2.json')", 1),
        ("data/rates.json", "rates = 1", 0),
        ("data/rates.json", '"""Reads rates.json."""', 0),
        ("data/rates.json", "load('all rates')", 0),
        (".env", "load('.env')", 3),
        (".env", "from dotenv import load_dotenv", 2),
        (".env", "env = 1", 0),
        ("fast.c", "import fast", 3),
        ("src/pkg/_fast.pyx", "from pkg import _fast", 3),
        ("fast.cpython-312-x86_64-linux-gnu.so", "from fast import rate", 3),
        ("fast.json", "import fast", 0),
    ],
)
def test_a_file_is_named_by_a_string(path: str, source: str, expected: int) -> None:
    assert degree(wanted_file(path), source) == expected


@pytest.mark.parametrize(
    ("name", "source", "expected"),
    [
        ("SHOP_RATE", "os.environ['SHOP_RATE']", 4),
        ("SHOP_RATE", "KEY = 'SHOP_RATE'", 4),
        ("SHOP_RATE", "os.environ['SHOP_' + name]", 2),
        ("SHOP_RATE", "os.environ[f'SHOP_{name}']", 2),
        ("SHOP_RATE", "os.environ[f'{prefix}_RATE']", 2),
        ("SHOP_RATE", "class S(BaseSettings):\n    shop_rate: int", 3),
        ("SHOP_RATE", "class S(BaseSettings):\n    model_config = dict(env_prefix='shop_')", 2),
        ("SHOP_RATE", "class S:\n    shop_rate: int", 0),
        ("SHOP_RATE", "print('shop')", 1),
        ("SHOP_RATE", "print('rate')", 0),
        ("SHOP_RATE", "SHOP_RATE = 1", 0),
        ("RATE", "os.environ['RATE']", 4),
        ("RATE", "RATE_OF = 'x'", 0),
        ("HOME", "Path.home()", 4),
        ("HOME", "os.path.expanduser('~/.shoprc')", 4),
        ("HOME", "at_home = 1", 0),
        ("TMPDIR", "tempfile.mkdtemp()", 4),
        ("PATH", "shutil.which('git')", 4),
    ],
)
def test_a_variable_is_named_by_a_string_or_a_field(name: str, source: str, expected: int) -> None:
    assert degree(wanted_variable(name), source) == expected


@pytest.mark.parametrize(
    ("modules", "source", "expected"),
    [
        (["dep"], "import dep", 2),
        (["dep", "group:shop.rates"], "entry_points(group='shop.rates')", 2),
        (["dep", "group:shop.rates"], "entry_points(group='shop')", 0),
        (["dep", "group:shop.rates"], "import shop.rates", 0),
        (["dep"], "import os, dep.more as d", 2),
        (["dep"], "from dep.more import rate", 2),
        (["dep"], "def f():\n    from dep import rate", 2),
        (["dep"], "APPS = ['dep.apps']", 1),
        (["dep"], "import deputy", 0),
        (["dep"], "from . import dep", 0),
        (["dep"], "dep = 1", 0),
        (["attr", "attrs"], "import attrs", 2),
    ],
)
def test_a_distribution_is_named_by_an_import(modules: list[str], source: str, expected: int) -> None:
    assert degree(wanted_distribution("x", modules), source) == expected


def test_a_module_names_things_statement_by_statement() -> None:
    unit = Unit("1", "app.py", "<module>", 1, 3, ("A", "B"), ())
    parts = dict(parts_of(unit, "A = open('a.json')\nB = 2\nimport dep\nprint('x')\n"))
    assert {names: sorted(mentioned.texts) for names, mentioned in parts.items()} == {
        ("A",): ["a.json"],
        ("B",): [],
        ("dep",): [],
        ("A", "B"): ["x"],
    }


def test_what_cannot_be_parsed_names_nothing() -> None:
    assert list(parts_of(Unit("1", "app.py", "f", 1, 1, (), ()), "def f(:")) == []
