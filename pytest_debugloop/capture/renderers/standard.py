"""Types of the standard library."""

from __future__ import annotations

import gc
import re
from types import (
    AsyncGeneratorType,
    BuiltinFunctionType,
    CodeType,
    CoroutineType,
    FrameType,
    FunctionType,
    GeneratorType,
    MethodType,
)
from typing import TYPE_CHECKING, Any

from pytest_debugloop.capture.renderers.opaque import type_alone
from pytest_debugloop.capture.storage import derives, dict_of, everything_stored, module_namespace, type_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_HEAD = 20
_type = type
_function_name = FunctionType.__dict__["__qualname__"].__get__
_function_code = FunctionType.__dict__["__code__"].__get__
_builtin_name = BuiltinFunctionType.__dict__["__qualname__"].__get__
_method_function = MethodType.__dict__["__func__"].__get__
_method_self = MethodType.__dict__["__self__"].__get__
_code_name = CodeType.__dict__["co_name"].__get__
_code_file = CodeType.__dict__["co_filename"].__get__
_code_line = CodeType.__dict__["co_firstlineno"].__get__
_frame_line = FrameType.__dict__["f_lineno"].__get__
_slice_parts = tuple(slice.__dict__[name].__get__ for name in ("start", "stop", "step"))
_view_parts = {name: memoryview.__dict__[name].__get__ for name in ("format", "nbytes", "shape", "readonly")}
_referents = gc.get_referents


def _where(code: Any) -> str:
    return f"{_code_file(code).rpartition('/')[2]}:{_code_line(code)}"


def _function(value: Any) -> Mapping[str, object]:
    return {"name": _function_name(value), "defined": _where(_function_code(value))}


def _builtin_function(value: Any) -> Mapping[str, object]:
    return {"name": _builtin_name(value)}


def _method(value: Any) -> Mapping[str, object]:
    function = _method_function(value)
    name = _function_name(function) if _type(function) is FunctionType else type_name(_type(function))
    return {"name": name, "of": type_name(_type(_method_self(value)))}


def _module(value: Any) -> Mapping[str, object]:
    name = module_namespace(value).get("__name__")
    return {"name": name if _type(name) is str else None}


def _suspended(cls: Any, prefix: str) -> Callable[[Any], Mapping[str, object]]:
    """Show a generator or coroutine: which, and where it stands. It is not advanced."""
    code_of, frame_of = (cls.__dict__[f"{prefix}_{name}"].__get__ for name in ("code", "frame"))

    def render(value: Any) -> Mapping[str, object]:
        code, frame = code_of(value), frame_of(value)
        line = None if frame is None else _frame_line(frame)
        return {"name": _code_name(code), "defined": _where(code), "line": line, "is_finished": frame is None}

    return render


def _slice(value: Any) -> Mapping[str, object]:
    return dict(zip(("start", "stop", "step"), (part(value) for part in _slice_parts), strict=True))


def _memoryview(value: Any) -> Mapping[str, object]:
    try:
        return {name: part(value) for name, part in _view_parts.items()}
    except ValueError:
        return {"$value": "released"}


def _array(value: Any) -> Mapping[str, object]:
    import array  # where there is a value of it, it is loaded

    base = array.array
    size = base.__len__(value)
    code = base.__dict__["typecode"].__get__(value)
    return {"typecode": code, "length": size, "head": list(base.__getitem__(value, slice(_HEAD)))}


def _pattern(value: Any) -> Mapping[str, object]:
    return {name: re.Pattern.__dict__[name].__get__(value) for name in ("pattern", "flags")}


def _view(value: Any) -> Mapping[str, object]:
    """Show what a mapping proxy or a view of a dict looks at, found as the garbage collector finds it."""
    found = [item for item in _referents(value) if derives(_type(item), dict)]
    return {"of": found[0]} if found else {}


def _weak(value: Any) -> Mapping[str, object]:
    import weakref

    referent = weakref.ReferenceType.__call__(value)
    return {"to": None if referent is None else type_name(_type(referent))}


def _cell(value: Any) -> Mapping[str, object]:
    try:
        return {"contents": _type(value).__dict__["cell_contents"].__get__(value)}
    except ValueError:
        return {"$value": "empty"}


def _enum(value: Any) -> Mapping[str, object]:
    attributes = dict_of(value) or {}
    return {"name": attributes.get("_name_"), "value": attributes.get("_value_")}


def _path(value: Any) -> Mapping[str, object]:
    """Write a path from its slots, whose names differ between versions of Python."""
    slots = everything_stored(value)
    if _type(slots.get("_str")) is str:
        return {"$value": slots["_str"]}
    raw = slots.get("_raw_paths")
    if _type(raw) is list and raw:
        return {"$value": "/".join(part.rstrip("/") or "/" for part in raw if _type(part) is str).replace("//", "/")}
    parts = slots.get("_parts")
    if _type(parts) is list:
        head = f"{slots.get('_drv', '')}{slots.get('_root', '')}"
        return {"$value": head + "/".join(parts[1:] if head else parts) or "."}
    return {"$value": "."}


def _ipv4(value: Any) -> Mapping[str, object]:
    import ipaddress

    number = ipaddress.IPv4Address.__dict__["_ip"].__get__(value)
    return {"$value": ".".join(str(byte) for byte in int.to_bytes(number, 4, "big"))}


def _ipv6(value: Any) -> Mapping[str, object]:
    import ipaddress

    number = ipaddress.IPv6Address.__dict__["_ip"].__get__(value)
    return {"$value": ":".join(f"{number >> shift & 0xFFFF:x}" for shift in range(112, -1, -16))}


def _file(value: Any) -> Mapping[str, object]:
    """Show a file's name and mode: its position, and whether it is open, are not asked of what may be anybody's."""
    import _io

    attributes = dict(dict_of(value) or {})
    shown: dict[str, object] = {"mode": attributes.get("mode")}
    inner: Any = value
    if _type(inner) is _io.TextIOWrapper:
        inner = _io.TextIOWrapper.__dict__["buffer"].__get__(inner)
    for cls in (_io.BufferedReader, _io.BufferedWriter, _io.BufferedRandom):
        if _type(inner) is cls:
            inner = cls.__dict__["raw"].__get__(inner)
    if _type(inner) is _io.FileIO:
        shown["name"] = (dict_of(inner) or {}).get("name")
        if shown["mode"] is None:  # open() notes the mode of a text file on that file itself
            shown["mode"] = _io.FileIO.__dict__["mode"].__get__(inner)
        shown["closed"] = _io.FileIO.__dict__["closed"].__get__(inner)
    return shown


def _bytes_io(value: Any) -> Mapping[str, object]:
    import _io

    try:
        with _io.BytesIO.getbuffer(value) as view:
            return {"length": view.nbytes, "head": bytes(view[:2_000]), "position": _io.BytesIO.tell(value)}
    except ValueError:
        return {"$value": "closed"}


def _socket(value: Any) -> Mapping[str, object]:
    import _socket as base

    shown: dict[str, object] = {"fileno": base.socket.fileno(value)}
    for name in ("family", "type", "proto", "timeout"):
        member = base.socket.__dict__.get(name)
        if member is not None:
            shown[name] = member.__get__(value)
    return shown


def _logger(value: Any) -> Mapping[str, object]:
    attributes = dict_of(value) or {}
    return {name: attributes.get(name) for name in ("name", "level", "disabled")}


RENDERERS: dict[tuple[str, str], Any] = {
    ("builtins", "function"): _function,
    ("builtins", "builtin_function_or_method"): _builtin_function,
    ("builtins", "method"): _method,
    ("builtins", "module"): _module,
    ("builtins", "generator"): _suspended(GeneratorType, "gi"),
    ("builtins", "coroutine"): _suspended(CoroutineType, "cr"),
    ("builtins", "async_generator"): _suspended(AsyncGeneratorType, "ag"),
    ("builtins", "slice"): _slice,
    ("builtins", "memoryview"): _memoryview,
    ("builtins", "mappingproxy"): _view,
    ("builtins", "dict_keys"): _view,
    ("builtins", "dict_values"): _view,
    ("builtins", "dict_items"): _view,
    ("builtins", "cell"): _cell,
    ("weakref", "ReferenceType"): _weak,
    ("weakref", "ProxyType"): type_alone,
    ("weakref", "CallableProxyType"): type_alone,
    ("array", "array"): _array,
    ("re", "Pattern"): _pattern,
    ("enum", "Enum"): _enum,
    ("pathlib", "PurePath"): _path,
    ("pathlib._local", "PurePath"): _path,
    ("ipaddress", "IPv4Address"): _ipv4,
    ("ipaddress", "IPv6Address"): _ipv6,
    ("_io", "TextIOWrapper"): _file,
    ("_io", "BufferedReader"): _file,
    ("_io", "BufferedWriter"): _file,
    ("_io", "BufferedRandom"): _file,
    ("_io", "FileIO"): _file,
    ("_io", "BytesIO"): _bytes_io,
    ("_socket", "socket"): _socket,
    ("logging", "Logger"): _logger,
    ("threading", "Thread"): lambda value: {
        name: (dict_of(value) or {}).get(name) for name in ("_name", "_target", "_daemonic", "_is_stopped")
    },
}
