from datetime import time, timedelta

from sqlalchemy import select

from app.alerts.deliveries import (
    LEASE,
    MOST_ATTEMPTS,
    claim_delivery,
    drop_unreachable,
    give_up_lost,
    is_delivery_due,
    note_failed,
    note_sent,
)
from app.alerts.models import Alert, AlertDelivery
from app.alerts.quiet_hours import QuietHours
from app.alerts.store import raise_alert
from tests.alerting import NOW, disk, silent

SECOND = timedelta(seconds=1)
BOTH = ("mail", "webhook")


def half():
    return 0.5


def row(session):
    return session.scalars(select(AlertDelivery).order_by(AlertDelivery.id)).first()


def channel_alerts(session):
    return list(session.scalars(select(Alert).where(Alert.rule == "alert_channel")))


def fail_to_the_last(session):
    now = NOW
    for _attempt in range(MOST_ATTEMPTS):
        now = max(now, row(session).due_at)
        note_failed(session, claim_delivery(session, BOTH, now), "no answer", now, chance=half)
    return now


def test_critical_messages_go_first_and_then_the_oldest(plan_session):
    session = plan_session("mail")
    raise_alert(session, disk("/a"), NOW)
    raise_alert(session, disk("/b"), NOW + SECOND)
    raise_alert(session, silent(), NOW + 2 * SECOND)

    claims = [claim_delivery(session, BOTH, NOW + 3 * SECOND) for _turn in range(4)]

    assert [claim.message.subject for claim in claims[:3]] == ["SCHWAB", "/a", "/b"]
    assert claims[3] is None


def test_what_is_not_due_is_left(plan_session):
    session = plan_session("mail", quiet=QuietHours(time(11), time(14)))
    raise_alert(session, disk(), NOW)

    assert not is_delivery_due(session, NOW)
    assert claim_delivery(session, BOTH, NOW) is None
    assert is_delivery_due(session, NOW + timedelta(hours=2))


def test_a_message_is_taken_by_one_of_two_at_once(planned):
    with planned.begin() as session:
        raise_alert(session, silent(), NOW)

    with planned() as first, planned() as second:
        claims = [claim_delivery(session, ["mail"], NOW) for session in (first, second)]
        first.commit()
        late = claim_delivery(second, ["mail"], NOW)

    assert [claim is not None for claim in claims] == [True, False]
    assert late is None


def test_two_at_once_take_different_messages_and_nobody_waits(planned):
    with planned.begin() as session:
        raise_alert(session, silent(), NOW)

    with planned() as first, planned() as second:
        claims = [claim_delivery(session, BOTH, NOW) for session in (first, second)]

    assert {claim.channel for claim in claims} == {"mail", "webhook"}


def test_the_message_of_a_killed_sender_is_sent_by_another_under_the_same_id(plan_session):
    session = plan_session("mail")
    raise_alert(session, silent(), NOW)
    killed = claim_delivery(session, BOTH, NOW)

    before = is_delivery_due(session, NOW + LEASE - SECOND)
    taken = claim_delivery(session, BOTH, NOW + LEASE)

    assert (before, taken.message.id, taken.attempt) == (False, killed.message.id, 2)


def test_who_was_thought_lost_does_not_undo_what_another_did(plan_session):
    session = plan_session("mail")
    raise_alert(session, silent(), NOW)
    slow = claim_delivery(session, BOTH, NOW)
    other = claim_delivery(session, BOTH, NOW + LEASE)

    note_failed(session, slow, "no answer", NOW + LEASE)
    during = row(session).claimed_until
    note_sent(session, other, NOW + LEASE)
    note_failed(session, other, "no answer", NOW + LEASE, for_good=True)

    assert during == NOW + 2 * LEASE
    assert (row(session).sent_at, row(session).gave_up_at, row(session).error) == (NOW + LEASE, None, "")


def test_a_failure_is_tried_again_after_a_while(plan_session):
    session = plan_session("mail")
    raise_alert(session, silent(), NOW)

    note_failed(session, claim_delivery(session, BOTH, NOW), "no answer", NOW, chance=half)

    assert (row(session).error, row(session).due_at) == ("no answer", NOW + 30 * SECOND)
    assert not is_delivery_due(session, NOW + 29 * SECOND)
    assert claim_delivery(session, BOTH, NOW + 30 * SECOND).attempt == 2


def test_the_next_attempt_keeps_the_quiet_hours_too(plan_session):
    session = plan_session("mail", quiet=QuietHours(time(12, 0, 20), time(14)))
    raise_alert(session, disk(), NOW)

    note_failed(session, claim_delivery(session, BOTH, NOW), "no answer", NOW, chance=half)

    assert row(session).due_at == NOW + timedelta(hours=2)


def test_after_the_last_attempt_the_message_is_given_up_and_that_is_an_alert(plan_session):
    session = plan_session("mail")
    raise_alert(session, silent(), NOW)

    ended_at = fail_to_the_last(session)

    [alert] = channel_alerts(session)
    assert (row(session).attempts, row(session).gave_up_at, row(session).dropped) == (MOST_ATTEMPTS, ended_at, "")
    assert (alert.subject, alert.severity) == ("mail", "warning")
    assert "no answer" in alert.detail
    assert not is_delivery_due(session, ended_at + timedelta(days=1))


def test_what_never_goes_is_given_up_at_once(plan_session):
    session = plan_session("mail")
    raise_alert(session, silent(), NOW)

    note_failed(session, claim_delivery(session, BOTH, NOW), "wrong password", NOW, for_good=True)

    assert row(session).gave_up_at == NOW
    assert len(channel_alerts(session)) == 1


def test_a_channel_that_works_again_ends_the_alert_about_it(plan_session):
    session = plan_session("mail")
    raise_alert(session, silent(), NOW)
    note_failed(session, claim_delivery(session, BOTH, NOW), "wrong password", NOW, for_good=True)
    raise_alert(session, silent("EXCEL"), NOW)

    note_sent(session, claim_delivery(session, BOTH, NOW), NOW)

    assert [alert.resolved_by for alert in channel_alerts(session)] == ["rule"]


def test_a_message_whose_last_sender_was_lost_is_given_up(plan_session):
    session = plan_session("mail")
    raise_alert(session, silent(), NOW)
    now = NOW
    for _attempt in range(MOST_ATTEMPTS):
        claim_delivery(session, BOTH, now)
        now += LEASE

    assert give_up_lost(session, now - SECOND) == 0
    assert give_up_lost(session, now) == 1
    assert row(session).error == "whoever sent it did not come to an end"
    assert len(channel_alerts(session)) == 1
    assert not is_delivery_due(session, now)


def test_messages_for_a_channel_that_is_not_set_up_any_more_are_dropped(plan_session):
    session = plan_session()
    raise_alert(session, silent(), NOW)

    assert drop_unreachable(session, ["mail"], NOW) == 1
    assert claim_delivery(session, BOTH, NOW).channel == "mail"
    assert not is_delivery_due(session, NOW)
