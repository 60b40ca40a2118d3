# mypy: ignore-errors
# ruff: noqa
"""Exceptions that are odd, or are raised where little is left."""

from .tools import Boom, boom, logs, shows


@shows("level")
def test_recursion_error():
    def deeper(level):
        return deeper(level + 1)

    deeper(0)


@shows('"value": 1')
def test_memory_error_in_flight():
    value = 1
    raise MemoryError


def test_traceback_is_cleared():
    value = 1
    try:
        boom()
    except Boom as error:
        raise error.with_traceback(None) from None


SINGLETON = Boom("always the same")


@shows('"value": 1')
def test_exception_is_a_singleton():
    value = 1
    raise SINGLETON


@shows('"value": 2')
def test_exception_is_the_same_singleton_again():
    value = 2
    raise SINGLETON


@shows('"value": 1')
def test_exception_is_in_its_own_chain():
    value = 1
    first, second = Boom("first"), Boom("second")
    first.__cause__ = second
    second.__cause__ = first
    raise first


@shows('"value": 1')
def test_callback_of_c_fails():
    value = 1
    sorted([3, 1], key=lambda _: boom())


@shows('"value": 1')
def test_exec_with_a_mapping_of_its_own():
    value = 1

    class Names(dict):
        __getitem__ = logs("getitem", error=KeyError("no"))

    exec("boom_()", {"boom_": boom}, Names())


@shows("Weird")
def test_exception_whose_attributes_are_hostile():
    class Weird(Exception):
        __notes__ = property(logs("__notes__", error=RuntimeError()))
        __cause__ = property(logs("__cause__", error=RuntimeError()))
        __traceback__ = property(logs("__traceback__", error=RuntimeError()))

    value = Weird("x")
    boom()
