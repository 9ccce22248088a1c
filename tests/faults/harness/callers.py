"""Callers of the API in threads, who note what came of every request and how long it took."""

import contextlib
import http.client
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import Event, Thread
from urllib.parse import urlsplit

PATIENCE_S = 20.0


@dataclass(frozen=True)
class Call:
    """One request: when it began, monotonic, its status, 0 where none came in time, its seconds and some headers."""

    at: float
    path: str
    status: int
    seconds: float
    media: str = ""
    retry_after: str = ""


class Callers:
    """`count` callers, each of which asks for the paths in turn, so many times a second, on connections it keeps."""

    def __init__(self, url: str, paths: Sequence[str], count: int, per_s: float) -> None:
        self._netloc, self._paths, self._pause_s = urlsplit(url).netloc, paths, 1 / per_s
        self._stop = Event()
        self.calls: list[Call] = []
        self._threads = [Thread(target=self._run, args=(number,), daemon=True) for number in range(count)]

    def since(self, at: float) -> list[Call]:
        """The requests that began since then."""
        return [call for call in list(self.calls) if call.at >= at]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """End, with the requests that are under way."""
        self._stop.set()
        for thread in self._threads:
            thread.join(PATIENCE_S + 5)

    def _run(self, number: int) -> None:
        connection, turn = self._connect(), number
        due = time.monotonic() + self._pause_s * number / len(self._threads)
        while not self._stop.wait(max(0.0, due - time.monotonic())):
            call = _call(connection, self._paths[turn % len(self._paths)])
            self.calls.append(call)
            if not call.status:
                connection.close()
                connection = self._connect()
            turn, due = turn + 1, max(due + self._pause_s, time.monotonic())
        connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self._netloc, timeout=PATIENCE_S)


@contextlib.contextmanager
def calling(url: str, paths: Sequence[str], count: int, per_s: float) -> Iterator[Callers]:
    """Callers at work for the length of a block."""
    callers = Callers(url, paths, count, per_s)
    callers.start()
    try:
        yield callers
    finally:
        callers.close()


def percentile_ms(calls: Sequence[Call], share: float) -> float:
    """The milliseconds within which this share of the requests were answered."""
    times = sorted(call.seconds for call in calls)
    return 1000 * times[min(len(times) - 1, int(share * len(times)))] if times else float("inf")


def usual_p99_ms(calls: Sequence[Call], window_s: float = 5.0) -> float:
    """The p99 of most times: the median of those of windows, so that what else a machine does for a second is none."""
    windows: dict[int, list[Call]] = {}
    for call in calls:
        windows.setdefault(int(call.at / window_s), []).append(call)
    return statistics.median(percentile_ms(found, 0.99) for found in windows.values()) if windows else float("inf")


def _call(connection: http.client.HTTPConnection, path: str) -> Call:
    began = time.monotonic()
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException):
        connection.close()
        return Call(began, path, 0, time.monotonic() - began)
    media, retry = answer.getheader("Content-Type", ""), answer.getheader("Retry-After", "")
    return Call(began, path, answer.status, time.monotonic() - began, media, retry)
