"""The plugin of a rerun's processes (``-p``): they run what the script says, in its order, whoever else chooses."""

from __future__ import annotations

import copy
import hashlib
import os
from collections import defaultdict
from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any, cast

import pytest

from pytest_debugloop.recording.capture_setup import capturer_of
from pytest_debugloop.recording.tasks import Tasks
from pytest_debugloop.rerunning.planned import Planned
from pytest_debugloop.rerunning.script import Report, Script
from pytest_debugloop.sources.arguments import rerun_arguments
from pytest_debugloop.writing.node_ids import NodeIds, OutsideFiles

if TYPE_CHECKING:
    from pytest_debugloop.recording.session import Session
    from pytest_debugloop.rerunning.child_stop import Stopper

_LONGEST_NAME = 255
_HEAD = 222


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(
    early_config: pytest.Config, parser: pytest.Parser, args: list[str]
) -> Generator[None, object, object]:
    """Have the planned files collected, and take out of ``addopts`` what the plan took out of the command line.

    What is registered here and below has no name, for ``-p no:NAME`` would keep it out, and all tests would be run.
    What plugins of today do not know any more is left out once every ``conftest.py`` has declared its options.
    """
    script = Script.from_environment()
    own = len(early_config.invocation_params.args)
    added = args[: len(args) - own]
    args[:] = [*rerun_arguments(added, early_config.rootpath).kept, *args[len(added) :]]
    files = [str(early_config.rootpath / file) for file in script.files]
    known = parser.parse_known_args(args, namespace=copy.copy(early_config.option))
    known.confcutdir = known.confcutdir or early_config.known_args_namespace.confcutdir
    known.file_or_dir = files
    early_config.known_args_namespace = known
    result = yield
    _, unknown = parser.parse_known_and_unknown_args(args, namespace=copy.copy(early_config.option))
    unknown = [word for word in unknown if word.startswith("-")]
    for word in unknown:
        args.remove(word)
    early_config.pluginmanager.register(Rerun(script, files, unknown))
    return result


class Rerun:
    """The hooks of one process of a rerun.

    Args:
        script: what to run.
        files: to collect, whole paths.
        unknown: options that no plugin here knows.
    """

    def __init__(self, script: Script, files: list[str], unknown: list[str]) -> None:
        self._script = script
        self._files = files
        self._report = Report(unknown_options=unknown)
        self._stopper: Stopper | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Collect the planned files, whatever words of the command line look like files."""
        config.args = list(self._files)
        if config.pluginmanager.hasplugin("logging"):
            config.option.log_file = os.devnull  # or that of the configuration would be written
        if hasattr(config.hook, "pytest_configure_node"):  # of pytest-xdist, by whatever name it was loaded
            config.pluginmanager.register(Workers())
        if self._script.clock:
            from pytest_debugloop.rerunning.child_clock import Clock

            config.pluginmanager.register(Clock(self._script.clock))
        if self._script.stop is not None:
            from pytest_debugloop.rerunning.child_stop import Stopper

            self._stopper = Stopper(self._script, self._script.stop, self._report)
            config.pluginmanager.register(self._stopper)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> None:
        """Register what chooses the tests last of all: the wrapper that was registered last is the outermost."""
        chooser = Chooser(self._script, self._report, self._stopper)
        session.config.pluginmanager.register(chooser)


class Workers:
    """The hook of pytest-xdist, registered only where it is."""

    @pytest.hookimpl(tryfirst=True, optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> Any:
        """Have each worker run all that it has collected: it has chosen its own tests already, in their order."""
        from xdist.scheduler import EachScheduling  # type: ignore[import-untyped]

        return EachScheduling(config, log)


class Chooser:
    """Chooses and orders the tests of a process.

    Args:
        script: what to run.
        report: called with what is missing.
        stopper: given which test is the target.
    """

    def __init__(self, script: Script, report: Report, stopper: Stopper | None) -> None:
        self._script = script
        self._report = report
        self._stopper = stopper

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(
        self, session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
    ) -> Generator[None, object, object]:
        """Put the planned tests into their order, and leave out all others."""
        result = yield
        worker = worker_name(config)
        names = Names(config, items)
        target = names.find(self._script.target)
        is_whole = target is not None or self._script.is_collection
        planned = self._script.order.get(worker, []) if is_whole else []
        found = [(test, names.take(test)) for test in planned]
        items[:] = [item for _, item in found if item is not None]
        self._report.target = None if target is None else names.recorded(target)
        self._report.missing = [test.name for test, item in found if item is None]
        self._report.write(self._script.folder, worker)
        if self._stopper is not None:
            self._stopper.target = target
        return result


class Names:
    """The tests of a process by the names that the recorder gives them.

    Args:
        config: of the run.
        items: all that was collected.
    """

    def __init__(self, config: pytest.Config, items: Sequence[pytest.Item]) -> None:
        session: Session = cast("Session", config.pluginmanager.get_plugin("debugloop-session"))
        tasks: Tasks | None = config.pluginmanager.get_plugin("debugloop-tasks")
        capturer = capturer_of(config, session.settings, [], lambda _name, _error: None)
        is_worker = bool(worker_name(config))
        self._node_ids = NodeIds(
            capturer.redactor,
            OutsideFiles(capturer.project, config.rootpath),
            group_suffix=is_worker and session.is_grouped,
        )
        self._node_ids.collect(items)
        self._by_name: dict[str, list[pytest.Item]] = defaultdict(list)
        self._by_task: dict[str, list[pytest.Item]] = defaultdict(list)
        self._taken: set[pytest.Item] = set()
        for item in items:
            node_id = self._node_ids.of(item)
            self._by_name[_cut(node_id)].append(item)
            if tasks is not None:
                self._by_task[_cut(tasks.of(item, node_id))].append(item)

    def recorded(self, item: pytest.Item) -> str:
        """Give the node id by which the journal has a test.

        Args:
            item: the test.
        """
        return self._node_ids.of(item)

    def find(self, planned: Planned) -> pytest.Item | None:
        """Find a test that was not taken before: by its name in the record, or by what of it is the same in every run.

        Args:
            planned: the test.
        """
        name, task = planned
        candidates = (*self._by_name.get(name, ()), *self._by_task.get(task or name, ()))
        return next((item for item in candidates if item not in self._taken), None)

    def take(self, planned: Planned) -> pytest.Item | None:
        """Find a test, and find it no more.

        Args:
            planned: the test.
        """
        item = self.find(planned)
        if item is not None:
            self._taken.add(item)
        return item


def worker_name(config: pytest.Config) -> str:
    """Give the name of this process among pytest-xdist's workers, empty where it is none.

    Args:
        config: of the run.
    """
    worker_input: dict[str, Any] | None = getattr(config, "workerinput", None)
    return "" if worker_input is None else str(worker_input["workerid"])


def _cut(node_id: str) -> str:
    """Cut a long node id as the loader does (``steps_stage.sql``)."""
    if len(node_id) <= _LONGEST_NAME:
        return node_id
    digest = hashlib.sha256(node_id.encode("utf-8")).hexdigest()
    return f"{node_id[:_HEAD]} {digest[:32]}"
