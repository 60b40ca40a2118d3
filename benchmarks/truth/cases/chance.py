"""Flakes, changes beside a flake that have no part in it, and what the world does."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.truth.cases.case import AWAY, CHANCE, SITE, Case, Run, changed, distribution, flake

_TEST = AWAY + "\n\ndef test_it():\n    assert not AWAY.exists()\n"
_SHOP_TEST = AWAY + "from shop import total\n\n\ndef test_it():\n    assert total([1, 2]) == 3 and not AWAY.exists()\n"
_SHOP = "def total(prices):\n    return sum(prices)\n"
_RANDOM = (
    AWAY + "import random\n\n\ndef test_it():\n    chance = 1 if AWAY.exists() else 0\n"
    "    assert random.random() >= chance\n"
)
_SLOW = (
    AWAY
    + "import queue\n\n\ndef answers():\n    done = queue.Queue()\n    if not AWAY.exists():\n        done.put(1)\n"
    "    return done\n\n\ndef test_it():\n    try:\n        assert answers().get(timeout=0.01) == 1\n"
    "    except queue.Empty:\n        raise TimeoutError('no answer in 0.01 s') from None\n"
)
_FIXTURE = (
    AWAY + "import pytest\n\n\n@pytest.fixture\ndef place():\n    if AWAY.exists():\n"
    "        raise ConnectionError('the service did not answer')\n    return 1\n\n\n"
    "def test_it(place):\n    assert place == 1\n"
)
_RETRIED = (
    AWAY
    + "\n\ndef test_it():\n    was_there = AWAY.exists()\n    AWAY.unlink(missing_ok=True)\n    assert not was_there\n"
)
_CONNECTS = (
    "import socket\n\n\ndef test_it():\n    with socket.create_connection(('127.0.0.1', {port}), timeout=2) as there:\n"
    "        assert there.recv(2) == b'ok'\n"
)
_BINDS = (
    "import socket\n\n\ndef test_it():\n    with socket.socket() as mine:\n        mine.bind(('127.0.0.1', {port}))\n"
)
_CACHES = (
    "class Cache:\n    def __init__(self):\n        self.kept = {{}}\n\n    def get(self, key):\n"
    "        return {value}\n"
)
_GETS = (
    AWAY
    + "import other\n\n\ndef test_it():\n    assert other\n    assert {'a': 1}.get('a') == 1 and not AWAY.exists()\n"
)


def _gets(value: str) -> str:
    return _CACHES.format(value=value)


def _beside(name: str, files: dict[str, str], after: dict[str, str | None], strategies: str = CHANCE) -> Case:
    return Case("an unrelated change beside a flake", name, strategies, "", flake(files, after))


def _flakes(name: str, test: str) -> Case:
    return Case("flakes", name, CHANCE, "", flake({"test_a.py": test}))


_HISTORY = (*(Run({"test_a.py": _TEST}) for _ in range(5)), *flake({"test_a.py": _TEST}))
_PASSES_AND_FAILURES = tuple(
    Run({"other.py": _gets("self.kept.get(key)"), "test_a.py": _GETS, "../away": away})
    for away in (None, None, "", None, "", None, None, "")
)
_KNOWN_FLAKE = tuple(
    Run({"shop.py": _SHOP, "test_a.py": _SHOP_TEST, "../away": away}) for away in (None, "", None, "", None, "")
)
_THREE_FAILURES = (*(Run({"test_a.py": _RANDOM, "../away": ""}) for _ in range(3)), Run({"../away": None}))
_RERUNS = ("-p", "pytest_rerunfailures", "--reruns", "1")

FLAKES = [
    _flakes("same code twice", _TEST),
    Case("flakes", "same code, with a history of passes", CHANCE, "", _HISTORY),
    Case(
        "flakes",
        "retried in one run",
        "retry",
        "",
        (Run({"test_a.py": _RETRIED, "../away": ""}, _RERUNS),),
        needs=("pytest_rerunfailures",),
    ),
    _flakes("dice", _RANDOM),
    _flakes("a time-out", _SLOW),
    _flakes("a fixture that could not connect", _FIXTURE),
    Case("flakes", "three failures and a pass of the same code", f"{CHANCE}|unknown", "", _THREE_FAILURES),
    Case(
        "flakes",
        "committed in between, nothing of it code",
        CHANCE,
        "",
        (Run({"test_a.py": _TEST, "../away": ""}), Run({"NOTES.txt": "later", "../away": None}, commit=True)),
    ),
]

BESIDE = [
    _beside(
        "a file that nothing imports changed",
        {"test_a.py": _TEST, "other.py": "def other():\n    return 1\n"},
        {"other.py": "def other():\n    return 2\n"},
    ),
    _beside(
        "a method of the same name as one that is called (get)",
        {"test_a.py": _GETS, "other.py": _gets("self.kept.get(key)")},
        {"other.py": _gets("self.kept.get(key, 0)")},
    ),
    Case(
        "an unrelated change beside a flake",
        "the same after passes and failures",
        CHANCE,
        "",
        (*_PASSES_AND_FAILURES, Run({"other.py": _gets("self.kept.get(key, 0)"), "../away": None})),
    ),
    _beside(
        "only formatting in a called function",
        {"test_a.py": _SHOP_TEST, "shop.py": _SHOP},
        {"shop.py": "def total(prices):\n    return sum(\n        prices\n    )\n"},
    ),
    Case(
        "an unrelated change beside a flake",
        "a harmless change in a called function of a known flake",
        f"code_change|{CHANCE}",
        "",
        (*_KNOWN_FLAKE, Run({"shop.py": _SHOP.replace("sum(prices)", "sum(list(prices))"), "../away": None})),
    ),
    _beside(
        "another test of the same file changed",
        {"test_a.py": _TEST + "\n\ndef test_b():\n    assert 1 + 1 == 2\n"},
        {"test_a.py": _TEST + "\n\ndef test_b():\n    assert 1 + 2 == 3\n"},
    ),
    _beside(
        "README and a data file that is not read",
        {"test_a.py": _TEST, "README.md": "one", "data/x.json": "[1]"},
        {"README.md": "two", "data/x.json": "[2]"},
    ),
    _beside(
        "only a docstring of the called function",
        {"test_a.py": _SHOP_TEST, "shop.py": 'def total(prices):\n    """Add."""\n    return sum(prices)\n'},
        {"shop.py": 'def total(prices):\n    """Add all the prices."""\n    return sum(prices)\n'},
    ),
    _beside(
        "only a comment in the test",
        {"test_a.py": _TEST},
        {"test_a.py": _TEST.replace("    assert", "    # it is there no more\n    assert")},
    ),
    _beside(
        "a test was added to the file",
        {"test_a.py": _TEST},
        {"test_a.py": _TEST + "\n\ndef test_b():\n    assert 1 + 1 == 2\n"},
    ),
    _beside(
        "imports of the test's module were put in order",
        {"test_a.py": "import sys\nimport os\n" + _TEST},
        {"test_a.py": "import os\nimport sys\n" + _TEST},
    ),
    _beside(
        "a distribution that nobody imports",
        {"test_a.py": _TEST, **distribution("aaa", "1.0", {"aaa.py": ""})},
        {f"{SITE}/aaa-1.0.dist-info/{name}": None for name in ("METADATA", "RECORD", "INSTALLER")}
        | distribution("aaa", "2.0", {"aaa.py": "A = 1\n"}),
    ),
    Case(
        "an unrelated change beside a flake",
        "a variable that nobody reads",
        CHANCE,
        "",
        changed(
            {"test_a.py": _TEST, "../away": ""},
            {"../away": None},
            Run(env={"WINDOWID": "71"}),
            Run(env={"WINDOWID": "72"}),
        ),
    ),
]


@contextmanager
def _port(listens: bool) -> Iterator[int]:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        if listens:
            held.listen()
        yield held.getsockname()[1]


@contextmanager
def _held_port(rootdir: Path) -> Iterator[None]:
    with _port(listens=True) as port:
        (rootdir / "test_a.py").write_text(_BINDS.format(port=port))
        yield


@contextmanager
def _closed_port(rootdir: Path) -> Iterator[None]:
    with _port(listens=False) as port:
        (rootdir / "test_a.py").write_text(_CONNECTS.format(port=port))
        yield


@contextmanager
def _server(rootdir: Path) -> Iterator[None]:
    port = int((rootdir / "test_a.py").read_text().partition("127.0.0.1', ")[2].partition(")")[0])

    def serve() -> None:
        there, _ = listening.accept()
        with there:
            there.sendall(b"ok")

    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
        listening.listen()
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield


_LEFT_BEHIND = (
    "import os\nfrom pathlib import Path\n\n\ndef test_it():\n    place = Path(__file__).resolve().parents[1] / 'away'\n"
    "    os.mkdir(place)\n    os.rmdir(place)\n"
)

RESOURCES = [
    Case("resources", "a port in use", f"{CHANCE}|unknown", "", (Run({"x": ""}, during=_held_port), Run())),
    Case(
        "resources",
        "a server that was away",
        f"{CHANCE}|unknown",
        "",
        (Run({"x": ""}, during=_closed_port), Run(during=_server)),
    ),
    Case("resources", "a file left behind outside", f"{CHANCE}|unknown", "", flake({"test_a.py": _LEFT_BEHIND})),
]

CASES = [*FLAKES, *BESIDE, *RESOURCES]
