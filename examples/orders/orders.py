"""A small shop: what the example suite tests."""

from dataclasses import dataclass, field
from decimal import Decimal

PRICES = {"apple": Decimal("0.50"), "pear": Decimal("0.75"), "melon": Decimal("2.10")}


class OutOfStock(Exception):
    """There is less of an article than was ordered."""


@dataclass
class Order:
    """What a customer wants."""

    customer: str
    lines: dict[str, int] = field(default_factory=dict)

    def add(self, article: str, count: int = 1) -> None:
        self.lines[article] = self.lines.get(article, 0) + count

    def total(self) -> Decimal:
        return sum((PRICES[article] * count for article, count in self.lines.items()), Decimal(0))


class Stock:
    """What the shop has; the first look at it after the shop opens takes too long."""

    def __init__(self, counts: dict[str, int]) -> None:
        self.counts = counts
        self._warm = False

    def look(self, article: str) -> int:
        if not self._warm:
            self._warm = True
            raise TimeoutError(f"the stock of {article!r} did not answer")
        return self.counts[article]

    def take(self, order: Order) -> None:
        for article, count in order.lines.items():
            left = self.counts[article] - count
            if left < 0:
                raise OutOfStock(f"{article}: {self.counts[article]} left, {count} ordered")
            self.counts[article] = left


def discount(total: Decimal, customer: str) -> Decimal:
    """Give regular customers a tenth off; the rounding is wrong, and a test knows."""
    if customer == "regular":
        return (total * 9 / 10).quantize(Decimal(1))
    return total
