"""Sending past the thread of a client: the hub writes a chunk of its response while that thread idles."""

import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

from app.api.sse.frames import Event, Newest, newest_of

_AT_ONCE: Final = getattr(socket, "MSG_DONTWAIT", 0) | getattr(socket, "MSG_NOSIGNAL", 0)
_CHUNKED: Final = {"HTTP/1.1": True, "HTTP/1.0": False}


class Portion(NamedTuple):
    """Events for all clients that want the same symbols, and their bytes, plain and as a chunk of HTTP/1.1.

    `newest` has those of the events that are left for a client that has fallen behind.
    """

    events: Sequence[Event]
    data: bytes
    chunk: bytes
    newest: Newest


class Wire:
    """A plain connection and the framing of its response; only used between two chunks that the server writes."""

    def __init__(self, connection: socket.socket, *, chunked: bool) -> None:
        self._connection = connection
        self._chunked = chunked

    def send(self, portion: Portion) -> Callable[[], None] | None:
        """Send as much as the kernel takes at once; returns what sends the rest, for as long as that takes.

        BlockingIOError when it takes nothing; the rest raises OSError when the connection is gone or cut.
        """
        data = portion.chunk if self._chunked else portion.data
        try:
            sent = self._connection.send(data, _AT_ONCE)
        except OSError:
            raise BlockingIOError from None  # Also when it is gone, which the client's own thread will find out.
        return partial(self._connection.sendall, data[sent:]) if sent < len(data) else None


def portion_of(events: Sequence[Event], symbols: frozenset[str] | None) -> Portion:
    """The events of these symbols, of all when None."""
    wanted = events if symbols is None else [event for event in events if event.symbol in symbols]
    data = b"".join(event.frame for event in wanted)
    return Portion(wanted, data, b"%X\r\n%b\r\n" % (len(data), data), newest_of(wanted))


def wire_of(environ: Mapping[str, Any]) -> Wire | None:
    """The connection of a request; None where the server gives none, encrypts it or shares it between streams."""
    connection, chunked = environ.get("gunicorn.socket"), _CHUNKED.get(environ.get("SERVER_PROTOCOL", ""))
    if not isinstance(connection, socket.socket) or isinstance(connection, ssl.SSLSocket) or chunked is None:
        return None
    return Wire(connection, chunked=chunked)
