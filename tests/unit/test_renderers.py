"""Types of other libraries are shown by what they store: no query, no load, no copy."""

from __future__ import annotations

import array
import collections
import dataclasses
import datetime as dt
import decimal
import enum
import fractions
import functools
import ipaddress
import logging
import pathlib
import re
import sys
import tracemalloc
import types
import unittest.mock
import uuid
import warnings
import zoneinfo
from typing import TYPE_CHECKING, Any

import attrs
import django
import httpx
import numpy as np
import pandas as pd
import polars as pl
import pydantic
import pytest
import requests
import sqlalchemy as sa
from django.conf import settings
from sqlalchemy import orm

from tests.unit.shown import shown

if TYPE_CHECKING:
    from collections.abc import Iterator


class Colour(enum.Enum):
    RED = "r"


class Level(enum.IntFlag):
    LOW = 1
    HIGH = 2


@dataclasses.dataclass(slots=True)
class Slots:
    number: int
    names: list[str]


@attrs.define
class Attrs:
    number: int
    password: str


class Model(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="allow")
    name: str
    parts: list[int] = []
    key: pydantic.SecretStr = pydantic.SecretStr("hunter2")


Point = collections.namedtuple("Point", ["x", "token"])


def test_types_of_the_standard_library() -> None:
    assert shown(Colour.RED) == {"$type": f"{__name__}.Colour", "name": "RED", "value": "r"}
    assert shown(Level.HIGH)["value"] == 2
    assert shown(Slots(1, ["a"])) == {"$type": f"{__name__}.Slots", "number": 1, "names": ["a"]}
    assert shown(Point(1, "abc")) == {"$type": f"{__name__}.Point", "x": 1, "token": "[redacted: key]"}
    assert shown(decimal.Decimal("1.50"))["$value"] == "1.50"
    assert shown(fractions.Fraction(1, 3))["_denominator"] == 3
    assert shown(ipaddress.ip_address("10.1.2.3"))["$value"] == "10.1.2.3"
    assert shown(ipaddress.ip_address("2001:db8::1"))["$value"] == "2001:db8:0:0:0:0:0:1"
    assert shown(re.compile("a+", re.IGNORECASE))["pattern"] == "a+"
    assert shown(uuid.UUID(int=5))["$value"] == "00000000-0000-0000-0000-000000000005"
    assert shown(zoneinfo.ZoneInfo("UTC"))["key"] == "UTC"
    assert shown(dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.timezone.utc))["$value"] == "2026-01-02T03:04:05 UTC"
    assert shown(dt.timedelta(hours=1))["$value"] == "1:00:00"
    assert shown(types.MappingProxyType({"a": 1}))["of"] == {"a": 1}
    assert shown({"a": 1}.values())["of"] == {"a": 1}
    assert shown(collections.Counter("aab")) == {"$type": "collections.Counter", "a": 2, "b": 1}
    assert shown(functools.partial(int, base=2))["$type"] == "functools.partial"
    assert shown(slice(1, None))["start"] == 1
    assert shown(memoryview(b"abc"))["nbytes"] == 3


def test_what_holds_a_value_is_shown_with_it() -> None:
    numbers = array.array("d", range(1_000))
    assert shown(numbers) == {"$type": "array.array", "typecode": "d", "length": 1_000, "head": list(numbers[:20])}
    assert shown(types.CellType([1])) == {"$type": "cell", "contents": [1]}
    assert shown(types.CellType())["$value"] == "empty"
    logger = logging.getLogger(f"{__name__}.shop")
    assert shown(logger) == {"$type": "logging.Logger", "name": logger.name, "level": 0, "disabled": False}
    assert shown(unittest.mock.sentinel.missing)["$value"] == "missing"


@pytest.mark.parametrize(
    ("mode", "buffering"),
    [("r", -1), ("w", -1), ("a+", -1), ("rb", -1), ("wb", -1), ("rb+", -1), ("rb", 0), ("wb", 0), ("rb+", 0)],
)
def test_a_file_is_shown_in_the_mode_that_it_was_opened_in(tmp_path: pathlib.Path, mode: str, buffering: int) -> None:
    path = tmp_path / "orders"
    path.touch()
    with path.open(mode, buffering) as file:
        assert (shown(file)["mode"], shown(file)["name"], shown(file)["closed"]) == (mode, str(path), False)
    assert shown(file)["closed"] is True


@pytest.mark.parametrize("path", ["/a/b.txt", "a/b", ".", "/", "a//b/../c"])
def test_a_path_is_shown_as_it_is_written(path: str) -> None:
    for value in (pathlib.Path(path), pathlib.PurePosixPath(path)):
        before = shown(value)["$value"]
        assert pathlib.PurePosixPath(before) == pathlib.PurePosixPath(path)
        assert str(value) == shown(value)["$value"]
    assert shown(pathlib.Path("a") / "b")["$value"] == "a/b"


def test_functions_classes_and_modules_are_shown_by_name() -> None:
    def inner() -> None: ...

    assert shown(inner)["name"].endswith("<locals>.inner")
    assert re.fullmatch(r"test_renderers\.py:\d+", shown(inner)["defined"])
    assert shown(Slots) == {"$type": "type", "name": f"{__name__}.Slots"}
    assert shown(re)["name"] == "re"
    assert shown([].append)["name"] == "list.append"
    assert shown(Model(name="x").model_dump)["name"] == "BaseModel.model_dump"


def test_attrs_and_pydantic() -> None:
    assert shown(Attrs(1, "hunter2")) == {
        "$type": f"{__name__}.Attrs",
        "number": 1,
        "password": "[redacted: key]",
    }
    found = shown(Model.model_validate({"name": "x", "parts": [1], "more": "extra"}))
    assert (found["name"], found["parts"], found["more"]) == ("x", [1], "extra")
    assert "hunter2" not in str(found)
    assert not [key for key in found if key.startswith("__pydantic")]


def test_a_mock_tells_its_calls_and_is_not_called() -> None:
    mock = unittest.mock.MagicMock(name="gate", return_value=7)
    mock("a", n=1)
    mock.child.method(2)
    before = mock.mock_calls[:]
    found = shown(mock)
    assert (found["name"], found["call_count"], found["return_value"]) == ("gate", 1, 7)
    assert found["calls"] == [{"args": ["a"], "kwargs": {"n": 1}}]
    assert list(found["children"]["child"]["children"]) == ["method"]
    assert shown(mock.child.method)["calls"] == [{"args": [2]}]
    assert mock.mock_calls == before
    assert list(mock._mock_children) == ["child"]
    assert shown(unittest.mock.AsyncMock())["call_count"] == 0
    assert shown(unittest.mock.create_autospec(Slots))


def test_numpy() -> None:
    found = shown(np.arange(1000, dtype="int64").reshape(10, 100))
    assert (found["dtype"], found["shape"], found["head"]) == ("<i8", [10, 100], list(range(20)))
    assert found["$cut"] == "980 more of 1,000 items"
    assert shown(np.float64(1.5))["$value"] == 1.5
    assert shown(np.int8(3))["$value"] == 3
    assert shown(np.array([object()]))["dtype"] == "|O"
    assert "head" not in shown(np.array([object()]))
    assert shown(np.array(["2026-01-01"], dtype="datetime64[D]"))["shape"] == [1]
    assert "a" in shown(np.zeros(2, dtype=[("a", "i4"), ("b", "f8")]))["dtype"]
    assert shown(np.array([np.nan, np.inf]))["head"] == [{"$float": "nan"}, {"$float": "inf"}]
    assert shown(np.ma.masked_array([1], mask=[True]))["shape"] == [1]
    assert shown(np.array(5))["shape"] == []


def test_a_big_array_is_not_copied() -> None:
    big = np.zeros((10_000, 1_000), dtype="int8")[:, ::2]  # not contiguous
    frame = pd.DataFrame({"a": np.zeros(2_000_000), "b": np.zeros(2_000_000)})
    table = pl.DataFrame({"a": np.zeros(2_000_000)})
    tracemalloc.start()
    try:
        for value in (big, frame, table, frame["a"]):
            shown(value)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_pandas() -> None:
    frame = pd.DataFrame({"n": [1, 2, 3], "f": [1.5, None, 3.0], "s": ["a", "b", None]})
    found = shown(frame)
    assert found["shape"] == [3, 3]
    assert list(found["columns"]) == ["n", "f", "s"]
    assert found["columns"]["n"] == "int64"
    assert found["head"]["n"] == [1, 2, 3]
    assert found["head"]["f"] == [1.5, {"$float": "nan"}, 3.0]
    assert found["head"]["s"][:2] == ["a", "b"]
    series = shown(frame["n"])
    assert (series["name"], series["length"], series["head"]) == ("n", 3, [1, 2, 3])
    assert shown(frame.index)["range"] == {"$type": "range", "$value": "range(0, 3)"}
    assert shown(pd.Index([5, 6]))["head"] == [5, 6]
    assert shown(pd.DataFrame())["shape"] == [0, 0]
    wide = shown(pd.DataFrame(np.zeros((2, 100))))
    assert wide["$cut"] == "70 more of 100 columns"
    assert shown(pd.DataFrame({"t": pd.to_datetime(["2026-01-01"]), "c": pd.Categorical(["x"])}))["shape"] == [1, 2]
    assert shown(pd.Timestamp("2026-01-01"))["$value"].startswith("2026-01-01")


def test_polars() -> None:
    table = pl.DataFrame({"n": [1, 2, 3], "s": ["a", None, "c"], "l": [[1], [2], [3]]})
    found = shown(table)
    assert found["shape"] == [3, 3]
    assert found["columns"]["n"] == "Int64"
    assert found["head"] == {"n": [1, 2, 3], "s": ["a", None, "c"]}
    assert shown(table["n"])["head"] == [1, 2, 3]
    assert shown(table.lazy()) == {"$type": "polars.lazyframe.frame.LazyFrame"}


class Base(orm.DeclarativeBase):
    pass


class Owner(Base):
    __tablename__ = "owner"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str]
    pets: orm.Mapped[list[Pet]] = orm.relationship(back_populates="owner")


class Pet(Base):
    __tablename__ = "pet"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    owner_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("owner.id"))
    owner: orm.Mapped[Owner] = orm.relationship(back_populates="pets")


def test_sqlalchemy_loads_nothing() -> None:
    engine = sa.create_engine("sqlite://")
    Base.metadata.create_all(engine)
    sent: list[str] = []
    sa.event.listen(engine, "before_cursor_execute", lambda *arguments: sent.append(arguments[2]))
    with orm.Session(engine) as session:
        session.add(Owner(id=1, name="ann", pets=[Pet(id=1)]))
        session.commit()
        owner = session.get_one(Owner, 1)
        assert owner.name == "ann"
        del sent[:]
        found = shown(owner)
        assert (found["id"], found["name"]) == (1, "ann")
        assert "pets" not in found
        session.expire(owner)
        expired = shown(owner)
        assert "name" not in expired
        assert expired["_sa_instance_state"]["is_expired"] is True
        shown(session)
        shown(session.query(Owner))
        shown(sa.select(Owner))
        session.expunge(owner)
    shown(owner)  # detached
    shown(engine)
    assert sent == []
    engine.dispose()


@pytest.fixture(scope="module")
def person() -> Iterator[Any]:
    if not settings.configured:
        databases = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
        settings.configure(DATABASES=databases, INSTALLED_APPS=[], USE_TZ=True, SECRET_KEY="x")
        django.setup()
    from django.db import connection, models

    class Person(models.Model):  # type: ignore[misc, unused-ignore]
        name = models.CharField(max_length=20)
        boss = models.ForeignKey("self", null=True, on_delete=models.CASCADE)

        class Meta:
            app_label = "tests"

    with connection.schema_editor() as editor:
        editor.create_model(Person)
    yield Person
    connection.close()


def test_django_sends_no_query(person: Any) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext
    from django.utils.functional import SimpleLazyObject

    boss = person.objects.create(name="ann")
    person.objects.create(name="bob", boss=boss)
    bob = person.objects.only("name").get(name="bob")
    query, done = person.objects.filter(name="bob"), person.objects.all()
    list(done)
    asked: list[int] = []
    lazy = SimpleLazyObject(lambda: asked.append(1))
    with CaptureQueriesContext(connection) as queries:
        found, lazily, evaluated = shown(bob), shown(query), shown(done)
        shown(person.objects)
        assert shown(lazy)["is_evaluated"] is False
    assert len(queries) == 0
    assert asked == []
    assert (found["name"], found["is_saved"]) == ("bob", True)
    assert "boss_id" not in found
    assert (lazily["model"], lazily["is_evaluated"]) == ("Person", False)
    assert len(evaluated["result"]) == 2


def test_requests_reads_nothing() -> None:
    response = requests.Response()
    response.status_code, response.url = 404, "https://ann:hunter2@example.org/x"
    response.headers["Set-Cookie"] = "sessionid=abc"
    response.headers["Content-Type"] = "text/plain"
    response.raw = unittest.mock.Mock(side_effect=AssertionError)
    found = shown(response)
    assert (found["status_code"], found["body"]) == (404, "[not read]")
    assert found["headers"] == {"Set-Cookie": "[redacted: key]", "Content-Type": "text/plain"}
    assert "hunter2" not in str(found)
    assert response.raw.mock_calls == []
    response._content = b"not found"
    response.request = requests.Request("GET", "https://example.org", headers={"Authorization": "Bearer x"}).prepare()
    found = shown(response)
    assert found["body"] == "not found"
    assert found["request"]["headers"]["Authorization"] == "[redacted: key]"


def _never() -> Iterator[bytes]:
    raise AssertionError("read")


def test_httpx_reads_nothing() -> None:
    request = httpx.Request(
        "POST", "https://ann:hunter2@example.org/x?page=1", headers={"X-Api-Key": "k"}, content=b"q"
    )
    found = shown(httpx.Response(200, request=request, json={"ok": True}))
    assert found["status_code"] == 200
    assert found["body"].replace(" ", "") == '{"ok":true}'
    assert found["request"]["headers"]["X-Api-Key"] == "[redacted: key]"
    assert found["request"]["url"]["$value"].startswith("https://[redacted: url]@example.org/x?page=1")

    def stream() -> Iterator[bytes]:
        yield from _never()

    assert shown(httpx.Response(200, content=stream()))["body"] == "[not read]"


def test_torch_where_it_is() -> None:
    torch = sys.modules.get("torch") or pytest.importorskip("torch", reason="torch is too large for every run")
    found = shown(torch.arange(100, dtype=torch.float32).reshape(10, 10))
    assert (found["dtype"], found["shape"], found["device"]) == ("torch.float32", [10, 10], "cpu")
    assert found["head"][:3] == [0.0, 1.0, 2.0]
    assert "head" not in shown(torch.empty(3, device="meta"))


def test_no_library_warns_when_it_is_shown() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for value in (np.arange(3), pd.DataFrame({"a": [1]}), pl.DataFrame({"a": [1]}), Model(name="x"), sa.text("x")):
            shown(value)
