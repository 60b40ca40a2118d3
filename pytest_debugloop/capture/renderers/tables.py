"""Tables of pandas and polars: shape, columns with their types, and the first rows of what holds plain data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_debugloop.capture.bounds import cut_text
from pytest_debugloop.capture.renderers.opaque import type_alone
from pytest_debugloop.capture.storage import dict_of, find_class, module_name, type_name

if TYPE_CHECKING:
    from collections.abc import Mapping

_ROWS = 5
_COLUMNS = 30
_type, _id = type, id
_PLAIN = frozenset(_id(t) for t in (str, int, float, bool, tuple, type(None)))


def _data_frame(value: Any) -> Mapping[str, object]:
    manager = (dict_of(value) or {}).get("_mgr")
    if manager is None:
        return {}
    columns, index = manager.axes[0], manager.axes[1]
    shown: dict[str, object] = {"shape": [len(index), len(columns)], "columns": {}}
    named: dict[str, object] = {}
    head: dict[str, list[object]] = {}
    names = list(_labels(columns, _COLUMNS))
    for block in manager.blocks:
        values = block.values
        places = [int(place) for place in block.mgr_locs.as_array[:_COLUMNS] if int(place) < len(names)]
        for row, place in enumerate(places):
            named[str(names[place])] = str(values.dtype)
            head[str(names[place])] = _cells(values, row)
    shown["columns"] = {str(name): named.get(str(name)) for name in names}
    shown["head"] = {str(name): head.get(str(name)) for name in names}
    if len(columns) > _COLUMNS:
        shown["$cut"] = cut_text(len(columns), _COLUMNS, "columns")
    return shown


def _series(value: Any) -> Mapping[str, object]:
    stored = dict_of(value) or {}
    manager = stored.get("_mgr")
    if manager is None:
        return {}
    values = manager.blocks[0].values
    name = stored.get("_name")
    return {"name": name, "dtype": str(values.dtype), "length": len(manager.axes[0]), "head": _cells(values, None)}


def _index(value: Any) -> Mapping[str, object]:
    data = (dict_of(value) or {}).get("_data")
    if data is None:
        return {}
    return {"dtype": str(data.dtype), "length": len(data), "head": list(_labels(value, _ROWS))}


def _range_index(value: Any) -> Mapping[str, object]:
    return {"range": (dict_of(value) or {}).get("_range")}


def _labels(index: Any, limit: int) -> Any:
    found: dict[str, Any] = dict_of(index) or {}
    if _type(found.get("_range")) is range:
        return list(found["_range"][:limit])
    data: Any = found.get("_data")
    if data is None:
        return []
    if _type(data) is find_class("numpy", "ndarray"):
        return [_plain(label) for label in data[:limit].tolist()]
    # Text columns of newer versions lie in an array of pandas' own, backed by numpy or Arrow.
    return [_plain(label) for label in data[:limit].to_numpy(dtype=object).tolist()]


def _plain(label: object) -> object:
    return label if _id(_type(label)) in _PLAIN else f"<{type_name(_type(label))}>"


def _cells(values: Any, row: int | None) -> Any:
    array: Any = find_class("numpy", "ndarray")
    if _type(values) is array:
        cells = values[:_ROWS] if row is None or values.ndim == 1 else values[row, :_ROWS]
        if values.dtype.kind in "biufcmMSU":
            return [item if _type(item) is not int or item.bit_length() < 64 else str(item) for item in cells.tolist()]
        return [_plain(item) for item in cells.tolist()] if values.dtype.kind == "O" else None
    if module_name(_type(values)).startswith(("pandas.core.arrays.", "pandas.arrays")):
        cells = values[:_ROWS] if getattr(values, "ndim", 1) == 1 or row is None else values[row, :_ROWS]
        return [_text_of(item) for item in cells.astype(object)]
    return None


def _text_of(item: object) -> object:
    # Their own scalars, of times and periods, may be written out; what else a column holds is anybody's.
    is_known = module_name(_type(item)).partition(".")[0] in ("pandas", "numpy", "datetime", "decimal")
    return str(item) if is_known else _plain(item)


def _polars_frame(value: Any) -> Mapping[str, object]:
    base: Any = find_class("polars", "DataFrame") or _type(value)
    if _type(value) is not base:
        return {}
    schema = dict(value.schema)
    shown: dict[str, object] = {"shape": list(value.shape)}
    names = list(schema)[:_COLUMNS]
    shown["columns"] = {name: str(schema[name]) for name in names}
    plain = [name for name in names if not schema[name].is_nested() and str(schema[name]) != "Object"]
    shown["head"] = value.select(plain).head(_ROWS).to_dict(as_series=False)
    if len(schema) > _COLUMNS:
        shown["$cut"] = cut_text(len(schema), _COLUMNS, "columns")
    return shown


def _polars_series(value: Any) -> Mapping[str, object]:
    if _type(value) is not find_class("polars", "Series"):
        return {}
    dtype = value.dtype
    is_plain = not dtype.is_nested() and str(dtype) != "Object"
    head = value.head(_ROWS).to_list() if is_plain else None
    return {"name": value.name, "dtype": str(dtype), "length": value.len(), "head": head}


RENDERERS: dict[tuple[str, str], Any] = {
    **{(module, "DataFrame"): _data_frame for module in ("pandas.core.frame", "pandas")},
    **{(module, "Series"): _series for module in ("pandas.core.series", "pandas")},
    **{(module, "Index"): _index for module in ("pandas.core.indexes.base", "pandas")},
    **{(module, "RangeIndex"): _range_index for module in ("pandas.core.indexes.range", "pandas")},
    ("polars.dataframe.frame", "DataFrame"): _polars_frame,
    ("polars.series.series", "Series"): _polars_series,
    ("polars.lazyframe.frame", "LazyFrame"): type_alone,
}
