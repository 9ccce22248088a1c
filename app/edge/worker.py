"""The web server's worker: gunicorn's threads, each of which is given a request only when that is there as a whole.

gunicorn's own reads heads and bodies in the threads that answer, without a limit of time: as many clients as there are
threads, each with half a request, and nobody else is served.
"""

import contextlib
import re
import socket
import time
from functools import partial
from http import HTTPStatus
from selectors import EVENT_READ
from typing import Any, Final

from gunicorn.workers.gthread import ThreadWorker

from app.edge.gathering import Gathered, Unfit
from app.edge.headers import guarded
from app.edge.refusals import refusal

# From the first moment that something may come; and until the whole request has.
WITHIN_S: Final = 10.0
# For a body that is on its way.
BODY_WITHIN_S: Final = 30.0
# A client that takes nothing of its answer is dropped by the kernel.
TAKEN_WITHIN_MS: Final = 60_000
READ_BYTES: Final = 65_536
# What all requests that are not there yet may take together.
HELD_LIMIT_BYTES: Final = 64 << 20
# So many connections are kept free for new ones, at the cost of those that have waited longest with half a request.
SPARE: Final = 32
LINGER_S: Final = 1.0
_STATUS: Final = re.compile(rb"HTTP/1\.1 ([0-9]{3})")


class GatheringWorker(ThreadWorker):
    """gunicorn's worker of threads, whose loop reads the requests."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # By connection: what has come, since when, and whether the loop listens to it. The oldest is the first.
        self._coming: dict[Any, Gathered] = {}
        self._held_bytes = 0

    def enqueue_req(self, conn: Any) -> None:
        """Take up a connection on which a request begins; called in the loop's thread, as all of this class is."""
        if self.cfg.is_ssl or conn.is_http2:
            super().enqueue_req(conn)
            return
        if not conn.initialized:
            conn.init()
            _let_kernel_drop(conn.sock)
        conn.sock.setblocking(False)
        conn.gathering_since = time.monotonic()
        self._coming[conn] = Gathered(conn.parser.unreader.take_buffered())
        self._held_bytes += len(self._coming[conn])
        self.poller.register(conn.sock, EVENT_READ, partial(self._read_more, conn))
        self._read(conn)

    def murder_pending(self) -> None:
        """End what should have come by now; called at every turn of the loop, once a second at least."""
        super().murder_pending()
        now = time.monotonic()
        for conn, gathered in list(self._coming.items()):
            age_s = now - conn.gathering_since
            if age_s > (BODY_WITHIN_S if gathered.has_head else WITHIN_S) or not (self.alive or gathered):
                self._refuse(conn, HTTPStatus.REQUEST_TIMEOUT)

    def accept(self, listener: Any) -> None:
        """Accept a connection; when hardly any is free, the one that has waited longest for its request goes."""
        if self.nr_conns >= self.worker_connections - SPARE and self._coming:
            self._refuse(next(iter(self._coming)), HTTPStatus.REQUEST_TIMEOUT)
        super().accept(listener)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Log what is wrong with a request as gunicorn does, and answer as Thor does."""
        super().handle_error(req, _Answering(client), addr, exc)

    def _read_more(self, conn: Any, _sock: Any) -> None:
        self._read(conn)

    def _read(self, conn: Any) -> None:
        gathered = self._coming[conn]
        try:
            if (data := _received(conn.sock)) is not None:
                gathered.add(data)
                self._held_bytes += len(data)
            if gathered and (data == b"" or gathered.is_whole()):
                self._hand_over(conn)
            elif data == b"":
                self._close(conn)
            elif self._held_bytes > HELD_LIMIT_BYTES:
                self._refuse(conn, HTTPStatus.SERVICE_UNAVAILABLE)
            elif gathered.take_expectation():
                conn.sock.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        except Unfit as error:
            self._refuse(conn, error.status)
        except OSError:
            self._close(conn)

    def _forget(self, conn: Any) -> Gathered:
        gathered = self._coming.pop(conn)
        self._held_bytes -= len(gathered)
        with contextlib.suppress(KeyError, ValueError, OSError):
            self.poller.unregister(conn.sock)
        return gathered

    def _hand_over(self, conn: Any) -> None:
        conn.parser.unreader.unread(self._forget(conn).content())
        conn.data_ready = True
        super().enqueue_req(conn)

    def _close(self, conn: Any) -> None:
        self._forget(conn)
        self.nr_conns -= 1
        conn.close()

    def _refuse(self, conn: Any, status: HTTPStatus) -> None:
        # Browsers open connections ahead: one on which nothing came is closed without a word.
        if not self._coming[conn]:
            self._close(conn)
            return
        self._forget(conn)
        with contextlib.suppress(OSError):
            conn.sock.send(_refusal_bytes(status))
        if status is HTTPStatus.REQUEST_TIMEOUT:
            self.nr_conns -= 1
            conn.close()
            return
        future = self.tpool.submit(_let_go, conn.sock)
        future.add_done_callback(lambda _done: self.method_queue.defer(self._let_gone))

    def _let_gone(self) -> None:
        self.nr_conns -= 1


class _Answering:
    """Stands in for a client to which gunicorn would write its own page of an error."""

    def __init__(self, client: socket.socket) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def sendall(self, page: bytes) -> None:
        """Send a problem document of the page's status."""
        found = _STATUS.match(page)
        self._client.sendall(_refusal_bytes(HTTPStatus(int(found[1]) if found else 500)))


def _received(sock: socket.socket) -> bytes | None:
    try:
        return sock.recv(READ_BYTES)
    except BlockingIOError:
        return None


def _refusal_bytes(status: HTTPStatus) -> bytes:
    line, headers, body = refusal(status, headers={"Connection": "close"})
    told = "".join(f"{name}: {value}\r\n" for name, value in guarded(headers, encrypted=False))
    return f"HTTP/1.1 {line}\r\n{told}\r\n".encode("latin-1") + body


def _let_go(sock: socket.socket) -> None:
    # A connection that is closed while bytes of it are unread is reset, and the answer may be lost with it.
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_WR)
        ends_at = time.monotonic() + LINGER_S
        while (left_s := ends_at - time.monotonic()) > 0:
            sock.settimeout(left_s)
            if not sock.recv(READ_BYTES):
                break
    sock.close()


def _let_kernel_drop(sock: socket.socket) -> None:
    if hasattr(socket, "TCP_USER_TIMEOUT") and sock.family in (socket.AF_INET, socket.AF_INET6):
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, TAKEN_WITHIN_MS)
