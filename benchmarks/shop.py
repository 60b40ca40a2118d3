"""Failures two frames deep with nested locals.

``fail``: dataclasses, 300 rows, a text of 4,000 characters, 20 scalars. ``fail_richly``: 850 texts in what is captured.

It imports nothing of this project or of pytest: it is copied into the suites that are measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass
class Address:
    street: str
    city: str
    code: str


@dataclass
class Customer:
    number: int
    name: str
    address: Address
    groups: list[str]


@dataclass
class Order:
    number: int
    customer: Customer
    lines: list[dict[str, Any]]
    total: float


def check(order: Order, rows: list[dict[str, Any]], text: str) -> None:
    """Fail, with all of it in reach."""
    a, b, c, d, e, f, g, h, i, j = range(10)
    k, m, n, o, p = "alpha", "beta", "gamma", "delta", "epsilon"
    ratio, is_open, missing, name, count = 0.5, True, None, "an inner name", len(rows)
    assert order.total == count, name


def fail(number: int) -> None:
    """Make the data, and fail in a frame of another function."""
    rows = [
        {"id": i, "name": f"row {i}", "price": i * 1.5, "quantity": i % 7, "sku": f"SKU-{i:05}", "sold": i % 2 == 0}
        for i in range(300)
    ]
    customer = Customer(2, "Ann", Address("Main Street 1", "Bern", "3000"), ["new", "gold"])
    order = Order(number, customer, rows[:20], 3.5)
    text = "lorem ipsum " * 334
    check(order, rows, text)


def check_all(orders: list[Order], customers: list[Customer], options: dict[str, str]) -> None:
    """Fail, with all of it in reach."""
    total, names = sum(order.total for order in orders), [customer.name for customer in customers]
    assert total == len(options), names[0]


def fail_richly(number: int) -> None:
    """Make the data, and fail in a frame of another function."""
    customers = [
        Customer(i, f"customer {i}", Address(f"Main Street {i}", f"Bern {i}", f"{3000 + i}"), ["new", f"since {i}"])
        for i in range(60)
    ]
    orders = [
        Order(
            number + i,
            customers[i],
            [{"sku": f"SKU-{i:05}-{j}", "title": f"article {i} of {j}", "note": f"ships on day {j}"} for j in range(3)],
            i * 1.5,
        )
        for i in range(60)
    ]
    check_all(orders, customers, {f"option {i}": f"the value of option {i}" for i in range(60)})
