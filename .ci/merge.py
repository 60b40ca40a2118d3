"""Makes data for `coverage` of what all processes have kept: see measure.py. Called with the path of the data file."""

import contextlib
import marshal
import sys
from collections import defaultdict
from pathlib import Path

import coverage

data = Path(sys.argv[1])
lines: dict[str, set[int]] = defaultdict(set)
for kept in data.parent.glob(f"{data.name}-*"):
    with contextlib.suppress(EOFError, ValueError, TypeError):  # its process was killed while it wrote
        for file, found in marshal.loads(kept.read_bytes()).items():  # noqa: S302 - by our own processes
            lines[str(Path(file).resolve())].update(found)
    kept.unlink()
merged = coverage.CoverageData(f"{data}.merged")
merged.add_lines(lines)
merged.write()
