"""Many readers of the event stream in one cheap process: `python -m benchmarks.stream_clients URL N READ WARM_UP_S`.

All of them count the quotes that they get; READ of them, chosen by chance, also note for each quote how long ago it was
published, from WARM_UP_S after their first quote on. Ends when its input is closed, and prints what it has as JSON.
"""

import json
import random
import re
import selectors
import socket
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from urllib.parse import urlsplit

from benchmarks.feed import SYMBOLS
from tests.servers import ROOT

RECEIVE_BYTES = 1 << 18
_PUBLISHED = re.compile(rb'event: quote\ndata: [^\n]*?"recv_ts":"([^"]+)"')


class Marks:
    """Counts a mark in what comes piece by piece, also where it comes in two of them."""

    def __init__(self, mark: bytes) -> None:
        self._mark, self._end = mark, b""
        self.count = 0

    def take(self, data: bytes) -> None:
        """Count the marks that this piece ends."""
        joined = self._end + data
        self.count += joined.count(self._mark)
        self._end = joined[1 - len(self._mark) :]


class Reader:
    """One connection; `latencies` counts quotes by tenths of a millisecond since they were published."""

    def __init__(self, url: str, *, notes: bool, warm_up_s: float) -> None:
        parts = urlsplit(url)
        self.warm_up_s, self.warm_at = warm_up_s, 0.0
        self.notes, self.rest = notes, b""
        self.quotes, self.conflated = Marks(b"event: quote\n"), Marks(b"event: conflated\n")
        self.latencies: Counter[int] = Counter()
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout=30)
        target = f"/api/quotes/stream?symbols={','.join(SYMBOLS)}"
        self.socket.sendall(f"GET {target} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode())
        self._expect_greeting()
        self.socket.setblocking(False)

    def take(self) -> bool:
        """Read what has come; False when the server has hung up."""
        try:
            data = self.socket.recv(RECEIVE_BYTES)
        except BlockingIOError:
            return True
        now = time.time()
        self.quotes.take(data)
        self.conflated.take(data)
        if self.notes:
            whole, end, rest = (self.rest + data).rpartition(b"\n\n")
            self.rest = rest if end else whole + rest
            self.warm_at = self.warm_at or now + self.warm_up_s
            for text, count in Counter(_PUBLISHED.findall(whole)).items():
                if (published_s := _epoch_s(text)) > self.warm_at:
                    self.latencies[round((now - published_s) * 10_000)] += count
        return bool(data)

    def _expect_greeting(self) -> None:
        head = b""
        while b": connected" not in head:
            data = self.socket.recv(4096)
            if not data or (b"\r\n\r\n" in head and not head.startswith(b"HTTP/1.1 200")):
                raise RuntimeError(f"the stream was refused: {head[:200]!r}")
            head += data


@lru_cache(maxsize=4096)
def _epoch_s(text: bytes) -> float:
    return datetime.fromisoformat(text.decode()).timestamp()


def read_streams(url: str, count: int, noted: int, warm_up_s: float) -> dict[str, object]:
    """Read with so many clients until standard input is closed; says `ready` once all are connected."""
    chosen = set(random.sample(range(count), noted))
    readers = [Reader(url, notes=index in chosen, warm_up_s=warm_up_s) for index in range(count)]
    with selectors.DefaultSelector() as selector:
        for reader in readers:
            selector.register(reader.socket, selectors.EVENT_READ, reader)
        selector.register(sys.stdin, selectors.EVENT_READ)
        print("ready", flush=True)
        _read(selector)
    latencies: Counter[int] = Counter()
    for reader in readers:
        latencies += reader.latencies
        reader.socket.close()
    return {
        "quotes": [reader.quotes.count for reader in readers],
        "conflated": sum(reader.conflated.count for reader in readers),
        "latencies": [(tenths / 10, count) for tenths, count in sorted(latencies.items())],
        "cpu_s": time.process_time(),
    }


@dataclass(frozen=True)
class Seen:
    """What the clients got: quotes of each, how often they were told of quotes left out, and waits in milliseconds."""

    quotes: list[int]
    conflated: int
    latencies: list[tuple[float, int]]
    cpu_s: float


class Listeners:
    """The process of the clients, all connected when the block begins."""

    def __init__(self, url: str, clients: int, noted: int, warm_up_s: float = 0.0) -> None:
        options = [str(clients), str(min(noted, clients)), str(warm_up_s)]
        command = [sys.executable, "-m", "benchmarks.stream_clients", url, *options]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def __enter__(self) -> "Listeners":
        assert self._process.stdout is not None
        if self._process.stdout.readline() != "ready\n":
            raise RuntimeError("the clients could not connect")
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.kill()
        self._process.communicate()

    def end(self) -> Seen:
        """Have them hang up, and learn what they got."""
        answer, _ = self._process.communicate()
        return Seen(**json.loads(answer))


def _read(selector: selectors.BaseSelector) -> None:
    while True:
        for key, _ in selector.select():
            if key.data is None:
                return
            if not key.data.take():
                selector.unregister(key.fileobj)


if __name__ == "__main__":
    print(json.dumps(read_streams(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))))
