"""A mail server for tests, on a free port of this machine, that keeps what it takes."""

import contextlib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword

USER, PASSWORD = "desk", "hunter2-hunter2"


@dataclass
class Mailbox:
    """What came, and how the server answers: `replies` by the command, such as {"DATA": "451 later"}."""

    replies: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    mails: list[Message] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    port: int = 0

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Envelope, address: str, _options: Any) -> str:
        """Take a recipient, or refuse it."""
        reply = self.refused.get(address) or self.replies.get("RCPT")
        if reply is None:
            envelope.rcpt_tos.append(address)
        return reply or "250 ok"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:
        """Take a mail, or refuse it."""
        if reply := self.replies.get("DATA"):
            return reply
        self.mails.append(message_from_bytes(envelope.content))
        self.recipients.append(list(envelope.rcpt_tos))
        return "250 ok"

    def authenticate(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> AuthResult:
        """Let in who knows the password."""
        assert isinstance(given, LoginPassword)
        self.logins.append(given.login.decode())
        is_known = (given.login, given.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=is_known, handled=False)


class _Controller(Controller):
    def _trigger_server(self) -> None:
        # To see whether it listens it asks the port that it was told, which is any that is free.
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextlib.contextmanager
def mail_server(
    *, starttls: ssl.SSLContext | None = None, tls: ssl.SSLContext | None = None, login: bool = False
) -> Iterator[Mailbox]:
    """A server that speaks STARTTLS, TLS from the first byte, or neither."""
    box = Mailbox()
    options: dict[str, Any] = {"tls_context": starttls, "require_starttls": starttls is not None}
    if login:
        options |= {"authenticator": box.authenticate, "auth_require_tls": starttls is not None}
    controller = _Controller(box, hostname="127.0.0.1", port=0, ssl_context=tls, **options)
    controller.start()
    box.port = controller.port
    try:
        yield box
    finally:
        controller.stop()
