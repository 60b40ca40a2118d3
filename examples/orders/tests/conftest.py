import pytest
from orders import Order, Stock

_STOCK = Stock({"apple": 10, "pear": 2, "melon": 0})


@pytest.fixture
def order() -> Order:
    order = Order("regular")
    order.add("apple", 4)
    order.add("pear")
    return order


@pytest.fixture(scope="session")
def stock() -> Stock:
    return _STOCK


@pytest.fixture
def delivery(order: Order):
    raise ConnectionError("the delivery service is closed")


@pytest.fixture
def receipt(tmp_path):
    file = (tmp_path / "receipt.txt").open("w")
    yield file
    assert not file.closed, "the test closed the receipt"
    file.close()
