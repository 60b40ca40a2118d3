"""What the process of a run was started with beside its variables: its folder, umask, limits and processors."""

from __future__ import annotations

import contextlib
import os
import resource
from pathlib import Path

FOLDER, UMASK, PROCESSORS = "folder", "umask", "processors"
OPEN_FILES, MEMORY, STACK, PROCESSES, FILE_SIZE = (
    f"limit of {what}" for what in ("open files", "memory", "stack", "processes", "file size")
)
STATE = (FOLDER, UMASK, PROCESSORS, OPEN_FILES, MEMORY, STACK, PROCESSES, FILE_SIZE)
"""The names of all that is told; ``code.sql`` leaves them out of what two runs need to have the same conditions."""
_LIMITS = {
    OPEN_FILES: "RLIMIT_NOFILE",
    MEMORY: "RLIMIT_AS",
    STACK: "RLIMIT_STACK",
    PROCESSES: "RLIMIT_NPROC",
    FILE_SIZE: "RLIMIT_FSIZE",
}
_STATUS = Path("/proc/self/status")


def process_state(folder: Path, rootdir: Path) -> dict[str, str]:
    """Say what this process was started with, by name; what the system does not tell is left out.

    Args:
        folder: in which pytest was called.
        rootdir: pytest's.
    """
    found = {}
    with contextlib.suppress(OSError, ValueError):
        found[FOLDER] = os.path.relpath(folder, rootdir)
    # It cannot be read otherwise without being set.
    with contextlib.suppress(OSError, ValueError):
        # As bytes: neither a codec nor a regular expression has to be made for it.
        _, is_there, rest = _STATUS.read_bytes().partition(b"\nUmask:")
        if is_there:
            found[UMASK] = rest.split(None, 1)[0].decode("latin-1")
    with contextlib.suppress(OSError, AttributeError):
        found[PROCESSORS] = str(len(os.sched_getaffinity(0)))
    for name, limit in _LIMITS.items():
        with contextlib.suppress(OSError, ValueError, AttributeError):
            soft = resource.getrlimit(getattr(resource, limit))[0]
            found[name] = "none" if soft == resource.RLIM_INFINITY else str(soft)
    return found
