"""Requests and responses of requests and httpx: what was received so far; nothing is read from the network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_debugloop.capture.storage import dict_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_type = type


def _requests_response(value: Any) -> Mapping[str, object]:
    stored = dict_of(value) or {}
    names = ("status_code", "reason", "url", "encoding")
    body = stored.get("_content")
    return {
        **{name: stored.get(name) for name in names},
        "headers": _requests_headers(stored.get("headers")),
        "body": _body(body) if _type(body) is bytes else "[not read]",
        "request": stored.get("request"),
    }


def _requests_request(value: Any) -> Mapping[str, object]:
    stored = dict_of(value) or {}
    body = stored.get("body")
    return {
        "method": stored.get("method"),
        "url": stored.get("url"),
        "headers": _requests_headers(stored.get("headers")),
        "body": _body(body) if _type(body) in (bytes, str) else None if body is None else "[a stream]",
    }


def _requests_headers(headers: Any) -> object:
    """Take headers out of requests' own dictionary: lower-case name to name and value."""
    kept = (dict_of(headers) or {}).get("_store") if headers is not None else None
    if kept is None:
        return headers if _type(headers) is dict else None
    return {pair[0]: pair[1] for pair in dict.values(kept)}


def _httpx_response(value: Any) -> Mapping[str, object]:
    stored = dict_of(value) or {}
    body = stored.get("_content")
    return {
        "status_code": stored.get("status_code"),
        "headers": _httpx_headers(stored.get("headers")),
        "body": _body(body) if _type(body) is bytes else "[not read]",
        "request": stored.get("_request"),
    }


def _httpx_request(value: Any) -> Mapping[str, object]:
    stored = dict_of(value) or {}
    body = stored.get("_content")
    return {
        "method": stored.get("method"),
        "url": stored.get("url"),
        "headers": _httpx_headers(stored.get("headers")),
        "body": _body(body) if _type(body) is bytes else "[not read]",
    }


def _httpx_headers(headers: Any) -> object:
    pairs = (dict_of(headers) or {}).get("_list") if headers is not None else None
    if _type(pairs) is not list:
        return None
    return {pair[0].decode("latin-1"): pair[2].decode("latin-1") for pair in pairs}


def _httpx_url(value: Any) -> Mapping[str, object]:
    parts = (dict_of(value) or {}).get("_uri_reference")
    if parts is None or not _is_tuple(parts):
        return {}
    scheme, userinfo, host, port, path, query, _ = tuple.__iter__(parts)
    at = "[redacted: url]@" if userinfo else ""
    place = f"{host}{'' if port is None else f':{port}'}{path}{'' if query is None else f'?{query}'}"
    return {"$value": f"{scheme}://{at}{place}"}


def _is_tuple(value: object) -> bool:
    return any(base is tuple for base in _type.__dict__["__mro__"].__get__(_type(value)))


def _body(body: Any) -> object:
    """Show a body that is text as text."""
    if _type(body) is bytes:
        try:
            return body[:4_000].decode("ascii")
        except UnicodeDecodeError:
            return body[:4_000]
    return body[:4_000]


RENDERERS: dict[tuple[str, str], Any] = {
    ("requests.models", "Response"): _requests_response,
    ("requests.models", "PreparedRequest"): _requests_request,
    ("requests.structures", "CaseInsensitiveDict"): lambda value: {"items": _requests_headers(value)},
    **{(module, "Response"): _httpx_response for module in ("httpx", "httpx._models")},
    **{(module, "Request"): _httpx_request for module in ("httpx", "httpx._models")},
    **{(module, "URL"): _httpx_url for module in ("httpx", "httpx._urls")},
    **{(module, "Headers"): lambda value: {"items": _httpx_headers(value)} for module in ("httpx", "httpx._models")},
}
