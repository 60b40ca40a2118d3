"""Serves the pages on this machine."""

from __future__ import annotations

import socket
from collections.abc import Callable

import uvicorn

from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.answers.reader import RecordReader
from pytest_debugloop.web.application import make_app


def serve(
    location: RecordLocation,
    reader: RecordReader,
    token: str,
    opened: Callable[[str], None],
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    names: tuple[str, ...] = (),
) -> None:
    """Serve until it is interrupted.

    Args:
        location: where the record is.
        reader: keeps it open.
        token: that a browser has to bring.
        opened: told the address, with the token.
        host: address to listen on.
        port: 0 for a free one.
        names: more names by which the server is called, such as that of a proxy.

    Raises:
        OSError: it cannot listen there.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family) as listening:
        port = listening.getsockname()[1]
        shown = f"[{host}]" if ":" in host else host
        hosts = [f"{name}:{port}" for name in dict.fromkeys((shown, "localhost", "127.0.0.1", "[::1]"))]
        app = make_app(location, reader, token, [*hosts, *names])
        opened(f"http://{shown}:{port}/?token={token}")
        config = uvicorn.Config(app, log_level="error", access_log=False, server_header=False)
        uvicorn.Server(config).run(sockets=[listening])
