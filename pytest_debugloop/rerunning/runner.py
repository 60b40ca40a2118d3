"""Carries out a plan: one process of pytest, which records itself into a folder that is gone afterwards."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from pytest_debugloop.environment.interpreter import interpreter
from pytest_debugloop.environment.project_folders import checkout_around
from pytest_debugloop.errors import RerunFailedError
from pytest_debugloop.rerunning.outcome import RECORD, Outcome, begun_tests, read_outcome
from pytest_debugloop.rerunning.overlay import OVERLAY_VARIABLE
from pytest_debugloop.rerunning.plan import Plan
from pytest_debugloop.rerunning.processes import start, stop_all
from pytest_debugloop.rerunning.script import SCRIPT_VARIABLE, Script, Stop
from pytest_debugloop.text.printable import printable

CHILD_PLUGIN = "pytest_debugloop.rerunning.child_plugin"
_OVERLAID = "pytest_debugloop.rerunning.overlay"
_TEMP_ROOT = "PYTEST_DEBUG_TEMPROOT"  # where pytest makes tmp_path: the user's last ones are not to be rotated away
_LOOK_SECONDS = 0.02
_PROGRESS_SECONDS = 0.5
_TAIL = 64 * 1024
_LONGEST = 200
_ERROR = re.compile(r"ERROR|E {3}|INTERNALERROR> E|[\w.]*(?:Error|Exception)\b")

Progress = Callable[[float, int], None]
"""Told now and then, while a rerun goes on: the seconds so far, and the tests that it has begun."""


def rerun(
    plan: Plan,
    *,
    timeout: float | None = None,
    progress: Progress | None = None,
    overlay: Mapping[str, bytes] | None = None,
) -> Outcome:
    """Run the target of a plan, and what ran before it.

    Args:
        plan: what to run.
        timeout: seconds after which the process and all that it started are stopped; None: it may take for ever.
        progress: called with how far it is.
        overlay: what files of the checkout are read as, by their paths from rootdir; where it is given, even an empty
            one, no ``.pyc`` of the checkout is used or made.

    Raises:
        RerunFailedError: pytest did not get as far as choosing tests.
        OSError: the temporary folder cannot be written.
    """
    with workspace() as folder:
        script = write_script(plan, folder)
        output = folder / "output.txt"
        with output.open("wb") as file:
            started = time.monotonic()
            process = start(
                command(plan, folder, module="pytest" if overlay is None else _OVERLAID),
                plan.rootdir,
                environment(plan, folder, script) | _overlaid(plan, folder, overlay),
                file,
            )
            mark = f"{SCRIPT_VARIABLE}={script}"
            try:
                timed_out = not _ended_in_time(process, folder, started, timeout, progress)
            except BaseException:
                stop_all(process, mark)
                raise
            if timed_out or process.returncode < 0:  # killed: what it started, such as workers, goes on
                stop_all(process, mark)
        seconds = time.monotonic() - started
        outcome = read_outcome(plan, folder, seconds, timed_out=timed_out, status=process.returncode or 0)
        if outcome is None:
            raise RerunFailedError(reason=_what_it_said(output, process.returncode))
        return outcome


@contextlib.contextmanager
def workspace() -> Iterator[Path]:
    """Make the folder of a rerun: its journals, its reports, pytest's cache and temporary folders; gone afterwards.

    Also where this process is asked to end, or its terminal is closed: the command turns signals into ``SystemExit``.
    """
    with tempfile.TemporaryDirectory(prefix="debugloop-", ignore_cleanup_errors=True) as name:
        folder = Path(name).resolve()
        (folder / "tmp").mkdir()
        yield folder


def write_script(plan: Plan, folder: Path, stop: Stop | None = None) -> Path:
    """Write down for the process what to run.

    Args:
        plan: what to run.
        folder: of the rerun.
        stop: where a debugger is to stop.
    """
    return Script(
        folder=str(folder),
        files=list(plan.files),
        target=plan.target,
        worker=plan.worker,
        order=plan.order(),
        is_collection=plan.is_collection,
        stop=stop,
        clock=plan.clock,
    ).write()


def _overlaid(plan: Plan, folder: Path, overlay: Mapping[str, bytes] | None) -> dict[str, str]:
    """Write down what files are read as, and give the variables that say where."""
    if overlay is None:
        return {}
    files = {}
    for number, (name, data) in enumerate(overlay.items()):
        text = folder / f"overlay-{number}"
        text.write_bytes(data)
        files[str(plan.rootdir / name)] = str(text)
    last_call = folder / "overlay.json"
    fresh = checkout_around(plan.rootdir) or plan.rootdir
    last_call.write_text(json.dumps({"files": files, "fresh": str(fresh)}), encoding="ascii")
    return {OVERLAY_VARIABLE: str(last_call), "PYTHONDONTWRITEBYTECODE": "1"}


def command(plan: Plan, folder: Path, *, module: str = "pytest") -> list[str]:
    """Give the command line of a rerun.

    Args:
        plan: what to run.
        folder: of the rerun.
        module: that Python runs.
    """
    own = ["--debugloop", "--no-debugloop-load", "--debugloop-wait=0", "--no-debugloop-ci-report"]
    own.append(f"--debugloop-dir={folder / RECORD}")
    cache = () if _is_without_cache(plan.arguments) else ("-o", f"cache_dir={folder / 'cache'}")
    workers = ["-n", str(plan.workers), f"--dist={plan.dist}", "--max-worker-restart", "0"] if plan.workers else []
    given = [*plan.arguments, *workers, f"--rootdir={plan.rootdir}", *cache, *own]
    # The child's plugin comes last: nothing before it can block it, and what has no plugin would run all there is.
    return [interpreter(), "-m", module, *given, "-p", CHILD_PLUGIN, "--continue-on-collection-errors"]


def _is_without_cache(arguments: Sequence[str]) -> bool:
    """Whether pytest has no cache; then it does not know the option that says where it is."""
    named = [following for word, following in pairwise(("", *arguments)) if word == "-p"]
    named += [word[2:] for word in arguments if word.startswith("-p") and len(word) > 2]
    return "no:cacheprovider" in named and "cacheprovider" not in named


def environment(plan: Plan, folder: Path, script: Path) -> dict[str, str]:
    """Give the environment of a rerun.

    Args:
        plan: what to run.
        folder: of the rerun.
        script: what tells the process what to run.
    """
    environ = dict(os.environ)
    for name, value in plan.environment.items():
        if value is None:
            environ.pop(name, None)
        else:
            environ[name] = value
    return environ | {SCRIPT_VARIABLE: str(script), _TEMP_ROOT: str(folder / "tmp")}


def shell_command(plan: Plan) -> str:
    """Give what somebody may type to run the same tests by hand, in one process.

    Args:
        plan: what to run.
    """
    changes = [f"{name}={value}" for name, value in sorted(plan.environment.items()) if value is not None]
    unset = [word for name, value in sorted(plan.environment.items()) if value is None for word in ("-u", name)]
    prefix = ["env", *unset, *changes] if changes or unset else []
    tests = [one.test.name for one in plan.before if one.worker == plan.worker]
    order = ["--randomly-dont-reorganize"] if any(w.startswith("--randomly-seed") for w in plan.arguments) else []
    words = [*prefix, "python", "-m", "pytest", *plan.arguments, *order]
    words += (f"./{test}" if test.startswith(("-", "@")) else test for test in (*tests, plan.target.name))
    return " ".join(shlex.quote(printable(word)) for word in words)


def _ended_in_time(
    process: subprocess.Popen[bytes], folder: Path, started: float, timeout: float | None, progress: Progress | None
) -> bool:
    last_call = started
    while process.poll() is None:
        now = time.monotonic()
        if timeout is not None and now - started >= timeout:
            return False
        if progress is not None and now - last_call >= _PROGRESS_SECONDS:
            last_call = now
            progress(now - started, begun_tests(folder))
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_LOOK_SECONDS)
    return True


def _what_it_said(output: Path, status: int) -> str:
    with output.open("rb") as file:
        file.seek(max(output.stat().st_size - _TAIL, 0))
        text = file.read().decode("utf-8", "replace")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if _ERROR.match(line)]
    said = "; ".join(line[:_LONGEST] for line in (errors or lines)[-3:])
    return f"pytest ended with exit status {status} ({printable(said) or 'no output'})"
