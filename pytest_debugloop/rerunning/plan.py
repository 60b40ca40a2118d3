"""The plan of a rerun: made from the record alone, and carried out by :mod:`pytest_debugloop.rerunning.runner`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from pytest_debugloop.capture.redact import Redactor
from pytest_debugloop.errors import RerunImpossibleError
from pytest_debugloop.journal.records import CRASHES
from pytest_debugloop.queries.rerunning import FailureToRerun, RecordedStep
from pytest_debugloop.rerunning.changes import changes_since
from pytest_debugloop.rerunning.environment import rerun_environment
from pytest_debugloop.rerunning.planned import Planned, Where
from pytest_debugloop.rerunning.plugins import Plugins
from pytest_debugloop.rerunning.trust import (
    MAX_WORKERS,
    collects_outside,
    is_same_checkout,
    trusted_arguments,
    trusted_environment,
)
from pytest_debugloop.sources.arguments import option_values, rerun_arguments

_PLUGIN = "pytest_debugloop.plugin"
_MAX_NAMED = 5
_LONGEST_NAMED = 100
_DISTRIBUTIONS = frozenset({"each", "load", "loadscope", "loadfile", "loadgroup", "worksteal"})  # of pytest-xdist
_NO_TEST = CRASHES | {"internal_error"}


@dataclass(frozen=True, slots=True)
class Before:
    """A test that ran before the target.

    Attributes:
        worker: the xdist worker that ran it, empty without workers.
        test: what it is.
    """

    worker: str
    test: Planned


@dataclass(frozen=True, slots=True)
class Plan:
    """How a test is run again.

    Attributes:
        rootdir: of the checkout.
        arguments: for pytest, without tests.
        files: what was collected, relative to rootdir, in order, as far as it is there.
        target: the test that failed; where its collection failed, the file.
        worker: the xdist worker that ran it, empty without workers.
        workers: how many workers there were, 0 without xdist.
        dist: how pytest-xdist was to distribute tests: with ``loadgroup`` they have other names in its workers.
        before: what began before the target failed, in order: in its own process, and in the other workers.
        environment: the variables that change, None for one that is taken out.
        fingerprint: of the failure, None where the record has none.
        error_type: of the failure.
        error_code: the class name of its exception.
        where: it failed, None where the record has no frames.
        is_collection: whether the target is a file that could not be collected.
        notes: one sentence for each thing that cannot be as it was.
        clock: a module that sets the clock of the tests, and the moment, in UTC; empty for the clock on the wall.
    """

    rootdir: Path
    arguments: tuple[str, ...]
    files: tuple[str, ...]
    target: Planned
    worker: str
    workers: int
    dist: str
    before: tuple[Before, ...]
    environment: Mapping[str, str | None]
    fingerprint: str | None
    error_type: str
    error_code: str
    where: Where | None
    is_collection: bool
    notes: tuple[str, ...]
    clock: str = ""

    def only(self, before: Iterable[Before], *, files: Sequence[str] | None = None) -> Plan:
        """Give the plan with fewer tests before the target.

        Args:
            before: those that stay.
            files: what is collected; all that was, where that is not said.
        """
        return replace(self, before=tuple(before), files=self.files if files is None else tuple(files))

    def alone(self) -> Plan:
        """Give the plan that collects nothing but the target's own file, and runs nothing but the target."""
        return self.only((), files=[self.target_file])

    def in_one_process(self) -> Plan:
        """Give the plan that runs in one process what ran in the target's: a debugger needs the terminal."""
        if not self.workers:
            return self
        note = f"it ran in worker {self.worker} of {self.workers}: tests of the other workers are left out"
        own = tuple(Before("", one.test) for one in self.before if one.worker == self.worker)
        return replace(self, workers=0, dist="no", worker="", before=own, notes=(*self.notes, note))

    @property
    def target_file(self) -> str:
        """The file that the target is in, relative to rootdir."""
        return file_of(self.target.name)

    def order(self) -> dict[str, list[Planned]]:
        """Give the tests of each process, in order, the target last in its own."""
        order: dict[str, list[Planned]] = {self.worker: []}
        for one in self.before:
            order.setdefault(one.worker, []).append(one.test)
        if not self.is_collection:
            order[self.worker].append(self.target)
        return order


def file_of(node_id: str) -> str:
    """Give the file that a test is in.

    Args:
        node_id: of the test, or of the file.
    """
    return node_id.partition("::")[0]


def plan_rerun(
    failure: FailureToRerun,
    steps: Sequence[RecordedStep],
    rootdir: Path,
    environ: Mapping[str, str] | None = None,
    *,
    own_variables: Sequence[str] = (),
    redactor: Redactor | None = None,
    is_trusted: bool = False,
) -> Plan:
    """Plan how to run a test as it ran when it failed.

    Args:
        failure: which failure.
        steps: what the processes of its run began until it happened, in the order in which they did.
        rootdir: of the checkout here; where it does not have the test, the recorded one is taken.
        environ: the environment now; that of this process where it is not said.
        own_variables: patterns of the variables that the user has recorded beside the usual ones.
        redactor: takes secrets out as runs in this checkout do; the usual ones where it is not said.
        is_trusted: whether to take also what :mod:`pytest_debugloop.rerunning.trust` would leave out.

    Raises:
        RerunImpossibleError: the failure is of no test, or its file is not there, or xdist is not.
    """
    is_of_test = failure.error_type not in _NO_TEST or failure.is_collection or "::" in failure.test
    if not failure.test or not is_of_test:
        raise RerunImpossibleError(reason="the failure does not belong to a test")
    rootdir = _rootdir_with(file_of(failure.test), rootdir, Path(failure.rootdir), is_trusted=is_trusted)
    notes: list[str] = []
    own, before = _tests_before(failure, steps, notes)
    workers = len({failure.worker_of(s.agent_name) for s in steps} - {""}) if failure.worker else 0
    if workers and find_spec("xdist") is None:
        raise RerunImpossibleError(reason="it ran under pytest-xdist, which is not installed here")
    if workers > MAX_WORKERS and not is_trusted:
        raise RerunImpossibleError(reason=f"it ran in {workers:,} workers; use --trust to start as many")
    files = _files(failure, steps)
    doubtful = [] if is_trusted else [file for file in files if collects_outside(file, rootdir)]
    before = tuple(one for one in before if file_of(one.test.name) not in doubtful)
    there = tuple(file for file in files if file not in doubtful and (rootdir / file).exists())
    gone = len(files) - len(doubtful) - len(there)
    if gone:
        notes.append(f"{gone:,} of the {len(files):,} files that were collected no longer exist")
    kept, redacted = rerun_arguments(failure.command_line, rootdir)
    if not is_trusted:
        kept, left_out = trusted_arguments(kept, rootdir)
        doubtful += left_out
    environ = os.environ if environ is None else environ
    plugins = Plugins(failure.plugins, failure.distributions, kept)
    recorded = failure.environment
    if recorded is not None and not is_trusted:
        recorded, left_out = trusted_environment(recorded, environ, rootdir, own_variables)
        doubtful += left_out
    environment = rerun_environment(recorded, plugins.is_autoload, environ)
    if doubtful:
        more = f" and {len(doubtful) - _MAX_NAMED:,} more" if len(doubtful) > _MAX_NAMED else ""
        named = "; ".join(words[:_LONGEST_NAMED] for words in doubtful[:_MAX_NAMED])
        notes.append(f"left out because it points outside the checkout (--trust allows it): {named}{more}")
    return Plan(
        rootdir=rootdir,
        arguments=tuple(_arguments(failure, kept, redacted, plugins, notes)),
        files=there,
        target=own,
        worker=failure.worker,
        workers=workers,
        dist=_dist(failure, rootdir) if workers else "no",
        before=before,
        environment=environment.changes,
        fingerprint=failure.fingerprint,
        error_type=failure.error_type,
        error_code=failure.error_code or "",
        where=Where.of(failure.exception, failure.places),
        is_collection=failure.is_collection,
        notes=(*changes_since(failure, rootdir, redactor or Redactor()), *environment.notes, *notes),
    )


def _rootdir_with(file: str, rootdir: Path, recorded: Path, *, is_trusted: bool) -> Path:
    for folder in (rootdir, recorded):
        if not (folder / file).exists():
            continue
        if not is_trusted and not (folder == rootdir or is_same_checkout(rootdir, folder)):
            raise RerunImpossibleError(
                reason=f"there is no {file} in {rootdir}; it ran in {folder}: run the command there"
            )
        if not is_trusted and collects_outside(file, folder):
            raise RerunImpossibleError(reason=f"{file} is outside {folder}; use --trust to run it anyway")
        return folder if folder == rootdir else folder.resolve()
    where = " or ".join(dict.fromkeys(str(folder) for folder in (rootdir, recorded)))
    raise RerunImpossibleError(reason=f"there is no {file} in {where}")


def _tests_before(
    failure: FailureToRerun, steps: Sequence[RecordedStep], notes: list[str]
) -> tuple[Planned, tuple[Before, ...]]:
    own = Planned(failure.test, failure.task)
    before: dict[tuple[str, str], Before] = {}  # attempts that were repeated count once
    attempts = 0
    for step in steps:
        if step.step_type != "setup":
            continue
        worker = failure.worker_of(step.agent_name)
        if step.test != failure.test:
            before.setdefault((worker, step.test), Before(worker, Planned(step.test, step.task)))
        elif worker == failure.worker:
            attempts += 1
            own = Planned(step.test, step.task or failure.task)
    if attempts > 1:
        notes.append(f"it was attempt {attempts} of the test in its process; here it runs once")
    return own, tuple(before.values())


def _files(failure: FailureToRerun, steps: Sequence[RecordedStep]) -> list[str]:
    """Give what was collected, in order; where the record does not say it, the files of the tests."""
    collected = [
        file_of(s.test) for s in steps if s.step_type == "collect" and s.agent_name == failure.agent_name and s.test
    ]
    started = [file_of(s.test) for s in steps if s.step_type == "setup"]
    # The file of a test that is planned is wanted in any case.
    return list(dict.fromkeys([*collected, *started, file_of(failure.test)]))


def _dist(failure: FailureToRerun, rootdir: Path) -> str:
    given = [value for value in option_values(failure.command_line, rootdir, "--dist") if value in _DISTRIBUTIONS]
    return given[-1] if given else "load"


def _arguments(
    failure: FailureToRerun, kept: Sequence[str], redacted: Sequence[str], plugins: Plugins, notes: list[str]
) -> list[str]:
    arguments = list(kept)
    notes += [f"the record does not have the value of {option}, which is left out" for option in redacted]
    if any(word.startswith("@") for word in failure.command_line):
        notes.append("options that were given in a file (@...) are left out")
    seeds = failure.random_seeds or {}
    if "randomly_seed" not in seeds:
        arguments += ["-p", "no:randomly"] if plugins.loads("pytest_randomly") else []
    elif plugins.loads("pytest_randomly"):
        arguments.append(f"--randomly-seed={seeds['randomly_seed']}")
    else:
        notes.append("pytest-randomly seeded the random number generators, but is not installed here")
    is_given = any(word.startswith("--hypothesis-seed") for word in kept)
    if "hypothesis_seed" in seeds and not is_given and plugins.loads("_hypothesis_pytestplugin"):
        arguments.append(f"--hypothesis-seed={seeds['hypothesis_seed']}")
    if not plugins.loads(_PLUGIN):
        arguments += ["-p", _PLUGIN]
    return arguments
