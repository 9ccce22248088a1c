"""A network that fails on demand: a TCP relay between a client and a server."""

import contextlib
import socket
from collections.abc import Iterator
from threading import Event, Thread
from urllib.parse import urlsplit, urlunsplit


class Relay:
    """Passes bytes on in both directions; tells `url`, the server's address by way of it.

    `round_trips` counts the requests, or runs of them, that were made after the answers to those before.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        assert parts.hostname and parts.port
        self._server = (parts.hostname, parts.port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._ends: list[socket.socket] = []
        self._open = Event()
        self._open.set()
        self._losing = Event()
        self._asked = False
        self.round_trips = 0
        userinfo, _, _ = parts.netloc.rpartition("@")
        own = f"{userinfo}@127.0.0.1:{self._listener.getsockname()[1]}"
        self.url = urlunsplit(parts._replace(netloc=own))
        Thread(target=self._accept, daemon=True).start()

    def lose_next_answer(self) -> None:
        """Let the next request through, drop the server's answer and break the connection."""
        self._losing.set()

    def swallow(self) -> None:
        """Pass nothing on, and say nothing of it, until `restore`; connections stay as they are."""
        self._open.clear()

    def restore(self) -> None:
        """Pass everything on again, also what was held back."""
        self._open.set()

    def cut(self) -> None:
        """Break every connection that there is."""
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Break everything and listen no more."""
        self._open.set()
        # A listener that is closed while another thread accepts stays open; one that is shut down does not.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._server)
                self._ends += (client, server)
                Thread(target=self._pass, args=(client, server, False), daemon=True).start()
                Thread(target=self._pass, args=(server, client, True), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, answers: bool) -> None:
        with contextlib.suppress(OSError), source, target:
            while data := source.recv(1 << 16):
                self._open.wait()
                if answers and self._losing.is_set():
                    self._losing.clear()
                    break
                self.round_trips += not answers and not self._asked
                self._asked = not answers
                target.sendall(data)
            for end in (source, target):
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def relayed(url: str) -> Iterator[Relay]:
    """A relay to the server at `url` for the length of a block."""
    relay = Relay(url)
    try:
        yield relay
    finally:
        relay.close()
