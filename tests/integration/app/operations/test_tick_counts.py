import json
from datetime import timedelta

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from sqlalchemy import text

from app.bus.keys import tick_counts as counts_key
from app.errors import Unavailable
from app.operations import tick_counts as module
from app.operations.tick_counts import tick_counts
from app.stores import Stores
from tests.factories import DAY, quote, quotes
from tests.ticks import store_quotes

NEXT = DAY + timedelta(days=1)
FILL = """
INSERT INTO ticks (symbol, source, seq, ts, recv_ts, session_date, ts_origin, trade, delayed)
SELECT 'ES', 'SIMULATED', i, timestamptz '2025-10-08 22:00+00' + i * interval '1 ms', now(), '2025-10-09',
    'exchange', true, false
FROM generate_series(:first, :last) AS i
"""


def test_ticks_are_counted_by_day_and_symbol(rt):
    store_quotes(rt.sessions, [*quotes(3), quote(symbol="NQ"), quote(session_date=NEXT)])

    assert {day: found for day, found in tick_counts(rt).items() if found} == {DAY: {"ES": 3, "NQ": 1}, NEXT: {"ES": 1}}
    assert tick_counts(rt, [NEXT, DAY.replace(year=2020)]) == {NEXT: {"ES": 1}}


def test_a_small_day_is_exact_at_once(rt, bus):
    for count in range(1, 4):
        store_quotes(rt.sessions, [quote(seq=count)])

        assert tick_counts(rt, [DAY])[DAY] == {"ES": count}


def test_a_large_day_is_counted_again_only_after_it_changed(rt, bus, large):
    assert tick_counts(rt, [DAY])[DAY] == {"ES": 1000}
    kept = json.loads(bus.get(counts_key(DAY)))
    bus.set(counts_key(DAY), json.dumps({**kept, "counts": {"ES": 7}}))
    assert tick_counts(rt, [DAY])[DAY] == {"ES": 7}

    fill(rt, 1001, 1003)

    assert tick_counts(rt, [DAY])[DAY] == {"ES": 1003}


@pytest.mark.parametrize("error", [RedisConnectionError("away"), Unavailable("away")], ids=["silent", "none"])
def test_without_redis_everything_is_counted(rt, large, error):
    class Away(Redis):
        def execute_command(self, *_words, **_options):
            raise error

    stores = Stores(rt.clock, rt.sessions, lambda **_options: Away(), rt.markets, rt.lake, rt.dispatch)

    assert tick_counts(stores, [DAY])[DAY] == {"ES": 1000}


def fill(rt, first, last):
    with rt.sessions.begin() as session:
        session.execute(text(FILL), {"first": first, "last": last})
        # The mark follows the rows when the server has reported them, which it else does after some seconds.
        session.execute(text("SELECT pg_stat_force_next_flush()"))


@pytest.fixture
def large(rt, monkeypatch):
    monkeypatch.setattr(module, "SMALL_BYTES", 0)
    store_quotes(rt.sessions, [quote(symbol="NQ")])
    with rt.sessions.begin() as session:
        session.execute(text("TRUNCATE ticks"))
    fill(rt, 1, 1000)
