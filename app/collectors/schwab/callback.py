"""The listener to which Schwab's login page sends the browser back."""

import contextlib
import ssl
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, Queue
from threading import Thread
from typing import Any, Final, Self
from urllib.parse import urlsplit

from app.collectors.schwab.certificate import self_signed
from app.errors import Conflict, Rejected, ThorError, Unavailable

CONNECTION_S: Final = 5.0
_POLL_S: Final = 0.05
_HERE: Final = ("127.0.0.1", "localhost")
_DONE: Final = "Thor has what it needs: close this page and look at the terminal.\n"


class CallbackListener:
    """Listens at a callback address on this machine, over TLS, from `with` to its end.

    `code_of` reads a code from an address: what it rejects is answered so and waited past, since any page may call.
    """

    def __init__(self, callback: str, code_of: Callable[[str], str], now: datetime) -> None:
        """Rejected when the address is not on this machine, Conflict when its port is taken."""
        parts = urlsplit(callback)
        if parts.hostname not in _HERE:
            raise Rejected(f"a browser cannot be awaited at {callback}, which is not this machine: use --paste")
        port = parts.port or 443
        self._found: Queue[str | ThorError] = Queue()
        try:
            self._server = _Server(port, self_signed(now), _handler(callback, code_of, self._found))
        except OSError as error:
            why = error.strerror or error
            raise Conflict(f"cannot listen on port {port} of 127.0.0.1 ({why}): free it, or use --paste") from None
        self._thread = Thread(target=self._server.serve_forever, args=(_POLL_S,), name="schwab-callback")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def wait(self, timeout_s: float) -> str:
        """The code, as soon as the browser brings it; Unavailable when it does not in time, else Schwab's refusal."""
        try:
            found = self._found.get(timeout=timeout_s)
        except Empty:
            message = f"the browser did not come back within {timeout_s:g} s: run this again, or with --paste"
            raise Unavailable(message) from None
        if isinstance(found, ThorError):
            raise found
        return found


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int, tls: ssl.SSLContext, handler: type[BaseHTTPRequestHandler]) -> None:
        self._tls = tls
        super().__init__(("127.0.0.1", port), handler)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands in the connection's own thread, so that a silent one delays nobody."""
        request.settimeout(CONNECTION_S)
        with self._tls.wrap_socket(request, server_side=True) as secure:
            super().finish_request(secure, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Pass over it: a browser hangs up on a certificate that it does not know yet."""


def _handler(
    callback: str, code_of: Callable[[str], str], found: "Queue[str | ThorError]"
) -> type[BaseHTTPRequestHandler]:
    path = urlsplit(callback).path or "/"

    class Handler(BaseHTTPRequestHandler):
        timeout = CONNECTION_S

        def do_GET(self) -> None:
            if urlsplit(self.path).path != path:
                self._tell(HTTPStatus.NOT_FOUND, "There is nothing here.\n")
                return
            try:
                code = code_of(self.path)
            except Rejected as error:
                self._tell(HTTPStatus.BAD_REQUEST, f"{error}\n")
            except ThorError as error:
                self._tell(HTTPStatus.OK, f"{error}\n")
                found.put(error)
            else:
                self._tell(HTTPStatus.OK, _DONE)
                found.put(code)

        def log_message(self, format: str, *args: Any) -> None:
            pass  # The line of a request has the code.

        def _tell(self, status: HTTPStatus, text: str) -> None:
            with contextlib.suppress(OSError):
                self.send_response(status)
                self.send_header("Content-Type", "text/plain; charset=utf-8")
                self.send_header("Content-Length", str(len(text.encode())))
                self.send_header("Cache-Control", "no-store")
                self.send_header("Referrer-Policy", "no-referrer")
                self.end_headers()
                self.wfile.write(text.encode())

    return Handler
