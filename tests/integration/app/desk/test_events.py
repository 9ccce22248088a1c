from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.desk.events import (
    EventKey,
    end_event,
    ended_since,
    events_of,
    find_event,
    last_planned,
    plan_event,
    start_event,
    unfinished,
)

DAY, NEXT = date(2025, 10, 9), date(2025, 10, 10)
OPEN, CLOSE = datetime(2025, 10, 8, 22, tzinfo=UTC), datetime(2025, 10, 9, 21, tzinfo=UTC)
OPENED, CLOSED = EventKey("CME_Futures", DAY, "open"), EventKey("CME_Futures", DAY, "close")
SECOND = timedelta(seconds=1)


def test_an_event_is_planned_once_and_moved_until_it_begins(db_session: Session) -> None:
    planned = [plan_event(db_session, OPENED, OPEN), plan_event(db_session, OPENED, OPEN + SECOND)]
    moved = find_event(db_session, OPENED).due_at
    start_event(db_session, OPENED, OPEN)

    plan_event(db_session, OPENED, OPEN + 9 * SECOND)

    assert planned == [True, False]
    assert moved == OPEN + SECOND
    assert find_event(db_session, OPENED).due_at == OPEN + SECOND


def test_an_event_begins_once(db_session: Session) -> None:
    plan_event(db_session, OPENED, OPEN)

    begun = [start_event(db_session, OPENED, OPEN), start_event(db_session, OPENED, OPEN + SECOND)]

    assert begun == [True, False]
    assert find_event(db_session, OPENED).started_at == OPEN


def test_an_event_that_was_never_planned_neither_begins_nor_ends(db_session: Session) -> None:
    assert not start_event(db_session, OPENED, OPEN)
    assert not end_event(db_session, OPENED, OPEN, "done")
    assert find_event(db_session, OPENED) is None


def test_an_event_ends_once_and_for_good(db_session: Session) -> None:
    plan_event(db_session, OPENED, OPEN)

    ended = [
        end_event(db_session, OPENED, OPEN + 90 * SECOND, "late", "begun 90 s late", {"baselines": 2}),
        end_event(db_session, OPENED, OPEN + 99 * SECOND, "done"),
    ]

    row = find_event(db_session, OPENED)
    assert ended == [True, False]
    assert (row.status, row.reason, row.late_s, row.detail) == ("late", "begun 90 s late", 90, {"baselines": 2})
    assert not start_event(db_session, OPENED, OPEN)


def test_an_event_that_ends_before_it_was_due_is_not_late(db_session: Session) -> None:
    plan_event(db_session, OPENED, OPEN)

    end_event(db_session, OPENED, OPEN - 5 * SECOND, "done")

    assert find_event(db_session, OPENED).late_s == 0


def test_nothing_is_skipped_without_a_reason(db_session: Session) -> None:
    plan_event(db_session, OPENED, OPEN)

    with pytest.raises(IntegrityError, match="skipped_with_reason"):
        end_event(db_session, OPENED, OPEN, "skipped")


def test_a_market_that_is_not_in_the_table_has_no_events(db_session: Session) -> None:
    with pytest.raises(IntegrityError, match="markets"):
        plan_event(db_session, EventKey("XETRA", DAY, "open"), OPEN)


def test_what_has_not_ended_comes_in_the_order_in_which_it_is_due(db_session: Session) -> None:
    following = EventKey("CME_Futures", NEXT, "open")
    other = EventKey("CME_FX", DAY, "close")
    for key, due_at in ((following, CLOSE), (CLOSED, CLOSE), (other, CLOSE), (OPENED, OPEN)):
        plan_event(db_session, key, due_at)
    end_event(db_session, OPENED, OPEN, "done")
    start_event(db_session, other, CLOSE)

    found = [(row.market, row.session_date, row.event) for row in unfinished(db_session)]

    assert found == [other, CLOSED, following]
    assert unfinished(db_session, CLOSE - SECOND) == []


def test_the_newest_planned_session_of_a_market_has_an_open_and_a_close(db_session: Session) -> None:
    by_hand = EventKey("CME_Futures", date(2025, 12, 1), "close")
    half = EventKey("CME_FX", DAY, "open")
    for key in (OPENED, CLOSED, EventKey("CME_Futures", NEXT, "open"), by_hand, half):
        plan_event(db_session, key, OPEN)

    assert last_planned(db_session) == {"CME_Futures": DAY}


def test_what_has_ended_is_told_from_a_day_on(db_session: Session) -> None:
    following = EventKey("CME_Futures", NEXT, "open")
    for key in (OPENED, CLOSED, following):
        plan_event(db_session, key, OPEN)
    for key in (OPENED, following):
        end_event(db_session, key, OPEN, "done")

    assert ended_since(db_session, DAY) == {OPENED: OPEN, following: OPEN}
    assert ended_since(db_session, NEXT) == {following: OPEN}


def test_a_session_s_events_come_open_first(db_session: Session) -> None:
    for key, due_at in ((CLOSED, CLOSE), (OPENED, OPEN), (EventKey("CME_FX", DAY, "open"), OPEN)):
        plan_event(db_session, key, due_at)

    assert [row.event for row in events_of(db_session, "CME_Futures", DAY)] == ["open", "close"]
