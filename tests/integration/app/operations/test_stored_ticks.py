from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from app.ledger.balance import Balance, save_balances
from app.operations import stored_ticks as module
from app.operations.stored_ticks import stored_ticks
from tests.factories import DAY, quote, quotes
from tests.ticks import store_quotes

NEXT = DAY + timedelta(days=1)
BALANCED = datetime(2025, 10, 10, 12, tzinfo=UTC)


@pytest.fixture
def told(rt):
    def tell():
        with rt.sessions() as session:
            return stored_ticks(session)

    return tell


@pytest.fixture
def balance(rt):
    def save(day, source, stored, at=BALANCED):
        rows = [
            Balance(source, symbol, day, stored, stored, 0, 0, 0, 0, "balanced") for symbol in ("ES", "NQ") if stored
        ]
        with rt.sessions.begin() as session:
            save_balances(session, rows, at)

    return save


def test_days_are_counted_by_source_newest_first(rt, told):
    store_quotes(rt.sessions, [*quotes(3), quote(source="EXCEL"), quote(session_date=NEXT)])

    found = told()

    assert list(found.by_day.items()) == [(NEXT, {"REPLAY": 1}), (DAY, {"EXCEL": 1, "REPLAY": 3})]
    assert found.as_of is None


def test_of_large_days_the_last_balance_tells_and_says_when(rt, told, balance, monkeypatch):
    store_quotes(rt.sessions, [*quotes(3), quote(session_date=NEXT)])
    balance(DAY, "REPLAY", 40)
    balance(DAY, "EXCEL", 2, BALANCED - timedelta(days=30))
    with rt.sessions() as session:
        newest = session.scalar(text(f"SELECT pg_relation_size('ticks_p{NEXT:%Y%m%d}')"))
    monkeypatch.setattr(module, "COUNTED_BYTES", newest)

    found = told()

    assert found.by_day == {NEXT: {"REPLAY": 1}, DAY: {"EXCEL": 4, "REPLAY": 80}}
    assert found.as_of == BALANCED


def test_a_large_day_that_was_never_balanced_is_counted(rt, told, monkeypatch):
    monkeypatch.setattr(module, "COUNTED_BYTES", 0)
    store_quotes(rt.sessions, quotes(3))

    assert told().by_day == {DAY: {"REPLAY": 3}}


def test_days_that_left_the_database_are_not_told_of(rt, told, balance):
    balance(DAY, "REPLAY", 40)

    assert told().by_day == {}
