# mypy: ignore-errors
# ruff: noqa
"""What hostile tests are made of.

``LOG`` takes what any object's own code did, so that two runs can be compared; ``shows`` says which words a snapshot of
the test's locals holds.
"""

SHOWN = {}
LOG = []


def shows(*words, never=()):
    def note(function):
        SHOWN[function.__name__] = (words, never)
        return function

    return note


class Boom(Exception):
    pass


def boom():
    raise Boom("on purpose")


def logs(name, result=None, error=None):
    """Make a method that tells of every call of it."""

    def method(self, *args, **kwargs):
        LOG.append(name)
        if error is not None:
            raise error
        return result

    return method


def hostile(name, result=None, error=None, bases=(), **more):
    return type("Hostile", bases, {name: logs(name, result, error), **more})
