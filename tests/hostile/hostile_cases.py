# mypy: ignore-errors
# ruff: noqa
"""A suite whose tests all fail, each with something in reach of a snapshot that no snapshot must touch.

It is copied into a project and run there, with and without the plugin. ``LOG`` takes what any object's own code did, so
that the two runs can be compared; ``shows`` says which words a snapshot of the test's locals holds.
"""

import asyncio
import collections
import datetime
import io
import json
import os
import socket
import sys
import threading
import time
import types
import unittest.mock
import warnings
import weakref

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


# -- what an object does when it is asked for its repr ----------------------------------------------------------------


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


# -- what an object does when it is looked at -------------------------------------------------------------------------


@shows("Lying", never=("builtins.dict",))
def test_class_lies():
    class Lying:
        @property
        def __class__(self):
            LOG.append("__class__")
            return dict

    value = Lying()
    boom()


@shows("Raising")
def test_class_raises():
    class Raising:
        @property
        def __class__(self):
            LOG.append("__class__")
            raise RuntimeError

    value = Raising()
    boom()


@shows("Hostile", '"kept": 1')
def test_getattribute_raises_base_exception():
    cls = hostile("__getattribute__", error=GeneratorExit())
    value = cls()
    object.__setattr__(value, "kept", 1)
    boom()


@shows("Hostile")
def test_getattr_answers_everything():
    value = hostile("__getattr__", result=1)()
    boom()


@shows("Hostile")
def test_len_is_negative():
    value = hostile("__len__", result=-1)()
    boom()


@shows("Hostile")
def test_bool_raises():
    value = hostile("__bool__", error=ValueError("ambiguous"))()
    boom()


@shows("Hostile")
def test_eq_and_hash_raise():
    value = hostile("__eq__", error=ValueError("no"), __hash__=logs("__hash__", error=TypeError("no")))()
    holder = [value, value]
    boom()


@shows("Hostile")
def test_iter_never_ends():
    value = hostile("__iter__", result=iter(int, 1))()
    boom()


@shows("Lazy", never=('"expensive"',))
def test_property_is_expensive():
    class Lazy:
        @property
        def expensive(self):
            LOG.append("property")
            time.sleep(1000)

    value = Lazy()
    boom()


@shows("Fake", never=("never",))
def test_dict_is_a_property_of_the_class():
    class Fake:
        @property
        def __dict__(self):
            LOG.append("__dict__")
            return {"never": 1}

    value = Fake()
    boom()


@shows("Slotted", '"first": 1', never=("second",))
def test_slots_are_read_where_they_are_set():
    class Slotted:
        __slots__ = ("first", "second")

    value = Slotted()
    value.first = 1
    boom()


@shows('"kept": 1')
def test_slots_and_a_hostile_descriptor():
    class Descriptor:
        __get__ = logs("__get__", error=ValueError("no"))

    class Mixed:
        __slots__ = ("__dict__", "kept")
        other = Descriptor()

    value = Mixed()
    value.kept = 1
    boom()


@shows("Odd")
def test_metaclass_is_hostile():
    class Meta(type):
        __instancecheck__ = logs("__instancecheck__", error=RuntimeError())
        __subclasscheck__ = logs("__subclasscheck__", error=RuntimeError())
        __repr__ = logs("__repr__", error=RuntimeError())
        __hash__ = logs("__hash__", error=RuntimeError())
        __eq__ = logs("__eq__", error=RuntimeError())
        __getattribute__ = logs("__getattribute__", error=RuntimeError())

    Odd = Meta("Odd", (), {})
    value = Odd.__call__() if False else type.__call__(Odd)
    boom()


@shows("Typed", '"name": 1')
def test_class_body_shadows_names():
    class Typed:
        __module__ = 42
        __name__ = "other"

    value = Typed()
    value.name = 1
    boom()


@shows("numpy.ndarray", never=("dtype",))
def test_class_pretends_to_be_of_a_library():
    value = type("ndarray", (), {"__module__": "numpy", "shape": property(logs("shape"))})()
    boom()


# -- classes derived from built-in types ------------------------------------------------------------------------------


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


# -- sizes and shapes -------------------------------------------------------------------------------------------------


@shows('"$cut": "99,999,950 more of 100,000,000 items"')
def test_list_of_1e8_items():
    value = [0] * 100_000_000
    boom()


@shows("too deep")
def test_nesting_of_10000():
    value = []
    for _ in range(10_000):
        value = [value]
    boom()


@shows("$ref")
def test_dag_of_40_levels():
    value = []
    for _ in range(40):
        value = [value, value]
    boom()


@shows("/exceptions/0/frames/0/locals/a_list", "/exceptions/0/frames/0/locals/a_dict", "$ref")
def test_cycles_through_every_container():
    a_list, a_dict, a_deque = [], {}, collections.deque()
    a_list.append(a_list)
    a_dict["me"] = a_dict
    a_deque.append(a_deque)
    in_tuple = ([],)
    in_tuple[0].append(in_tuple)

    class Node:
        pass

    node = Node()
    node.me = node
    boom()


@shows('"$cut": "999,998,000 more of 1,000,000,000 characters"')
def test_text_of_1_gb():
    value = "x" * 1_000_000_000
    boom()


@shows('"$cut": "99,998,000 more of 100,000,000 bytes"')
def test_bytes_of_100_mb():
    value = b"x" * 100_000_000
    boom()


@shows('"$bits"')
def test_integer_of_5000_digits():
    value = 10**5000
    boom()


@shows('"$float": "nan"', '"$float": "inf"', '"$float": "-inf"')
def test_numbers_that_json_has_not():
    values = [float("nan"), float("inf"), float("-inf"), -0.0, 1e308]
    boom()


@shows("a\\\\x00b", "\\\\udc80")
def test_texts_that_postgresql_has_not():
    nul, surrogate = "a\0b", "x\udc80y"
    holder = {"\0": 1, "\ud800": 2}
    boom()


@shows("\\\\xff\\\\xfe")
def test_bytes_that_are_no_text():
    value = b"\xff\xfe\x00"
    boom()


@shows('"1": "number"', '"1\'": "text"', '"None"', '"(1, 2)"', '"<object>"')
def test_keys_that_are_no_text_and_collide():
    value = {1: "number", "1": "text", None: 0, (1, 2): 0, object(): 0, 2.5: 0, b"b": 0}
    boom()


@shows("$$type", "$$ref")
def test_keys_that_look_like_marks():
    value = {"$type": "x", "$ref": "/schema", "$cut": 1}
    boom()


@shows("no room left")
def test_more_than_fits():
    value = [[["x" * 1000 for _ in range(50)] for _ in range(50)] for _ in range(50)]
    boom()


# -- objects of the interpreter ---------------------------------------------------------------------------------------


@shows("generator", '"is_finished": false')
def test_generator_and_iterators_are_not_advanced():
    def numbers():
        LOG.append("advanced")
        yield 1

    generator, iterator, mapped = numbers(), iter([1, 2]), map(LOG.append, [1])
    try:
        boom()
    finally:
        LOG.append(next(iterator))


@shows("coroutine")
def test_coroutine_is_closed_by_the_test_alone():
    async def later():
        LOG.append("awaited")

    value = later()
    try:
        boom()
    finally:
        value.close()


@shows("coroutine")
def test_coroutine_never_awaited_warns_as_ever():
    async def later():
        pass

    value = later()
    boom()


@shows("lock", "Condition")
def test_locks_are_not_taken():
    lock, condition = threading.Lock(), threading.Condition()
    lock.acquire()
    boom()


@shows("socket.socket", "fileno")
def test_socket():
    with socket.socket() as value:
        value.setblocking(False)
        boom()


@shows("TextIOWrapper", '"name"')
def test_file_keeps_its_position(tmp_path):
    path = tmp_path / "file"
    path.write_text("one\ntwo\nthree\n")
    with open(path) as value:
        LOG.append(value.readline())
        try:
            boom()
        finally:
            LOG.append(value.tell())


@shows("TextIOWrapper", '"closed": true')
def test_file_that_is_closed(tmp_path):
    value = open(tmp_path / "file", "w")
    value.close()
    boom()


@shows("abc")
def test_memory_file_keeps_its_position():
    value, text = io.BytesIO(b"abc"), io.StringIO("def")
    value.read(1)
    try:
        boom()
    finally:
        LOG.append(value.tell())


@shows("ReferenceType", "ProxyType")
def test_weak_references_dead_and_alive():
    class Node:
        pass

    node = Node()
    alive, proxy = weakref.ref(node), weakref.proxy(node)
    other = Node()
    dead, dead_proxy = weakref.ref(other), weakref.proxy(other)
    del other
    boom()


@shows("kept", never=("deleted",))
def test_deleted_local():
    deleted, kept = 1, 2
    del deleted
    boom()


@shows("mappingproxy", "dict_keys")
def test_views():
    proxy, keys = types.MappingProxyType({"a": 1}), {"a": 1}.keys()
    boom()


@shows("SimpleNamespace")
def test_a_type_of_c_with_a_dict():
    value = types.SimpleNamespace(x=hostile("__repr__", error=ValueError())())
    boom()


# -- mocks ------------------------------------------------------------------------------------------------------------


@shows("MagicMock", '"call_count": 1')
def test_mock_counts_no_call_of_ours():
    value = unittest.mock.MagicMock()
    value(1)
    try:
        boom()
    finally:
        LOG.append((value.call_count, len(value.mock_calls), sorted(value._mock_children)))


@shows("MagicMock", "spec")
def test_mock_with_a_spec():
    class Spec:
        def method(self):
            pass

    value = unittest.mock.MagicMock(spec=Spec)
    try:
        boom()
    finally:
        LOG.append((value.mock_calls, sorted(value._mock_children)))


@shows("Mock")
def test_mock_that_raises_for_everything():
    value = unittest.mock.Mock(side_effect=KeyboardInterrupt)
    boom()


# -- what a test did to the program -----------------------------------------------------------------------------------


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
