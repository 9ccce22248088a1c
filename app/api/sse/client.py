"""One connection of a stream client: its mailbox, and the socket by which it can be cut."""

import contextlib
import logging
import socket
from typing import Any, Final

from app.api.sse.frames import StreamId
from app.api.sse.mailbox import Mailbox
from app.api.sse.wire import Portion, Wire

log = logging.getLogger(__name__)

SOCKET_BUFFER_BYTES: Final = 24_576
# The kernel drops peers that vanished without a word; those that are there and take nothing are cut, and counted, here.
KERNEL_GRACE_S: Final = 15.0


class Client:
    """A client that has a place; `connection` is the server's socket, None where the server does not give it.

    With a `wire` it is sent events past its own thread, whose waking costs ten times as much as the sending.
    """

    def __init__(self, mailbox: Mailbox, connection: Any, wire: Wire | None = None, caller: str = "") -> None:
        self.mailbox = mailbox
        self.caller = caller
        self.told_sources = b""
        self._wire = wire
        self.is_live = False
        self._connection = connection

    def bound(self, stuck_s: float) -> None:
        """Let the kernel hold little that is not taken, and let it end the connection when the peer has vanished."""
        if self._connection is None:
            return
        with contextlib.suppress(OSError):  # A connection that is gone already shows at the first write.
            self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BUFFER_BYTES)
            if hasattr(socket, "TCP_USER_TIMEOUT"):
                limit_ms = int((stuck_s + KERNEL_GRACE_S) * 1000)
                self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, limit_ms)

    def hand(self, portion: Portion, place: StreamId) -> None:
        """Send a portion of what this client wants, or leave it in its mailbox; `place` is the newest id read."""
        wire = self._wire
        if wire is None or not self.mailbox.pass_by(portion.events, place, lambda: wire.send(portion)):
            self.mailbox.offer(portion.events, place, newest=portion.newest)

    def is_gone(self) -> bool:
        """Whether the peer has hung up, which a server otherwise notices only when it writes."""
        if self._connection is None:
            return False
        try:
            # The plain socket's method also on an encrypted connection, whose own one cannot peek.
            return socket.socket.recv(self._connection, 1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True

    def cut(self) -> None:
        """End the stream of a client that takes nothing."""
        log.warning("a stream client took nothing for %.0f s and is cut", self.mailbox.stuck_s())
        self.end()

    def end(self) -> None:
        """End the stream, also where its thread is held up in a send."""
        self.mailbox.close()
        if self._connection is not None:
            with contextlib.suppress(OSError):  # It may have ended by itself in this moment.
                self._connection.shutdown(socket.SHUT_RDWR)
