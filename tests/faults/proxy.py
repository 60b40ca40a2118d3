"""A proxy before a server, which falls silent when it is told to: it reads no more, and its connections stay open."""

from __future__ import annotations

import socket
import threading
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from psycopg.conninfo import conninfo_to_dict, make_conninfo

if TYPE_CHECKING:
    from collections.abc import Iterator


class Proxy:
    """Forwards TCP connections to a server.

    Args:
        target: host, or folder of the socket, and port of the server.
        word: what a client says, so that its connection falls silent.
        takes_others: whether other connections are served from then on.

    Attributes:
        port: where it listens.
        silent: whether it has fallen silent.
    """

    def __init__(self, target: tuple[str, int], word: bytes, *, takes_others: bool) -> None:
        self._target = target
        self._word = word
        self._takes_others = takes_others
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = [self._listener]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self.port: int = self._listener.getsockname()[1]
        self.silent = threading.Event()
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(client)
            if self.silent.is_set() and not self._takes_others:
                continue
            server = self._connected()
            self._open.append(server)
            is_mute = threading.Event()
            for source, goal in ((client, server), (server, client)):
                thread = threading.Thread(target=self._forward, args=(source, goal, is_mute), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _connected(self) -> socket.socket:
        host, port = self._target
        if not host.startswith("/"):
            return socket.create_connection((host, port))
        server = socket.socket(socket.AF_UNIX)
        server.connect(f"{host}/.s.PGSQL.{port}")
        return server

    def _forward(self, source: socket.socket, goal: socket.socket, is_mute: threading.Event) -> None:
        try:
            while data := source.recv(65536):
                if self._word in data and not self.silent.is_set():
                    is_mute.set()
                    self.silent.set()
                if is_mute.is_set() or (self.silent.is_set() and not self._takes_others):
                    return  # and leave both open
                goal.sendall(data)
            goal.shutdown(socket.SHUT_WR)
        except OSError:
            return

    def close(self) -> None:
        """Let go of everything."""
        for found in self._open:
            # A thread that waits in it is woken.
            with ExitStack() as stack:
                stack.callback(found.close)
                try:
                    found.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue
        for thread in self._threads:
            thread.join(30)


@contextmanager
def before(conninfo: str, word: bytes, *, takes_others: bool) -> Iterator[tuple[Proxy, str]]:
    """Put a proxy before a server; yield it, and how to connect through it.

    Args:
        conninfo: of the server, with one host.
        word: see :class:`Proxy`.
        takes_others: see :class:`Proxy`.
    """
    given = conninfo_to_dict(conninfo)
    target = str(given["host"]), int(given.get("port") or 5432)
    proxy = Proxy(target, word, takes_others=takes_others)
    try:
        yield proxy, make_conninfo(conninfo, host="127.0.0.1", port=proxy.port)
    finally:
        proxy.close()
