from sqlalchemy import delete, select, update

from app.instruments.catalogue import CATALOGUE, DEFAULT_WATCHLIST
from app.instruments.models import TradingInstrument
from app.instruments.store import add_catalogue, watchlist


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
