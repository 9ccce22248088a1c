"""Clients of the stream that take nothing: each is cut, costs little until then, and slows nobody down."""

import contextlib
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from tests.faults.harness.callers import Call, Callers, calling, usual_p99_ms
from tests.faults.harness.feed import Feed, feeding, source_publisher
from tests.faults.harness.ledger import Ledger
from tests.faults.harness.web import Follower, Web, serving
from tests.faults.harness.world import World, world
from tests.faults.scenario import Outcome, Scenario, Trial
from tests.waiting import until

EVENTS_PER_S = 1000
# What the kernel holds for such a client itself, as little as it can.
CLIENT_BUFFER_BYTES = 4096
CALLERS, PER_S = 4, 12.5
ANSWERS_A_LOOK = 25
PATHS = ("/api/quotes?symbols=ES,NQ", "/api/session", "/api/health/live")
CUT_LIMIT_S = 30.0
CLIENT_LIMIT_KIB = 64
P99_LIMIT = 1.2
PATIENCE_S = 120.0


def play(trial: Trial) -> Outcome:
    """Callers of the API before, while and after the stream's places are held by clients that never read."""
    count, calm_s = trial.pick(30, 200), trial.pick(2, 25)
    stuck_s = str(trial.pick(3, 25))
    ledger = Ledger(trial.directory / "ledger", EVENTS_PER_S * 300)
    places = {"sse_max_clients": str(count + 1), "sse_clients_per_caller": str(count + 1), "sse_stuck_s": stuck_s}
    with (
        world(trial) as own,
        serving(own, **places) as web,
        _fed(own, ledger),
        # One that reads: the server is at work for clients before the others come.
        contextlib.closing(Follower(web, "ES")),
        calling(web.url, PATHS, CALLERS, PER_S) as callers,
    ):
        until(lambda: len(callers.calls) > 20, PATIENCE_S)
        calm = _at_rest(web, callers, calm_s)
        trial.say(f"before: p99 {usual_p99_ms(calm):.1f} ms of {len(calm)} answers")
        with _stuck(web, count) as connected_at:
            held = _held_until_all_are_cut(web, callers, count)
            cut_s = time.monotonic() - connected_at
            during = callers.since(connected_at)
        trial.say(f"{count} clients cut after {cut_s:.1f} s")
        # Afterwards too: that a machine becomes slower or faster by itself is not the clients' doing.
        calm += _at_rest(web, callers, calm_s)
    return _judge(count, cut_s, held, calm, during)


def _at_rest(web: Web, callers: Callers, seconds: float) -> list[Call]:
    began = time.monotonic()
    while time.monotonic() < began + seconds:
        _look(web, callers)
    return callers.since(began)


@contextlib.contextmanager
def _fed(own: World, ledger: Ledger) -> Iterator[None]:
    feed = Feed(source_publisher(own.stores.raw_redis), ledger, portion=20, rate_per_s=EVENTS_PER_S)
    feed.allow(ledger.size)
    with feeding(feed):
        yield


@contextlib.contextmanager
def _stuck(web: Web, count: int) -> Iterator[float]:
    parts = urlsplit(web.url)
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            client = stack.enter_context(socket.socket())
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, CLIENT_BUFFER_BYTES)
            client.connect((parts.hostname, parts.port))
            client.sendall(f"GET /api/quotes/stream HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode())
        until(lambda: _clients(web) == count + 1, PATIENCE_S)
        yield time.monotonic()


def _held_until_all_are_cut(web: Web, callers: Callers, count: int) -> tuple[float, float]:
    """The most KiB for each such client: what the kernel queued for it, and what the server's memory grew by."""
    found = psutil.Process(web.process.pid)
    worker = max([found, *found.children(recursive=True)], key=lambda one: one.memory_info().rss)
    port, rss = urlsplit(web.url).port or 0, worker.memory_info().rss
    queued, grown, deadline = 0, 0, time.monotonic() + PATIENCE_S
    while _look(web, callers) > 1:
        assert time.monotonic() < deadline, "clients that take nothing are not cut"
        queued, grown = max(queued, _queued_bytes(port)), max(grown, worker.memory_info().rss - rss)
    return queued / count / 1024, grown / count / 1024


def _queued_bytes(port: int) -> int:
    """What the kernel holds that was sent from this port of loopback and is not taken: its table of connections."""
    lines = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    return sum(int(line[4].split(":")[0], 16) for line in lines if int(line[1].split(":")[1], 16) == port)


def _look(web: Web, callers: Callers) -> int:
    # Once for so many answers, before and meanwhile, since it is work too.
    known = len(callers.calls)
    until(lambda: len(callers.calls) >= known + ANSWERS_A_LOOK, PATIENCE_S)
    return _clients(web)


def _clients(web: Web) -> int:
    checks = (web.get("/api/health").body or {}).get("checks", [])
    return sum(int(check["clients"]) for check in checks if check["name"] == "stream")


def _judge(count: int, cut_s: float, held: tuple[float, float], calm: list[Call], during: list[Call]) -> Outcome:
    calm_ms, stuck_ms = usual_p99_ms(calm), usual_p99_ms(during)
    figures: dict[str, object] = {
        "clients": count,
        "cut after s": round(cut_s, 1),
        "queued for each KiB": round(held[0], 1),
        "memory for each KiB": round(held[1], 1),
        "API's p99 at rest ms": round(calm_ms, 1),
        "meanwhile ms": round(stuck_ms, 1),
        "ratio": round(stuck_ms / calm_ms, 2),
        "answers": len(calm) + len(during),
    }
    failed = sum(call.status != 200 for call in [*calm, *during])
    wrong = [f"{failed} callers of the API got no answer"] if failed else []
    wrong += [f"the kernel holds {held[0]:.0f} KiB for each"] if held[0] > CLIENT_LIMIT_KIB else []
    slow = [f"cut after {cut_s:.1f} s only"] if cut_s > CUT_LIMIT_S else []
    slow += ["the API's p99 became more than 1.2 times as long"] if stuck_ms > P99_LIMIT * calm_ms else []
    # What a few clients cost cannot be told from what the server has just learned to remember.
    slow += [f"each costs {sum(held):.0f} KiB"] if sum(held) > CLIENT_LIMIT_KIB else []
    return Outcome(figures, wrong, slow)


STUCK_CLIENTS = Scenario("stuck-clients", play, limit_s=300)
