"""Messages as mail."""

import contextlib
import smtplib
import ssl
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final

from app.alerts.channels.channel import SEND_WITHIN_S
from app.alerts.channels.plan import MailPlan
from app.alerts.channels.timed_smtp import TimedServer, TimedSession, TimedTlsServer, timed_session
from app.alerts.messages import Message
from app.errors import Rejected, Unavailable

_SUBJECT_LETTERS: Final = 200


class MailChannel:
    """Sends messages through one mail server, with a certificate that is good for its name unless it is this machine.

    `trust` tells whose certificates are good.
    """

    name = "mail"

    def __init__(self, plan: MailPlan, *, trust: ssl.SSLContext | None = None, within_s: float = SEND_WITHIN_S) -> None:
        self._plan = plan
        self._trust = trust
        self._within_s = within_s

    def send(self, message: Message) -> None:
        """Send a message; Unavailable or Rejected when the server did not take it for any recipient."""
        mail, host = mail_of(message, self._plan), self._plan.host
        try:
            with timed_session(self._within_s) as timed, contextlib.closing(self._connect(timed)) as server:
                self._enter(server)
                server.send_message(mail, self._plan.sender, list(self._plan.recipients))
                with contextlib.suppress(smtplib.SMTPException):  # The message was taken, whatever comes now.
                    server.quit()
        except smtplib.SMTPServerDisconnected:
            raise Unavailable(f"{host} ended the connection, or took longer than {self._within_s:g} s") from None
        except smtplib.SMTPException as error:
            raise _refusal(host, error) from None
        except ssl.SSLCertVerificationError:
            raise Unavailable(f"the certificate of {host} cannot be trusted") from None
        except OSError as error:
            raise Unavailable(f"{host} does not answer ({type(error).__name__})") from None

    def _connect(self, timed: TimedSession) -> smtplib.SMTP:
        plan = self._plan
        if plan.security == "tls":
            return TimedTlsServer(timed, plan.host, plan.port, context=self._context())
        return TimedServer(timed, plan.host, plan.port)

    def _enter(self, server: smtplib.SMTP) -> None:
        if self._plan.security == "starttls":
            server.starttls(context=self._context())
        if self._plan.user:
            server.login(self._plan.user, self._plan.password)

    def _context(self) -> ssl.SSLContext:
        return self._trust or ssl.create_default_context()


def mail_of(message: Message, plan: MailPlan) -> EmailMessage:
    """The message as mail: plain text, and a Message-ID by which a repeat is known.

    No text of an alert can end a header: all that ends a line is a space there.
    """
    mail = EmailMessage(policy=SMTP)
    mail["Subject"] = " ".join(message.headline.split())[:_SUBJECT_LETTERS]
    mail["From"] = plan.sender
    mail["To"] = ", ".join(plan.recipients)
    mail["Date"] = format_datetime(message.resolved_at or message.raised_at)
    mail["Message-ID"] = f"<thor-{message.id}@{plan.sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's answering machine answers.
    mail.set_content(message.text + "\n")
    return mail


def _refusal(host: str, error: smtplib.SMTPException) -> Rejected | Unavailable:
    # What the server said may tell more than is to be kept; its code is enough to look it up.
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return Rejected(f"{host} offers no STARTTLS, or no login: see SMTP_SECURITY, SMTP_PORT and SMTP_USER")
    if isinstance(error, smtplib.SMTPAuthenticationError):
        what, codes = "the login: see SMTP_USER and SMTP_PASSWORD", [error.smtp_code]
    elif isinstance(error, smtplib.SMTPRecipientsRefused):
        what, codes = "every recipient: see ALERT_MAIL_TO", [code for code, _ in error.recipients.values()]
    elif isinstance(error, smtplib.SMTPResponseException):
        what, codes = "the message", [error.smtp_code]
    else:
        return Unavailable(f"{host} did not take the message ({type(error).__name__})")
    text = f"{host} refused, with code {codes[0]}, {what}"
    return Rejected(text) if all(500 <= code < 600 for code in codes) else Unavailable(text)
