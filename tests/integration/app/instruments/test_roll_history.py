from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from app.instruments.models import ContractRoll
from app.instruments.roll_history import (
    active_contracts,
    breaks_between,
    furthest_contract,
    list_rolls,
    record_changes,
    rolls_between,
)
from app.instruments.rolls import Break, Change

START = datetime(2025, 9, 15, 22, tzinfo=UTC)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
NOW = START + 400 * DAY
FIRST = Change("first", None, "ESZ25", None, START)
ROLL = Change("roll", "ESZ25", "ESH26", START + 90 * DAY - SECOND, START + 90 * DAY)
BACK = Change("switch", "ESH26", "ESZ25", START + 91 * DAY - SECOND, START + 91 * DAY)


def record(session: Session, *changes: Change, source: str = "SCHWAB", after: int = 0) -> list[ContractRoll]:
    return record_changes(session, "ES", source, changes, datetime.date, after=after, now=NOW)


def test_changes_are_kept_in_order_and_the_last_one_is_active(db_session: Session) -> None:
    record(db_session, FIRST, ROLL)
    record(db_session, BACK, after=2)
    record(db_session, FIRST, source="EXCEL")

    assert [(row.number, row.kind) for row in list_rolls(db_session, "ES")] == [
        (3, "switch"),
        (2, "roll"),
        (1, "first"),
        (1, "first"),
    ]
    assert {key: row.to_contract for key, row in active_contracts(db_session).items()} == {
        ("ES", "EXCEL"): "ESZ25",
        ("ES", "SCHWAB"): "ESZ25",
    }
    assert active_contracts(db_session, "NQ") == {}
    assert furthest_contract(db_session, "ES", "SCHWAB") == "ESH26"
    assert furthest_contract(db_session, "NQ", "SCHWAB") is None
    assert list_rolls(db_session, "NQ") == []


def test_what_somebody_else_has_kept_is_not_kept_again(db_session: Session) -> None:
    kept = [record(db_session, FIRST), record(db_session, FIRST, ROLL), record(db_session, ROLL, after=1)]

    assert [[row.kind for row in rows] for rows in kept] == [["first"], [], ["roll"]]
    assert record(db_session, ROLL, after=2) == []
    assert len(list_rolls(db_session)) == 2


def test_of_two_that_notice_the_same_change_at_once_one_keeps_it(sessions: sessionmaker[Session]) -> None:
    with sessions() as one, sessions() as other:
        assert len(record(one, FIRST)) == 1
        one.commit()
        assert record(other, FIRST) == []


def test_the_changes_of_a_range_are_those_whose_new_contract_begins_in_it(db_session: Session) -> None:
    record(db_session, FIRST, ROLL, BACK)

    def kinds(start: datetime, end: datetime) -> list[str]:
        return [row.kind for row in rolls_between(db_session, "ES", start, end, "SCHWAB")]

    assert kinds(START, NOW) == ["roll", "switch"]
    assert kinds(ROLL.first_ts, BACK.first_ts) == ["roll"]
    assert kinds(ROLL.first_ts + SECOND, BACK.first_ts) == []
    assert breaks_between(db_session, "ES", START, BACK.first_ts) == [Break(ROLL.last_ts, ROLL.first_ts)]


def test_a_source_that_tells_no_contracts_goes_by_the_live_ones_and_others_by_their_own(db_session: Session) -> None:
    record(db_session, FIRST, ROLL)
    record(db_session, FIRST, BACK, source="REPLAY")

    found = {
        source: [row.source for row in rolls_between(db_session, "ES", START, NOW, source)]
        for source in ("SCHWAB", "EXCEL", "REPLAY", None)
    }

    assert found == {"SCHWAB": ["SCHWAB"], "EXCEL": ["SCHWAB"], "REPLAY": ["REPLAY"], None: ["SCHWAB"]}
    assert rolls_between(db_session, "NQ", START, NOW) == []


@pytest.mark.parametrize(
    ("parts", "constraint"),
    [
        ({"number": 0}, "number"),
        ({"kind": "jump"}, "kind"),
        ({"kind": "first"}, "begins_with_first"),
        ({"from_contract": None}, "changes_from"),
        ({"last_ts": None}, "changes_from"),
        ({"to_contract": "ESZ25"}, "changes"),
        ({"last_ts": NOW}, "changes"),
    ],
)
def test_a_change_that_cannot_be_is_refused(db_session: Session, parts: dict[str, object], constraint: str) -> None:
    known = {
        "symbol": "ES",
        "source": "SCHWAB",
        "number": 2,
        "kind": "roll",
        "from_contract": "ESZ25",
        "to_contract": "ESH26",
        "last_ts": ROLL.last_ts,
        "first_ts": ROLL.first_ts,
        "session_date": date(2025, 12, 15),
        "noticed_at": NOW,
    }

    with pytest.raises(IntegrityError, match=f'"ck_contract_rolls_{constraint}"'):
        db_session.execute(insert(ContractRoll).values({**known, **parts}))
