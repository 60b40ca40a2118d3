"""Files that are no Python, and code outside of rootdir."""

from __future__ import annotations

import subprocess
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.truth.cases.case import SITE, Case, Run, changed

_TEST = "from shop import rate\n\n\ndef test_it():\n    assert rate() == 2\n"
_SHOP = (
    "from pathlib import Path\n{more}\n\ndef rate():\n    path = Path(__file__).parent / '{path}'\n    return {read}\n"
)
_HARMLESS = "    path = Path(__file__).parent / '{path}'\n    path = path.absolute()\n"


def _shop(path: str, read: str, more: str = "") -> dict[str, str]:
    return {"test_a.py": _TEST, "shop.py": _SHOP.format(more=f"\n{more}\n" if more else "", path=path, read=read)}


def _data(
    path: str,
    read: str,
    before: str | None,
    after: str | None,
    more: str = "",
    *,
    name: str = "",
    ignored: str = "",
    change: dict[str, str | None] | None = None,
    commit: bool = False,
) -> Case:
    files = _shop(path, read, more) | ({".gitignore": ignored} if ignored else {})
    if before is not None:
        files[path] = before
    runs = changed(files, {path: after, **(change or {})}, Run(), Run(commit=commit))
    return Case("data files", name or f"{path} that git has", "data_change", path.replace(".", r"\."), runs)


@contextmanager
def _untracked(rootdir: Path) -> Iterator[None]:
    (rootdir / "x.json").write_text('{"rate": 1}')
    yield


_JSON = "json.loads(path.read_text())['rate']"
_SQL = "sqlite3.connect(':memory:').executescript(path.read_text()).execute('SELECT rate FROM t').fetchone()[0]"
_CALLED = _shop("x.json", _JSON, "import json")
_FOUR = _shop("data/rates.json", _JSON, "import json") | {"data/rates.json": '{"rate": 1}'}
_AMBR = (
    "from pathlib import Path\n\n\ndef test_it():\n"
    "    kept = (Path(__file__).parent / '__snapshots__' / 'test_a.ambr').read_text()\n    assert '2' in kept\n"
)
_RESOURCE = "from importlib import resources\n\n\ndef rate():\n    return int((resources.files('pkg') / 'rate.txt').read_text())\n"
_INI = "int((c := configparser.ConfigParser(), c.read(path))[0]['shop']['rate'])"
DATA = [
    _data("data/rates.json", _JSON, '{"rate": 1}', '{"rate": 2}', "import json"),
    _data(
        "rates.json",
        _JSON,
        '{"rate": 1}',
        '{"rate": 2}',
        "import json",
        name="json, committed",
        commit=True,
    ),
    _data("data/rates.yaml", "int(path.read_text().partition(':')[2])", "rate: 1\n", "rate: 2\n"),
    Case(
        "data files",
        "rates.toml that git has",
        "data_change",
        r"rates\.toml",
        changed(
            _shop("rates.toml", "tomllib.loads(path.read_text())['rate']", "import tomllib")
            | {"rates.toml": "rate = 1\n"},
            {"rates.toml": "rate = 2\n"},
        ),
        ("tomllib",),
    ),
    _data(
        "schema.sql",
        _SQL,
        "CREATE TABLE t (rate);\nINSERT INTO t VALUES (1);\n",
        "CREATE TABLE t (rate);\nINSERT INTO t VALUES (2);\n",
        "import sqlite3",
    ),
    Case(
        "data files",
        "__snapshots__/test_a.ambr that git has",
        "data_change",
        r"test_a\.ambr",
        changed(
            {"test_a.py": _AMBR, "__snapshots__/test_a.ambr": "# name: test_it\n  1\n"},
            {"__snapshots__/test_a.ambr": "# name: test_it\n  2\n"},
        ),
    ),
    _data(
        "new.json",
        _JSON,
        '{"rate": 1}',
        '{"rate": 2}',
        "import json",
        name="json that git ignores",
        ignored="new.json\n",
    ),
    Case(
        "data files",
        "json untracked, not ignored",
        "data_change",
        r"x\.json",
        (Run(_shop("x.json", _JSON, "import json"), during=_untracked), Run({"x.json": '{"rate": 2}'})),
    ),
    _data(
        "x.json",
        _JSON,
        '{"rate": 1}',
        '{"rate": 2}',
        "import json",
        name="data fix beside a harmless change of a called function",
        change={
            "shop.py": _CALLED["shop.py"].replace(
                _HARMLESS.partition("\n")[0].format(path="x.json") + "\n", _HARMLESS.format(path="x.json")
            )
        },
    ),
    Case(
        "data files",
        "json, failed four times on one version",
        "data_change",
        r"rates\.json",
        (*(Run(_FOUR) for _ in range(4)), Run({"data/rates.json": '{"rate": 2}'})),
    ),
    _data("prices.csv", "int(path.read_text().split(',')[1])", "pear,1\n", "pear,2\n"),
    _data("data/missing.json", _JSON, None, '{"rate": 2}', "import json", name="a file that was missing"),
    _data("shop.ini", _INI, "[shop]\nrate = 1\n", "[shop]\nrate = 2\n", "import configparser"),
    _data("rate.html", "int(path.read_text().count('<b>'))", "<b>x</b>", "<b>x</b><b>y</b>"),
    Case(
        "data files",
        "a resource of a package",
        "data_change",
        r"rate\.txt",
        changed(
            {"test_a.py": _TEST, "pkg/__init__.py": "", "pkg/rate.txt": "1", "shop.py": _RESOURCE},
            {"pkg/rate.txt": "2"},
        ),
    ),
    _data(
        "b/rate.txt",
        "int(path.read_text())",
        "1",
        "2",
        name="one of several files that changed",
        change={"a/other.txt": "2", "c/other.txt": "3"},
    ),
]

_MONEY_TEST = "from money import rate\n\n\ndef test_it():\n    assert rate() == 2\n"
_MONEY = "def rate():\n    return {}\n"
_FAST = """\
#include <Python.h>
static PyObject *rate(PyObject *self, PyObject *none) {{ return PyLong_FromLong({}); }}
static PyMethodDef methods[] = {{{{"rate", rate, METH_NOARGS, ""}}, {{NULL}}}};
static struct PyModuleDef module = {{PyModuleDef_HEAD_INIT, "fast", "", -1, methods}};
PyMODINIT_FUNC PyInit_fast(void) {{ return PyModule_Create(&module); }}
"""


def _compile(rootdir: Path) -> None:
    include = sysconfig.get_paths()["include"]
    (rootdir / "fast.so").unlink(missing_ok=True)
    subprocess.run(["cc", "-shared", "-fPIC", f"-I{include}", "fast.c", "-o", "fast.so"], cwd=rootdir, check=True)


_PATH = {"PYTHONPATH": "../lib"}
OUTSIDE = [
    Case(
        "code outside of rootdir, extensions",
        "a folder on sys.path outside of rootdir",
        "code_change|dependency_change",
        "rate|money",
        changed(
            {"test_a.py": _MONEY_TEST, "../lib/money.py": _MONEY.format(1)},
            {"../lib/money.py": _MONEY.format(2)},
            Run(env=_PATH),
            Run(env=_PATH),
        ),
    ),
    Case(
        "code outside of rootdir, extensions",
        "a C extension, its source in git",
        "code_change|data_change",
        "fast",
        changed(
            {"test_a.py": _MONEY_TEST.replace("money", "fast"), "fast.c": _FAST.format(1), ".gitignore": "*.so\n"},
            {"fast.c": _FAST.format(2)},
            Run(before=_compile),
            Run(before=_compile),
        ),
        ("cc",),
    ),
    Case(
        "code outside of rootdir, extensions",
        "a path dependency by a .pth file",
        "code_change|dependency_change",
        "rate|money",
        changed(
            {
                "test_a.py": _MONEY_TEST,
                "../lib/money.py": _MONEY.format(1),
                "conftest.py": f"import site\n\nsite.addsitedir('{SITE}')\n",
                f"{SITE}/money.pth": "../../../../lib\n",
            },
            {"../lib/money.py": _MONEY.format(2)},
        ),
    ),
    Case(
        "code outside of rootdir, extensions",
        "a package beside rootdir, in one checkout",
        "code_change|dependency_change",
        "rate|money",
        changed(
            {"app/pytest.ini": "[pytest]\n", "app/test_a.py": _MONEY_TEST, "lib/money.py": _MONEY.format(1)},
            {"lib/money.py": _MONEY.format(2)},
            Run(arguments=("--rootdir=app", "app"), env={"PYTHONPATH": "lib"}),
            Run(arguments=("--rootdir=app", "app"), env={"PYTHONPATH": "lib"}),
        ),
    ),
]

CASES = [*DATA, *OUTSIDE]
