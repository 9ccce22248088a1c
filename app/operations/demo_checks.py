"""Checking the demo at every stop, the way a user would look."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import httpx

from app.access.keys import add_key, revoke_key
from app.access.roles import Role
from app.bus.latest import read_latest
from app.bus.stream import stream_state
from app.lake.layout import TICKS
from app.lake.manifest import list_files, verify_file
from app.operations.demo import DemoDays, days_certified, stored_ticks
from app.operations.demo_analysis import ask_and_read
from app.operations.demo_premarket import climb_and_read
from app.operations.premarket.by_hand import Doing
from app.operations.premarket.policy import PremarketPolicy
from app.stores import Stores

HTTP_TIMEOUT_S: Final = 15.0
SSE_EVENTS: Final = 5
ANALYSED: Final = 3
ONE_DAY: Final = timedelta(days=1)
KEY_LASTS: Final = timedelta(hours=1)


@dataclass(frozen=True)
class StopCheck:
    """What one stop should show, what it shows, and where to look."""

    stop: str
    ok: bool
    found: str
    where: str


def check_stops(
    stores: Stores, days: DemoDays, symbols: Sequence[str], base_url: str, policy: PremarketPolicy, doing: Doing
) -> list[StopCheck]:
    """Every stop from the feed to the browser's stream; a check that breaks is a failed check.

    The ladder before an open is worked by hand, as `doing` tells.
    """
    with _operator(stores, base_url) as http:
        checks: Mapping[str, tuple[str, Callable[[], tuple[bool, str]]]] = {
            "Redis": ("quotes:stream:unified", lambda: _redis(stores, symbols)),
            "PostgreSQL": ("table ticks", lambda: _postgres(stores, days)),
            "Parquet": (str(stores.lake.root), lambda: _parquet(stores, days)),
            "bars": (f"{base_url}api/bars?symbol={symbols[0]}&timeframe=5m", lambda: _bars(http, symbols[0])),
            "sessions": (f"{base_url}api/sessions/{max(days.published)}", lambda: _sessions(http, stores, days)),
            "analysis": (f"{base_url}api/jobs", lambda: ask_and_read(http, symbols[:ANALYSED])),
            "premarket": (
                f"{base_url}api/premarket",
                lambda: climb_and_read(stores, policy, doing, days.published, symbols[:ANALYSED], http),
            ),
            "market": (f"{base_url}api/session", lambda: _market(http)),
            "quotes": (f"{base_url}api/quotes", lambda: _quotes(http, symbols)),
            "SSE": (f"{base_url}api/quotes/stream", lambda: _sse(http)),
            "health": (f"{base_url}api/health/ready", lambda: _health(http)),
        }
        return [_checked(name, where, check) for name, (where, check) in checks.items()]


@contextmanager
def _operator(stores: Stores, base_url: str) -> Iterator[httpx.Client]:
    """A client with a key that opens nothing any more afterwards, nor an hour later if this process is killed."""
    with stores.sessions.begin() as session:
        key, secret = add_key(session, "demo", Role.OPERATOR, stores.clock.now(), "demo", KEY_LASTS)
    headers = {"Authorization": f"Bearer {secret.text}"}
    with httpx.Client(base_url=base_url, timeout=HTTP_TIMEOUT_S, headers=headers) as http:
        yield http
    with stores.sessions.begin() as session:
        revoke_key(session, key.id, stores.clock.now())


def _checked(name: str, where: str, check: Callable[[], tuple[bool, str]]) -> StopCheck:
    try:
        ok, found = check()
    except Exception as error:  # A broken check is a finding, told with its reason.
        ok, found = False, f"{type(error).__name__}: {error}"
    return StopCheck(name, ok, found, where)


def _redis(stores: Stores, symbols: Sequence[str]) -> tuple[bool, str]:
    latest = read_latest(stores.redis, symbols)
    return len(latest) == len(symbols), f"{stream_state(stores.redis).added:,} events, latest of {len(latest)} symbols"


def _postgres(stores: Stores, days: DemoDays) -> tuple[bool, str]:
    stored = stored_ticks(stores, days)
    return stored == days.published, ", ".join(f"{day} {count:,}" for day, count in sorted(stored.items()))


def _parquet(stores: Stores, days: DemoDays) -> tuple[bool, str]:
    with stores.sessions() as session:
        files = [row for day in days.published for row in list_files(session, kind=TICKS, start=day, end=day + ONE_DAY)]
    for row in files:
        verify_file(stores.lake, row)
    rows = sum(row.rows for row in files)
    return rows == days.total, f"{rows:,} ticks in {len(files)} files, every checksum verified"


def _bars(http: httpx.Client, symbol: str) -> tuple[bool, str]:
    answer = _json(http, "api/bars", {"symbol": symbol, "timeframe": "5m"})
    bars = answer["bars"]
    ordered = all(float(bar["low"]) <= float(bar["close"]) <= float(bar["high"]) for bar in bars)
    return bool(bars) and ordered and answer["source"] == "SIMULATED", f"{len(bars)} five-minute bars of {symbol}"


def _sessions(http: httpx.Client, stores: Stores, days: DemoDays) -> tuple[bool, str]:
    known = days_certified(stores, days)
    verdicts = Counter(certificate.verdict for certificate in known.values())
    shown = _json(http, f"api/sessions/{max(days.published)}", {})["markets"]
    ok = bool(known) and not verdicts["failed"] and any(one["certificate"] for one in shown)
    told = ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items()))
    return ok, f"{len(known)} sessions certified: {told}"


def _market(http: httpx.Client) -> tuple[bool, str]:
    state = _json(http, "api/session", {})
    coming = f"{state['next_transition_type']} at {state['next_transition']}"
    return state["status"] in ("OPEN", "CLOSED"), f"{state['market']} is {state['status']} by the real clock, {coming}"


def _quotes(http: httpx.Client, symbols: Sequence[str]) -> tuple[bool, str]:
    quotes = _json(http, "api/quotes", {"symbols": ",".join(symbols)})["quotes"]
    states = sorted({str(quote["state"]) for quote in quotes})
    ok = len(quotes) == len(symbols) and {quote["source"] for quote in quotes} == {"SIMULATED"}
    return ok, f"{len(quotes)} quotes, source SIMULATED, state {', '.join(states)}"


def _sse(http: httpx.Client) -> tuple[bool, str]:
    with http.stream("GET", "api/quotes/stream") as answer:
        answer.raise_for_status()
        events = list(_first_events(answer.iter_lines(), SSE_EVENTS))
    simulated = all(event["source"] == "SIMULATED" for event in events)
    return simulated and len(events) == SSE_EVENTS, f"{len(events)} live events, the last of {events[-1]['symbol']}"


def _first_events(lines: Iterator[str], count: int) -> Iterator[dict[str, Any]]:
    found, quote = 0, False
    for line in lines:
        if line.startswith("event:"):
            quote = line.removeprefix("event:").strip() == "quote"
        elif line.startswith("data:") and quote:
            yield json.loads(line.removeprefix("data:"))
            found += 1
            if found == count:
                return


def _health(http: httpx.Client) -> tuple[bool, str]:
    answer = http.get("api/health/ready")
    failed = [check["name"] for check in answer.json()["checks"] if not check["ok"]]
    return answer.status_code == httpx.codes.OK, f"not ready: {', '.join(failed)}" if failed else "ready"


def _json(http: httpx.Client, path: str, query: dict[str, str]) -> Any:
    answer = http.get(path, params=query)
    answer.raise_for_status()
    return answer.json()
