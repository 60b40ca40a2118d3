# mypy: ignore-errors
# ruff: noqa
"""Objects of the interpreter, and mocks."""

import io
import socket
import threading
import types
import unittest.mock
import weakref

from .tools import LOG, boom, hostile, shows


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
