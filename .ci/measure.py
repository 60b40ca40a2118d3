"""Notes which lines of `pytest_debugloop/` each process of an environment runs: runs inside tests, loaders, commands.

`.ci/run` puts it into its environment, with a .pth file that imports it: no variable has to reach a process, where a
test would meet it. It does what `coverage` does with sys.monitoring, which leaves tracers to the tests. There are
thousands of processes: importing coverage would take most of them longer than what they are for, and a database of
each would cost a fifth of a run. `merge.py` makes one of all.
"""

import atexit
import marshal
import os
import sys
import time

PACKAGE = "@PACKAGE@/"
DATA = "@DATA@"
EVENTS = sys.monitoring.events
TOOL = sys.monitoring.COVERAGE_ID
# Bound before any test, which may put something else there.
_open, _write, _close, _getpid, _time = os.open, os.write, os.close, os.getpid, time.time_ns

lines: dict[str, set[int]] = {}


def begin_code(code, _offset):
    """Ask for the lines of code in the package, and for nothing of any other."""
    if code.co_filename.startswith(PACKAGE):
        sys.monitoring.set_local_events(TOOL, code, EVENTS.LINE)
    return sys.monitoring.DISABLE


def note(code, line):
    """Note a line the first time that it runs."""
    lines.setdefault(code.co_filename, set()).add(line)
    return sys.monitoring.DISABLE


def save() -> None:
    """Write what was noted since the last time, if this process may: some run as others, or with a full disk."""
    global lines
    taken, lines = lines, {}
    try:
        if taken:
            file = _open(f"{DATA}-{_getpid()}-{_time()}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
            _write(file, marshal.dumps({name: list(found) for name, found in taken.items()}))
            _close(file)
    except Exception:  # noqa: S110 - a process without coverage is better than a test that fails by it
        pass


# By this name tests that look at tools tell it from ours.
sys.monitoring.use_tool_id(TOOL, "coverage.py")
sys.monitoring.register_callback(TOOL, EVENTS.PY_START, begin_code)
sys.monitoring.register_callback(TOOL, EVENTS.LINE, note)
sys.monitoring.set_events(TOOL, EVENTS.PY_START)
atexit.register(save)
# So that a child does not write its parent's lines again: most are forked by one that has imported all they need.
os.register_at_fork(before=save)
