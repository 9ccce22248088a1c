import json

from app.alerts.channels.webhook import body_of, sign
from tests.alerting import NOW, message


def test_what_is_posted_is_readable_by_chat_programs_and_by_programs():
    told = json.loads(body_of(message(facts={"age_s": 60})))

    assert told == {
        "id": "7-raised-critical-20260304T120000000000",
        "event": "raised",
        "severity": "critical",
        "rule": "source_silent",
        "title": "A source brings nothing new",
        "subject": "SCHWAB",
        "detail": "nothing for 60 s",
        "alert": 7,
        "raised_at": "2026-03-04T12:00:00Z",
        "resolved_at": None,
        "facts": {"age_s": 60},
        "text": message().text,
    }
    assert "[Thor CRITICAL] A source brings nothing new: SCHWAB" in told["text"]


def test_that_an_alert_is_over_is_told_with_the_time():
    told = json.loads(body_of(message(event="resolved", resolved_at=NOW)))

    assert told["resolved_at"] == "2026-03-04T12:00:00Z"
    assert "over since 2026-03-04T12:00:00Z" in told["text"]


def test_the_signature_is_that_of_the_time_and_the_body():
    # By `printf '1772625600.{}' | openssl dgst -sha256 -hmac key`.
    assert sign("key", 1_772_625_600, b"{}") == (
        "t=1772625600,v1=eeb9b5a52642bfa8e53a4cd2a33d65d6f21eda00c82ca362618910e6f61805a1"
    )
