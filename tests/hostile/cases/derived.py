# mypy: ignore-errors
# ruff: noqa
"""Objects of classes that are derived from built-in types."""

import collections

from .tools import LOG, boom, logs, shows


@shows('"a": 1')
def test_dict_subclass_with_hostile_methods():
    class Dict(dict):
        items = keys = values = __iter__ = __len__ = __getitem__ = logs("dict", error=RuntimeError("no"))

    value = Dict(a=1)
    boom()


@shows('"$items": [1, 2]')
def test_list_subclass_with_hostile_methods():
    class List(list):
        __iter__ = __len__ = __getitem__ = logs("list", error=RuntimeError("no"))

    value = List([1, 2])
    boom()


@shows('"$items": [1, 2]')
def test_set_and_tuple_subclasses_with_hostile_methods():
    class Set(set):
        __iter__ = __len__ = logs("set", error=RuntimeError("no"))

    class Tuple(tuple):
        __iter__ = __len__ = logs("tuple", error=RuntimeError("no"))

    first, second = Set([1, 2]), Tuple([1, 2])
    boom()


@shows("what it is")
def test_str_subclass_with_hostile_methods():
    class Str(str):
        __str__ = __len__ = __iter__ = __getitem__ = isascii = encode = logs("str", error=RuntimeError("no"))

    value = Str("what it is")
    holder = {value: 1}
    boom()


@shows("1234", "2.5")
def test_number_subclasses_with_hostile_methods():
    class Int(int):
        __int__ = __index__ = __repr__ = __str__ = bit_length = logs("int", error=RuntimeError("no"))

    class Float(float):
        __float__ = __repr__ = logs("float", error=RuntimeError("no"))

    first, second = Int(1234), Float(2.5)
    boom()


@shows("Endless")
def test_mapping_without_end():
    class Endless(collections.abc.Mapping):
        __getitem__ = logs("getitem", 1)
        __len__ = logs("len", 10**18)

        def __iter__(self):
            LOG.append("iter")
            return iter(int, 1)

    value = Endless()
    boom()


@shows('"args"', "Broken")
def test_exception_with_hostile_str():
    class Broken(Exception):
        __str__ = __repr__ = logs("str", error=RuntimeError("no"))

    value = Broken("x")
    boom()
