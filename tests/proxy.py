"""A network that fails on demand: a TCP relay between a client and a server."""

import contextlib
import random
import select
import socket
import struct
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Event, Thread
from urllib.parse import urlsplit, urlunsplit

_CHUNK = 1 << 16
_HELD_CHUNKS = 64  # Beyond them the sender has to wait, as with a full window.
_RESET = struct.pack("ii", 1, 0)


class Relay:
    """Passes bytes on in both directions; tells `url`, the server's address by way of it.

    `round_trips` counts the requests, or runs of them, that were made after the answers to those before;
    `lost_answers` and `resets` count connections that were broken for these reasons.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        assert parts.hostname and parts.port
        self._server = (parts.hostname, parts.port)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self._links: set[_Link] = set()
        self._random = random.Random(20251009)
        self.open = Event()
        self.open.set()
        self._lose_next = False
        self._lose_after, self._to_lose, self._lose_share = b"", 0, 1.0
        self._delay_s = self._jitter_s = 0.0
        self._reset_bytes = 0
        self.slicing = False
        self._asked = False
        self.round_trips = self.lost_answers = self.resets = 0
        userinfo, _, _ = parts.netloc.rpartition("@")
        own = f"{userinfo}@127.0.0.1:{self._listener.getsockname()[1]}"
        self.url = urlunsplit(parts._replace(netloc=own))
        Thread(target=self._accept, daemon=True).start()

    def lose_next_answer(self) -> None:
        """Let the next request through, drop the server's answer and break the connection."""
        self._lose_next = True

    def lose_answers(self, to: bytes, times: int, share: float = 1.0) -> None:
        """Do so `times` times to requests that hold these bytes, to a random share of them."""
        self._lose_after, self._to_lose, self._lose_share = to, times, share

    def delay(self, delay_s: float, jitter_s: float = 0.0) -> None:
        """Pass bytes on so much later, give or take the jitter, in their order."""
        self._delay_s, self._jitter_s = delay_s, jitter_s

    def reset_within(self, bytes_: int) -> None:
        """Reset each connection after a random number of bytes, at most so many, in either direction; 0 for never."""
        self._reset_bytes = bytes_

    def slice(self, on: bool = True) -> None:
        """Pass on one byte at a time."""
        self.slicing = on

    def swallow(self) -> None:
        """Pass nothing on, and say nothing of it, until `restore`; connections stay as they are."""
        self.open.clear()

    def restore(self) -> None:
        """Pass everything on again, also what was held back."""
        self.open.set()

    def cut(self) -> None:
        """Break every connection that there is."""
        for link in list(self._links):
            link.cut()

    def close(self) -> None:
        """Break everything and listen no more."""
        # A listener that is closed while another thread accepts stays open; one that is shut down does not.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()
        self.open.set()

    def hear(self, link: "_Link", data: bytes, asks: bool) -> bool:
        """Take note of bytes that came; False when they are not to be passed on and the link is to break."""
        if asks:
            self.round_trips += not self._asked
            if self._to_lose and self._lose_after in data and self._random.random() < self._lose_share:
                self._to_lose -= 1
                link.loses = True
        elif link.loses or self._lose_next:
            self._lose_next = False
            self.lost_answers += 1
            return False
        self._asked = asks
        return True

    def due(self) -> float:
        """When bytes that come at this moment are to be passed on."""
        return time.monotonic() + self._delay_s + self._random.uniform(-self._jitter_s, self._jitter_s)

    def draw_end(self) -> int | None:
        """After how many bytes a stretch of a connection is to end with a reset; None for never."""
        return self._random.randint(1, self._reset_bytes) if self._reset_bytes else None

    def forget(self, link: "_Link") -> None:
        """Leave out a link that has ended."""
        self._links.discard(link)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                try:
                    server = socket.create_connection(self._server)
                except OSError:
                    client.close()
                    continue
                link = _Link(self, client, server)
                self._links.add(link)
                link.start()


@dataclass(eq=False)
class _Flow:
    source: socket.socket
    target: socket.socket
    asks: bool
    end_after: int | None
    held: "deque[tuple[float, bytes]]" = field(default_factory=deque)
    ended: bool = False
    told: bool = False


class _Link(Thread):
    """One connection, both ways: a single thread, so that closing it takes effect at once."""

    def __init__(self, relay: Relay, client: socket.socket, server: socket.socket) -> None:
        super().__init__(daemon=True)
        self._relay, self._ends = relay, (client, server)
        for end in self._ends:
            end.setblocking(False)
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        ends = (relay.draw_end(), relay.draw_end())
        self._flows = (_Flow(client, server, True, ends[0]), _Flow(server, client, False, ends[1]))
        self._is_cut = False
        self.loses = False

    def cut(self) -> None:
        self._is_cut = True
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def run(self) -> None:
        try:
            with contextlib.suppress(OSError), self._ends[0], self._ends[1]:
                while not self._is_cut and not all(flow.told for flow in self._flows) and self._turn():
                    pass
        finally:
            self._relay.forget(self)

    def _turn(self) -> bool:
        if not self._relay.open.is_set():
            self._relay.open.wait(0.05)
            return True
        now = time.monotonic()
        due = [flow for flow in self._flows if flow.held and flow.held[0][0] <= now]
        wait_s = min((flow.held[0][0] - now for flow in self._flows if flow.held and flow not in due), default=None)
        sources = [flow.source for flow in self._flows if not flow.ended and len(flow.held) < _HELD_CHUNKS]
        can_read, can_write, _ = select.select(sources, [flow.target for flow in due], [], wait_s)
        if not self._relay.open.is_set():
            return True
        return all(self._read(flow) for flow in self._flows if flow.source in can_read) and all(
            self._write(flow) for flow in due if flow.target in can_write
        )

    def _read(self, flow: _Flow) -> bool:
        data = flow.source.recv(_CHUNK)
        if data:
            if not self._relay.hear(self, data, flow.asks):
                return False
            flow.held.append((self._relay.due(), data))
        flow.ended = not data
        return self._tell_end(flow)

    def _write(self, flow: _Flow) -> bool:
        due, data = flow.held.popleft()
        room = 1 if self._relay.slicing else len(data)
        sent = flow.target.send(data[: room if flow.end_after is None else min(room, flow.end_after)])
        if rest := data[sent:]:
            flow.held.appendleft((due, rest))
        if flow.end_after is not None:
            flow.end_after -= sent
            if flow.end_after <= 0:
                return self._reset()
        return self._tell_end(flow)

    def _tell_end(self, flow: _Flow) -> bool:
        if flow.ended and not flow.held and not flow.told:
            flow.told = True
            with contextlib.suppress(OSError):
                flow.target.shutdown(socket.SHUT_WR)
        return True

    def _reset(self) -> bool:
        self._relay.resets += 1
        for end in self._ends:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        return False


@contextlib.contextmanager
def relayed(url: str) -> Iterator[Relay]:
    """A relay to the server at `url` for the length of a block."""
    relay = Relay(url)
    try:
        yield relay
    finally:
        relay.close()
