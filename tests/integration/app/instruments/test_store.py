from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from app.errors import NotFound, Rejected
from app.instruments.catalogue import CATALOGUE, DEFAULT_WATCHLIST
from app.instruments.models import TradingInstrument
from app.instruments.store import add_catalogue, list_instruments, require_instrument, set_watchlist, watchlist


def test_an_empty_table_gets_the_whole_catalogue_and_the_default_watchlist(db_session):
    db_session.execute(delete(TradingInstrument))

    assert add_catalogue(db_session) == len(CATALOGUE)
    assert watchlist(db_session) == list(DEFAULT_WATCHLIST)


def test_what_is_stored_of_an_instrument_is_what_the_catalogue_says(db_session):
    gold = db_session.get(TradingInstrument, "GC")

    assert (gold.name, gold.mic, gold.tick_size, gold.multiplier) == ("Gold", "XCEC", CATALOGUE["GC"].tick_size, 100)


def test_what_is_there_stays_as_the_trader_left_it(db_session):
    db_session.execute(update(TradingInstrument).values(watch_position=None))
    db_session.execute(
        update(TradingInstrument).where(TradingInstrument.symbol == "6E").values(watch_position=1, name="€")
    )
    db_session.execute(delete(TradingInstrument).where(TradingInstrument.symbol == "ES"))

    assert add_catalogue(db_session) == 1
    assert add_catalogue(db_session) == 0
    assert watchlist(db_session) == ["6E"]
    assert db_session.scalar(select(TradingInstrument.name).where(TradingInstrument.symbol == "6E")) == "€"


def test_a_watchlist_replaces_the_one_before_in_the_order_given(db_session):
    set_watchlist(db_session, ["NQ", "6E", "ES"])

    assert set_watchlist(db_session, ["ES", "NQ"]) == ["NQ", "6E", "ES"]

    assert watchlist(db_session) == ["ES", "NQ"]
    assert [one.symbol for one in list_instruments(db_session)][:4] == ["ES", "NQ", "6E", "6J"]


@pytest.mark.parametrize(
    ("symbols", "kind", "words"),
    [
        ([], Rejected, "nothing would be watched: leave one symbol at least"),
        (["ES", "NQ", "ES"], Rejected, "ES would be watched twice"),
        (["ES", "AAPL", "ZC"], NotFound, "there is no instrument AAPL, ZC: see `flask instruments`"),
    ],
)
def test_a_watchlist_that_cannot_be_leaves_the_one_before(sessions, symbols, kind, words):
    with pytest.raises(kind, match=words), sessions.begin() as session:
        set_watchlist(session, symbols)

    with sessions() as session:
        assert watchlist(session) == list(DEFAULT_WATCHLIST)


def test_of_two_who_set_the_watchlist_at_once_one_comes_after_the_other(sessions):
    with sessions() as first, ThreadPoolExecutor() as threads:
        set_watchlist(first, ["ES", "NQ"])
        second = threads.submit(in_a_transaction, sessions, ["NQ", "CL"])
        with pytest.raises(TimeoutError):
            second.result(0.2)
        first.commit()
        assert second.result(10) == ["ES", "NQ"]

    with sessions() as session:
        assert watchlist(session) == ["NQ", "CL"]


def test_an_instrument_that_is_not_there_is_not_found(db_session):
    assert require_instrument(db_session, "6E").name == "Euro FX"
    with pytest.raises(NotFound, match="there is no instrument 'AAPL'"):
        require_instrument(db_session, "AAPL")


@pytest.mark.parametrize(
    ("column", "value", "constraint"),
    [
        ("tick_size", 0, "ck_trading_instruments_tick_size_positive"),
        ("tick_decimals", 10, "ck_trading_instruments_tick_decimals"),
        ("multiplier", -1, "ck_trading_instruments_multiplier_positive"),
        ("price_format", "64", "ck_trading_instruments_price_format"),
    ],
)
def test_an_instrument_that_cannot_be_is_refused(db_session, column, value, constraint):
    with pytest.raises(IntegrityError, match=constraint):
        db_session.execute(update(TradingInstrument).where(TradingInstrument.symbol == "ES").values({column: value}))


def in_a_transaction(sessions, symbols):
    with sessions.begin() as session:
        return set_watchlist(session, symbols)
