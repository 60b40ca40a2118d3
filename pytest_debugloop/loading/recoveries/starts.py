"""Where a test begins: its function, fixtures, set-up, hooks around it, and the frames of its failure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from pytest_debugloop.loading.recoveries.code_changes import Unit, unit_at
from pytest_debugloop.loading.recoveries.facts import Facts, Pending, RunFacts
from pytest_debugloop.sources.units import MODULE, is_test_file

Start = tuple[str, tuple[str, str]]
"""Role and place."""
_MAX_CLASSES = 30
_OF_MODULES = frozenset({"setup_module", "teardown_module", "setUpModule", "tearDownModule"})
_OF_FUNCTIONS = frozenset({"setup_function", "teardown_function", "setup", "teardown"})
_OF_CLASSES = frozenset(
    {
        *("setup_method", "teardown_method", "setup_class", "teardown_class", "setup", "teardown"),
        *("setUp", "tearDown", "setUpClass", "tearDownClass", "asyncSetUp", "asyncTearDown", "setUpTestData"),
        *("__init__", "__new__", "__enter__", "__exit__"),
    }
)


class _Index:
    """What of a version's functions may be a start of some test.

    Attributes:
        units: all of them, by file.
        hooks: places of pytest's hooks, by file.
        classes: places of classes, by the last part of their names.
    """

    def __init__(self, units: Mapping[str, Sequence[Unit]]) -> None:
        self.units = units
        self.hooks: dict[str, list[tuple[str, str]]] = defaultdict(list)
        self.classes: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for file, of_file in units.items():
            for unit in of_file:
                last = unit.function.rpartition(".")[2]
                if last.startswith("pytest_"):
                    self.hooks[file].append(unit.place)
                elif last[:1].isupper() or last.startswith("_"):
                    self.classes[last].append(unit.place)


def starts_of(one: Pending, failing: RunFacts, passing: RunFacts, facts: Facts) -> list[Start]:
    """Say where a test begins.

    Args:
        one: the recovery of it.
        failing: the run of the failure.
        passing: the run of the success: hooks and set-up may have been added there.
        facts: what the database knows.

    Returns:
        Role and place of each function: ``frame``, ``test``, ``fixture``, ``setup``, ``hook``; and ``module`` for the
        test's own.
    """
    index, later = (_index(run, facts) for run in (failing, passing))
    starts: list[Start] = []
    for file, line, role in one.places:
        unit = unit_at(index.units.get(file, ()), line)
        if unit is not None:
            starts.append((role, unit.place))
    module, _, name = one.success_operation.partition("::")
    starts.append(("module", (module, MODULE)))
    name = name.partition("[")[0].replace("::", ".")
    if not one.places:  # of a crash no frame is known, but the test's name is
        starts.append(("test", (module, name)))
    for side in (index, later):
        starts += [("setup", place) for place in _setup(module, name, side)]
        starts += [("hook", place) for place in _hooks(module, side)]
    return list(dict.fromkeys(starts))


def _index(run: RunFacts, facts: Facts) -> _Index:
    return facts.remembered(("starts", run.code_version), lambda: _Index(facts.units(run)))


def _setup(module: str, name: str, index: _Index) -> Iterator[tuple[str, str]]:
    """Give what prepares a test as pytest and unittest have it by name: in its module, its class and bases of that."""
    *classes, _ = name.split(".")
    wanted = _OF_MODULES if classes else _OF_MODULES | _OF_FUNCTIONS
    yield from (unit.place for unit in index.units.get(module, ()) if unit.function in wanted)
    waiting = [(module, ".".join(classes[: place + 1])) for place in range(len(classes))]
    met: set[tuple[str, str]] = set()
    while waiting and len(met) < _MAX_CLASSES:
        file, function = waiting.pop(0)
        own = [unit for unit in index.units.get(file, ()) if unit.function == function]
        if (file, function) in met or not own:
            continue
        met.add((file, function))
        prefix = f"{function}."
        for unit in index.units[file]:
            if unit.function.startswith(prefix) and unit.function[len(prefix) :] in _OF_CLASSES:
                yield unit.place
        # The names in a class's own code are those of its bases, too.
        waiting += [place for base in own[0].uses for place in index.classes.get(base, ())]


def _hooks(module: str, index: _Index) -> Iterator[tuple[str, str]]:
    """Give the hooks that pytest calls around a test: of conftest.py at or above it, and of plugins of the project."""
    for file, places in index.hooks.items():
        folder, _, last = file.rpartition("/")
        is_conftest = last == "conftest.py"
        if (not folder or module.startswith(f"{folder}/")) if is_conftest else not is_test_file(file):
            yield from places
