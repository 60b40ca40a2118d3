# mypy: ignore-errors
# ruff: noqa
"""Values of all sizes and shapes."""

import collections

from .tools import boom, shows


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
