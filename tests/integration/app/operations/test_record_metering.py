from datetime import UTC, date, datetime, timedelta

import pytest

from app.alerts.delivery_plan import PLAN, DeliveryPlan
from app.alerts.models import AlertDelivery
from app.alerts.store import raise_alert
from app.desk.events import EventKey, end_event, plan_event, start_event
from app.desk.models import SessionCertificate
from app.operations.record_metering import read_records
from tests.alerting import silent
from tests.factories import DAY, quotes
from tests.fakes import FixedClock
from tests.lake_days import export_quotes

NOW = datetime(2025, 10, 10, 12, tzinfo=UTC)
OPENED = datetime(2025, 10, 9, 22, tzinfo=UTC)
MARKET = "CME_Futures"


@pytest.fixture
def clock():
    return FixedClock(NOW)


def test_nothing_is_told_of_what_there_is_none_of(rt, sessions):
    with sessions() as session:
        numbers = read_records(rt, session)

    assert {name for name, by_label in numbers.items() if by_label} == {"message_oldest_due_s"}
    assert numbers["message_oldest_due_s"] == {(): 0}


def test_files_of_the_lake_are_told_by_kind(rt, sessions):
    export_quotes(sessions, rt.lake, quotes(30))

    with sessions() as session:
        numbers = read_records(rt, session)

    assert numbers["lake_rows"][("ticks",)] == 30
    assert numbers["lake_files"][("ticks",)] == 1
    assert numbers["lake_bytes"][("ticks",)] > 100
    assert numbers["lake_damaged"][("ticks",)] == 0
    assert numbers["lake_newest_day"][("ticks",)] == datetime(DAY.year, DAY.month, DAY.day, tzinfo=UTC).timestamp()


def test_opens_and_closes_are_told_by_what_became_of_them(rt, sessions):
    with sessions.begin() as session:
        for day, late_s in ((8, 40), (9, 7)):
            key, due = EventKey(MARKET, date(2025, 10, day), "open"), OPENED - timedelta(days=9 - day)
            plan_event(session, key, due)
            start_event(session, key, due)
            end_event(session, key, due + timedelta(seconds=late_s), "done")
        plan_event(session, EventKey(MARKET, date(2025, 10, 9), "close"), NOW - timedelta(hours=1))
        plan_event(session, EventKey(MARKET, date(2025, 10, 10), "close"), NOW + timedelta(hours=1))

    with sessions() as session:
        numbers = read_records(rt, session)

    assert numbers["events"] == {(MARKET, "open", "done"): 2, (MARKET, "close", "planned"): 2}
    # Of the last one.
    assert numbers["event_late_s"] == {(MARKET, "open"): 7}
    assert numbers["events_overdue"] == {(MARKET, "open"): 0, (MARKET, "close"): 1}


def test_certificates_are_told_by_verdict_with_the_newest_day(rt, sessions):
    with sessions.begin() as session:
        for day, verdict in ((7, "failed"), (8, "complete"), (9, "complete")):
            made = {"figures": {}, "made_at": NOW, "reasons": []}
            session.add(SessionCertificate(market=MARKET, session_date=date(2025, 10, day), verdict=verdict, **made))

    with sessions() as session:
        numbers = read_records(rt, session)

    assert numbers["certificates"] == {(MARKET, "complete"): 2, (MARKET, "failed"): 1}
    assert numbers["certificate_newest_day"] == {(MARKET,): datetime(2025, 10, 9, tzinfo=UTC).timestamp()}


def test_messages_are_told_by_what_became_of_them(rt, sessions):
    sessions.configure(info={PLAN: DeliveryPlan(("mail", "webhook"))})
    with sessions.begin() as session:
        raise_alert(session, silent(), NOW - timedelta(minutes=3))
        raise_alert(session, silent("EXCEL"), NOW)
        session.flush()
        mails = session.query(AlertDelivery).filter_by(channel="mail").order_by(AlertDelivery.id).all()
        mails[0].sent_at = NOW
        mails[1].gave_up_at, mails[1].error = NOW, "refused"

    with sessions() as session:
        numbers = read_records(rt, session)

    assert numbers["messages"] == {("mail", "sent"): 1, ("mail", "given_up"): 1, ("webhook", "waiting"): 2}
    assert numbers["message_oldest_due_s"] == {(): 180}
