"""What is asked over HTTP: the login, user preferences and quotes."""

import base64
import binascii
import json
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.schwab.faults import Faults
from tests.schwab.record import Record
from tests.schwab.tokens import Refused, Tokens

CONNECTION_S: Final = 10
LARGEST_BODY: Final = 65_536
TITLES: Final = {401: "Unauthorized", 404: "Not Found", 429: "Too Many Requests", 500: "Internal Server Error"}
NO_ID: Final = "00000000-0000-0000-0000-000000000000"
Answer = tuple[int, dict[str, Any]]


class Application:
    """The application that was registered with Schwab, and what it may ask."""

    def __init__(self, client_id: str, client_secret: str, redirect_uri: str, tokens: Tokens) -> None:
        self.client_id, self.redirect_uri = client_id, redirect_uri
        self._basic = f"{client_id}:{client_secret}".encode()
        self._tokens = tokens

    def authorize(self, asked: dict[str, str]) -> str | None:
        """Where the browser is sent after the login; None when the application or its callback is unknown."""
        if (asked.get("client_id"), asked.get("redirect_uri")) != (self.client_id, self.redirect_uri):
            return None
        passed = {"code": self._tokens.issue_code(self.redirect_uri), "session": NO_ID}
        passed |= {"state": asked["state"]} if "state" in asked else {}
        return f"{self.redirect_uri}?{urlencode(passed)}"

    def grant(self, authorization: str, form: dict[str, str]) -> dict[str, Any]:
        """The tokens that are asked for; Refused when they are not given."""
        if not self._is_ours(authorization):
            raise Refused(401, "invalid_client", "Unauthorized")
        if form.get("grant_type") == "refresh_token":
            return self._tokens.refresh(form.get("refresh_token", ""))
        if form.get("grant_type") == "authorization_code":
            return self._tokens.exchange(form.get("code", ""), form.get("redirect_uri", ""))
        raise Refused(400, "unsupported_grant_type", "The grant type is not supported")

    def _is_ours(self, authorization: str) -> bool:
        kind, _, given = authorization.partition(" ")
        try:
            return kind == "Basic" and base64.b64decode(given, validate=True) == self._basic
        except binascii.Error:
            return False


class Web(ThreadingHTTPServer):
    """An HTTP server in threads, one for each connection, and each connection for one request."""

    daemon_threads = False
    request_queue_size = 64

    def __init__(
        self,
        application: Application,
        tokens: Tokens,
        faults: Faults,
        record: Record,
        pages: Mapping[str, Callable[[Mapping[str, str]], dict[str, Any]]],
    ) -> None:
        self.application, self.tokens, self.faults, self.record, self.pages = application, tokens, faults, record, pages
        self.stopping = threading.Event()
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), name="schwab-web", daemon=True)

    def start(self) -> None:
        """Listen."""
        self._thread.start()

    def close(self) -> None:
        """Hang up on everybody and listen no more."""
        self.stopping.set()
        self.shutdown()
        self._thread.join(CONNECTION_S)
        with self._open_lock:
            for connection in self._open:
                _hang_up(connection)
        self.server_close()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection, and remember it while it is open."""
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection."""
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Pass over whoever hangs up in the middle; anything else is an error of ours."""
        error = sys.exception()
        if error is not None and not isinstance(error, OSError):
            self.record.fail(error)


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Web
    protocol_version = "HTTP/1.1"
    timeout = CONNECTION_S

    def do_GET(self) -> None:
        """Pages and the login."""
        path, asked = urlsplit(self.path).path, _flat(urlsplit(self.path).query)
        kind = "oauth" if "/oauth/" in path else "rest"
        if self._is_served_by_a_fault(kind, path, asked):
            return
        if path == "/v1/oauth/authorize":
            self._authorize(asked)
        elif path not in self.server.pages:
            self._tell(404, _errors(404, "No such page"))
        elif not self.server.tokens.admits(self._authorization("Bearer")):
            self._tell(401, _errors(401, "Client not authorized"))
        elif path.endswith("/quotes") and self.server.faults.over_the_rate():
            self._tell(429, _errors(429, "Too many requests"))
        else:
            self._tell(200, self.server.pages[path](asked))

    def do_POST(self) -> None:
        """Grants of tokens."""
        length = min(int(self.headers.get("Content-Length") or 0), LARGEST_BODY)
        form = _flat(self.rfile.read(length).decode("utf-8", "replace"))
        if self._is_served_by_a_fault("oauth", self.path, form):
            return
        if self.path != "/v1/oauth/token":
            self._tell(404, _errors(404, "No such page"))
            return
        try:
            granted = self.server.application.grant(self.headers.get("Authorization", ""), form)
        except Refused as refused:
            self._tell(refused.status, refused.body)
            return
        self.server.record.count("refreshes" if form.get("grant_type") == "refresh_token" else "exchanges")
        self._tell(200, granted)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet: a request line has secrets."""

    def _is_served_by_a_fault(self, kind: str, path: str, asked: dict[str, str]) -> bool:
        faults = self.server.faults
        self.server.record.add(kind, {"path": path}, asked)
        self.server.stopping.wait(faults.delay_s)
        if faults.refusing_rest:
            self.close_connection = True
            _hang_up(self.connection)
            return True
        if (status := faults.take_status(path)) is not None:
            self._tell(status, _errors(status, "This was to be expected"))
            return True
        return False

    def _authorize(self, asked: dict[str, str]) -> None:
        target = self.server.application.authorize(asked)
        if target is None:
            self._tell(400, {"error": "invalid_request", "error_description": "Unknown client or callback"})
            return
        self.send_response(302)
        self.send_header("Location", target)
        self._end(b"")

    def _authorization(self, scheme: str) -> str | None:
        kind, _, given = self.headers.get("Authorization", "").partition(" ")
        return given if kind == scheme else None

    def _tell(self, status: int, body: dict[str, Any]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self._end(json.dumps(body).encode())

    def _end(self, body: bytes) -> None:
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)


def _flat(query: str) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(query, keep_blank_values=True).items()}


def _errors(status: int, detail: str) -> dict[str, Any]:
    return {"errors": [{"id": NO_ID, "status": status, "title": TITLES.get(status, "Error"), "detail": detail}]}


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
