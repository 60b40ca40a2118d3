"""The servers that tests run against, how hypothesis looks for examples, and the header of a test run."""

from __future__ import annotations

import atexit
import contextlib
import gc
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from tests.support import clusters, groups, places, warm
from tests.support.kinds import FIRST, Kind, chosen_kinds, docker_refusal

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from tests.support.servers import Server, Servers

# A slow machine fails no test. `ci` tries the same examples each time, and few; `thorough` others each time, and many.
_ALWAYS: dict[str, Any] = {
    "deadline": None,
    "suppress_health_check": [hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.function_scoped_fixture],
}
hypothesis.settings.register_profile("ci", derandomize=True, max_examples=100, **_ALWAYS)
hypothesis.settings.register_profile("thorough", max_examples=2000, **_ALWAYS)
hypothesis.settings.load_profile("ci")


# What is imported and collected stays: a third of the time until the first test went into looking for garbage in it.
gc.disable()

# Bytecode of the tests is kept where PYTHONDONTWRITEBYTECODE is set, too: pytest takes seconds to rewrite all of them.
sys.dont_write_bytecode = False

# A job in the background of a script ignores Ctrl-C, and so would all that tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Keys of embedded records, and records that could not stay in a checkout, are not left in the developer's own folder.
if "PYTEST_XDIST_WORKER" not in os.environ:
    os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp(prefix="dl-state-")
    atexit.register(shutil.rmtree, os.environ["XDG_STATE_HOME"], ignore_errors=True)
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(places.temporary_root()))
else:
    # pytest imports readline, which sets them for all processes started after that. What a command prints would be cut.
    for _name in ("COLUMNS", "LINES"):
        os.environ.pop(_name, None)

pytest_plugins = ["tests.support.distribution"]


class _OfASession:
    """A plugin, since pytest asks no conftest.py about the fixtures of a session."""

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Generator[None, object, object]:
        """Make what a session has once in the same way, whichever test asks for it first."""
        with warm.shared() if fixturedef.scope == "session" else contextlib.nullcontext():
            return (yield)


def pytest_configure(config: pytest.Config) -> None:
    """Look for a Docker engine once: workers are told, so that all of them collect the same tests."""
    told = getattr(config, "workerinput", None)
    config.stash[_REFUSAL] = docker_refusal() if told is None else told["docker_refusal"]
    config.pluginmanager.register(_OfASession())
    clusters.use_copies(Path(warm.clusters()), warm.wants_fresh)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist."""
    node.workerinput["docker_refusal"] = node.config.stash[_REFUSAL]


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Name the servers, and say once what cannot be had."""
    refusal = config.stash[_REFUSAL]
    kinds = [kind for kind in chosen_kinds(whole_matrix=True) if not (refusal and kind.place == "container")]
    every = "all tests" if chosen_kinds(whole_matrix=False) == chosen_kinds(whole_matrix=True) else "server_matrix"
    lines = [f"servers: {FIRST}; {every}: {', '.join(map(str, kinds))}"]
    if refusal:
        lines.append(f"no Docker engine answers, so that no test has a container: {refusal}")
    return lines


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Leave nothing in memory of tests that have passed."""
    if not exitstatus and not hasattr(session.config, "workerinput"):
        factory: Any = getattr(session.config, "_tmp_path_factory")  # noqa: B009 - private
        if factory._given_basetemp is None and factory._basetemp is not None:
            shutil.rmtree(factory._basetemp, ignore_errors=True)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop() -> None:
    """Look for garbage from now on, and only in what comes."""
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Say what the processes of the test are to be."""
    warm.begin_test(item)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is marked `thorough`, unless it is asked for."""
    if os.environ.get("DEBUGLOOP_TEST_THOROUGH") == "1" or "thorough" in config.getoption("markexpr"):
        return
    left_out = [item for item in items if item.get_closest_marker("thorough")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("thorough")]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that takes `postgres` on one server, or, where it asks for them, on each kind of server."""
    if "postgres" not in metafunc.fixturenames:
        return
    whole, versions = map(metafunc.definition.get_closest_marker, ("server_matrix", "version_matrix"))
    kinds = chosen_kinds(whole_matrix=whole is not None, each_version=versions is not None)
    if metafunc.config.stash[_REFUSAL]:
        kinds = [kind for kind in kinds if kind.place != "container"]
    parameters = [pytest.param(kind, id=str(kind), marks=_MARKS[kind.place]) for kind in kinds]
    metafunc.parametrize("postgres", parameters, indirect=True, scope="session")


_REFUSAL = pytest.StashKey[str]()
_MARKS: dict[str, list[pytest.MarkDecorator]] = {
    "embedded": [],
    "container": [pytest.mark.containers, groups.containers],
}


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """Every server that a test of this session asked for."""
    from tests.support.servers import Servers  # imports the driver, which most tests do without

    with Servers() as running:
        yield running


@pytest.fixture(scope="session")
def postgres(request: pytest.FixtureRequest, servers: Servers) -> Server:
    """The server that a test runs against: see the marker server_matrix."""
    kind: Kind = request.param
    return servers.get(kind)


@pytest.fixture(scope="session")
def any_postgres(servers: Servers) -> Server:
    """One server, for tests to which all are alike."""
    return servers.get(FIRST)


@pytest.fixture
def schema(postgres: Server) -> Iterator[str]:
    """The name of a schema of this test's own on `postgres`."""
    with postgres.schema() as name:
        yield name


@pytest.fixture
def fresh_database(postgres: Server) -> Iterator[str]:
    """How to connect to an empty database of this test's own on `postgres`."""
    with postgres.fresh_database() as conninfo:
        yield conninfo
