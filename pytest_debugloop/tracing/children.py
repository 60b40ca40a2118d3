"""Which code of the project a child process ran, as far as its command line tells."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from pytest_debugloop.capture.project_code import ProjectCode
from pytest_debugloop.system import System
from pytest_debugloop.tracing.audit import Child

_MODULE = re.compile(r"[A-Za-z_][\w.]*")
_IMPORTED = re.compile(rb"^\s*(?:from|import)\s+([A-Za-z_][\w.]*)", re.MULTILINE)
_IMPORTED_IN_TEXT = re.compile(r"(?:^|[;\n])\s*(?:from|import)\s+([A-Za-z_][\w.]*)")
_LARGEST_SCRIPT = 8 * 1024
_MAX_NAMED = 20
_OPTIONS_WITH_WORD = ("-W", "-X", "--check-hash-based-pycs")


def describe_child(child: Child, project: ProjectCode) -> dict[str, Any]:
    """Say what a child process ran of the project.

    Its words are not kept, for they may hold secrets.

    Args:
        child: as it was noted.
        project: tells which code is its own.

    Returns:
        ``program``, its name without a folder; ``files`` and ``modules`` that stand in its command line, or in the
        script that was run.
    """
    files: dict[str, None] = {}
    modules: dict[str, None] = {}
    words = [word for part in child.words for word in _split(part)]
    for index, word in enumerate(words):
        before = words[index - 1] if index else ""
        if before in ("-m", "--module") and _MODULE.fullmatch(word):
            modules[word] = None
        elif before == "-c":
            modules.update(dict.fromkeys(_IMPORTED_IN_TEXT.findall(word)))
        elif before not in _OPTIONS_WITH_WORD and not word.startswith("-"):
            path = os.path.normpath(os.path.join(child.folder, word))  # noqa: PTH118 - may be no path at all
            if _is_file(path) and project.has_file(path):
                files[project.name_of(path)] = None
    for module in _of_script(child, words):
        modules[module] = None
    return {
        "program": os.path.basename(child.program)[:100],  # noqa: PTH119
        "files": list(files)[:_MAX_NAMED],
        "modules": list(modules)[:_MAX_NAMED],
    }


def _split(word: str) -> list[str]:
    """Give the words of what a shell is given as one, and the word itself."""
    if " " not in word or "\n" in word:
        return [word]
    try:
        return [word, *shlex.split(word)]
    except ValueError:
        return [word]


def _of_script(child: Child, words: Sequence[str]) -> Iterator[str]:
    """Give the modules that an installed script imports: it is a few lines long."""
    for word in dict.fromkeys((child.program, *words[:2])):
        name = os.path.basename(word)  # noqa: PTH119
        if not name or name.startswith("python"):
            continue
        folders = [""] if os.sep in word else [os.path.dirname(sys.executable)]  # noqa: PTH120
        for path in (os.path.join(child.folder, folder, word) for folder in folders):  # noqa: PTH118
            yield from _imported(path)


def _imported(path: str) -> list[str]:
    if not _is_file(path):
        return []
    try:
        descriptor = System.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            text = System.pread(descriptor, _LARGEST_SCRIPT, 0)
        finally:
            System.close(descriptor)
    except OSError:
        return []
    if not text.startswith(b"#!") or b"python" not in text:
        return []
    return [name.decode("ascii", "replace") for name in _IMPORTED.findall(text) if name not in (b"sys", b"re")]


def _is_file(path: str) -> bool:
    try:
        return System.stat(path).st_mode & 0o170000 == 0o100000
    except (OSError, ValueError):
        return False
