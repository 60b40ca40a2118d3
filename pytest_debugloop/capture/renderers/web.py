"""Requests and responses of requests and httpx: what was received so far; nothing is read from the network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_debugloop.capture.storage import derives, dict_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST_BODY = 4_000
_type = type


def _requests_response(value: Any) -> Mapping[str, object]:
    stored = dict_of(value) or {}
    names = ("status_code", "reason", "url", "encoding")
    return {
        **{name: stored.get(name) for name in names},
        "headers": _requests_headers(stored.get("headers")),
        "body": _body(stored.get("_content"), "[not read]"),
        "request": stored.get("request"),
    }


def _requests_request(value: Any) -> Mapping[str, object]:
    stored = dict_of(value) or {}
    body = stored.get("body")
    return {
        "method": stored.get("method"),
        "url": stored.get("url"),
        "headers": _requests_headers(stored.get("headers")),
        "body": None if body is None else body[:_LONGEST_BODY] if _type(body) is str else _body(body, "[a stream]"),
    }


def _requests_headers(headers: Any) -> object:
    """Take headers out of requests' own dictionary: lower-case name to name and value."""
    kept = (dict_of(headers) or {}).get("_store") if headers is not None else None
    if kept is None:
        return headers if _type(headers) is dict else None
    return {pair[0]: pair[1] for pair in dict.values(kept)}


def _httpx_response(value: Any) -> Mapping[str, object]:
    stored = dict_of(value) or {}
    return {
        "status_code": stored.get("status_code"),
        "headers": _httpx_headers(stored.get("headers")),
        "body": _body(stored.get("_content"), "[not read]"),
        "request": stored.get("_request"),
    }


def _httpx_request(value: Any) -> Mapping[str, object]:
    stored = dict_of(value) or {}
    return {
        "method": stored.get("method"),
        "url": stored.get("url"),
        "headers": _httpx_headers(stored.get("headers")),
        "body": _body(stored.get("_content"), "[not read]"),
    }


def _httpx_headers(headers: Any) -> object:
    pairs = (dict_of(headers) or {}).get("_list") if headers is not None else None
    if _type(pairs) is not list:
        return None
    return {pair[0].decode("latin-1"): pair[2].decode("latin-1") for pair in pairs}


def _httpx_url(value: Any) -> Mapping[str, object]:
    parts: Any = (dict_of(value) or {}).get("_uri_reference")
    if not derives(_type(parts), tuple):
        return {}
    scheme, userinfo, host, port, path, query, _ = tuple.__iter__(parts)
    at = "[redacted: url]@" if userinfo else ""
    place = f"{host}{'' if port is None else f':{port}'}{path}{'' if query is None else f'?{query}'}"
    return {"$value": f"{scheme}://{at}{place}"}


def _body(body: Any, otherwise: str) -> object:
    """Show the begin of a body, as text where it is text; what is no bytes would have to be read."""
    if _type(body) is not bytes:
        return otherwise
    head = body[:_LONGEST_BODY]
    return head.decode("ascii") if head.isascii() else head


RENDERERS: dict[tuple[str, str], Any] = {
    ("requests.models", "Response"): _requests_response,
    ("requests.models", "PreparedRequest"): _requests_request,
    ("requests.structures", "CaseInsensitiveDict"): lambda value: {"items": _requests_headers(value)},
    **{(module, "Response"): _httpx_response for module in ("httpx", "httpx._models")},
    **{(module, "Request"): _httpx_request for module in ("httpx", "httpx._models")},
    **{(module, "URL"): _httpx_url for module in ("httpx", "httpx._urls")},
    **{(module, "Headers"): lambda value: {"items": _httpx_headers(value)} for module in ("httpx", "httpx._models")},
}
