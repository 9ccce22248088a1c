import pytest

from app.alerts.messages import message_of, message_of_test
from app.alerts.models import Alert, AlertDelivery
from tests.alerting import NOW, message


@pytest.mark.parametrize(
    ("event", "severity", "word"),
    [
        ("raised", "critical", "CRITICAL"),
        ("raised", "warning", "WARNING"),
        ("escalated", "critical", "CRITICAL"),
        ("resolved", "critical", "RESOLVED"),
        ("test", "info", "TEST"),
    ],
)
def test_the_headline_says_how_grave_it_is_or_that_it_is_over(event, severity, word):
    told = message(event=event, severity=severity)

    assert told.headline == f"[Thor {word}] A source brings nothing new: SCHWAB"


def test_an_alert_of_no_subject_has_its_title_alone():
    assert message(subject="").headline == "[Thor CRITICAL] A source brings nothing new"


def test_the_text_says_what_to_do_as_long_as_it_lasts():
    assert message().text.splitlines()[-1] == "say that you see to it: flask alerts --acknowledge=7"
    assert message(resolved_at=NOW).text.splitlines()[-1] == "over since 2026-03-04T12:00:00Z"


def test_messages_about_an_alert_have_ids_that_stay_and_differ():
    alert = Alert(id=7, rule="disk_low", subject="", severity="critical", detail="x", facts={}, raised_at=NOW)

    def id_of(event, severity):
        return message_of(alert, AlertDelivery(event=event, severity=severity)).id

    assert id_of("raised", "warning") == id_of("raised", "warning") == "7-raised-warning-20260304T120000000000"
    assert len({id_of("raised", "warning"), id_of("escalated", "critical"), id_of("resolved", "critical")}) == 3


def test_a_rule_of_an_older_version_is_told_by_its_name():
    alert = Alert(id=7, rule="of_old", subject="", severity="warning", detail="x", facts={}, raised_at=NOW)

    assert message_of(alert, AlertDelivery(event="raised", severity="warning")).title == "of_old"


def test_a_test_is_about_no_alert():
    told = message_of_test(NOW)

    assert (told.alert, told.headline) == (None, "[Thor TEST] A test of this channel")
    assert "Nothing is wrong" in told.text
