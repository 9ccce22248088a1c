"""A receiver of webhooks for tests, over TLS on a free port of this machine, that keeps what it is sent."""

import contextlib
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Event, Thread
from typing import Any


@dataclass
class Hook:
    """What came, and how it answers: `status`, more headers, and a pause before each byte of the answer."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    drips: bool = False
    posts: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)
    port: int = 0
    ended: Event = field(default_factory=Event)


@contextlib.contextmanager
def web_hook(context: ssl.SSLContext) -> Iterator[Hook]:
    """A receiver of whatever certificate the context has."""
    hook = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            hook.posts.append((self.path, dict(self.headers), body))
            if hook.drips:
                _drip(self.wfile, hook.ended)
                return
            self.send_response(hook.status)
            for name, value in hook.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    class Server(HTTPServer):
        def handle_error(self, *_: Any) -> None:
            pass

        def get_request(self) -> tuple[socket.socket, Any]:
            plain, address = super().get_request()
            return context.wrap_socket(plain, server_side=True), address

    context.sni_callback = lambda _socket, name, _context: hook.names.append(name)
    server = Server(("127.0.0.1", 0), Handler)
    hook.port = server.server_port
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield hook
    finally:
        hook.ended.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _drip(out: Any, ended: Event) -> None:
    with contextlib.suppress(OSError):
        for byte in b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 10_000:
            if ended.wait(0.02):
                return
            out.write(bytes([byte]))
            out.flush()
