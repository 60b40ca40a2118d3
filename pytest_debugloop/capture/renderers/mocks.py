"""``unittest.mock``: what was asked of a mock so far, read without asking it anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_debugloop.capture.storage import dict_of, find_class, type_name

if TYPE_CHECKING:
    from collections.abc import Mapping

_MAX_CALLS = 10
_type = type


def _mock(value: Any) -> Mapping[str, object]:
    stored = dict_of(value) or {}
    unset = find_class("unittest.mock", "DEFAULT")
    shown: dict[str, object] = {}
    if stored.get("_mock_name") is not None:
        shown["name"] = stored["_mock_name"]
    spec = stored.get("_spec_class")
    if spec is not None:
        shown["spec"] = spec
    shown["call_count"] = stored.get("_mock_call_count")
    calls = stored.get("_mock_call_args_list")
    if calls is not None:
        found = list(list.__iter__(calls))
        shown["calls"] = [_call(call) for call in found[-_MAX_CALLS:]]
    for name in ("_mock_return_value", "_mock_side_effect"):
        if stored.get(name) is not None and stored[name] is not unset:
            shown[name.removeprefix("_mock_")] = stored[name]
    children = stored.get("_mock_children")
    if _type(children) is dict and children:
        shown["children"] = dict(children)
    own = {k: v for k, v in stored.items() if not k.startswith(("_mock", "_spec", "method_calls"))}
    return shown | {"attributes": own} if own else shown


def _call(call: Any) -> Any:
    """Take a call apart: a tuple of name, arguments and keyword arguments, or of the last two."""
    parts = tuple(tuple.__iter__(call))[-2:]
    if len(parts) != 2 or _type(parts[0]) is not tuple or _type(parts[1]) is not dict:
        return type_name(_type(call))
    return {"args": list(parts[0]), "kwargs": parts[1]} if parts[1] else {"args": list(parts[0])}


def _sentinel(value: Any) -> Mapping[str, object]:
    return {"$value": (dict_of(value) or {}).get("name")}


RENDERERS: dict[tuple[str, str], Any] = {
    ("unittest.mock", "NonCallableMock"): _mock,
    ("unittest.mock", "_SentinelObject"): _sentinel,
}
