"""What else was alive at a failure: other threads and unfinished asyncio tasks, with where each one stands."""

from __future__ import annotations

import _thread
import sys
import threading
from types import CoroutineType, FrameType
from typing import Any

from pytest_debugloop.capture.project_code import ProjectCode
from pytest_debugloop.capture.storage import derives, dict_of, find_class, module_namespace, namespace_of
from pytest_debugloop.journal.records import clean_text

_MOST = 20
_MAX_FRAMES = 15
_type, _len = type, len
_current_frames = sys._current_frames
_own_id = _thread.get_ident
# `threading.enumerate()` would take a lock that a stopped thread may hold.
_threads: dict[int, Any] = threading._active  # type: ignore[attr-defined]  # not in typeshed
_OURS = ("execnet.", "xdist.", "pytest_")
_STARTS = frozenset({"_bootstrap", "_bootstrap_inner"})
_cr_frame = CoroutineType.__dict__["cr_frame"].__get__
_cr_await = CoroutineType.__dict__["cr_await"].__get__


def threads(project: ProjectCode) -> list[dict[str, Any]]:
    """List the other threads of the process, without those of pytest's plugins.

    Args:
        project: names the files.

    Returns:
        For each its name, whether it is a daemon, and its stack, innermost last.
    """
    if _len(_threads) < 2:
        return []
    own = _own_id()
    found: list[dict[str, Any]] = []
    for ident, frame in list(_current_frames().items()):
        thread = dict.get(_threads, ident)
        if ident == own or thread is None or _len(found) >= _MOST or _is_ours(frame):
            continue
        stored = dict_of(thread) or {}
        name: Any = stored.get("_name")
        found.append(
            {
                "name": clean_text(name) if _type(name) is str else None,
                "daemon": stored.get("_daemonic") is True,
                "stack": _stack(frame, project),
            }
        )
    return found


def tasks(project: ProjectCode) -> list[dict[str, Any]]:
    """List the asyncio tasks that are not done.

    Args:
        project: names the files.

    Returns:
        For each its name and its stack, innermost last.
    """
    module = dict.get(sys.modules, "asyncio.tasks")
    base: Any = find_class("_asyncio", "Task")
    if module is None or base is None:
        return []
    found: list[dict[str, Any]] = []
    for task in _scheduled(module_namespace(module)):
        if not derives(_type(task), base) or namespace_of(base)["done"](task):
            continue
        if _len(found) >= _MOST:
            break
        name = namespace_of(base)["get_name"](task)
        stack: list[dict[str, Any]] = []
        coroutine: Any = namespace_of(base)["get_coro"](task)
        while _type(coroutine) is CoroutineType and _len(stack) < _MAX_FRAMES:
            frame = _cr_frame(coroutine)
            if frame is not None:
                stack.append(_place(frame, project))
            coroutine = _cr_await(coroutine)
        found.append({"name": clean_text(name) if _type(name) is str else None, "stack": stack})
    return sorted(found, key=lambda one: str(one["name"]))


def _scheduled(module: dict[str, Any]) -> list[Any]:
    """Give all tasks that asyncio knows, done or not, without asking any of them."""
    known = module.get("_scheduled_tasks", module.get("_all_tasks"))
    references: Any = (dict_of(known) or {}).get("data")
    if _type(references) is not set:
        return []
    found = [reference() for reference in set.copy(references)]
    eager: Any = module.get("_eager_tasks")
    if _type(eager) is set:
        found += list(set.copy(eager))
    return [task for task in found if task is not None]


def _is_ours(frame: FrameType | None) -> bool:
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if _type(name) is str and name.startswith(_OURS):
            return True
        frame = frame.f_back
    return False


def _stack(frame: FrameType | None, project: ProjectCode) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while frame is not None and _len(found) < _MAX_FRAMES:
        if not (frame.f_code.co_name in _STARTS and frame.f_globals.get("__name__") == "threading"):
            found.append(_place(frame, project))
        frame = frame.f_back
    return found[::-1]


def _place(frame: FrameType, project: ProjectCode) -> dict[str, Any]:
    code = frame.f_code
    # Not more than its code is asked: the frame may be running.
    function = clean_text(getattr(code, "co_qualname", code.co_name))
    return {"file": project.name_of(code.co_filename), "function": function, "line": frame.f_lineno}
