"""Sessions with mail servers that end in time, however slowly the server speaks."""

import contextlib
import smtplib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any


class TimedSession:
    """What is left of the time of a session, and the way to end it when none is left."""

    def __init__(self, within_s: float) -> None:
        self._deadline_s = time.monotonic() + within_s
        self._server: smtplib.SMTP | None = None

    def begin(self, server: smtplib.SMTP) -> float:
        """Take charge of a server before it is connected to; returns the seconds that are left."""
        self._server = server
        return max(self._deadline_s - time.monotonic(), 0.001)

    def check(self) -> None:
        """Raise SMTPServerDisconnected when no time is left."""
        if time.monotonic() >= self._deadline_s:
            raise smtplib.SMTPServerDisconnected("no time is left")

    def end(self) -> None:
        """Cut the connection, which wakes whoever waits for it."""
        connection = self._server.sock if self._server is not None else None
        if connection is not None:
            with contextlib.suppress(OSError):
                # That of TLS would take away what the waiting thread works with.
                socket.socket.shutdown(connection, socket.SHUT_RDWR)


class TimedServer(smtplib.SMTP):
    """A mail server within a timed session."""

    def __init__(self, timed: TimedSession, host: str, port: int, **options: Any) -> None:
        self._timed = timed
        # A name of this machine is nobody's business, and finding it can take long.
        super().__init__(host, port, local_hostname="localhost", timeout=timed.begin(self), **options)

    def getreply(self) -> tuple[int, bytes]:
        """The server's next answer, as long as there is time."""
        self._timed.check()
        return super().getreply()


class TimedTlsServer(TimedServer, smtplib.SMTP_SSL):
    """The same with TLS from the first byte on."""


@contextlib.contextmanager
def timed_session(within_s: float) -> Iterator[TimedSession]:
    """A session that is cut after `within_s`."""
    timed = TimedSession(within_s)
    alarm = threading.Timer(within_s, timed.end)
    alarm.daemon = True
    alarm.start()
    try:
        yield timed
    finally:
        alarm.cancel()
