import pytest

from app.alerts.channels.mail import mail_of
from app.alerts.channels.plan import MailPlan
from tests.alerting import message

PLAN = MailPlan("mail.example.com", 587, "starttls", "thor@example.com", ("a@example.com", "b@example.com"))


def test_a_message_is_a_mail_in_plain_text():
    mail = mail_of(message(), PLAN)

    assert mail["Subject"] == "[Thor CRITICAL] A source brings nothing new: SCHWAB"
    assert (mail["From"], mail["To"]) == ("thor@example.com", "a@example.com, b@example.com")
    assert mail.get_content_type() == "text/plain"
    assert "flask alerts --acknowledge=7" in mail.get_content()
    assert mail["Date"] == "Wed, 04 Mar 2026 12:00:00 +0000"


def test_a_message_that_is_sent_again_has_the_same_id():
    first, again, other = (mail_of(message(), PLAN), mail_of(message(), PLAN), mail_of(message(id="8-raised"), PLAN))

    assert first["Message-ID"] == again["Message-ID"] == "<thor-7-raised-critical-20260304T120000000000@example.com>"
    assert other["Message-ID"] != first["Message-ID"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\u2028", "\x0b", "\x85"])
def test_no_text_of_an_alert_ends_a_header(end):
    mail = mail_of(message(subject=f"SCHWAB{end}Bcc: thief@example.com"), PLAN)

    heads = mail.as_bytes().partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert mail["Bcc"] is None
    assert not [line for line in heads if line.startswith(b"Bcc")]
    assert mail["Subject"].endswith("SCHWAB Bcc: thief@example.com")


def test_a_long_subject_is_cut_and_foreign_letters_pass():
    mail = mail_of(message(subject="ä€" * 300), PLAN)

    assert len(mail["Subject"]) == 200
    assert b"\xc3\xa4" not in mail.as_bytes().partition(b"\r\n\r\n")[0]
