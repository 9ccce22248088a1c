from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from redis import Redis

from app.bus import keys
from app.bus.hashes import write_hash
from app.bus.leases import acquire
from app.collectors.crashes import count_crash
from app.operations.collector_forms import collector_form
from app.operations.collector_states import CollectorState, collector_states, state_of
from app.quotes import COLLECTED
from tests.factories import MOMENT

NOW_MS = int(MOMENT.timestamp() * 1000)


@pytest.fixture
def put(bus: Redis) -> Callable[..., None]:
    """Puts down what EXCEL's hashes say: wished, held, told by the collector."""

    def write(wish: dict[str, Any] | None = None, held: bool = False, **health: Any) -> None:
        if wish:
            write_hash(bus, keys.desired("EXCEL"), wish)
        if held:
            acquire(bus, keys.lease("EXCEL"), keys.epoch("EXCEL"))
        if health:
            write_hash(bus, keys.health("EXCEL"), health)

    return write


@pytest.fixture
def read(bus: Redis) -> Callable[..., CollectorState]:
    return lambda configured=COLLECTED: state_of(bus, "EXCEL", MOMENT, configured)


WANTED = {"wanted": "1", "by": "hand"}


def test_a_source_of_which_nothing_is_known_is_stopped(bus: Redis) -> None:
    states = collector_states(bus, MOMENT, ["SIMULATED"])

    assert [(one.source, one.state, one.configured) for one in states] == [
        ("EXCEL", "stopped", False),
        ("SCHWAB", "stopped", False),
        ("SIMULATED", "stopped", True),
    ]


@pytest.mark.parametrize(
    ("wish", "held", "health", "state"),
    [
        (WANTED, False, {}, "starting"),
        (WANTED, True, {}, "starting"),
        (WANTED, True, {"state": "running", "feed": "streaming"}, "running"),
        (WANTED, True, {"state": "running", "feed": "lost"}, "running"),
        (WANTED, True, {"state": "spooling", "feed": "streaming"}, "spooling"),
        (WANTED, True, {"state": "running", "feed": "needs login"}, "needs login"),
        (WANTED, True, {"state": "running", "feed": "misconfigured"}, "misconfigured"),
        (WANTED, False, {"state": "failed", "error": "no sheet", "at_ms": NOW_MS}, "failed"),
        (
            WANTED,
            False,
            {"state": "running", "at_ms": NOW_MS, "fenced": "by another", "fenced_at_ms": NOW_MS + 1},
            "fenced",
        ),
        (WANTED, False, {"state": "stopped", "at_ms": NOW_MS, "fenced_at_ms": NOW_MS - 1}, "starting"),
        ({"wanted": "0", "by": "hand"}, False, {"state": "failed", "error": "no sheet"}, "stopped"),
        ({"wanted": "0", "by": "hand"}, False, {"state": "stopped"}, "stopped"),
    ],
)
def test_the_state_follows_from_wish_lease_and_health(
    put: Callable[..., None],
    read: Callable[..., CollectorState],
    wish: dict[str, str],
    held: bool,
    health: dict[str, Any],
    state: str,
) -> None:
    put(wish, held, **health)

    assert read().state == state


def test_a_source_that_starts_says_whether_a_collector_has_it_already(
    put: Callable[..., None], read: Callable[..., CollectorState]
) -> None:
    put(WANTED)
    before = read().detail
    put(held=True)

    assert (before, read().detail) == ("no collector has begun with it yet", "its collector is starting")


def test_a_feed_whose_holder_is_gone_is_not_told_as_streaming(
    put: Callable[..., None], read: Callable[..., CollectorState]
) -> None:
    put(WANTED, state="running", feed="streaming", steady_ms=NOW_MS - 60_000, rate=12.5, at_ms=NOW_MS)

    form = collector_form(read(), MOMENT)

    assert (form["feed"], form["steady_since"], form["rate_per_s"]) == (None, None, 0.0)


def test_a_crash_loop_is_shown_with_its_reason_until_the_next_start(
    bus: Redis, put: Callable[..., None], read: Callable[..., CollectorState]
) -> None:
    put(WANTED)
    for _ in range(3):
        count_crash(bus, "EXCEL", 1, "no sheet", MOMENT - timedelta(seconds=10))

    loop = read()

    assert (loop.state, loop.crashes.count) == ("crash loop", 3)
    assert loop.detail.startswith("crash loop: 3 starts failed, the next is in 2")
    assert loop.detail.endswith("s: no sheet")
    later = state_of(bus, "EXCEL", MOMENT + timedelta(seconds=60), COLLECTED)
    assert later.state == "starting"


def test_a_wanted_source_that_nobody_can_collect_says_what_to_do(
    bus: Redis, put: Callable[..., None], read: Callable[..., CollectorState]
) -> None:
    put(WANTED)
    alone = read(configured=[])
    acquire(bus, keys.agent("EXCEL"), "epoch")

    assert (alone.state, read(configured=[]).state) == ("no collector", "starting")
    assert alone.detail == (
        "EXCEL is wanted and nobody collects it: start `flask excel-to-redis`, or set EXCEL_DATA_FILE where the "
        "workers run"
    )


def test_an_unwanted_source_with_a_process_of_its_own_is_idle(bus: Redis, read: Callable[..., CollectorState]) -> None:
    acquire(bus, keys.agent("EXCEL"), "epoch")

    assert read().state == "idle"


def test_the_holder_is_a_worker_or_the_source_s_own_process(
    bus: Redis, put: Callable[..., None], read: Callable[..., CollectorState]
) -> None:
    put(WANTED, held=True)
    first = read().holder
    acquire(bus, keys.agent("EXCEL"), "epoch")
    second = read().holder

    assert first and second
    assert (first.kind, second.kind, first.token) == ("worker", "process", second.token)


def test_the_form_has_every_figure(put: Callable[..., None], bus: Redis, read: Callable[..., CollectorState]) -> None:
    put(
        WANTED,
        True,
        state="running",
        at_ms=NOW_MS - 1000,
        event_ms=NOW_MS - 2000,
        data_ms=NOW_MS - 500,
        steady_ms=NOW_MS - 60_000,
        rate=12.5,
        published=1000,
        spooled=3,
        dropped=1,
        reconnects=2,
        symbols="ES,NQ",
        silent="NQ",
        feed="streaming",
        feed_polls=7,
        last_error="",
    )
    write_hash(bus, keys.login("EXCEL"), {"expires_ms": NOW_MS})

    form = collector_form(read(), MOMENT)

    assert (form["change_age_s"], form["data_age_s"], form["health_age_s"]) == (2.0, 0.5, 1.0)
    assert (form["rate_per_s"], form["reconnects"], form["published"]) == (12.5, 2, 1000)
    assert (form["symbols"], form["silent_symbols"], form["figures"]) == (["ES", "NQ"], ["NQ"], {"polls": "7"})
    assert form["steady_since"] == "2025-10-09T15:29:00.000000Z"
    assert form["login_expires"] == "2025-10-09T15:30:00.000000Z"


def test_the_form_of_a_source_of_which_nothing_is_known_is_whole(read: Callable[..., CollectorState]) -> None:
    form = collector_form(read(), datetime.now(UTC))

    assert (form["change_age_s"], form["symbols"], form["holder"], form["last_error"]) == (None, [], None, None)
