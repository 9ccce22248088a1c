from sqlalchemy import update
from sqlalchemy.orm import Session

from app.desk.markets import add_markets, automated_markets
from app.desk.models import Market
from app.market.markets import PROFILES


def test_a_migrated_database_has_every_market_automated(db_session: Session) -> None:
    assert automated_markets(db_session) == set(PROFILES)


def test_markets_that_are_there_are_left_as_the_trader_has_them(db_session: Session) -> None:
    db_session.execute(update(Market).where(Market.name == "CME_FX").values(automated=False))

    add_markets(db_session, PROFILES.values())

    assert automated_markets(db_session) == set(PROFILES) - {"CME_FX"}
