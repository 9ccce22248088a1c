from datetime import timedelta
from decimal import Decimal

import polars as pl
import pytest
from sqlalchemy import URL, event, text
from sqlalchemy.pool import QueuePool

from app.errors import Rejected, Unavailable
from app.local.ports import free_port
from app.notebook import History
from app.settings import load_settings
from tests.factories import DAY, quote
from tests.fakes import FixedClock
from tests.lake_days import export_quotes, purge
from tests.private_servers import PASSWORD
from tests.ticks import LATER, OPEN, store_quotes, trade
from tests.waiting import until

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


QUESTIONS = {
    "ticks": lambda history, **parts: history.ticks("ES", **{"start": START} | parts),
    "batches": lambda history, **parts: list(history.tick_batches("ES", **{"start": START} | parts)),
    "bars": lambda history, **parts: history.bars("ES", "1m", **{"start": START} | parts),
    "holes": lambda history, **parts: history.holes("ES", "1m", **{"start": START, "source": "REPLAY"} | parts),
}


@pytest.mark.parametrize("ask", QUESTIONS.values(), ids=QUESTIONS)
def test_a_source_that_there_is_not_is_told_and_not_taken_for_an_empty_one(history, ask):
    with pytest.raises(Rejected, match="EXCEL, SCHWAB, REPLAY, SIMULATED"):
        ask(history, source="simulated")


@pytest.mark.parametrize("ask", QUESTIONS.values(), ids=QUESTIONS)
def test_a_start_before_the_calendar_of_python_is_rejected(history, ask):
    with pytest.raises(Rejected, match="0001-01-01"):
        ask(history, start="0001-01-01T00:00:00Z")


@pytest.mark.parametrize("ask", QUESTIONS.values(), ids=QUESTIONS)
def test_a_database_that_is_away_is_unavailable(tmp_path, ask):
    url = URL.create("postgresql", "thor", PASSWORD, "127.0.0.1", free_port(), "thor").render_as_string(False)

    with (
        History(load_settings(_env_file=None, database_url=url, state_dir=tmp_path), FixedClock(LATER)) as history,
        pytest.raises(Unavailable, match="PostgreSQL does not answer") as refusal,
    ):
        ask(history)

    assert "\n" not in str(refusal.value)
    assert PASSWORD not in str(refusal.value)


def test_a_pause_that_is_too_long_for_the_database_is_told_as_such(history, sessions, rt):
    export_quotes(sessions, rt.lake, [quote(seq=1)])
    purge(sessions, DAY)
    store_quotes(sessions, [quote(seq=2, ts=OPEN + timedelta(days=1), session_date=NEXT)])
    event.listen(history._engine, "connect", have_no_patience)

    tables = history.tick_batches("ES", START, END)
    next(tables)
    until(lambda: not is_waiting_for_a_client(sessions))

    with pytest.raises(Unavailable, match="broke off, as it does after a pause"):
        next(tables)
    assert history.ticks("ES", START, END).num_rows == 2


def is_waiting_for_a_client(sessions):
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in trans%'"
    with sessions() as session:
        return session.scalar(text(waiting)) > 0


def have_no_patience(connection, _):
    with connection.cursor() as cursor:
        cursor.execute("SET idle_in_transaction_session_timeout = '2s'")
    connection.commit()


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
