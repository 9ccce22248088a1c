from datetime import time, timedelta

from sqlalchemy import select

from app.alerts.deliveries import claim_delivery, note_sent
from app.alerts.models import AlertDelivery
from app.alerts.quiet_hours import QuietHours
from app.alerts.rules import Condition
from app.alerts.store import acknowledge_alert, note_conditions, raise_alert, resolve_alert
from tests.alerting import NOW, disk, silent

SECOND = timedelta(seconds=1)
NOON_IS_QUIET = QuietHours(time(11), time(14))
TWO = NOW + timedelta(hours=2)


def rows(session):
    return list(session.scalars(select(AlertDelivery).order_by(AlertDelivery.id)))


def told(session):
    return [(row.channel, row.event, row.severity, row.dropped) for row in rows(session)]


def deliver(session, channels=("mail", "webhook"), now=NOW):
    while claim := claim_delivery(session, channels, now):
        note_sent(session, claim, now)


def test_an_alert_is_written_down_for_each_channel_once(plan_session):
    session = plan_session()

    raise_alert(session, silent(), NOW)
    raise_alert(session, silent(), NOW + SECOND)

    assert told(session) == [("mail", "raised", "critical", ""), ("webhook", "raised", "critical", "")]
    assert {row.due_at for row in rows(session)} == {NOW}


def test_without_channels_nothing_is_written_down(db_session):
    raise_alert(db_session, silent(), NOW)

    assert rows(db_session) == []


def test_what_is_rolled_back_is_not_sent(plan_session):
    session = plan_session()

    raise_alert(session, silent(), NOW)
    session.rollback()

    assert rows(session) == []


def test_what_is_less_grave_than_the_least_is_told_once_it_escalates(plan_session):
    session = plan_session("mail", least="critical")

    raise_alert(session, disk(), NOW)
    quiet = told(session)
    raise_alert(session, disk(severity="critical"), NOW)

    assert quiet == []
    assert told(session) == [("mail", "escalated", "critical", "")]


def test_what_became_worse_before_it_was_sent_is_told_as_it_is_now(plan_session):
    session = plan_session("mail")

    raise_alert(session, disk(), NOW)
    raise_alert(session, disk(severity="critical"), NOW)

    assert told(session) == [
        ("mail", "raised", "warning", "it became worse before it was sent"),
        ("mail", "escalated", "critical", ""),
    ]


def test_that_it_is_over_is_told_where_somebody_heard_of_it(plan_session):
    session = plan_session()
    alert = raise_alert(session, silent(), NOW)
    deliver(session, ["mail"])

    resolve_alert(session, alert.id, NOW + SECOND, by="ann")

    assert told(session) == [
        ("mail", "raised", "critical", ""),
        ("webhook", "raised", "critical", "over before it was sent"),
        ("mail", "resolved", "critical", ""),
    ]


def test_what_somebody_sees_to_is_not_sent_any_more_and_its_end_neither(plan_session):
    session = plan_session("mail")
    alert = raise_alert(session, silent(), NOW)

    acknowledge_alert(session, alert.id, NOW + SECOND, by="ann")
    deliver(session)
    resolve_alert(session, alert.id, NOW + 2 * SECOND, by="ann")

    assert told(session) == [("mail", "raised", "critical", "acknowledged by ann")]


def test_an_acknowledged_alert_that_becomes_worse_is_told_of_again(plan_session):
    session = plan_session("mail")
    alert = raise_alert(session, disk(), NOW)
    deliver(session)
    acknowledge_alert(session, alert.id, NOW, by="ann")

    raise_alert(session, disk(severity="critical"), NOW)

    assert told(session)[-1] == ("mail", "escalated", "critical", "")


def test_in_quiet_hours_warnings_wait_for_the_end_and_critical_ones_do_not(plan_session):
    session = plan_session("mail", quiet=NOON_IS_QUIET)

    raise_alert(session, disk(), NOW)
    raise_alert(session, silent(), NOW)

    assert [(row.severity, row.due_at) for row in rows(session)] == [("warning", TWO), ("critical", NOW)]


def test_what_is_over_before_the_quiet_hours_end_is_never_sent(plan_session):
    session = plan_session("mail", quiet=NOON_IS_QUIET)
    raise_alert(session, disk(), NOW)

    for minutes in (1, 5):
        note_conditions(session, [], ["disk_low"], NOW + timedelta(minutes=minutes))

    assert claim_delivery(session, ["mail"], TWO) is None
    assert told(session) == [("mail", "raised", "warning", "over before it was sent")]


def test_a_message_that_was_on_its_way_when_its_alert_ended_is_followed_by_the_end(plan_session):
    session = plan_session("mail")
    alert = raise_alert(session, silent(), NOW)
    claim = claim_delivery(session, ["mail"], NOW)

    resolve_alert(session, alert.id, NOW + SECOND, by="ann")
    note_sent(session, claim, NOW + 2 * SECOND)

    first, end = rows(session)
    assert (first.sent_at, first.gave_up_at, first.dropped) == (NOW + 2 * SECOND, None, "")
    assert (end.event, end.due_at) == ("resolved", NOW + 2 * SECOND)


def test_a_channel_is_not_asked_to_tell_that_it_fails(plan_session):
    session = plan_session()

    raise_alert(session, Condition("alert_channel", "mail", "no answer"), NOW)

    assert told(session) == [("webhook", "raised", "warning", "")]


def test_a_test_of_a_channel_is_told_to_nobody_else(plan_session):
    session = plan_session(least="info")

    raise_alert(session, Condition("channel_test", "ann", "a test"), NOW)

    assert rows(session) == []
