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
    """Look at the lines of what is ours; of anything else nothing more is told."""
    if code.co_filename.startswith(PACKAGE):
        sys.monitoring.set_local_events(TOOL, code, EVENTS.LINE)
    return sys.monitoring.DISABLE


def note(code, line):
    """Note a line, once."""
    lines.setdefault(code.co_filename, set()).add(line)
    return sys.monitoring.DISABLE


def save():
    """Keep what is new, where this process may: some tests run as others, or with no room on the disk."""
    global lines
    taken, lines = lines, {}
    try:
        if taken:
            file = _open(f"{DATA}-{_getpid()}-{_time()}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
            _write(file, marshal.dumps({name: list(found) for name, found in taken.items()}))
            _close(file)
    except Exception:  # noqa: S110 - nobody is there to be told
        pass


sys.monitoring.use_tool_id(TOOL, "coverage.py")
sys.monitoring.register_callback(TOOL, EVENTS.PY_START, begin_code)
sys.monitoring.register_callback(TOOL, EVENTS.LINE, note)
sys.monitoring.set_events(TOOL, EVENTS.PY_START)
atexit.register(save)
# A child has its own to tell: most are forked by a process that has imported what they need.
os.register_at_fork(before=save)
