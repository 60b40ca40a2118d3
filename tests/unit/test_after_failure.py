"""What stands behind the statement of a test that failed had no part in its failure."""

from __future__ import annotations

import pytest

from pytest_debugloop.loading.recoveries.after_failure import is_behind

TEST = """\
@mark
def test_it(cart):
    '''Sell.'''
    total = pay(cart)
    assert total == 3
    assert (
        cart.sold
    )
"""
LOOP = "def test_it():\n    for n in range(3):\n        assert f(n)\n        g(n)\n    h()\n"


@pytest.mark.parametrize(
    ("before", "after", "line", "expected"),
    [
        (TEST, TEST + "    assert cart.paid\n", 5, True),
        (TEST, TEST + "    assert cart.paid\n", 7, True),  # inside of a statement
        (TEST, TEST.replace("cart.sold", "cart.is_sold"), 5, True),
        (TEST, TEST.replace("cart.sold", "cart.is_sold"), 7, False),
        (TEST, TEST.replace("Sell.", "Sell it.") + "    more()\n", 5, True),
        (TEST, TEST.replace("pay(cart)", "pay(cart, 1)") + "    more()\n", 5, False),
        (TEST, TEST.replace("@mark", "@marked"), 5, False),
        (TEST, TEST.replace("(cart)", "(cart, shop)", 1), 5, False),
        (TEST, TEST.replace("    assert total", "    more()\n    assert total"), 5, False),
        (LOOP, LOOP.replace("h()", "i()"), 3, True),
        (LOOP, LOOP.replace("g(n)", "i(n)"), 3, False),  # it may have been run before
        (TEST, "test_it = None\n", 5, False),
        (TEST, TEST + "    more()\n", 90, False),
        (TEST, "def test_it(:\n", 5, False),
    ],
)
def test_only_what_is_behind_it_is_left_out(before: str, after: str, line: int, expected: bool) -> None:
    assert is_behind(before, after, line) is expected
