"""Arrays of numpy and tensors of torch: type, shape, and a head where reading that copies nothing much."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from pytest_debugloop.capture.bounds import cut_text
from pytest_debugloop.capture.storage import find_class, namespace_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_HEAD = 20
_PLAIN_KINDS = "biufcSUmM"
_type, _min = type, min


def _ndarray(value: Any) -> Mapping[str, object]:
    base: Any = find_class("numpy", "ndarray")
    read = {name: namespace_of(base)[name].__get__ for name in ("dtype", "shape", "nbytes", "flat")}
    dtype = read["dtype"](value)
    shown: dict[str, object] = {
        "dtype": str(dtype.str),
        "shape": list(read["shape"](value)),
        "nbytes": read["nbytes"](value),
    }
    if dtype.names is not None:
        shown["dtype"] = str(dtype.descr)
    elif dtype.kind in _PLAIN_KINDS and dtype.itemsize <= 1_000 and _type(value) is base:
        # Of a subclass (a memory-mapped file, a masked array) the elements are not read: that may be slow or lie.
        _add_head(shown, read["flat"](value), read["shape"](value))
    return shown


def _add_head(shown: dict[str, object], flat: Any, shape: Any) -> None:
    """Show the first elements, and how many there are."""
    size = prod(shape)
    shown["head"] = flat[: _min(_HEAD, size)].tolist()
    if size > _HEAD:
        shown["$cut"] = cut_text(size, _HEAD, "items")


def _scalar(value: Any) -> Mapping[str, object]:
    base: Any = find_class("numpy", "generic")
    kind = namespace_of(base)["dtype"].__get__(value)
    if kind.kind not in _PLAIN_KINDS:
        return {"dtype": str(kind.str)}
    return {"$value": namespace_of(base)["item"](value)}


def _tensor(value: Any) -> Mapping[str, object]:
    base: Any = find_class("torch", "Tensor")
    shape = [int(n) for n in tuple.__iter__(value.size())] if _type(value) is base else None
    if shape is None:
        return {}
    shown: dict[str, object] = {
        "dtype": str(value.dtype),
        "shape": shape,
        "device": str(value.device),
        "requires_grad": bool(value.requires_grad),
    }
    is_here = value.device.type == "cpu" and str(value.layout) == "torch.strided" and not value.is_quantized
    if is_here and value.is_contiguous() and not value.is_complex():
        _add_head(shown, value.detach().view(-1), shape)
    return shown


RENDERERS: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): _ndarray,
    ("numpy", "generic"): _scalar,
    ("torch", "Tensor"): _tensor,
}
