"""The web server of a trial, asked from outside: requests with their times, and a reader of the quote stream."""

import contextlib
import json
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from app.local.ports import free_port
from tests.faults.harness.processes import Victim, victim
from tests.faults.harness.world import World
from tests.functional.sse import SseClient
from tests.functional.web_server import OPTIONS
from tests.waiting import until

PATIENCE_S = 60.0


@dataclass(frozen=True)
class Answered:
    """What came of a request: the status, 0 where none came in time, the seconds that it took, and the body."""

    status: int
    seconds: float
    body: Any = None


@dataclass(frozen=True)
class Web:
    """A web server as a process."""

    url: str
    process: Victim

    def get(self, path: str) -> Answered:
        """Ask once, with patience."""
        began = time.monotonic()
        status, body = 0, b""
        try:
            with urllib.request.urlopen(self.url + path, timeout=PATIENCE_S) as answer:
                status, body = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                status, body = error.code, error.read()
        except (OSError, urllib.error.URLError):
            pass
        return Answered(status, time.monotonic() - began, _parsed(body))

    def is_ready(self, part: str) -> bool:
        """Whether readiness calls this part of Thor well."""
        body = self.get("/api/health/ready").body or {}
        return any(check["name"] == part and check["ok"] for check in body.get("checks", []))


class Follower:
    """Follows the quotes as a browser does: when the connection ends it comes back with the last id that it saw."""

    def __init__(self, web: Web, symbols: str) -> None:
        self._url = f"{web.url}/api/quotes/stream?symbols={symbols}"
        self._client = SseClient(self._url).wait_connected()

    def newest(self) -> int:
        """The volume of the newest quote; -1 before the first."""
        if self._client.ended:
            last_id = self._client.last_id
            self._client.close()
            self._client = SseClient(self._url, last_event_id=last_id or None)
        quotes = self._client.quotes()
        return int(quotes[-1].data["volume"]) if quotes else -1

    def close(self) -> None:
        """Hang up."""
        self._client.close()


@contextlib.contextmanager
def serving(world: World, **settings: str) -> Iterator[Web]:
    """A web server of this world, with some settings replaced, for the length of a block."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", *OPTIONS, "-b", f"127.0.0.1:{port}", "wsgi:app"]
    with victim(world, command, f"web-{port}", **settings) as process:
        process.start()
        web = Web(f"http://127.0.0.1:{port}", process)
        until(lambda: process.check() and web.get("/api/health/live").status == 200, PATIENCE_S)
        yield web


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None
