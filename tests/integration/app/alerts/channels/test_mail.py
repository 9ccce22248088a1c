import socket
import ssl
import threading

import pytest

from app.alerts.channels.mail import MailChannel
from app.alerts.channels.plan import MailPlan
from app.errors import Rejected, Unavailable
from tests.alerting import Authority, message
from tests.mail_servers import PASSWORD, USER, mail_server

RECIPIENTS = ("a@example.com", "b@example.com")


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def channel_to(authority):
    def make(port, *, security="starttls", host="localhost", user="", password="", within_s=5.0, **more):
        plan = MailPlan(host, port, security, "thor@example.com", RECIPIENTS, user, password)
        return MailChannel(plan, **{"trust": authority.trust, "within_s": within_s, **more})

    return make


def test_a_message_is_sent_over_starttls_after_a_login(authority, channel_to):
    with mail_server(starttls=authority.server("localhost"), login=True) as box:
        channel_to(box.port, user=USER, password=PASSWORD).send(message())

    [mail] = box.mails
    assert mail["Subject"] == "[Thor CRITICAL] A source brings nothing new: SCHWAB"
    assert (box.recipients, box.logins) == ([list(RECIPIENTS)], [USER])


def test_a_message_is_sent_over_tls_from_the_first_byte(authority, channel_to):
    with mail_server(tls=authority.server("localhost")) as box:
        channel_to(box.port, security="tls").send(message())

    assert len(box.mails) == 1


def test_a_server_on_this_machine_needs_no_protection(channel_to):
    with mail_server() as box:
        channel_to(box.port, security="none").send(message())

    assert len(box.mails) == 1


def test_a_message_that_is_sent_again_can_be_known(channel_to):
    with mail_server() as box:
        channel_to(box.port, security="none").send(message())
        channel_to(box.port, security="none").send(message())

    assert len({mail["Message-ID"] for mail in box.mails}) == 1


def test_without_starttls_neither_the_password_nor_the_message_is_sent(channel_to):
    with mail_server(login=True) as box, pytest.raises(Rejected, match="offers no STARTTLS"):
        channel_to(box.port, user=USER, password=PASSWORD).send(message())

    assert (box.logins, box.mails) == ([], [])


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_of_another_name_or_authority_is_not_good(authority, channel_to, security):
    other, unknown = authority.server("other.example.com"), authority.server("localhost")
    for context, trust in ((other, authority.trust), (unknown, ssl.create_default_context())):
        untrusted = pytest.raises(Unavailable, match="the certificate of localhost cannot be trusted")
        with mail_server(**{security: context}) as box, untrusted:
            channel_to(box.port, security=security, trust=trust).send(message())

        assert box.mails == []


def test_a_wrong_password_is_not_tried_again_and_not_told(authority, channel_to):
    with mail_server(starttls=authority.server("localhost"), login=True) as box, pytest.raises(Rejected) as refused:
        channel_to(box.port, user=USER, password="not-this-one").send(message())

    assert str(refused.value) == "localhost refused, with code 535, the login: see SMTP_USER and SMTP_PASSWORD"
    assert box.mails == []


@pytest.mark.parametrize("command", ["RCPT", "DATA"])
@pytest.mark.parametrize(("reply", "kind"), [("451 try later", Unavailable), ("554 never", Rejected)])
def test_what_the_server_refuses_for_now_is_tried_again_and_for_good_is_not(channel_to, command, reply, kind):
    with mail_server() as box:
        box.replies[command] = reply
        with pytest.raises(kind, match=f"localhost refused, with code {reply[:3]}, "):
            channel_to(box.port, security="none").send(message())


def test_one_recipient_who_is_refused_does_not_keep_the_others(channel_to):
    with mail_server() as box:
        box.refused[RECIPIENTS[0]] = "550 no such user"
        channel_to(box.port, security="none").send(message())

    assert box.recipients == [[RECIPIENTS[1]]]


def test_a_server_that_is_away_is_tried_again(channel_to):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(Unavailable, match=r"127\.0\.0\.1 does not answer \(ConnectionRefusedError\)"):
            channel_to(taken.getsockname()[1], host="127.0.0.1").send(message())


def test_a_server_that_says_nothing_is_cut(channel_to):
    with socket.create_server(("127.0.0.1", 0)) as mute, pytest.raises(Unavailable):
        channel_to(mute.getsockname()[1], host="127.0.0.1", within_s=0.3).send(message())


def test_a_server_that_speaks_a_letter_at_a_time_is_cut(channel_to):
    with socket.create_server(("127.0.0.1", 0)) as slow:
        ended = threading.Event()
        speaker = threading.Thread(target=_speak_slowly, args=(slow, ended))
        speaker.start()
        try:
            with pytest.raises(Unavailable, match=r"took longer than 0\.5 s"):
                channel_to(slow.getsockname()[1], host="127.0.0.1", within_s=0.5).send(message())
        finally:
            ended.set()
            speaker.join(timeout=10)


def _speak_slowly(server, ended):
    connection, _ = server.accept()
    with connection:
        try:
            for letter in b"220 " + b"x" * 4_000:
                if ended.wait(0.02):
                    return
                connection.send(bytes([letter]))
        except OSError:
            return
