"""A client of server-sent events for tests: reads in a thread and keeps all that it got."""

import contextlib
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Received:
    """One event: its name, the last id at that moment, its data."""

    name: str
    id: str
    data: Any


class SseClient:
    """Connects at once; `events` grow until `close`. `reading` False leaves the bytes with the kernel."""

    def __init__(
        self,
        url: str,
        *,
        last_event_id: str | None = None,
        headers: Mapping[str, str] | None = None,
        reading: bool = True,
    ) -> None:
        parts = urlsplit(url)
        self.events: list[Received] = []
        self.comments: list[str] = []
        self.status = 0
        self.headers: dict[str, str] = {}
        self.last_id = ""
        self.ended = False
        self._changed = threading.Condition()
        self._socket = socket.create_connection((parts.hostname, parts.port), timeout=20)
        told = {"Host": parts.netloc, **(headers or {}), **({"Last-Event-ID": last_event_id} if last_event_id else {})}
        target = f"{parts.path}?{parts.query}"
        lines = [f"GET {target} HTTP/1.1", *(f"{name}: {value}" for name, value in told.items())]
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode())
        self._thread = threading.Thread(target=self._read, daemon=True)
        if reading:
            self._thread.start()

    def __enter__(self) -> "SseClient":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def start_reading(self) -> None:
        """Read what has come and what comes."""
        self._thread.start()

    def quotes(self) -> list[Received]:
        """The quotes received so far."""
        return [event for event in list(self.events) if event.name == "quote"]

    def named(self, name: str) -> list[Received]:
        """The events of this name received so far."""
        return [event for event in list(self.events) if event.name == name]

    def wait(self, condition: Callable[["SseClient"], bool], deadline_s: float = 20) -> None:
        """Return once the condition holds; AssertionError with what came when it never does."""
        end = time.monotonic() + deadline_s
        with self._changed:
            while not condition(self):
                left = end - time.monotonic()
                if left <= 0 or (self.ended and not condition(self)):
                    raise AssertionError(
                        f"never seen; ended={self.ended}, {len(self.events)} events, {self.events[-3:]}"
                    )
                self._changed.wait(min(left, 1.0))

    def wait_connected(self) -> "SseClient":
        """Return once the first bytes of the stream are there."""
        self.wait(lambda client: bool(client.comments))
        return self

    def close(self) -> None:
        """Hang up."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        if self._thread.ident:
            self._thread.join(5)
        self._socket.close()

    def say_farewell(self) -> None:
        """Say that nothing more is to come, and go on taking nothing; for a client that does not read."""
        self._socket.shutdown(socket.SHUT_WR)

    def abort(self) -> None:
        """Vanish with a reset instead of a farewell; for a client that does not read."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def _read(self) -> None:
        with contextlib.suppress(OSError, ValueError), self._socket.makefile("rb") as reader:
            self._read_head(reader)
            self._read_events(_body(reader, self.headers))
        with self._changed:
            self.ended = True
            self._changed.notify_all()

    def _read_head(self, reader: Any) -> None:
        self.status = int(reader.readline().split()[1])
        while line := reader.readline().strip():
            name, _, value = line.decode().partition(":")
            self.headers[name.lower()] = value.strip()

    def _read_events(self, lines: Any) -> None:
        name, data = "message", ""
        for line in lines:
            with self._changed:
                field, _, value = line.partition(":")
                value = value.removeprefix(" ")
                if not line:
                    if data:
                        self.events.append(Received(name, self.last_id, json.loads(data)))
                    name, data = "message", ""
                elif not field:
                    self.comments.append(value)
                elif field == "id":
                    self.last_id = value
                elif field == "event":
                    name = value
                elif field == "data":
                    data = value
                self._changed.notify_all()


def _body(reader: Any, headers: dict[str, str]) -> Any:
    if headers.get("transfer-encoding") != "chunked":
        yield from reader.read(int(headers.get("content-length", 0))).decode().splitlines()
        return
    rest = ""
    while size := int(reader.readline(), 16):
        rest += reader.read(size).decode()
        reader.readline()
        *lines, rest = rest.split("\n")
        yield from lines
