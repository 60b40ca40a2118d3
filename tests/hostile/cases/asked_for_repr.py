# mypy: ignore-errors
# ruff: noqa
"""What an object does when it is asked for its ``repr``."""

import os
import sys
import time
import warnings

from .tools import LOG, boom, hostile, logs, shows


@shows("Hostile")
def test_repr_raises():
    value = hostile("__repr__", error=ValueError("no"))()
    boom()


@shows("Hostile")
def test_repr_raises_keyboard_interrupt():
    value = hostile("__repr__", error=KeyboardInterrupt())()
    boom()


@shows("Hostile")
def test_repr_raises_system_exit():
    value = hostile("__repr__", error=SystemExit(3))()
    boom()


@shows("Hostile")
def test_repr_returns_no_text():
    value = hostile("__repr__", result=42)()
    boom()


@shows("Recursive", '"inner": {"$ref": ')
def test_repr_recurses():
    class Recursive:
        def __repr__(self):
            LOG.append("repr")
            return repr(self)

    value = Recursive()
    value.inner = value
    boom()


@shows("Printing")
def test_repr_prints():
    class Printing:
        def __repr__(self):
            LOG.append("repr")
            print("out of a repr")
            sys.stderr.write("and to stderr")
            os.write(1, b"and to the descriptor")
            return "x"

    value = Printing()
    boom()


@shows("Sleeping")
def test_repr_sleeps_for_ever():
    class Sleeping:
        def __repr__(self):
            while True:
                time.sleep(1000)

    value = Sleeping()
    boom()


@shows("Exiting")
def test_repr_ends_the_process():
    class Exiting:
        def __repr__(self):
            os._exit(3)

    value = Exiting()
    boom()


@shows("Deleting", '"field": 1')
def test_repr_deletes_the_object():
    class Deleting:
        def __repr__(self):
            LOG.append("repr")
            self.__dict__.clear()
            return "gone"

    value = Deleting()
    value.field = 1
    boom()


@shows("Mutating", '"after": 2')
def test_repr_changes_the_container_it_is_in():
    holder = {}

    class Mutating:
        def __repr__(self):
            LOG.append("repr")
            holder.clear()
            return "x"

    holder["first"] = Mutating()
    holder["after"] = 2
    boom()


@shows("Huge")
def test_repr_is_huge():
    class Huge:
        def __repr__(self):
            LOG.append("repr")
            return "x" * 100_000_000

    value = Huge()
    boom()


@shows("Warning")
def test_repr_warns():
    class Warning_:
        def __repr__(self):
            LOG.append("repr")
            warnings.warn("from a repr")
            return "x"

    value = Warning_()
    boom()


@shows("Rich")
def test_repr_of_rich_is_not_asked():
    class Rich:
        __rich_repr__ = logs("__rich_repr__")
        __pretty__ = logs("__pretty__")
        _repr_html_ = logs("_repr_html_")

    value = Rich()
    boom()
