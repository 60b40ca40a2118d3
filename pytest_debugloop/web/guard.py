"""Who is let in: requests with the right name of this server, the token, and an address that is not absurd.

A page of another site can send requests to this machine, also under a name of its own that leads here (DNS rebinding).
So the `Host` has to be one of ours, and whoever has no cookie yet has to bring the token.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "debugloop-token"
PARAMETER = "token"

_LONGEST_ADDRESS = 8_192
_MANY_PARAMETERS = 100
_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


def add_headers(headers: MutableHeaders) -> None:
    """Add what tells browsers how an answer may be used.

    Args:
        headers: of the answer; what it has already is kept.
    """
    for name, value in _HEADERS.items():
        headers.setdefault(name, value)


class Guard:
    """Lets requests in, and sets the headers of what goes out.

    Args:
        app: that answers.
        token: that a browser has to bring once; empty for none.
        hosts: names of this server, with the port where it has one; empty for any.
    """

    def __init__(self, app: ASGIApp, token: str = "", hosts: Collection[str] = ()) -> None:
        self._app = app
        self._token = token
        self._hosts = {host.lower() for host in hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                add_headers(MutableHeaders(scope=message))
            await send(message)

        await (self._refusal(scope) or self._app)(scope, receive, guarded)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if self._hosts and headers.get("host", "").lower() not in self._hosts:
            return PlainTextResponse("This server is not called so.", 421)
        if scope["method"] not in ("GET", "HEAD"):
            return PlainTextResponse("Pages can only be read.", 405, {"allow": "GET, HEAD"})
        query = scope["query_string"]
        if len(query) + len(scope["path"]) > _LONGEST_ADDRESS or query.count(b"&") > _MANY_PARAMETERS:
            return PlainTextResponse("The address is too long.", 414)
        if not self._token:
            return None
        given = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True))
        if PARAMETER in given:
            return self._entered(scope, given) if self._is_token(given[PARAMETER]) else _DENIED
        bearer = headers.get("authorization", "").removeprefix("Bearer ")
        cookie = cookie_parser(headers.get("cookie", "")).get(COOKIE, "")
        return None if self._is_token(cookie) or self._is_token(bearer) else _DENIED

    def _is_token(self, text: str) -> bool:
        return hmac.compare_digest(text.encode("utf-8", "replace"), self._token.encode())

    def _entered(self, scope: Scope, given: dict[str, str]) -> Response:
        """Keep the token in a cookie, and lead to the address without it, which stays in the browser's history."""
        del given[PARAMETER]
        root = scope.get("root_path", "")
        path = scope["path"] if scope["path"].startswith(root) else root + scope["path"]
        response = RedirectResponse("/" + path.lstrip("/") + (f"?{urlencode(given)}" if given else ""), 303)
        # Lax, for a browser is led here by a file, or by a link in a CI's summary, and no request changes anything.
        response.set_cookie(
            COOKIE, self._token, path=root or "/", httponly=True, samesite="lax", secure=scope["scheme"] == "https"
        )
        return response


_DENIED = PlainTextResponse(
    "Open the address that `debugloop serve` printed: it has a token, which this browser does not have yet.", 401
)
