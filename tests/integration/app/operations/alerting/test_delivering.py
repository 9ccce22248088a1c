import logging
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.alerts.delivery_plan import PLAN, DeliveryPlan
from app.alerts.models import Alert, AlertDelivery
from app.alerts.store import raise_alert, resolve_alert
from app.bus import keys
from app.errors import Rejected, Unavailable
from app.operations.alerting.delivering import DELIVER, deliver_due, deliver_unless_under_way
from tests.alerting import NOW, FakeChannel, disk, silent
from tests.counting import counting_afresh, scraped
from tests.fakes import FixedClock

BOTH = ("mail", "webhook")


@pytest.fixture
def clock():
    return FixedClock(NOW)


@pytest.fixture(autouse=True)
def planned(rt):
    rt.sessions.configure(info={PLAN: DeliveryPlan(BOTH)})


def raised(rt, *conditions):
    with rt.sessions.begin() as session:
        return [raise_alert(session, condition, rt.clock.now()) for condition in conditions]


def rows(rt):
    with rt.sessions() as session:
        return list(session.scalars(select(AlertDelivery).order_by(AlertDelivery.id)))


def test_what_is_due_is_sent_by_every_channel_and_once(rt):
    mail, webhook = FakeChannel("mail"), FakeChannel("webhook")
    raised(rt, disk(), silent())

    sent = [deliver_due(rt, [mail, webhook]) for _turn in range(2)]

    assert sent == [4, 0]
    for channel in (mail, webhook):
        assert [message.subject for message in channel.sent] == ["SCHWAB", "/data"]
    assert all(row.sent_at == NOW for row in rows(rt))


def test_the_end_is_sent_too(rt):
    mail = FakeChannel()
    [alert] = raised(rt, silent())
    deliver_due(rt, [mail])

    with rt.sessions.begin() as session:
        resolve_alert(session, alert.id, NOW, by="ann")
    deliver_due(rt, [mail])

    assert [message.headline for message in mail.sent] == [
        "[Thor CRITICAL] A source brings nothing new: SCHWAB",
        "[Thor RESOLVED] A source brings nothing new: SCHWAB",
    ]


def test_a_channel_that_fails_costs_one_attempt_and_keeps_no_other(rt, clock):
    mail = FakeChannel("mail", answers=[Unavailable("mail.example.com does not answer")])
    webhook = FakeChannel("webhook")
    raised(rt, disk(), silent())

    first = deliver_due(rt, [mail, webhook])
    clock.advance(timedelta(minutes=1))
    second = deliver_due(rt, [mail, webhook])

    assert (first, second) == (2, 2)
    assert sorted(row.attempts for row in rows(rt)) == [1, 1, 1, 2]
    assert len(mail.sent) == 2


def test_what_never_goes_is_given_up_and_told_through_the_other_channel(rt):
    mail = FakeChannel("mail", answers=[Rejected("refused the login")])
    webhook = FakeChannel("webhook")
    raised(rt, silent())

    deliver_due(rt, [mail, webhook])
    deliver_due(rt, [mail, webhook])

    assert [message.rule for message in webhook.sent] == ["source_silent", "alert_channel"]
    assert mail.sent == []


def test_an_error_that_nobody_expected_is_kept_by_its_kind_alone(rt, caplog):
    mail = FakeChannel("mail", answers=[RuntimeError("https://hooks.example.com/hunter2")])
    raised(rt, silent())

    with caplog.at_level(logging.DEBUG):
        deliver_due(rt, [mail])

    assert {row.error for row in rows(rt) if row.channel == "mail"} == {"the channel failed (RuntimeError)"}
    assert "hunter2" not in caplog.text


def test_nothing_is_sent_within_a_transaction(rt):
    class Watching(FakeChannel):
        def send(self, message):
            super().send(message)
            with rt.sessions() as other:
                # Who holds the row would make this fail.
                other.scalars(select(AlertDelivery).with_for_update(nowait=True)).all()
                other.scalars(select(Alert).with_for_update(nowait=True)).all()

    mail = Watching("mail")
    raised(rt, silent())

    assert deliver_due(rt, [mail]) == 1


def test_messages_for_a_channel_that_is_gone_are_dropped(rt):
    raised(rt, silent())

    deliver_due(rt, [FakeChannel("mail")])

    assert {row.channel: row.dropped for row in rows(rt)} == {
        "mail": "",
        "webhook": "the channel is not set up any more",
    }


def test_one_process_sends_at_a_time_and_without_the_bus_all_the_same(rt, bus):
    mail = FakeChannel()
    raised(rt, silent())

    bus.set(keys.asked(DELIVER), 1)
    busy = deliver_unless_under_way(rt, [mail])
    bus.delete(keys.asked(DELIVER))
    free = deliver_unless_under_way(rt, [mail])

    assert (busy, free) == (0, 1)
    assert not bus.exists(keys.asked(DELIVER))


def test_no_more_is_begun_after_the_time_for_it(rt):
    mail = FakeChannel()
    raised(rt, silent())

    assert deliver_due(rt, [mail], work_for_s=0) == 0
    assert mail.sent == []


def test_tries_are_counted_by_channel_and_outcome(rt):
    mail, webhook = FakeChannel("mail"), FakeChannel("webhook", answers=[Unavailable("away")])
    raised(rt, disk())

    with counting_afresh():
        deliver_due(rt, [mail, webhook])

        assert scraped() == {
            ("thor_alert_messages_total", ("mail", "sent")): 1,
            ("thor_alert_messages_total", ("webhook", "failed")): 1,
        }
