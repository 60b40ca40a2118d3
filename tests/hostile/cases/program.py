# mypy: ignore-errors
# ruff: noqa
"""What a test did to the program around it."""

import asyncio
import datetime
import sys
import threading
import unittest.mock
import warnings

from .tools import LOG, Boom, boom, logs, shows


@shows('"value": 1')
def test_json_is_patched(monkeypatch):
    value = 1
    for name in ("dumps", "loads", "JSONEncoder"):
        monkeypatch.setattr(json, name, logs(name, error=RuntimeError("patched")))
    boom()


@shows('"value": 1')
def test_builtins_are_patched(monkeypatch):
    value = 1
    for name in ("open", "print", "input"):  # pytest itself needs the others
        monkeypatch.setattr(f"builtins.{name}", logs(name, error=RuntimeError("patched")))
    boom()


@shows('"value": 1')
def test_more_of_builtins_is_patched_until_the_end_of_the_call():
    value = 1
    with unittest.mock.patch("builtins.sorted", logs("sorted", error=RuntimeError("patched"))):
        boom()


@shows('"value": 1')
def test_time_is_patched(monkeypatch):
    value = 1
    for name in ("sleep", "time", "monotonic", "perf_counter", "time_ns", "perf_counter_ns"):
        monkeypatch.setattr(time, name, lambda *_: 42)
    boom()


@shows('"value": 1')
def test_os_and_datetime_are_patched(monkeypatch):
    value = 1

    class Frozen(datetime.datetime):
        now = utcnow = classmethod(logs("now", error=RuntimeError("patched")))

    monkeypatch.setattr(datetime, "datetime", Frozen)
    for name in ("write", "fsencode", "fsdecode", "urandom"):
        monkeypatch.setattr(os, name, logs(name, error=RuntimeError("patched")))
    boom()


@shows('"value": 1')
def test_time_is_frozen():
    freezegun = __import__("freezegun")
    value = 1
    with freezegun.freeze_time("2001-01-01"):
        boom()


@shows("deep")
def test_recursion_limit_is_close():
    deep = [[[["nested"]]]]
    limit = sys.getrecursionlimit()
    for n in range(50, 400):
        try:
            sys.setrecursionlimit(n)
        except RecursionError:
            continue
        break
    LOG.append(sys.getrecursionlimit() < 400)
    try:
        boom()
    except Boom:
        sys.setrecursionlimit(sys.getrecursionlimit() + 40)  # pytest itself needs some
        raise


@shows("changing")
def test_container_is_changed_by_another_thread():
    changing, stop = {i: i for i in range(1000)}, threading.Event()

    def change():
        n = 0
        while not stop.is_set():
            changing[n % 5000] = n
            changing.pop((n + 2500) % 5000, None)
            n += 1

    thread = threading.Thread(target=change, name="changing")
    thread.start()
    try:
        boom()
    finally:
        stop.set()
        thread.join()


@shows("loop")
def test_event_loop_is_closed():
    loop = asyncio.new_event_loop()
    loop.close()
    boom()


@shows('"value": 1')
def test_warnings_are_errors_here():
    value = 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        boom()


@shows('"value": 1')
def test_trace_and_profile_functions_are_set():
    value = 1

    def trace(frame, event, arg):
        return None

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        boom()
    finally:
        LOG.append(sys.gettrace() is trace)
        sys.settrace(before)
