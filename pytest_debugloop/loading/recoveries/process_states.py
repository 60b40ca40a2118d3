"""What a process was started with and differs, where a test's code asks for it, or its failure speaks of it."""

from __future__ import annotations

import re

from pytest_debugloop.environment import process_state as state
from pytest_debugloop.loading.recoveries import weights
from pytest_debugloop.loading.recoveries.facts import Facts, Pending, RunFacts
from pytest_debugloop.loading.recoveries.findings import Findings, differing
from pytest_debugloop.loading.recoveries.flakes import Failure
from pytest_debugloop.loading.recoveries.naming import Mentions, Named, Wanted, by_key, escaped, nearest_namings
from pytest_debugloop.text import strategies

_ASKED_BY = {
    state.FOLDER: ("getcwd", "getcwdb", "cwd", "chdir", "abspath", "absolute", "relpath", "curdir"),
    state.UMASK: ("umask", "st_mode", "chmod", "S_IMODE", "filemode"),
    state.PROCESSORS: ("cpu_count", "process_cpu_count", "sched_getaffinity", "ProcessPoolExecutor", "Pool"),
    state.OPEN_FILES: ("RLIMIT_NOFILE", "getrlimit"),
    state.MEMORY: ("RLIMIT_AS", "getrlimit"),
    state.STACK: ("RLIMIT_STACK", "getrlimit", "setrecursionlimit"),
    state.PROCESSES: ("RLIMIT_NPROC", "getrlimit"),
    state.FILE_SIZE: ("RLIMIT_FSIZE", "getrlimit"),
}
# As the operating system, and Python, say it.
_SPOKEN_OF = {
    state.FOLDER: re.compile("FileNotFoundError|No such file or directory"),
    state.UMASK: re.compile("PermissionError|Permission denied"),
    state.OPEN_FILES: re.compile("Too many open files"),
    state.MEMORY: re.compile("MemoryError|Cannot allocate memory"),
    state.STACK: re.compile("RecursionError"),
    state.PROCESSES: re.compile("can't start new thread|Resource temporarily unavailable"),
    state.FILE_SIZE: re.compile("File too large"),
}
_MAX_SAID = 2_000


def compare_process_states(one: Pending, failing: RunFacts, passing: RunFacts, facts: Facts, found: Findings) -> None:
    """Add what the processes of two runs were started with and differs to what was found.

    Args:
        one: the recovery.
        failing: the run of the failure.
        passing: the run of the success.
        facts: what the database knows.
        found: is added to, beside the interpreter.
    """
    sides = [run.interpreter or {} for run in (failing, passing)]
    both = [name for name in state.STATE if all(name in side for side in sides)]
    changed = differing(*({name: side[name] for name in both} for side in sides))
    if not changed:
        return
    named = nearest_namings([_wanted(name) for name in changed], one, failing, passing, facts)
    situations = {name: _situation(name, by_key(named, name), one.failure) for name in changed}
    told = sorted(filter(situations.get, changed), key=lambda name: -weights.ODDS[situations[name]])
    others = [name for name in changed if name not in told]
    if others:
        found.evidence["other_environment"] = [*found.evidence.get("other_environment", ()), *others]
    if told:
        about = {name: changed[name] for name in told}
        found.evidence["interpreter"] = about | found.evidence.get("interpreter", {})
        found.explain(strategies.ENVIRONMENT, *(situations[name] for name in told))
        found.candidates[strategies.ENVIRONMENT].sort(key=lambda situation: -weights.ODDS[situation])


def _situation(name: str, named: Named, failure: Failure) -> str:
    """Say what it is to the test; nothing where neither its code nor its failure has to do with it."""
    words = _SPOKEN_OF.get(name)
    if words and (words.search(failure.code) or words.search(failure.message[:_MAX_SAID])):
        return strategies.PROCESS
    if named.distance is not None:
        return strategies.PROCESS if named.distance <= 1 else strategies.PROCESS_FAR
    return strategies.PROCESS_FOLDER if name == state.FOLDER else ""


def _wanted(name: str) -> Wanted:
    asked = frozenset(_ASKED_BY[name])

    def degree(mentioned: Mentions) -> int:
        return int(bool(asked & mentioned.names))

    return Wanted(name, f"(^|[^A-Za-z0-9_])({escaped(sorted(asked))})([^A-Za-z0-9_]|$)", degree)
