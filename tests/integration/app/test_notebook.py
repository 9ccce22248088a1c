from datetime import timedelta
from decimal import Decimal

import polars as pl
import pytest
from sqlalchemy.pool import QueuePool

from app.errors import Rejected
from app.notebook import History
from tests.factories import DAY, quote
from tests.fakes import FixedClock
from tests.lake_days import export_quotes, purge
from tests.ticks import LATER, OPEN, store_quotes, trade

NEXT = DAY + timedelta(days=1)
START, END = "2025-10-08T22:00:00Z", "2025-10-10T22:00:00+00:00"


def test_ticks_of_both_places_become_a_frame_with_exact_prices(history, sessions, rt):
    export_quotes(sessions, rt.lake, [quote(seq=1, last=Decimal("-0.000000001"))])
    purge(sessions, DAY)
    store_quotes(sessions, [quote(seq=2, ts=OPEN + timedelta(days=1), session_date=NEXT)])

    frame = pl.from_arrow(history.ticks("ES", START, END, columns=["seq", "last", "symbol"]))

    assert frame.to_dict(as_series=False) == {
        "seq": [1, 2],
        "last": [Decimal("-0.000000001"), Decimal("6710.25")],
        "symbol": ["ES", "ES"],
    }


def test_batches_are_the_same_ticks(history, sessions):
    store_quotes(sessions, [quote(seq=seq) for seq in range(5000)])

    seqs = [seq for table in history.tick_batches("ES", START, END) for seq in table.column("seq").to_pylist()]

    assert seqs == history.ticks("ES", START).column("seq").to_pylist() == list(range(5000))


def test_bars_of_each_source_say_how_well_they_were_covered(history, sessions):
    store_quotes(sessions, [trade(0, 10, 1), trade(240, 11, 2), trade(0, 20, 1, source="SCHWAB")])

    bars = history.bars("ES", "5m", START, END).to_pylist()

    assert [(bar["source"], bar["close"], bar["coverage"]) for bar in bars] == [
        ("REPLAY", 11, 0.6),
        ("SCHWAB", 20, 0.2),
    ]
    assert history.bars("ES", "5m", START, END, source="SCHWAB").num_rows == 1


def test_holes_are_told_and_not_filled(history, sessions):
    store_quotes(sessions, [trade(0, 10, 1), trade(120, 11, 2)])

    holes = history.holes("ES", "1m", START, OPEN + timedelta(minutes=5), source="REPLAY")

    assert [(hole.start - OPEN, hole.label) for hole in holes] == [
        (timedelta(minutes=1), "quiet"),
        (timedelta(minutes=3), "no_feed"),
    ]


@pytest.mark.parametrize(
    ("symbol", "start", "timeframe"), [("es", START, "1m"), ("ES", "2025-10-08", "1m"), ("ES", START, "2m")]
)
def test_a_mistake_is_told_in_one_line(history, symbol, start, timeframe):
    with pytest.raises(Rejected):
        history.bars(symbol, timeframe, start)


def test_a_history_connects_when_asked_and_lets_go_when_closed(history, settings):
    history.ticks("ES", START)
    history.close()

    pool = history._engine.pool
    assert isinstance(pool, QueuePool)
    assert pool.checkedin() == pool.checkedout() == 0
    assert history.ticks("ES", START).num_rows == 0


@pytest.fixture
def history(rt, settings):
    with History(settings, FixedClock(LATER)) as made:
        yield made
